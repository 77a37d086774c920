//! What the server makes up is bound when the replayer first sees it, and held equal afterwards: a recording in which
//! two objects share such a value is not what the emulator answers.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use privatelink_emulator::Options;
use privatelink_emulator::replay::{Line, Recording, Replayer, Verdict};
use reqwest::Method;
use serde_json::{Value, json};

mod support;
use support::{NETWORKS, service, with};

const REGION: &str = "/compute/v1/projects/p/regions/europe-west1";
const LOCATION: &str = "/v2/projects/p/locations/europe-west1";
/// Stands for every time in published recordings.
const TIME: &str = "2024-04-01T12:34:56.123456Z";
const LATENCY: Duration = Duration::from_millis(20);

/// Two of each kind are made and read, in this order: the reads come last.
async fn recorded(file: &std::path::Path) -> Value {
    let options = Options {
        operation_latency: LATENCY,
        record: Some(file.to_owned()),
        ..Options::default()
    };
    let bench = with(options).await;
    bench.with_networks(&["n"]).await;
    let mut links = Vec::new();
    for name in ["one", "two"] {
        let subnetwork = json!({
            "name": name, "network": format!("{NETWORKS}/n"), "ipCidrRange": if name == "one" { "10.0.0.0/28" } else { "10.0.1.0/28" },
        });
        let regional = |collection: &str| format!("{REGION}/{collection}");
        let located = |collection: &str, id: &str| format!("{LOCATION}/{collection}?{id}={name}");
        let job = json!({ "template": { "template": service()["template"] } });
        for (url, body) in [
            (regional("subnetworks"), subnetwork),
            (regional("addresses"), json!({ "name": name })),
            (located("services", "serviceId"), service()),
            (located("jobs", "jobId"), job),
        ] {
            // No two things are recorded as made in the same moment.
            tokio::time::sleep(LATENCY * 3).await;
            let (status, answer) = bench.send(Method::POST, &url, body).await;
            assert_eq!(status, 200, "{answer}");
            let collection = url.split('?').next().unwrap();
            links.push(format!("{collection}/{name}"));
        }
    }
    tokio::time::sleep(LATENCY * 3).await;
    for link in &links {
        bench.get(link).await;
    }
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The answer to the last request for this path.
fn answer<'a>(har: &'a mut Value, path: &str) -> &'a mut Value {
    let entries = har["log"]["entries"].as_array_mut().unwrap();
    let entry = entries.iter_mut().rev().find(|entry| {
        entry["request"]["method"] == "GET"
            && entry["request"]["url"].as_str().unwrap().ends_with(path)
    });
    &mut entry.unwrap()["response"]["content"]["text"]
}

fn replayed(har: &Value) -> Vec<Line> {
    let recordings = Recording::parse("own.har", &har.to_string()).unwrap();
    let replayer = Replayer::default();
    recordings.iter().flat_map(|it| replayer.play(it)).collect()
}

/// The fields in which the emulator differs from a recording.
fn differing(har: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    for line in replayed(har) {
        match line.verdict {
            Verdict::Agrees => {}
            Verdict::Differs(differences) => {
                fields.extend(differences.into_iter().map(|it| it.field));
            }
            Verdict::Excused(_) | Verdict::Skipped(_) | Verdict::Unprepared(_) => {
                fields.push(line.to_string());
            }
        }
    }
    fields
}

#[tokio::test]
async fn two_things_do_not_share_what_was_made_up() {
    let file = std::env::temp_dir().join(format!("emulator-bound-{}.har", std::process::id()));
    drop(std::fs::remove_file(&file));
    let har = recorded(&file).await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!(differing(&har), [""; 0]);
    for (collection, field) in [
        ("subnetworks", "id"),
        ("subnetworks", "fingerprint"),
        ("subnetworks", "creationTimestamp"),
        ("addresses", "id"),
        ("addresses", "address"),
        ("services", "uid"),
        ("services", "etag"),
        ("services", "createTime"),
        ("services", "uri"),
        ("services", "latestReadyRevision"),
        ("jobs", "uid"),
        ("jobs", "etag"),
        ("jobs", "updateTime"),
    ] {
        let mut har = har.clone();
        let parsed = |text: &Value| serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap();
        let one = parsed(answer(&mut har, &format!("{collection}/one")));
        let two = answer(&mut har, &format!("{collection}/two"));
        let mut mixed = parsed(two);
        assert_ne!(one[field], mixed[field], "{collection}: {field}");
        mixed[field] = one[field].clone();
        *two = json!(mixed.to_string());
        assert_eq!(differing(&har), [field], "{collection}");
    }
}

/// Puts constants in the place of times and etags.
fn anonymous(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.ends_with("Time") {
                    *value = json!(TIME);
                } else if name == "etag" {
                    *value = json!("abcdef0123A=");
                } else {
                    anonymous(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(anonymous),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What was made anonymous is one constant for all values: the recording cannot show what a write changes.
#[tokio::test]
async fn what_is_written_in_between_may_change_though_the_recording_shows_the_same() {
    let file = std::env::temp_dir().join(format!("emulator-written-{}.har", std::process::id()));
    drop(std::fs::remove_file(&file));
    let options = Options {
        operation_latency: LATENCY,
        record: Some(file.clone()),
        ..Options::default()
    };
    let bench = with(options).await;
    let job = json!({ "template": { "template": service()["template"] } });
    let path = format!("{LOCATION}/jobs/j");
    let create = format!("{LOCATION}/jobs?jobId=j");
    let mut shown = Vec::new();
    for (method, url) in [(Method::POST, &create), (Method::PATCH, &path)] {
        let (status, answer) = bench.send(method, url, job.clone()).await;
        assert_eq!(status, 200, "{answer}");
        tokio::time::sleep(LATENCY * 3).await;
        shown.push(bench.get(&path).await);
    }
    let har = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_ne!(shown[0]["etag"], shown[1]["etag"]);
    assert_eq!(shown[0]["generation"], shown[1]["generation"]);
    let mut har: Value = serde_json::from_str(&har).unwrap();
    for entry in har["log"]["entries"].as_array_mut().unwrap() {
        let text = &mut entry["response"]["content"]["text"];
        let mut body = serde_json::from_str(text.as_str().unwrap()).unwrap();
        anonymous(&mut body);
        *text = json!(body.to_string());
    }
    assert_eq!(differing(&har), [""; 0]);
}
