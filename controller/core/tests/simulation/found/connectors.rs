//! Connectors.

use privatelink_core::codes::Code;
use privatelink_core::kinds::{ConnectorState, Id};
use privatelink_core::plan::Action;

use super::*;

#[test]
fn a_connector_grows_where_it_is_too_small_also_when_it_is_larger_elsewhere() {
    let with = |min, max| {
        let mut link = link("t/one", "a", "b", "10.8.0.0/28");
        if let Egress::Connector(ConnectorChoice::Managed { instances, .. }) = &mut link.egress {
            *instances = Instances { min, max };
        }
        link
    };
    let fake = Fake::new(before(), 0);
    let _applied = apply(&fake, &[with(2, 7)]);
    let report = apply(&fake, &[with(3, 6)]);
    assert_eq!(state_of(&report, "t/one"), LinkState::Ready);
    let state = fake.state();
    let limits = state
        .connectors
        .values()
        .map(|live| (live.min_instances, live.max_instances));
    assert!(
        limits.into_iter().any(|limits| limits == (3, 7)),
        "{:?}",
        state.connectors
    );
}

#[test]
fn a_connector_stays_under_somebody_whom_one_list_did_not_show_on_it() {
    let wish = link("t/one", "a", "b", "10.8.0.0/28");
    let fake = Fake::new(before(), 0);
    let _applied = apply(&fake, std::slice::from_ref(&wish));
    let ours = fake.state().connectors.keys().next().cloned().unwrap();
    let attached = fake.state().services[&service("a")].vpc_access.clone();
    // Without a link of ours: another team has deployed its service onto our connector.
    fake.change(|state| state.deploy(&service("d"), attached, None));
    for read in 0..40 {
        let fake = fake.fork();
        fake.set_faults(Faults {
            reads: BTreeMap::from([(read, ReadFault::Stale(1))]),
            ..Faults::default()
        });
        let _undone = apply(&fake, &[]);
        assert!(fake.state().connectors.contains_key(&ours), "read {read}");
        // Their traffic leaves through its NAT.
        let subnetwork = fake.state().connectors[&ours].subnetwork.clone().unwrap();
        assert!(fake.state().nat_serving(&subnetwork).is_some(), "{read}");
    }
}

#[test]
fn nothing_under_a_connector_goes_while_connectors_cannot_be_read() {
    for unreadable in 0..40 {
        let fake = Fake::new(before(), 0);
        let _made = apply(&fake, &[link("t/one", "a", "b", "10.8.0.0/28")]);
        let reads = BTreeMap::from([(unreadable, ReadFault::Unreadable)]);
        // A source that is gone without a trace: only the unread connector tells of it.
        fake.set_faults(Faults {
            reads,
            ..Faults::default()
        });
        fake.take_journal();
        let keeps = Link {
            policy: LinkPolicy {
                suspend: true,
                ..link("t/k", "c", "d", "10.8.0.32/28").policy
            },
            ..link("t/k", "c", "d", "10.8.0.32/28")
        };
        let _gone = apply(&fake, &[keeps]);
        for entry in fake.take_journal() {
            let users: usize = entry
                .before
                .connectors
                .keys()
                .map(|id| entry.before.users(id).len())
                .sum();
            let loses = entry.before.routers.values().any(|r| !r.nats.is_empty())
                && entry.after.routers.values().all(|r| r.nats.is_empty());
            assert!(users == 0 || !loses, "read {unreadable}: {:?}", entry.write);
        }
    }
}

#[test]
fn nothing_is_closed_while_somebody_changes_the_connector() {
    let fake = Fake::new(before(), 0);
    let open = Link {
        ingress: Some(Ingress::All),
        ..link("t/one", "a", "b", "10.8.0.0/28")
    };
    let _made = apply(&fake, std::slice::from_ref(&open));
    fake.change(|state| {
        for connector in state.connectors.values_mut() {
            connector.state = ConnectorState::Updating;
        }
    });
    let closed = link("t/one", "a", "b", "10.8.0.0/28");
    let report = plan(&fake, std::slice::from_ref(&closed));
    let held = report
        .steps
        .iter()
        .find(|step| step.id == Id::ServiceIngress(service("b")));
    let held = held.unwrap();
    assert_eq!(
        (held.action, held.code),
        (Action::Wait, Some(Code::IngressHeld)),
        "{held:#?}"
    );
    assert!(
        held.why.ends_with("its connector is being changed"),
        "{}",
        held.why
    );
}
