//! Misbehaviour that was ordered.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use privatelink_emulator::{Emulator, Options};
use reqwest::Method;
use serde_json::{Value, json};

use support::{Bench, NETWORKS, ROUTERS, SERVICES, bench, service};

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

/// A client that is told of an end reads what there is; one whose connection is reset is told of that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_is_one_and_a_reply_that_is_cut_off_just_ends() {
    let bench = bench(Duration::ZERO).await;
    for (effect, end) in [
        (
            json!({ "reset": "before" }),
            Err(ErrorKind::ConnectionReset),
        ),
        (json!({ "reset": "after" }), Err(ErrorKind::ConnectionReset)),
        (json!({ "truncate": true }), Ok(())),
    ] {
        bench.faults(json!([{ "effect": effect }])).await;
        let address = bench.emulator.url().replace("http://", "");
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET {NETWORKS} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let ended = stream.read_to_end(&mut Vec::new());
        assert_eq!(
            ended.map(drop).map_err(|error| error.kind()),
            end,
            "{effect}"
        );
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
    // It never ends for as long as the fault is in force.
    bench
        .send(Method::DELETE, "/emulator/faults", Value::Null)
        .await;
    assert_eq!(bench.get(&operation).await["done"], true);
}

/// Compute's list of networks, by name.
async fn names(bench: &Bench, query: &str) -> Vec<String> {
    let list = bench.get(&format!("{NETWORKS}{query}")).await;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_list_is_some_writes_or_some_time_behind() {
    let bench = bench(Duration::ZERO).await;
    bench.with_networks(&["a", "b", "c"]).await;
    let stale = |behind: Value| json!([{ "effect": { "staleList": behind } }]);
    for (writes, seen) in [(0, 3), (1, 2), (2, 1), (9, 0)] {
        bench.faults(stale(json!({ "writes": writes }))).await;
        assert_eq!(
            names(&bench, "").await.len(),
            seen,
            "{writes} writes behind"
        );
    }
    bench.faults(stale(json!({ "seconds": 3600 }))).await;
    assert!(names(&bench, "").await.is_empty());
    assert_eq!(bench.get(&format!("{NETWORKS}/a")).await["name"], "a");
    bench
        .send(Method::DELETE, &format!("{NETWORKS}/a"), Value::Null)
        .await;
    bench.faults(stale(json!({ "writes": 1 }))).await;
    assert_eq!(names(&bench, "").await, ["a", "b", "c"]);
    bench.faults(json!([])).await;
    assert_eq!(names(&bench, "").await, ["b", "c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_scope_is_named_and_its_resources_are_missing() {
    let bench = bench(Duration::ZERO).await;
    bench.with_networks(&["n"]).await;
    let router = json!({ "name": "r", "network": "global/networks/n" });
    bench.send(Method::POST, ROUTERS, router).await;
    let scope = "regions/europe-west1";
    bench
        .faults(json!([{ "effect": { "unreachable": scope } }]))
        .await;
    let list = bench.get("/compute/v1/projects/p/aggregated/routers").await;
    assert_eq!(list["unreachables"], json!([scope]));
    assert_eq!(list["items"][scope]["warning"]["code"], "UNREACHABLE");
    assert_eq!(list["items"][scope].get("routers"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_strike_loses_one_page_of_a_list_also_of_an_empty_one() {
    let bench = bench(Duration::ZERO).await;
    for (there, size) in [(&[][..], 0), (&["a", "b", "c"][..], 0), (&[][..], 2)] {
        bench.with_networks(there).await;
        let effect = json!({ "losePage": { "size": size } });
        let lists = json!({ "operation": "compute.networks.list" });
        bench
            .faults(json!([{ "match": lists, "times": 1, "effect": effect }]))
            .await;
        let count = |list: &Value| list["items"].as_array().map_or(0, Vec::len);
        let first = bench.get(NETWORKS).await;
        assert_eq!(count(&first), size);
        let token = first["nextPageToken"].as_str().unwrap();
        let rest = format!("{NETWORKS}?pageToken={token}");
        let lost = bench.try_send(Method::GET, &rest, Value::Null).await;
        assert!(lost.is_err());
        let second = bench.get(&rest).await;
        let all = count(&bench.get(NETWORKS).await);
        assert_eq!(count(&second), all - size);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_goes_to_error_and_holds_its_name() {
    let bench = bench(Duration::ZERO).await;
    bench.with_networks(&["n"]).await;
    bench
        .faults(json!([{
            "match": { "operation": "vpcaccess.*.connectors.create" }, "times": 1,
            "effect": { "preset": "connectorError" },
        }]))
        .await;
    let connectors = "/v1/projects/p/locations/europe-west1/connectors";
    let connector = json!({
        "network": "n", "ipCidrRange": "10.8.0.0/28", "minInstances": 2, "maxInstances": 3,
    });
    let create = format!("{connectors}?connectorId=c");
    let (_, begun) = bench.send(Method::POST, &create, connector.clone()).await;
    let operation = format!("/v1/{}", begun["name"].as_str().unwrap());
    assert_eq!(bench.get(&operation).await["error"]["code"], 13);
    assert_eq!(
        bench.get(&format!("{connectors}/c")).await["state"],
        "ERROR"
    );
    let (status, _) = bench.send(Method::POST, &create, connector).await;
    assert_eq!(status, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skewed_clock_shows_in_every_time() {
    let bench = bench(Duration::ZERO).await;
    bench.with_networks(&["n"]).await;
    let url = format!("{}{NETWORKS}/n", bench.emulator.url());
    let truth = bench.get(&format!("{NETWORKS}/n")).await;
    bench
        .faults(json!([{ "effect": { "clockSkew": "-2h" } }]))
        .await;
    let response = bench.client.get(&url).send().await.unwrap();
    let date = response.headers()["date"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    let time = |body: &Value| -> jiff::Timestamp {
        body["creationTimestamp"].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(time(&truth).duration_since(time(&body)).as_hours(), 2);
    let date: jiff::Timestamp = jiff::fmt::rfc2822::parse(&date).unwrap().timestamp();
    let behind = jiff::Timestamp::now().duration_since(date).as_secs();
    assert!((7_100..7_300).contains(&behind), "{behind}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_come_from_a_file_and_waits_are_scaled() {
    let file = std::env::temp_dir().join(format!("emulator-faults-{}.json", std::process::id()));
    let order = json!([{
        "match": { "method": "GET" }, "for": "5m",
        "effect": { "status": 429, "retryAfter": 60 },
    }]);
    std::fs::write(&file, order.to_string()).unwrap();
    let options = Options {
        faults: Some(file.clone()),
        time_scale: 0.001,
        operation_latency: Duration::from_mins(1),
        ..Options::default()
    };
    let bench = support::with(options.clone()).await;
    let url = format!("{}{NETWORKS}", bench.emulator.url());
    let refused = bench.client.get(&url).send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    bench.with_networks(&["n"]).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(names(&bench, "").await, ["n"]);
    std::fs::write(&file, "[{}]").unwrap();
    let error = Emulator::start(options).await.unwrap_err().to_string();
    assert!(error.contains("no list of faults"), "{error}");
    std::fs::remove_file(file).unwrap();
    let options = Options {
        time_scale: -1.0,
        ..Options::default()
    };
    assert!(Emulator::start(options).await.is_err());
}

/// A test with such an order would be green whatever the program does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_for_a_method_that_nobody_serves_is_refused_by_its_name() {
    let bench = bench(Duration::ZERO).await;
    for pattern in ["bogus.thing", "compute.network.list", "compute.*.create"] {
        let order = json!([
            { "match": { "operation": "compute.*.list" }, "effect": { "status": 503 } },
            { "match": { "operation": pattern }, "effect": { "status": 503 } },
        ]);
        let (status, refused) = bench.send(Method::PUT, "/emulator/faults", order).await;
        let message = refused["error"]["message"].as_str().unwrap();
        let named = format!("fault 1: no method that is served is called \"{pattern}\"");
        assert!(status == 400 && message.starts_with(&named), "{message}");
    }
    let lists = json!({ "operation": "compute.networks.list", "method": "DELETE" });
    for (matches, effect) in [
        (
            json!({ "operation": "compute.networks.*" }),
            json!({ "preset": "connectorError" }),
        ),
        (
            json!({ "method": "GET" }),
            json!({ "operationNever": true }),
        ),
        (
            json!({ "method": "post" }),
            json!({ "losePage": { "size": 1 } }),
        ),
        (lists, json!({ "status": 503 })),
    ] {
        let idle = json!([{ "match": matches, "effect": effect }]);
        let (status, refused) = bench.send(Method::PUT, "/emulator/faults", idle).await;
        let message = refused["error"]["message"].as_str().unwrap();
        let named = "fault 0: no request that matches is one that its effect can do anything to";
        assert!(status == 400 && message == named, "{matches} {message}");
    }
    let order = json!([{ "match": { "method": "FETCH" }, "effect": { "status": 503 } }]);
    let (status, refused) = bench.send(Method::PUT, "/emulator/faults", order).await;
    let message = refused["error"]["message"].as_str().unwrap();
    let named = "fault 0: there is no HTTP method \"FETCH\" here";
    assert!(status == 400 && message.starts_with(named), "{message}");
    assert_eq!(bench.get("/emulator/faults").await, json!([]));
}

/// Every list of faults that the reference shows is one, and every effect is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_shows_every_effect() {
    let bench = bench(Duration::ZERO).await;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/emulator.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut shown = String::new();
    for block in page.split("```json\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let list: Value =
            serde_json::from_str(block).unwrap_or_else(|error| panic!("{error}: {block}"));
        if list.is_array() {
            shown.push_str(block);
            bench.faults(list).await;
        }
    }
    let (_, refused) = bench
        .send(Method::PUT, "/emulator/faults", json!([{ "effect": {} }]))
        .await;
    let known = refused["error"]["message"].as_str().unwrap();
    let (_, known) = known.split_once("one of ").unwrap();
    let words = known
        .split([',', '(', ')', ' '])
        .filter(|word| !word.is_empty() && *word != "with");
    for word in words {
        assert!(
            shown.contains(&format!("\"{word}\"")),
            "{word} is not shown"
        );
    }
    let (_, refused) = bench
        .send(
            Method::PUT,
            "/emulator/faults",
            json!([{ "effect": { "preset": "" } }]),
        )
        .await;
    let known = refused["error"]["message"].as_str().unwrap();
    for word in known.split_once("there are ").unwrap().1.split(", ") {
        assert!(
            shown.contains(&format!("\"{word}\"")),
            "{word} is not shown"
        );
    }
}
