//! A service in the middle of a chain over a Shared VPC: what attaches it for its callers is a link of its own.

use privatelink_core::codes::Code;
use privatelink_core::fake::Fault;
use privatelink_core::kinds::Service;

use super::*;

/// From the edge project to `a`, over the host project's network.
fn inbound() -> Link {
    Link {
        source: service("f"),
        project: UNIVERSE.edge.clone(),
        network: UNIVERSE.shared.clone(),
        ..link("t/inbound", "a", "a", "10.16.0.0/28")
    }
}

/// From `a` to `b`, which is attached to the network by its team.
fn outbound() -> Link {
    Link {
        network: UNIVERSE.shared.clone(),
        ..link("t/outbound", "a", "b", "10.16.0.16/28")
    }
}

fn direct(name: &str) -> VpcAccess {
    VpcAccess {
        attachment: Attachment::Direct {
            network: Some(UNIVERSE.shared.clone()),
            subnetwork: Some(name.into()),
            tags: Vec::new(),
        },
        routing: Routing::PrivateRangesOnly,
    }
}

fn chain() -> Fake {
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

fn middle(fake: &Fake) -> Service {
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
