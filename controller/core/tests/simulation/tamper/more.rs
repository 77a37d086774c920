//! More that others do: to annotations, revisions, routes and NAT entries.

use super::*;

pub(crate) fn drop_annotation(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    let key = *rng.pick(&["privatelink.dev/egress", "privatelink.dev/ingress"]);
    state.services.get_mut(&id)?.annotations.remove(key)?;
    state.touch(&id);
    Some(())
}

pub(crate) fn drop_annotations(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    state
        .services
        .get_mut(&id)?
        .annotations
        .retain(|key, _| !key.starts_with("privatelink.dev/"));
    state.touch(&id);
    Some(())
}

pub(crate) fn annotate_other(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    annotate_for_others(state.services.get_mut(&id)?, rng);
    state.touch(&id);
    Some(())
}

pub(crate) fn deploy_failure(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    let access = state.services.get(&id)?.vpc_access.clone();
    state.deploy(&id, access, Some("the container did not start".into()));
    state.touch(&id);
    Some(())
}

pub(crate) fn pin_traffic(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    pin(state, &id, rng);
    Some(())
}

pub(crate) fn unpin_traffic(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    state.services.get_mut(&id)?.traffic.clear();
    state.touch(&id);
    Some(())
}

pub(crate) fn drop_nat(state: &mut State, rng: &mut Rng) -> Option<()> {
    let ours = |nat: &LiveNat| UNIVERSE.ours.made(nat.name.as_str());
    let holders: Vec<RegionalRef> = state
        .routers
        .values()
        .filter(|r| r.nats.iter().any(ours))
        .map(|r| r.id.clone())
        .collect();
    if holders.is_empty() {
        return None;
    }
    let router = state.routers.get_mut(rng.pick(&holders))?;
    router.nats.retain(|nat| !ours(nat));
    Some(())
}

pub(crate) fn change_nat(state: &mut State, rng: &mut Rng) -> Option<()> {
    let nats = state
        .routers
        .values_mut()
        .flat_map(|router| &mut router.nats);
    let nat = nats
        .into_iter()
        .find(|nat| UNIVERSE.ours.made(nat.name.as_str()))?;
    match rng.below(3) {
        0 => nat.min_ports_per_vm = Some(1024),
        1 => nat.addresses = NatAddresses::Auto,
        _ => {
            let NatSources::Listed(listed) = &mut nat.sources else {
                return None;
            };
            *listed.values_mut().next()? = BTreeSet::from(["PRIMARY_IP_RANGE".to_owned()]);
        }
    }
    Some(())
}

pub(crate) fn drop_router(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_router(state, rng)?;
    state.routers.remove(&id).map(drop)
}

pub(crate) fn switch_off(state: &mut State, rng: &mut Rng) -> Option<()> {
    let unserved =
        |id: &&RegionalRef| UNIVERSE.ours.made(id.name.as_str()) && state.nat_serving(id).is_none();
    let made: Vec<&RegionalRef> = state.subnetworks.keys().filter(unserved).collect();
    let id = if made.is_empty() {
        team("spare")
    } else {
        (*rng.pick(&made)).clone()
    };
    if state.nat_serving(&id).is_some() {
        return None;
    }
    state.subnetworks.get_mut(&id)?.private_google_access = false;
    Some(())
}

/// Somebody edits an entry of ours.
pub(crate) fn edit_nat(state: &mut State, rng: &mut Rng) {
    let _done = change_nat(state, rng);
}

/// Somebody sends from an address that a link may name.
pub(crate) fn take_address(state: &mut State, rng: &mut Rng) {
    let _done = use_address(state, rng);
}

/// Somebody switches Private Google Access off wherever that is possible.
pub(crate) fn switch_all_off(state: &mut State) {
    let unserved: Vec<RegionalRef> = state
        .subnetworks
        .keys()
        .filter(|id| state.nat_serving(id).is_none())
        .cloned()
        .collect();
    for id in unserved
        .iter()
        .filter(|id| UNIVERSE.ours.made(id.name.as_str()))
    {
        if let Some(live) = state.subnetworks.get_mut(id) {
            live.private_google_access = false;
        }
    }
}

pub(crate) fn drop_connector(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_connector(state, rng)?;
    state.connectors.remove(&id).map(drop)
}

pub(crate) fn fail_connector(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_connector(state, rng)?;
    state.connectors.get_mut(&id)?.state = ConnectorState::Error;
    Some(())
}

pub(crate) fn grow_connector(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_connector(state, rng)?;
    let live = state.connectors.get_mut(&id)?;
    (live.state == ConnectorState::Ready && live.max_instances < 10).then_some(())?;
    live.max_instances += 1;
    Some(())
}

pub(crate) fn drop_subnetwork(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_subnetwork(state, rng)?;
    let used = state
        .connectors
        .values()
        .any(|live| live.subnetwork.as_ref() == Some(&id));
    let listed = state
        .routers
        .values()
        .flat_map(|r| &r.nats)
        .any(|nat| nat.listed().any(|l| *l == id));
    (!used && !listed).then_some(())?;
    state.subnetworks.remove(&id).map(drop)
}

/// Somebody makes our subnetwork theirs: the mark is gone.
pub(crate) fn take_subnetwork(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_subnetwork(state, rng)?;
    state.subnetworks.get_mut(&id)?.mark = None;
    Some(())
}

pub(crate) fn take_router(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_router(state, rng)?;
    state.routers.get_mut(&id)?.mark = None;
    Some(())
}

pub(crate) fn delete_service(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    rng.percent(30).then_some(())?;
    state.services.remove(&id).map(drop)
}

pub(crate) fn reroute(state: &mut State, rng: &mut Rng) -> Option<()> {
    rng.percent(40).then_some(())?;
    let route = state.routes.first_mut()?;
    route.next_hop = match &route.next_hop {
        NextHop::DefaultInternetGateway => NextHop::Other("vpn".into()),
        NextHop::Other(_) => NextHop::DefaultInternetGateway,
    };
    Some(())
}
