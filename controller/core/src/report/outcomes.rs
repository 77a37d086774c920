//! What became of the steps that were carried out, as far as somebody has to know of it afterwards.

use std::collections::BTreeMap;

use crate::apply::Outcome;
use crate::cloud::CloudErrorKind;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::findings::naming;
use crate::kinds::Id;
use crate::plan::{Action, Plan};
use crate::turn::Performed;
use crate::world::World;

/// Adds what the steps that were carried out have to tell: what failed, and what had to be left.
pub(super) fn with_outcomes(
    mut diagnostics: Vec<Diagnostic>,
    performed: &[Performed],
    plan: &Plan,
    world: &World,
) -> Vec<Diagnostic> {
    let last: BTreeMap<&Id, &Performed> = performed.iter().map(|done| (&done.id, done)).collect();
    for (id, done) in last {
        let Outcome::Failed { error } = &done.outcome else {
            continue;
        };
        if is_mended(done, &[], plan, world) {
            continue;
        }
        let origin = Origin::Cloud { id: id.to_string() };
        let message = naming(id.short(), &error.message, || {
            format!("{} {}", done.step.action.word(), id.short())
        });
        let mut diagnostic = Diagnostic::new(error.code, origin, message).field(WRITE);
        diagnostic.help.clone_from(&error.help);
        diagnostics.push(diagnostic);
    }
    let left = performed
        .iter()
        .filter(|done| done.outcome == Outcome::Done);
    for done in left.filter(|done| done.step.code == Some(Code::FormerValueUnknown)) {
        let message = format!("{} {}: {}", done.id.kind(), done.id.short(), done.step.why);
        let id = done.id.to_string();
        let told = Diagnostic::new(Code::FormerValueUnknown, Origin::Cloud { id }, message);
        diagnostics.push(told.help("set the field by hand to what it should be"));
    }
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}

/// Did a later look get further: by trying again, or because nothing was left to do? That is so when the world had
/// moved, or somebody else did it, or the reply was lost. What Google itself calls failed is not mended by it, nor
/// what somebody else lost, nor anything when nobody looked again.
pub(super) fn is_mended(done: &Performed, later: &[Performed], plan: &Plan, world: &World) -> bool {
    let passing = match &done.outcome {
        Outcome::Done => false,
        Outcome::Skipped { .. } => true,
        Outcome::Failed { error } if error.kind == CloudErrorKind::Conflict => {
            error.code != Code::UpdateLost
        }
        Outcome::Failed { error } => {
            const LOST: [Code; 4] = [
                Code::Unreachable,
                Code::ServerFailed,
                Code::AnswerUnparsable,
                Code::DeadlineExceeded,
            ];
            LOST.contains(&error.code)
        }
    };
    let looked = !world.readings().is_empty();
    let step = plan.steps.get(&done.id);
    let nothing_left = looked && step.is_none_or(|step| step.action == Action::Nothing);
    let tried_again = later.iter().any(|other| other.id == done.id);
    passing && (nothing_left || tried_again)
}

/// Codes of failures while carrying out a plan: told by exit code 6, not by 1.
pub(super) fn is_write_failure(diagnostic: &Diagnostic) -> bool {
    diagnostic.field.as_deref() == Some(WRITE)
}

/// Marks diagnostics that speak of a write.
const WRITE: &str = "write";
