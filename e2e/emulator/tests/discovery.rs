//! The check against Google's description is in force, with Google's own documents: what is planted is found.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use privatelink_emulator::discovery::{Held, pinned};
use reqwest::Method;
use serde_json::{Value, json};

use support::{Bench, NETWORKS, SERVICES, bench, service};

mod support;

const CONNECTORS: &str = "/v1/projects/p/locations/europe-west1/connectors";

impl Bench {
    async fn without(&self, rule: &str) {
        let off = json!({ "off": [rule] });
        assert_eq!(self.send(Method::PUT, "/emulator/rules", off).await.0, 200);
    }

    /// Sends a request that is accepted, and takes what was found in the exchange.
    async fn accepted(&self, method: Method, path: &str, body: Value) -> Vec<String> {
        let (status, answer) = self.send(method, path, body).await;
        assert_eq!(status, 200, "{answer}");
        self.held.take_violations()
    }

    /// Sends a request as our adapters do, and takes what was found.
    async fn by_adapter(&self, method: Method, path: &str, body: Value) -> Vec<String> {
        let url = format!("{}{path}", self.emulator.url());
        let request = self.client.request(method, url).json(&body);
        let request = request.header("user-agent", "privatelink/test");
        request.send().await.unwrap();
        self.held.take_violations()
    }
}

/// Asserts that one thing was found and is told of so.
fn told(found: &[String], parts: &[&str]) {
    assert_eq!(found.len(), 1, "{found:#?}");
    for part in parts {
        assert!(found[0].contains(part), "{part}: {found:?}");
    }
}

#[tokio::test]
async fn what_the_emulator_wrongly_accepts_is_found() {
    if pinned().is_err() {
        return drop(Held::new().observers());
    }
    let bench = bench(Duration::ZERO).await;
    bench.without("request.field.unknown").await;
    let unknown = json!({ "name": "n", "nickname": "m" });
    let found = bench.accepted(Method::POST, NETWORKS, unknown).await;
    told(
        &found,
        &[
            "compute.networks.insert, request, nickname = \"m\"",
            "no such field",
        ],
    );

    bench.without("request.field.type").await;
    let wide = json!({ "name": "m", "mtu": "wide" });
    let found = bench.accepted(Method::POST, NETWORKS, wide).await;
    told(
        &found,
        &[
            "compute.networks.insert, request, mtu = \"wide\"",
            "integer",
        ],
    );
    let path = format!("{SERVICES}?serviceId=s");
    let mut odd = service();
    odd["ingress"] = json!("INGRESS_TRAFFIC_SOME");
    let found = bench.accepted(Method::POST, &path, odd).await;
    assert!(
        found
            .iter()
            .any(|it| it.contains("services.create, request, ingress")),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_answer_that_google_would_not_give_is_found() {
    if pinned().is_err() {
        return drop(Held::new().observers());
    }
    let bench = bench(Duration::ZERO).await;
    let path = format!("{SERVICES}?serviceId=s");
    assert_eq!(
        bench.accepted(Method::POST, &path, service()).await,
        [""; 0]
    );
    bench.without("rpc.enum.numbers").await;
    let path = format!("{SERVICES}/s?%24alt=json%3Benum-encoding%3Dint");
    let found = bench.accepted(Method::GET, &path, Value::Null).await;
    let ingress = "services.get, answer, ingress = \"INGRESS_TRAFFIC_ALL\": the number";
    assert!(found.iter().any(|it| it.contains(ingress)), "{found:#?}");
}

#[tokio::test]
async fn what_our_adapters_send_is_to_be_right_whatever_the_answer() {
    if pinned().is_err() {
        return drop(Held::new().observers());
    }
    let bench = bench(Duration::ZERO).await;
    let found = bench.by_adapter(
        Method::GET,
        "/compute/v1/projects/p/global/nothing",
        Value::Null,
    );
    told(
        &found.await,
        &["an unknown method, path", "describes no such method"],
    );
    let connector = json!({ "subnet": { "name": "s" } });
    let found = bench.by_adapter(Method::POST, CONNECTORS, connector).await;
    told(
        &found,
        &["connectors.create, query, connectorId = null", "required"],
    );
    let path = format!("{SERVICES}/s?updateMask=template.vpcAcces");
    let found = bench.by_adapter(Method::PATCH, &path, json!({})).await;
    told(
        &found,
        &["services.patch, query, updateMask", "names no field"],
    );
    let found = bench
        .by_adapter(Method::POST, NETWORKS, json!({ "mtu": 1460 }))
        .await;
    told(
        &found,
        &["networks.insert, request, name = null", "required"],
    );

    // The same from somebody else is refused, and that is that.
    let nameless = json!({ "mtu": 1460 });
    assert_eq!(bench.send(Method::POST, NETWORKS, nameless).await.0, 400);
    assert_eq!(bench.held.take_violations(), [""; 0]);
}

#[tokio::test]
async fn a_test_in_which_something_is_wrong_fails() {
    if pinned().is_err() {
        return drop(Held::new().observers());
    }
    let bench = bench(Duration::ZERO).await;
    bench.without("request.field.unknown").await;
    let unknown = json!({ "name": "n", "nickname": "m" });
    bench.send(Method::POST, NETWORKS, unknown).await;
    let Bench { held, .. } = bench;
    let failed = std::thread::spawn(move || drop(held)).join().unwrap_err();
    let said = failed.downcast_ref::<String>().unwrap();
    assert!(said.contains("nickname"), "{said}");
}
