//! How each link stands at the end of a turn.

use crate::apply::Outcome;
use crate::codes::Code;
use crate::drift::Rank;
use crate::ids::LinkName;
use crate::path::Trace;
use crate::plan::Action;
use crate::report::{LinkReport, LinkState, StepReport};
use crate::standing::Standing;

pub(super) fn link_report(
    name: &LinkName,
    standing: Standing,
    own: &[&StepReport],
    trace: Option<&Trace>,
    blocked: bool,
    applied: bool,
) -> LinkReport {
    let drift = own.iter().filter_map(|step| step.drift).min();
    let state = match standing {
        Standing::Suspended => LinkState::Suspended,
        Standing::Invalid => LinkState::Invalid,
        Standing::Conflicting => LinkState::Conflicting,
        Standing::Released => LinkState::Released,
        Standing::Protected => LinkState::Protected,
        Standing::Abandoned => LinkState::Abandoned,
        Standing::Enforced | Standing::Reported => {
            active_state(own, drift, trace, blocked, applied)
        }
    };
    LinkReport {
        name: name.clone(),
        state,
        standing,
        drift,
        path: trace.map(Trace::verdict),
        trace: trace.cloned(),
        routing: None,
        path_forecast: None,
        trace_forecast: None,
    }
}

fn active_state(
    own: &[&StepReport],
    drift: Option<Rank>,
    trace: Option<&Trace>,
    blocked: bool,
    applied: bool,
) -> LinkState {
    let has = |action: Action| {
        own.iter()
            .any(|step| step.action == action && step.outcome.is_none())
    };
    let failed = own.iter().any(|step| {
        let outcome = step.outcome.as_ref();
        let failed =
            |outcome: &Outcome| matches!(outcome, Outcome::Failed { .. }) && !outcome.is_stopped();
        outcome.is_some_and(failed) && !step.mended
    });
    let stopped = own
        .iter()
        .any(|step| step.outcome.as_ref().is_some_and(Outcome::is_stopped));
    let writes = [Action::Create, Action::Update, Action::Delete]
        .into_iter()
        .any(has);
    let held_back = own
        .iter()
        .any(|step| step.code == Some(Code::PolicyHeldBack));
    let to_do = writes || held_back || stopped;
    if has(Action::Refuse) {
        LinkState::Refused
    } else if failed {
        LinkState::Failed
    } else if drift.is_some() && !applied {
        LinkState::Drifted
    } else if to_do {
        LinkState::Changed
    } else if has(Action::Wait) {
        LinkState::Waiting
    } else if !trace.is_some_and(Trace::proven) {
        LinkState::Unproven
    } else if blocked {
        // Its path works without what it cannot have. No step need tell so: its source may be as wished already.
        LinkState::Waiting
    } else {
        LinkState::Ready
    }
}
