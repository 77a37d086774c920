//! What each hop of a path says when it does not let traffic through: the words that people read.

use std::fmt::Write as _;

use privatelink_core::cloud::Scope;
use privatelink_core::codes::Code;
use privatelink_core::kinds::{
    Attachment, ConnectorState, LiveConnector, NextHop, Service, VpcAccess,
};
use privatelink_core::path::Verdict;

use super::*;
use crate::declare::existing_connector;

/// What somebody does to a link that works.
type Deed = fn(&mut State);

/// The one that the source leaves through.
fn connector(state: &mut State) -> &mut LiveConnector {
    let leaves = state.services[&service("a")].vpc_access.clone().unwrap();
    let id = leaves.connector().unwrap();
    state.connectors.get_mut(id).unwrap()
}

fn source(state: &mut State) -> &mut Service {
    state.services.get_mut(&service("a")).unwrap()
}

fn destination(state: &mut State) -> &mut Service {
    state.services.get_mut(&service("b")).unwrap()
}

const DEEDS: [(&str, Deed); 15] = [
    ("nothing", |_| ()),
    ("the source is gone", |state| {
        state.services.remove(&service("a"));
    }),
    ("its egress is cleared", |state| {
        source(state).vpc_access = None;
    }),
    ("it sends private ranges alone", |state| {
        source(state).vpc_access.as_mut().unwrap().routing = Routing::PrivateRangesOnly;
    }),
    ("ambient networking", |state| source(state).ambient = true),
    ("its last change failed", |state| {
        source(state).failed = Some("the container did not listen".to_owned());
    }),
    ("the connector fails", |state| {
        connector(state).state = ConnectorState::Error;
    }),
    ("its subnetwork cannot be seen", |state| {
        connector(state).subnetwork = None;
    }),
    ("its subnetwork is in another network", |state| {
        let id = connector(state).subnetwork.clone().unwrap();
        state.subnetworks.get_mut(&id).unwrap().network = UNIVERSE.shared.clone();
    }),
    ("nothing makes Private Google Access effective", |state| {
        let id = connector(state).subnetwork.clone().unwrap();
        state.routers.clear();
        let subnetwork = state.subnetworks.get_mut(&id).unwrap();
        subnetwork.private_google_access = false;
    }),
    ("the routes are gone", |state| state.routes.clear()),
    ("a route of the connector's own leads elsewhere", |state| {
        let name = &connector(state).id.name;
        let tag = format!("vpc-connector-{}-{name}", UNIVERSE.here);
        let mut route = state.routes[0].clone();
        route.next_hop = NextHop::Other("vpn".to_owned());
        route.tags = vec![tag];
        route.priority = 1;
        state.routes.push(route);
    }),
    ("a route leads elsewhere", |state| {
        for route in &mut state.routes {
            route.next_hop = NextHop::Other("vpn".to_owned());
        }
    }),
    ("the default URL is off", |state| {
        destination(state).default_uri_disabled = true;
    }),
    ("the destination is gone", |state| {
        state.services.remove(&service("b"));
    }),
];

#[test]
fn each_hop_that_lets_nothing_through_says_so_in_its_own_words() {
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    let made = Fake::new(before(), 0);
    let _applied = apply(&made, std::slice::from_ref(&wish));
    let mut told = String::new();
    for (what, deed) in DEEDS {
        let fake = made.fork();
        fake.change(deed);
        told.push_str(&says(what, &plan(&fake, std::slice::from_ref(&wish))));
    }
    // Of a destination that the link does not manage, and that somebody has closed.
    let unmanaged = Link {
        ingress: None,
        ..wish.clone()
    };
    let closed = Fake::new(before(), 0);
    closed.change(|state| destination(state).ingress = IngressSetting::None);
    let report = apply(&closed, &[unmanaged]);
    told.push_str(&says("the destination is closed", &report));
    // Somebody's connector, which leads into another network than the link speaks of.
    let astray = Link {
        network: UNIVERSE.shared.clone(),
        egress: existing_connector(),
        ..wish.clone()
    };
    let led = Fake::new(before(), 0);
    led.change(|state| {
        let access = VpcAccess {
            attachment: Attachment::Connector(team("team-conn")),
            routing: Routing::AllTraffic,
        };
        state.deploy(&service("a"), Some(access), None);
    });
    let report = apply(&led, &[astray]);
    told.push_str(&says("somebody's connector leads elsewhere", &report));
    // From another project's network, which the destination is not attached to.
    let abroad = Link {
        network: UNIVERSE.shared.clone(),
        source: service("f"),
        project: UNIVERSE.edge.clone(),
        destination: service("b"),
        ..wish.clone()
    };
    let report = apply(&Fake::new(before(), 0), std::slice::from_ref(&abroad));
    told.push_str(&says("a network that is not admitted", &report));
    // The destination hangs on a connector, and nothing else leads to the project of that one's subnetwork.
    let third = Fake::new(before(), 0);
    third.change(|state| {
        let leaves = Attachment::Connector(team("team-conn"));
        destination(state).vpc_access = Some(VpcAccess {
            attachment: leaves,
            routing: Routing::PrivateRangesOnly,
        });
    });
    let (wishes, orders, _) = whole(&[abroad]);
    let nowhere = BTreeSet::new();
    let untold = turn(&third, &wishes, &orders, &nowhere, &|_| ());
    let report = run(&third, untold).value().unwrap();
    told.push_str(&says("a destination in a third network", &report));
    third.change(|state| {
        let hangs_on = state.connectors.get_mut(&team("team-conn")).unwrap();
        hangs_on.state = ConnectorState::Error;
    });
    let report = run(&third, preview(&third, &wishes, &orders, &nowhere));
    let report = report.value().unwrap();
    told.push_str(&says("its connector carries nobody", &report));
    let blind = made.fork();
    blind.set_faults(Faults {
        reads: (0..40).map(|read| (read, ReadFault::Unreadable)).collect(),
        ..Faults::default()
    });
    told.push_str(&says("nothing can be read", &plan(&blind, &[wish])));
    insta::assert_snapshot!(told);
}

/// Nobody can tell that it is open, so the source is not moved onto a path that leads elsewhere.
#[test]
fn a_source_is_not_moved_onto_a_detour_to_a_destination_that_cannot_be_read() {
    let wish = link("t/one", "a", "e", "10.8.0.0/28");
    let fake = Fake::new(before(), 0);
    fake.change(|state| {
        for route in &mut state.routes {
            route.next_hop = NextHop::Other("vpn".to_owned());
        }
    });
    let destination = Scope::Services(UNIVERSE.prod.clone(), service("e").region);
    fake.set_faults(Faults {
        unread: BTreeSet::from([destination]),
        ..Faults::default()
    });
    let report = apply(&fake, &[wish]);
    assert_eq!(fake.state().services[&service("a")].vpc_access, None);
    let mut told = report.diagnostics.iter();
    assert!(told.any(|it| it.code == Code::NoDefaultRoute), "{report:?}");
}

/// From the edge project, over the network of the host project.
fn over_the_shared_network(name: &str, from: &str, to: &str, range: &str) -> Link {
    Link {
        project: UNIVERSE.edge.clone(),
        network: UNIVERSE.shared.clone(),
        ..link(name, from, to, range)
    }
}

#[test]
fn a_destination_that_shall_be_closed_does_not_leave_the_network() {
    let unmanaged = |link: Link| Link {
        ingress: None,
        ..link
    };
    let before_that = [
        unmanaged(over_the_shared_network("t/g", "g", "d", "10.16.0.16/28")),
        unmanaged(over_the_shared_network("t/f", "f", "d", "10.16.0.32/28")),
    ];
    let fake = Fake::new(before(), 0);
    let _applied = apply(&fake, &before_that);
    let to_f = over_the_shared_network("t/to-f", "g", "f", "10.16.0.16/28");
    // As long as f is in the network itself, it may be closed.
    let kept = fake.fork();
    let both = [to_f.clone(), before_that[1].clone()];
    assert_eq!(state_of(&apply(&kept, &both), "t/to-f"), LinkState::Ready);
    // What attaches it is to go in the very run that would close it.
    let (wishes, mut orders, extra) = whole(&[to_f]);
    orders.prune = true;
    let report = run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ()));
    let report = report.value().unwrap();
    let f = &fake.state().services[&service("f")];
    assert_eq!(f.ingress, IngressSetting::Internal);
    assert!(f.vpc_access.is_some());
    assert_eq!(state_of(&report, "t/to-f"), LinkState::Ready);
    assert_eq!(report.exit_code(), 1);
}

/// The first hop that does not pass, and everything that is said beside it.
fn says(what: &str, report: &Report) -> String {
    let link = &report.links[0];
    let hop = link.trace.as_ref().and_then(|trace| trace.root_cause());
    let hop = hop.map_or_else(
        || format!("{:?}", link.path.unwrap_or(Verdict::NotReached)),
        |hop| {
            let code = hop.code.map(|code| code.to_string()).unwrap_or_default();
            format!("{:?} at {}, {code}: {}", hop.verdict, hop.name, hop.found)
        },
    );
    let mut told = format!("{what}: {:?}, {hop}\n", link.state);
    for it in &report.diagnostics {
        let _ = writeln!(told, "    {}[{}]: {}", it.severity, it.code, it.message);
    }
    told
}
