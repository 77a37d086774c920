//! The real process is killed with SIGKILL at every single request of the plain scenario's apply, reads and polls
//! included. The next run converges to the same state, nothing foreign has changed, and then there is silence.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::Privatelink;
use privatelink_e2e::scenario::Scenario;
use privatelink_e2e::state::{differences, essence, foreign_changes};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
const PLAIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/plain");
const APPLY: &[&str] = &["apply", "--yes", "-o", "json", "declare.yaml"];

/// Operations take a moment, so that polls are among the requests.
const LATENCY: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_killed_at_any_request_is_completed_by_the_next() {
    let scenario = Scenario::read(Path::new(PLAIN)).unwrap();
    let cloud = Cloud::start_with(LATENCY).await.unwrap();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), PLAIN);

    cloud.put_state(&scenario.live).await.unwrap();
    let start = cloud.state();
    cloud.reset_requests().await.unwrap();
    let answer = privatelink.run(APPLY).await.unwrap();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let total = cloud.requests().await.unwrap()["total"].as_u64().unwrap();
    let wanted = essence(&cloud.state());
    println!("N = {total} requests in the plain scenario's apply, polls included");
    assert!(
        total > 20,
        "an apply of {total} requests is not the whole one"
    );

    for k in 1..=total {
        cloud.put_state(&start).await.unwrap();
        let killed = kill_at(&cloud, &privatelink, k).await;
        let answer = privatelink.run(APPLY).await.unwrap();
        assert_eq!(
            answer.code, 0,
            "after a kill at request {k}:\n{}{}",
            answer.stdout, answer.stderr
        );
        let now = cloud.state();
        let different = differences(&wanted, &essence(&now));
        assert!(
            different.is_empty(),
            "after a kill at request {k} ({killed}): {different:#?}"
        );
        let foreign = foreign_changes(&start, &now, &BTreeSet::new());
        assert!(
            foreign.is_empty(),
            "after a kill at request {k}: {foreign:?}"
        );
        cloud.reset_requests().await.unwrap();
        assert_eq!(privatelink.run(APPLY).await.unwrap().code, 0);
        assert_eq!(
            cloud.writes().await.unwrap(),
            0,
            "after a kill at request {k} the second run still writes"
        );
    }
}

/// Holds request `k` back so long that the process is certainly waiting for it, and kills it there. A run that
/// ends before request `k` (polls vary by a few) has nothing left to be killed at.
async fn kill_at(cloud: &Cloud, privatelink: &Privatelink, k: u64) -> bool {
    let faults = json!([{"match": {}, "nth": k, "effect": {"latency": "60s"}}]);
    cloud.reset_requests().await.unwrap();
    cloud
        .send("PUT", "/emulator/faults", &faults)
        .await
        .unwrap();
    let mut child = privatelink.command(APPLY).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(30);
    let killed = loop {
        if cloud.requests().await.unwrap()["total"].as_u64().unwrap() >= k {
            child.kill().await.unwrap();
            break true;
        }
        if child.try_wait().unwrap().is_some() {
            break false;
        }
        assert!(Instant::now() < patience, "request {k} never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    cloud
        .send("DELETE", "/emulator/faults", &Value::Null)
        .await
        .unwrap();
    killed
}
