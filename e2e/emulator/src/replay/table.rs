//! What each served method is known from: a row per method.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use crate::replay::verdict::{Line, Verdict};
use crate::resources;
use crate::rules::{Provenance, Rule};

/// Which methods look at which guessed rules, as the provocations and the exercises of all rules show: a line per
/// pair, `METHOD RULE`. A test holds it to what they show, and writes it.
pub(crate) const REACH: &str = include_str!("reach.txt");

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
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basis {
    Recorded(usize),
    Documented,
    /// Documented, but for what its rules guess.
    Guessed,
}

/// What is told of a method.
struct Row {
    basis: Basis,
    /// The guessed rules that it can apply, without those that most methods can.
    guesses: BTreeSet<&'static str>,
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
                (
                    Verdict::Agrees
                    | Verdict::Excused(_)
                    | Verdict::Differs(_)
                    | Verdict::Unprepared(_),
                    _,
                ) => {}
            }
        }
        table
    }

    fn rows(&self) -> BTreeMap<&'static str, Row> {
        let shared: BTreeSet<&str> = resources::shared_rules().map(|rule| rule.id).collect();
        let row = |operation: &'static str| {
            let guesses: BTreeSet<&str> = reach()
                .filter(|(method, rule)| *method == operation && !shared.contains(rule))
                .map(|(_, rule)| rule)
                .collect();
            let basis = match self.agreeing.get(operation) {
                Some(count) => Basis::Recorded(*count),
                None if guesses.is_empty() => Basis::Documented,
                None => Basis::Guessed,
            };
            (operation, Row { basis, guesses })
        };
        resources::operations().map(row).collect()
    }

    /// The totals in plain words, for a page that quotes them.
    pub fn totals(&self) -> String {
        let rows = self.rows();
        let count = |wanted: fn(&Row) -> bool| rows.values().filter(|it| wanted(it)).count();
        let recorded = count(|it| matches!(it.basis, Basis::Recorded(_)));
        let unsure = count(|it| matches!(it.basis, Basis::Recorded(_)) && !it.guesses.is_empty());
        let documented = count(|it| it.basis == Basis::Documented);
        let guessed = count(|it| it.basis == Basis::Guessed);
        let exchanges: usize = self.agreeing.values().sum();
        let open = known(Provenance::Guessed).count();
        let own = known(Provenance::Invented).count();
        let rules = resources::rules().count();
        format!(
            "Of the {} methods that it serves, {recorded} were compared with the real services: {exchanges} \
             recorded requests get the answer that was recorded, {} of them but for a field that the test excuses \
             with a reason; {} are from a recording that was probably, not certainly, made at Google. {documented} \
             methods follow Google's description of its APIs, and no recording shows whether the real service does. \
             {guessed} follow it, too, and guess where it says nothing; so do {unsure} of the {recorded}. All that it \
             fills in and refuses by itself is {rules} rules, of which {open} are guesses and {own} its own inventions, \
             which claim nothing about Google",
            rows.len(),
            self.excused,
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
            "{} recorded requests are not played ({}).",
            self.skipped.values().sum::<usize>(),
            told.join("; ")
        )
    }
}

/// A method, and a guessed rule that it looks at.
fn reach() -> impl Iterator<Item = (&'static str, &'static str)> {
    REACH.lines().filter_map(|line| line.split_once(' '))
}

/// The rules that are known so.
fn known(provenance: Provenance) -> impl Iterator<Item = &'static Rule> {
    resources::rules().filter(move |rule| rule.provenance == provenance)
}

impl fmt::Display for Table {
    /// Markdown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::from(
            "| method | known from | guessed rules that it can apply |\n| --- | --- | --- |\n",
        );
        for (operation, Row { basis, guesses }) in self.rows() {
            let basis = match basis {
                Basis::Recorded(1) => "recorded: 1 exchange".to_owned(),
                Basis::Recorded(count) => format!("recorded: {count} exchanges"),
                Basis::Documented => "documented".to_owned(),
                Basis::Guessed => "documented, and guessed in part".to_owned(),
            };
            let guesses: Vec<String> = guesses.iter().map(|rule| format!("`{rule}`")).collect();
            writeln!(text, "| `{operation}` | {basis} | {} |", guesses.join(", "))?;
        }
        writeln!(text, "\n{}. {}", self.totals(), self.unplayed())?;
        let shared: BTreeSet<&str> = resources::shared_rules().map(|rule| rule.id).collect();
        writeln!(
            text,
            "\nThe guessed rules, those first that no kind of resource owns, so that the table leaves them out:\n"
        )?;
        let mut guessed: Vec<&Rule> = known(Provenance::Guessed).collect();
        guessed.sort_by_key(|rule| (!shared.contains(rule.id), rule.id));
        for rule in guessed {
            writeln!(text, "* `{}`: {}", rule.id, rule.text)?;
        }
        writeln!(
            text,
            "\nThe invented rules, which claim nothing about Google:\n"
        )?;
        let mut invented: Vec<&Rule> = known(Provenance::Invented).collect();
        invented.sort_by_key(|rule| rule.id);
        for rule in invented {
            writeln!(text, "* `{}`: {}", rule.id, rule.text)?;
        }
        formatter.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Table, Verdict};

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
            "3 recorded requests get the answer that was recorded, 1 of them but for a field that the test excuses",
            "1 are from a recording that was probably, not certainly, made at Google. ",
            "3 recorded requests are not played (2: it serves no keys; 1: nobody answered)",
            "* `compute.nat.name.duplicate`: The NATs of a router have different names.",
            "claim nothing about Google:\n\n* `compute.list.order-by`: Lists are in the order of names; ",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(!told.contains("* `compute.nat.limit.per-router`"), "{told}");
    }

    #[test]
    fn a_method_without_a_recording_is_guessed_in_part_if_a_rule_of_its_kind_is() {
        let told = Table::default().to_string();
        for row in [
            "| `vpcaccess.projects.locations.connectors.delete` | documented, and guessed in part | `vpcaccess.connector.",
            "| `compute.networks.switchToCustomMode` | documented, and guessed in part | `compute.network.switch.operation-type` |",
            "| `compute.networks.list` | documented |  |",
        ] {
            assert!(told.contains(row), "{row}: {told}");
        }
    }
}
