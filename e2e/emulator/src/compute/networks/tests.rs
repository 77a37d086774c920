use serde_json::{Value, json};

use super::addressing::{ULA_OFF, ULA_RANGE};
use super::{
    AUTO_SUBNETS, AUTOMATIC, BEST_PATH, CUSTOM_ONLY, DEFAULT_ROUTE, DOCUMENT_CUSTOM, IMMUTABLE,
    IN_USE, POLICY_ORDER, ROUTING_MODE, SWITCH_TYPE,
};
use crate::testing::{Bench, Provocation};

const NETWORKS: &str = "/compute/v1/projects/p/global/networks";
const N: &str = "/compute/v1/projects/p/global/networks/n";

fn custom(bench: &mut Bench) {
    bench.ok(
        "POST",
        NETWORKS,
        json!({ "name": "n", "autoCreateSubnetworks": false }),
    );
}

pub(crate) fn provocations() -> Vec<Provocation> {
    let get = |bench: &mut Bench| {
        bench.ok("POST", NETWORKS, json!({ "name": "n" }));
        bench.ok("GET", N, Value::Null)
    };
    vec![
        Provocation::new(&AUTO_SUBNETS, get),
        Provocation::new(&POLICY_ORDER, get),
        Provocation::new(&ROUTING_MODE, get),
        Provocation::new(&BEST_PATH, get),
        Provocation::new(&AUTOMATIC, get),
        Provocation::new(&SWITCH_TYPE, |bench| {
            bench.ok("POST", NETWORKS, json!({ "name": "n" }));
            bench.ask("POST", &format!("{N}/switchToCustomMode"), Value::Null)
        }),
        Provocation::new(&DEFAULT_ROUTE, |bench| {
            custom(bench);
            bench.ok("GET", "/compute/v1/projects/p/global/routes", Value::Null)
        }),
        Provocation::new(&IN_USE, |bench| {
            custom(bench);
            let router = json!({ "name": "r", "network": "global/networks/n" });
            bench.ok(
                "POST",
                "/compute/v1/projects/p/regions/us-east1/routers",
                router,
            );
            bench.ended("DELETE", N, Value::Null)
        }),
        Provocation::new(&IMMUTABLE, |bench| {
            custom(bench);
            bench.ask("PATCH", N, json!({ "description": "another" }))
        }),
        Provocation::new(&CUSTOM_ONLY, |bench| {
            custom(bench);
            bench.ask("PATCH", N, json!({ "autoCreateSubnetworks": true }))
        }),
        Provocation::new(&ULA_RANGE, |bench| {
            custom(bench);
            bench.ended("PATCH", N, json!({ "enableUlaInternalIpv6": true }));
            bench.ok("GET", N, Value::Null)
        }),
        Provocation::new(&ULA_OFF, |bench| {
            custom(bench);
            bench.ended("PATCH", N, json!({ "enableUlaInternalIpv6": false }));
            bench.ok("GET", N, Value::Null)
        }),
        Provocation::new(&DOCUMENT_CUSTOM, |bench| {
            bench.document(json!({ "compute": { "projects/p/global/networks/n": {} } }));
            bench.ok("GET", N, Value::Null)
        }),
    ]
}

#[test]
fn a_network_looks_as_it_was_recorded() {
    let mut bench = Bench::new();
    custom(&mut bench);
    let network = bench.ok("GET", N, Value::Null);
    let fields: Vec<&str> = network
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, _)| k.as_str())
        .collect();
    let recorded = [
        "autoCreateSubnetworks",
        "creationTimestamp",
        "id",
        "kind",
        "name",
        "networkFirewallPolicyEnforcementOrder",
        "routingConfig",
        "selfLink",
        "selfLinkWithId",
    ];
    assert_eq!(fields, recorded);
    assert_eq!(
        network["selfLink"],
        format!("https://www.googleapis.com{N}")
    );
}

#[test]
fn a_network_takes_its_default_route_along() {
    let mut bench = Bench::new();
    custom(&mut bench);
    bench.ended("DELETE", N, Value::Null);
    let routes = bench.ok("GET", "/compute/v1/projects/p/global/routes", Value::Null);
    assert_eq!(routes.get("items"), None);
    assert_eq!(bench.status("GET", N, Value::Null), 404);
}

/// Everything that Compute keeps, as somebody would write it by hand.
fn by_hand() -> Value {
    let region = |path: &str| format!("projects/p/regions/us-east1/{path}");
    json!({
        "projects/p/global/networks/n": {},
        region("subnetworks/s"): { "ipCidrRange": "10.0.0.0/28", "network": "n" },
        region("addresses/a"): {},
        region("routers/r"): { "network": "n", "nats": [{
            "name": "nat",
            "natIpAllocateOption": "MANUAL_ONLY",
            "natIps": ["a"],
            "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
            "subnetworks": [{ "name": "s" }],
        }]},
        "projects/p/global/firewalls/f": { "network": "n", "allowed": [{ "IPProtocol": "tcp" }] },
    })
}

#[test]
fn a_document_comes_back_as_it_was_put() {
    let mut bench = Bench::new();
    bench.document(json!({ "compute": by_hand() }));
    let document = crate::document::get(&mut bench.engine);
    let kinds = document["compute"].as_object().map(serde_json::Map::len);
    assert_eq!(kinds, Some(6), "five by hand, and the default route");
    bench.document(document.clone());
    assert_eq!(crate::document::get(&mut bench.engine), document);
}

#[test]
fn what_is_made_and_deleted_leaves_the_document_as_it_was() {
    let mut bench = Bench::new();
    bench.document(json!({ "compute": by_hand() }));
    let before = crate::document::get(&mut bench.engine);
    let region = "/compute/v1/projects/p/regions/us-east1";
    let (network, range) = ("global/networks/m", "10.0.0.0/28");
    let subnetwork = json!({ "name": "m", "network": network, "ipCidrRange": range });
    let steps = [
        (
            NETWORKS.to_owned(),
            json!({ "name": "m", "autoCreateSubnetworks": false }),
        ),
        (format!("{region}/subnetworks"), subnetwork),
        (
            format!("{region}/routers"),
            json!({ "name": "m", "network": network }),
        ),
        (format!("{region}/addresses"), json!({ "name": "m" })),
    ];
    for (url, body) in &steps {
        assert_eq!(bench.ended("POST", url, body.clone())["error"], Value::Null);
    }
    for (url, _) in steps.iter().rev() {
        let ended = bench.ended("DELETE", &format!("{url}/m"), Value::Null);
        assert_eq!(ended["error"], Value::Null);
    }
    assert_eq!(crate::document::get(&mut bench.engine), before);
}

#[test]
fn a_network_in_use_stays_and_says_by_whom_as_an_operation() {
    let mut bench = Bench::new();
    bench.document(json!({ "compute": by_hand() }));
    let operation = bench.ended("DELETE", N, Value::Null);
    let error = &operation["error"]["errors"][0];
    let text = "The network resource 'projects/p/global/networks/n' is already being used by 'projects/p/global/firewalls/f'";
    assert_eq!(error["message"], text);
    assert_eq!(bench.status("GET", N, Value::Null), 200);
}
