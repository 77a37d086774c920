//! Cloud Routers: the place where NAT entries live. Ours is one per network and region.
//!
//! A router has no fingerprint, and the list of its NAT entries is one field: whoever writes the list
//! last wins (`docs/reference/google-cloud.md#router-patch`). So entries are nodes of their own
//! ([`super::nat`]), and the writer keeps everybody else's byte for byte.

use serde::Serialize;

use crate::kinds::RegionalRef;
use crate::kinds::nat::LiveNat;
use crate::link::NetworkRef;
use crate::names::Mark;

/// Google allows this many routers per network and region (`docs/reference/google-cloud.md#nat-limits`).
pub const ROUTERS_PER_NETWORK_AND_REGION: usize = 5;

/// A router as we want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Router {
    /// Which one.
    pub id: RegionalRef,
    /// The network that it serves.
    pub network: NetworkRef,
}

/// A router as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveRouter {
    /// Which one.
    pub id: RegionalRef,
    /// The network that it serves.
    pub network: NetworkRef,
    /// The mark in its description, if it carries one.
    pub mark: Option<Mark>,
    /// All of its NAT entries, everybody's, in the order in which Google lists them.
    pub nats: Vec<LiveNat>,
    /// Are there interfaces or BGP sessions in it? Those are never ours, and would go with it.
    pub has_peers: bool,
}

impl Router {
    /// What there is once it is made: a router without entries.
    pub fn made(&self, mark: &Mark) -> LiveRouter {
        LiveRouter {
            id: self.id.clone(),
            network: self.network.clone(),
            mark: Some(mark.clone()),
            nats: Vec::new(),
            has_peers: false,
        }
    }
}

impl LiveRouter {
    /// Puts an entry in the place of the one with its name, or at the end.
    pub fn put(&mut self, entry: LiveNat) {
        match self.nats.iter_mut().find(|nat| nat.name == entry.name) {
            Some(nat) => *nat = entry,
            None => self.nats.push(entry),
        }
    }
}
