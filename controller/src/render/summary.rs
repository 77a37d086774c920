//! The end of an apply, for people: every link, what was done, and how long it took.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use privatelink_core::apply::Outcome;
use privatelink_core::cloud::CloudErrorKind;
use privatelink_core::kinds::Id;
use privatelink_core::path::Verdict;
use privatelink_core::plan::Action;
use privatelink_core::report::{Report, StepReport};

use super::Detail;
use super::style::{BAD, BOLD, DIM, of_action, of_state, of_verdict, plural};
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
        .map(|link| of_state(link.state).0.len())
        .max()
        .unwrap_or_default()
        .max(5);
    let _ = writeln!(
        text,
        "\n{BOLD}{:<names$}  {:<states$}  PATH{BOLD:#}",
        "LINK", "STATE"
    );
    for link in &report.links {
        let (state, style) = of_state(link.state);
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

/// One line of what is left.
struct Left {
    style: Style,
    sign: char,
    /// `delete Subnetwork`.
    what: String,
    name: String,
    said: String,
}

/// What did not work out, and what is still to come.
fn write_left(text: &mut String, report: &Report) {
    let last = report.last_words().into_iter();
    let left: Vec<Left> = last
        .filter_map(|(id, step)| what_is_left(id, step))
        .collect();
    let widest = |width: fn(&Left) -> usize| left.iter().map(width).max().unwrap_or_default();
    let (whats, names) = (widest(|it| it.what.len()), widest(|it| it.name.len()));
    for it in &left {
        let (style, sign) = (it.style, it.sign);
        let said = in_a_line(&it.said);
        let what = format!("{:<whats$}  {:<names$}", it.what, it.name);
        let _ = writeln!(text, "{style}{sign}{style:#} {what}  {DIM}{said}{DIM:#}");
    }
}

/// Why something failed is told with what to do about it in a finding of its own, so that here its code is enough.
fn what_is_left(id: &Id, step: &StepReport) -> Option<Left> {
    let said = match &step.outcome {
        Some(outcome @ Outcome::Failed { error }) if outcome.is_pending() => {
            format!("{} ({})", error.message, error.code)
        }
        Some(Outcome::Failed { error }) => format!("failed ({})", error.code),
        Some(Outcome::Skipped { because }) => {
            format!(
                "not tried, because of {} {}",
                because.kind(),
                because.short()
            )
        }
        None if matches!(step.action, Action::Wait | Action::Refuse) => step.why.clone(),
        Some(Outcome::Done) | None => return None,
    };
    // What goes on by itself, and what the end of the run kept from being done, is no failure.
    let (style, sign) = match &step.outcome {
        Some(outcome) if outcome.is_pending() => (of_action(Action::Wait), Action::Wait.sign()),
        Some(_) => (BAD, '✗'),
        None => (of_action(step.action), step.action.sign()),
    };
    Some(Left {
        style,
        sign,
        what: format!("{} {}", step.action.word(), id.kind()),
        name: id.short().to_string(),
        said,
    })
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
    refused: usize,
}

impl Done {
    fn count(report: &Report) -> Self {
        let mut done = Self::default();
        let last = report.last_words();
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
                None if step.action == Action::Refuse => done.refused += 1,
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
            refused,
        } = *self;
        let mut words = format!("{created} created, {updated} updated, {deleted} deleted");
        for (count, word) in [
            (failed, "failed"),
            (skipped, "not tried"),
            (pending, "pending"),
            (waiting, "waiting"),
            (refused, "refused"),
        ] {
            if count > 0 {
                let _ = write!(words, ", {count} {word}");
            }
        }
        words
    }
}
