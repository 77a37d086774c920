//! What is made in a network's project is found when no declaration names that project any more, wherever a run ended.

use privatelink_core::codes::Code;
use privatelink_core::fake::Fault;
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::service_egress::{ANNOTATION as EGRESS, EgressAnnotation};
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;

use super::*;

/// From the edge project, in the network of the host project.
fn far() -> Link {
    Link {
        source: source(),
        destination: service("b"),
        project: UNIVERSE.edge.clone(),
        network: UNIVERSE.shared.clone(),
        ingress: None,
        ..link("t/far", "a", "b", "10.16.0.0/28")
    }
}

fn source() -> ServiceRef {
    UNIVERSE.services[5].clone()
}

/// What says no more than where the source is.
fn anchor() -> Link {
    let mut anchor = Link {
        name: "t/anchor".parse().unwrap(),
        network: UNIVERSE.main.clone(),
        ..far()
    };
    anchor.policy.suspend = true;
    anchor
}

/// A turn of the whole set that is told of nothing but what is declared.
fn untold(fake: &Fake, links: &[Link]) -> Option<Report> {
    let (wishes, orders, _) = whole(links);
    run(
        fake,
        turn(fake, &wishes, &orders, &BTreeSet::new(), &|_| ()),
    )
    .value()
}

/// The same, killed at one of its writes. Were there as many?
fn killed(fake: &Fake, links: &[Link], number: usize) -> bool {
    fake.set_faults(Faults {
        writes: BTreeMap::from([(number, Fault::Crash)]),
        ..Faults::default()
    });
    let ended = untold(fake, links);
    fake.set_faults(Faults::default());
    fake.restart();
    let _written = fake.take_journal();
    ended.is_none()
}

fn in_host(state: &State) -> Vec<String> {
    let host: &ProjectId = &UNIVERSE.host;
    let subnetworks = state.subnetworks.keys();
    let routers = state.routers.keys();
    let all = subnetworks.chain(routers).chain(state.addresses.keys());
    let ours = all.filter(|id| id.project == *host && id.name.as_str().starts_with("pl-"));
    ours.map(|id| id.name.to_string()).collect()
}

fn nothing_is_left(fake: &Fake, origin: &State, when: &str) {
    let _told = untold(fake, &[anchor()]).unwrap();
    let _undone = fake.take_journal();
    let state = fake.state();
    assert_eq!(in_host(&state), Vec::<String>::new(), "{when}");
    let (was, now) = (&origin.services[&source()], &state.services[&source()]);
    assert_eq!(now.annotations, was.annotations, "{when}");
    assert_eq!(now.vpc_access, was.vpc_access, "{when}");
    let _told = untold(fake, &[anchor()]).unwrap();
    assert!(fake.take_journal().is_empty(), "{when}");
}

#[test]
fn a_first_apply_that_is_killed_and_withdrawn_leaves_nothing() {
    let origin = before();
    let mut kills = 0;
    loop {
        let fake = Fake::new(origin.clone(), 0);
        if !killed(&fake, &[far(), anchor()], kills) {
            break;
        }
        nothing_is_left(&fake, &origin, &format!("killed at write {kills}"));
        kills += 1;
    }
    assert_eq!(
        kills, 6,
        "record, subnetwork, router, NAT, connector, egress"
    );
}

#[test]
fn an_undo_that_is_killed_leaves_nothing() {
    let origin = before();
    let mut kills = 0;
    loop {
        let fake = Fake::new(origin.clone(), 0);
        let _made = untold(&fake, &[far(), anchor()]).unwrap();
        assert_eq!(in_host(&fake.state()).len(), 2, "subnetwork and router");
        let _made = fake.take_journal();
        if !killed(&fake, &[anchor()], kills) {
            break;
        }
        nothing_is_left(&fake, &origin, &format!("killed at write {kills}"));
        kills += 1;
    }
    assert_eq!(
        kills, 6,
        "egress, NAT, connector, router, subnetwork, record"
    );
}

#[test]
fn a_move_to_another_network_that_is_killed_leaves_nothing() {
    let origin = before();
    let moved = Link {
        network: UNIVERSE.main.clone(),
        digest: serde_json::from_value(serde_json::json!("moved")).unwrap(),
        ..link("t/far", "a", "b", "10.8.0.0/28")
    };
    let moved = Link {
        source: source(),
        project: UNIVERSE.edge.clone(),
        ingress: None,
        ..moved
    };
    let mut kills = 0;
    loop {
        let fake = Fake::new(origin.clone(), 0);
        let _made = untold(&fake, &[far()]).unwrap();
        let _made = fake.take_journal();
        if !killed(&fake, std::slice::from_ref(&moved), kills) {
            break;
        }
        let _told = untold(&fake, std::slice::from_ref(&moved)).unwrap();
        assert_eq!(
            in_host(&fake.state()),
            Vec::<String>::new(),
            "write {kills}"
        );
        let record = EgressAnnotation::read(&fake.state().services[&source()]);
        let networks = record.unwrap().unwrap().networks;
        assert_eq!(
            networks,
            BTreeSet::from([UNIVERSE.prod.clone()]),
            "write {kills}"
        );
        kills += 1;
    }
    assert_eq!(kills, 11);
}

#[test]
fn a_record_that_only_leads_somewhere_is_no_consent() {
    let fake = Fake::new(before(), 0);
    assert!(killed(&fake, &[far()], 0));
    fake.change(|state| {
        let theirs = VpcAccess {
            attachment: Attachment::Connector(team("team-conn")),
            routing: Routing::PrivateRangesOnly,
        };
        state.deploy(&source(), Some(theirs), None);
        state.touch(&source());
    });
    let report = untold(&fake, &[far()]).unwrap();
    let told: BTreeSet<Code> = report.diagnostics.iter().map(|found| found.code).collect();
    assert!(told.contains(&Code::HeldBySomebody), "{told:?}");
    assert_eq!(in_host(&fake.state()), Vec::<String>::new());
}

#[test]
fn what_a_destination_admitted_is_known_although_its_link_was_refused_before() {
    let mut state = before();
    let balanced = IngressSetting::InternalAndCloudLoadBalancing;
    state.services.get_mut(&service("b")).unwrap().ingress = balanced;
    let fake = Fake::new(state, 0);
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    let _refused = apply(&fake, std::slice::from_ref(&wish));
    let wish = Link {
        ingress: Some(Ingress::InternalAndCloudLoadBalancing),
        digest: serde_json::from_value(serde_json::json!("as it is")).unwrap(),
        ..wish
    };
    let _as_it_is = apply(&fake, std::slice::from_ref(&wish));
    let record = fake.state().services[&service("b")].annotations[INGRESS].clone();
    assert!(!record.contains("Unknown"), "{record}");
}

#[test]
fn nothing_is_made_for_a_link_that_cannot_go_on_beside_one_that_is_only_reported() {
    let mut state = before();
    state.services.remove(&service("a"));
    let fake = Fake::new(state, 0);
    let mut reported = link("t/reported", "c", "b", "10.8.0.16/28");
    reported.policy.reconcile = Reconcile::Report;
    let _refused = apply(&fake, &[link("t/one", "a", "b", "10.8.0.0/28"), reported]);
    assert!(fake.take_journal().is_empty());
}

/// From the edge project to the edge project, in the network of the production project, where `a` leaves too.
fn shared_with_a(destination: ServiceRef) -> [Link; 2] {
    let near = link("t/near", "a", "b", "10.8.0.0/28");
    let far = Link {
        destination,
        network: UNIVERSE.main.clone(),
        ..Link {
            name: "t/far".parse().unwrap(),
            source: source(),
            project: UNIVERSE.edge.clone(),
            ingress: None,
            ..link("t/far", "a", "b", "10.8.0.16/28")
        }
    };
    [near, far]
}

/// What says no more than where the source is, in a network of the host project.
fn anchor_elsewhere() -> Link {
    Link {
        network: UNIVERSE.shared.clone(),
        destination: UNIVERSE.services[6].clone(),
        ..anchor()
    }
}

#[test]
fn who_leaves_through_a_network_that_only_a_record_leads_to_keeps_its_nat() {
    let fake = Fake::new(before(), 0);
    let wishes = shared_with_a(UNIVERSE.services[6].clone());
    let _made = apply(&fake, &wishes);
    let _made = fake.take_journal();
    let report = untold(&fake, &[anchor_elsewhere()]).unwrap();
    let state = fake.state();
    assert_eq!(state.services[&source()].vpc_access, None, "it is undone");
    let attached = state.services[&service("a")].vpc_access.clone().unwrap();
    let connector = &state.connectors[attached.connector().unwrap()];
    let subnetwork = connector.subnetwork.clone().unwrap();
    assert!(
        state.nat_serving(&subnetwork).is_some(),
        "a keeps the internet"
    );
    assert_eq!(report.exit_code(), 0, "{:#?}", report.steps);
    let _same = untold(&fake, &[anchor_elsewhere()]).unwrap();
    let written = fake.take_journal().len();
    let _same = untold(&fake, &[anchor_elsewhere()]).unwrap();
    assert!(written > 0 && fake.take_journal().is_empty());
    assert!(
        !fake.state().services[&source()]
            .annotations
            .contains_key(EGRESS)
    );
}

#[test]
fn a_link_that_only_a_destination_leads_to_is_left_alone() {
    let fake = Fake::new(before(), 0);
    let _made = apply(&fake, &shared_with_a(service("b")));
    let of_a = |state: &State| {
        let (a, b) = (
            &state.services[&service("a")],
            &state.services[&service("b")],
        );
        (a.vpc_access.clone(), a.annotations.clone(), b.ingress)
    };
    let before = of_a(&fake.state());
    let report = untold(&fake, &[anchor_elsewhere()]).unwrap();
    assert_eq!(report.exit_code(), 0, "{:#?}", report.steps);
    assert_eq!(of_a(&fake.state()), before);
    let _written = fake.take_journal();
    let _same = untold(&fake, &[anchor_elsewhere()]).unwrap();
    assert!(fake.take_journal().is_empty());
}

#[test]
fn a_subnetwork_of_another_project_is_adopted_and_gets_back_what_it_had() {
    let fake = Fake::new(before(), 0);
    let [_, mut wish] = shared_with_a(UNIVERSE.services[6].clone());
    adopt_spare(&fake, &mut wish);
    wish.internet = Internet::None;
    let report = apply(&fake, std::slice::from_ref(&wish));
    let spare = fake.state().subnetworks[&team("spare")].private_google_access;
    assert!(spare, "{:#?}", report.steps);
    assert!(fake.state().services[&source()].vpc_access.is_some());
    // No declaration names that project any more, and the connector goes before the rest.
    let _undone = untold(&fake, &[anchor_elsewhere()]).unwrap();
    let state = fake.state();
    assert!(!state.subnetworks[&team("spare")].private_google_access);
    assert!(!state.services[&source()].annotations.contains_key(EGRESS));
    let _written = fake.take_journal();
    let _same = untold(&fake, &[anchor_elsewhere()]).unwrap();
    assert!(fake.take_journal().is_empty());
}
