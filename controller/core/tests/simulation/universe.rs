//! The places and names of every history, and the worlds in which they begin.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use privatelink_core::fake::State;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::network::Mode;
use privatelink_core::kinds::{
    Attachment, ConnectorState, IngressSetting, LiveAddress, LiveConnector, LiveNat, LiveRouter,
    LiveSubnetwork, NatAddresses, NatSources, Network, NextHop, RegionalRef, Route, RouteRef,
    Service, Traffic, VpcAccess,
};
use privatelink_core::link::{NetworkRef, Routing, ServiceRef};
use privatelink_core::names::Installation;

use crate::rng::Rng;

/// Names, parsed once.
pub(crate) struct Universe {
    pub(crate) ours: Installation,
    pub(crate) other: Installation,
    pub(crate) prod: ProjectId,
    pub(crate) edge: ProjectId,
    pub(crate) host: ProjectId,
    pub(crate) here: Region,
    pub(crate) main: NetworkRef,
    pub(crate) shared: NetworkRef,
    /// Services of the production project that no link names, one per region.
    pub(crate) guests: Vec<ServiceRef>,
    /// Five of the production project (the last one in another region), then two of the edge project.
    pub(crate) services: Vec<ServiceRef>,
}

pub(crate) static UNIVERSE: LazyLock<Universe> = LazyLock::new(|| {
    let (prod, edge, host) = ("acme-prod", "acme-edge", "acme-host");
    let (here, there): (Region, Region) = (
        "europe-west1".parse().unwrap(),
        "us-central1".parse().unwrap(),
    );
    let service = |project: &str, region: &Region, name: &str| ServiceRef {
        project: project.parse().unwrap(),
        region: region.clone(),
        name: name.parse().unwrap(),
    };
    let network = |project: &str, name: &str| NetworkRef {
        project: project.parse().unwrap(),
        name: name.parse().unwrap(),
    };
    Universe {
        ours: Installation::new("acme", "payments").unwrap(),
        other: Installation::new("acme", "orders").unwrap(),
        prod: prod.parse().unwrap(),
        edge: edge.parse().unwrap(),
        host: host.parse().unwrap(),
        main: network(prod, "main"),
        shared: network(host, "shared"),
        guests: vec![
            service(prod, &here, "guest"),
            service(prod, &there, "guest"),
        ],
        services: vec![
            service(prod, &here, "a"),
            service(prod, &here, "b"),
            service(prod, &here, "c"),
            service(prod, &here, "d"),
            service(prod, &there, "e"),
            service(edge, &here, "f"),
            service(edge, &here, "g"),
        ],
        here,
    }
});

pub(crate) fn regional(project: &ProjectId, region: &Region, name: &str) -> RegionalRef {
    RegionalRef {
        project: project.clone(),
        region: region.clone(),
        name: name.parse().unwrap(),
    }
}

/// Somebody's connector, its subnetwork, an empty subnetwork of theirs, and their router.
pub(crate) fn team(name: &str) -> RegionalRef {
    regional(&UNIVERSE.prod, &UNIVERSE.here, name)
}

/// A world before anybody of ours came. A `plain` one holds nothing that stands in the way.
pub(crate) fn world(rng: &mut Rng, plain: bool) -> State {
    let mut state = State {
        serial: 1,
        ..State::default()
    };
    for network in [&UNIVERSE.main, &UNIVERSE.shared] {
        if !plain && *network == UNIVERSE.shared && rng.percent(4) {
            continue;
        }
        state.networks.insert(
            network.clone(),
            Network {
                id: network.clone(),
                mode: Mode::Custom,
            },
        );
        add_routes(&mut state, rng, network, plain);
    }
    add_team(&mut state, rng, plain);
    for id in &UNIVERSE.guests {
        add_service(&mut state, rng, id, true);
    }
    for id in &UNIVERSE.services {
        if plain || !rng.percent(3) {
            add_service(&mut state, rng, id, plain);
        }
    }
    state
}

fn add_routes(state: &mut State, rng: &mut Rng, network: &NetworkRef, plain: bool) {
    let route = |name: &str, next_hop, priority| Route {
        id: RouteRef {
            project: network.project.clone(),
            name: name.parse().unwrap(),
        },
        network: network.clone(),
        destination: "0.0.0.0/0".parse().unwrap(),
        next_hop,
        priority,
        tags: Vec::new(),
    };
    if plain || !rng.percent(4) {
        state
            .routes
            .push(route("default", NextHop::DefaultInternetGateway, 1000));
    }
    if !plain && rng.percent(4) {
        state
            .routes
            .push(route("vpn", NextHop::Other("vpn".into()), 900));
    }
}

fn add_team(state: &mut State, rng: &mut Rng, plain: bool) {
    for (name, cidr) in [("team-net", "10.9.0.0/28"), ("spare", "10.9.0.16/28")] {
        let live = LiveSubnetwork {
            id: team(name),
            network: UNIVERSE.main.clone(),
            cidr: Some(cidr.parse().unwrap()),
            private_google_access: plain || rng.percent(50),
            mark: None,
        };
        state.subnetworks.insert(live.id.clone(), live);
    }
    let connector = LiveConnector {
        id: team("team-conn"),
        subnetwork: Some(team("team-net")),
        hidden: None,
        machine_type: "e2-micro".into(),
        min_instances: 2,
        max_instances: 10,
        state: if plain || !rng.percent(5) {
            ConnectorState::Ready
        } else {
            ConnectorState::Error
        },
    };
    state.connectors.insert(connector.id.clone(), connector);
    let all = !plain && rng.percent(8);
    let nat = LiveNat {
        name: "team-nat".parse().unwrap(),
        public: all || plain || rng.percent(80),
        addresses: NatAddresses::Auto,
        sources: if all {
            NatSources::AllRanges
        } else {
            NatSources::Listed(BTreeMap::from([(
                team("team-net"),
                BTreeSet::from(["ALL_IP_RANGES".to_owned()]),
            )]))
        },
        min_ports_per_vm: Some(128),
    };
    let nats = if all || rng.percent(40) {
        vec![nat]
    } else {
        Vec::new()
    };
    let router = LiveRouter {
        has_peers: false,
        id: team("team-router"),
        network: UNIVERSE.main.clone(),
        mark: None,
        nats,
    };
    state.routers.insert(router.id.clone(), router);
    for name in ["ip-one", "ip-three"] {
        let address = LiveAddress {
            id: team(name),
            external: plain || !rng.percent(5),
            mark: None,
        };
        state.addresses.insert(address.id.clone(), address);
    }
}

fn add_service(state: &mut State, rng: &mut Rng, id: &ServiceRef, plain: bool) {
    let service = Service {
        id: id.clone(),
        etag: "v1".into(),
        annotations: BTreeMap::from([(
            "team.example/owner".to_owned(),
            format!("team-{}", id.name),
        )]),
        ingress: IngressSetting::All,
        vpc_access: None,
        traffic: Vec::new(),
        latest_ready: None,
        latest_created: None,
        reconciling: false,
        failed: None,
        default_uri_disabled: !plain && rng.percent(3),
        uri: Some(format!("https://{}.a.run.app", id.name).into()),
        ambient: !plain && rng.percent(2),
    };
    state.services.insert(id.clone(), service);
    state.deploy(id, None, None);
    if plain {
        return;
    }
    if rng.percent(15) {
        let access = somebodys_access(state, rng, id);
        state.deploy(id, Some(access), None);
    }
    if let Some(service) = state.services.get_mut(id) {
        service.ingress = rng.weighted(&[
            (76, IngressSetting::All),
            (10, IngressSetting::Internal),
            (11, IngressSetting::InternalAndCloudLoadBalancing),
            (3, IngressSetting::None),
        ]);
        if rng.percent(3) {
            annotate_for_others(service, rng);
        }
    }
    if rng.percent(8) {
        pin(state, id, rng);
    }
}

/// An attachment that somebody else chose; a connector serves its own region, and a network has to be there.
pub(crate) fn somebodys_access(state: &State, rng: &mut Rng, id: &ServiceRef) -> VpcAccess {
    let near = id.project == UNIVERSE.prod && id.region == UNIVERSE.here;
    let attachment = if near && rng.percent(60) {
        Attachment::Connector(team("team-conn"))
    } else {
        let own = rng.percent(50) || !state.networks.contains_key(&UNIVERSE.shared);
        let network = if own {
            UNIVERSE.main.clone()
        } else {
            UNIVERSE.shared.clone()
        };
        // Its bare name would mean a subnetwork of the service's own project.
        let (host, region) = (&network.project, &id.region);
        let subnetwork = if network.project == id.project {
            "direct".to_owned()
        } else {
            format!("projects/{host}/regions/{region}/subnetworks/direct")
        };
        Attachment::Direct {
            network: Some(network),
            subnetwork: Some(subnetwork),
            tags: vec!["web".into()],
        }
    };
    let routing = if rng.percent(50) {
        Routing::AllTraffic
    } else {
        Routing::PrivateRangesOnly
    };
    VpcAccess {
        attachment,
        routing,
    }
}

/// Another set of declarations, or a newer release of ours, has written to the service.
pub(crate) fn annotate_for_others(service: &mut Service, rng: &mut Rng) {
    let installation = &UNIVERSE.other;
    let (owner, set) = (&installation.owner, &installation.set);
    let (key, text) = match rng.below(3) {
        0 => (
            "privatelink.dev/egress",
            format!(
                r#"{{"v":1,"owner":"{owner}","set":"{set}","former":{{"Value":null}},"wrote":null,"links":{{}}}}"#
            ),
        ),
        1 => (
            "privatelink.dev/ingress",
            format!(
                r#"{{"v":1,"owner":"{owner}","set":"{set}","former":{{"Value":"All"}},"wrote":"All","links":[]}}"#
            ),
        ),
        _ => ("privatelink.dev/egress", r#"{"v":9,"new":true}"#.to_owned()),
    };
    service.annotations.insert(key.to_owned(), text);
}

/// Pins all traffic, or a tag, to the revision that is the newest now.
pub(crate) fn pin(state: &mut State, id: &ServiceRef, rng: &mut Rng) {
    let Some(service) = state.services.get_mut(id) else {
        return;
    };
    let revision = service.latest_ready.clone();
    let to_latest = Traffic {
        revision: None,
        percent: 100,
        tag: None,
    };
    service.traffic = if rng.percent(50) {
        vec![Traffic {
            revision,
            percent: 100,
            tag: None,
        }]
    } else {
        vec![
            to_latest,
            Traffic {
                revision,
                percent: 0,
                tag: Some("old".into()),
            },
        ]
    };
    state.touch(id);
}
