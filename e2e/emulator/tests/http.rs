//! The emulator over its wires: what only HTTP can show.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use privatelink_emulator::{Emulator, Options};
use reqwest::Method;
use serde_json::{Value, json};

use support::{NETWORKS, SERVICES, bench, service};

/// Google's description has no answer to it, and so neither has the emulator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_delete_of_an_operation_of_compute_answers_nothing() {
    let bench = bench(Duration::ZERO).await;
    let network = json!({ "name": "n", "autoCreateSubnetworks": false });
    let (_, begun) = bench.send(Method::POST, NETWORKS, network).await;
    let name = begun["name"].as_str().unwrap();
    let one = format!("/compute/v1/projects/p/global/operations/{name}");
    let deleted = bench.try_send(Method::DELETE, &one, Value::Null).await;
    assert_eq!(deleted.unwrap(), (204, String::new()));
    assert_eq!(bench.send(Method::GET, &one, Value::Null).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_counted_and_logged() {
    let bench = bench(Duration::ZERO).await;
    bench
        .send(Method::POST, NETWORKS, json!({ "name": "n" }))
        .await;
    bench
        .get(&format!("{NETWORKS}?pageToken=&%24alt=json"))
        .await;
    bench
        .send(
            Method::PATCH,
            &format!("{SERVICES}/s?validateOnly=true"),
            json!({}),
        )
        .await;
    assert_eq!(
        bench
            .send(Method::GET, "/compute/v1/nowhere", Value::Null)
            .await
            .0,
        404
    );
    let counts = bench.get("/emulator/requests").await;
    assert_eq!(
        (&counts["total"], &counts["writes"]),
        (&json!(4), &json!(1))
    );
    assert_eq!(
        counts["byMethod"],
        json!({ "GET": 2, "PATCH": 1, "POST": 1 })
    );
    let expected = json!({
        "compute.networks.insert": 1, "compute.networks.list": 1,
        "run.projects.locations.services.patch": 1, "unknown": 1,
    });
    assert_eq!(counts["byOperation"], expected);
    let log = bench.get("/emulator/requests/log").await;
    assert_eq!(
        (&log[0]["body"]["name"], &log[0]["status"]),
        (&json!("n"), &json!(200))
    );
    bench
        .send(Method::POST, "/emulator/requests:reset", Value::Null)
        .await;
    assert_eq!(bench.get("/emulator/requests").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_ends_when_its_operation_does() {
    let bench = bench(Duration::from_millis(150)).await;
    let url = format!("{SERVICES}?serviceId=s");
    let (_, begun) = bench.send(Method::POST, &url, service()).await;
    let name = begun["name"].as_str().unwrap().to_owned();
    assert_eq!(bench.get(&format!("/v2/{name}")).await.get("done"), None);
    let wait = format!("/v2/{name}:wait");
    let (_, early) = bench
        .send(Method::POST, &wait, json!({ "timeout": "0.01s" }))
        .await;
    assert_eq!(early.get("done"), None);
    let (_, ended) = bench
        .send(Method::POST, &wait, json!({ "timeout": "10s" }))
        .await;
    assert_eq!(
        ended["response"]["terminalCondition"]["state"],
        "CONDITION_SUCCEEDED"
    );
    let (_, begun) = bench
        .send(Method::POST, NETWORKS, json!({ "name": "n" }))
        .await;
    let operation = begun["name"].as_str().unwrap();
    let wait = format!("/compute/v1/projects/p/global/operations/{operation}/wait");
    assert_eq!(
        bench.send(Method::POST, &wait, json!({})).await.1["status"],
        "DONE"
    );
    // Whether it has ended is not read from what the caller wants to see of it.
    let wait = format!("{wait}?fields=name");
    let asked = bench.send(Method::POST, &wait, json!({}));
    let asked = tokio::time::timeout(Duration::from_secs(30), asked).await;
    assert_eq!(asked.unwrap().1, json!({ "name": operation }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_survives_being_put_back() {
    let bench = bench(Duration::ZERO).await;
    let document = json!({
        "compute": { "projects/p/global/networks/n": {} },
        "run": { "projects/p/locations/europe-west1/services/s": {} },
        "vpcaccess": { "projects/p/locations/europe-west1/connectors/c": {
            "network": "n", "ipCidrRange": "10.8.0.0/28",
        } },
        "projects": { "p": { "number": "123456" } },
    });
    assert_eq!(
        bench.send(Method::PUT, "/emulator/state", document).await.0,
        200
    );
    let state = bench.get("/emulator/state").await;
    assert_eq!(
        bench
            .send(Method::PUT, "/emulator/state", state.clone())
            .await
            .0,
        200
    );
    assert_eq!(bench.get("/emulator/state").await, state);
    let service = bench.get(&format!("{SERVICES}/s")).await;
    assert_eq!(service["uri"], "https://s-123456.europe-west1.run.app");
    let service = "projects/p/locations/europe-west1/services/s";
    for wrong in [
        json!({ "compute": { "projects/p/zones/z/disks/d": {} } }),
        json!({ "run": { service: { "ingres": "INGRESS_TRAFFIC_ALL" } } }),
        json!({ "run": { service: { "template": "none" } } }),
        json!({ "somewhere": {} }),
    ] {
        let (status, _) = bench.send(Method::PUT, "/emulator/state", wrong).await;
        assert_eq!(status, 400);
    }
    assert_eq!(bench.get("/emulator/state").await, state);
    bench.send(Method::PUT, "/emulator/state", json!({})).await;
    assert_eq!(bench.get("/emulator/state").await, json!({}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_and_delete_leave_the_state_as_it_was() {
    let bench = bench(Duration::ZERO).await;
    let before = bench.get("/emulator/state").await;
    bench
        .send(
            Method::POST,
            NETWORKS,
            json!({ "name": "n", "autoCreateSubnetworks": false }),
        )
        .await;
    bench
        .send(Method::POST, &format!("{SERVICES}?serviceId=s"), service())
        .await;
    bench
        .send(Method::DELETE, &format!("{SERVICES}/s"), Value::Null)
        .await;
    bench
        .send(Method::DELETE, &format!("{NETWORKS}/n"), Value::Null)
        .await;
    assert_eq!(bench.get("/emulator/state").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn absolute_requests_and_encoded_paths_are_understood() {
    let bench = bench(Duration::ZERO).await;
    bench
        .send(Method::POST, NETWORKS, json!({ "name": "n" }))
        .await;
    let answer = bench.raw(
        "GET http://compute.googleapis.com/compute/v1/projects/p/global/networks/%6E HTTP/1.1\r\n\
         host: compute.googleapis.com\r\nconnection: close\r\n\r\n",
    );
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("compute#network"),
        "{answer}"
    );
    let broken = bench.raw(
        "POST /v2/projects/p/locations/europe-west1/services?serviceId=s HTTP/1.1\r\nhost: localhost\r\n\
         connection: close\r\ncontent-length: 1\r\n\r\n{",
    );
    assert!(
        broken.starts_with("HTTP/1.1 400") && broken.contains("INVALID_ARGUMENT"),
        "{broken}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_file_outlives_the_emulator() {
    let file = std::env::temp_dir().join(format!("emulator-state-{}.json", std::process::id()));
    let options = Options {
        state: Some(file.clone()),
        ..Options::default()
    };
    let emulator = Emulator::start(options.clone()).await.unwrap();
    emulator
        .put_state(&json!({ "compute": { "projects/p/global/networks/n": {} } }))
        .unwrap();
    let state = emulator.state();
    emulator.shutdown().await;
    let emulator = Emulator::start(options).await.unwrap();
    assert_eq!(emulator.state(), state);
    drop(emulator);
    std::fs::remove_file(file).unwrap();
}

/// What no request could have made is in no state document either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_with_a_nat_that_no_request_makes_is_refused() {
    let bench = bench(Duration::ZERO).await;
    let router = "projects/p/regions/europe-west1/routers/r";
    let with = |subnetworks: Value| {
        json!({ "compute": {
            "projects/p/global/networks/n": {},
            "projects/p/regions/europe-west1/subnetworks/s": { "network": "projects/p/global/networks/n", "ipCidrRange": "10.8.0.0/28" },
            router: { "network": "projects/p/global/networks/n", "nats": [{
                "name": "nat", "natIpAllocateOption": "AUTO_ONLY",
                "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS", "subnetworks": subnetworks,
            }] },
        } })
    };
    let listed = json!([{ "name": "projects/p/regions/europe-west1/subnetworks/s" }]);
    let (status, body) = bench
        .send(Method::PUT, "/emulator/state", with(listed))
        .await;
    assert_eq!(status, 200, "{body}");
    let before = bench.get("/emulator/state").await;
    for odd in [json!([]), Value::Null] {
        let (status, body) = bench.send(Method::PUT, "/emulator/state", with(odd)).await;
        let said = body["error"]["message"].as_str().unwrap();
        assert_eq!(status, 400, "{said}");
        assert!(
            said.contains(router) && said.contains("goes with a list of subnetworks"),
            "{said}"
        );
    }
    assert_eq!(bench.get("/emulator/state").await, before);
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let refused = Emulator::start(Options {
        listen,
        ..Options::default()
    })
    .await
    .unwrap_err();
    assert!(refused.to_string().contains("loopback"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_listed_and_can_be_switched_off() {
    let bench = bench(Duration::ZERO).await;
    let off = json!({ "off": ["run.service.not-found"] });
    assert_eq!(bench.send(Method::PUT, "/emulator/rules", off).await.0, 200);
    assert_eq!(
        bench
            .send(Method::GET, &format!("{SERVICES}/s"), Value::Null)
            .await
            .0,
        200
    );
    assert_eq!(
        bench
            .send(
                Method::PUT,
                "/emulator/rules",
                json!({ "off": ["no.such"] })
            )
            .await
            .0,
        400
    );
    let rules = bench.get("/emulator/rules").await;
    let known = ["recorded", "documented", "guessed", "invented"];
    for rule in rules["rules"].as_array().unwrap() {
        assert!(
            known.contains(&rule["provenance"].as_str().unwrap()),
            "{rule}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_services_are_listed_page_by_page() {
    let bench = bench(Duration::ZERO).await;
    let path = |n: u32| format!("projects/p/locations/europe-west1/services/s{n:05}");
    let services: serde_json::Map<_, _> = (0..2_000).map(|n| (path(n), json!({}))).collect();
    bench
        .emulator
        .put_state(&json!({ "run": services }))
        .unwrap();
    let (mut seen, mut pages, mut token) = (0, 0, String::new());
    loop {
        let page = bench
            .get(&format!("{SERVICES}?pageSize=0&pageToken={token}"))
            .await;
        seen += page["services"].as_array().unwrap().len();
        pages += 1;
        match page["nextPageToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((seen, pages), (2_000, 20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_after_the_last_request_is_saved_too() {
    let file = std::env::temp_dir().join(format!("emulator-late-{}.json", std::process::id()));
    let bench = support::with(Options {
        state: Some(file.clone()),
        operation_latency: Duration::from_hours(1),
        ..Options::default()
    })
    .await;
    bench
        .send(Method::POST, NETWORKS, json!({ "name": "n" }))
        .await;
    assert_eq!(bench.get("/emulator/state").await, json!({}));
    bench.emulator.shutdown().await;
    let saved: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(saved["compute"]["projects/p/global/networks/n"].is_object());
    std::fs::remove_file(file).unwrap();
}
