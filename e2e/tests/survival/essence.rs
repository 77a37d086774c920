//! What two worlds have to agree on that were reached by different ways.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use privatelink_core::fake::State;
use privatelink_core::kinds::{LiveNat, LiveRouter, NatSources, RegionalRef, VpcAccess};

use crate::others::NOTE;
use crate::universe::UNIVERSE;

/// The world without versions, revision names and other people's notes.
pub(crate) fn essence(state: &State) -> State {
    let mut plain = state.clone();
    plain.serial = 0;
    plain.revisions.clear();
    plain.routers.values_mut().for_each(settle_nats);
    for service in plain.services.values_mut() {
        service.etag = Arc::from("");
        service.annotations.remove(NOTE);
        // Whether the newest revision serves is essential; what it is called is not.
        let settled = service.latest_ready == service.latest_created;
        // Each cloud has its own words for what does not start.
        service.failed = service.failed.take().map(|_| "it failed".to_owned());
        let name = if settled { "newest" } else { "older" };
        service.latest_ready = service.latest_ready.take().map(|_| name.into());
        service.latest_created = service.latest_created.take().map(|_| "newest".into());
    }
    plain
}

/// Which of our entries serves a subnetwork depends on which subnetwork was there first, and nobody notices.
fn settle_nats(router: &mut LiveRouter) {
    router.nats.sort_by(|a, b| a.name.cmp(&b.name));
    let ours = |nat: &&mut LiveNat| UNIVERSE.ours.made(nat.name.as_str());
    let mut served = BTreeMap::new();
    for nat in router.nats.iter_mut().filter(ours) {
        if let NatSources::Listed(listed) = &mut nat.sources {
            served.append(listed);
        }
    }
    if let Some(first) = router.nats.iter_mut().find(ours) {
        first.sources = NatSources::Listed(served);
    }
}

/// The world without what is ours and carries nobody: what a source has moved away from and no run has pruned.
pub(crate) fn without_unused(state: &State) -> State {
    let mut left = state.clone();
    let accesses = state.services.values();
    let accesses = accesses.filter_map(|service| service.vpc_access.as_ref());
    let used: BTreeSet<&RegionalRef> = accesses.filter_map(VpcAccess::connector).collect();
    let ours = |name: &str| UNIVERSE.ours.made(name);
    left.connectors
        .retain(|id, _| used.contains(id) || !ours(id.name.as_str()));
    let carrying: BTreeSet<RegionalRef> = left
        .connectors
        .values()
        .filter_map(|live| live.subnetwork.clone())
        .collect();
    left.subnetworks
        .retain(|id, live| carrying.contains(id) || live.mark.is_none());
    for router in left.routers.values_mut() {
        for nat in router.nats.iter_mut().filter(|nat| ours(nat.name.as_str())) {
            if let NatSources::Listed(listed) = &mut nat.sources {
                listed.retain(|id, _| left.subnetworks.contains_key(id));
            }
        }
        let empty =
            |nat: &LiveNat| matches!(&nat.sources, NatSources::Listed(listed) if listed.is_empty());
        router
            .nats
            .retain(|nat| !(ours(nat.name.as_str()) && empty(nat)));
    }
    left.routers
        .retain(|_, router| router.mark.is_none() || !router.nats.is_empty());
    left
}

/// The first few differences of two worlds, thing by thing.
pub(crate) fn differences(wanted: &State, found: &State) -> Vec<String> {
    let (wanted, found) = (things(wanted), things(found));
    let mut lines = Vec::new();
    for thing in wanted.iter().filter(|thing| !found.contains(thing)) {
        lines.push(format!("expected {thing}"));
    }
    for thing in found.iter().filter(|thing| !wanted.contains(thing)) {
        lines.push(format!("found    {thing}"));
    }
    lines.truncate(6);
    lines
}

fn things(state: &State) -> Vec<String> {
    let mut things = Vec::new();
    things.extend(state.subnetworks.values().map(|live| format!("{live:?}")));
    things.extend(state.addresses.values().map(|live| format!("{live:?}")));
    things.extend(state.routers.values().map(|live| format!("{live:?}")));
    things.extend(state.connectors.values().map(|live| format!("{live:?}")));
    things.extend(state.services.values().map(|live| format!("{live:?}")));
    things
}
