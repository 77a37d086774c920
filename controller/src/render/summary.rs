//! The end of an apply, for people: every link, what was done, and how long it took.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use privatelink_core::apply::Outcome;
use privatelink_core::cloud::CloudErrorKind;
use privatelink_core::kinds::Id;
use privatelink_core::path::Verdict;
use privatelink_core::plan::Action;
use privatelink_core::report::{LinkReport, LinkState, Report, StepReport};

use super::Detail;
use super::style::{BAD, BOLD, DIM, WORTH_A_LOOK, of_action, of_state, of_verdict, plural};
use crate::printable::in_a_line;

/// The table of links, what is left, and the counts; of what is wrong, only what is left.
pub(crate) fn summary(report: &Report, took: Duration, detail: Detail) -> String {
    let mut text = String::new();
    if detail == Detail::Wrong {
        write_left(&mut text, report);
        return text;
    }
    write_links(&mut text, report);
    write_left(&mut text, report);
    let done = Done::count(report);
    let _ = writeln!(
        text,
        "{BOLD}{} in {:.1} s, {}.{BOLD:#}",
        done.words(),
        took.as_secs_f64(),
        plural(report.passes, "look at the world", "looks at the world")
    );
    text
}

fn write_links(text: &mut String, report: &Report) {
    if report.links.is_empty() {
        return;
    }
    let left = left(report);
    let early = report.ended_early();
    let names = report
        .links
        .iter()
        .map(|link| link.name.to_string().len())
        .max()
        .unwrap_or_default()
        .max(4);
    let states = report
        .links
        .iter()
        .map(|link| stands(link, &left, early).0.len())
        .max()
        .unwrap_or_default()
        .max(5);
    let _ = writeln!(
        text,
        "\n{BOLD}{:<names$}  {:<states$}  PATH{BOLD:#}",
        "LINK", "STATE"
    );
    for link in &report.links {
        let (state, style) = stands(link, &left, early);
        let path = link.trace.as_ref().map_or_else(
            || "-".to_owned(),
            |trace| {
                let (mark, style) = of_verdict(trace.verdict());
                let found = match trace.root_cause() {
                    None => "private",
                    Some(hop) if hop.verdict == Verdict::NotReached => "not reached",
                    Some(hop) => &*in_a_line(&hop.found),
                };
                format!("{style}{mark}{style:#} {found}")
            },
        );
        let _ = writeln!(
            text,
            "{:<names$}  {style}{state:<states$}{style:#}  {path}",
            link.name
        );
    }
    text.push('\n');
}

/// Steps that did not come to their end.
fn left(report: &Report) -> Vec<&StepReport> {
    let last = last_words(report).into_values();
    last.filter(|step| match step.outcome {
        Some(Outcome::Failed { .. } | Outcome::Skipped { .. }) => true,
        Some(Outcome::Done) => false,
        None => step.action == Action::Wait,
    })
    .collect()
}

/// The word and the colour of a link's state. Of one that is undone nothing says any more what is still to go, so it is
/// not done with before all has gone that no link wants.
fn stands(link: &LinkReport, left: &[&StepReport], early: bool) -> (&'static str, Style) {
    let its = |step: &&StepReport| step.links.is_empty() || step.links.contains(&link.name);
    if link.state == LinkState::Released && (early || left.iter().any(its)) {
        return ("being undone", WORTH_A_LOOK);
    }
    of_state(link.state)
}

/// What did not work out, and what is still to come.
fn write_left(text: &mut String, report: &Report) {
    for (id, step) in last_words(report) {
        let said = match &step.outcome {
            Some(Outcome::Failed { error }) => format!("{} ({})", error.message, error.code),
            Some(Outcome::Skipped { because }) => format!(
                "not tried, because of {} {}",
                because.kind(),
                because.short()
            ),
            None if matches!(step.action, Action::Wait | Action::Refuse) => step.why.clone(),
            Some(Outcome::Done) | None => continue,
        };
        // What goes on by itself, and what the end of the run kept from being done, is no failure.
        let (style, sign) = match &step.outcome {
            Some(outcome) if outcome.is_pending() => (of_action(Action::Wait), Action::Wait.sign()),
            Some(_) => (BAD, '✗'),
            None => (of_action(step.action), step.action.sign()),
        };
        let _ = writeln!(
            text,
            "{style}{sign}{style:#} {} {} {}  {DIM}{}{DIM:#}",
            step.action.word(),
            id.kind(),
            id.short(),
            in_a_line(&said)
        );
    }
}

/// The last step about each thing: what a later pass mended is not told as a failure.
fn last_words(report: &Report) -> BTreeMap<&Id, &StepReport> {
    let mut last: BTreeMap<&Id, &StepReport> =
        report.steps.iter().map(|step| (&step.id, step)).collect();
    last.retain(|_, step| !step.mended);
    last
}

/// Was it carried out? A write whose reply was lost was too, when the next look finds nothing left to do.
fn took_place(step: &StepReport) -> bool {
    match &step.outcome {
        Some(Outcome::Done) => true,
        Some(Outcome::Failed { error }) => step.mended && error.kind != CloudErrorKind::Conflict,
        Some(Outcome::Skipped { .. }) | None => false,
    }
}

/// How many steps ended how.
#[derive(Default)]
struct Done {
    created: usize,
    updated: usize,
    deleted: usize,
    failed: usize,
    skipped: usize,
    /// Kept from being done by the end of the run.
    pending: usize,
    waiting: usize,
}

impl Done {
    fn count(report: &Report) -> Self {
        let mut done = Self::default();
        let last = last_words(report);
        // A pass that saw a list from before may do a thing again, and that is still one thing.
        let mut carried_out: BTreeSet<(&Id, Action, &str)> = BTreeSet::new();
        for step in report.steps.iter().filter(|step| took_place(step)) {
            if carried_out.insert((&step.id, step.action, &step.why)) {
                match step.action {
                    Action::Create => done.created += 1,
                    Action::Update => done.updated += 1,
                    Action::Delete => done.deleted += 1,
                    Action::Wait | Action::Refuse | Action::Nothing => {}
                }
            }
        }
        let unfinished = |step: &StepReport| {
            !took_place(step) && last.get(&step.id).is_some_and(|last| *last == step)
        };
        for step in report.steps.iter().filter(|step| unfinished(step)) {
            match &step.outcome {
                Some(outcome) if outcome.is_pending() => done.pending += 1,
                Some(Outcome::Failed { .. }) => done.failed += 1,
                Some(Outcome::Skipped { .. }) => done.skipped += 1,
                None if step.action == Action::Wait => done.waiting += 1,
                Some(Outcome::Done) | None => {}
            }
        }
        done
    }

    fn words(&self) -> String {
        let Self {
            created,
            updated,
            deleted,
            failed,
            skipped,
            pending,
            waiting,
        } = *self;
        let mut words = format!("{created} created, {updated} updated, {deleted} deleted");
        for (count, word) in [
            (failed, "failed"),
            (skipped, "not tried"),
            (pending, "pending"),
            (waiting, "waiting"),
        ] {
            if count > 0 {
                let _ = write!(words, ", {count} {word}");
            }
        }
        words
    }
}
