//! Somebody who is faster by a moment, so that the rules refuse what we send.

use privatelink_core::cloud::Write;
use privatelink_core::kinds::{LiveAddress, Nat, Router, Subnetwork};

use super::*;

/// Does what stands in the way of this very write, where anything can.
pub(crate) fn outrun(state: &mut State, write: &Write) {
    match write {
        Write::CreateSubnetwork(wanted, _) => make_subnetwork(state, wanted),
        Write::SetPrivateGoogleAccess(id, _) => delete_subnetwork(state, id),
        Write::DeleteSubnetwork(id) => use_subnetwork(state, id),
        Write::CreateAddress(id, _) => reserve(state, id),
        Write::DeleteAddress(id) => send_from(state, id),
        Write::CreateRouter(wanted, _) => make_router(state, wanted),
        Write::PutNat(wanted) => serve(state, wanted),
        Write::PutNats(wanted, _) => serve(state, wanted),
        Write::CreateConnector(wanted) => {
            let made = wanted.made(ConnectorState::Ready);
            state.connectors.entry(wanted.id.clone()).or_insert(made);
        }
        Write::UpdateConnector(wanted) => {
            if let Some(live) = state.connectors.get_mut(&wanted.id) {
                live.max_instances = u32::from(wanted.instances.max) + 1;
            }
        }
        Write::DeleteConnector(id) => {
            if let Some(live) = state.connectors.get_mut(id) {
                live.state = ConnectorState::Updating;
            }
        }
        Write::PatchService(patch) => state.touch(&patch.service),
        Write::DeleteRouter(_) | Write::DeleteNat(_) => {}
    }
}

/// What a rival began has ended.
pub(crate) fn end_what_rivals_began(state: &mut State) {
    for live in state.connectors.values_mut() {
        if live.state == ConnectorState::Updating {
            live.state = ConnectorState::Ready;
        }
    }
}

fn make_subnetwork(state: &mut State, wanted: &Subnetwork) {
    let theirs = LiveSubnetwork {
        id: wanted.id.clone(),
        network: wanted.network.clone(),
        cidr: Some(wanted.cidr),
        private_google_access: false,
        mark: None,
    };
    state.subnetworks.entry(wanted.id.clone()).or_insert(theirs);
}

fn delete_subnetwork(state: &mut State, id: &RegionalRef) {
    let on_it = |live: &LiveConnector| live.subnetwork.as_ref() == Some(id);
    let nats = state.routers.values().flat_map(|router| &router.nats);
    let mut listed = nats.flat_map(LiveNat::listed);
    if !state.connectors.values().any(on_it) && !listed.any(|it| it == id) {
        state.subnetworks.remove(id);
    }
}

/// Somebody's connector is made on it, where there may be services that use it.
fn use_subnetwork(state: &mut State, id: &RegionalRef) {
    let mut connector = id.clone();
    connector.name = "somebodys".parse().unwrap();
    if connector.project == UNIVERSE.host {
        connector.project = UNIVERSE.edge.clone();
    }
    let theirs = LiveConnector {
        id: connector.clone(),
        subnetwork: Some(id.clone()),
        hidden: None,
        machine_type: "e2-micro".to_owned(),
        min_instances: 2,
        max_instances: 3,
        state: ConnectorState::Ready,
    };
    state.connectors.entry(connector).or_insert(theirs);
}

fn reserve(state: &mut State, id: &RegionalRef) {
    let theirs = LiveAddress {
        id: id.clone(),
        external: true,
        mark: None,
    };
    state.addresses.entry(id.clone()).or_insert(theirs);
}

/// Somebody's entry sends from it, in whichever router takes one and has a subnetwork to serve.
fn send_from(state: &mut State, id: &RegionalRef) {
    let near = |it: &RegionalRef| it.project == id.project && it.region == id.region;
    let routers = state.routers.values().filter(|router| near(&router.id));
    let mut places = routers.filter(|router| takes_entries(state, &router.id));
    let place = places.find_map(|router| {
        let mut there = state.subnetworks.values();
        let free = there.find(|live| {
            near(&live.id)
                && live.network == router.network
                && state.nat_serving(&live.id).is_none()
        });
        Some((router.id.clone(), free?.id.clone()))
    });
    if let Some((router, served)) = place.filter(|_| state.addresses.contains_key(id)) {
        add_guest(state, &router, served, Some(id));
    }
}

fn make_router(state: &mut State, wanted: &Router) {
    let theirs = LiveRouter {
        has_peers: false,
        id: wanted.id.clone(),
        network: wanted.network.clone(),
        mark: None,
        nats: Vec::new(),
    };
    state.routers.entry(wanted.id.clone()).or_insert(theirs);
}

/// Somebody's entry serves one of the subnetworks that ours would, or does.
fn serve(state: &mut State, wanted: &Nat) {
    let router = &wanted.id.router;
    if !takes_entries(state, router) {
        return;
    }
    let by_others = |id: &&RegionalRef| {
        let nats = state.routers.values().flat_map(|router| &router.nats);
        let mut others = nats.filter(|nat| nat.name != wanted.id.name);
        others.any(|nat| nat.covers(id))
    };
    let Some(taken) = wanted.subnetworks.iter().find(|id| !by_others(id)).cloned() else {
        return;
    };
    let live = state.routers.get_mut(router).into_iter();
    for nat in live.flat_map(|live| &mut live.nats) {
        if let NatSources::Listed(listed) = &mut nat.sources {
            listed.remove(&taken);
        }
    }
    add_guest(state, router, taken, None);
}

fn add_guest(
    state: &mut State,
    router: &RegionalRef,
    served: RegionalRef,
    from: Option<&RegionalRef>,
) {
    let addresses = match from {
        Some(address) => NatAddresses::Manual(BTreeSet::from([address.name.clone()])),
        None => NatAddresses::Auto,
    };
    if let Some(router) = state.routers.get_mut(router) {
        router.nats.push(LiveNat {
            name: "guest".parse().unwrap(),
            public: true,
            addresses,
            sources: NatSources::Listed(BTreeMap::from([(
                served,
                BTreeSet::from(["ALL_IP_RANGES".to_owned()]),
            )])),
            min_ports_per_vm: None,
        });
    }
}
