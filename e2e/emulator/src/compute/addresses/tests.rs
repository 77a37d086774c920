use serde_json::{Value, json};

use super::{
    ALLOCATED, DESCRIPTION, IN_USE, LABEL_FINGERPRINT, LABELS, LABELS_STALE, PURPOSE, SERVERLESS,
    STATUS, TIER, TYPE, place,
};
use crate::rules::Rule;
use crate::testing::{Bench, Provocation};

const ALL: &str = "/compute/v1/projects/p/regions/us-east1/addresses";
const A: &str = "/compute/v1/projects/p/regions/us-east1/addresses/a";

fn world(bench: &mut Bench) {
    let region = |path: &str| format!("projects/p/regions/us-east1/{path}");
    bench.document(json!({ "compute": {
        "projects/p/global/networks/n": {},
        region("subnetworks/s"): { "ipCidrRange": "10.0.0.0/28", "network": "n" },
        region("addresses/held"): {
            "subnetwork": "s", "address": "10.0.0.2", "purpose": "SERVERLESS",
        },
        region("addresses/out"): {},
        region("routers/r"): { "network": "n", "nats": [{
            "name": "nat", "natIpAllocateOption": "MANUAL_ONLY", "natIps": ["out"],
        }]},
    }}));
}

fn insert(bench: &mut Bench, sent: &Value) -> Value {
    world(bench);
    let went = bench.ended("POST", ALL, sent.clone());
    json!([went["error"]["message"], bench.ask("GET", A, Value::Null)])
}

fn of(rule: &'static Rule, sent: Value) -> Provocation {
    Provocation::new(rule, move |bench| insert(bench, &sent))
}

fn internal(address: &str) -> Value {
    let subnetwork = "regions/us-east1/subnetworks/s";
    json!({
        "name": "a", "addressType": "INTERNAL", "subnetwork": subnetwork, "address": address,
    })
}

fn deleted(rule: &'static Rule, name: &'static str) -> Provocation {
    Provocation::new(rule, move |bench| {
        world(bench);
        bench.ask("DELETE", &format!("{ALL}/{name}"), Value::Null)
    })
}

pub(crate) fn provocations() -> Vec<Provocation> {
    let plain = [
        &ALLOCATED,
        &DESCRIPTION,
        &LABEL_FINGERPRINT,
        &STATUS,
        &TIER,
        &TYPE,
    ];
    let mut all: Vec<Provocation> = plain
        .into_iter()
        .map(|rule| of(rule, json!({ "name": "a" })))
        .collect();
    all.extend([
        of(&PURPOSE, internal("10.0.0.3")),
        of(&LABELS, json!({ "name": "a", "labels": { "k": "v" } })),
        of(&place::OUTSIDE, internal("10.0.0.14")),
        of(&place::TAKEN, internal("10.0.0.2")),
        Provocation::new(&STATUS, |bench| {
            world(bench);
            bench.ok("GET", &format!("{ALL}/out"), Value::Null)
        }),
        deleted(&IN_USE, "out"),
        deleted(&SERVERLESS, "held"),
        Provocation::new(&LABELS_STALE, |bench| {
            world(bench);
            let stale = json!({ "labelFingerprint": "AAAAAAAAAAA=", "labels": {} });
            bench.ask("POST", &format!("{ALL}/out/setLabels"), stale)
        }),
    ]);
    all
}

#[test]
fn labels_are_set_in_a_call_of_their_own_that_is_done_at_once() {
    let mut bench = Bench::with_latency(std::time::Duration::from_secs(1));
    world(&mut bench);
    let fingerprint =
        bench.ok("GET", &format!("{ALL}/out"), Value::Null)["labelFingerprint"].clone();
    assert_eq!(fingerprint, super::NO_LABELS);
    let labels = json!({ "labelFingerprint": fingerprint, "labels": { "k": "v" } });
    let operation = bench.ok("POST", &format!("{ALL}/out/setLabels"), labels);
    assert_eq!(
        (&operation["status"], &operation["progress"]),
        (&json!("DONE"), &json!(100))
    );
    let address = bench.ok("GET", &format!("{ALL}/out"), Value::Null);
    assert_eq!(address["labels"], json!({ "k": "v" }));
    assert_ne!(address["labelFingerprint"], fingerprint);
}

#[test]
fn the_lowest_free_address_of_a_subnetwork_is_allocated() {
    let mut bench = Bench::new();
    let mut sent = internal("");
    sent.as_object_mut().map(|fields| fields.remove("address"));
    assert_eq!(insert(&mut bench, &sent)[1]["address"], "10.0.0.3");
}

#[test]
fn global_addresses_are_listed_with_the_regional_ones() {
    let mut bench = Bench::new();
    world(&mut bench);
    let global = "/compute/v1/projects/p/global/addresses";
    bench.ended("POST", global, json!({ "name": "g" }));
    let all = bench.ok(
        "GET",
        "/compute/v1/projects/p/aggregated/addresses",
        Value::Null,
    );
    let names = |scope: &str| all["items"][scope]["addresses"][0]["name"].clone();
    assert_eq!(
        (names("global"), names("regions/us-east1")),
        (json!("g"), json!("held"))
    );
    assert_eq!(
        all["items"]["regions/us-west1"]["warning"]["code"],
        "NO_RESULTS_ON_PAGE"
    );
}
