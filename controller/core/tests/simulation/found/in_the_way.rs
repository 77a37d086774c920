//! What stands in the way of a link that cannot be made, and what contradicts another: the words that people read.

use std::fmt::Write as _;

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::{Diagnostic, Severity};
use privatelink_core::ids::ResourceName;
use privatelink_core::link::{ConnectorRef, NetworkRef};
use privatelink_core::names::Mark;
use privatelink_core::plan::Action;

use super::*;

/// What was there before, and how the link is declared.
type Case = fn(&mut State, &mut Link);

fn on(link: &mut Link, choice: SubnetworkChoice) {
    link.egress = Egress::Connector(ConnectorChoice::Managed {
        subnetwork: choice,
        machine_type: MachineType::E2Micro,
        instances: Instances { min: 2, max: 3 },
    });
}

fn nat(link: &mut Link, addresses: Addresses, router: Option<&str>) {
    link.internet = Internet::Nat(NatChoice {
        addresses,
        min_ports_per_vm: None,
        router: router.map(|name| name.parse().unwrap()),
    });
}

fn router(name: &str) -> LiveRouter {
    LiveRouter {
        has_peers: false,
        id: team(name),
        network: UNIVERSE.main.clone(),
        mark: None,
        nats: Vec::new(),
    }
}

fn add(state: &mut State, router: LiveRouter) {
    state.routers.insert(router.id.clone(), router);
}

/// Somebody's entry that serves nothing of ours.
fn entry(name: &str) -> LiveNat {
    LiveNat {
        name: name.parse().unwrap(),
        public: true,
        addresses: NatAddresses::Auto,
        sources: NatSources::Listed(BTreeMap::from([(
            team("team-net"),
            BTreeSet::from(["ALL_IP_RANGES".to_owned()]),
        )])),
        min_ports_per_vm: None,
    }
}

const CASES: [(&str, Case); 11] = [
    ("the network is not there", |_, link| {
        link.network = NetworkRef {
            name: "nowhere".parse().unwrap(),
            ..UNIVERSE.main.clone()
        };
    }),
    ("the subnetwork is not there", |_, link| {
        let name = "nowhere".parse().unwrap();
        on(link, SubnetworkChoice::Existing { name });
    }),
    ("the subnetwork is no /28", |state, link| {
        let spare = state.subnetworks.get_mut(&team("spare")).unwrap();
        spare.cidr = Some("10.9.4.0/24".parse().unwrap());
        let name = "spare".parse().unwrap();
        on(link, SubnetworkChoice::Existing { name });
    }),
    ("the connector is not there", |_, link| {
        link.egress = Egress::Connector(ConnectorChoice::Existing(ConnectorRef {
            project: UNIVERSE.prod.clone(),
            region: UNIVERSE.here.clone(),
            name: "nowhere".parse().unwrap(),
        }));
    }),
    ("no NAT is there", |_, link| {
        link.internet = Internet::Existing;
    }),
    ("the router is not there", |_, link| {
        nat(link, Addresses::Auto, Some("nowhere"));
    }),
    ("the router is of another network", |state, link| {
        let network = UNIVERSE.shared.clone();
        add(
            state,
            LiveRouter {
                has_peers: false,
                network,
                ..router("far")
            },
        );
        nat(link, Addresses::Auto, Some("far"));
    }),
    ("the network has no room for a router", |state, _| {
        for name in ["r-one", "r-two", "r-three", "r-four", "r-five"] {
            add(state, router(name));
        }
    }),
    ("the router has no room for a NAT", |state, link| {
        let nats = (0..50).map(|n| entry(&format!("n-{n}"))).collect();
        add(
            state,
            LiveRouter {
                has_peers: false,
                nats,
                ..router("full")
            },
        );
        nat(link, Addresses::Auto, Some("full"));
    }),
    ("the address is somebody's", |state, link| {
        let ip = BTreeSet::from(["ip-one".parse().unwrap()]);
        let addresses = NatAddresses::Manual(ip.clone());
        let nats = vec![LiveNat {
            addresses,
            ..entry("theirs")
        }];
        add(
            state,
            LiveRouter {
                has_peers: false,
                nats,
                ..router("theirs")
            },
        );
        nat(link, Addresses::Manual(ip), None);
    }),
    ("the address is internal", |state, link| {
        let address = state.addresses.get_mut(&team("ip-one")).unwrap();
        address.external = false;
        let ip = BTreeSet::from(["ip-one".parse().unwrap()]);
        nat(link, Addresses::Manual(ip), None);
    }),
];

#[test]
fn what_stands_in_the_way_is_told_in_its_own_words() {
    let mut told = String::new();
    for (what, case) in CASES {
        let mut state = before();
        let mut wish = link("t/one", "a", "b", "10.8.0.0/28");
        case(&mut state, &mut wish);
        let report = plan(&Fake::new(state, 0), &[wish]);
        told.push_str(&says(what, &report));
    }
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let elsewhere = link("t/two", "a", "c", "10.8.0.16/28");
    let mut ports = link("t/two", "d", "c", "10.8.0.0/28");
    if let Internet::Nat(choice) = &mut ports.internet {
        choice.min_ports_per_vm = Some(128);
    }
    let mut abroad = one.clone();
    abroad.network = UNIVERSE.shared.clone();
    let second = Link {
        source: service("f"),
        name: "t/two".parse().unwrap(),
        ..abroad.clone()
    };
    let mut two_networks = [one.clone(), elsewhere.clone()];
    two_networks[1].network.name = "other".parse().unwrap();
    for (what, links) in [
        ("one source, two networks", two_networks),
        ("one source, two ranges", [one.clone(), elsewhere]),
        ("one range, two NATs", [one, ports]),
        ("one range, two connectors", [abroad, second]),
    ] {
        let report = plan(&Fake::new(before(), 0), &links);
        told.push_str(&says(what, &report));
    }
    insta::assert_snapshot!(told);
}

/// How the first link stands, what is refused, and everything that is said beside it.
fn says(what: &str, report: &Report) -> String {
    let mut told = format!("{what}: {:?}\n", report.links[0].state);
    for step in report
        .steps
        .iter()
        .filter(|step| step.action == Action::Refuse)
    {
        let code = step.code.map(|code| code.to_string()).unwrap_or_default();
        let _ = writeln!(told, "    refuses {} {code}: {}", step.kind, step.why);
    }
    for it in &report.diagnostics {
        let _ = writeln!(told, "    {}[{}]: {}", it.severity, it.code, it.message);
    }
    told
}

#[test]
fn a_router_whose_description_somebody_changed_is_told_until_it_is_ours_again() {
    let fake = Fake::new(before(), 0);
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    assert_eq!(apply(&fake, std::slice::from_ref(&wish)).exit_code(), 0);
    let describe = |mark: Option<&Mark>| {
        fake.change(|state| {
            for router in state.routers.values_mut() {
                router.mark = mark.cloned();
            }
        });
    };
    let mark = fake.state().routers.values().next().unwrap().mark.clone();
    describe(None);
    let report = plan(&fake, std::slice::from_ref(&wish));
    let help = unnamed(&report).help.as_deref().unwrap();
    // What the help says to write is what heals it.
    let (_, said) = help.split_once('`').unwrap();
    let (said, _) = said.split_once('`').unwrap();
    assert_eq!(said.parse::<Mark>().ok(), mark);
    describe(said.parse().ok().as_ref());
    assert_eq!(apply(&fake, std::slice::from_ref(&wish)).exit_code(), 0);

    describe(None);
    let report = apply(&fake, &[]);
    assert_eq!(fake.state().routers.len(), 1);
    assert_eq!(unnamed(&report).severity, Severity::Warning);
}

/// What is said of a thing that has a name of ours and no mark.
fn unnamed(report: &Report) -> &Diagnostic {
    let mut found = report.diagnostics.iter();
    let told = found.find(|found| found.code == Code::ForeignUnderOurName);
    told.unwrap()
}

#[test]
fn what_was_meant_by_a_name_that_is_not_there_is_said() {
    let said = |change: &dyn Fn(&mut Link)| {
        let mut wish = link("t/one", "a", "b", "10.8.0.0/28");
        change(&mut wish);
        let report = plan(&Fake::new(before(), 0), &[wish]);
        let mut missing = report.diagnostics.iter().filter(|it| it.is_error());
        missing.next().unwrap().help.clone().unwrap()
    };
    let starts = |help: &str, with: &str| assert!(help.starts_with(with), "{help}");
    let name = |text: &str| -> ResourceName { text.parse().unwrap() };
    let near_main = said(&|link| link.network.name = name("mian"));
    starts(&near_main, "did you mean `main`? If not, check");
    let spare = || SubnetworkChoice::Existing {
        name: name("sapre"),
    };
    let near_spare = said(&|link| on(link, spare()));
    starts(&near_spare, "did you mean `spare`? If not, correct");
    let connector = |link: &mut Link, region: &str| {
        link.egress = Egress::Connector(ConnectorChoice::Existing(ConnectorRef {
            project: UNIVERSE.prod.clone(),
            region: region.parse().unwrap(),
            name: "team-con".parse().unwrap(),
        }));
    };
    let near_conn = said(&|link| connector(link, UNIVERSE.here.as_str()));
    starts(&near_conn, "did you mean `team-conn`? If not, correct");
    let elsewhere = said(&|link| link.destination.project = UNIVERSE.edge.clone());
    starts(
        &elsewhere,
        "there is one in europe-west1 of project acme-prod; if",
    );
    let nothing = said(&|link| link.destination.name = "another-service".parse().unwrap());
    starts(&nothing, "deploy it first");
}
