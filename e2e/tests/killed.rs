//! The real process is killed with SIGKILL at every single request of a run, reads and polls included, before Google
//! has seen it; and at every write, when it has been accepted and nobody has been told: where links are made, where
//! they grow, where they are undone, and where they are only looked at. The next run comes to the same end, nothing
//! foreign has changed, and then there is silence.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "killed/accepted.rs"]
mod accepted;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::page;
use privatelink_e2e::privatelink::Privatelink;
use privatelink_e2e::recovery::{Expectation, is_undisturbed, recovers, run};
use privatelink_e2e::rehearsal::{Act, folders, rehearse};
use privatelink_e2e::transcript::is_write;
use privatelink_emulator::Options;
use serde_json::{Value, json};

use accepted::{Doom, executioner, kill_once_accepted};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

/// Operations take a moment, so that polls are among the requests.
const LATENCY: Duration = Duration::from_millis(5);
/// Runs at the same time, each on a cloud of its own.
const WORKERS: usize = 4;

/// A link is made, and undone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_link_killed_at_any_request_is_completed_by_the_next_run() {
    play("plain").await;
}

/// With a NAT address that is reserved, among things of others; then a connector grows; then all is undone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_killed_at_any_request_is_completed_by_the_next_run() {
    play("neighbours").await;
}

/// One of two links goes from the declarations, and then the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pruning_run_killed_at_any_request_is_completed_by_the_next() {
    play("link-removed").await;
}

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// At a request that Google has not seen yet.
    Asked,
    /// At a write that Google has accepted, and of which the run has not been told.
    Accepted,
}

impl Moment {
    /// How many of these requests it is for, without the polls.
    fn count(self, requests: &BTreeMap<String, u64>) -> u64 {
        let sent = besides_polls(requests).into_iter();
        let meant = sent.filter(|(name, _)| match self {
            Self::Asked => true,
            Self::Accepted => is_write(name),
        });
        meant.map(|(_, times)| times).sum()
    }
}

/// What is played, without the polls: how many of these there are varies with the machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_says_how_much_is_killed() {
    let (mut commands, mut requests, mut writes) = (0, 0, 0);
    for scenario in ["plain", "neighbours", "link-removed"] {
        let (_, acts) = acts(scenario).await;
        commands += acts.len();
        let count =
            |moment: Moment| -> u64 { acts.iter().map(|act| moment.count(&act.requests)).sum() };
        requests += count(Moment::Asked);
        writes += count(Moment::Accepted);
    }
    let page = "docs/reference/survival.md";
    let command = "cargo test -p privatelink --test killed the_page";
    let asked = format!("{commands} commands, {requests} kills and those at polls");
    page::quote(page, "killed", &asked, command).unwrap();
    page::quote(page, "killed-accepted", &format!("{writes} kills"), command).unwrap();
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

/// Kills the act as soon as `k` writes have come, each of which begins at once, and plays it again. False if there are
/// fewer.
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

/// The commands of a scenario that are killed: all that write, and of those that only read the first.
async fn acts(scenario: &str) -> (Cloud, Vec<Act>) {
    let cloud = Cloud::start_with(LATENCY).await.unwrap();
    let folder = folders(Some(scenario)).unwrap().remove(0);
    let mut acts = rehearse(&cloud, Path::new(BINARY), &folder).await.unwrap();
    let mut read = false;
    acts.retain(|act| act.verb.writes() || !std::mem::replace(&mut read, true));
    (cloud, acts)
}

/// What a run sent, by operation, without asking whether something has ended.
fn besides_polls(requests: &BTreeMap<String, u64>) -> BTreeMap<&str, u64> {
    let is_poll = |name: &str| {
        let (kind, method) = name.rsplit_once('.').unwrap_or_default();
        matches!(method, "get" | "wait") && kind.to_lowercase().ends_with("operations")
    };
    let sent = requests.iter().map(|(name, times)| (name.as_str(), *times));
    sent.filter(|(name, _)| !is_poll(name)).collect()
}

/// Kills each of a scenario's commands at each of its requests, and at each of its writes again.
async fn play(scenario: &str) {
    for act in acts(scenario).await.1 {
        let total: u64 = act.requests.values().sum();
        assert!(total > 5, "a run of {total} requests is not the whole one");
        let act = Arc::new(act);
        for moment in [Moment::Asked, Moment::Accepted] {
            let (meant, next) = (moment.count(&act.requests), Arc::new(AtomicU64::new(1)));
            let workers: Vec<_> = (0..WORKERS)
                .map(|_| tokio::spawn(work(act.clone(), moment, next.clone())))
                .collect();
            let mut killed = 0;
            for worker in workers {
                killed += worker.await.unwrap();
            }
            println!(
                "{}, {moment:?}: {total} requests, {meant} that are meant besides polls: {killed} kills",
                act.title()
            );
            assert!(killed >= meant, "killed {killed} times at {meant} requests");
        }
    }
}

/// Kills the act at one request after the other, until a run has ended by itself that would have been killed after the
/// last one. Answers with how often it did.
async fn work(act: Arc<Act>, moment: Moment, next: Arc<AtomicU64>) -> u64 {
    let doom = Arc::<Mutex<Doom>>::default();
    let options = Options {
        operation_latency: LATENCY,
        observers: vec![executioner(&doom)],
        ..Options::default()
    };
    let cloud = Cloud::start_as(options).await.unwrap();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), &act.folder);
    let mut killed = 0;
    loop {
        let k = next.fetch_add(1, Ordering::Relaxed);
        cloud.put_state(&act.before).await.unwrap();
        let struck = match moment {
            Moment::Asked => kill_at(&cloud, &privatelink, &act, k).await,
            Moment::Accepted => kill_once_accepted(&cloud, &doom, &privatelink, &act, k).await,
        };
        if !struck {
            // How often a run polls varies with the machine; all else was sent, and earlier kills struck all of it.
            let sent = cloud.operations().await.unwrap();
            let all = match moment {
                Moment::Asked => sent.values().sum::<u64>(),
                Moment::Accepted => moment.count(&sent),
            };
            let title = act.title();
            assert!(
                all < k,
                "{title} was not killed at {k} of {all}, {moment:?}"
            );
            assert_eq!(
                besides_polls(&sent),
                besides_polls(&act.requests),
                "{title} ended before {k}, {moment:?}"
            );
            return killed;
        }
        killed += 1;
        let expectation = Expectation {
            others: &act.before,
            disregard: Value::clone,
        };
        let recovered = recovers(&cloud, &privatelink, &act, expectation).await;
        let title = act.title();
        recovered.unwrap_or_else(|wrong| panic!("{title}, killed at {k}, {moment:?}: {wrong}"));
    }
}

/// Holds request `k` back, before anything is done about it, so long that the process is certainly waiting for it, and
/// kills it there. False if the run ended before request `k`.
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
