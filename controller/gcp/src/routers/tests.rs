#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::*;
use crate::references::tests::{at, project, region};

const COMPUTE: &str = "https://www.googleapis.com/compute/v1/projects/acme-prod";

fn entry(body: Value) -> LiveNat {
    let (project, region) = (project(), region());
    nat(
        &serde_json::from_value(body).unwrap(),
        Place {
            project: &project,
            region: &region,
        },
    )
    .unwrap()
}

#[test]
fn a_router_is_read_with_all_of_its_entries() {
    let body = json!({
        "kind": "compute#router", "name": "r", "encryptedInterconnectRouter": false,
        "network": format!("{COMPUTE}/global/networks/prod"),
        "region": format!("{COMPUTE}/regions/europe-west1"),
        "nats": [{"name": "b", "type": "PUBLIC"}, {"name": "a", "type": "PRIVATE"}],
    });
    let (project, region) = (project(), region());
    let place = Place {
        project: &project,
        region: &region,
    };
    let found = router(&serde_json::from_value(body).unwrap(), place)
        .unwrap()
        .unwrap();
    assert_eq!((found.id, found.network.name.as_str()), (at("r"), "prod"));
    let entries: Vec<(&str, bool)> = found
        .nats
        .iter()
        .map(|nat| (nat.name.as_str(), nat.public))
        .collect();
    assert_eq!(entries, [("b", true), ("a", false)]);
}

#[test]
fn interfaces_and_sessions_of_a_router_are_seen() {
    let (project, region) = (project(), region());
    let place = Place {
        project: &project,
        region: &region,
    };
    for field in ["interfaces", "bgpPeers"] {
        let network = format!("{COMPUTE}/global/networks/prod");
        let body = json!({"name": "r", "network": network, field: [{"name": "one"}]});
        let found = router(&serde_json::from_value(body).unwrap(), place);
        assert!(found.unwrap().unwrap().has_peers, "{field}");
    }
}

#[test]
fn listed_subnetworks_keep_their_ranges_and_server_filled_fields_go() {
    let found = entry(json!({
        "name": "n", "type": "PUBLIC", "natIpAllocateOption": "AUTO_ONLY", "autoNetworkTier": "PREMIUM",
        "endpointTypes": ["ENDPOINT_TYPE_VM"], "effectiveTcpTimeWaitTimeoutSec": 120,
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": [{
            "name": format!("{COMPUTE}/regions/europe-west1/subnetworks/a"),
            "sourceIpRangesToNat": ["ALL_IP_RANGES"],
        }],
    }));
    assert_eq!(found.addresses, NatAddresses::Auto);
    let all = BTreeSet::from(["ALL_IP_RANGES".to_owned()]);
    assert_eq!(
        found.sources,
        NatSources::Listed(BTreeMap::from([(at("a"), all)]))
    );
    assert_eq!(found.min_ports_per_vm, None);
}

#[test]
fn an_entry_for_proxies_gives_no_connector_the_internet() {
    let all = "ALL_SUBNETWORKS_ALL_IP_RANGES";
    for (types, serves) in [
        (json!(["ENDPOINT_TYPE_SWG"]), false),
        (json!(["ENDPOINT_TYPE_MANAGED_PROXY_LB"]), false),
        (json!(["ENDPOINT_TYPE_VM"]), true),
        (json!([]), true),
    ] {
        let found = entry(json!({
            "name": "n", "natIpAllocateOption": "AUTO_ONLY", "endpointTypes": types,
            "sourceSubnetworkIpRangesToNat": all,
        }));
        assert_eq!(found.covers(&at("a")), serves, "{types}");
    }
}

#[test]
fn an_entry_that_only_drains_addresses_gives_nobody_the_internet() {
    let found = entry(json!({
        "name": "n", "natIpAllocateOption": "MANUAL_ONLY", "drainNatIps": ["one"],
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    }));
    assert!(!found.covers(&at("a")));
}

#[test]
fn manual_addresses_are_a_set_of_names() {
    let found = entry(json!({
        "name": "n", "natIpAllocateOption": "MANUAL_ONLY", "minPortsPerVm": 128,
        "natIps": [format!("{COMPUTE}/regions/europe-west1/addresses/two"), "one"],
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    }));
    let names = BTreeSet::from(["one".parse().unwrap(), "two".parse().unwrap()]);
    assert_eq!(found.addresses, NatAddresses::Manual(names));
    assert_eq!(
        (found.sources, found.min_ports_per_vm),
        (NatSources::AllRanges, Some(128))
    );
}

#[test]
fn an_option_that_is_new_to_us_does_not_count_as_all_subnetworks() {
    let found = entry(json!({"name": "n", "sourceSubnetworkIpRangesToNat": "SOMETHING_NEW"}));
    assert_eq!(found.sources, NatSources::Listed(BTreeMap::new()));
}
