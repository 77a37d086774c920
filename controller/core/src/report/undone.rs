//! Whether a link that is taken away is done with.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::Outcome;
use crate::codes::Code;
use crate::ids::LinkName;
use crate::kinds::Id;
use crate::plan::Action;
use crate::report::{LinkReport, LinkState, Report, StepReport};
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
    /// that no link wants, and before somebody has looked everywhere.
    pub(super) fn tell_undone(&mut self) {
        let is_released = |link: &LinkReport| link.standing == Standing::Released;
        if !self.links.iter().any(is_released) {
            return;
        }
        let last = self.last_words().into_values();
        let left: Vec<&BTreeSet<LinkName>> = last
            .filter(|step| is_to_go(step))
            .map(|step| &step.links)
            .collect();
        let unseen = self.passes == 0 || !self.scope.unreadable.is_empty();
        let somebodys = unseen || self.ended_early() || left.iter().any(|links| links.is_empty());
        let others = self.diagnostics.iter().filter_map(|told| match told.code {
            Code::OwnedByAnother => told.link.clone(),
            _ => None,
        });
        let left: BTreeSet<LinkName> = left.into_iter().flatten().cloned().chain(others).collect();
        for link in self.links.iter_mut().filter(|link| is_released(link)) {
            link.state = if somebodys || left.contains(&link.name) {
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
            // What no link wants any more and is not let go.
            Action::Refuse => step.links.is_empty(),
            // What the policy of the run holds back is still there.
            Action::Nothing => step.code == Some(Code::PolicyHeldBack),
        },
    }
}
