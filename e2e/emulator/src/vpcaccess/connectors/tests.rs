//! Connectors, after they were made.

use std::time::Duration;

use serde_json::{Value, json};

use super::{BUSY, DELETING, ERROR_IS_FINAL, MASK, NOT_FOUND, SHRINK, UPDATING};
use crate::call::Fate;
use crate::operations::Failure;
use crate::refusal::Code;
use crate::testing::{Bench, Provocation};
use crate::vpcaccess::creation::tests::{CONNECTORS, with_subnet};

const C: &str = "/v1/projects/p/locations/us-east1/connectors/c";

fn with_connector(bench: &mut Bench) {
    with_subnet(bench);
    let body = json!({ "subnet": { "name": "s" }, "minInstances": 3, "maxInstances": 4 });
    bench.ok("POST", &format!("{CONNECTORS}?connectorId=c"), body);
}

fn with_error(bench: &mut Bench) {
    let connector = json!({ "network": "n", "ipCidrRange": "10.9.0.0/28", "state": "ERROR" });
    let path = "projects/p/locations/us-east1/connectors/c";
    bench.document(json!({ "vpcaccess": { path: connector } }));
}

pub(crate) fn provocations() -> Vec<Provocation> {
    vec![
        Provocation::new(&MASK, |bench| {
            with_connector(bench);
            bench.ask(
                "PATCH",
                &format!("{C}?updateMask=network"),
                json!({ "network": "m" }),
            )
        }),
        Provocation::new(&SHRINK, |bench| {
            with_connector(bench);
            bench.ask(
                "PATCH",
                &format!("{C}?updateMask=minInstances"),
                json!({ "minInstances": 2 }),
            )
        }),
        Provocation::new(&ERROR_IS_FINAL, |bench| {
            with_error(bench);
            bench.ask(
                "PATCH",
                &format!("{C}?updateMask=maxInstances"),
                json!({ "maxInstances": 10 }),
            )
        }),
        Provocation::new(&BUSY, |bench| {
            bench.engine.latency = Duration::from_secs(1);
            with_error(bench);
            bench.ok("DELETE", C, Value::Null);
            bench.ask("DELETE", C, Value::Null)
        }),
        Provocation::new(&UPDATING, |bench| {
            with_connector(bench);
            bench.engine.settle();
            bench.engine.latency = Duration::from_secs(1);
            bench.ok(
                "PATCH",
                &format!("{C}?updateMask=maxInstances"),
                json!({ "maxInstances": 10 }),
            );
            bench.ok("GET", C, Value::Null)
        }),
        Provocation::new(&DELETING, |bench| {
            with_error(bench);
            bench.engine.latency = Duration::from_secs(1);
            bench.ok("DELETE", C, Value::Null);
            bench.ok("GET", C, Value::Null)
        }),
        Provocation::new(&NOT_FOUND, |bench| bench.ask("GET", C, Value::Null)),
    ]
}

#[test]
fn limits_grow_and_the_throughput_with_them() {
    let mut bench = Bench::new();
    with_connector(&mut bench);
    let mask = "updateMask=minInstances,maxInstances";
    let body = json!({ "minInstances": 4, "maxInstances": 10 });
    let ended = bench.ended("PATCH", &format!("{C}?{mask}"), body);
    assert_eq!(
        (&ended["done"], &ended["response"]["maxThroughput"]),
        (&json!(true), &json!(1000))
    );
    assert_eq!(bench.ok("GET", C, Value::Null)["state"], "READY");
}

#[test]
fn a_failure_that_breaks_a_connector_leaves_it_in_error() {
    let failed = |breaks| {
        Fate::Fails(Failure {
            breaks,
            ..Failure::code(Code::Aborted, "no")
        })
    };
    for (breaks, state) in [(false, "READY"), (true, "ERROR")] {
        for (method, url) in [
            ("PATCH", format!("{C}?updateMask=maxInstances")),
            ("DELETE", C.to_owned()),
        ] {
            let mut bench = Bench::new();
            with_connector(&mut bench);
            bench.fate = failed(breaks);
            let body = if method == "PATCH" {
                json!({ "maxInstances": 10 })
            } else {
                Value::Null
            };
            let ended = bench.ended(method, &url, body);
            assert_eq!(ended["error"]["message"], "no", "{method}");
            assert_eq!(bench.ok("GET", C, Value::Null)["state"], state, "{method}");
        }
    }
}

#[test]
fn a_connector_in_error_can_be_deleted() {
    let mut bench = Bench::new();
    with_error(&mut bench);
    assert_eq!(bench.ended("DELETE", C, Value::Null)["done"], true);
    assert_eq!(bench.status("GET", C, Value::Null), 404);
}
