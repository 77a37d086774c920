//! Misbehaviour that was ordered.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use support::{NETWORKS, SERVICES, bench, service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_strike_over_the_wire() {
    let bench = bench(Duration::ZERO).await;
    bench
        .faults(json!([{
            "match": { "operation": "compute.networks.list" }, "times": 1,
            "effect": { "status": 403, "reason": "rateLimitExceeded", "retryAfter": 7 },
        }]))
        .await;
    let url = format!("{}{NETWORKS}", bench.emulator.url());
    let refused = bench.client.get(&url).send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (403, &"7".parse().unwrap())
    );
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["errors"][0]["reason"], "rateLimitExceeded");
    assert_eq!(bench.send(Method::GET, NETWORKS, Value::Null).await.0, 200);
    bench
        .faults(json!([{ "effect": { "body": "<html>" } }]))
        .await;
    let (status, text) = bench
        .try_send(Method::GET, NETWORKS, Value::Null)
        .await
        .unwrap();
    assert_eq!((status, text.as_str()), (200, "<html>"));
    bench
        .faults(json!([{ "effect": { "truncate": true } }]))
        .await;
    assert!(
        bench
            .try_send(Method::GET, NETWORKS, Value::Null)
            .await
            .is_err()
    );
    assert_eq!(bench.get("/emulator/faults").await[0]["struck"], 1);
    bench
        .send(Method::DELETE, "/emulator/faults", Value::Null)
        .await;
    assert_eq!(bench.send(Method::GET, NETWORKS, Value::Null).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_loses_the_request_or_only_its_reply() {
    let bench = bench(Duration::ZERO).await;
    for (when, made) in [("before", 404), ("after", 200)] {
        bench
            .faults(json!([{ "match": { "method": "POST" }, "effect": { "reset": when } }]))
            .await;
        assert!(
            bench
                .try_send(Method::POST, NETWORKS, json!({ "name": "n" }))
                .await
                .is_err()
        );
        let get = bench
            .send(Method::GET, &format!("{NETWORKS}/n"), Value::Null)
            .await;
        assert_eq!(get.0, made, "{when}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_fail_or_never_end_on_demand() {
    let bench = bench(Duration::ZERO).await;
    let failure = json!({ "code": "QUOTA_EXCEEDED", "message": "Quota 'NETWORKS' exceeded." });
    bench
        .faults(json!([{ "effect": { "operationError": failure } }]))
        .await;
    let (_, begun) = bench
        .send(Method::POST, NETWORKS, json!({ "name": "n" }))
        .await;
    let operation = format!(
        "/compute/v1/projects/p/global/operations/{}",
        begun["name"].as_str().unwrap()
    );
    assert_eq!(
        bench.get(&operation).await["error"]["errors"][0]["code"],
        "QUOTA_EXCEEDED"
    );
    assert_eq!(bench.get("/emulator/state").await, json!({}));
    bench
        .faults(json!([{ "effect": { "operationNever": true } }]))
        .await;
    let (_, begun) = bench
        .send(Method::POST, &format!("{SERVICES}?serviceId=s"), service())
        .await;
    let operation = format!("/v2/{}", begun["name"].as_str().unwrap());
    assert_eq!(bench.get(&operation).await.get("done"), None);
    assert_eq!(
        bench.get(&format!("{SERVICES}/s")).await["reconciling"],
        true
    );
}
