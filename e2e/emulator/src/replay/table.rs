//! What each served method is known from: a row per method.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::replay::verdict::{Line, Verdict};
use crate::resources::{self, RESOURCES};
use crate::rules::{Provenance, Rule};

/// Methods without a recording whose answers or effects Google does not describe well enough to write
/// them down without guessing, and what is guessed.
const GUESSED: &[(&str, &str)] = &[
    (
        "compute.addresses.aggregatedList",
        "which scopes are named, and in which order they come",
    ),
    (
        "compute.networks.switchToCustomMode",
        "the operation's type, and what a network in custom mode is answered",
    ),
    (
        "compute.subnetworks.expandIpCidrRange",
        "the operation's type",
    ),
    (
        "run.projects.locations.services.revisions.delete",
        "which revisions cannot be deleted",
    ),
    (
        "vpcaccess.projects.locations.connectors.create",
        "how long each state shows, and the texts of most refusals",
    ),
    (
        "vpcaccess.projects.locations.connectors.delete",
        "the states on the way, and that a service in need of it does not hold it",
    ),
    (
        "vpcaccess.projects.locations.connectors.patch",
        "the states on the way",
    ),
];

/// What the name of a recording begins with of which it is only probable that it was made at the real service.
const PROBABLY: &str = "probably-";

/// A row per served method: how many recorded exchanges it agrees with, or what else it is known from.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Agreeing exchanges of each method.
    agreeing: BTreeMap<&'static str, usize>,
    /// How many of these are of recordings that were probably made at the real service.
    probably: usize,
    /// How many of these differ in something that is excused.
    excused: usize,
    /// Why exchanges were not played, and how many.
    skipped: BTreeMap<String, usize>,
}

/// How a method is known.
enum Basis {
    Recorded(usize),
    Documented,
    Guessed(&'static str),
}

impl Table {
    /// The table of the replays that came to these lines.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Table {
        let mut table = Table::default();
        for line in lines {
            match (&line.verdict, line.operation) {
                (Verdict::Agrees | Verdict::Excused(_), Some(operation)) => {
                    *table.agreeing.entry(operation).or_default() += 1;
                    table.probably += usize::from(line.place.starts_with(PROBABLY));
                    let excused = matches!(line.verdict, Verdict::Excused(_));
                    table.excused += usize::from(excused);
                }
                (Verdict::Skipped(why), _) => {
                    *table.skipped.entry(why.clone()).or_default() += 1;
                }
                (Verdict::Agrees | Verdict::Excused(_) | Verdict::Differs(_), _) => {}
            }
        }
        table
    }

    fn rows(&self) -> BTreeMap<&'static str, Basis> {
        let routes = RESOURCES.iter().flat_map(|resource| resource.routes);
        let basis = |operation: &'static str| {
            let guess = GUESSED.iter().find(|(guessed, _)| *guessed == operation);
            match (self.agreeing.get(operation), guess) {
                (Some(count), _) => Basis::Recorded(*count),
                (None, Some((_, what))) => Basis::Guessed(what),
                (None, None) => Basis::Documented,
            }
        };
        routes
            .map(|route| (route.operation, basis(route.operation)))
            .collect()
    }

    /// The totals in one sentence, for a page that quotes them.
    pub fn totals(&self) -> String {
        let rows = self.rows();
        let count = |wanted: fn(&Basis) -> bool| rows.values().filter(|it| wanted(it)).count();
        let recorded = count(|it| matches!(it, Basis::Recorded(_)));
        let documented = count(|it| matches!(it, Basis::Documented));
        let guessed = count(|it| matches!(it, Basis::Guessed(_)));
        let exchanges: usize = self.agreeing.values().sum();
        let (rules, unsure) = (resources::rules().count(), guessed_rules().count());
        format!(
            "Of its {} methods, {recorded} agree with all that was recorded of them ({exchanges} exchanges \
             with the real services, {} of them probably), {documented} follow Google's description alone, and \
             {guessed} are guessed in part; of the {rules} rules by which it fills in and refuses, {unsure} are \
             guessed",
            rows.len(),
            self.probably,
        )
    }

    /// What was not played, by reason.
    fn unplayed(&self) -> String {
        let mut reasons: Vec<(&String, &usize)> = self.skipped.iter().collect();
        reasons.sort_by_key(|(why, count)| (std::cmp::Reverse(**count), *why));
        let told = reasons.iter().map(|(why, count)| format!("{count}: {why}"));
        let told: Vec<String> = told.collect();
        format!(
            "{} of the exchanges that agree differ in something that is excused. {} recorded exchanges are not played ({}).",
            self.excused,
            self.skipped.values().sum::<usize>(),
            told.join("; ")
        )
    }
}

fn guessed_rules() -> impl Iterator<Item = &'static Rule> {
    resources::rules().filter(|rule| rule.provenance == Provenance::Guessed)
}

impl fmt::Display for Table {
    /// Markdown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::from("| method | known from |\n| --- | --- |\n");
        for (operation, basis) in self.rows() {
            match basis {
                Basis::Recorded(1) => writeln!(text, "| `{operation}` | recorded: 1 exchange |")?,
                Basis::Recorded(count) => {
                    writeln!(text, "| `{operation}` | recorded: {count} exchanges |")?;
                }
                Basis::Documented => writeln!(text, "| `{operation}` | documented |")?,
                Basis::Guessed(what) => {
                    writeln!(text, "| `{operation}` | documented, but guessed: {what} |")?;
                }
            }
        }
        writeln!(text, "\n{}. {}", self.totals(), self.unplayed())?;
        writeln!(
            text,
            "\nWhatever a method is known from, these rules, which some of them apply, are guessed:\n"
        )?;
        let mut guessed: Vec<&Rule> = guessed_rules().collect();
        guessed.sort_by_key(|rule| rule.id);
        for rule in guessed {
            writeln!(text, "* `{}`: {}", rule.id, rule.text)?;
        }
        formatter.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::{GUESSED, Line, RESOURCES, Table, Verdict};

    #[test]
    fn what_was_not_played_is_counted_by_reason_and_what_is_probable_apart() {
        let line = |place: &str, operation, verdict| Line {
            place: place.to_owned(),
            method: "GET".to_owned(),
            url: String::new(),
            operation,
            verdict,
        };
        let skipped = |why: &str| Verdict::Skipped(why.to_owned());
        let get = Some("compute.networks.get");
        let table = Table::of(&[
            line("real.log:1", get, Verdict::Agrees),
            line("probably-real.log:1", get, Verdict::Agrees),
            line("real.log:2", get, Verdict::Excused(Vec::new())),
            line("real.log:3", None, skipped("it serves no keys")),
            line("real.log:4", None, skipped("it serves no keys")),
            line("real.log:5", None, skipped("nobody answered")),
        ]);
        let told = table.to_string();
        for words in [
            "(3 exchanges with the real services, 1 of them probably)",
            "1 of the exchanges that agree differ",
            "3 recorded exchanges are not played (2: it serves no keys; 1: nobody answered)",
            "* `compute.nat.name.duplicate`: The NATs of a router have different names.",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(!told.contains("* `compute.nat.limit.per-router`"), "{told}");
    }

    #[test]
    fn what_is_guessed_is_served() {
        let routes = || RESOURCES.iter().flat_map(|resource| resource.routes);
        for (operation, _) in GUESSED {
            assert!(
                routes().any(|route| route.operation == *operation),
                "{operation}"
            );
        }
    }
}
