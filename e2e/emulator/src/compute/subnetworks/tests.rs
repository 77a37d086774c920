#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::defaults::{
    FINGERPRINT, FLOW_LOGS, GATEWAY, GOOGLE_ACCESS, GOOGLE_ACCESS_V6, PROXY_ROLE, PROXY_STATE,
    PURPOSE, ROUTES_OVERLAP, STACK_TYPE,
};
use super::{
    AUTOMATIC, EXPAND_ONLY, EXPAND_TYPE, IMMUTABLE, IN_USE_ADDRESS, IN_USE_CONNECTOR, IN_USE_NAT,
    NAT_KEEPS_ACCESS, OWN_METHOD, ranges,
};
use crate::rules::Rule;
use crate::testing::{Bench, Provocation};

const ALL: &str = "/compute/v1/projects/p/regions/us-east1/subnetworks";
const S: &str = "/compute/v1/projects/p/regions/us-east1/subnetworks/s";
const PATH: &str = "projects/p/regions/us-east1/subnetworks/s";

/// A network `n` with a subnetwork `s`, beside what is given.
fn world(bench: &mut Bench, beside: &Value) {
    let mut compute = json!({
        "projects/p/global/networks/n": {},
        PATH: { "ipCidrRange": "10.0.0.0/28", "network": "n" },
    });
    for (path, value) in beside.as_object().into_iter().flatten() {
        compute[path] = value.clone();
    }
    bench.document(json!({ "compute": compute }));
}

fn nat() -> Value {
    json!({
        "projects/p/regions/us-east1/routers/r": {
            "network": "n",
            "nats": [{
                "name": "nat",
                "natIpAllocateOption": "AUTO_ONLY",
                "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
                "subnetworks": [{ "name": "s" }],
            }],
        },
    })
}

fn insert(bench: &mut Bench, range: &str) -> Value {
    let network = "global/networks/n";
    bench.ended(
        "POST",
        ALL,
        json!({ "name": "t", "network": network, "ipCidrRange": range }),
    )
}

fn change(bench: &mut Bench, mut change: Value) -> Value {
    change["fingerprint"] = bench.ok("GET", S, Value::Null)["fingerprint"].clone();
    bench.ask("PATCH", S, change);
    bench.ok("GET", S, Value::Null)
}

fn refused_range(rule: &'static Rule, range: &'static str) -> Provocation {
    Provocation::new(rule, move |bench| {
        world(bench, &Value::Null);
        insert(bench, range)
    })
}

fn refused_delete(rule: &'static Rule, beside: Value) -> Provocation {
    Provocation::new(rule, move |bench| {
        world(bench, &beside);
        bench.ask("DELETE", S, Value::Null)
    })
}

pub(crate) fn provocations() -> Vec<Provocation> {
    let defaults = [
        &ROUTES_OVERLAP,
        &FLOW_LOGS,
        &GATEWAY,
        &GOOGLE_ACCESS,
        &GOOGLE_ACCESS_V6,
        &PURPOSE,
        &STACK_TYPE,
        &FINGERPRINT,
    ];
    let shown = |rule: &&'static Rule| {
        Provocation::new(rule, |bench| {
            world(bench, &Value::Null);
            bench.ok("GET", S, Value::Null)
        })
    };
    let mut all: Vec<Provocation> = defaults.iter().map(shown).collect();
    let connector = json!({
        "compute": {
            "projects/p/global/networks/n": {},
            PATH: { "ipCidrRange": "10.0.0.0/28", "network": "n" },
        },
        "vpcaccess": { "projects/p/locations/us-east1/connectors/c": { "subnet": { "name": "s" } } },
    });
    let address = json!({ "projects/p/regions/us-east1/addresses/serverless-ipv4-1": {
        "subnetwork": "s", "addressType": "INTERNAL", "purpose": "SERVERLESS",
    }});
    all.extend([
        refused_range(&ranges::INVALID, "10.1.0.1/28"),
        refused_range(&ranges::LENGTH, "10.1.0.0/30"),
        refused_range(&ranges::PROHIBITED, "199.36.153.8/29"),
        refused_range(&ranges::OVERLAP, "10.0.0.0/24"),
        refused_delete(&IN_USE_ADDRESS, address),
        refused_delete(&IN_USE_NAT, nat()),
        Provocation::new(&IN_USE_CONNECTOR, move |bench| {
            bench.document(connector.clone());
            bench.ask("DELETE", S, Value::Null)
        }),
        Provocation::new(&ranges::AUTO_MODE, |bench| {
            let network = json!({ "autoCreateSubnetworks": true });
            let path = "projects/p/global/networks/n";
            bench.document(json!({ "compute": { path: network } }));
            insert(bench, "10.250.0.0/20")
        }),
        Provocation::new(&AUTOMATIC, |bench| {
            let network = json!({ "autoCreateSubnetworks": true });
            let path = "projects/p/global/networks/n";
            bench.document(json!({ "compute": { path: network } }));
            bench.ask("DELETE", &format!("{ALL}/n"), Value::Null)
        }),
        proxy_only(&PROXY_STATE),
        proxy_only(&PROXY_ROLE),
        Provocation::new(&IMMUTABLE, |bench| {
            world(bench, &Value::Null);
            change(bench, json!({ "description": "another" }))
        }),
        Provocation::new(&OWN_METHOD, |bench| {
            world(bench, &Value::Null);
            change(bench, json!({ "privateIpGoogleAccess": true }))
        }),
        Provocation::new(&NAT_KEEPS_ACCESS, |bench| {
            world(bench, &nat());
            let url = format!("{S}/setPrivateIpGoogleAccess");
            bench.ended("POST", &url, json!({ "privateIpGoogleAccess": true }));
            bench.ask("POST", &url, json!({ "privateIpGoogleAccess": false }))
        }),
        Provocation::new(&FINGERPRINT, |bench| {
            world(bench, &Value::Null);
            let before = bench.ok("GET", S, Value::Null);
            let url = format!("{S}/setPrivateIpGoogleAccess");
            bench.ended("POST", &url, json!({ "privateIpGoogleAccess": true }));
            let after = bench.ok("GET", S, Value::Null);
            json!(before["fingerprint"] == after["fingerprint"])
        }),
        Provocation::new(&ranges::OVERLAP, |bench| {
            let other = json!({ "ipCidrRange": "10.0.0.16/28", "network": "n" });
            world(
                bench,
                &json!({ "projects/p/regions/us-east1/subnetworks/t": other }),
            );
            let url = format!("{S}/expandIpCidrRange");
            bench.ask("POST", &url, json!({ "ipCidrRange": "10.0.0.0/27" }))
        }),
        Provocation::new(&EXPAND_ONLY, |bench| {
            world(bench, &Value::Null);
            let url = format!("{S}/expandIpCidrRange");
            bench.ask("POST", &url, json!({ "ipCidrRange": "10.0.0.0/29" }))
        }),
        Provocation::new(&EXPAND_TYPE, |bench| {
            world(bench, &Value::Null);
            let url = format!("{S}/expandIpCidrRange");
            bench.ok("POST", &url, json!({ "ipCidrRange": "10.0.0.0/27" }))
        }),
    ]);
    all
}

fn proxy_only(rule: &'static Rule) -> Provocation {
    Provocation::new(rule, |bench| {
        world(
            bench,
            &json!({ PATH: {
                "ipCidrRange": "10.0.0.0/26", "network": "n", "purpose": "REGIONAL_MANAGED_PROXY",
            }}),
        );
        bench.ok("GET", S, Value::Null)
    })
}

#[test]
fn a_subnetwork_looks_as_it_was_recorded() {
    let mut bench = Bench::new();
    bench.document(json!({ "compute": { "projects/p/global/networks/n": {} } }));
    let sent = json!({
        "name": "s",
        "network": "projects/p/global/networks/n",
        "ipCidrRange": "10.2.0.0/16",
        "region": "projects/p/global/regions/us-east1",
        "logConfig": { "enable": false },
    });
    bench.ended("POST", ALL, sent);
    let mut shown = bench.ok("GET", S, Value::Null);
    let fields = shown.as_object_mut().unwrap();
    for made_up in ["id", "creationTimestamp", "fingerprint"] {
        assert!(fields.remove(made_up).unwrap().is_string());
    }
    let google = "https://www.googleapis.com/compute/v1/projects/p";
    let recorded = json!({
        "allowSubnetCidrRoutesOverlap": false,
        "enableFlowLogs": false,
        "gatewayAddress": "10.2.0.1",
        "ipCidrRange": "10.2.0.0/16",
        "kind": "compute#subnetwork",
        "logConfig": { "enable": false },
        "name": "s",
        "network": format!("{google}/global/networks/n"),
        "privateIpGoogleAccess": false,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "region": format!("{google}/regions/us-east1"),
        "selfLink": format!("{google}/regions/us-east1/subnetworks/s"),
        "stackType": "IPV4_ONLY",
    });
    assert_eq!(shown, recorded);
    let network = bench.ok(
        "GET",
        "/compute/v1/projects/p/global/networks/n",
        Value::Null,
    );
    assert_eq!(network["subnetworks"], json!([recorded["selfLink"]]));
}

#[test]
fn an_overlapping_insert_fails_as_an_operation_and_leaves_nothing() {
    let mut bench = Bench::new();
    world(&mut bench, &Value::Null);
    let operation = insert(&mut bench, "10.0.0.0/16");
    let error = &operation["error"]["errors"][0];
    assert_eq!(error["code"], "INVALID_USAGE");
    let text = "Invalid IPCidrRange: 10.0.0.0/16 conflicts with existing subnetwork 's' in region 'us-east1'.";
    assert_eq!(error["message"], text);
    assert_eq!(bench.status("GET", &format!("{ALL}/t"), Value::Null), 404);
    assert_eq!(insert(&mut bench, "10.0.0.16/28")["error"], Value::Null);
}

#[test]
fn a_connectors_hidden_range_is_taken_too() {
    let mut bench = Bench::new();
    let connector = json!({ "network": "n", "ipCidrRange": "10.9.0.0/28" });
    bench.document(json!({
        "compute": { "projects/p/global/networks/n": {} },
        "vpcaccess": { "projects/p/locations/us-east1/connectors/c": connector },
    }));
    let operation = insert(&mut bench, "10.9.0.0/24");
    assert_eq!(operation["error"]["errors"][0]["code"], "INVALID_USAGE");
}

#[test]
fn a_subnetwork_grows_into_what_is_free() {
    let mut bench = Bench::new();
    world(&mut bench, &Value::Null);
    insert(&mut bench, "10.0.1.0/28");
    let url = format!("{S}/expandIpCidrRange");
    let taken = bench.refusal("POST", &url, json!({ "ipCidrRange": "10.0.0.0/23" }));
    assert!(taken.ends_with("conflicts with existing subnetwork 't' in region 'us-east1'."));
    bench.ended("POST", &url, json!({ "ipCidrRange": "10.0.0.0/24" }));
    assert_eq!(
        bench.ok("GET", S, Value::Null)["ipCidrRange"],
        "10.0.0.0/24"
    );
}

#[test]
fn each_change_has_another_fingerprint() {
    let mut bench = Bench::new();
    world(&mut bench, &Value::Null);
    let before = bench.ok("GET", S, Value::Null)["fingerprint"].clone();
    let on = json!({ "privateIpGoogleAccess": true });
    let operation = bench.ended("POST", &format!("{S}/setPrivateIpGoogleAccess"), on);
    assert_eq!(operation["operationType"], "setPrivateIpGoogleAccess");
    let stale = json!({ "fingerprint": before, "logConfig": { "enable": true } });
    assert_eq!(bench.status("PATCH", S, stale), 412);
    let after = change(&mut bench, json!({ "logConfig": { "enable": true } }));
    assert_eq!(
        (&after["enableFlowLogs"], &after["logConfig"]["enable"]),
        (&json!(true), &json!(true))
    );
}

#[test]
fn an_auto_mode_network_makes_its_subnetworks_and_takes_them_along() {
    let mut bench = Bench::new();
    bench.ended(
        "POST",
        "/compute/v1/projects/p/global/networks",
        json!({ "name": "n" }),
    );
    let one = bench.ok("GET", &format!("{ALL}/n"), Value::Null);
    assert!(one["ipCidrRange"].as_str().unwrap().ends_with(".0.0/20"));
    let network = "/compute/v1/projects/p/global/networks/n";
    let ended = bench.ended("DELETE", network, Value::Null);
    assert_eq!(ended["error"], Value::Null);
    assert_eq!(bench.status("GET", &format!("{ALL}/n"), Value::Null), 404);
}
