//! What two worlds have to agree on that were reached by different ways.

use std::collections::BTreeMap;
use std::sync::Arc;

use privatelink_core::fake::State;
use privatelink_core::kinds::{LiveNat, LiveRouter, NatSources};

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
