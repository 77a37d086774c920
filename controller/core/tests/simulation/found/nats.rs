//! NATs whose settings, place or reason change while their source goes on.

use privatelink_core::cloud::Write;
use privatelink_core::codes::Code;
use privatelink_core::fake::{Entry, Fault};
use privatelink_core::kinds::Id;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::plan::Action;
use privatelink_core::report::StepReport;

use super::*;

fn with_nat(link: Link, ports: Option<u32>, router: Option<&str>) -> Link {
    Link {
        internet: Internet::Nat(NatChoice {
            addresses: Addresses::Auto,
            min_ports_per_vm: ports,
            router: router.map(|name| name.parse().unwrap()),
        }),
        digest: serde_json::from_value(serde_json::json!(format!("{ports:?}{router:?}"))).unwrap(),
        ..link
    }
}

/// Two sources, each with a range of its own, behind one NAT entry.
fn two() -> [Link; 2] {
    [
        link("t/one", "a", "b", "10.8.0.0/28"),
        link("t/two", "c", "d", "10.8.0.16/28"),
    ]
}

/// The entries with their ports and how many subnetworks each lists.
fn entries(fake: &Fake) -> Vec<(Option<u32>, usize)> {
    let state = fake.state();
    let nats = state.routers.values().flat_map(|router| &router.nats);
    nats.map(|nat| (nat.min_ports_per_vm, nat.listed().count()))
        .collect()
}

/// No write takes the internet from a subnetwork that has it.
fn is_served_throughout(journal: &[Entry]) -> bool {
    let loses = |entry: &Entry| {
        let mut ids = entry.before.subnetworks.keys();
        ids.any(|id| {
            entry.before.nat_serving(id).is_some() && entry.after.nat_serving(id).is_none()
        })
    };
    !journal.iter().any(loses)
}

fn writes_nothing(fake: &Fake, links: &[Link]) {
    fake.take_journal();
    let _again = apply(fake, links);
    assert_eq!(fake.take_journal().len(), 0);
}

#[test]
fn one_of_two_that_share_a_nat_gets_settings_of_its_own_without_a_gap() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &two());
    assert_eq!(entries(&fake), [(None, 2)]);
    fake.take_journal();
    let [one, other] = two();
    let apart = [with_nat(one, Some(256), None), other];
    let report = apply(&fake, &apart);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    assert_eq!(state_of(&report, "t/two"), LinkState::Ready);
    assert_eq!(report.exit_code(), 0);
    let mut found = entries(&fake);
    found.sort_unstable();
    assert_eq!(found, [(None, 1), (Some(256), 1)]);
    let journal = fake.take_journal();
    let together = |entry: &&Entry| matches!(entry.write, Write::PutNats(..));
    assert_eq!(journal.iter().filter(together).count(), 1);
    assert!(is_served_throughout(&journal));
    writes_nothing(&fake, &apart);
    // And back into one.
    let report = apply(&fake, &two());
    assert_eq!(report.exit_code(), 0);
    writes_nothing(&fake, &two());
}

#[test]
fn an_entry_that_all_agree_about_changes_where_it_is() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &two());
    let changed = two().map(|link| with_nat(link, Some(128), None));
    assert_eq!(apply(&fake, &changed).exit_code(), 0);
    assert_eq!(entries(&fake), [(Some(128), 2)]);
}

#[test]
fn another_router_is_refused_with_a_way_out_and_nothing_changes() {
    let mut state = before();
    another_router(&mut state);
    let id = team("team-router");
    let fake = Fake::new(state, 0);
    let [one, _] = two();
    let _made = apply(&fake, std::slice::from_ref(&one));
    let there = with_nat(one.clone(), None, Some("team-router"));
    fake.take_journal();
    let report = apply(&fake, std::slice::from_ref(&there));
    assert_eq!(fake.take_journal().len(), 0);
    assert_eq!(report.exit_code(), 1);
    let codes: Vec<Code> = report.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::NatRouterChange]);
    // The first way out: another range together with the router.
    let moved = Link {
        egress: link("t/one", "a", "b", "10.8.0.16/28").egress,
        ..there.clone()
    };
    let report = apply(&fake, std::slice::from_ref(&moved));
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    assert_eq!(fake.state().routers[&id].nats.len(), 1);
    assert_eq!(fake.state().routers.len(), 1, "our router is left");
    // The second way out, back: without the internet in between.
    let without = Link {
        internet: Internet::None,
        ..moved.clone()
    };
    let _without = apply(&fake, std::slice::from_ref(&without));
    assert_eq!(entries(&fake), []);
    let back = Link {
        egress: moved.egress.clone(),
        ..one
    };
    assert_eq!(apply(&fake, std::slice::from_ref(&back)).exit_code(), 0);
    assert_eq!(fake.state().routers[&id].nats.len(), 0);
}

#[test]
fn a_link_that_does_without_the_internet_loses_its_nat_and_nobody_else_does() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &two());
    let [one, other] = two();
    let without = |link: Link| Link {
        internet: Internet::None,
        digest: serde_json::from_value(serde_json::json!("without")).unwrap(),
        ..link
    };
    let first = [without(one.clone()), other.clone()];
    assert_eq!(apply(&fake, &first).exit_code(), 0);
    assert_eq!(entries(&fake), [(None, 1)]);
    writes_nothing(&fake, &first);
    let both = [without(one), without(other)];
    let report = apply(&fake, &both);
    assert_eq!(report.exit_code(), 0);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    assert_eq!(
        fake.state().routers.len(),
        0,
        "a router without entries is left"
    );
    writes_nothing(&fake, &both);
}

#[test]
fn a_nat_that_another_source_of_the_same_range_needs_stays() {
    let fake = Fake::new(before(), 0);
    let needs = link("t/needs", "c", "d", "10.8.0.0/28");
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let _made = apply(&fake, &[one.clone(), needs.clone()]);
    let without = Link {
        internet: Internet::None,
        ..one
    };
    assert_eq!(apply(&fake, &[without, needs]).exit_code(), 0);
    assert_eq!(entries(&fake), [(None, 1)]);
}

fn another_router(state: &mut State) {
    let id = team("team-router");
    let theirs = LiveRouter {
        has_peers: false,
        id: id.clone(),
        network: UNIVERSE.main.clone(),
        mark: None,
        nats: Vec::new(),
    };
    state.routers.insert(id, theirs);
}

/// Whoever leaves through a connector that is there has a NAT behind it, after each write.
fn whoever_leaves_has_the_internet(journal: &[Entry]) {
    for Entry { write, after, .. } in journal {
        for service in after.services.values() {
            let connector = service.vpc_access.as_ref().and_then(VpcAccess::connector);
            let live = connector.and_then(|id| after.connectors.get(id));
            let subnetwork = live.and_then(|live| live.subnetwork.as_ref());
            let served = subnetwork.is_none_or(|id| after.nat_serving(id).is_some());
            assert!(served, "{} after {write:?}", service.id.name);
        }
    }
}

#[test]
fn a_source_that_relies_on_a_nat_waits_for_one_that_moves_to_another_router() {
    let fake = Fake::new(before(), 0);
    let [one, _] = two();
    let _made = apply(&fake, std::slice::from_ref(&one));
    fake.change(|state| {
        another_router(state);
        // Nobody uses the range any more, so its NAT may move.
        let source = state.services.get_mut(&service("a")).unwrap();
        source.annotations.clear();
        state.deploy(&service("a"), None, None);
    });
    fake.take_journal();
    let relies = Link {
        internet: Internet::Existing,
        ..link("t/two", "c", "d", "10.8.0.0/28")
    };
    let report = apply(&fake, &[with_nat(one, None, Some("team-router")), relies]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    assert_eq!(state_of(&report, "t/two"), LinkState::Ready);
    whoever_leaves_has_the_internet(&fake.take_journal());
}

#[test]
fn a_connector_that_somebody_deleted_comes_back_after_the_nat_that_moved_meanwhile() {
    let fake = Fake::new(before(), 0);
    let [one, _] = two();
    let _made = apply(&fake, std::slice::from_ref(&one));
    fake.change(|state| {
        another_router(state);
        state
            .connectors
            .retain(|id, _| !UNIVERSE.ours.made(id.name.as_str()));
    });
    fake.take_journal();
    let moved = with_nat(one, None, Some("team-router"));
    let report = apply(&fake, &[moved]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    whoever_leaves_has_the_internet(&fake.take_journal());
}

#[test]
fn a_nat_goes_although_a_neighbour_serves_by_an_old_revision() {
    let fake = Fake::new(before(), 0);
    let [one, _] = two();
    let _made = apply(&fake, std::slice::from_ref(&one));
    fake.change(|state| {
        let neighbour = state.services.get_mut(&service("d")).unwrap();
        let revision = neighbour.latest_ready.clone();
        neighbour.traffic = vec![Traffic {
            revision,
            percent: 100,
            tag: None,
        }];
        state.deploy(&service("d"), None, None);
    });
    let without = Link {
        internet: Internet::None,
        ..one
    };
    assert_eq!(apply(&fake, &[without]).exit_code(), 0);
    assert_eq!(entries(&fake), []);
}

#[test]
fn private_google_access_of_an_adopted_subnetwork_goes_after_the_nat_that_forces_it_on() {
    let fake = Fake::new(before(), 0);
    let mut wish = link("t/one", "a", "b", "10.9.0.16/28");
    let internet = std::mem::replace(&mut wish.internet, Internet::None);
    adopt_spare(&fake, &mut wish);
    let stays = link("t/stays", "c", "d", "10.8.0.0/28");
    let _adopted = apply(&fake, &[wish.clone(), stays.clone()]);
    wish.internet = internet;
    let _served = apply(&fake, &[wish, stays.clone()]);
    // The source is detached, and what served it stays for now: all of the rest is wished for in one look.
    fake.set_faults(Faults {
        sorts: [
            "PutNat",
            "DeleteNat",
            "DeleteConnector",
            "SetPrivateGoogleAccess",
        ]
        .map(|sort| (sort, Fault::Denied))
        .into(),
        ..Faults::default()
    });
    let _half = apply(&fake, std::slice::from_ref(&stays));
    fake.set_faults(Faults::default());
    let report = apply(&fake, std::slice::from_ref(&stays));
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert!(!fake.state().subnetworks[&team("spare")].private_google_access);
}

#[test]
fn a_plan_tells_of_everything_that_goes_in_the_same_run() {
    let fake = Fake::new(before(), 0);
    let stays = link("t/stays", "a", "b", "10.8.0.0/28");
    let goes = link("t/goes", "c", "d", "10.8.0.16/28");
    let _made = apply(&fake, &[stays.clone(), goes]);
    let plan = plan(&fake, std::slice::from_ref(&stays));
    let deletes = |steps: &[StepReport]| -> BTreeSet<Id> {
        let deletes = steps.iter().filter(|step| step.action == Action::Delete);
        deletes.map(|step| step.id.clone()).collect()
    };
    let mut told = deletes(&plan.steps);
    told.append(&mut deletes(&plan.later));
    let done = apply(&fake, std::slice::from_ref(&stays));
    assert_eq!(told, deletes(&done.steps));
    assert!(
        told.iter().any(|id| matches!(id, Id::Subnetwork(_))),
        "{told:?}"
    );
}

#[test]
fn a_link_that_cannot_change_its_router_is_not_ready_though_another_set_keeps_its_source() {
    let mut state = before();
    another_router(&mut state);
    let fake = Fake::new(state, 0);
    let [one, _] = two();
    let _made = apply(&fake, std::slice::from_ref(&one));
    fake.change(|state| {
        let source = state.services.get_mut(&service("a")).unwrap();
        let record = source.annotations.get_mut(EGRESS).unwrap();
        *record = record.replace(r#""set":"payments""#, r#""set":"orders""#);
    });
    let report = apply(&fake, &[with_nat(one, None, Some("team-router"))]);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(state_of(&report, "t/one"), LinkState::Waiting);
}

#[test]
fn a_link_that_cannot_change_its_router_is_not_ready_though_its_source_goes_ahead_for_another() {
    let mut state = before();
    another_router(&mut state);
    let fake = Fake::new(state, 0);
    let [one, _] = two();
    let _made = apply(&fake, std::slice::from_ref(&one));
    let moved = with_nat(one, None, Some("team-router"));
    let beside = Link {
        internet: Internet::None,
        ..link("t/beside", "a", "d", "10.8.0.0/28")
    };
    let report = apply(&fake, &[moved, beside]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Waiting);
    assert_eq!(state_of(&report, "t/beside"), LinkState::Ready);
}

#[test]
fn a_link_that_relies_on_a_nat_is_not_ready_without_one_though_its_path_works() {
    let fake = Fake::new(before(), 0);
    let [one, _] = two();
    let _made = apply(&fake, std::slice::from_ref(&one));
    let relies = Link {
        internet: Internet::Existing,
        ..one
    };
    fake.change(|state| state.routers.clear());
    let report = apply(&fake, &[relies]);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(state_of(&report, "t/one"), LinkState::Waiting);
}

#[test]
fn a_nat_that_goes_is_not_one_that_somebody_keeps() {
    let fake = Fake::new(before(), 0);
    let makes = link("t/makes", "c", "d", "10.8.0.0/28");
    let _made = apply(&fake, std::slice::from_ref(&makes));
    let mut relies = link("t/relies", "a", "b", "10.8.0.0/28");
    relies.internet = Internet::Existing;
    let report = apply(&fake, std::slice::from_ref(&relies));
    assert_ne!(state_of(&report, "t/relies"), LinkState::Ready);
    assert_eq!(fake.state().services[&service("a")].vpc_access, None);
}
