//! The last line of a plan and of drift: never that all is well where nobody looked, or when what is different is left
//! as it is.

use std::collections::BTreeSet;

use privatelink_core::drift::Rank;
use privatelink_core::ids::LinkName;
use privatelink_core::names::Installation;
use privatelink_core::plan::Summary;
use privatelink_core::report::{LinkState, Report, StepReport};
use privatelink_core::standing::Standing;

use super::plan::is_held_back;
use super::style::plural;

/// What a command says instead of its verdict.
#[derive(Clone, Copy)]
struct Without {
    /// When something is wrong.
    wrong: &'static str,
    /// When nothing is declared.
    undeclared: &'static str,
}

const NO_PLAN: Without = Without {
    wrong: "Nothing was decided: see the errors above.",
    undeclared: "Nothing was decided: nothing is declared.",
};
const NO_COMPARISON: Without = Without {
    wrong: "Whether anything drifted cannot be said: see the errors above.",
    undeclared: "Nothing was compared: nothing is declared.",
};

/// How far the links of a report were looked at.
#[derive(Default)]
struct Judged {
    /// Links about which the report says everything.
    decided: usize,
    /// Those of them that are being undone.
    released: usize,
    /// Links of which something is refused; plans count the steps.
    refused: usize,
    /// Links that are wrong, or could not be read.
    undecided: usize,
    /// Links that are left alone.
    suspended: usize,
    /// Links that are as declared, and whose path does not work all the same.
    without_path: usize,
    /// Things that only grow and have grown beyond what is declared.
    larger: usize,
    /// Is something wrong, be it with a link or not?
    wrong: bool,
    /// Was there anything to look at?
    declared: bool,
}

impl Judged {
    fn of(report: &Report) -> Self {
        let errors = || report.diagnostics.iter().filter(|d| d.is_error());
        let accused: BTreeSet<&LinkName> = errors().filter_map(|d| d.link.as_ref()).collect();
        let mut found = Self {
            wrong: errors().next().is_some() || !report.scope.unreadable.is_empty(),
            declared: !report.scope.projects.is_empty() || !report.links.is_empty(),
            larger: report
                .steps
                .iter()
                .filter(|step| step.stays_larger())
                .count(),
            ..Self::default()
        };
        for link in &report.links {
            match link.state {
                LinkState::Suspended => found.suspended += 1,
                LinkState::Refused => found.refused += 1,
                LinkState::Invalid | LinkState::Conflicting | LinkState::Failed => {
                    found.undecided += 1;
                }
                LinkState::Ready
                | LinkState::Unproven
                | LinkState::Changed
                | LinkState::Drifted
                | LinkState::Waiting
                | LinkState::Releasing
                | LinkState::Released
                | LinkState::Protected
                | LinkState::Abandoned => {
                    // Nobody was asked, or what was answered is in doubt.
                    let doubtful = report.passes == 0 || accused.contains(&link.name);
                    let released = link.standing == Standing::Released;
                    found.undecided += usize::from(doubtful);
                    found.decided += usize::from(!doubtful);
                    found.released += usize::from(!doubtful && released);
                    let unproven = link.state == LinkState::Unproven;
                    found.without_path += usize::from(!doubtful && unproven);
                }
            }
        }
        found
    }

    /// What to say instead of a verdict when nothing was looked at.
    fn nothing(&self, without: Without) -> Option<String> {
        if self.decided > 0 {
            return None;
        }
        if self.wrong {
            return Some(without.wrong.to_owned());
        }
        if !self.declared {
            return Some(without.undeclared.to_owned());
        }
        let suspended = plural(self.suspended, "link is suspended", "links are suspended");
        (self.suspended > 0).then(|| format!("Nothing was looked at: {suspended}."))
    }

    /// What a verdict about the others does not speak of.
    fn left_out(&self, undecided: usize) -> Vec<String> {
        let mut left = Vec::new();
        if undecided > 0 {
            let links = plural(
                undecided,
                "link could not be decided",
                "links could not be decided",
            );
            left.push(format!("{links}: see the errors above"));
        }
        if self.suspended > 0 {
            left.push(plural(
                self.suspended,
                "link is suspended and was not looked at",
                "links are suspended and were not looked at",
            ));
        }
        if self.without_path > 0 {
            let links = plural(
                self.without_path,
                "link has no path that works",
                "links have no path that works",
            );
            left.push(format!("{links}: see the warnings above"));
        }
        if self.larger > 0 {
            left.push(plural(
                self.larger,
                "thing is larger than declared and stays so",
                "things are larger than declared and stay so",
            ));
        }
        left
    }
}

/// `everything is as it was applied`, unless that was not seen of everything.
fn unless_left_out(found: &Judged, all: &str, some: &str) -> String {
    let mut left = found.left_out(found.undecided + found.refused);
    if left.is_empty() && found.wrong {
        left.push("not everything could be read or understood: see the errors above".to_owned());
    }
    if left.is_empty() {
        return all.to_owned();
    }
    let judged = plural(found.decided, "link", "links");
    format!("{some} {judged}; {}.", left.join("; "))
}

fn sentences(left: &[String]) -> String {
    left.iter().flat_map(|left| [" ", left, "."]).collect()
}

/// Of drift, beside so many steps that are changes which were never applied.
pub(super) fn drift(report: &Report, drifted: &[(Rank, &StepReport)], changes: usize) -> String {
    let found = Judged::of(report);
    if drifted.is_empty() {
        // A service that was deployed anew without our record says nothing of what was applied to it.
        let all = if changes == 0 {
            "No drift: everything is as it was applied."
        } else {
            "No drift from what is on record as applied."
        };
        let nothing = found.nothing(NO_COMPARISON);
        return nothing.unwrap_or_else(|| unless_left_out(&found, all, "No drift in"));
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
    let left = found.left_out(found.undecided + found.refused);
    format!("Drift: {}.{}", counts.join(", "), sentences(&left))
}

/// Of a plan; of one that undoes links, when it says for whom.
pub(super) fn plan(report: &Report, undoing: Option<&Installation>) -> String {
    let Summary {
        wait,
        refuse,
        create: _,
        update: _,
        delete: _,
        nothing: _,
    } = report.summary;
    let found = Judged::of(report);
    // What is refused is counted in the plan itself.
    let left = sentences(&found.left_out(found.undecided));
    if report.summary.writes() + wait + refuse > 0 {
        let then = match report.later.len() {
            0 => String::new(),
            1 => " One more step then.".to_owned(),
            more => format!(" {more} more steps then."),
        };
        return format!("{}{then}{left}", counted(&report.summary));
    }
    if let Some(line) = found.nothing(NO_PLAN) {
        return line;
    }
    if let Some(installation) = undoing {
        return format!("{}{left}", nothing_to_undo(&found, installation));
    }
    let steps = &report.steps;
    match steps.iter().filter(|step| is_held_back(step)).count() {
        0 => unless_left_out(
            &found,
            "No changes. Everything is as it is declared.",
            "No changes for",
        ),
        held_back => format!(
            "No changes: {}.{left}",
            plural(held_back, "step is held back", "steps are held back")
        ),
    }
}

fn nothing_to_undo(found: &Judged, installation: &Installation) -> String {
    if found.wrong {
        return "Whether anything is left to undo cannot be said: see the errors above.".to_owned();
    }
    let Installation { owner, set } = installation;
    let links = match found.released {
        0 => return "Nothing to undo.".to_owned(),
        1 => "this link".to_owned(),
        more => format!("these {more} links"),
    };
    format!(
        "Nothing to undo: nothing of {links} was found for the owner {owner} and the set {set}."
    )
}

/// The counts of a plan that has any.
fn counted(summary: &Summary) -> String {
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
        (0, _) => format!("No changes now: {}.", aside.join(", ")),
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
            counted(&plan),
            "Plan: 5 to create, 1 to update, 0 to delete, 1 waits."
        );
        let refused = Summary {
            refuse: 2,
            wait: 2,
            nothing: 3,
            ..Summary::default()
        };
        assert_eq!(counted(&refused), "No changes now: 2 wait, 2 refused.");
    }

    #[test]
    fn nothing_is_called_well_that_was_not_looked_at() {
        let say = |found: &Judged| {
            found
                .nothing(NO_PLAN)
                .unwrap_or_else(|| unless_left_out(found, "All is well.", "Well:"))
        };
        let two = || Judged {
            decided: 2,
            declared: true,
            ..Judged::default()
        };
        assert_eq!(say(&two()), "All is well.");
        let refused = Judged {
            refused: 1,
            wrong: true,
            ..two()
        };
        assert_eq!(
            say(&refused),
            "Well: 2 links; 1 link could not be decided: see the errors above."
        );
        let suspended = Judged {
            suspended: 2,
            undecided: 1,
            ..two()
        };
        assert_eq!(
            say(&suspended),
            "Well: 2 links; 1 link could not be decided: see the errors above; \
             2 links are suspended and were not looked at."
        );
        let unread = Judged {
            wrong: true,
            ..two()
        };
        assert_eq!(
            say(&unread),
            "Well: 2 links; not everything could be read or understood: see the errors above."
        );
        let alone = Judged {
            decided: 0,
            suspended: 1,
            ..two()
        };
        assert_eq!(say(&alone), "Nothing was looked at: 1 link is suspended.");
        assert_eq!(say(&Judged::default()), NO_PLAN.undeclared);
        let broken = Judged {
            decided: 0,
            undecided: 2,
            wrong: true,
            ..two()
        };
        assert_eq!(say(&broken), NO_PLAN.wrong);
    }
}
