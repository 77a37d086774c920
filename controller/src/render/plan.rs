//! Plans and drift for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::Diagnostic;
use privatelink_core::drift::Rank;
use privatelink_core::ids::LinkName;
use privatelink_core::kinds::FieldChange;
use privatelink_core::link::{Link, ServiceRef};
use privatelink_core::plan::{Action, Summary};
use privatelink_core::report::{LinkReport, Report, StepReport};
use serde_json::Value;

use super::path::{self, When};
use super::style::{BOLD, DIM, of_action, of_rank, of_state, plural};
use crate::printable::in_a_line;

/// The plan, link by link: a header, the steps with field changes beneath, the path as it is now and as it will be
/// when everything is done. With `all`, also what stays as it is.
pub(crate) fn plan(report: &Report, links: &[Link], all: bool) -> String {
    let mut text = String::new();
    let known: BTreeMap<&LinkName, &Link> = links.iter().map(|link| (&link.name, link)).collect();
    let mut steps = steps_by_first_link(report, all);
    for link in &report.links {
        let steps = steps.remove(&Some(&link.name)).unwrap_or_default();
        let told = all
            || [&link.trace, &link.trace_forecast]
                .into_iter()
                .flatten()
                .any(|it| !it.proven());
        let unproven = link.trace.as_ref().filter(|_| told);
        if steps.is_empty() && unproven.is_none() {
            continue;
        }
        header(&mut text, link, known.get(&link.name).copied());
        write_steps(&mut text, &steps, Some(&link.name));
        if let Some(trace) = unproven {
            path::write(&mut text, When::Now, trace, all);
            if let Some(then) = &link.trace_forecast {
                path::write(&mut text, When::Then, then, all);
            }
        }
        text.push('\n');
    }
    let others: Vec<&StepReport> = steps.into_values().flatten().collect();
    if !others.is_empty() {
        let _ = writeln!(text, "{BOLD}Wanted by no link{BOLD:#}");
        write_steps(&mut text, &others, None);
        text.push('\n');
    }
    let _ = writeln!(text, "{BOLD}{}{BOLD:#}", last_line(report));
    text
}

/// Each step is told once: under the first link that wants it.
fn steps_by_first_link(
    report: &Report,
    all: bool,
) -> BTreeMap<Option<&LinkName>, Vec<&StepReport>> {
    let mut steps: BTreeMap<Option<&LinkName>, Vec<&StepReport>> = BTreeMap::new();
    for step in report.steps.iter().filter(|step| shown(step, all)) {
        steps.entry(step.links.first()).or_default().push(step);
    }
    steps
}

/// What somebody changed, the worst first.
pub(crate) fn drift(report: &Report) -> String {
    let mut drifted: Vec<(Rank, &StepReport)> = report
        .steps
        .iter()
        .filter_map(|step| Some((step.drift?, step)))
        .collect();
    drifted.sort_by_key(|(rank, step)| (*rank, &step.id));
    let mut text = String::new();
    for (rank, step) in &drifted {
        let style = of_rank(*rank);
        let links: Vec<String> = step.links.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "{style}{:<9}{style:#} {} {}  {DIM}{}{DIM:#}",
            rank.word(),
            step.kind,
            step.id.short(),
            links.join(", ")
        );
        if step.changes.is_empty() {
            let gone = if step.action == Action::Create {
                "it is gone: "
            } else {
                ""
            };
            let _ = writeln!(text, "          {gone}{}", in_a_line(&step.why));
        }
        for FieldChange { field, from, to } in &step.changes {
            let _ = writeln!(
                text,
                "          {field}: {} instead of {}",
                value(from),
                value(to)
            );
        }
    }
    for link in report.links.iter().filter(|link| link.drift.is_some()) {
        if let Some(trace) = link.trace.as_ref().filter(|trace| !trace.proven()) {
            let _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", link.name);
            path::write(&mut text, When::Now, trace, false);
        }
    }
    if !drifted.is_empty() {
        text.push('\n');
    }
    let verdict = match undecided(report) {
        Some(line) if drifted.is_empty() => line.to_owned(),
        Some(_) | None => drift_verdict(&drifted),
    };
    let _ = writeln!(text, "{BOLD}{verdict}{BOLD:#}");
    let changes = report
        .steps
        .iter()
        .filter(|step| step.drift.is_none() && step.action.writes())
        .count();
    if changes > 0 {
        let steps = plural(
            changes,
            "step is a change that was",
            "steps are changes that were",
        );
        let _ = writeln!(
            text,
            "{steps} never applied: `privatelink plan` shows them."
        );
    }
    text
}

fn drift_verdict(drifted: &[(Rank, &StepReport)]) -> String {
    if drifted.is_empty() {
        return "No drift: everything is as it was applied.".to_owned();
    }
    let counts: Vec<String> = [Rank::Broken, Rank::Exposed, Rank::Degraded, Rank::Cosmetic]
        .into_iter()
        .map(|rank| {
            (
                rank,
                drifted.iter().filter(|(found, _)| *found == rank).count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .map(|(rank, count)| format!("{count} {}", rank.word().to_lowercase()))
        .collect();
    format!("Drift: {}.", counts.join(", "))
}

fn shown(step: &StepReport, all: bool) -> bool {
    match step.action {
        Action::Nothing => all || !step.changes.is_empty() || is_held_back(step),
        Action::Create | Action::Update | Action::Delete | Action::Wait | Action::Refuse => true,
    }
}

/// `payments/orders-to-billing  orders → billing (acme-prod, europe-west1)  to be changed`
fn header(text: &mut String, link: &LinkReport, known: Option<&Link>) {
    let (state, style) = of_state(link.state);
    let _ = write!(text, "{BOLD}{}{BOLD:#}", link.name);
    if let Some(Link {
        source,
        destination,
        ..
    }) = known
    {
        let _ = write!(
            text,
            "  {} → {}",
            place(source, None),
            place(destination, Some(source))
        );
    }
    let _ = writeln!(text, "  {style}{state}{style:#}");
}

/// A service, with its project and region unless both are those of the one named before.
fn place(service: &ServiceRef, before: Option<&ServiceRef>) -> String {
    let known = before.is_some_and(|before| {
        (&before.project, &before.region) == (&service.project, &service.region)
    });
    if known {
        return service.name.to_string();
    }
    format!("{} ({}, {})", service.name, service.project, service.region)
}

fn write_steps(text: &mut String, steps: &[&StepReport], link: Option<&LinkName>) {
    let kinds = steps
        .iter()
        .map(|step| step.kind.name().len())
        .max()
        .unwrap_or_default();
    let names = steps
        .iter()
        .map(|step| step.id.short().len())
        .max()
        .unwrap_or_default();
    for step in steps {
        let style = of_action(step.action);
        let sign = step.action.sign();
        let code = step
            .code
            .map(|code| format!(" ({code})"))
            .unwrap_or_default();
        let others: Vec<String> = step
            .links
            .iter()
            .filter(|other| Some(*other) != link)
            .map(ToString::to_string)
            .collect();
        let also = if others.is_empty() {
            String::new()
        } else {
            format!("; also for {}", others.join(", "))
        };
        let _ = writeln!(
            text,
            "  {style}{sign}{style:#} {:<kinds$}  {style}{:<names$}{style:#}  {}{code}{DIM}{also}{DIM:#}",
            step.kind.name(),
            step.id.short(),
            in_a_line(&step.why)
        );
        for FieldChange { field, from, to } in &step.changes {
            // Our own records hold a digest of everything; that they change is all there is to read.
            let _ = if field.starts_with("annotations[") {
                writeln!(text, "      {DIM}{field}: our own record{DIM:#}")
            } else {
                writeln!(text, "      {field}: {} → {}", value(from), value(to))
            };
        }
    }
}

/// A value in few words: long texts, such as our own records, by their beginning.
fn value(value: &Value) -> String {
    const LONGEST: usize = 72;
    let whole = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(word) => word.clone(),
        other => other.to_string(),
    };
    let whole = in_a_line(&whole);
    if whole.chars().count() <= LONGEST {
        return whole.into_owned();
    }
    let start: String = whole.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

fn is_held_back(step: &StepReport) -> bool {
    matches!(step.code, Some(Code::PolicyHeldBack | Code::ReportOnly))
}

/// The last line: never that all is well when nobody looked, or when what is different is left as it is.
fn last_line(report: &Report) -> String {
    let Summary {
        wait,
        refuse,
        create: _,
        update: _,
        delete: _,
        nothing: _,
    } = report.summary;
    let steps = &report.steps;
    let held_back = steps.iter().filter(|step| is_held_back(step)).count();
    if report.summary.writes() + wait + refuse > 0 {
        return verdict(&report.summary);
    }
    if let Some(line) = undecided(report) {
        return line.to_owned();
    }
    match held_back {
        0 => verdict(&report.summary),
        _ => format!(
            "No changes: {}.",
            plural(held_back, "step is held back", "steps are held back")
        ),
    }
}

/// What to say instead of a verdict when something, or everything, could not be decided.
fn undecided(report: &Report) -> Option<&'static str> {
    let scope = &report.scope;
    let wrong = report.diagnostics.iter().any(Diagnostic::is_error);
    if wrong || !scope.unreadable.is_empty() {
        return Some("Nothing was decided: see the errors above.");
    }
    (scope.projects.is_empty() && report.links.is_empty())
        .then_some("Nothing was decided: nothing is declared.")
}

/// The last line of a plan that was decided.
fn verdict(summary: &Summary) -> String {
    let Summary {
        create,
        update,
        delete,
        wait,
        refuse,
        nothing: _,
    } = *summary;
    let mut aside = Vec::new();
    if wait > 0 {
        aside.push(plural(wait, "waits", "wait"));
    }
    if refuse > 0 {
        aside.push(format!("{refuse} refused"));
    }
    match (summary.writes(), aside.is_empty()) {
        (0, true) => "No changes. Everything is as it is declared.".to_owned(),
        (0, false) => format!("No changes now: {}.", aside.join(", ")),
        (_, true) => format!("Plan: {create} to create, {update} to update, {delete} to delete."),
        (_, false) => format!(
            "Plan: {create} to create, {update} to update, {delete} to delete, {}.",
            aside.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_would_be_done_and_what_would_not() {
        let plan = Summary {
            create: 5,
            update: 1,
            wait: 1,
            ..Summary::default()
        };
        assert_eq!(
            verdict(&plan),
            "Plan: 5 to create, 1 to update, 0 to delete, 1 waits."
        );
        let refused = Summary {
            refuse: 2,
            wait: 2,
            nothing: 3,
            ..Summary::default()
        };
        assert_eq!(verdict(&refused), "No changes now: 2 wait, 2 refused.");
        assert_eq!(
            verdict(&Summary::default()),
            "No changes. Everything is as it is declared."
        );
    }

    #[test]
    fn long_values_are_shown_by_their_beginning() {
        assert_eq!(value(&Value::Null), "nothing");
        assert_eq!(value(&"ALL_TRAFFIC".into()), "ALL_TRAFFIC");
        assert_eq!(
            value(&"a\u{202e}b\u{1b}[8m".into()),
            "a\u{fffd}b\u{fffd}[8m"
        );
        assert_eq!(value(&"x".repeat(100).into()).chars().count(), 72);
    }
}
