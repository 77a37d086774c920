//! Policies: functions from a plan to a plan. What is held back stays visible with its changes.

use std::str::FromStr;

use crate::codes::Code;
use crate::ids::LinkName;
use crate::plan::{Action, Plan, Step};

/// What becomes of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// All of it is carried out.
    #[default]
    Sync,
    /// Nothing is deleted.
    NoDelete,
    /// Nothing is written.
    ReportOnly,
}

/// Not the name of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a policy: use sync, no-delete or report-only")]
pub struct UnknownPolicy(String);

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        match text {
            "sync" => Ok(Self::Sync),
            "no-delete" => Ok(Self::NoDelete),
            "report-only" => Ok(Self::ReportOnly),
            other => Err(UnknownPolicy(other.to_owned())),
        }
    }
}

impl Policy {
    /// Applies it.
    pub fn apply(self, plan: Plan) -> Plan {
        match self {
            Self::Sync => plan,
            Self::NoDelete => hold_back(plan, Code::PolicyHeldBack, "no-delete", |step| {
                step.action == Action::Delete
            }),
            Self::ReportOnly => hold_back(plan, Code::PolicyHeldBack, "report-only", |step| {
                step.action.writes() || step.action == Action::Wait
            }),
        }
    }
}

/// Holds back everything that only links with `policy.reconcile: Report` want. What would wait for such a step
/// waits for nothing that this run does, so it is held back too.
pub fn report_links(plan: Plan, reported: &dyn Fn(&LinkName) -> bool) -> Plan {
    hold_back(plan, Code::ReportOnly, "report only", |step| {
        let wanted_by_reported = !step.links.is_empty() && step.links.iter().all(reported);
        wanted_by_reported && (step.action.writes() || step.action == Action::Wait)
    })
}

/// What would become of the thing if the step were not held back.
fn would(action: Action) -> &'static str {
    match action {
        Action::Create => "would create it",
        Action::Update => "would update it",
        Action::Delete => "would delete it",
        Action::Nothing => "would leave it as it is",
        Action::Wait => "would wait",
        Action::Refuse => "would refuse it",
    }
}

fn hold_back(plan: Plan, code: Code, name: &str, held: impl Fn(&Step) -> bool) -> Plan {
    let steps = plan.steps.into_iter().map(|(id, step)| {
        if !held(&step) {
            return (id, step);
        }
        let why = format!("{name}: {}, because {}", would(step.action), step.why);
        (id, step.held_back(Action::Nothing, code, why))
    });
    let mut plan = Plan {
        steps: steps.collect(),
    };
    // What comes after a step that is held back would find its place still taken.
    loop {
        let stuck: Vec<crate::kinds::Id> = plan
            .steps
            .iter()
            .filter(|(_, step)| step.action.writes())
            .filter(|(_, step)| {
                step.after
                    .iter()
                    .any(|id| plan.steps.get(id).is_none_or(|s| !s.action.writes()))
            })
            .map(|(id, _)| id.clone())
            .collect();
        if stuck.is_empty() {
            return plan;
        }
        for id in stuck {
            if let Some(step) = plan.steps.remove(&id) {
                let why = format!("{name}: what comes before it is not done");
                plan.steps
                    .insert(id, step.held_back(Action::Nothing, code, why));
            }
        }
    }
}
