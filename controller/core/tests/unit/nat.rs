//! NAT entries: what differs, what is covered.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::kinds::{
    FieldChange, LiveNat, Nat, NatAddresses, NatRef, NatSources, RegionalRef,
};

fn subnetwork(name: &str) -> RegionalRef {
    RegionalRef {
        project: "acme-prod".parse().unwrap(),
        region: "europe-west1".parse().unwrap(),
        name: name.parse().unwrap(),
    }
}

fn wanted() -> Nat {
    Nat {
        id: NatRef {
            router: subnetwork("r"),
            name: "n".parse().unwrap(),
        },
        addresses: NatAddresses::Auto,
        subnetworks: BTreeSet::from([subnetwork("a")]),
        min_ports_per_vm: None,
    }
}

fn live(sources: NatSources) -> LiveNat {
    LiveNat {
        name: "n".parse().unwrap(),
        public: true,
        addresses: NatAddresses::Auto,
        sources,
        min_ports_per_vm: None,
    }
}

fn listed(ranges: &str) -> NatSources {
    NatSources::Listed(BTreeMap::from([(
        subnetwork("a"),
        BTreeSet::from([ranges.to_owned()]),
    )]))
}

fn fields(changes: &[FieldChange]) -> Vec<&str> {
    changes.iter().map(|change| &*change.field).collect()
}

#[test]
fn an_entry_as_wished_needs_nothing() {
    assert!(wanted().diff(&live(listed("ALL_IP_RANGES"))).is_empty());
}

#[test]
fn every_managed_field_is_named_when_it_alone_differs() {
    let mut manual = live(listed("ALL_IP_RANGES"));
    manual.addresses = NatAddresses::Manual(BTreeSet::from(["ip".parse().unwrap()]));
    assert_eq!(
        fields(&wanted().diff(&manual)),
        ["natIpAllocateOption", "natIps"]
    );
    let mut ports = live(listed("ALL_IP_RANGES"));
    ports.min_ports_per_vm = Some(128);
    assert_eq!(fields(&wanted().diff(&ports)), ["minPortsPerVm"]);
    assert_eq!(
        fields(&wanted().diff(&live(listed("PRIMARY_IP_RANGE")))),
        ["subnetworks"]
    );
    assert_eq!(
        fields(&wanted().diff(&live(NatSources::AllRanges))),
        ["sourceSubnetworkIpRangesToNat", "subnetworks"]
    );
}

#[test]
fn a_private_nat_covers_nobody() {
    let mut private = live(NatSources::AllRanges);
    assert!(private.covers(&subnetwork("a")));
    private.public = false;
    assert!(!private.covers(&subnetwork("a")));
}

#[test]
fn secondary_ranges_alone_do_not_cover_a_connector() {
    assert!(!live(listed("LIST_OF_SECONDARY_IP_RANGES")).covers(&subnetwork("a")));
}
