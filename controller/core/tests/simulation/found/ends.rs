//! The ends of a link are the link: who writes another one into an applied declaration gets neither the new link nor
//! the loss of the old one.

use privatelink_core::codes::Code;

use super::*;

/// The link as it is applied, and what a slip of the keyboard makes of it.
fn slips() -> Vec<(&'static str, Link)> {
    let good = || link("t/one", "a", "b", "10.8.0.0/28");
    let nobody = ServiceRef {
        name: "aa".parse().unwrap(),
        ..service("a")
    };
    let elsewhere = ServiceRef {
        region: "europe-west9".parse().unwrap(),
        ..service("a")
    };
    vec![
        (
            "source",
            Link {
                source: nobody.clone(),
                ..good()
            },
        ),
        (
            "source",
            Link {
                source: service("c"),
                ..good()
            },
        ),
        (
            "source",
            Link {
                region: elsewhere.region.clone(),
                source: elsewhere,
                ..good()
            },
        ),
        (
            "destination",
            Link {
                destination: nobody,
                ..good()
            },
        ),
        (
            "destination",
            Link {
                destination: service("c"),
                ..good()
            },
        ),
    ]
}

#[test]
fn a_slip_in_an_end_undoes_nothing() {
    for (end, slip) in slips() {
        for prune in [false, true] {
            let fake = Fake::new(before(), 0);
            let good = link("t/one", "a", "b", "10.8.0.0/28");
            let _applied = apply(&fake, std::slice::from_ref(&good));
            let _written = fake.take_journal();
            let (wishes, mut orders, extra) = whole(std::slice::from_ref(&slip));
            orders.prune = prune;
            let report = run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ()));
            let report = report.value().unwrap();
            assert!(fake.take_journal().is_empty(), "{slip:?}: {report:#?}");
            assert_eq!(report.exit_code(), 1);
            assert_eq!(state_of(&report, "t/one"), LinkState::Invalid);
            let mut told = report.diagnostics.iter();
            let told = told.find(|it| it.code == Code::FieldImmutable).unwrap();
            assert!(
                told.message.ends_with(&format!("the {end} cannot change")),
                "{told:?}"
            );
            let field = match end {
                "destination" => "spec.destination.service",
                _ if slip.region != good.region => "spec.region",
                _ => "spec.source",
            };
            assert_eq!(told.field.as_deref(), Some(field));
            let report = apply(&fake, std::slice::from_ref(&good));
            assert!(fake.take_journal().is_empty());
            assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
        }
    }
}

#[test]
fn a_slip_is_undone_by_its_name() {
    for (_, slip) in slips() {
        let fake = Fake::new(before(), 0);
        let good = link("t/one", "a", "b", "10.8.0.0/28");
        let _applied = apply(&fake, std::slice::from_ref(&good));
        let (wishes, mut orders, extra) = whole(std::slice::from_ref(&slip));
        orders.destroy.insert(slip.name.clone());
        let _undone = run(&fake, turn(&fake, &wishes, &orders, &extra, &|_| ())).value();
        let state = fake.state();
        let records = state.services.values().flat_map(|it| it.annotations.keys());
        let left: Vec<_> = records
            .filter(|key| key.starts_with("privatelink.dev/"))
            .collect();
        assert_eq!(left, Vec::<&String>::new(), "{slip:?}");
        assert!(
            state
                .connectors
                .keys()
                .all(|id| !UNIVERSE.ours.made(id.name.as_str()))
        );
    }
}

#[test]
fn a_link_of_another_name_takes_the_place_of_one_that_goes() {
    let fake = Fake::new(before(), 0);
    let _applied = apply(&fake, &[link("t/one", "a", "b", "10.8.0.0/28")]);
    let other = link("t/other", "a", "c", "10.8.0.0/28");
    let report = apply(&fake, std::slice::from_ref(&other));
    assert_eq!(state_of(&report, "t/other"), LinkState::Ready);
    assert_eq!(
        fake.state().services[&service("b")].ingress,
        before().services[&service("b")].ingress
    );
}

#[test]
fn a_forged_record_elsewhere_does_not_hold_up_a_link_that_is_applied() {
    let fake = Fake::new(before(), 0);
    let good = link("t/one", "a", "b", "10.8.0.0/28");
    let _applied = apply(&fake, std::slice::from_ref(&good));
    fake.change(|state| {
        let record = state.services[&service("a")].annotations["privatelink.dev/egress"].clone();
        let forged = record
            .replace("services/a", "services/d")
            .replace("services/b", "services/c");
        let target = state.services.get_mut(&service("d")).unwrap();
        target
            .annotations
            .insert("privatelink.dev/egress".to_owned(), forged);
    });
    let report = apply(&fake, std::slice::from_ref(&good));
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready, "{report:#?}");
}
