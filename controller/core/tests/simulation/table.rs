//! What happened over a whole run: kind x action x outcome x fault, counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use privatelink_core::apply::Outcome;
use privatelink_core::cloud::Write;
use privatelink_core::fake::{Entry, Fault};
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;
use privatelink_core::kinds::{Id, Kind};
use privatelink_core::plan::Action;
use privatelink_core::report::Report;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ended {
    /// Decided, and nothing was to be sent.
    Decided,
    Done,
    Failed,
    Skipped,
    Interrupted,
}

/// Why it did not just work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    Nothing,
    /// The cloud refused it by its own rules.
    Refused,
    Transient,
    Denied,
    Quota,
    LostReply,
    Crash,
    Overtaken,
    /// Its operation ended in an error.
    Fails,
    /// Its connector is in ERROR.
    Breaks,
    Unending,
    LostUpdate,
    /// A list could not be read.
    Unreadable,
    /// A region of an aggregated list could not be reached.
    Unreachable,
    /// A list was out of date.
    Stale,
}

type Cell = (Kind, Action, Ended, Cause);

#[derive(Debug, Default, Clone)]
pub(crate) struct Table(BTreeMap<Cell, usize>);

impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Transient => Self::Transient,
            Fault::Denied => Self::Denied,
            Fault::Quota => Self::Quota,
            Fault::LostReply => Self::LostReply,
            Fault::Crash => Self::Crash,
            Fault::Overtaken => Self::Overtaken,
            Fault::Fails => Self::Fails,
            Fault::Breaks => Self::Breaks,
            Fault::Unending => Self::Unending,
            Fault::LostUpdate => Self::LostUpdate,
        }
    }
}

fn cell(entry: &Entry) -> Cell {
    let (kind, action) = subject(entry);
    match entry.fault {
        // The cloud had refused it before anything else could go wrong with it.
        Some(fault) if comes_after_the_rules(fault) && Arc::ptr_eq(&entry.before, &entry.after) => {
            (kind, action, Ended::Failed, Cause::Refused)
        }
        Some(Fault::Crash) => (kind, action, Ended::Interrupted, Cause::Crash),
        Some(fault) => (kind, action, Ended::Failed, fault.into()),
        None if entry.result.is_err() => (kind, action, Ended::Failed, Cause::Refused),
        None => (kind, action, Ended::Done, Cause::Nothing),
    }
}

/// Does the cloud look at the write before this happens to it?
fn comes_after_the_rules(fault: Fault) -> bool {
    match fault {
        Fault::Transient | Fault::Denied | Fault::Quota | Fault::Overtaken => false,
        Fault::LostReply
        | Fault::Crash
        | Fault::Fails
        | Fault::Breaks
        | Fault::Unending
        | Fault::LostUpdate => true,
    }
}

/// What is written, the rarer the oftener.
pub(crate) const SORTS: &[(usize, &str)] = &[
    (5, "SetPrivateGoogleAccess"),
    (6, "UpdateConnector"),
    (5, "DeleteAddress"),
    (3, "DeleteRouter"),
    (2, "DeleteNat"),
    (6, "PutNat"),
    (4, "CreateAddress"),
    (1, "CreateRouter"),
    (1, "CreateSubnetwork"),
    (2, "DeleteSubnetwork"),
    (2, "CreateConnector"),
    (2, "DeleteConnector"),
    (1, "PatchService"),
];

fn subject(entry: &Entry) -> (Kind, Action) {
    let kind = entry.write.id().kind();
    match &entry.write {
        Write::CreateSubnetwork(..)
        | Write::CreateAddress(..)
        | Write::CreateRouter(..)
        | Write::CreateConnector(_) => (kind, Action::Create),
        Write::DeleteSubnetwork(_)
        | Write::DeleteAddress(_)
        | Write::DeleteRouter(_)
        | Write::DeleteNat(_)
        | Write::DeleteConnector(_) => (kind, Action::Delete),
        Write::PutNat(wanted) | Write::PutNats(wanted, _) => {
            let there = entry.asked.get(&Id::Nat(wanted.id.clone())).is_some();
            (
                kind,
                if there {
                    Action::Update
                } else {
                    Action::Create
                },
            )
        }
        Write::SetPrivateGoogleAccess(..) | Write::UpdateConnector(_) => (kind, Action::Update),
        Write::PatchService(patch) => {
            let live = entry.asked.services.get(&patch.service);
            let ingress = live.and_then(|live| live.annotations.get(INGRESS))
                != patch.annotations.get(INGRESS);
            (
                if ingress && patch.vpc_access.is_none() {
                    Kind::ServiceIngress
                } else {
                    kind
                },
                Action::Update,
            )
        }
    }
}

impl Table {
    fn count(&mut self, cell: Cell) {
        *self.0.entry(cell).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (cell, count) in other.0 {
            *self.0.entry(cell).or_default() += count;
        }
    }

    /// Counts what a turn sent, and what its report says besides.
    pub(crate) fn record(&mut self, journal: &[Entry], report: Option<&Report>, read: Cause) {
        for entry in journal {
            self.count(cell(entry));
        }
        let Some(report) = report else { return };
        for step in &report.steps {
            match &step.outcome {
                None if !step.action.writes() => {
                    self.count((step.kind, step.action, Ended::Decided, read));
                }
                // It met no fault of its own.
                Some(Outcome::Skipped { .. }) => {
                    self.count((step.kind, step.action, Ended::Skipped, Cause::Nothing));
                }
                None | Some(Outcome::Done | Outcome::Failed { .. }) => {}
            }
        }
    }

    /// Every cell that can happen and did not.
    pub(crate) fn empty(&self) -> Vec<Cell> {
        all()
            .filter(|cell| !self.0.contains_key(cell))
            .filter(|cell| impossible(*cell).is_none())
            .collect()
    }

    /// Every cell that is said to be impossible and happened.
    pub(crate) fn surprising(&self) -> Vec<Cell> {
        self.0
            .keys()
            .copied()
            .filter(|cell| impossible(*cell).is_some())
            .collect()
    }
}

fn all() -> impl Iterator<Item = Cell> {
    use Cause::{
        Breaks, Crash, Denied, Fails, LostReply, LostUpdate, Nothing, Overtaken, Quota, Refused,
        Stale, Transient, Unending, Unreachable, Unreadable,
    };
    let sent = [
        (Ended::Done, Nothing),
        (Ended::Failed, Refused),
        (Ended::Failed, Transient),
        (Ended::Failed, Denied),
        (Ended::Failed, Quota),
        (Ended::Failed, LostReply),
        (Ended::Failed, Overtaken),
        (Ended::Failed, Fails),
        (Ended::Failed, Breaks),
        (Ended::Failed, Unending),
        (Ended::Failed, LostUpdate),
        (Ended::Interrupted, Crash),
        (Ended::Skipped, Nothing),
    ];
    let decided = [
        (Ended::Decided, Nothing),
        (Ended::Decided, Unreadable),
        (Ended::Decided, Unreachable),
        (Ended::Decided, Stale),
    ];
    Kind::ALL.into_iter().flat_map(move |kind| {
        Action::ALL.into_iter().flat_map(move |action| {
            let ends = if action.writes() {
                &sent[..]
            } else {
                &decided[..]
            };
            let cells = ends
                .iter()
                .map(|(ended, cause)| (kind, action, *ended, *cause));
            cells.collect::<Vec<_>>()
        })
    })
}

/// Why a cell cannot happen.
fn impossible((kind, action, ended, cause): Cell) -> Option<&'static str> {
    match (kind, cause) {
        (Kind::Connector, Cause::Breaks) if action != Action::Delete => {}
        (_, Cause::Breaks) => return Some("only a connector that is made or changed breaks"),
        (Kind::Nat, Cause::LostUpdate) => {}
        (_, Cause::LostUpdate) => return Some("only a router's list is written by several"),
        _ => {}
    }
    if let (Kind::Router | Kind::Nat, Action::Delete, Cause::Refused) = (kind, action, cause) {
        return Some("the cloud refuses neither, and of what is not there both are done");
    }
    match (kind, action, ended) {
        (Kind::Route | Kind::Revision, _, _) => Some("it is only read, and no step speaks of it"),
        (Kind::Network, Action::Create | Action::Update | Action::Delete | Action::Wait, _) => {
            Some("a network is only looked for")
        }
        (Kind::Address | Kind::Router, Action::Update, _) => Some("no field of it is managed"),
        (Kind::ServiceEgress | Kind::ServiceIngress, Action::Create | Action::Delete, _) => {
            Some("services belong to their teams")
        }
        (Kind::Subnetwork, Action::Update, Ended::Skipped) => {
            Some("nothing that we make comes before it")
        }
        (Kind::ServiceIngress, Action::Update, Ended::Skipped) => {
            Some("it is tightened in a pass of its own, and loosened before everything else")
        }
        _ => None,
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((kind, action, ended, cause), count) in &self.0 {
            let (ended, cause) = (format!("{ended:?}"), format!("{cause:?}"));
            writeln!(
                out,
                "{:14} {:8} {ended:12} {cause:11} {count:>8}",
                kind.name(),
                action.word()
            )?;
        }
        Ok(())
    }
}
