//! What goes wrong in a run: one thing at one call, or one thing for a whole turn.

use std::collections::BTreeSet;

use privatelink_core::cloud::Scope;
use privatelink_core::fake::{Call, Fault, Faults, ReadFault};

use crate::others::Other;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// One read.
    Read(ReadFault),
    /// Somebody acts just before one read.
    BeforeRead(Other),
    /// One write.
    Write(Fault),
    /// The process is killed while one write is on its way, and the next one begins before that has ended.
    KilledAtOnce,
    /// The process is killed while one write is on its way, and the next one cannot wait for its end: that fails, or it
    /// is killed as well.
    KilledAndUnsettled(ReadFault),
    /// Somebody acts between our last read and one write.
    BeforeWrite(Other),
    /// Every write of one sort, for a whole turn.
    Lasting(Fault),
    /// One list, for a whole turn.
    LastingUnread,
    /// One list shows for a whole turn what was there when it began.
    LastingStale,
}

impl Trouble {
    /// In the order of the columns.
    pub(crate) const ALL: &[Self] = &[
        Self::Read(ReadFault::Unreadable),
        Self::Read(ReadFault::Unreachable),
        Self::Read(ReadFault::Stale(1)),
        Self::Read(ReadFault::Stale(3)),
        Self::Read(ReadFault::Crash),
        Self::BeforeRead(Other::Deploys),
        Self::BeforeRead(Other::AddsNat),
        Self::BeforeRead(Other::Resizes),
        Self::BeforeRead(Other::Undoes),
        Self::LastingUnread,
        Self::LastingStale,
        Self::Write(Fault::Transient),
        Self::Write(Fault::Denied),
        Self::Write(Fault::Quota),
        Self::Write(Fault::LostReply),
        Self::Write(Fault::Crash),
        Self::KilledAtOnce,
        Self::KilledAndUnsettled(ReadFault::Unreadable),
        Self::KilledAndUnsettled(ReadFault::Crash),
        Self::Write(Fault::Overtaken),
        Self::Write(Fault::Fails),
        Self::Write(Fault::Breaks),
        Self::Write(Fault::Unending),
        Self::Write(Fault::LostUpdate),
        Self::BeforeWrite(Other::Deploys),
        Self::BeforeWrite(Other::AddsNat),
        Self::BeforeWrite(Other::Resizes),
        Self::BeforeWrite(Other::Undoes),
        Self::Lasting(Fault::Denied),
        Self::Lasting(Fault::Quota),
        Self::Lasting(Fault::Transient),
    ];

    /// The head of its column, and what it is.
    pub(crate) fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Read(ReadFault::Unreadable) => ("unread", "a list or a read fails"),
            Self::Read(ReadFault::Unreachable) => {
                ("unreac", "an aggregated list calls its regions unreachable")
            }
            Self::Read(ReadFault::Stale(1)) => {
                ("stale1", "a list shows the state of one write ago")
            }
            Self::Read(ReadFault::Stale(_)) => {
                ("stale3", "a list shows the state of three writes ago")
            }
            Self::Read(ReadFault::Crash) => ("rkill", "the process is killed at a read"),
            Self::BeforeRead(Other::Deploys) => {
                ("rdeplo", "before a read, teams deploy their services again")
            }
            Self::BeforeRead(Other::AddsNat) => (
                "raddna",
                "before a read, somebody adds a NAT entry to every router",
            ),
            Self::BeforeRead(Other::Resizes) => (
                "rresiz",
                "before a read, somebody gives our connectors another machine type",
            ),
            Self::BeforeRead(Other::Undoes) => {
                ("rundo", "before a read, somebody undoes what was applied")
            }
            Self::LastingUnread => ("LISTS", "a list is denied for a whole turn"),
            Self::LastingStale => (
                "STALE",
                "a list shows for a whole turn what was there when it began",
            ),
            Self::Write(Fault::Transient) => ("transi", "a write never arrives"),
            Self::Write(Fault::Denied) => ("denied", "a write is not allowed"),
            Self::Write(Fault::Quota) => ("quota", "a write meets a used-up quota"),
            Self::Write(Fault::LostReply) => {
                ("lost", "a write is carried out and its reply is lost")
            }
            Self::Write(Fault::Crash) => (
                "wkill",
                "the process is killed at a write, which ends before the next process begins",
            ),
            Self::KilledAtOnce => (
                "wkill0",
                "the process is killed at a write, which still runs when the next one begins",
            ),
            Self::KilledAndUnsettled(ReadFault::Crash) => (
                "wkill2",
                "the same, and the next one is killed while it waits for that",
            ),
            Self::KilledAndUnsettled(_) => (
                "wkill1",
                "the same, and the next one cannot see whether that has ended",
            ),
            Self::Write(Fault::Overtaken) => {
                ("overta", "a write is refused, because somebody was faster")
            }
            Self::Write(Fault::Fails) => ("opfail", "an operation ends in an error"),
            Self::Write(Fault::Breaks) => {
                ("conerr", "a connector goes to ERROR and holds its name")
            }
            Self::Write(Fault::Unending) => (
                "noend",
                "an operation does not end while we wait, and still runs in the next turn",
            ),
            Self::Write(Fault::LostUpdate) => (
                "lostup",
                "somebody writes a router's list at the same time, and their entry is lost",
            ),
            Self::BeforeWrite(Other::Deploys) => (
                "wdeplo",
                "between our read and our write, teams deploy their services again",
            ),
            Self::BeforeWrite(Other::AddsNat) => (
                "waddna",
                "between our read and our write, somebody adds a NAT entry to every router",
            ),
            Self::BeforeWrite(Other::Resizes) => (
                "wresiz",
                "between our read and our write, somebody gives our connectors another machine type",
            ),
            Self::BeforeWrite(Other::Undoes) => (
                "wundo",
                "between our read and our write, somebody undoes what was applied",
            ),
            Self::Lasting(Fault::Denied) => {
                ("DENIED", "every write of a sort is denied for a whole turn")
            }
            Self::Lasting(Fault::Quota) => (
                "QUOTA",
                "every write of a sort meets a used-up quota for a whole turn",
            ),
            Self::Lasting(_) => ("TRANSI", "no write of a sort arrives for a whole turn"),
        }
    }

    /// Can it happen at this call?
    pub(crate) fn can_meet(self, call: &Call) -> bool {
        match (self, call) {
            (Self::Read(ReadFault::Unreachable), Call::List(scope)) => matches!(
                scope,
                Scope::Subnetworks(_) | Scope::Addresses(_) | Scope::Routers(_)
            ),
            (Self::Read(ReadFault::Stale(_)) | Self::LastingUnread | Self::LastingStale, call) => {
                matches!(call, Call::List(_))
            }
            (Self::Read(ReadFault::Unreadable | ReadFault::Crash) | Self::BeforeRead(_), call) => {
                matches!(call, Call::List(_) | Call::Get(_) | Call::Settle(_))
            }
            // Only these are waited for: what the next process finds is being changed, and shows it.
            (Self::KilledAndUnsettled(_), Call::Write(sort)) => matches!(
                *sort,
                "CreateConnector" | "UpdateConnector" | "DeleteConnector" | "PatchService"
            ),
            (Self::Read(ReadFault::Unreachable) | Self::KilledAndUnsettled(_), _) => false,
            (Self::Write(Fault::Breaks), Call::Write(sort)) => {
                matches!(*sort, "CreateConnector" | "UpdateConnector")
            }
            (Self::Write(Fault::LostUpdate), Call::Write(sort)) => {
                matches!(*sort, "PutNat" | "DeleteNat")
            }
            (
                Self::Write(_) | Self::KilledAtOnce | Self::BeforeWrite(_) | Self::Lasting(_),
                call,
            ) => {
                matches!(call, Call::Write(_))
            }
        }
    }

    /// Does it last for a whole turn?
    pub(crate) fn lasts(self) -> bool {
        matches!(
            self,
            Self::Lasting(_) | Self::LastingUnread | Self::LastingStale
        )
    }

    /// Does what a killed process began go on beside the next one?
    pub(crate) fn goes_on(self) -> bool {
        matches!(self, Self::KilledAtOnce | Self::KilledAndUnsettled(_))
    }

    /// Who else acts, if anybody does.
    pub(crate) fn other(self) -> Option<Other> {
        match self {
            Self::BeforeRead(other) | Self::BeforeWrite(other) => Some(other),
            Self::Read(_)
            | Self::Write(_)
            | Self::KilledAtOnce
            | Self::KilledAndUnsettled(_)
            | Self::Lasting(_)
            | Self::LastingUnread
            | Self::LastingStale => None,
        }
    }

    /// It at this call: the number of the read or of the write.
    pub(crate) fn at(self, number: usize, call: &Call) -> Faults {
        let mut faults = Faults::default();
        match (self, call) {
            (Self::Read(fault), _) => drop(faults.reads.insert(number, fault)),
            (Self::BeforeRead(_), _) => drop(faults.meddling.insert(number)),
            (Self::Write(fault), _) => drop(faults.writes.insert(number, fault)),
            (Self::KilledAtOnce | Self::KilledAndUnsettled(_), _) => {
                faults.writes.insert(number, Fault::Crash);
            }
            (Self::BeforeWrite(_), _) => drop(faults.interference.insert(number)),
            (Self::Lasting(fault), Call::Write(sort)) => drop(faults.sorts.insert(sort, fault)),
            (Self::LastingUnread, Call::List(scope)) => {
                faults.unread = BTreeSet::from([scope.clone()]);
            }
            (Self::LastingStale, Call::List(scope)) => {
                faults.behind = BTreeSet::from([scope.clone()]);
            }
            (Self::Lasting(_) | Self::LastingUnread | Self::LastingStale, _) => {}
        }
        faults
    }
}

/// Every call that the port has and that our turns make. A router is read again for its NAT entries too.
pub(crate) const CALLS: &[&str] = &[
    "list networks",
    "list routes",
    "list subnetworks",
    "list addresses",
    "list routers",
    "list connectors",
    "list services",
    "get Subnetwork",
    "get Address",
    "get Router",
    "get Nat",
    "get Connector",
    "get Revision",
    "CreateSubnetwork",
    "SetPrivateGoogleAccess",
    "DeleteSubnetwork",
    "CreateAddress",
    "DeleteAddress",
    "CreateRouter",
    "DeleteRouter",
    "PutNat",
    "DeleteNat",
    "CreateConnector",
    "UpdateConnector",
    "DeleteConnector",
    "PatchService",
];

/// A row of the second table: what is called.
pub(crate) fn kind(call: &Call) -> String {
    match call {
        Call::List(scope) => {
            let words = scope.to_string();
            format!("list {}", words.split(' ').next().unwrap_or_default())
        }
        Call::Get(id) => format!("get {}", id.kind().name()),
        Call::Settle(id) => format!("settle {}", id.kind().name()),
        Call::Write(sort) => (*sort).to_owned(),
    }
}
