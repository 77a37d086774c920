//! Links that lead to a destination and take no part in this turn: nothing is closed before their paths work, either.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::ids::LinkName;
use crate::kinds::Resource;
use crate::link::{Deletion, Link, ServiceRef};
use crate::modes;
use crate::names::Installation;
use crate::path::{self, Verdict};
use crate::plan::former_egress::vpc_access;
use crate::standing::Standing;
use crate::world::World;

use super::Caller;

/// Links that are suspended and whose path does not work, with what is wrong, by destination. One that contradicts another
/// disturbs nobody, and is not waited for (`docs/decisions/0027-who-counts-as-a-caller.md`).
pub(crate) struct Aside(BTreeMap<ServiceRef, String>);

impl Aside {
    pub(crate) fn new(
        links: &[Link],
        standings: &BTreeMap<LinkName, Standing>,
        world: &World,
        ours: &Installation,
    ) -> Self {
        let broken = links.iter().filter_map(|link| {
            if standings.get(&link.name) != Some(&Standing::Suspended) {
                return None;
            }
            let needs = modes::needs(link, world, ours);
            let wanted = needs.resources.iter().find_map(|(it, _)| match it {
                Resource::ServiceEgress(wanted) => Some(wanted.vpc_access()),
                _ => None,
            })?;
            let trace = path::trace(link, &wanted, world);
            let hop = trace.root_cause()?;
            let why = format!("{}, which is suspended: {}", link.name, hop.found);
            Some((link.destination.clone(), why))
        });
        Self(broken.collect())
    }

    /// What is wrong with the path of one that leads to this destination.
    pub(crate) fn unproven(&self, destination: &ServiceRef) -> Option<String> {
        self.0.get(destination).cloned()
    }
}

/// Why a remembered link that takes no part would be cut off from a destination that is closed, as far as records tell.
pub(crate) fn outside(context: &Context<'_>, destination: &ServiceRef) -> Option<String> {
    let mut remembered = context.callers.of(destination).iter();
    remembered.find_map(|caller| still_outside(context, caller))
}

/// Why the source of a remembered link may come by a way that is closed, as far as its record tells.
fn still_outside(context: &Context<'_>, caller: &Caller<'_>) -> Option<String> {
    let record = caller.record?;
    let link = record.links.get(&caller.link)?;
    // Where it goes now is its team's matter.
    if link.deletion == Some(Deletion::Abandon) {
        return None;
    }
    let name = &caller.link;
    if link.digest.is_empty() {
        return Some(format!(
            "{name}: its source is not led into the network yet"
        ));
    }
    let wanted = record.wrote.as_ref().and_then(vpc_access)?;
    let (verdict, _, found) = path::leaves(caller.source, &wanted, context.world).err()?;
    // Of the services of other sets not every revision is read.
    let known = verdict == Verdict::Fail || record.installation == *context.ours;
    known.then(|| format!("{name}: {found}"))
}
