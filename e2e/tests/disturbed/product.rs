//! Many cells, several at a time, each worker with a cloud of its own; and the table of what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::rehearsal::Act;

use crate::cells::{Cell, Outcome};
use crate::faults::Fault;

/// Cells that are played at the same time. More than there are cores, because most of a cell is waiting: two processes
/// take a tenth of a second of a core, and a run that is asked to come again later does so after seconds.
const WORKERS: usize = 20;

/// What came of all cells.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) cells: BTreeMap<(String, Fault), BTreeMap<Outcome, usize>>,
    pub(crate) failures: Vec<String>,
}

/// The one fault that is asked for with `FAULT=name`.
pub(crate) fn wanted() -> Option<String> {
    std::env::var("FAULT").ok()
}

/// The one scenario that is asked for with `SCENARIO=name`.
fn scenario() -> Option<String> {
    std::env::var("SCENARIO").ok()
}

/// Is only a part of the cells asked for?
pub(crate) fn is_partial() -> bool {
    wanted().is_some() || scenario().is_some() || part().is_some()
}

/// `3/40`: one cell in 40, from the third on.
fn part() -> Option<(usize, usize)> {
    let part = std::env::var("SURVIVE_PART").ok()?;
    let (which, of) = part.split_once('/').unwrap();
    Some((which.parse().unwrap(), of.parse().unwrap()))
}

/// What is said of the filter in [`cells`].
pub(crate) const NEVER_STALE: &str = "·  stale-list and stale-list-seconds in a command that only reads: nothing is written before its lists, so that none can be behind";

/// One cell for every fault that is for the operation; `nth` of its requests is struck.
pub(crate) fn cells<'a>(act: &'a Act, operation: &'a str, nth: u64) -> Vec<Cell<'a>> {
    Fault::ALL
        .into_iter()
        .filter(|fault| fault.left_out(operation).is_none())
        .filter(|fault| act.verb.writes() || !fault.is_stale())
        .filter(|fault| wanted().is_none_or(|name| name == fault.name()))
        .map(|fault| Cell {
            act,
            operation,
            nth,
            fault,
        })
        .collect()
}

/// For every operation the first act that sends it and writes, and the first that sends it and only reads.
pub(crate) fn one_of_each(acts: &'static [Act]) -> Vec<Cell<'static>> {
    let operations: BTreeSet<&String> = acts.iter().flat_map(|act| act.requests.keys()).collect();
    let mut all = Vec::new();
    for operation in operations {
        for writes in [true, false] {
            let sends =
                |act: &&Act| act.verb.writes() == writes && act.requests.contains_key(operation);
            if let Some(act) = acts.iter().find(sends) {
                let last = act.requests[operation];
                for mut cell in cells(act, operation, 1) {
                    // A list is behind only of what was written before it.
                    if cell.fault.is_stale() {
                        cell.nth = last;
                    }
                    all.push(cell);
                }
            }
        }
    }
    all
}

/// Every fault at every request of every act, or the part of these that is asked for; and what of it is not played, a
/// line for each reason.
pub(crate) fn everything(acts: &'static [Act]) -> (Vec<Cell<'static>>, Vec<String>) {
    let asked_for = |act: &&Act| scenario().is_none_or(|name| name == act.scenario);
    let all = acts.iter().filter(asked_for).flat_map(|act| {
        act.requests
            .iter()
            .flat_map(move |(operation, count)| (1..=*count).map(move |nth| (operation, nth)))
            .flat_map(move |(operation, nth)| cells(act, operation, nth))
    });
    let asked: Vec<Cell<'static>> = all
        .enumerate()
        .filter(|(at, _)| part().is_none_or(|(which, of)| at % of == which - 1))
        .map(|(_, cell)| cell)
        .collect();
    let count = asked.len();
    let (keep, asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(keeps_the_router);
    let (ends, played): (Vec<_>, Vec<_>) = asked.into_iter().partition(ends_otherwise);
    let kept = format!(
        "·  {} of {count} cells, other-writer at a router in an act that removes one: their entry rightly keeps it",
        keep.len()
    );
    let ended = format!(
        "·  {} of {count} cells, operation-never where the scenario itself says how the operation ends: it has one end only",
        ends.len()
    );
    (played, vec![NEVER_STALE.to_owned(), kept, ended])
}

/// What somebody else puts into a router of ours that is about to go keeps the router, and the record that leads to it:
/// another end than that of an undisturbed run, and the right one, with something pending.
fn keeps_the_router(cell: &Cell<'_>) -> bool {
    let routers = |state: &serde_json::Value| -> Vec<String> {
        let things = state["compute"].as_object().into_iter().flatten();
        let paths = things.map(|(path, _)| path.clone());
        paths.filter(|path| path.contains("/routers/")).collect()
    };
    let after = routers(&cell.act.after);
    cell.fault == Fault::OtherWriter
        && cell.operation.starts_with("compute.routers.")
        && routers(&cell.act.before)
            .iter()
            .any(|path| !after.contains(path))
}

/// An operation that never ends does not end as the scenario ordered, either: what the next run finds is another end than
/// that of an undisturbed run.
fn ends_otherwise(cell: &Cell<'_>) -> bool {
    let orders_the_end = |fault: &serde_json::Value| {
        fault["match"]["operation"] == *cell.operation
            && fault["effect"]["operationError"].is_object()
    };
    cell.fault == Fault::OperationNever && cell.act.faults.iter().any(orders_the_end)
}

/// Plays them all.
pub(crate) async fn play(all: Vec<Cell<'static>>) -> Table {
    let (queue, table) = (
        Arc::new(Mutex::new(all.into_iter())),
        Arc::new(Mutex::new(Table::default())),
    );
    let workers = (0..WORKERS).map(|_| tokio::spawn(work(queue.clone(), table.clone())));
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    std::mem::take(&mut *table.lock().unwrap())
}

async fn work(queue: Arc<Mutex<std::vec::IntoIter<Cell<'static>>>>, table: Arc<Mutex<Table>>) {
    let cloud = Cloud::start().await.unwrap();
    loop {
        let Some(cell) = queue.lock().unwrap().next() else {
            return;
        };
        let outcome = cell.play(&cloud).await;
        let mut table = table.lock().unwrap();
        match outcome {
            Ok(outcome) => table.count(&cell, outcome),
            Err(wrong) => table.failures.push(wrong),
        }
    }
}

impl Table {
    fn count(&mut self, cell: &Cell<'_>, outcome: Outcome) {
        let counts = self
            .cells
            .entry((cell.operation.to_owned(), cell.fault))
            .or_default();
        *counts.entry(outcome).or_default() += 1;
    }

    fn sum(&self, admits: impl Fn(&str, Fault, Outcome) -> bool) -> usize {
        let counted = self.cells.iter().flat_map(|((operation, fault), counts)| {
            counts
                .iter()
                .map(move |(outcome, count)| (operation, *fault, *outcome, *count))
        });
        counted
            .filter(|(operation, fault, outcome, _)| admits(operation, *fault, *outcome))
            .map(|(.., count)| count)
            .sum()
    }

    /// Was this operation struck by this fault?
    pub(crate) fn has(&self, operation: &str, fault: Fault) -> bool {
        self.sum(|it, other, outcome| {
            it == operation && other == fault && outcome != Outcome::NotStruck
        }) > 0
    }

    /// How many cells were played, and ended in which way.
    pub(crate) fn total(&self, outcome: Outcome) -> usize {
        self.sum(|_, _, it| it == outcome)
    }

    /// Rows are operations, columns faults, and what is in between is the number of cells that were played.
    pub(crate) fn show(&self) -> String {
        let mut text = String::new();
        let operations: BTreeSet<&str> = self
            .cells
            .keys()
            .map(|(operation, _)| operation.as_str())
            .collect();
        let width = operations
            .iter()
            .map(|it| it.len())
            .max()
            .unwrap_or_default();
        let letters = ('a'..='z').take(Fault::ALL.len());
        let _ = write!(text, "{:width$}", "operation");
        for letter in letters.clone() {
            let _ = write!(text, "{letter:>5}");
        }
        text.push_str(
            "    sum
",
        );
        for operation in operations {
            let _ = write!(text, "{operation:width$}");
            for fault in Fault::ALL {
                let struck = self.sum(|it, other, outcome| {
                    it == operation && other == fault && outcome != Outcome::NotStruck
                });
                let cell = match (struck, fault.left_out(operation)) {
                    (0, Some(_)) => "·".to_owned(),
                    (count, _) => count.to_string(),
                };
                let _ = write!(text, "{cell:>5}");
            }
            let row = self.sum(|it, _, outcome| it == operation && outcome != Outcome::NotStruck);
            let _ = writeln!(text, "{row:>7}");
        }
        text.push('\n');
        for (letter, fault) in letters.zip(Fault::ALL) {
            let of = |outcome| self.sum(|_, other, it| other == fault && it == outcome);
            let _ = writeln!(
                text,
                "{letter}  {:<20} {:>6} came through in the same run, {:>6} with the next{}",
                fault.name(),
                of(Outcome::SameRun),
                of(Outcome::NextRun),
                match of(Outcome::LostAndTold) {
                    0 => String::new(),
                    lost => format!(", {lost} lost somebody's NAT entry and said so"),
                }
            );
        }
        text
    }
}

/// Why cells are empty: each reason once, with the faults and the sort of operation that it is about.
pub(crate) fn left_out() -> Vec<String> {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for operation in crate::operations::named_in_the_adapters() {
        for fault in Fault::ALL {
            if let Some(reason) = fault.left_out(&operation) {
                reasons.entry(reason).or_default().insert(fault.name());
            }
        }
    }
    let line = |(reason, faults): (&str, BTreeSet<&str>)| {
        let faults: Vec<&str> = faults.into_iter().collect();
        format!("·  {}: {reason}", faults.join(", "))
    };
    reasons.into_iter().map(line).collect()
}
