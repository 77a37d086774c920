//! What others do to the cloud, with a word for the record.

#[path = "tamper/more.rs"]
mod more;
#[path = "tamper/rival.rs"]
mod rival;

pub(crate) use more::*;
pub(crate) use rival::{end_what_rivals_began, outrun};
use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::fake::State;
use privatelink_core::kinds::{
    Attachment, ConnectorState, IngressSetting, Job, LiveConnector, LiveNat, LiveRouter,
    LiveSubnetwork, NatAddresses, NatSources, NextHop, RegionalRef, VpcAccess,
};
use privatelink_core::link::{Routing, ServiceRef};

use crate::rng::Rng;
use crate::universe::{UNIVERSE, annotate_for_others, pin, somebodys_access, team};

type Tampering = fn(&mut State, &mut Rng) -> Option<()>;

/// What others do to their own things. None of it touches what we manage.
const ELSEWHERE: &[(&str, Tampering)] = &[
    ("annotate", annotate),
    ("deploy", deploy),
    ("use our connector", use_our_connector),
    ("stop using our connector", leave_our_connector),
    ("add a NAT to our router", add_nat_to_our_router),
    ("take that NAT away", take_nat_away),
];

/// What others do to what we manage.
const OURS: &[(&str, Tampering)] = &[
    ("set ingress", set_ingress),
    ("open ingress", open_ingress),
    ("narrow routing", narrow_routing),
    ("detach", detach),
    ("attach elsewhere", attach_elsewhere),
    ("drop an annotation", drop_annotation),
    ("drop both annotations", drop_annotations),
    ("annotate for another set", annotate_other),
    ("deploy a failure", deploy_failure),
    ("pin traffic", pin_traffic),
    ("unpin traffic", unpin_traffic),
    ("use an address", use_address),
    ("drop our NAT", drop_nat),
    ("change our NAT", change_nat),
    ("drop our router", drop_router),
    ("switch Private Google Access off", switch_off),
    ("switch Private Google Access off", switch_off),
    ("switch Private Google Access off", switch_off),
    ("drop our connector", drop_connector),
    ("fail our connector", fail_connector),
    ("grow our connector", grow_connector),
    ("drop our subnetwork", drop_subnetwork),
    ("take our subnetwork", take_subnetwork),
    ("take our router", take_router),
    ("delete a service", delete_service),
    ("reroute", reroute),
];

/// Somebody does something to things of their own.
pub(crate) fn elsewhere(state: &mut State, rng: &mut Rng) -> &'static str {
    act(state, rng, ELSEWHERE)
}

/// Somebody does something to anything.
pub(crate) fn anywhere(state: &mut State, rng: &mut Rng) -> &'static str {
    if rng.percent(30) {
        act(state, rng, ELSEWHERE)
    } else {
        act(state, rng, OURS)
    }
}

/// Somebody takes away, in the middle of a turn, what it has just seen.
pub(crate) fn in_between(state: &mut State, rng: &mut Rng) -> &'static str {
    const TAKEN: &[(&str, Tampering)] = &[
        ("annotate", annotate),
        ("take our subnetwork", take_subnetwork),
        ("take our router", take_router),
        ("add a NAT to our router", add_nat_to_our_router),
    ];
    if rng.percent(60) {
        act(state, rng, TAKEN)
    } else {
        anywhere(state, rng)
    }
}

fn act(state: &mut State, rng: &mut Rng, list: &[(&'static str, Tampering)]) -> &'static str {
    let (name, tampering) = rng.pick(list);
    match tampering(state, rng) {
        Some(()) => name,
        None => "nothing",
    }
}

fn some_service(state: &State, rng: &mut Rng) -> Option<ServiceRef> {
    let marked: Vec<&ServiceRef> = state
        .services
        .values()
        .filter(|service| {
            service
                .annotations
                .keys()
                .any(|key| key.starts_with("privatelink.dev/"))
        })
        .map(|service| &service.id)
        .collect();
    if !marked.is_empty() && rng.percent(80) {
        return Some((*rng.pick(&marked)).clone());
    }
    let id = rng.pick(&UNIVERSE.services);
    state.services.contains_key(id).then(|| id.clone())
}

fn our_connector(state: &State, rng: &mut Rng) -> Option<RegionalRef> {
    let made: Vec<&RegionalRef> = state
        .connectors
        .keys()
        .filter(|id| UNIVERSE.ours.made(id.name.as_str()))
        .collect();
    (!made.is_empty()).then(|| (*rng.pick(&made)).clone())
}

fn our_router(state: &State, rng: &mut Rng) -> Option<RegionalRef> {
    let made: Vec<&RegionalRef> = state
        .routers
        .keys()
        .filter(|id| UNIVERSE.ours.made(id.name.as_str()))
        .collect();
    (!made.is_empty()).then(|| (*rng.pick(&made)).clone())
}

fn our_subnetwork(state: &State, rng: &mut Rng) -> Option<RegionalRef> {
    let made: Vec<&RegionalRef> = state
        .subnetworks
        .keys()
        .filter(|id| UNIVERSE.ours.made(id.name.as_str()))
        .collect();
    (!made.is_empty()).then(|| (*rng.pick(&made)).clone())
}

fn annotate(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    let note = rng.below(1000).to_string();
    state
        .services
        .get_mut(&id)?
        .annotations
        .insert("team.example/note".to_owned(), note);
    state.touch(&id);
    Some(())
}

fn deploy(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    let access = state.services.get(&id)?.vpc_access.clone();
    state.deploy(&id, access, None);
    state.touch(&id);
    Some(())
}

/// A service that no link names sends its traffic through a connector of ours; it has to be in its region.
fn use_our_connector(state: &mut State, rng: &mut Rng) -> Option<()> {
    let connector = our_connector(state, rng)?;
    let near = |id: &&ServiceRef| id.project == connector.project && id.region == connector.region;
    let id = UNIVERSE.guests.iter().find(near)?;
    let access = VpcAccess {
        attachment: Attachment::Connector(connector.clone()),
        routing: Routing::AllTraffic,
    };
    // Not by chance: a draw more would make other histories of the seeds that are kept.
    if state.serial.is_multiple_of(3) {
        run_a_job(state, &connector, access);
        return Some(());
    }
    state.deploy(id, Some(access), None);
    state.touch(id);
    Some(())
}

/// A job of somebody's sends its traffic through a connector of ours.
fn run_a_job(state: &mut State, connector: &RegionalRef, access: VpcAccess) {
    let job = Job {
        id: RegionalRef {
            name: "nightly".parse().unwrap(),
            ..connector.clone()
        },
        vpc_access: Some(access),
    };
    state.jobs.insert(job.id.clone(), job);
}

fn leave_our_connector(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = rng.pick(&UNIVERSE.guests);
    if state.serial.is_multiple_of(2) && state.jobs.pop_first().is_some() {
        return Some(());
    }
    state.services.get(id)?.vpc_access.as_ref()?;
    state.deploy(id, None, None);
    state.touch(id);
    Some(())
}

/// Would Google let somebody add an entry to this router? Nothing stands beside one that serves all ranges.
fn takes_entries(state: &State, id: &RegionalRef) -> bool {
    let Some(router) = state.routers.get(id) else {
        return false;
    };
    let beside = state
        .routers
        .values()
        .filter(|other| other.network == router.network && other.id.region == id.region);
    let all = |nat: &LiveNat| nat.public && !matches!(nat.sources, NatSources::Listed(_));
    let guest = |nat: &LiveNat| nat.name.as_str() == "guest";
    !router.nats.iter().any(guest) && !beside.flat_map(|other| &other.nats).any(all)
}

fn add_nat_to_our_router(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = our_router(state, rng)?;
    // A NAT serves ranges of its router's network and region only.
    let nowhere = RegionalRef {
        name: "nowhere".parse().unwrap(),
        ..id.clone()
    };
    takes_entries(state, &id).then_some(())?;
    let router = state.routers.get_mut(&id)?;
    router.nats.push(LiveNat {
        name: "guest".parse().unwrap(),
        public: true,
        addresses: NatAddresses::Auto,
        sources: NatSources::Listed(BTreeMap::from([(
            nowhere,
            BTreeSet::from(["ALL_IP_RANGES".to_owned()]),
        )])),
        min_ports_per_vm: None,
    });
    Some(())
}

/// An entry of the team's own router sends from an address that a link may name.
fn use_address(state: &mut State, rng: &mut Rng) -> Option<()> {
    let name = *rng.pick(&["ip-one", "ip-two", "ip-three", "ip-four"]);
    let address = team(name);
    if !state.addresses.get(&address)?.external {
        return None;
    }
    let name = address.name;
    // Google lets one entry of a region send from an address.
    let mut nats = state.routers.values().flat_map(|router| &router.nats);
    let taken = nats
        .any(|nat| matches!(&nat.addresses, NatAddresses::Manual(names) if names.contains(&name)));
    let id = team("team-router");
    (!taken && takes_entries(state, &id)).then_some(())?;
    let router = state.routers.get_mut(&id)?;
    router.nats.push(LiveNat {
        name: "guest".parse().unwrap(),
        public: true,
        addresses: NatAddresses::Manual(BTreeSet::from([name])),
        sources: NatSources::Listed(BTreeMap::from([(
            team("yonder"),
            BTreeSet::from(["ALL_IP_RANGES".to_owned()]),
        )])),
        min_ports_per_vm: None,
    });
    Some(())
}

fn take_nat_away(state: &mut State, _: &mut Rng) -> Option<()> {
    let guest = |nat: &LiveNat| nat.name.as_str() == "guest";
    let router = state
        .routers
        .values_mut()
        .find(|router| router.nats.iter().any(guest))?;
    router.nats.retain(|nat| !guest(nat));
    Some(())
}

fn set_ingress(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    state.services.get_mut(&id)?.ingress = *rng.pick(&[
        IngressSetting::None,
        IngressSetting::Internal,
        IngressSetting::InternalAndCloudLoadBalancing,
        IngressSetting::All,
    ]);
    state.touch(&id);
    Some(())
}

fn open_ingress(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    state.services.get_mut(&id)?.ingress = IngressSetting::All;
    state.touch(&id);
    Some(())
}

fn narrow_routing(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    let access = state.services.get(&id)?.vpc_access.clone()?;
    state.deploy(
        &id,
        Some(VpcAccess {
            routing: Routing::PrivateRangesOnly,
            ..access
        }),
        None,
    );
    state.touch(&id);
    Some(())
}

fn detach(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    state.deploy(&id, None, None);
    state.touch(&id);
    Some(())
}

fn attach_elsewhere(state: &mut State, rng: &mut Rng) -> Option<()> {
    let id = some_service(state, rng)?;
    let access = somebodys_access(state, rng, &id);
    state.deploy(&id, Some(access), None);
    state.touch(&id);
    Some(())
}
