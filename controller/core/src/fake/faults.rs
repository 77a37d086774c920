//! What may go wrong between us and the cloud.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cloud::Write;

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
}

/// What happens to one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ReadFault {
    /// It fails.
    Unreadable,
    /// A list shows the state of this many writes ago.
    Stale(usize),
    /// Our process ends while it waits for the answer.
    Crash,
}

/// When what goes wrong: calls are counted from 0, reads and writes apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// By number of the write.
    pub writes: BTreeMap<usize, Fault>,
    /// By what is written, such as `UpdateConnector`: every write of that sort.
    pub sorts: BTreeMap<&'static str, Fault>,
    /// By number of the read.
    pub reads: BTreeMap<usize, ReadFault>,
    /// Reads before which somebody else acts.
    pub meddling: BTreeSet<usize>,
    /// Writes before which somebody else acts.
    pub interference: BTreeSet<usize>,
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
        Write::PutNat(_) => "PutNat",
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
