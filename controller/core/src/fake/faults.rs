//! What may go wrong between us and the cloud.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cloud::{Scope, Write};
use crate::kinds::Id;

/// The entry of somebody's that is gone after [`Fault::LostUpdate`].
pub const LOST_ENTRY: &str = "somebodys-nat";

/// Who wrote it, which is all that Google's record of operations tells.
pub const OTHER_WRITER: &str = "somebody@example.com";

/// What happens to one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Fault {
    /// It never arrives.
    Transient,
    /// It is not allowed.
    Denied,
    /// A quota is used up.
    Quota,
    /// It is carried out, and nobody hears of it.
    LostReply,
    /// Our process ends while it is on its way; the cloud goes on with it.
    Crash,
    /// Somebody was faster: it is refused as a conflict, or because the thing is in use.
    Overtaken,
    /// It is taken on, and its operation ends in an error. Nothing has changed then, but that a service keeps what was
    /// written, with a new revision that does not become ready, and that a connector which could not be made is there
    /// in ERROR.
    Fails,
    /// It is taken on, and its connector goes to ERROR and holds its name.
    Breaks,
    /// It is taken on, and its operation does not end for as long as we wait. It ends before [`Fake::restart`]
    /// returns, and goes on through [`Fake::restart_at_once`].
    ///
    /// [`Fake::restart`]: crate::fake::Fake::restart
    /// [`Fake::restart_at_once`]: crate::fake::Fake::restart_at_once
    Unending,
    /// Somebody wrote a router's list at the same time: our change is there, and [`LOST_ENTRY`] of theirs is not. What
    /// is told names [`OTHER_WRITER`], not the entry: nobody has read it.
    LostUpdate,
}

/// What happens to one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ReadFault {
    /// It fails.
    Unreadable,
    /// A list shows the state of this many writes ago.
    Stale(usize),
    /// An aggregated list calls every region unreachable. Other lists and single reads have no such answer.
    Unreachable,
    /// Our process ends while it waits for the answer.
    Crash,
}

/// When what goes wrong: calls are counted from 0, reads and writes apart. Waiting for a thing is a read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// By number of the write.
    pub writes: BTreeMap<usize, Fault>,
    /// By what is written, such as `UpdateConnector`: every write of that sort.
    pub sorts: BTreeMap<&'static str, Fault>,
    /// By number of the read.
    pub reads: BTreeMap<usize, ReadFault>,
    /// Lists that cannot be read at all.
    pub unread: BTreeSet<Scope>,
    /// Lists that go on showing what was there when these faults were set.
    pub behind: BTreeSet<Scope>,
    /// Every waiting for a thing, whatever its number.
    pub settling: Option<ReadFault>,
    /// Reads before which somebody else acts.
    pub meddling: BTreeSet<usize>,
    /// Writes before which somebody else acts.
    pub interference: BTreeSet<usize>,
    /// Sorts of writes: at the first of each, somebody is faster by a moment, and knows what it is.
    pub rivals: BTreeSet<&'static str>,
}

/// One call at the port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// A list.
    List(Scope),
    /// One thing, read again.
    Get(Id),
    /// Waiting until nothing works on a thing any more.
    Settle(Id),
    /// A write, by its [`sort`].
    Write(&'static str),
}

/// The sort of a write, by its name in [`Write`].
pub fn sort(write: &Write) -> &'static str {
    match write {
        Write::CreateSubnetwork(..) => "CreateSubnetwork",
        Write::SetPrivateGoogleAccess(..) => "SetPrivateGoogleAccess",
        Write::DeleteSubnetwork(_) => "DeleteSubnetwork",
        Write::CreateAddress(..) => "CreateAddress",
        Write::DeleteAddress(_) => "DeleteAddress",
        Write::CreateRouter(..) => "CreateRouter",
        Write::DeleteRouter(_) => "DeleteRouter",
        Write::PutNat(_) | Write::PutNats(..) => "PutNat",
        Write::DeleteNat(_) => "DeleteNat",
        Write::CreateConnector(_) => "CreateConnector",
        Write::UpdateConnector(_) => "UpdateConnector",
        Write::DeleteConnector(_) => "DeleteConnector",
        Write::PatchService(_) => "PatchService",
    }
}

impl Faults {
    /// Does nothing go wrong?
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}
