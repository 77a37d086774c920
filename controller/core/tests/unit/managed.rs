//! The lists of managed fields, which tests enumerate, are what the comparisons of the kinds can name.

use std::collections::BTreeSet;

use privatelink_core::kinds::{
    Attachment, Connector, ConnectorState, FieldChange, Kind, LiveNat, Nat, NatAddresses, NatRef,
    NatSources, RegionalRef, Subnetwork, VpcAccess, managed_fields, service_egress,
};
use privatelink_core::link::{Instances, MachineType, NetworkRef, Routing};
use privatelink_core::names::{Installation, Mark};

fn regional(name: &str) -> RegionalRef {
    RegionalRef {
        project: "acme-prod".parse().unwrap(),
        region: "europe-west1".parse().unwrap(),
        name: name.parse().unwrap(),
    }
}

#[test]
fn the_managed_fields_of_a_nat_are_those_that_a_diff_can_name() {
    let wanted = Nat {
        id: NatRef {
            router: regional("router"),
            name: "n".parse().unwrap(),
        },
        addresses: NatAddresses::Manual(BTreeSet::from(["one".parse().unwrap()])),
        subnetworks: BTreeSet::from([regional("ours")]),
        min_ports_per_vm: Some(64),
    };
    let other = LiveNat {
        addresses: NatAddresses::Auto,
        sources: NatSources::AllRanges,
        min_ports_per_vm: None,
        ..wanted.made()
    };
    named_by_all(Kind::Nat, &wanted.diff(&other), &[]);
    assert_eq!(wanted.diff(&wanted.made()), []);
}

#[test]
fn the_managed_fields_of_a_connector_are_those_that_a_diff_can_name() {
    let instances = |min, max| Instances { min, max };
    let wanted = Connector {
        id: regional("connector"),
        subnetwork: regional("ours"),
        machine_type: MachineType::E2Micro,
        instances: instances(2, 3),
    };
    let other = Connector {
        machine_type: MachineType::F1Micro,
        instances: instances(3, 4),
        ..wanted.clone()
    };
    let live = other.made(ConnectorState::Ready);
    named_by_all(Kind::Connector, &wanted.diff(&live), &[]);
    let same = wanted.made(ConnectorState::Ready);
    assert_eq!(wanted.diff(&same), []);
}

/// A service's record is compared where it is made, and named after its annotation.
#[test]
fn the_managed_fields_of_a_source_are_those_that_a_comparison_can_name() {
    let ours = VpcAccess {
        attachment: Attachment::Connector(regional("ours")),
        routing: Routing::AllTraffic,
    };
    let direct = VpcAccess {
        attachment: Attachment::Direct {
            network: None,
            subnetwork: Some("apps".to_owned()),
            tags: Vec::new(),
        },
        routing: Routing::PrivateRangesOnly,
    };
    let found = service_egress::changes(Some(&direct), Some(&ours));
    let record = [service_egress::ANNOTATION_FIELD];
    named_by_all(Kind::ServiceEgress, &found, &record);
    assert_eq!(service_egress::changes(Some(&ours), Some(&ours)), []);
}

#[test]
fn the_managed_fields_of_a_subnetwork_are_those_that_a_comparison_can_name() {
    let wanted = Subnetwork {
        id: regional("ours"),
        network: NetworkRef {
            project: "acme-prod".parse().unwrap(),
            name: "prod".parse().unwrap(),
        },
        cidr: "10.8.0.0/28".parse().unwrap(),
    };
    let ours = Installation {
        owner: "acme".into(),
        set: "payments".into(),
    };
    let mark = Mark::new(&ours, &"a/b".parse().unwrap());
    let mut live = wanted.made(&mark);
    assert_eq!(live.wants_private_google_access(), []);
    assert_eq!(wanted.differs_in_range(&live), []);
    live.private_google_access = false;
    live.cidr = Some("10.8.0.0/27".parse().unwrap());
    let mut found = live.wants_private_google_access();
    found.extend(wanted.differs_in_range(&live));
    named_by_all(Kind::Subnetwork, &found, &[]);
}

/// The fields of these changes, and the ones named here, are the managed fields of the kind: none less, none more.
fn named_by_all(kind: Kind, changes: &[FieldChange], beside: &[&str]) {
    let told = changes.iter().map(|change| &*change.field);
    let found: BTreeSet<&str> = told.chain(beside.iter().copied()).collect();
    let listed: BTreeSet<&str> = managed_fields(kind).iter().copied().collect();
    assert_eq!(found, listed, "{kind}");
}
