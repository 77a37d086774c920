//! What a page in a browser could make of an emulator on the same machine: over bare TCP, byte for byte.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::{Bench, NETWORKS, bench};

const GET: &str = "GET /emulator/state HTTP/1.1";
const RESET: &str = "POST /emulator/requests:reset HTTP/1.1";

fn ask(bench: &Bench, line: &str, headers: &[&str]) -> String {
    let headers = headers.join("\r\n");
    let headers = if headers.is_empty() {
        headers
    } else {
        headers + "\r\n"
    };
    bench.raw(&format!("{line}\r\n{headers}connection: close\r\n\r\n"))
}

fn refused(answer: &str) -> bool {
    // The HTTP library itself refuses some with 400.
    ["HTTP/1.1 403", "HTTP/1.1 400", "HTTP/1.0 400"]
        .iter()
        .any(|status| answer.starts_with(status))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_endpoints_answer_to_this_machine_s_names_only() {
    let bench = bench(Duration::ZERO).await;
    for headers in [
        &["host: localhost:8080"][..],
        &["host: LOCALHOST"],
        &["Host: 127.0.0.1"],
        &["host: [::1]:8085"],
        &["host: localhost", "host: 127.0.0.1"],
        &["host: localhost", "origin: http://localhost:3000"],
        &["host: localhost", "sec-fetch-site: same-origin"],
        &["host: localhost", "sec-fetch-site: none"],
    ] {
        let answer = ask(&bench, GET, headers);
        assert!(answer.starts_with("HTTP/1.1 200"), "{headers:?}: {answer}");
    }
    for headers in [
        &[][..],
        &["host:"],
        &["host: evil.com"],
        &["host: localhost.evil.com"],
        &["host: evil.localhost"],
        &["host: localhost."],
        &["host: 127.0.0.1.nip.io"],
        &["host: 2130706433"],
        &["host: 0x7f000001"],
        &["host: 0177.0.0.1"],
        &["host: 127.1"],
        &["host: 0.0.0.0"],
        &["host: [::1%25lo]"],
        &["host: [::1]evil.com"],
        &["host: [::ffff:127.0.0.1]"],
        &["host: user@127.0.0.1"],
        &["host: 127.0.0.1@evil.com"],
        &["host: 127.0.0.1, evil.com"],
        &["host: localhost", "host: evil.com"],
        &["host: evil.com", "host: localhost"],
        &["host: run.googleapis.com"],
        &["host: localhost", "origin: null"],
        &["host: localhost", "origin: http://evil.com"],
        &["host: localhost", "origin: http://localhost.evil.com"],
        &["host: localhost", "origin: HTTP://LOCALHOST@evil.com"],
        &["host: localhost", "origin: file://localhost"],
        &[
            "host: localhost",
            "origin: http://localhost",
            "origin: http://evil.com",
        ],
        &[
            "host: localhost",
            "origin: http://localhost, http://evil.com",
        ],
        &["host: localhost", "sec-fetch-site: cross-site"],
    ] {
        let answer = ask(&bench, GET, headers);
        assert!(refused(&answer), "{headers:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_line_with_a_name_of_its_own_is_held_to_it_too() {
    let bench = bench(Duration::ZERO).await;
    let own = "GET http://127.0.0.1:8085/emulator/state HTTP/1.1";
    let answer = ask(&bench, own, &["host: localhost"]);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for (target, host) in [
        ("http://evil.com/emulator/state", "host: localhost"),
        ("http://localhost/emulator/state", "host: evil.com"),
        ("http://me@localhost/emulator/state", "host: localhost"),
        (
            "http://localhost:80@evil.com/emulator/state",
            "host: localhost",
        ),
        (
            "http://run.googleapis.com/emulator/state",
            "host: localhost",
        ),
        ("//evil.com/emulator/state", "host: evil.com"),
    ] {
        let answer = ask(&bench, &format!("GET {target} HTTP/1.1"), &[host]);
        assert!(refused(&answer), "{target}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_forms_of_other_sites_change_nothing() {
    let bench = bench(Duration::ZERO).await;
    bench.get(NETWORKS).await;
    // What a page may send without asking first: three types of content, and always its origin.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        for origin in ["http://evil.com", "null"] {
            let headers = [
                "host: 127.0.0.1",
                &format!("origin: {origin}"),
                &format!("content-type: {kind}"),
                "content-length: 0",
            ];
            assert!(refused(&ask(&bench, RESET, &headers)), "{kind}, {origin}");
            let make = format!("POST {NETWORKS}?name=n HTTP/1.1");
            assert!(refused(&ask(&bench, &make, &headers)), "{kind}, {origin}");
        }
    }
    // What it would have to ask for first is not granted: no header lets it.
    let asks = [
        "host: 127.0.0.1",
        "origin: http://localhost:3000",
        "access-control-request-method: PUT",
    ];
    let answer = ask(&bench, "OPTIONS /emulator/state HTTP/1.1", &asks).to_ascii_lowercase();
    assert!(!answer.contains("access-control-allow"), "{answer}");
    // Nothing of all this was counted, for nothing was answered.
    assert_eq!(bench.get("/emulator/requests").await["total"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_apis_answer_to_google_s_names_and_to_no_page() {
    let bench = bench(Duration::ZERO).await;
    let list = format!("GET {NETWORKS} HTTP/1.1");
    for headers in [
        &["host: compute.googleapis.com"][..],
        &["host: europe-west1-run.googleapis.com:443"],
        &["host: localhost:1"],
        // Something that speaks HTTP by hand.
        &[],
    ] {
        let answer = ask(&bench, &list, headers);
        assert!(answer.starts_with("HTTP/1.1 200"), "{headers:?}: {answer}");
    }
    for headers in [
        &["host: evil.com:8085"][..],
        &["host: googleapis.com.evil.com"],
        &["host: localhost", "origin: http://evil.com"],
        &["host: localhost", "sec-fetch-site: cross-site"],
    ] {
        assert!(refused(&ask(&bench, &list, headers)), "{headers:?}");
    }
    let proxied = format!("GET http://evil.com{NETWORKS} HTTP/1.1");
    assert!(refused(&ask(&bench, &proxied, &["host: localhost"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_refused_before_its_body_is_read() {
    let bench = bench(Duration::ZERO).await;
    // The body never comes; whoever waited for it would wait for ever.
    let answer = ask(
        &bench,
        "PUT /emulator/state HTTP/1.1",
        &["host: evil.com", "content-length: 200000000"],
    );
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_have_a_length_that_they_may_not_pass() {
    let bench = bench(Duration::ZERO).await;
    let long = "x".repeat(17 * 1024 * 1024);
    let body = serde_json::json!({ "name": "n", "description": long });
    // A connection of its own: what is still being sent on it breaks off, and nothing else shall meet that.
    let request = reqwest::Client::new()
        .post(format!("{}{NETWORKS}", bench.emulator.url()))
        .json(&body);
    // The server may hang up while the client still sends.
    let status = request.send().await.map(|answer| answer.status().as_u16());
    assert!(status.is_err() || status.is_ok_and(|it| it == 413));
    assert_eq!(bench.get("/emulator/state").await, serde_json::json!({}));
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let post = format!("POST {NETWORKS} HTTP/1.1");
    let answer = bench.raw(&format!(
        "{post}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{deep}",
        deep.len()
    ));
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}
