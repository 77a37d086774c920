//! Chains over a Shared VPC of which some link leads elsewhere, or closes or opens a door, in the same turn.

use privatelink_core::codes::Code;
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;

use super::callers::{by_hand, chain, direct, inbound, middle, outbound};
use super::*;

fn over_main(link: Link, range: &str) -> Link {
    Link {
        network: UNIVERSE.main.clone(),
        egress: self::link("t/x", "a", "b", range).egress,
        ..link
    }
}

fn unmanaged(link: Link) -> Link {
    Link {
        ingress: None,
        ..link
    }
}

#[test]
fn nothing_is_closed_by_one_link_and_led_elsewhere_by_another() {
    let near = |ingress| Link {
        ingress: Some(ingress),
        ..link("t/near", "c", "a", "10.8.0.0/28")
    };
    let fake = Fake::new(before(), 0);
    fake.change(|state| state.deploy(&service("b"), Some(direct("theirs")), None));
    let open = [unmanaged(inbound()), near(Ingress::All), outbound()];
    let _made = apply(&fake, &open);
    let was = middle(&fake);
    assert_eq!(was.ingress, IngressSetting::All);
    let mut reported = unmanaged(inbound());
    reported.policy.reconcile = Reconcile::Report;
    let closing = [
        reported,
        near(Ingress::Internal),
        over_main(outbound(), "10.8.0.16/28"),
    ];
    let report = apply(&fake, &closing);
    assert_eq!(report.exit_code(), 1, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
    assert_eq!(middle(&fake).vpc_access, was.vpc_access);
}

#[test]
fn a_service_that_gets_back_a_closed_ingress_stays_attached() {
    let fake = Fake::new(before(), 0);
    fake.change(|state| state.deploy(&service("b"), Some(direct("theirs")), None));
    by_hand(&fake, "a", |middle| {
        middle.ingress = IngressSetting::Internal;
    });
    let mut near = link("t/near", "c", "a", "10.8.0.0/28");
    near.ingress = Some(Ingress::All);
    near.adopt.insert(Adoption {
        kind: AdoptionKind::ServiceIngress,
        project: UNIVERSE.prod.clone(),
        region: UNIVERSE.here.clone(),
        name: "a".parse().unwrap(),
    });
    let _made = apply(&fake, &[unmanaged(inbound()), near, outbound()]);
    let was = middle(&fake);
    assert_eq!(was.ingress, IngressSetting::All);
    let _undone = apply(&fake, &[unmanaged(inbound())]);
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
    assert_eq!(middle(&fake).vpc_access, was.vpc_access);
}

#[test]
fn a_new_link_that_cannot_go_on_opens_nothing() {
    let fake = Fake::new(before(), 0);
    by_hand(&fake, "b", |closed| {
        closed.ingress = IngressSetting::Internal;
    });
    let was = fake.state().services[&service("b")].clone();
    let mut new = link("t/new", "c", "b", "10.8.0.0/28");
    new.ingress = Some(Ingress::All);
    new.internet = Internet::Existing;
    new.adopt.insert(Adoption {
        kind: AdoptionKind::ServiceIngress,
        project: UNIVERSE.prod.clone(),
        region: UNIVERSE.here.clone(),
        name: "b".parse().unwrap(),
    });
    assert_eq!(apply(&fake, &[new]).exit_code(), 1);
    assert_eq!(fake.state().services[&service("b")], was);
}

#[test]
fn a_service_that_calls_itself_may_move() {
    let fake = Fake::new(before(), 0);
    let itself = Link {
        network: UNIVERSE.shared.clone(),
        ..link("t/self", "a", "a", "10.16.0.16/28")
    };
    assert_eq!(apply(&fake, std::slice::from_ref(&itself)).exit_code(), 0);
    let was = middle(&fake).vpc_access;
    let report = apply(&fake, &[over_main(itself, "10.8.0.0/28")]);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert_ne!(middle(&fake).vpc_access, was);
}

#[test]
fn two_that_call_each_other_are_told_how_to_move() {
    let fake = Fake::new(before(), 0);
    let both = |over: &dyn Fn(Link, &str) -> Link| {
        [
            over(link("t/there", "a", "c", "10.16.0.0/28"), "10.8.0.0/28"),
            over(link("t/back", "c", "a", "10.16.0.0/28"), "10.8.0.0/28"),
        ]
    };
    let shared = |link: Link, _: &str| Link {
        network: UNIVERSE.shared.clone(),
        ..link
    };
    let report = apply(&fake, &both(&shared));
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    let was = middle(&fake);
    let report = apply(&fake, &both(&over_main));
    assert_eq!(report.exit_code(), 1, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake), was);
    let told = report.diagnostics.iter();
    let told = told.filter(|found| found.code == Code::AttachedForCallers);
    let helps = told.filter_map(|found| found.help.as_deref());
    assert!(helps.clone().all(|help| help.contains("ingress: All")) && helps.count() == 2);
}

#[test]
fn a_caller_that_nobody_sees_holds_the_service_and_is_told() {
    let fake = chain();
    by_hand(&fake, "a", |middle| {
        let record = middle.annotations.get_mut(INGRESS).unwrap();
        *record = record.replace(r#"["t/inbound"]"#, r#"["t/elsewhere","t/inbound"]"#);
    });
    let (mut wishes, mut orders, extra) = whole(&[inbound(), outbound()]);
    wishes.complete = false;
    orders.prune = false;
    for name in ["t/inbound", "t/outbound"] {
        orders.destroy.insert(name.parse().unwrap());
    }
    for _ in 0..2 {
        let undone = turn(&fake, &wishes, &orders, &extra, &|_| ());
        let report = run(&fake, undone).value().unwrap();
        assert!(middle(&fake).vpc_access.is_some());
        let told = report.diagnostics.iter();
        let told: Vec<_> = told.filter(|found| found.help.is_some()).collect();
        assert!(
            told.iter()
                .any(|found| found.message.contains("t/elsewhere"))
        );
        assert!(told.iter().all(|found| found.code != Code::UsedByService));
    }
}
