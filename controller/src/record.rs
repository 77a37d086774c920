//! What has been seen of a turn so far: what it is at, and all that is left to report when it has to be abandoned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use privatelink_core::apply::{Outcome, Progress};
use privatelink_core::decide::Decision;
use privatelink_core::diagnostic::{Diagnostic, Origin, Severity};
use privatelink_core::kinds::Id;
use privatelink_core::plan::Step;
use privatelink_core::report::Report;
use privatelink_core::turn::Performed;
use privatelink_core::world::World;
use tokio::sync::watch;

use crate::interrupt::Stop;

/// What a turn is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It looks at the world for the first time.
    #[default]
    Looking,
    /// It carries out a plan.
    CarryingOut,
    /// It looks at what came of it.
    LookingAgain,
}

/// The steps of a turn as they happen.
#[derive(Debug, Default)]
pub(crate) struct Record {
    seen: Mutex<Seen>,
    phase: watch::Sender<Phase>,
}

#[derive(Debug, Default)]
struct Seen {
    pass: usize,
    planned: BTreeMap<Id, Step>,
    running: BTreeSet<Id>,
    performed: Vec<Performed>,
}

impl Record {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what happens.
    pub(crate) fn take_in(&self, progress: Progress<'_>) {
        let mut seen = self.seen();
        match progress {
            Progress::Planned(plan) => {
                seen.pass += 1;
                let writes = plan.steps.iter().filter(|(_, step)| step.action.writes());
                seen.planned = writes
                    .map(|(id, step)| (id.clone(), step.clone()))
                    .collect();
            }
            Progress::Started(id, _) => drop(seen.running.insert(id.clone())),
            Progress::Finished(id, _, outcome) => {
                seen.running.remove(id);
                seen.perform(id, outcome.clone());
            }
        }
        let over = seen.planned.is_empty();
        self.phase.send_replace(if over {
            Phase::LookingAgain
        } else {
            Phase::CarryingOut
        });
    }

    /// What the turn is at.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Completes when a plan has been carried out, as far as that was possible.
    pub(crate) async fn nothing_under_way(&self) {
        let mut phase = self.phase.subscribe();
        // An error means that nobody tells any more, which is as good.
        let _ = phase.wait_for(|phase| *phase == Phase::LookingAgain).await;
    }

    /// The report of a turn that was given up: what was done, what was under way, and what was never begun. Nothing
    /// was decided at its end, so that the links stand as declared.
    pub(crate) fn abandoned(&self, undecided: Decision, why: Stop) -> Report {
        let mut seen = std::mem::take(&mut *self.seen());
        let left: Vec<Id> = seen.planned.keys().cloned().collect();
        for id in left {
            let message = if seen.running.contains(&id) {
                format!("it was under way when {}, and may yet happen", why.words())
            } else {
                format!("it was not begun, because {}", why.words())
            };
            let error = why.error(message);
            seen.perform(&id, Outcome::Failed { error });
        }
        let pending = seen
            .performed
            .iter()
            .filter(|done| done.outcome.is_stopped())
            .count();
        let message = format!(
            "{} before all was done: {}",
            why.words(),
            match pending {
                0 => "nobody has looked at what came of it".to_owned(),
                1 => "1 step is pending".to_owned(),
                more => format!("{more} steps are pending"),
            }
        );
        let told = Diagnostic::new(why.code(), Origin::CommandLine, message)
            .severity(Severity::Warning)
            .help("run it again: it goes on where this run ended");
        Report::new(&World::default(), undecided, &seen.performed, seen.pass).with(vec![told])
    }
}

impl Seen {
    fn perform(&mut self, id: &Id, outcome: Outcome) {
        if let Some(step) = self.planned.remove(id) {
            let done = Performed {
                id: id.clone(),
                step,
                outcome,
                pass: self.pass,
                // Nothing was decided at the end, so nobody can tell.
                drift: None,
            };
            self.performed.push(done);
        }
    }
}
