//! Whether everything has got back what it had before us.

use std::collections::BTreeSet;

use privatelink_core::fake::State;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::kinds::{RegionalRef, Service};
use privatelink_core::link::ServiceRef;
use privatelink_core::names::Mark;

use super::{Fine, guests, leads_to_what_is_left, ours};
use crate::universe::UNIVERSE;

/// Everything is as it was before us, apart from versions and revisions, and from what others did since.
pub(crate) fn restored(
    origin: &State,
    state: &State,
    rollout_failed: &BTreeSet<ServiceRef>,
) -> Fine {
    let plain = |service: &Service| {
        let mut plain = service.clone();
        plain.etag = "".into();
        (plain.latest_created, plain.latest_ready) = (None, None);
        plain.annotations.remove("team.example/note");
        // A container that did not start when it was given back what it had is for its team to mend.
        plain.failed = plain.failed.filter(|_| !rollout_failed.contains(&plain.id));
        plain
    };
    let mut ours_serves = false;
    for (id, was) in origin
        .services
        .iter()
        .filter(|(id, _)| !UNIVERSE.guests.contains(id))
    {
        let live = state.services.get(id);
        let mut now = live.map(plain);
        // What it had before us does not start, as it did not then, or for once when it was given back: the revision of
        // ours serves on until its team deploys another, and what it needs stays, with the record.
        let stuck = live.is_some_and(|live| live.failed.is_some())
            && (was.failed.is_some() || rollout_failed.contains(id))
            && !was.annotations.contains_key(EGRESS);
        if let Some(live) = now.as_mut().filter(|_| stuck) {
            ours_serves |= live.annotations.remove(EGRESS).is_some();
        }
        if let Some(live) = now
            .as_mut()
            .filter(|live| leads_to_what_is_left(state, live))
        {
            live.annotations.remove(EGRESS);
        }
        if now != Some(plain(was)) {
            return Err(format!("{} is not as it was: {was:#?} {now:#?}", id.name));
        }
    }
    // What such a revision needs is all that may be left, and it is all ours.
    let stripped = ours_serves.then(|| without_ours(state));
    let around = stripped.as_ref().unwrap_or(state);
    let same = origin.subnetworks == around.subnetworks
        && origin.addresses == around.addresses
        && origin.routers == around.routers
        && origin.connectors == around.connectors;
    if same || guests(state) {
        Ok(())
    } else {
        Err(format!(
            "something around the services is not as it was: {state:#?}"
        ))
    }
}

/// The state without what is ours.
fn without_ours(state: &State) -> State {
    let ours = |mark: &Option<Mark>| {
        mark.as_ref()
            .is_some_and(|mark| mark.installation == UNIVERSE.ours)
    };
    let mut state = state.clone();
    state.subnetworks.retain(|_, live| !ours(&live.mark));
    state.addresses.retain(|_, live| !ours(&live.mark));
    state.routers.retain(|_, live| !ours(&live.mark));
    for router in state.routers.values_mut() {
        router
            .nats
            .retain(|nat| !UNIVERSE.ours.made(nat.name.as_str()));
    }
    state
        .connectors
        .retain(|id, _| !UNIVERSE.ours.made(id.name.as_str()));
    state
}

/// Does somebody have a connector on it, or a NAT entry that lists it?
pub(super) fn used_by_others(state: &State, id: &RegionalRef) -> bool {
    let mut connectors = state.connectors.values();
    let mut nats = state.routers.values().flat_map(|router| &router.nats);
    connectors.any(|live| live.subnetwork.as_ref() == Some(id) && !ours(live.id.name.as_str()))
        || nats.any(|nat| !ours(nat.name.as_str()) && nat.listed().any(|it| it == id))
}
