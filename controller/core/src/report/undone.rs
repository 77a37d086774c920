//! Whether a link that is taken away is done with.

use std::collections::BTreeMap;

use crate::apply::Outcome;
use crate::kinds::Id;
use crate::plan::Action;
use crate::report::{LinkState, Report, StepReport};
use crate::standing::Standing;

impl Report {
    /// The last that is told of each thing. What a later look of the same turn mended is no longer told.
    pub fn last_words(&self) -> BTreeMap<&Id, &StepReport> {
        let mut last: BTreeMap<&Id, &StepReport> =
            self.steps.iter().map(|step| (&step.id, step)).collect();
        last.retain(|_, step| !step.mended);
        last
    }

    /// Of a link that is undone nothing says any more what is still to go, so it is not done with before all has gone
    /// that no link wants, and before somebody has looked.
    pub(super) fn tell_undone(&mut self) {
        let early = self.ended_early();
        let last = self.last_words().into_values();
        let left: Vec<StepReport> = last.filter(|step| is_to_go(step)).cloned().collect();
        let released = |standing| standing == Standing::Released;
        for link in self.links.iter_mut().filter(|it| released(it.standing)) {
            let its = |step: &StepReport| step.links.is_empty() || step.links.contains(&link.name);
            link.state = if early || left.iter().any(its) {
                LinkState::Releasing
            } else {
                LinkState::Released
            };
        }
    }
}

/// Did it not come to its end?
fn is_to_go(step: &StepReport) -> bool {
    match &step.outcome {
        Some(Outcome::Failed { .. } | Outcome::Skipped { .. }) => true,
        Some(Outcome::Done) => false,
        None => match step.action {
            Action::Create | Action::Update | Action::Delete | Action::Wait => true,
            Action::Nothing | Action::Refuse => false,
        },
    }
}
