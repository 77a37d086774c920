//! The real process is killed with SIGKILL at every single request of a run, reads and polls included: where links
//! are made, where they grow, and where they are undone. The next run comes to the same end, nothing foreign has
//! changed, and then there is silence.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::Privatelink;
use privatelink_e2e::recovery::{Expectation, is_undisturbed, recovers, run};
use privatelink_e2e::rehearsal::{Act, folders, rehearse};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

/// Operations take a moment, so that polls are among the requests.
const LATENCY: Duration = Duration::from_millis(5);
/// Runs at the same time, each on a cloud of its own.
const WORKERS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_apply_killed_at_any_request_is_completed_by_the_next() {
    play("plain", &[2]).await;
}

/// With a NAT address that is reserved, among things of others; then a connector grows; then all is undone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_killed_at_any_request_is_completed_by_the_next() {
    play("neighbours", &[2, 4, 6]).await;
}

/// One of two links has gone from the declarations.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pruning_run_killed_at_any_request_is_completed_by_the_next() {
    play("link-removed", &[3]).await;
}

/// Google takes its time, as it really does.
const SLOW: Duration = Duration::from_millis(1500);
/// More writes than an apply or a destroy of the plain scenario has.
const MOST_WRITES: u64 = 8;

/// What the killed run has begun goes on while the next one looks at it: that one waits for it, and is done then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_run_left_under_way_is_waited_for_by_the_next() {
    let cloud = Cloud::start_with(SLOW).await.unwrap();
    let folder = folders(Some("plain")).unwrap().remove(0);
    let acts = rehearse(&cloud, Path::new(BINARY), &folder).await.unwrap();
    for act in acts.into_iter().filter(|act| act.verb.writes()) {
        let act = Arc::new(act);
        let killed = (1..=MOST_WRITES).map(|k| tokio::spawn(kill_after(act.clone(), k)));
        let mut times = 0;
        for one in killed.collect::<Vec<_>>() {
            times += u64::from(one.await.unwrap());
        }
        println!("{}: killed after {times} writes had begun", act.title());
        assert!((4..MOST_WRITES).contains(&times), "{times}");
    }
}

/// Kills the act as soon as `k` writes were accepted, and plays it again. False if there are fewer.
async fn kill_after(act: Arc<Act>, k: u64) -> bool {
    let cloud = Cloud::start_with(SLOW).await.unwrap();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), &act.folder);
    cloud.put_state(&act.before).await.unwrap();
    cloud.reset_requests().await.unwrap();
    let mut child = privatelink.command(&act.arguments).spawn().unwrap();
    while cloud.writes().await.unwrap() < k {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().await.unwrap();
    let expectation = Expectation {
        others: &act.before,
        disregard: Value::clone,
    };
    let answer = run(&privatelink, &act).await.unwrap();
    // What nothing has to wait for may still be going on.
    tokio::time::sleep(SLOW).await;
    is_undisturbed(&cloud, &act, &answer, expectation)
        .unwrap_or_else(|wrong| panic!("{}, killed after {k} writes: {wrong}", act.title()));
    cloud.reset_requests().await.unwrap();
    run(&privatelink, &act).await.unwrap();
    assert_eq!(cloud.writes().await.unwrap(), 0, "after {k} writes");
    true
}

/// Kills these steps of a scenario at each of their requests.
async fn play(scenario: &str, steps: &[usize]) {
    let cloud = Cloud::start_with(LATENCY).await.unwrap();
    let folder = folders(Some(scenario)).unwrap().remove(0);
    let acts = rehearse(&cloud, Path::new(BINARY), &folder).await.unwrap();
    for act in acts.into_iter().filter(|act| steps.contains(&act.step)) {
        let total: u64 = act.requests.values().sum();
        println!("{}: N = {total} requests, polls included", act.title());
        assert!(total > 10, "a run of {total} requests is not the whole one");
        let (act, next) = (Arc::new(act), Arc::new(Mutex::new(1..=total)));
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| tokio::spawn(work(act.clone(), next.clone())))
            .collect();
        let mut never_came: Vec<u64> = Vec::new();
        for worker in workers {
            never_came.extend(worker.await.unwrap());
        }
        never_came.sort_unstable();
        let missing = never_came.len();
        println!(
            "{}: killed at all but {missing} requests {never_came:?}",
            act.title()
        );
        // How often a run polls varies with the machine, so the last few requests may not come.
        assert!(
            missing <= MOST_MISSING,
            "of {total} never came {never_came:?}"
        );
    }
}

/// Polls by which one run may be shorter than the counted one.
const MOST_MISSING: usize = 5;

/// Kills the act at one request after the other, as long as there are any. Answers with those that never came.
async fn work(act: Arc<Act>, next: Arc<Mutex<std::ops::RangeInclusive<u64>>>) -> Vec<u64> {
    let cloud = Cloud::start_with(LATENCY).await.unwrap();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), &act.folder);
    let mut never_came = Vec::new();
    loop {
        let Some(k) = next.lock().unwrap().next() else {
            return never_came;
        };
        cloud.put_state(&act.before).await.unwrap();
        if !kill_at(&cloud, &privatelink, &act, k).await {
            never_came.push(k);
        }
        let expectation = Expectation {
            others: &act.before,
            disregard: Value::clone,
        };
        let recovered = recovers(&cloud, &privatelink, &act, expectation).await;
        recovered.unwrap_or_else(|wrong| panic!("{}, killed at request {k}: {wrong}", act.title()));
    }
}

/// Holds request `k` back so long that the process is certainly waiting for it, and kills it there. A run that
/// ends before request `k` (polls vary by a few) has nothing left to be killed at.
async fn kill_at(cloud: &Cloud, privatelink: &Privatelink, act: &Act, k: u64) -> bool {
    let hold = json!({"match": {}, "nth": k, "effect": {"latency": "120s"}});
    cloud.reset_requests().await.unwrap();
    cloud.order(&[hold]).await.unwrap();
    let mut child = privatelink.command(&act.arguments).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(100);
    loop {
        if cloud.struck().await.unwrap() > 0 {
            child.kill().await.unwrap();
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < patience, "request {k} never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
