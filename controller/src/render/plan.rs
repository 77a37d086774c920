//! Plans and drift for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use privatelink_core::codes::Code;
use privatelink_core::drift::Rank;
use privatelink_core::ids::LinkName;
use privatelink_core::link::{Link, ServiceRef};
use privatelink_core::names::Installation;
use privatelink_core::path::{Trace, Verdict};
use privatelink_core::plan::Action;
use privatelink_core::report::{LinkReport, Report, StepReport};
use privatelink_core::standing::Standing;

use super::path::{self, When};
use super::style::{BOLD, DIM, of_action, of_rank, of_state, plural};
use super::{Detail, change, verdict};
use crate::printable::in_a_line;

/// The plan, link by link: a header, the steps with field changes beneath, the path as it is now and as it will be
/// when everything is done; and a verdict. Of a plan that undoes links, `undoing` says whose they are.
pub(crate) fn plan(
    report: &Report,
    links: &[Link],
    detail: Detail,
    undoing: Option<&Installation>,
) -> String {
    let mut text = String::new();
    let known: BTreeMap<&LinkName, &Link> = links.iter().map(|link| (&link.name, link)).collect();
    let mut steps = steps_by_first_link(report, detail);
    for link in &report.links {
        let steps = steps.remove(&Some(&link.name)).unwrap_or_default();
        let unproven = link.trace.as_ref().filter(|_| tells_path(link, detail));
        if steps.is_empty() && unproven.is_none() {
            continue;
        }
        header(&mut text, link, known.get(&link.name).copied());
        write_steps(&mut text, &steps, Some(&link.name));
        if let Some(trace) = unproven {
            let all = detail == Detail::All;
            path::write(&mut text, When::Now, trace, all);
            if let Some(then) = &link.trace_forecast {
                path::write(&mut text, When::Then, then, all);
            }
        }
        text.push('\n');
    }
    let others: Vec<&StepReport> = steps.into_values().flatten().collect();
    if !others.is_empty() {
        let _ = writeln!(text, "{BOLD}{}{BOLD:#}", unwanted(report));
        write_steps(&mut text, &others, None);
        text.push('\n');
    }
    let later: Vec<&StepReport> = report.later.iter().collect();
    if !later.is_empty() && detail != Detail::Wrong {
        let _ = writeln!(text, "{BOLD}And then, in the same run{BOLD:#}");
        write_steps(&mut text, &later, None);
        text.push('\n');
    }
    match detail {
        Detail::Wrong => {}
        Detail::Changes | Detail::All => {
            let _ = writeln!(text, "{BOLD}{}{BOLD:#}", verdict::plan(report, undoing));
        }
    }
    text
}

/// The heading of what no link wants: it says which links are undone.
fn unwanted(report: &Report) -> String {
    const SHOWN: usize = 3;
    let undone = report
        .links
        .iter()
        .filter(|link| link.standing == Standing::Released);
    let names: Vec<String> = undone.map(|link| link.name.to_string()).collect();
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len() {
        0 => "Wanted by no link".to_owned(),
        1 => format!("Wanted by no link, when {shown} is undone"),
        few if few <= SHOWN => format!("Wanted by no link, when {shown} are undone"),
        many => format!(
            "Wanted by no link, when {shown} and {} more are undone",
            many - SHOWN
        ),
    }
}

/// Is the path of a link shown? It is wrong when it will not work either.
fn tells_path(link: &LinkReport, detail: Detail) -> bool {
    let unproven = |trace: Option<&Trace>| trace.is_some_and(|trace| !trace.proven());
    let (now, then) = (link.trace.as_ref(), link.trace_forecast.as_ref());
    match detail {
        Detail::Wrong => unproven(then.or(now)),
        Detail::Changes => unproven(now) || unproven(then),
        Detail::All => true,
    }
}

/// Each step is told once: under the first link that wants it.
fn steps_by_first_link(
    report: &Report,
    detail: Detail,
) -> BTreeMap<Option<&LinkName>, Vec<&StepReport>> {
    // What waits for earlier steps of the same plan is as it should be.
    let stuck = report.summary.writes() == 0;
    let shown = |step: &&StepReport| match detail {
        Detail::Wrong => step.action == Action::Refuse || step.action == Action::Wait && stuck,
        Detail::Changes => shown(step),
        Detail::All => true,
    };
    let mut steps: BTreeMap<Option<&LinkName>, Vec<&StepReport>> = BTreeMap::new();
    for step in report.steps.iter().filter(shown) {
        steps.entry(step.links.first()).or_default().push(step);
    }
    steps
}

/// What somebody changed, the worst first; and a verdict, unless only what is wrong is asked for and nothing is.
pub(crate) fn drift(report: &Report, detail: Detail) -> String {
    let mut drifted: Vec<(Rank, &StepReport)> = report
        .steps
        .iter()
        .filter_map(|step| Some((step.drift?, step)))
        .collect();
    drifted.sort_by_key(|(rank, step)| (*rank, &step.id));
    let mut text = String::new();
    if drifted.is_empty() && detail == Detail::Wrong {
        return text;
    }
    for (rank, step) in &drifted {
        write_drifted(&mut text, *rank, step);
    }
    write_broken_paths(&mut text, report);
    if !drifted.is_empty() {
        text.push('\n');
    }
    let changes = never_applied(report);
    let line = verdict::drift(report, &drifted, changes);
    let _ = writeln!(text, "{BOLD}{line}{BOLD:#}");
    write_never_applied(&mut text, changes, report);
    text
}

fn write_drifted(text: &mut String, rank: Rank, step: &StepReport) {
    let style = of_rank(rank);
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
    for difference in &step.changes {
        let _ = writeln!(text, "          {}", change::drifted(difference));
    }
}

/// The paths that do not work of links of which something was changed.
fn write_broken_paths(text: &mut String, report: &Report) {
    for link in report.links.iter().filter(|link| link.drift.is_some()) {
        if let Some(trace) = link.trace.as_ref().filter(|trace| !trace.proven()) {
            let _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", link.name);
            path::write(text, When::Now, trace, false);
        }
    }
}

/// How many steps are to be done and are no drift.
fn never_applied(report: &Report) -> usize {
    report
        .steps
        .iter()
        .filter(|step| step.drift.is_none() && step.action.writes())
        .count()
}

/// What is to be done and is no drift is not shown here, so it is said that there is some, and what that means.
fn write_never_applied(text: &mut String, changes: usize, report: &Report) {
    if changes == 0 {
        return;
    }
    let steps = plural(
        changes,
        "step is a change that was",
        "steps are changes that were",
    );
    let fails = |link: &&LinkReport| link.path == Some(Verdict::Fail);
    let paths = match report.links.iter().filter(fails).count() {
        0 => String::new(),
        1 => ", and one link has no path that works".to_owned(),
        more => format!(", and {more} links have no path that works"),
    };
    let _ = writeln!(
        text,
        "{steps} never applied{paths}: `privatelink plan` shows more, also what somebody changed there."
    );
}

fn shown(step: &StepReport) -> bool {
    match step.action {
        Action::Nothing => !step.changes.is_empty() || is_held_back(step),
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
            let also = if link.is_some() { "also " } else { "" };
            format!("; {also}for {}", others.join(", "))
        };
        let _ = writeln!(
            text,
            "  {style}{sign}{style:#} {:<kinds$}  {style}{:<names$}{style:#}  {}{code}{DIM}{also}{DIM:#}",
            step.kind.name(),
            step.id.short(),
            in_a_line(&step.why)
        );
        for difference in &step.changes {
            let field = &difference.field;
            // Our own records hold a digest of everything; that they change is all there is to read.
            let _ = if field.starts_with("annotations[") {
                writeln!(text, "      {DIM}{field}: our own record{DIM:#}")
            } else {
                writeln!(text, "      {}", change::planned(difference))
            };
        }
    }
}

pub(super) fn is_held_back(step: &StepReport) -> bool {
    matches!(step.code, Some(Code::PolicyHeldBack | Code::ReportOnly))
}
