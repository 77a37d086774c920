//! A service in the middle of a chain over a Shared VPC: what attaches it for its callers is a link of its own.

use privatelink_core::codes::Code;
use privatelink_core::fake::Fault;
use privatelink_core::kinds::Service;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;
use privatelink_core::link::NetworkRef;

use super::*;

/// From the edge project to `a`, over the host project's network.
pub(super) fn inbound() -> Link {
    Link {
        source: service("f"),
        project: UNIVERSE.edge.clone(),
        network: UNIVERSE.shared.clone(),
        ..link("t/inbound", "a", "a", "10.16.0.0/28")
    }
}

/// From `a` to `b`, which is attached to the network by its team.
pub(super) fn outbound() -> Link {
    Link {
        network: UNIVERSE.shared.clone(),
        ..link("t/outbound", "a", "b", "10.16.0.16/28")
    }
}

pub(super) fn direct(name: &str) -> VpcAccess {
    VpcAccess {
        attachment: Attachment::Direct {
            network: Some(UNIVERSE.shared.clone()),
            subnetwork: Some(name.into()),
            tags: Vec::new(),
        },
        routing: Routing::PrivateRangesOnly,
    }
}

pub(super) fn chain() -> Fake {
    let fake = Fake::new(before(), 0);
    fake.change(|state| state.deploy(&service("b"), Some(direct("theirs")), None));
    for _ in 0..2 {
        let _one_after_the_other = apply(&fake, &[inbound(), outbound()]);
    }
    let report = apply(&fake, &[inbound(), outbound()]);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
    let _made = fake.take_journal();
    fake
}

pub(super) fn middle(fake: &Fake) -> Service {
    fake.state().services[&service("a")].clone()
}

/// The step that would move the service in the middle is refused, and nothing is written.
fn held(fake: &Fake, links: &[Link]) -> Report {
    let was = middle(fake);
    let report = apply(fake, links);
    assert_eq!(report.exit_code(), 1, "{:?}", report.diagnostics);
    assert_eq!(middle(fake), was);
    let code = Code::AttachedForCallers;
    let told = report.diagnostics.iter().find(|found| found.code == code);
    assert!(told.is_some_and(|told| told.message.contains("t/inbound") && told.help.is_some()));
    assert_eq!(state_of(&report, "t/inbound"), LinkState::Ready);
    report
}

#[test]
fn a_link_is_not_undone_while_its_source_is_attached_for_its_callers() {
    let fake = chain();
    let _opened_its_destination = held(&fake, &[inbound()]);
    assert_eq!(fake.take_journal().len(), 1);
    let _silent = held(&fake, &[inbound()]);
    assert_eq!(fake.take_journal().len(), 0);
    // Its team attaches it in its own way, and that stays.
    fake.change(|state| state.deploy(&service("a"), Some(direct("own")), None));
    let report = apply(&fake, &[inbound()]);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake).vpc_access, Some(direct("own")));
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
}

#[test]
fn a_service_that_somebody_opened_stays_attached_and_is_closed_again() {
    let fake = chain();
    fake.change(|state| {
        let middle = state.services.get_mut(&service("a")).unwrap();
        middle.ingress = IngressSetting::All;
        state.touch(&service("a"));
    });
    let report = apply(&fake, &[inbound()]);
    assert_eq!(state_of(&report, "t/inbound"), LinkState::Ready);
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
    let _silent = held(&fake, &[inbound()]);
}

#[test]
fn the_whole_chain_is_undone_at_once() {
    let fake = chain();
    let report = apply(&fake, &[]);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake).vpc_access, None);
    assert_eq!(middle(&fake).ingress, IngressSetting::All);
}

#[test]
fn a_service_is_not_led_over_another_network_than_its_callers() {
    let fake = chain();
    let elsewhere = Link {
        network: UNIVERSE.main.clone(),
        destination: service("c"),
        name: "t/elsewhere".parse().unwrap(),
        ..link("t/outbound", "a", "c", "10.8.0.0/28")
    };
    let report = held(&fake, &[inbound(), elsewhere]);
    assert_eq!(state_of(&report, "t/elsewhere"), LinkState::Waiting);
}

#[test]
fn callers_whose_link_takes_no_part_are_not_cut_off_either() {
    let fake = chain();
    let (mut wishes, orders, extra) = whole(&[]);
    wishes.broken.insert("t/inbound".parse().unwrap());
    let was = middle(&fake);
    let undone = turn(&fake, &wishes, &orders, &extra, &|_| ());
    let report = run(&fake, undone).value().unwrap();
    assert_eq!(middle(&fake), was);
    let code = Code::AttachedForCallers;
    assert!(report.diagnostics.iter().any(|found| found.code == code));
}

#[test]
fn whoever_is_open_may_go() {
    let fake = chain();
    let open = |link: Link| Link {
        ingress: None,
        ..link
    };
    let _opened = apply(&fake, &[open(inbound()), outbound()]);
    assert_eq!(middle(&fake).ingress, IngressSetting::All);
    let report = apply(&fake, &[open(inbound())]);
    assert_eq!(middle(&fake).vpc_access, None);
    assert_ne!(state_of(&report, "t/inbound"), LinkState::Ready);
}

#[test]
fn a_service_that_cannot_be_opened_is_not_detached() {
    let mut kept = 0;
    for number in 0.. {
        let fake = chain();
        fake.set_faults(Faults {
            writes: BTreeMap::from([(number, Fault::Denied)]),
            ..Faults::default()
        });
        let report = apply(&fake, &[]);
        if report.exit_code() == 0 {
            break;
        }
        let state = fake.state();
        let (middle, caller) = (middle(&fake), &state.services[&service("f")]);
        let reached = middle.ingress == IngressSetting::All || middle.vpc_access.is_some();
        assert!(reached || caller.vpc_access.is_none(), "write {number}");
        kept += usize::from(middle.ingress == IngressSetting::Internal);
    }
    assert_eq!(kept, 1);
}

/// What somebody does to a service.
pub(super) fn by_hand(fake: &Fake, name: &str, deed: impl FnOnce(&mut Service)) {
    fake.change(|state| {
        deed(state.services.get_mut(&service(name)).unwrap());
        state.touch(&service(name));
    });
}

/// The link that attaches it is undone by itself, as `destroy` does with its file.
fn destroy_outbound(fake: &Fake) -> Report {
    let (mut wishes, mut orders, extra) = whole(&[outbound()]);
    wishes.complete = false;
    orders.prune = false;
    orders.destroy.insert("t/outbound".parse().unwrap());
    let report = run(fake, turn(fake, &wishes, &orders, &extra, &|_| ()));
    report.value().unwrap()
}

#[test]
fn callers_of_another_set_are_not_cut_off_either() {
    let fake = chain();
    for (name, key) in [("f", EGRESS), ("a", INGRESS)] {
        by_hand(&fake, name, |service| {
            let text = service.annotations.get_mut(key).unwrap();
            *text = text.replace(r#""set":"payments""#, r#""set":"orders""#);
        });
    }
    let was = middle(&fake).vpc_access;
    assert_eq!(apply(&fake, &[]).exit_code(), 1);
    assert_eq!(middle(&fake).vpc_access, was);
}

#[test]
fn a_link_is_undone_by_itself_where_callers_come_over_the_own_network() {
    let fake = Fake::new(before(), 0);
    let near = link("t/near", "c", "a", "10.8.0.0/28");
    fake.change(|state| state.deploy(&service("b"), Some(direct("theirs")), None));
    let report = apply(&fake, &[near, outbound()]);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    let report = destroy_outbound(&fake);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake).vpc_access, None);
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
    let far = chain();
    assert_eq!(destroy_outbound(&far).exit_code(), 1);
    assert!(middle(&far).vpc_access.is_some());
}

#[test]
fn a_caller_whose_older_revision_serves_is_not_cut_off() {
    let fake = chain();
    by_hand(&fake, "f", |caller| {
        caller.traffic = vec![Traffic {
            revision: caller.latest_ready.clone(),
            percent: 100,
            tag: None,
        }];
    });
    // Over the network of the destination's own project, which is always admitted.
    let near = Link {
        network: UNIVERSE.main.clone(),
        ..link("t/inbound", "f", "a", "10.8.0.0/28")
    };
    let near = Link {
        project: UNIVERSE.edge.clone(),
        ..near
    };
    let _waiting = apply(&fake, std::slice::from_ref(&near));
    assert!(middle(&fake).vpc_access.is_some());
    by_hand(&fake, "f", |caller| caller.traffic.clear());
    let report = apply(&fake, &[near]);
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake).vpc_access, None);
}

#[test]
fn a_tagged_revision_that_leaves_another_way_changes_nothing_for_the_callers_of_the_others() {
    let fake = chain();
    by_hand(&fake, "a", |middle| {
        middle.traffic = vec![
            Traffic {
                revision: None,
                percent: 100,
                tag: None,
            },
            Traffic {
                revision: Some("older".into()),
                percent: 0,
                tag: Some("before".into()),
            },
        ];
    });
    let was = middle(&fake).vpc_access;
    let _held = apply(&fake, &[inbound()]);
    assert_eq!(middle(&fake).vpc_access, was);
}

#[test]
fn whom_another_link_leaves_open_may_go() {
    let fake = chain();
    let open = Link {
        ingress: Some(Ingress::All),
        ..link("t/open", "c", "a", "10.8.0.0/28")
    };
    let _opened = apply(&fake, &[inbound(), outbound(), open.clone()]);
    assert_eq!(middle(&fake).ingress, IngressSetting::All);
    let _undone = apply(&fake, &[inbound(), open]);
    assert_eq!(middle(&fake).vpc_access, None);
}

#[test]
fn a_chain_moves_as_a_whole_when_the_one_in_the_middle_is_opened() {
    let over = |network: &NetworkRef, ingress, ranges: [&str; 2]| {
        let led = |link: Link| Link {
            network: network.clone(),
            project: UNIVERSE.edge.clone(),
            ..link
        };
        let inbound = Link {
            ingress: Some(ingress),
            ..link("t/inbound", "g", "f", ranges[0])
        };
        let outbound = Link {
            ingress: None,
            ..link("t/outbound", "f", "d", ranges[1])
        };
        [led(inbound), led(outbound)]
    };
    let here = |ingress| over(&UNIVERSE.shared, ingress, ["10.16.0.0/28", "10.16.0.16/28"]);
    let there = |ingress| over(&UNIVERSE.main, ingress, ["10.8.0.0/28", "10.8.0.16/28"]);
    let fake = Fake::new(before(), 0);
    fake.change(|state| state.deploy(&service("d"), Some(direct("theirs")), None));
    let middle = |fake: &Fake| fake.state().services[&service("f")].clone();
    let report = apply(&fake, &here(Ingress::Internal));
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    let was = middle(&fake);
    assert_eq!(was.ingress, IngressSetting::Internal);
    let report = apply(&fake, &there(Ingress::Internal));
    assert_eq!(report.exit_code(), 1);
    assert_eq!(middle(&fake).vpc_access, was.vpc_access);
    let _nothing_that_counts = fake.take_journal();
    let report = apply(&fake, &there(Ingress::All));
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    for entry in fake.take_journal() {
        let now = &entry.after.services[&service("f")];
        assert!(now.ingress == IngressSetting::All || now.vpc_access == was.vpc_access);
    }
    let report = apply(&fake, &there(Ingress::Internal));
    assert_eq!(report.exit_code(), 0, "{:?}", report.diagnostics);
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
    assert_ne!(middle(&fake).vpc_access, was.vpc_access);
}

#[test]
fn what_is_only_reported_holds_up_nobody() {
    let fake = chain();
    let mut reported = Link {
        ingress: Some(Ingress::All),
        ..inbound()
    };
    reported.policy.reconcile = Reconcile::Report;
    let wider = Link {
        egress: link("t/x", "a", "b", "10.16.0.32/28").egress,
        ..outbound()
    };
    let was = middle(&fake).vpc_access;
    let _moved = apply(&fake, &[reported, wider]);
    assert_ne!(middle(&fake).vpc_access, was);
    assert_eq!(middle(&fake).ingress, IngressSetting::Internal);
}
