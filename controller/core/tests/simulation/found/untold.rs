//! What only somebody's record leads to: links of the set that a run is not told of keep what they have.

use privatelink_core::cloud::Scope;
use privatelink_core::fake::Fault;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;

use super::*;

/// From the edge project to the edge project, in the network of the production project.
fn far() -> Link {
    Link {
        source: UNIVERSE.services[5].clone(),
        destination: UNIVERSE.services[6].clone(),
        project: UNIVERSE.edge.clone(),
        network: UNIVERSE.main.clone(),
        ingress: None,
        ..link("t/far", "a", "b", "10.8.0.16/28")
    }
}

/// What says no more than where its source is, in a network of the host project.
fn anchor() -> Link {
    let mut anchor = Link {
        name: "t/anchor".parse().unwrap(),
        network: UNIVERSE.shared.clone(),
        ..far()
    };
    anchor.policy.suspend = true;
    anchor
}

/// A turn of the whole set that is told of nothing but what is declared.
fn untold(fake: &Fake, links: &[Link]) -> Report {
    let (wishes, orders, _) = whole(links);
    run(
        fake,
        turn(fake, &wishes, &orders, &BTreeSet::new(), &|_| ()),
    )
    .value()
    .unwrap()
}

/// A link of the production project, on a subnetwork of others.
fn on_spare(fake: &Fake) -> Link {
    let mut near = link("t/near", "a", "b", "10.8.0.0/28");
    adopt_spare(fake, &mut near);
    near
}

fn of_near(state: &State) -> (Option<VpcAccess>, BTreeMap<String, String>, IngressSetting) {
    let (a, b) = (
        &state.services[&service("a")],
        &state.services[&service("b")],
    );
    (a.vpc_access.clone(), a.annotations.clone(), b.ingress)
}

#[test]
fn who_leaves_from_a_subnetwork_of_others_keeps_its_nat() {
    let fake = Fake::new(before(), 0);
    let near = on_spare(&fake);
    let _made = apply(&fake, &[near, far()]);
    let kept = of_near(&fake.state());
    assert!(fake.state().nat_serving(&team("spare")).is_some());
    let (wishes, orders, _) = whole(&[anchor()]);
    let none = BTreeSet::new();
    let planned = run(&fake, preview(&fake, &wishes, &orders, &none))
        .value()
        .unwrap();
    let mut found = planned.diagnostics.iter();
    assert!(
        found.any(|found| found.message.contains("perhaps of other links")),
        "{planned:#?}"
    );
    let _told = untold(&fake, &[anchor()]);
    let state = fake.state();
    assert_eq!(
        state.services[&UNIVERSE.services[5]].vpc_access, None,
        "far is undone"
    );
    assert_eq!(of_near(&state), kept);
    assert!(
        state.nat_serving(&team("spare")).is_some(),
        "a keeps the internet"
    );
    let _written = fake.take_journal();
    let report = untold(&fake, &[anchor()]);
    assert!(fake.take_journal().is_empty());
    assert_eq!(report.exit_code(), 0, "{:#?}", report.steps);
}

#[test]
fn a_forged_record_undoes_nobody() {
    for on_a_subnetwork_of_others in [false, true] {
        let fake = Fake::new(before(), 0);
        let near = if on_a_subnetwork_of_others {
            on_spare(&fake)
        } else {
            link("t/near", "a", "b", "10.8.0.0/28")
        };
        let _made = apply(&fake, &[near]);
        let kept = of_near(&fake.state());
        let forged = serde_json::json!({
            "v": 1, "owner": UNIVERSE.ours.owner, "set": UNIVERSE.ours.set,
            "former": {"Value": null}, "wrote": null, "links": {}, "networks": ["acme-prod"],
        });
        fake.change(|state| {
            let service = state.services.get_mut(&UNIVERSE.services[5]).unwrap();
            service
                .annotations
                .insert(EGRESS.to_owned(), forged.to_string());
            state.touch(&UNIVERSE.services[5]);
        });
        let _made = fake.take_journal();
        let _told = untold(&fake, &[anchor()]);
        assert_eq!(of_near(&fake.state()), kept);
        let sorts = fake.take_journal();
        assert!(sorts.len() <= 1, "at most the record itself: {sorts:#?}");
    }
}

#[test]
fn a_link_that_only_anothers_destination_leads_to_is_not_called_undone() {
    let fake = Fake::new(before(), 0);
    let to_b = Link {
        destination: service("b"),
        ..far()
    };
    let near = link("t/near", "b", "c", "10.8.0.0/28");
    let _made = apply(&fake, &[to_b, near]);
    let attached = fake.state().services[&service("b")].vpc_access.clone();
    assert!(attached.is_some());
    let report = untold(&fake, &[anchor()]);
    assert_eq!(fake.state().services[&service("b")].vpc_access, attached);
    let told = report
        .links
        .iter()
        .any(|link| link.name.to_string() == "t/near");
    assert!(!told, "{:#?}", report.links);
}

#[test]
fn a_move_goes_on_as_far_as_it_can_while_its_old_destination_cannot_be_read() {
    let fake = Fake::new(before(), 0);
    let to_b = Link {
        destination: service("b"),
        ingress: Some(Ingress::All),
        ..far()
    };
    let _made = apply(&fake, std::slice::from_ref(&to_b));
    let moved = Link {
        network: UNIVERSE.shared.clone(),
        digest: serde_json::from_value(serde_json::json!("moved")).unwrap(),
        ..link("t/other", "a", "b", "10.16.0.0/28")
    };
    let moved = Link {
        source: UNIVERSE.services[5].clone(),
        destination: UNIVERSE.services[6].clone(),
        project: UNIVERSE.edge.clone(),
        ingress: None,
        ..moved
    };
    let here = (UNIVERSE.prod.clone(), UNIVERSE.here.clone());
    fake.set_faults(Faults {
        unread: BTreeSet::from([Scope::Services(here.0, here.1)]),
        ..Faults::default()
    });
    let report = apply(&fake, std::slice::from_ref(&moved));
    let failed: Vec<_> = report
        .steps
        .iter()
        .filter(|step| {
            step.outcome
                .as_ref()
                .is_some_and(|it| !matches!(it, privatelink_core::apply::Outcome::Done))
        })
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    fake.set_faults(Faults::default());
    let _moved = apply(&fake, std::slice::from_ref(&moved));
    let _written = fake.take_journal();
    let _same = apply(&fake, std::slice::from_ref(&moved));
    assert!(fake.take_journal().is_empty());
    let record = &fake.state().services[&UNIVERSE.services[5]].annotations[EGRESS];
    assert!(
        record.contains("acme-host") && !record.contains("acme-prod\"]"),
        "{record}"
    );
}

#[test]
fn a_link_in_the_place_of_another_leaves_nothing_where_that_one_ended_whatever_is_denied() {
    let fake = Fake::new(before(), 0);
    let to_b = Link {
        destination: service("b"),
        ingress: Some(Ingress::Internal),
        ..far()
    };
    let _made = untold(&fake, std::slice::from_ref(&to_b));
    let closed = fake.state().services[&service("b")].ingress;
    assert_eq!(closed, IngressSetting::Internal);
    let other = Link {
        name: "t/other".parse().unwrap(),
        network: UNIVERSE.shared.clone(),
        ingress: None,
        egress: link("t/other", "a", "b", "10.16.0.0/28").egress,
        ..far()
    };
    for write in 0.. {
        let fake = fake.fork();
        fake.set_faults(Faults {
            writes: BTreeMap::from([(write, Fault::Denied)]),
            ..Faults::default()
        });
        let _denied = untold(&fake, std::slice::from_ref(&other));
        let struck = fake
            .take_journal()
            .iter()
            .any(|entry| entry.fault.is_some());
        fake.set_faults(Faults::default());
        let _undone = untold(&fake, std::slice::from_ref(&other));
        let state = fake.state();
        let old = &state.services[&service("b")];
        assert_eq!(
            old.ingress,
            before().services[&service("b")].ingress,
            "write {write}"
        );
        assert!(
            !old.annotations
                .keys()
                .any(|key| key.starts_with("privatelink.dev/"))
        );
        if !struck {
            assert!(write > 5, "only {write} writes");
            return;
        }
    }
}
