//! Somebody else writes beside the request that is under way.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use support::{NETWORKS, ROUTERS, SERVICES, bench, service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_writer_makes_an_etag_stale() {
    let bench = bench(Duration::ZERO).await;
    bench
        .send(Method::POST, &format!("{SERVICES}?serviceId=s"), service())
        .await;
    let url = format!("{SERVICES}/s");
    let read = bench.get(&url).await;
    bench
        .faults(json!([{
            "match": { "operation": "run.projects.locations.services.patch" }, "times": 1,
            "effect": { "otherWriter": { "merge": { "labels": { "team": "payments" } } } },
        }]))
        .await;
    let change = json!({ "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY", "etag": read["etag"] });
    let patch = format!("{url}?updateMask=ingress");
    let (status, body) = bench.send(Method::PATCH, &patch, change).await;
    assert_eq!((status, &body["error"]["status"]), (409, &json!("ABORTED")));
    let after = bench.get(&url).await;
    assert_eq!(after["labels"]["team"], "payments");
    assert_ne!(after["etag"], read["etag"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_writer_changes_what_version_one_shows() {
    let bench = bench(Duration::ZERO).await;
    let located = "/v1/projects/p/locations/europe-west1";
    let place = "projects/p/locations/europe-west1";
    let state = json!({ "run": {
        format!("{place}/services/s"): service(),
        "projects/p/locations/us-central1/jobs/j": { "template": { "template": { "containers": [{ "image": "i" }] } } },
    }});
    bench.send(Method::PUT, "/emulator/state", state).await;
    let writer = json!({ "merge": { "labels": { "team": "payments" } } });
    let order = json!([{ "nth": 1, "effect": { "otherWriter": writer } }]);
    let labelled = |object: &Value| object["metadata"]["labels"]["team"] == "payments";
    let jobs = "/apis/run.googleapis.com/v1/namespaces/p/jobs/j";
    for one in [format!("{located}/services/s"), jobs.to_owned()] {
        let read = bench.get(&one).await;
        bench.faults(order.clone()).await;
        // There is no one object that a list is about.
        bench.get(&format!("{located}/services")).await;
        assert_eq!(bench.get("/emulator/faults").await[0]["struck"], 0);
        assert!(!labelled(&bench.get(&one).await), "read before they wrote");
        assert_eq!(bench.get("/emulator/faults").await[0]["struck"], 1);
        assert!(labelled(&bench.get(&one).await));
        let (status, _) = bench.send(Method::PUT, &one, read).await;
        assert_eq!(status, 409, "{one}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_writer_waits_for_an_object_to_write_to() {
    let bench = bench(Duration::ZERO).await;
    let writer = json!({ "merge": { "description": "theirs" } });
    bench
        .faults(json!([{ "nth": 1, "effect": { "otherWriter": writer } }]))
        .await;
    bench.with_networks(&["n"]).await;
    bench.get(NETWORKS).await;
    bench.get(&format!("{NETWORKS}/none")).await;
    assert_eq!(bench.get("/emulator/faults").await[0]["struck"], 0);
    let url = format!("{NETWORKS}/n");
    bench.get(&url).await;
    assert_eq!(bench.get("/emulator/faults").await[0]["struck"], 1);
    assert_eq!(bench.get(&url).await["description"], "theirs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_writers_nat_is_lost_where_google_has_no_fingerprint() {
    let bench = bench(Duration::ZERO).await;
    bench.with_networks(&["n"]).await;
    let router = json!({ "name": "r", "network": "global/networks/n" });
    bench.send(Method::POST, ROUTERS, router).await;
    let nat = |name: &str| {
        json!({
            "name": name, "natIpAllocateOption": "AUTO_ONLY",
            "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        })
    };
    bench
        .faults(json!([{
            "match": { "operation": "compute.routers.get" }, "nth": 1,
            "effect": { "otherWriter": { "append": { "nats": [nat("theirs")] } } },
        }]))
        .await;
    let url = format!("{ROUTERS}/r");
    assert_eq!(
        bench.get(&url).await.get("nats"),
        None,
        "read before they wrote"
    );
    assert_eq!(bench.get(&url).await["nats"][0]["name"], "theirs");
    let (status, _) = bench
        .send(Method::PATCH, &url, json!({ "nats": [nat("ours")] }))
        .await;
    assert_eq!(status, 200);
    let nats = bench.get(&url).await["nats"].clone();
    assert_eq!(
        (nats.as_array().map(Vec::len), &nats[0]["name"]),
        (Some(1), &json!("ours"))
    );
}
