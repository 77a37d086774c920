//! What the simulation found once, told as short stories.

mod aside;
mod callers;
mod callers_moved;
mod connectors;
mod elsewhere;
mod ends;
mod guests;
mod in_the_way;
mod jobs;
mod nats;
mod path;
mod records;
mod survival;
mod trail;
mod unsafe_plans;
mod untold;

use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::decide::{Orders, Wishes};
use privatelink_core::diagnostic::Origin;
use privatelink_core::fake::{Fake, Faults, ReadFault, State, run};
use privatelink_core::kinds::{
    Attachment, IngressSetting, LiveNat, LiveRouter, NatAddresses, NatSources, Traffic, VpcAccess,
};
use privatelink_core::link::{
    Access, Addresses, Adoption, AdoptionKind, ConnectorChoice, Deletion, Egress, Ingress,
    Instances, Internet, Link, LinkPolicy, MachineType, NatChoice, Reconcile, Routing, ServiceRef,
    SubnetworkChoice,
};
use privatelink_core::policy::Policy;
use privatelink_core::report::{LinkState, Report};
use privatelink_core::turn::{preview, turn};

use crate::rng::Rng;
use crate::universe::{UNIVERSE, team, world};

fn service(name: &str) -> ServiceRef {
    UNIVERSE
        .services
        .iter()
        .find(|id| id.name.as_str() == name)
        .unwrap()
        .clone()
}

/// `from` reaches `to` through a connector on this range.
fn link(name: &str, from: &str, to: &str, cidr: &str) -> Link {
    let source = service(from);
    let nat = NatChoice {
        addresses: Addresses::Auto,
        min_ports_per_vm: None,
        router: None,
    };
    Link {
        name: name.parse().unwrap(),
        origin: Origin::CommandLine,
        project: source.project.clone(),
        region: source.region.clone(),
        source,
        destination: service(to),
        ingress: Some(Ingress::Internal),
        network: UNIVERSE.main.clone(),
        egress: Egress::Connector(ConnectorChoice::Managed {
            subnetwork: SubnetworkChoice::Managed {
                cidr: cidr.parse().unwrap(),
            },
            machine_type: MachineType::E2Micro,
            instances: Instances { min: 2, max: 3 },
        }),
        routing: Routing::AllTraffic,
        access: Access::PrivateGoogleAccess,
        internet: Internet::Nat(nat),
        adopt: BTreeSet::new(),
        policy: LinkPolicy {
            reconcile: Reconcile::Enforce,
            deletion: Deletion::Restore,
            suspend: false,
        },
        digest: serde_json::from_value(serde_json::json!(format!("{name}{cidr}"))).unwrap(),
    }
}

fn before() -> State {
    let mut state = world(&mut Rng::new(1), true);
    state.routers.clear();
    state
}

/// The team's spare subnetwork has no Private Google Access, and the link's connector is to live there, with consent.
fn adopt_spare(fake: &Fake, wish: &mut Link) {
    fake.change(|state| {
        let spare = state.subnetworks.get_mut(&team("spare")).unwrap();
        spare.private_google_access = false;
    });
    wish.egress = Egress::Connector(ConnectorChoice::Managed {
        subnetwork: SubnetworkChoice::Existing {
            name: "spare".parse().unwrap(),
        },
        machine_type: MachineType::E2Micro,
        instances: Instances { min: 2, max: 3 },
    });
    wish.adopt.insert(Adoption {
        kind: AdoptionKind::Subnetwork,
        project: UNIVERSE.prod.clone(),
        region: UNIVERSE.here.clone(),
        name: "spare".parse().unwrap(),
    });
}

/// The whole set of these links, and where to look for what is left of others.
fn whole(links: &[Link]) -> (Wishes, Orders, BTreeSet<privatelink_core::ids::ProjectId>) {
    let orders = Orders {
        ours: UNIVERSE.ours.clone(),
        policy: Policy::Sync,
        prune: true,
        allow_empty: true,
        destroy: BTreeSet::new(),
    };
    let wishes = Wishes {
        links: links.to_vec(),
        broken: BTreeSet::new(),
        complete: true,
    };
    let extra = [&UNIVERSE.prod, &UNIVERSE.edge, &UNIVERSE.host];
    (wishes, orders, extra.into_iter().cloned().collect())
}

fn apply(fake: &Fake, links: &[Link]) -> Report {
    let (wishes, orders, extra) = whole(links);
    run(fake, turn(fake, &wishes, &orders, &extra, &|_| ()))
        .value()
        .unwrap()
}

fn plan(fake: &Fake, links: &[Link]) -> Report {
    let (wishes, orders, extra) = whole(links);
    run(fake, preview(fake, &wishes, &orders, &extra))
        .value()
        .unwrap()
}

fn state_of(report: &Report, name: &str) -> LinkState {
    report
        .links
        .iter()
        .find(|link| link.name.to_string() == name)
        .unwrap()
        .state
}

#[test]
fn sources_of_two_projects_do_not_share_a_subnetwork() {
    let mut one = link("t/one", "a", "b", "10.16.0.0/28");
    one.network = UNIVERSE.shared.clone();
    let two = Link {
        source: service("f"),
        name: "t/two".parse().unwrap(),
        ..one.clone()
    };
    let report = apply(&Fake::new(before(), 0), &[one, two]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Conflicting);
    assert_eq!(state_of(&report, "t/two"), LinkState::Conflicting);
}

#[test]
fn a_link_that_cannot_go_on_does_not_hold_up_the_nat_that_it_shares() {
    let fake = Fake::new(before(), 0);
    fake.change(|state| {
        let direct = Attachment::Direct {
            network: None,
            subnetwork: Some("x".into()),
            tags: Vec::new(),
        };
        state.deploy(
            &service("c"),
            Some(VpcAccess {
                attachment: direct,
                routing: Routing::AllTraffic,
            }),
            None,
        );
    });
    let held = link("t/held", "c", "b", "10.8.0.16/28");
    let free = link("t/free", "a", "d", "10.8.0.0/28");
    let report = apply(&fake, &[held, free]);
    assert_eq!(state_of(&report, "t/held"), LinkState::Refused);
    assert_eq!(state_of(&report, "t/free"), LinkState::Ready);
}

#[test]
fn a_nat_with_its_own_addresses_follows_its_source_to_another_subnetwork() {
    let fake = Fake::new(before(), 0);
    let with_address = |cidr: &str| {
        let mut link = link("t/one", "a", "b", cidr);
        link.internet = Internet::Nat(NatChoice {
            addresses: Addresses::Manual(BTreeSet::from(["ip-two".parse().unwrap()])),
            min_ports_per_vm: None,
            router: None,
        });
        link
    };
    assert_eq!(
        state_of(&apply(&fake, &[with_address("10.8.0.0/28")]), "t/one"),
        LinkState::Ready
    );
    assert_eq!(
        state_of(&apply(&fake, &[with_address("10.8.0.16/28")]), "t/one"),
        LinkState::Ready
    );
    let nats = fake
        .state()
        .routers
        .values()
        .map(|router| router.nats.len())
        .sum::<usize>();
    assert_eq!(nats, 1);
}

#[test]
fn an_address_that_somebody_sends_from_is_refused_before_google_does() {
    let mut state = before();
    let nat = LiveNat {
        name: "theirs".parse().unwrap(),
        public: true,
        addresses: NatAddresses::Manual(BTreeSet::from(["ip-one".parse().unwrap()])),
        sources: NatSources::Listed(BTreeMap::new()),
        min_ports_per_vm: None,
    };
    let (id, network) = (team("team-router"), UNIVERSE.main.clone());
    state.routers.insert(
        id.clone(),
        LiveRouter {
            has_peers: false,
            id,
            network,
            mark: None,
            nats: vec![nat],
        },
    );
    let mut wish = link("t/one", "a", "b", "10.8.0.0/28");
    wish.internet = Internet::Nat(NatChoice {
        addresses: Addresses::Manual(BTreeSet::from(["ip-one".parse().unwrap()])),
        min_ports_per_vm: None,
        router: None,
    });
    let fake = Fake::new(state, 0);
    assert_eq!(
        state_of(&apply(&fake, &[wish]), "t/one"),
        LinkState::Refused
    );
    assert!(fake.take_journal().iter().all(|entry| entry.result.is_ok()));
}

#[test]
fn ingress_that_admitted_nothing_is_given_back() {
    let mut state = before();
    state.services.get_mut(&service("b")).unwrap().ingress = IngressSetting::None;
    let fake = Fake::new(state, 0);
    let mut wish = link("t/one", "a", "b", "10.8.0.0/28");
    let ServiceRef {
        project, region, ..
    } = service("b");
    let name = "b".parse().unwrap();
    wish.adopt.insert(Adoption {
        kind: AdoptionKind::ServiceIngress,
        project,
        region,
        name,
    });
    assert_eq!(state_of(&apply(&fake, &[wish]), "t/one"), LinkState::Ready);
    assert_eq!(
        fake.state().services[&service("b")].ingress,
        IngressSetting::Internal
    );
    let _gone = apply(&fake, &[]);
    assert_eq!(
        fake.state().services[&service("b")].ingress,
        IngressSetting::None
    );
}

/// Source in the edge project, destination in the production project, both on the Shared VPC network.
fn over_shared_vpc() -> [Link; 2] {
    let mut there = link("t/there", "f", "a", "10.16.0.0/28");
    let mut attaches = link("t/attaches", "a", "b", "10.16.0.16/28");
    for link in [&mut there, &mut attaches] {
        link.network = UNIVERSE.shared.clone();
    }
    attaches.ingress = None;
    [there, attaches]
}

#[test]
fn a_destination_that_shall_be_closed_does_not_move_to_another_network() {
    let fake = Fake::new(before(), 0);
    let [there, mut attaches] = over_shared_vpc();
    let open = Link {
        ingress: Some(Ingress::All),
        ..there.clone()
    };
    let _open = apply(&fake, &[open, attaches.clone()]);
    attaches.network = UNIVERSE.main.clone();
    attaches.egress = link("t/x", "a", "b", "10.8.0.0/28").egress;
    let was = fake.state().services[&service("a")].vpc_access.clone();
    let report = apply(&fake, &[there, attaches]);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(state_of(&report, "t/there"), LinkState::Ready);
    let state = fake.state();
    let middle = &state.services[&service("a")];
    let now = (middle.ingress, middle.vpc_access.clone());
    assert_eq!(now, (IngressSetting::Internal, was));
}

#[test]
fn a_destination_admits_what_its_serving_revisions_admit() {
    let fake = Fake::new(before(), 0);
    fake.change(|state| {
        let service = state.services.get_mut(&service("a")).unwrap();
        let revision = service.latest_ready.clone();
        service.traffic = vec![Traffic {
            revision,
            percent: 100,
            tag: None,
        }];
    });
    let _applied = apply(&fake, &over_shared_vpc());
    assert_eq!(
        fake.state().services[&service("a")].ingress,
        IngressSetting::All
    );
}

#[test]
fn both_annotations_of_one_service_go_in_one_turn() {
    let fake = Fake::new(before(), 0);
    let links = [
        link("t/in", "a", "b", "10.8.0.0/28"),
        link("t/out", "b", "c", "10.8.0.0/28"),
    ];
    let _made = apply(&fake, &links);
    // The former values are lost, so what is undone is the annotations alone.
    fake.change(|state| {
        let b = service("b");
        for text in state.services.get_mut(&b).unwrap().annotations.values_mut() {
            let Ok(mut value) = serde_json::from_str::<serde_json::Value>(text) else {
                continue;
            };
            value["former"] = serde_json::json!("Unknown");
            *text = value.to_string();
        }
        state.touch(&b);
    });
    let _gone = apply(&fake, &[]);
    let state = fake.state();
    let keys: Vec<&String> = state.services[&service("b")].annotations.keys().collect();
    assert_eq!(keys, ["team.example/owner"]);
    let patches = fake
        .take_journal()
        .into_iter()
        .filter(|entry| entry.write.id().to_string().contains("services/b"));
    assert_eq!(patches.count(), 4, "two to make it, two to undo it");
}

#[test]
fn a_source_is_not_detached_while_its_destination_cannot_be_read() {
    for unreadable in 0..40 {
        let fake = Fake::new(before(), 0);
        let _made = apply(&fake, &[link("t/one", "a", "e", "10.8.0.0/28")]);
        let reads = BTreeMap::from([(unreadable, ReadFault::Unreadable)]);
        fake.set_faults(Faults {
            reads,
            ..Faults::default()
        });
        let _gone = apply(&fake, &[]);
        let state = fake.state();
        let attached = state.services[&service("a")].vpc_access.is_some();
        let open = state.services[&service("e")].ingress == IngressSetting::All;
        assert!(attached || open, "read {unreadable}");
    }
}

#[test]
fn a_run_that_says_it_failed_also_says_why() {
    for read in 0..60 {
        let fake = Fake::new(before(), 0);
        fake.set_faults(Faults {
            reads: BTreeMap::from([(read, ReadFault::Stale(3))]),
            ..Faults::default()
        });
        let report = apply(&fake, &[link("t/one", "a", "e", "10.8.0.0/28")]);
        let said = !report.diagnostics.is_empty();
        assert!(report.exit_code() != 6 || said, "stale at read {read}");
    }
}
