//! The steps that a report tells: each once, be it carried out or left.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::Outcome;
use crate::drift::{self, Rank};
use crate::ids::LinkName;
use crate::kinds::Id;
use crate::path::Trace;
use crate::plan::{Action, Plan, Step, Summary};
use crate::report::StepReport;
use crate::report::outcomes::is_mended;
use crate::turn::Performed;
use crate::world::World;

/// What was carried out or tried, in its order, with what became of it.
pub(super) fn carried_out(performed: &[Performed], plan: &Plan, world: &World) -> Vec<StepReport> {
    let told = |(at, done): (usize, &Performed)| {
        let outcome = Some(done.outcome.clone());
        let mut step = StepReport::new(&done.id, &done.step, done.drift, outcome);
        step.mended = is_mended(done, &performed[at + 1..], plan, world);
        step
    };
    performed.iter().enumerate().map(told).collect()
}

/// What is left of the last plan. What was carried out has been told; what failed and would be tried again too.
pub(super) fn left(
    plan: &Plan,
    performed: &[Performed],
    applied: &BTreeSet<LinkName>,
    traces: &BTreeMap<LinkName, Trace>,
) -> Vec<StepReport> {
    let tried: BTreeSet<&Id> = performed.iter().map(|done| &done.id).collect();
    let told = |id: &Id, step: &Step| {
        tried.contains(id) && (step.action == Action::Nothing || step.action.writes())
    };
    let left = plan.steps.iter().filter(|(id, step)| !told(id, step));
    let drift = |id: &Id, step: &Step| drift::repaired(id, step, applied, traces);
    left.map(|(id, step)| StepReport::new(id, step, drift(id, step), None))
        .collect()
}

/// How many steps of each action. A pass that saw a list from before may do a thing again, and that is still one thing.
pub(super) fn summary(performed: &[Performed], left: &[StepReport]) -> Summary {
    let done: BTreeSet<(&Id, Action, &str)> = performed
        .iter()
        .map(|done| (&done.id, done.step.action, &*done.step.why))
        .collect();
    let done = done.into_iter().map(|(_, action, _)| action);
    let mut summary = Summary::default();
    for action in done.chain(left.iter().map(|step| step.action)) {
        summary.count(action);
    }
    summary
}

/// Every link's own steps, gathered in one go: with ten thousand links, looking for each link's in all steps would
/// take longer than everything else.
pub(super) fn by_link(steps: &[StepReport]) -> BTreeMap<&LinkName, Vec<&StepReport>> {
    let mut own: BTreeMap<&LinkName, Vec<&StepReport>> = BTreeMap::new();
    for step in steps {
        for link in &step.links {
            own.entry(link).or_default().push(step);
        }
    }
    own
}

impl StepReport {
    pub(super) fn new(id: &Id, step: &Step, drift: Option<Rank>, outcome: Option<Outcome>) -> Self {
        Self {
            id: id.clone(),
            kind: id.kind(),
            action: step.action,
            why: step.why.to_string(),
            code: step.code,
            changes: step.changes.clone(),
            after: step.after.clone(),
            links: step.links.clone(),
            drift,
            outcome,
            mended: false,
        }
    }
}
