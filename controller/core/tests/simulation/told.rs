//! A link that is not ready has a reason, and whoever reads the report finds it.

use privatelink_core::diagnostic::Severity;
use privatelink_core::plan::Action;
use privatelink_core::report::{LinkReport, LinkState, Report};
use privatelink_core::standing::Standing;

/// The report of a run that could read everything says of every enforced link that is not ready why it is not.
pub(crate) fn every_link(report: &Report) -> Result<(), String> {
    let mut links = report.links.iter();
    let passed_over = links.find(|told| {
        told.standing == Standing::Enforced
            && told.state != LinkState::Ready
            && !is_told(told, report)
    });
    match passed_over {
        Some(told) => Err(format!("nobody says why {} is {:?}", told.name, told.state)),
        None => Ok(()),
    }
}

/// What a link shares with others is told of one of them.
fn is_told(told: &LinkReport, report: &Report) -> bool {
    let name = told.name.to_string();
    let steps = report.steps.iter();
    let waits = steps.filter(|step| step.action == Action::Wait && step.links.contains(&told.name));
    let waits: Vec<String> = waits
        .map(|step| format!("{} {}: {}", step.id.kind(), step.id.short(), step.why))
        .collect();
    let mut found = report.diagnostics.iter();
    found.any(|found| {
        let about = found.link.as_ref() == Some(&told.name) || found.message.contains(&name);
        found.severity != Severity::Info && (about || waits.contains(&found.message))
    })
}
