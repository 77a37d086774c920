//! What sources of other sets, and links of other files, rely on: it is not taken from under them.

use privatelink_core::cloud::Scope;
use privatelink_core::codes::Code;
use privatelink_core::ids::LinkName;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::link::NetworkRef;
use privatelink_core::names::Installation;

use super::records::{adopting, live};
use super::*;
use crate::declare::existing_connector;

/// A run of one of two sets that declares this link.
fn apply_as(fake: &Fake, ours: &Installation, link: &Link) -> Report {
    run_as(fake, ours, link, BTreeSet::new())
}

/// The same, to undo it.
fn undo_as(fake: &Fake, ours: &Installation, link: &Link) -> Report {
    run_as(fake, ours, link, BTreeSet::from([link.name.clone()]))
}

fn run_as(fake: &Fake, ours: &Installation, link: &Link, destroy: BTreeSet<LinkName>) -> Report {
    let (wishes, orders, extra) = whole(std::slice::from_ref(link));
    let orders = Orders {
        ours: ours.clone(),
        prune: false,
        destroy,
        ..orders
    };
    run(fake, turn(fake, &wishes, &orders, &extra, &|_| ()))
        .value()
        .unwrap()
}

/// From two sources to two destinations, through the team's own connector.
fn over_one_connector() -> [Link; 2] {
    let over = |link: Link| Link {
        egress: existing_connector(),
        ..link
    };
    [
        over(link("t/one", "a", "b", "10.8.0.0/28")),
        over(link("t/other", "c", "d", "10.8.0.0/28")),
    ]
}

#[test]
fn a_nat_stays_for_a_source_of_another_set() {
    let fake = Fake::new(before(), 0);
    let [one, other] = over_one_connector();
    assert_eq!(apply_as(&fake, &UNIVERSE.ours, &one).exit_code(), 0);
    assert_eq!(apply_as(&fake, &UNIVERSE.other, &other).exit_code(), 0);
    let nats = || {
        let routers = &fake.state().routers;
        routers.values().map(|it| it.nats.len()).sum::<usize>()
    };
    assert_eq!(nats(), 1);
    assert_eq!(undo_as(&fake, &UNIVERSE.ours, &one).exit_code(), 5);
    assert_eq!(nats(), 1);
    assert_eq!(undo_as(&fake, &UNIVERSE.other, &other).exit_code(), 0);
    assert_eq!(undo_as(&fake, &UNIVERSE.ours, &one).exit_code(), 0);
    assert_eq!(nats(), 0);
}

#[test]
fn private_google_access_stays_for_a_source_of_another_set() {
    let fake = Fake::new(before(), 0);
    fake.change(|state| {
        let subnetwork = state.subnetworks.get_mut(&team("team-net")).unwrap();
        subnetwork.private_google_access = false;
    });
    let is_on = || fake.state().subnetworks[&team("team-net")].private_google_access;
    let [one, other] = over_one_connector().map(|link| Link {
        internet: Internet::None,
        ..link
    });
    let one = adopting(one, AdoptionKind::Subnetwork, "team-net");
    assert_eq!(apply_as(&fake, &UNIVERSE.ours, &one).exit_code(), 0);
    assert_eq!(apply_as(&fake, &UNIVERSE.other, &other).exit_code(), 0);
    let report = undo_as(&fake, &UNIVERSE.ours, &one);
    assert!(is_on());
    let mut steps = report.steps.iter();
    let waits = steps.find(|step| step.code == Some(Code::LeftForOthers));
    let why = &waits.unwrap().why;
    assert!(why.contains("set orders"), "{why}");
    assert_eq!(report.exit_code(), 5);
    // Nor is it taken while that source's record cannot be read.
    let version = |was: &str, will: &str| {
        fake.change(|state| {
            let source = state.services.get_mut(&service("c")).unwrap();
            let record = source.annotations.get_mut(EGRESS).unwrap();
            *record = record.replacen(was, will, 1);
        });
    };
    version("\"v\":1", "\"v\":99");
    assert_eq!(undo_as(&fake, &UNIVERSE.ours, &one).exit_code(), 5);
    assert!(is_on());
    version("\"v\":99", "\"v\":1");
    assert_eq!(undo_as(&fake, &UNIVERSE.other, &other).exit_code(), 0);
    assert_eq!(undo_as(&fake, &UNIVERSE.ours, &one).exit_code(), 0);
    assert!(!is_on());
}

/// From `a`, over the network of its own project to one destination, and over a Shared VPC to another.
fn over_two_networks() -> [Link; 2] {
    let near = link("t/near", "a", "b", "10.8.0.0/28");
    let mut far = link("t/far", "a", "d", "10.16.0.0/28");
    far.network = UNIVERSE.shared.clone();
    far.ingress = None;
    [near, far]
}

fn is_not_moved(fake: &Fake, report: &Report) {
    assert_eq!(report.exit_code(), 1, "{report:#?}");
    let mut found = report.diagnostics.iter();
    let told = found.find(|found| found.code == Code::NetworkNotAdmitted);
    let message = &told.unwrap().message;
    assert!(message.contains("t/near"), "{message}");
    assert_eq!(network_of(fake), UNIVERSE.main);
}

/// The network that `a` is on.
fn network_of(fake: &Fake) -> NetworkRef {
    let access = live(fake, "a").vpc_access.unwrap();
    let state = fake.state();
    let connector = &state.connectors[access.connector().unwrap()];
    let subnetwork = connector.subnetwork.as_ref().unwrap();
    state.subnetworks[subnetwork].network.clone()
}

#[test]
fn a_source_is_not_led_away_from_what_a_link_of_another_file_reaches() {
    let fake = Fake::new(before(), 0);
    let [near, far] = over_two_networks();
    assert_eq!(apply(&fake, &[near]).exit_code(), 0);
    let (wishes, mut orders, extra) = whole(&[far]);
    orders.prune = false;
    let report = run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ()));
    is_not_moved(&fake, &report.value().unwrap());
}

#[test]
fn a_source_is_not_led_away_while_nobody_can_tell_what_it_would_lose() {
    let fake = Fake::new(before(), 0);
    let near = link("t/near", "f", "b", "10.8.0.0/28");
    let mut far = link("t/far", "f", "g", "10.16.0.0/28");
    far.network = UNIVERSE.shared.clone();
    far.ingress = None;
    assert_eq!(apply(&fake, &[near]).exit_code(), 0);
    let was = live(&fake, "f").vpc_access;
    let denied = Scope::Services(UNIVERSE.prod.clone(), UNIVERSE.here.clone());
    fake.set_faults(Faults {
        unread: BTreeSet::from([denied]),
        ..Faults::default()
    });
    let report = apply_as(&fake, &UNIVERSE.ours, &far);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(live(&fake, "f").vpc_access, was);
    let mut found = report.diagnostics.iter();
    assert!(found.any(|found| found.message.contains("t/near")));
}

#[test]
fn a_source_is_not_led_away_from_what_a_suspended_link_reaches() {
    let fake = Fake::new(before(), 0);
    let [mut near, far] = over_two_networks();
    assert_eq!(apply(&fake, std::slice::from_ref(&near)).exit_code(), 0);
    near.policy.suspend = true;
    let report = apply(&fake, &[near.clone(), far.clone()]);
    is_not_moved(&fake, &report);
    // Where that link is undone as well, the source moves.
    let _moved = apply(&fake, &[far]);
    assert_eq!(network_of(&fake), UNIVERSE.shared);
}
