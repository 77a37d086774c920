//! Access modes: what a link needs in each. One file per mode; the match below is where a new one is missed.

mod private_google_access;

use std::collections::BTreeSet;

use crate::kinds::{Id, RegionalRef, Resource};
use crate::link::{Access, Link, NatChoice};
use crate::names::Installation;
use crate::world::World;

/// What one link needs, before wishes of several links are merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The things, each with what has to be in place before it.
    pub resources: Vec<(Resource, BTreeSet<Id>)>,
    /// The subnetwork whose traffic shall reach the internet by a NAT of ours, and how.
    pub nat: Option<(RegionalRef, NatChoice)>,
    /// The subnetwork that the source's traffic leaves from, when it is known.
    pub subnetwork: Option<RegionalRef>,
}

/// What `link` needs in its mode.
pub fn needs(link: &Link, world: &World, ours: &Installation) -> Needs {
    match link.access {
        Access::PrivateGoogleAccess => private_google_access::needs(link, world, ours),
    }
}
