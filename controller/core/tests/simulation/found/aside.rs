//! Who else leads to a destination, and what is left of a source: nothing is closed on a caller whose path does not work,
//! and what somebody changed in one field is no reason to keep another.

use privatelink_core::codes::Code;
use privatelink_core::drift::Rank;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;
use privatelink_core::plan::Action;

use super::records::{adopting, live};
use super::*;

/// From `a`, which serves by an old revision and so does not enter the network yet, and from `c`; both to `b`.
fn pinned_and_free() -> (Fake, Link, Link) {
    let mut state = before();
    let source = state.services.get_mut(&service("a")).unwrap();
    source.traffic = vec![Traffic {
        revision: source.latest_ready.clone(),
        percent: 100,
        tag: None,
    }];
    let pinned = link("t/pinned", "a", "b", "10.8.0.0/28");
    let free = link("t/free", "c", "b", "10.8.0.16/28");
    (Fake::new(state, 0), pinned, free)
}

fn in_part(fake: &Fake, links: &[Link], destroy: &[&Link]) -> Report {
    let (wishes, mut orders, extra) = whole(links);
    orders.prune = false;
    orders.destroy = destroy.iter().map(|link| link.name.clone()).collect();
    run(fake, turn(fake, &wishes, &orders, &extra, &|_| ()))
        .value()
        .unwrap()
}

/// The destination waits for this link, and says so.
fn is_held_for(fake: &Fake, report: &Report, link: &Link) {
    assert_eq!(live(fake, "b").ingress, IngressSetting::All, "{report:#?}");
    let mut steps = report.steps.iter();
    let held = steps.find(|step| step.code == Some(Code::IngressHeld));
    let why = &held.unwrap().why;
    assert!(why.contains(&link.name.to_string()), "{why}");
}

#[test]
fn nothing_is_closed_on_a_link_that_does_not_say_who_may_enter() {
    let (fake, mut pinned, free) = pinned_and_free();
    pinned.ingress = None;
    let report = apply(&fake, &[pinned.clone(), free]);
    assert_eq!(report.exit_code(), 5);
    is_held_for(&fake, &report, &pinned);
}

#[test]
fn nothing_is_closed_on_a_link_that_is_suspended() {
    let (fake, mut pinned, free) = pinned_and_free();
    pinned.policy.suspend = true;
    let report = apply(&fake, &[pinned.clone(), free]);
    is_held_for(&fake, &report, &pinned);
}

#[test]
fn a_link_that_contradicts_another_disturbs_no_third() {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let other = link("t/other", "a", "d", "10.8.0.32/28");
    let free = link("t/free", "c", "b", "10.8.0.16/28");
    let report = apply(&fake, &[one, other, free]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Conflicting);
    assert_eq!(state_of(&report, "t/free"), LinkState::Ready);
}

#[test]
fn nothing_is_closed_on_a_link_of_another_file_whose_path_does_not_work() {
    let (fake, pinned, free) = pinned_and_free();
    let report = in_part(&fake, std::slice::from_ref(&pinned), &[]);
    assert_eq!(report.exit_code(), 5);
    let report = in_part(&fake, std::slice::from_ref(&free), &[]);
    is_held_for(&fake, &report, &pinned);
    // Both in files of their own, neither waits for the other once both paths work.
    fake.change(|state| {
        let source = state.services.get_mut(&service("a")).unwrap();
        source.traffic.clear();
        state.touch(&service("a"));
    });
    assert_eq!(in_part(&fake, &[free], &[]).exit_code(), 0);
    assert_eq!(live(&fake, "b").ingress, IngressSetting::Internal);
    assert_eq!(in_part(&fake, &[pinned], &[]).exit_code(), 0);
}

#[test]
fn a_destination_is_not_closed_again_on_a_link_that_stays() {
    let (fake, mut pinned, free) = pinned_and_free();
    fake.change(|state| {
        state.services.get_mut(&service("b")).unwrap().ingress = IngressSetting::Internal;
    });
    let mut opening = adopting(free, AdoptionKind::ServiceIngress, "b");
    opening.ingress = Some(Ingress::All);
    pinned.ingress = None;
    let _applied = apply(&fake, &[pinned.clone(), opening.clone()]);
    assert_eq!(live(&fake, "b").ingress, IngressSetting::All);
    let report = in_part(&fake, std::slice::from_ref(&opening), &[&opening]);
    is_held_for(&fake, &report, &pinned);
}

#[test]
fn a_source_whose_routing_somebody_changed_is_detached_all_the_same() {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    assert_eq!(apply(&fake, &[one]).exit_code(), 0);
    narrow(&fake);
    assert_eq!(apply(&fake, &[]).exit_code(), 0);
    let source = live(&fake, "a");
    assert_eq!(source.vpc_access, None);
    assert!(!source.annotations.contains_key(EGRESS));
    assert!(
        fake.state()
            .connectors
            .keys()
            .all(|id| !UNIVERSE.ours.made(id.name.as_str()))
    );
}

/// Somebody lets only what is for private addresses into the network.
fn narrow(fake: &Fake) {
    fake.change(|state| {
        let live = state.services[&service("a")].vpc_access.clone();
        let narrowed = live.map(|access| VpcAccess {
            routing: Routing::PrivateRangesOnly,
            ..access
        });
        state.deploy(&service("a"), narrowed, None);
        state.touch(&service("a"));
    });
}

#[test]
fn a_source_keeps_the_routing_that_somebody_chose_on_the_way_that_it_had_before() {
    let before_us = VpcAccess {
        attachment: Attachment::Connector(team("team-conn")),
        routing: Routing::AllTraffic,
    };
    let mut state = before();
    state.deploy(&service("a"), Some(before_us.clone()), None);
    let fake = Fake::new(state, 0);
    let one = adopting(
        link("t/one", "a", "b", "10.8.0.0/28"),
        AdoptionKind::ServiceEgress,
        "a",
    );
    let _applied = apply(&fake, &[one]);
    narrow(&fake);
    let _undone = apply(&fake, &[]);
    let wanted = VpcAccess {
        routing: Routing::PrivateRangesOnly,
        ..before_us
    };
    assert_eq!(live(&fake, "a").vpc_access, Some(wanted));
}

#[test]
fn what_was_applied_as_protected_is_not_undone_by_a_file_that_does_not_say_so() {
    let fake = Fake::new(before(), 0);
    let mut protected = link("t/one", "a", "b", "10.8.0.0/28");
    protected.policy.deletion = Deletion::Protect;
    assert_eq!(
        apply(&fake, std::slice::from_ref(&protected)).exit_code(),
        0
    );
    let other_branch = Link {
        policy: LinkPolicy {
            deletion: Deletion::Restore,
            ..protected.policy
        },
        ..protected
    };
    fake.take_journal();
    let report = in_part(&fake, std::slice::from_ref(&other_branch), &[&other_branch]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Protected);
    assert_eq!(fake.take_journal().len(), 0);
    // Applied once, it may go.
    assert_eq!(
        apply(&fake, std::slice::from_ref(&other_branch)).exit_code(),
        0
    );
    let report = in_part(&fake, std::slice::from_ref(&other_branch), &[&other_branch]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Released);
}

#[test]
fn a_suspended_link_is_left_alone_by_destroy_too() {
    let fake = Fake::new(before(), 0);
    let mut one = link("t/one", "a", "b", "10.8.0.0/28");
    assert_eq!(apply(&fake, std::slice::from_ref(&one)).exit_code(), 0);
    one.policy.suspend = true;
    fake.take_journal();
    let report = in_part(&fake, std::slice::from_ref(&one), &[&one]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Suspended);
    assert_eq!(fake.take_journal().len(), 0);
}

#[test]
fn what_stays_is_told_where_every_record_is_lost() {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    assert_eq!(apply(&fake, std::slice::from_ref(&one)).exit_code(), 0);
    fake.change(|state| {
        for (name, key) in [("a", EGRESS), ("b", INGRESS)] {
            let service = service(name);
            state
                .services
                .get_mut(&service)
                .unwrap()
                .annotations
                .remove(key);
            state.touch(&service);
        }
    });
    let report = in_part(&fake, std::slice::from_ref(&one), &[&one]);
    let told = report.diagnostics.iter();
    let told: Vec<&str> = told
        .filter(|it| it.code == Code::FormerValueUnknown)
        .map(|it| it.message.as_str())
        .collect();
    assert!(
        told.iter()
            .any(|it| it.starts_with("a goes on leaving through connector pl-")),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|it| it.starts_with("b goes on admitting internal traffic only")),
        "{told:?}"
    );
    assert_eq!(state_of(&report, "t/one"), LinkState::Releasing);
}

#[test]
fn a_link_that_opens_a_destination_of_others_is_no_drift() {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    let mut open = link("t/open", "c", "b", "10.8.0.16/28");
    open.ingress = Some(Ingress::All);
    assert_eq!(apply(&fake, std::slice::from_ref(&one)).exit_code(), 0);
    let drift = |report: &Report| report.steps.iter().find_map(|step| step.drift);
    let both = [one.clone(), open];
    assert_eq!(drift(&plan(&fake, &both)), None);
    let _applied = apply(&fake, &both);
    assert_eq!(live(&fake, "b").ingress, IngressSetting::All);
    assert_eq!(drift(&plan(&fake, &[one])), None);
    // What somebody else does is drift, though it be the same.
    fake.change(|state| {
        state.services.get_mut(&service("b")).unwrap().ingress = IngressSetting::Internal;
    });
    assert_eq!(drift(&plan(&fake, &both)), Some(Rank::Broken));
}

#[test]
fn a_link_is_not_called_undone_where_nobody_could_look_or_a_policy_held_it_back() {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    assert_eq!(apply(&fake, std::slice::from_ref(&one)).exit_code(), 0);
    let (wishes, mut orders, extra) = whole(&[]);
    orders.policy = Policy::NoDelete;
    let report = run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ()));
    let report = report.value().unwrap();
    let mut steps = report.steps.iter();
    assert!(
        steps.any(|step| step.action == Action::Nothing && step.code == Some(Code::PolicyHeldBack))
    );
    assert_eq!(state_of(&report, "t/one"), LinkState::Releasing);
}

#[test]
fn a_router_of_ours_stays_while_somebodys_session_is_in_it() {
    let fake = Fake::new(before(), 0);
    let one = link("t/one", "a", "b", "10.8.0.0/28");
    assert_eq!(apply(&fake, &[one]).exit_code(), 0);
    let has_peers = |fake: &Fake, has: bool| {
        fake.change(|state| {
            for router in state.routers.values_mut() {
                router.has_peers = has;
            }
        });
    };
    has_peers(&fake, true);
    let report = apply(&fake, &[]);
    assert_eq!(report.exit_code(), 5);
    let left: Vec<LiveRouter> = fake.state().routers.values().cloned().collect();
    assert_eq!(left.len(), 1);
    assert!(left[0].nats.is_empty(), "{left:?}");
    has_peers(&fake, false);
    assert_eq!(apply(&fake, &[]).exit_code(), 0);
    assert!(fake.state().routers.is_empty());
}

#[test]
fn one_wrong_router_name_stops_its_own_link_alone() {
    let mut state = before();
    let edge = team("edge");
    let theirs = LiveRouter {
        has_peers: false,
        id: edge.clone(),
        network: UNIVERSE.main.clone(),
        mark: None,
        nats: Vec::new(),
    };
    state.routers.insert(edge, theirs);
    let zeta = privatelink_core::link::NetworkRef {
        name: "zeta".parse().unwrap(),
        ..UNIVERSE.main.clone()
    };
    let there = privatelink_core::kinds::Network {
        id: zeta.clone(),
        ..state.networks[&UNIVERSE.main].clone()
    };
    state.networks.insert(zeta.clone(), there);
    let routes = state
        .routes
        .iter()
        .filter(|route| route.network == UNIVERSE.main);
    let routes: Vec<_> = routes
        .cloned()
        .map(|route| privatelink_core::kinds::Route {
            network: zeta.clone(),
            ..route
        })
        .collect();
    state.routes.extend(routes);
    let fake = Fake::new(state, 0);
    let through_edge = |link: Link| Link {
        internet: Internet::Nat(NatChoice {
            addresses: Addresses::Auto,
            min_ports_per_vm: None,
            router: Some("edge".parse().unwrap()),
        }),
        ..link
    };
    let right = through_edge(link("t/right", "a", "b", "10.8.0.0/28"));
    let mut wrong = through_edge(link("t/wrong", "c", "d", "10.9.0.0/28"));
    wrong.network = zeta;
    let report = apply(&fake, &[right.clone(), wrong]);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(state_of(&report, "t/right"), LinkState::Ready);
    assert!(report.diagnostics.iter().any(|told| {
        told.code == Code::NetworkUnfit
            && told
                .link
                .as_ref()
                .is_some_and(|it| it.to_string() == "t/wrong")
    }));
    assert_eq!(live(&fake, "c").vpc_access, None);
    assert_eq!(live(&fake, "d").ingress, IngressSetting::All);
    // Nothing is made for it that costs something.
    assert_eq!(
        fake.state()
            .connectors
            .keys()
            .filter(|id| UNIVERSE.ours.made(id.name.as_str()))
            .count(),
        1
    );
}

#[test]
fn a_nat_that_the_path_needs_is_missed_as_the_path_is() {
    let mut state = before();
    state
        .subnetworks
        .get_mut(&team("team-net"))
        .unwrap()
        .private_google_access = false;
    let fake = Fake::new(state, 0);
    let one = super::records::through_team_connector(link("t/one", "a", "b", "10.8.0.0/28"));
    assert_eq!(apply(&fake, std::slice::from_ref(&one)).exit_code(), 0);
    fake.change(|state| {
        for router in state.routers.values_mut() {
            router.nats.clear();
        }
    });
    let report = plan(&fake, &[one]);
    assert_eq!(report.links[0].drift, Some(Rank::Broken), "{report:#?}");
}
