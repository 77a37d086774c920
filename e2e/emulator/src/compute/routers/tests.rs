#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{ADVERTISE, ENCRYPTED, IMMUTABLE, KEEPALIVE, PER_NETWORK, conflicts, nats, refusals};
use crate::compute;
use crate::rules::Rule;
use crate::testing::{Bench, Provocation};

const ALL: &str = "/compute/v1/projects/p/regions/us-east1/routers";
const R: &str = "/compute/v1/projects/p/regions/us-east1/routers/r";

fn nat(name: &str) -> Value {
    json!({
        "name": name,
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    })
}

fn listing(name: &str, subnetwork: &str) -> Value {
    let mut nat = nat(name);
    nat["sourceSubnetworkIpRangesToNat"] = json!("LIST_OF_SUBNETWORKS");
    nat["subnetworks"] = json!([{ "name": format!("regions/us-east1/subnetworks/{subnetwork}") }]);
    nat
}

fn manual(name: &str, address: &str) -> Value {
    let mut nat = listing(name, "s");
    nat["natIpAllocateOption"] = json!("MANUAL_ONLY");
    nat["natIps"] = json!([format!("regions/us-east1/addresses/{address}")]);
    nat
}

fn with(mut nat: Value, field: &str, value: Value) -> Value {
    nat[field] = value;
    nat
}

/// Network `n` with subnetworks `s` and `t` and addresses `a` and `b`, another network's subnetwork
/// `other`, and routers `r` and `q` without NATs.
fn world(bench: &mut Bench) {
    let region = |path: &str| format!("projects/p/regions/us-east1/{path}");
    let range = json!([{ "rangeName": "pods", "ipCidrRange": "10.8.0.0/24" }]);
    bench.document(json!({ "compute": {
        "projects/p/global/networks/n": {},
        "projects/p/global/networks/m": {},
        region("subnetworks/s"): {
            "ipCidrRange": "10.0.0.0/28", "network": "n", "secondaryIpRanges": range,
        },
        region("subnetworks/t"): { "ipCidrRange": "10.0.0.16/28", "network": "n" },
        region("subnetworks/other"): { "ipCidrRange": "10.0.0.0/28", "network": "m" },
        region("addresses/a"): {},
        region("addresses/b"): { "addressType": "INTERNAL", "subnetwork": "s" },
        region("routers/q"): { "network": "n" },
        region("routers/r"): { "network": "n" },
    }}));
}

/// Puts NATs on router `r` and shows how that went and what is there then.
fn put(bench: &mut Bench, nats: &Value) -> Value {
    let went = bench.ask("PATCH", R, json!({ "nats": nats }));
    json!([
        went["error"]["message"],
        bench.ok("GET", R, Value::Null)["nats"]
    ])
}

/// One rule, and NATs that go against it (or show it).
fn of(rule: &'static Rule, nats: Value) -> Provocation {
    Provocation::new(rule, move |bench| {
        world(bench);
        put(bench, &nats)
    })
}

/// As [`of`], with a NAT on another router of the network already.
fn beside(rule: &'static Rule, theirs: Value, nats: Value) -> Provocation {
    Provocation::new(rule, move |bench| {
        world(bench);
        bench.ended("PATCH", &format!("{ALL}/q"), json!({ "nats": [theirs] }));
        put(bench, &nats)
    })
}

pub(crate) fn provocations() -> Vec<Provocation> {
    let mut all = routers();
    all.extend(single_nats());
    all.extend([
        beside(&conflicts::EXCLUSIVE, nat("x"), json!([listing("y", "s")])),
        beside(
            &conflicts::RANGE_TAKEN,
            listing("x", "s"),
            json!([listing("y", "s")]),
        ),
        beside(&conflicts::ADDRESS_TAKEN, manual("x", "a"), {
            let mut nat = manual("y", "a");
            nat["subnetworks"][0]["name"] = json!("regions/us-east1/subnetworks/t");
            json!([nat])
        }),
    ]);
    all
}

fn routers() -> Vec<Provocation> {
    let get = |bench: &mut Bench| {
        let sent = json!({ "name": "x", "network": "global/networks/n", "bgp": { "asn": 64512 } });
        world(bench);
        bench.ended("POST", ALL, sent);
        bench.ok("GET", &format!("{ALL}/x"), Value::Null)
    };
    vec![
        Provocation::new(&ENCRYPTED, get),
        Provocation::new(&ADVERTISE, get),
        Provocation::new(&KEEPALIVE, get),
        Provocation::new(&PER_NETWORK, |bench| {
            world(bench);
            let answers = ["a", "b", "c", "d"].map(|name| {
                let router = json!({ "name": name, "network": "global/networks/n" });
                bench.status("POST", ALL, router)
            });
            json!(answers)
        }),
        Provocation::new(&IMMUTABLE, |bench| {
            world(bench);
            bench.ask(
                "PATCH",
                R,
                json!({ "network": "projects/p/global/networks/m" }),
            )
        }),
    ]
}

/// What every NAT shows that does not say otherwise, and what it has of everything else.
fn single_nats() -> Vec<Provocation> {
    let shown = [
        &nats::KIND,
        &nats::TIER,
        &nats::ENDPOINTS,
        &nats::TIME_WAIT,
        &nats::SOURCE_RANGES,
        &compute::FULL_LINKS,
    ];
    let shown = shown
        .into_iter()
        .map(|rule| of(rule, json!([listing("x", "s")])));
    let mut all: Vec<Provocation> = shown.collect();
    let private = with(listing("x", "s"), "type", json!("PRIVATE"));
    let empty = with(nat("x"), "natIps", json!([]));
    let many: Vec<Value> = (0..51).map(|n| listing(&format!("x{n}"), "s")).collect();
    let twice = json!([listing("x", "s"), listing("x", "t")]);
    let unsaid = with(nat("x"), "natIpAllocateOption", Value::Null);
    all.extend([
        of(&nats::DYNAMIC_PORTS, json!([private])),
        of(&nats::EMPTIES, json!([empty])),
        of(&nats::EMPTIES, json!([])),
        of(&refusals::PER_ROUTER, json!(many)),
        of(&refusals::DUPLICATE, twice),
        of(&compute::NAME, json!([nat("X")])),
        of(&compute::REQUIRED, json!([unsaid])),
        Provocation::new(&refusals::IMMUTABLE, |bench| {
            world(bench);
            bench.ended("PATCH", R, json!({ "nats": [listing("x", "s")] }));
            let private = with(listing("x", "s"), "type", json!("PRIVATE"));
            put(bench, &json!([private]))
        }),
    ]);
    all.extend(ports());
    all.extend(addresses());
    all.extend(subnetworks());
    all
}

fn ports() -> Vec<Provocation> {
    let dynamic = with(nat("x"), "enableDynamicPortAllocation", json!(true));
    let refused =
        |rule, field: &str, value: Value| of(rule, json!([with(dynamic.clone(), field, value)]));
    let mapping = "enableEndpointIndependentMapping";
    vec![
        refused(&refusals::MAPPING, mapping, json!(true)),
        refused(&refusals::PORTS, "minPortsPerVm", json!(100)),
        refused(&refusals::PORTS, "maxPortsPerVm", json!(100)),
    ]
}

fn addresses() -> Vec<Provocation> {
    let refused =
        |rule, field: &str, value: Value| of(rule, json!([with(manual("x", "a"), field, value)]));
    let option = "natIpAllocateOption";
    let a = json!(["regions/us-east1/addresses/a"]);
    vec![
        refused(&refusals::ADDRESSES, "natIps", json!([])),
        refused(&refusals::ADDRESSES, option, json!("AUTO_ONLY")),
        refused(&refusals::DRAIN, "drainNatIps", a),
        of(&refusals::ADDRESS_KIND, json!([manual("x", "b")])),
    ]
}

fn subnetworks() -> Vec<Provocation> {
    let listing_of = |list: Value| json!([with(listing("x", "s"), "subnetworks", list)]);
    let entry = listing("x", "s")["subnetworks"][0].clone();
    let mut named = entry.clone();
    named["sourceIpRangesToNat"] = json!(["LIST_OF_SECONDARY_IP_RANGES"]);
    named["secondaryIpRangeNames"] = json!(["none"]);
    let router = json!({ "network": "n", "nats": listing_of(json!([])) });
    let router = json!({ "projects/p/regions/us-east1/routers/r": router });
    vec![
        of(&refusals::SUBNETWORKS, listing_of(json!(vec![entry; 51]))),
        of(&refusals::LIST, listing_of(json!([]))),
        Provocation::new(&refusals::LIST, move |bench| {
            bench.put_document(&json!({ "compute": router }))
        }),
        of(&refusals::RANGE_NAMES, listing_of(json!([named]))),
        of(&refusals::PLACE, json!([listing("x", "other")])),
    ]
}

#[test]
fn a_nat_looks_as_it_was_recorded() {
    let mut bench = Bench::new();
    world(&mut bench);
    let sent = json!({
        "drainNatIps": [],
        "enableEndpointIndependentMapping": true,
        "icmpIdleTimeoutSec": 30,
        "logConfig": null,
        "name": "x",
        "natIpAllocateOption": "AUTO_ONLY",
        "natIps": [],
        "rules": [],
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        "subnetworks": [],
        "tcpEstablishedIdleTimeoutSec": 1200,
    });
    let operation = bench.ended("PATCH", R, json!({ "nats": [sent] }));
    assert_eq!(operation["operationType"], "patch");
    let recorded = json!({
        "autoNetworkTier": "PREMIUM",
        "effectiveTcpTimeWaitTimeoutSec": 120,
        "enableEndpointIndependentMapping": true,
        "endpointTypes": ["ENDPOINT_TYPE_VM"],
        "icmpIdleTimeoutSec": 30,
        "name": "x",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        "tcpEstablishedIdleTimeoutSec": 1200,
        "type": "PUBLIC",
    });
    let router = bench.ok("GET", R, Value::Null);
    assert_eq!(router["nats"], json!([recorded]));
    // What was read can be sent back, output-only fields included.
    bench.ended("PATCH", R, json!({ "nats": router["nats"] }));
    assert_eq!(bench.ok("GET", R, Value::Null), router);
}

#[test]
fn only_an_empty_list_removes_the_last_nat() {
    let mut bench = Bench::new();
    world(&mut bench);
    bench.ended("PATCH", R, json!({ "nats": [nat("x")] }));
    bench.ended("PATCH", R, json!({}));
    assert!(bench.ok("GET", R, Value::Null)["nats"].is_array());
    bench.ended("PATCH", R, json!({ "nats": [] }));
    assert!(bench.ok("GET", R, Value::Null)["nats"].is_null());
    bench.ended("PATCH", R, json!({ "nats": [nat("x")] }));
    bench.ended(
        "PUT",
        R,
        json!({ "name": "r", "network": "global/networks/n" }),
    );
    assert!(bench.ok("GET", R, Value::Null)["nats"].is_null());
}

#[test]
fn a_nat_for_all_subnetworks_stands_alone() {
    let mut bench = Bench::new();
    world(&mut bench);
    bench.ended("PATCH", &format!("{ALL}/q"), json!({ "nats": [nat("x")] }));
    let text = bench.refusal("PATCH", R, json!({ "nats": [nat("y")] }));
    let recorded = "Invalid value for field 'resource.nats[0].sourceSubnetworkIpRangesToNat': 'ALL_SUBNETWORKS_ALL_IP_RANGES'. Can not create new Nats since a Nat with option ALL_SUBNETWORKS_ALL_IP_RANGES exists.";
    assert_eq!(text, recorded);
}

#[test]
fn two_nats_share_a_subnetwork_but_no_range() {
    let mut bench = Bench::new();
    world(&mut bench);
    let mut primary = listing("x", "s");
    primary["subnetworks"][0]["sourceIpRangesToNat"] = json!(["PRIMARY_IP_RANGE"]);
    let mut secondary = listing("y", "s");
    secondary["subnetworks"][0]["sourceIpRangesToNat"] = json!(["LIST_OF_SECONDARY_IP_RANGES"]);
    secondary["subnetworks"][0]["secondaryIpRangeNames"] = json!(["pods"]);
    assert_eq!(
        bench.status("PATCH", R, json!({ "nats": [primary, secondary] })),
        200
    );
    let third = json!([primary, secondary, listing("z", "s")]);
    let text = bench.refusal("PATCH", R, json!({ "nats": third }));
    assert!(text.starts_with("Invalid value for field 'resource.nats[2].subnetworks[0].sourceIpRangesToNat': ''. The subnetwork is already configured with"));
}

#[test]
fn an_address_in_use_by_a_nat_says_so_and_stays() {
    let mut bench = Bench::new();
    world(&mut bench);
    bench.ended("PATCH", R, json!({ "nats": [manual("x", "a")] }));
    let url = "/compute/v1/projects/p/regions/us-east1/addresses/a";
    let address = bench.ok("GET", url, Value::Null);
    assert_eq!(address["status"], "IN_USE");
    assert_eq!(
        address["users"],
        json!([bench.ok("GET", R, Value::Null)["selfLink"]])
    );
    let text = "The address resource 'projects/p/regions/us-east1/addresses/a' is already being used by 'projects/p/regions/us-east1/routers/r'";
    assert_eq!(bench.refusal("DELETE", url, Value::Null), text);
}
