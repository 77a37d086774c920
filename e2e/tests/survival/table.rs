//! What the product printed: how many runs there were of what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::trouble::Trouble;

/// Runs by row and by what went wrong in them.
#[derive(Default)]
pub(crate) struct Table {
    taken: BTreeMap<(String, Trouble), usize>,
    possible: BTreeSet<(String, Trouble)>,
    rows: Vec<String>,
}

impl Table {
    /// A table that is to have these rows, in this order.
    pub(crate) fn new(rows: &[&str]) -> Self {
        Self {
            rows: rows.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn row(&mut self, row: &str) {
        if !self.rows.iter().any(|known| known == row) {
            self.rows.push(row.to_owned());
        }
    }

    /// A run of this row that can happen, and whether it was taken.
    pub(crate) fn count(&mut self, row: &str, trouble: Trouble, taken: bool) {
        self.row(row);
        self.possible.insert((row.to_owned(), trouble));
        if taken {
            *self.taken.entry((row.to_owned(), trouble)).or_default() += 1;
        }
    }

    /// Cells that can happen and did not, and rows in which nothing can.
    pub(crate) fn missing(&self) -> Vec<String> {
        let cells = self
            .possible
            .iter()
            .filter(|cell| !self.taken.contains_key(*cell));
        let cells = cells.map(|(row, trouble)| format!("{row} {}", trouble.told().0));
        let empty = self
            .rows
            .iter()
            .filter(|row| !self.possible.iter().any(|(known, _)| known == *row));
        cells.chain(empty.cloned()).collect()
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn total(&self) -> usize {
        self.taken.values().sum()
    }

    /// As text: a line for each row, a column for each trouble that any row has, sums at the ends.
    pub(crate) fn text(&self, head: &str) -> String {
        let of = |column: &&Trouble| self.possible.iter().any(|(_, trouble)| trouble == *column);
        let columns: Vec<Trouble> = Trouble::ALL.iter().filter(of).copied().collect();
        let width = self
            .rows
            .iter()
            .map(String::len)
            .max()
            .unwrap_or_default()
            .max(head.len());
        let mut text = format!("{head:width$}");
        for column in &columns {
            let _ = write!(text, " {:>6}", column.told().0);
        }
        text.push_str("    sum\n");
        for row in &self.rows {
            let _ = write!(text, "{row:width$}");
            let mut sum = 0;
            for column in &columns {
                let cell = (row.clone(), *column);
                let count = self.taken.get(&cell).copied().unwrap_or_default();
                sum += count;
                if self.possible.contains(&cell) {
                    let _ = write!(text, " {count:>6}");
                } else {
                    let _ = write!(text, " {:>6}", "-");
                }
            }
            let _ = writeln!(text, " {sum:>6}");
        }
        let _ = write!(text, "{:width$}", "sum");
        for column in &columns {
            let of_column = self
                .taken
                .iter()
                .filter(|((_, trouble), _)| trouble == column);
            let _ = write!(
                text,
                " {:>6}",
                of_column.map(|(_, count)| count).sum::<usize>()
            );
        }
        let _ = writeln!(text, " {:>6}", self.total());
        text
    }
}
