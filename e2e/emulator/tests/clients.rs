//! The odd ways in which Google's own clients ask, over bare HTTP.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use support::{NETWORKS, bench};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_answered_part_by_part() {
    let bench = bench(Duration::from_millis(50)).await;
    let part = |number: u32, request: &str| {
        format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <u+{number}>\r\n\r\n{request}\r\n"
        )
    };
    let insert = format!("POST {NETWORKS}?alt=json HTTP/1.1\r\nHost: x\r\n\r\n{{\"name\": \"n\"}}");
    let list = format!("GET {NETWORKS}/none HTTP/1.1\r\n\r\n");
    let control = "GET /emulator/state HTTP/1.1\r\n\r\n";
    let body = [
        part(0, &insert),
        part(1, &list),
        part(2, control),
        "--b--".to_owned(),
    ]
    .concat();
    let request = bench
        .client
        .post(format!("{}/batch/compute/v1", bench.emulator.url()))
        .header("content-type", "multipart/mixed; boundary=\"b\"")
        .body(body);
    let answer = request.send().await.unwrap();
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let boundary = kind
        .strip_prefix("multipart/mixed; boundary=")
        .unwrap()
        .to_owned();
    let text = answer.text().await.unwrap();
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 5, "{text}");
    assert!(
        parts[1].contains("Content-ID: <response-u+0>") && parts[1].contains("compute#operation")
    );
    assert!(parts[2].contains("<response-u+1>") && parts[2].contains("HTTP/1.1 404 Not Found"));
    // The control endpoints check whom they are called by; a batch is no way around that.
    assert!(parts[3].contains("HTTP/1.1 404 Not Found"), "{}", parts[3]);
    let counts = bench.get("/emulator/requests").await;
    assert_eq!(counts["byOperation"]["compute.networks.insert"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_batch_has_the_headers_that_it_would_have_alone() {
    let bench = bench(Duration::ZERO).await;
    bench
        .faults(json!([{ "effect": { "preset": "tooManyRequests", "retryAfter": 7 } }]))
        .await;
    let request = bench
        .client
        .post(format!("{}/batch/compute/v1", bench.emulator.url()))
        .header("content-type", "multipart/mixed; boundary=b")
        .body(format!(
            "--b\nContent-ID: <1>\n\nGET {NETWORKS} HTTP/1.1\n\n\n--b--"
        ));
    let text = request.send().await.unwrap().text().await.unwrap();
    assert!(text.contains("HTTP/1.1 429 "), "{text}");
    assert!(text.contains("\r\nRetry-After: 7\r\n"), "{text}");
    let kind = "\r\nContent-Type: application/json; charset=UTF-8\r\n";
    assert_eq!(text.matches(kind).count(), 1, "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_batch_is_refused() {
    let bench = bench(Duration::ZERO).await;
    let (status, body) = bench
        .send(Method::POST, "/batch/compute/v1", json!({}))
        .await;
    assert_eq!(status, 400);
    assert!(
        body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("boundary"),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_is_refused_by_the_name_of_where_it_was_to_lead() {
    let bench = bench(Duration::ZERO).await;
    let answer = bench.raw(
        "CONNECT dns.googleapis.com:443 HTTP/1.1\r\nhost: dns.googleapis.com:443\r\n\
         connection: close\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
    assert!(answer.contains("dns.googleapis.com:443"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_of_an_absolute_request_line_names_the_region() {
    let bench = bench(Duration::ZERO).await;
    let path = "projects/p/locations/us-east4/services/s";
    bench
        .emulator
        .put_state(&json!({ "run": { path: {} } }))
        .unwrap();
    let ask = |host: &str| {
        bench.raw(&format!(
            "GET http://{host}/apis/serving.knative.dev/v1/namespaces/p/services/s HTTP/1.1\r\n\
             host: 127.0.0.1\r\nconnection: close\r\n\r\n"
        ))
    };
    assert!(ask("us-east4-run.googleapis.com").starts_with("HTTP/1.1 200"));
    assert!(ask("us-east4-run.googleapis.com:80").contains("\"kind\":\"Service\""));
    assert!(ask("us-east1-run.googleapis.com").starts_with("HTTP/1.1 404"));
    assert!(ask("run.googleapis.com").starts_with("HTTP/1.1 404"));
}
