//! The lists of managed fields, which tests enumerate, are what the comparisons of the kinds can name.
//!
//! What is compared is written out here field by field, never with `..`, and differs in every field: a field that a
//! kind gets does not compile here until somebody gives it two values, and is then missed in the list if a comparison
//! names it.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::kinds::service_egress::{self, EgressAnnotation, Former, VERSION};
use privatelink_core::kinds::service_ingress::IngressAnnotation;
use privatelink_core::kinds::{
    Attachment, Connector, ConnectorState, FieldChange, HiddenSubnetwork, IngressSetting, Kind,
    LiveConnector, LiveNat, LiveSubnetwork, Nat, NatAddresses, NatRef, NatSources, RegionalRef,
    ServiceEgress, ServiceIngress, Subnetwork, VpcAccess, managed_fields,
};
use privatelink_core::link::{Ingress, Instances, MachineType, NetworkRef, Routing, ServiceRef};
use privatelink_core::names::{Installation, Mark};
use privatelink_core::plan::{egress, ingress};

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
        name: "other".parse().unwrap(),
        public: false,
        addresses: NatAddresses::Auto,
        sources: NatSources::AllRanges,
        min_ports_per_vm: None,
    };
    named_by_all(Kind::Nat, &wanted.diff(&other));
    assert_eq!(wanted.diff(&wanted.made()), []);
}

#[test]
fn the_managed_fields_of_a_connector_are_those_that_a_diff_can_name() {
    let wanted = Connector {
        id: regional("connector"),
        subnetwork: regional("ours"),
        machine_type: MachineType::E2Micro,
        instances: Instances { min: 2, max: 3 },
    };
    let other = LiveConnector {
        id: regional("other"),
        subnetwork: None,
        hidden: Some(HiddenSubnetwork {
            network: "test".to_owned(),
            cidr: Some("10.9.0.0/28".parse().unwrap()),
        }),
        machine_type: MachineType::F1Micro.to_string(),
        min_instances: 3,
        max_instances: 4,
        state: ConnectorState::Unknown,
    };
    named_by_all(Kind::Connector, &wanted.diff(&other));
    let same = wanted.made(ConnectorState::Ready);
    assert_eq!(wanted.diff(&same), []);
}

fn ours() -> Installation {
    Installation::new("acme", "payments").unwrap()
}

fn service(name: &str) -> ServiceRef {
    ServiceRef {
        project: "acme-prod".parse().unwrap(),
        region: "europe-west1".parse().unwrap(),
        name: name.parse().unwrap(),
    }
}

#[test]
fn the_managed_fields_of_a_source_are_those_that_a_comparison_can_name() {
    let wanted = ServiceEgress {
        service: service("orders"),
        connector: regional("ours"),
        routing: Routing::AllTraffic,
        links: BTreeMap::new(),
    };
    let direct = VpcAccess {
        attachment: Attachment::Direct {
            network: None,
            subnetwork: Some("apps".to_owned()),
            tags: Vec::new(),
        },
        routing: Routing::PrivateRangesOnly,
    };
    let record = EgressAnnotation {
        v: VERSION,
        installation: ours(),
        service: Some(wanted.service.to_string()),
        former: Former::Unknown,
        wrote: None,
        links: wanted.links.clone(),
        adopted: BTreeMap::new(),
        networks: BTreeSet::new(),
    };
    let will = wanted.vpc_access();
    let mut found = service_egress::changes(Some(&direct), Some(&will));
    found.extend(egress::annotation_change(None, Some(&record)));
    named_by_all(Kind::ServiceEgress, &found);
    assert_eq!(service_egress::changes(Some(&will), Some(&will)), []);
    assert_eq!(
        egress::annotation_change(Some(&record), Some(&record)),
        None
    );
}

#[test]
fn the_managed_fields_of_a_destination_are_those_that_a_comparison_can_name() {
    let wanted = ServiceIngress {
        service: service("billing"),
        ingress: Ingress::Internal,
        links: BTreeSet::from(["payments/orders-to-billing".to_owned()]),
    };
    let record = IngressAnnotation {
        v: VERSION,
        installation: ours(),
        service: Some(wanted.service.to_string()),
        former: Former::Unknown,
        wrote: wanted.ingress,
        links: wanted.links.clone(),
    };
    let will = IngressSetting::from(wanted.ingress);
    let mut found = vec![ingress::annotation_change(None, Some(&record))];
    found.extend(ingress::ingress_change(IngressSetting::All, will));
    named_by_all(Kind::ServiceIngress, &found);
    assert_eq!(ingress::ingress_change(will, will), None);
}

#[test]
fn the_managed_fields_of_a_subnetwork_are_those_that_a_comparison_can_name() {
    let network = |name: &str| NetworkRef {
        project: "acme-prod".parse().unwrap(),
        name: name.parse().unwrap(),
    };
    let wanted = Subnetwork {
        id: regional("ours"),
        network: network("prod"),
        cidr: "10.8.0.0/28".parse().unwrap(),
    };
    let other = LiveSubnetwork {
        id: regional("other"),
        network: network("test"),
        cidr: Some("10.8.0.0/27".parse().unwrap()),
        private_google_access: false,
        mark: None,
    };
    let mut found = other.wants_private_google_access();
    found.extend(wanted.differs_in_range(&other));
    named_by_all(Kind::Subnetwork, &found);
    let same = wanted.made(&Mark::new(&ours(), &"a/b".parse().unwrap()));
    assert_eq!(same.wants_private_google_access(), []);
    assert_eq!(wanted.differs_in_range(&same), []);
}

/// A comparison of what differs in everything names the managed fields of the kind: none less, none more.
fn named_by_all(kind: Kind, changes: &[FieldChange]) {
    let found: BTreeSet<&str> = changes.iter().map(|change| &*change.field).collect();
    let listed: BTreeSet<&str> = managed_fields(kind).iter().copied().collect();
    assert_eq!(found, listed, "{kind}");
}
