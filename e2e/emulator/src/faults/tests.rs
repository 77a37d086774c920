//! Which requests a fault strikes, and what is no fault.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Faults, Request, Verdict};
use crate::call::Api;

fn parse(order: &Value) -> Faults {
    Faults::parse(order, 1.0).unwrap()
}

fn request(operation: &str) -> Request<'_> {
    Request {
        api: Api::Compute,
        operation,
        path: "/compute/v1",
    }
}

fn strikes(faults: &mut Faults, operation: &str) -> bool {
    strikes_with(faults, operation, false).error.is_some()
}

fn strikes_with(faults: &mut Faults, operation: &str, has_object: bool) -> Verdict {
    faults.judge("POST", request(operation), || has_object)
}

#[test]
fn the_nth_matching_request_is_struck() {
    let mut faults = parse(&json!([{
        "match": { "operation": "compute.*.insert" }, "nth": 2, "effect": { "status": 403 },
    }]));
    assert!(!strikes(&mut faults, "compute.networks.insert"));
    assert!(!strikes(&mut faults, "compute.networks.get"));
    assert!(strikes(&mut faults, "compute.routers.insert"));
    assert!(!strikes(&mut faults, "compute.routers.insert"));
    assert_eq!(faults.describe()[0]["struck"], 1);
    parse(&faults.describe());
}

#[test]
fn what_an_effect_can_do_nothing_to_is_neither_struck_nor_counted() {
    let writer = json!({ "otherWriter": { "merge": {} } });
    let (stale, lost) = (json!({ "writes": 1 }), json!({ "size": 0 }));
    for (effect, has_object, idle, struck) in [
        (writer.clone(), false, "compute.networks.patch", None),
        (writer, true, "", Some("compute.networks.patch")),
        (
            json!({ "staleList": stale }),
            true,
            "compute.networks.get",
            Some("compute.networks.list"),
        ),
        (
            json!({ "staleList": stale }),
            true,
            "compute.regionOperations.list",
            None,
        ),
        (
            json!({ "staleList": stale }),
            true,
            "run.projects.locations.operations.list",
            None,
        ),
        (
            json!({ "losePage": lost }),
            true,
            "compute.networks.get",
            Some("compute.regionOperations.list"),
        ),
        (
            json!({ "unreachable": "global" }),
            true,
            "compute.networks.list",
            Some("compute.routers.aggregatedList"),
        ),
        (
            json!({ "operationNever": true }),
            true,
            "compute.networks.list",
            Some("run.projects.locations.services.patch"),
        ),
        (
            json!({ "operationError": { "code": 13, "message": "no" } }),
            true,
            "compute.regionOperations.wait",
            Some("compute.routers.patch"),
        ),
        (
            json!({ "preset": "connectorError" }),
            true,
            "compute.networks.insert",
            Some("vpcaccess.projects.locations.connectors.create"),
        ),
    ] {
        let mut faults = parse(&json!([{ "nth": 1, "effect": effect }]));
        let asked = [Some(idle).filter(|it| !it.is_empty()), struck];
        for operation in asked.into_iter().flatten() {
            strikes_with(&mut faults, operation, has_object);
        }
        let expected = u64::from(struck.is_some());
        assert_eq!(faults.describe()[0]["struck"], expected, "{effect} {idle}");
    }
}

#[test]
fn a_probability_strikes_about_as_often_and_the_same_seed_the_same_again() {
    let order =
        |seed: u64| json!([{ "probability": 0.25, "seed": seed, "effect": { "status": 503 } }]);
    let drawn = |seed| -> Vec<bool> {
        let mut faults = parse(&order(seed));
        (0..1_000).map(|_| strikes(&mut faults, "a")).collect()
    };
    let struck = drawn(7).iter().filter(|struck| **struck).count();
    assert!((200..300).contains(&struck), "{struck}");
    assert!(drawn(7) == drawn(7) && drawn(7) != drawn(8));
}

#[test]
fn a_fault_ends_when_its_time_is_over() {
    let order = json!([{ "for": "0s", "effect": { "status": 503 } }]);
    assert!(!strikes(&mut parse(&order), "a"));
    let order = json!([{ "for": "1h", "effect": { "status": 503 } }]);
    assert!(strikes(&mut parse(&order), "a"));
}

#[test]
fn what_is_no_fault_is_refused() {
    for order in [
        json!([{ "effect": {} }]),
        json!([{ "effect": { "truncate": true, "body": "x" } }]),
        json!([{ "effect": { "explode": true } }]),
        json!([{ "effect": { "preset": "worse" } }]),
        json!([{ "effect": { "staleList": {} } }]),
        json!([{ "effect": { "latency": "soon" } }]),
        json!([{ "probability": 2, "effect": { "status": 503 } }]),
        json!([{ "effect": { "status": 99 } }]),
        json!([{ "effect": { "status": 101 } }]),
        json!([{ "effect": { "status": 200 } }]),
        json!([{ "effect": { "status": 399 } }]),
        json!([{ "effect": { "status": 600 } }]),
        json!([{ "effect": { "status": 9999 } }]),
        json!([{ "nth": 0, "effect": { "status": 503 } }]),
        json!([{ "times": 0, "effect": { "status": 503 } }]),
        json!([{ "effect": { "losePage": { "size": -1 } } }]),
        json!([{ "match": { "operation": "*".repeat(201) }, "effect": { "status": 503 } }]),
        json!([{ "match": { "operation": "bogus.thing" }, "effect": { "status": 503 } }]),
        json!([{ "match": { "operation": "compute.network.*" }, "effect": { "status": 503 } }]),
        json!([{ "match": { "operation": "" }, "effect": { "status": 503 } }]),
        json!(vec![json!({ "effect": { "status": 503 } }); 1_001]),
    ] {
        assert!(Faults::parse(&order, 1.0).is_err(), "{order}");
    }
}
