//! `privatelink conformance` as a process of its own, against an emulator that stands in for Google: it agrees with
//! itself, says so when it does not, and whatever happens to the run, the cloud is then as it was before.

#![allow(clippy::unwrap_used, clippy::panic)]

mod conformance {
    pub(crate) mod endings;
}

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_emulator::discovery::pinned;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
const PLACE: [&str; 4] = ["--project", "acme-prod", "--region", "europe-west1"];

/// Rules about what is seen while an operation runs.
const AT_ONCE: [&str; 6] = [
    "compute.insert.visible-when-done",
    "run.service.reconciling",
    "vpcaccess.connector.busy",
    "vpcaccess.connector.create.creating",
    "vpcaccess.connector.delete.deleting",
    "vpcaccess.connector.patch.updating",
];

/// What the exercises send to see it refused: a method, and the place in its request that is not as Google says.
const MEANT: [(&str, &str); 7] = [
    ("compute.networks.insert", "request, mtu"),
    ("compute.networks.insert", "request, name"),
    ("compute.networks.insert", "request, nickname"),
    ("compute.networks.list", "path, project"),
    ("compute.networks.list", "query, maxResults"),
    ("compute.networks.list", "query, pageSize"),
    ("run.projects.locations.services.patch", "query, updateMask"),
];

/// A cloud in which somebody else has things, and a folder.
struct Desk {
    cloud: Cloud,
    folder: PathBuf,
    privatelink: Privatelink,
    before: Value,
}

impl Desk {
    async fn new(name: &str, latency: Duration) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("conformance")
            .join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let cloud = Cloud::start_with(latency).await.unwrap();
        cloud.put_state(&theirs()).await.unwrap();
        let privatelink = Privatelink::new(BINARY, &cloud.url(), &folder);
        let before = cloud.state();
        Self {
            cloud,
            folder,
            privatelink,
            before,
        }
    }

    fn words<'a>(options: &[&'a str]) -> Vec<&'a str> {
        let mut words = vec!["conformance"];
        words.extend(PLACE);
        words.extend(options);
        words
    }

    async fn run(&self, options: &[&str]) -> Answer {
        self.privatelink.run(&Self::words(options)).await.unwrap()
    }

    async fn fault(&self, faults: Value) {
        let sent = self.cloud.send("PUT", "/emulator/faults", &faults).await;
        sent.unwrap();
    }

    /// The cloud is as it was, and nothing was sent that Google would not understand but what is meant so, which is
    /// what comes back.
    fn is_as_before(&self, after: &str) -> BTreeSet<(&'static str, &'static str)> {
        let of = |told: &str| {
            let mut meant = MEANT.iter();
            let found =
                meant.find(|(method, place)| told.starts_with(&format!("{method}, {place} = ")));
            found.copied().ok_or_else(|| told.to_owned())
        };
        let mut violations = self.cloud.take_violations();
        // Whoever is interrupted while a name is on its way that cannot be does not know what became of it, and deletes
        // it to be sure.
        violations.retain(|told| {
            let deleted = told.strip_prefix("compute.networks.delete, path, network = ");
            deleted.is_none_or(|rest| !rest.contains("_Q\""))
        });
        let (meant, others): (Vec<_>, Vec<_>) = violations
            .iter()
            .map(|told| of(told))
            .partition(Result::is_ok);
        let others: Vec<String> = others.into_iter().filter_map(Result::err).collect();
        assert_eq!(others, [""; 0], "after {after}");
        let now = self.cloud.state();
        assert!(now == self.before, "after {after}: {now:#}");
        meant.into_iter().flatten().collect()
    }

    fn recording(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }
}

/// What belongs to others, with names that are almost like those of a run.
fn theirs() -> Value {
    let services = "projects/acme-prod/locations/europe-west1/services";
    json!({
        "run": { format!("{services}/orders"): {}, format!("{services}/pl-conform"): {} },
        "compute": {
            "projects/acme-prod/global/networks/prod": {},
            "projects/acme-prod/regions/europe-west1/subnetworks/s": { "network": "prod", "ipCidrRange": "10.200.0.0/28" },
            "projects/acme-prod/regions/europe-west1/routers/r": { "network": "prod" },
        },
    })
}

/// The rules with this verdict.
fn with(report: &Value, verdict: &str) -> BTreeSet<String> {
    let rules = report["rules"].as_object().unwrap().iter();
    rules
        .filter(|(_, finding)| finding["verdict"] == verdict)
        .map(|(rule, _)| rule.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_agrees_with_the_emulator_and_leaves_nothing() {
    let desk = Desk::new("all", Duration::ZERO).await;
    let answer = desk
        .run(&["--yes", "-o", "json", "--recording", "all.har"])
        .await;
    let report = answer.json();
    // Operations that take no time show nothing while they run.
    let found: BTreeSet<String> = with(&report, "agrees");
    let others: Vec<&String> = report["rules"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|rule| !found.contains(*rule) && !AT_ONCE.contains(&rule.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}\n{report:#}");
    assert!(
        found.len() > 100,
        "{} rules: {}",
        found.len(),
        answer.stderr
    );
    assert_eq!(report["leftovers"], json!([]));
    let meant = desk.is_as_before("all of it");
    if pinned().is_ok() {
        assert_eq!(meant, BTreeSet::from(MEANT), "each is there for a reason");
    }
    let recording = desk.recording("all.har");
    for secret in ["acme-prod", "authorization", "Authorization", "Bearer"] {
        assert!(!recording.contains(secret), "the recording shows {secret}");
    }
    let again = desk.run(&["--yes", "--recording", "all.har"]).await;
    assert_eq!(again.code, 1, "a recording is never overwritten");
    assert!(again.stderr.contains("all.har"), "{}", again.stderr);
    assert_eq!(desk.recording("all.har"), recording);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_seen_while_operations_run_agrees_and_replays() {
    let desk = Desk::new("at-once", Duration::from_millis(2500)).await;
    let only = AT_ONCE.join(",");
    let answer = desk
        .run(&[
            "--yes",
            "-o",
            "json",
            "--recording",
            "r.har",
            "--only",
            &only,
        ])
        .await;
    let report = answer.json();
    let agreed = with(&report, "agrees");
    let missed: Vec<_> = AT_ONCE
        .iter()
        .filter(|rule| !agreed.contains(**rule))
        .collect();
    assert!(missed.is_empty(), "{missed:?}\n{report:#}");
    assert_eq!(report["recording"]["differing"], json!([]), "{report:#}");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    desk.is_as_before("operations that take a while");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_google_does_not_keep_is_named_with_its_field() {
    let desk = Desk::new("off", Duration::ZERO).await;
    let off = json!({ "off": ["compute.route.default.priority"] });
    desk.cloud
        .send("PUT", "/emulator/rules", &off)
        .await
        .unwrap();
    let only = ["--yes", "--only", "compute.route", "--recording", "r.har"];
    let answer = desk.run(&only).await;
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let lines =
        "differs   compute.route.default.priority\n          /priority: expected 1000, got nothing";
    assert!(answer.stdout.contains(lines), "{}", answer.stdout);
    assert!(
        answer.stdout.contains("4 agree, 1 differ"),
        "{}",
        answer.stdout
    );
    // The recording is replayed at an emulator that keeps the rule.
    assert!(
        answer
            .stdout
            .contains("priority: recorded nothing, here 1000"),
        "{}",
        answer.stdout
    );
    desk.is_as_before("a difference");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_without_a_yes_or_for_a_list() {
    let desk = Desk::new("consent", Duration::ZERO).await;
    desk.cloud.reset_requests().await.unwrap();
    let answer = desk.run(&["--only", "compute.nat,vpcaccess"]).await;
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains("add --yes"), "{}", answer.stderr);
    for said in [
        "costs    an outer address",
        "takes    about",
        "connectors",
        "all named pl-conformance-",
    ] {
        assert!(answer.stdout.contains(said), "{said}: {}", answer.stdout);
    }
    let list = desk
        .privatelink
        .run(&["conformance", "--list"])
        .await
        .unwrap();
    assert_eq!(list.code, 0, "{}", list.stderr);
    assert!(
        list.stdout.contains("compute.nat.immutable (documented)"),
        "{}",
        list.stdout
    );
    assert!(
        list.stdout
            .contains("list.page.cap: it takes more than five hundred"),
        "{}",
        list.stdout
    );
    assert_eq!(desk.cloud.requests().await.unwrap()["total"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_bad_day_nothing_is_left_and_nothing_is_claimed() {
    let desk = Desk::new("faults", Duration::from_millis(20)).await;
    desk.fault(json!([
        { "match": { "method": "POST" }, "nth": 12, "times": 1, "effect": { "reset": "after" } },
        { "match": { "method": "POST" }, "nth": 30, "times": 1, "effect": { "reset": "before" } },
        { "match": { "operation": "*.insert" }, "nth": 9, "times": 1, "effect": { "reset": "after" } },
        { "match": { "method": "DELETE" }, "nth": 3, "times": 1, "effect": { "reset": "after" } },
        { "match": { "operation": "*.create" }, "nth": 4, "times": 1, "effect": { "truncate": true } },
        { "probability": 0.04, "seed": 3, "effect": { "preset": "internalError" } },
        { "probability": 0.04, "seed": 4, "effect": { "preset": "tooManyRequests" } },
    ]))
    .await;
    let answer = desk
        .run(&["--yes", "-o", "json", "--recording", "r.har"])
        .await;
    let report = answer.json();
    let wrong: Vec<String> = with(&report, "differs")
        .into_iter()
        .filter(|rule| !AT_ONCE.contains(&rule.as_str()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{report:#}");
    assert!(with(&report, "agrees").len() > 70, "{report:#}");
    assert_eq!(report["leftovers"], json!([]), "{report:#}");
    desk.is_as_before("a bad day");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_anywhere_it_cleans_up() {
    let desk = Desk::new("interrupted", Duration::from_millis(150)).await;
    for (at, writes) in [1, 6, 15, 27, 45, 70].into_iter().enumerate() {
        desk.cloud.reset_requests().await.unwrap();
        let file = format!("{at}.har");
        let words = Desk::words(&["--yes", "-o", "json", "--recording", &file]);
        let child = desk.privatelink.command(&words).spawn().unwrap();
        wait_for_writes(&desk, writes).await;
        signal("-TERM", child.id().unwrap());
        let answer = Answer::at_the_end_of(child).await.unwrap();
        let (report, said) = (answer.json(), answer.stderr);
        assert_eq!(answer.code, 1, "{said}");
        assert!(said.contains("interrupted: cleaning up"), "{said}");
        assert_eq!(report["leftovers"], json!([]), "{said}");
        assert!(!with(&report, "not tried").is_empty());
        desk.is_as_before(&format!("an interruption after {writes} writes"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_run_left_is_found_by_its_suffix() {
    let desk = Desk::new("killed", Duration::from_millis(50)).await;
    let words = Desk::words(&["--yes", "--recording", "r.har"]);
    let mut child = desk.privatelink.command(&words).spawn().unwrap();
    wait_for_writes(&desk, 40).await;
    child.kill().await.unwrap();
    let state = desk.cloud.state().to_string();
    let (_, rest) = state.split_once("networks/pl-conformance-").unwrap();
    let suffix = &rest[..4];
    let next = desk
        .run(&["--yes", "--only", "compute.route", "--recording", "s.har"])
        .await;
    assert!(
        next.stderr.contains(&format!("--clean-up {suffix}")),
        "{}",
        next.stderr
    );
    let answer = desk.run(&["--yes", "--clean-up", suffix]).await;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(
        answer
            .stdout
            .ends_with("Everything that was made is gone.\n"),
        "{}",
        answer.stdout
    );
    desk.is_as_before("a clean-up");
    let answer = desk.run(&["--yes", "--clean-up", suffix]).await;
    assert_eq!(answer.stdout, "Nothing of that run is there.\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_deleted_is_listed_with_the_command_that_does() {
    let desk = Desk::new("left", Duration::ZERO).await;
    desk.fault(json!([
        { "match": { "operation": "compute.networks.delete" }, "effect": { "preset": "permissionDenied" } },
    ]))
    .await;
    let only = ["--yes", "--only", "compute.route", "--recording", "r.har"];
    let answer = desk.run(&only).await;
    assert_eq!(answer.code, 6, "{}", answer.stdout);
    let state = desk.cloud.state().to_string();
    let (_, rest) = state.split_once("networks/pl-conformance-").unwrap();
    let command = format!(
        "gcloud compute networks delete pl-conformance-{} --project=acme-prod --quiet",
        &rest[..4]
    );
    assert!(answer.stdout.contains(&command), "{}", answer.stdout);
}

/// Waits until so many requests have written.
async fn wait_for_writes(desk: &Desk, writes: u64) {
    for _ in 0..20_000 {
        if desk.cloud.writes().await.unwrap() >= writes {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("there were never {writes} writes");
}

fn signal(name: &str, process: u32) {
    let sent = std::process::Command::new("kill")
        .args([name, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}
