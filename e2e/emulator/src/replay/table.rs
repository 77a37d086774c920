//! What each served method is known from: a row per method.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::replay::verdict::{Line, Verdict};
use crate::resources::RESOURCES;

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

/// A row per served method: how many recorded exchanges it agrees with, or what else it is known from.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Agreeing exchanges of each method.
    agreeing: BTreeMap<&'static str, usize>,
    skipped: usize,
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
                }
                (Verdict::Skipped(_), _) => table.skipped += 1,
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
        format!(
            "Of its {} methods, {recorded} agree with all that was recorded of them ({exchanges} exchanges \
             with the real services), {documented} follow Google's description alone, and {guessed} are \
             guessed in part",
            rows.len(),
        )
    }
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
        writeln!(
            text,
            "\n{}. {} recorded exchanges are about kinds that the emulator does not serve.",
            self.totals(),
            self.skipped
        )?;
        formatter.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::{GUESSED, RESOURCES};

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
