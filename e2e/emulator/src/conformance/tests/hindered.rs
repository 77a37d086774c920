//! Days on which Google says nothing about the rules: a right is missing, a quota is used up, it asks to slow down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::bench::{Bench, finished, place};
use crate::conformance::{Exercise, Session, Verdict, exercises};
use crate::replay::{self, Recording, Replayer};

/// What came of exercises.
struct Day {
    verdicts: BTreeMap<&'static str, Verdict>,
    recording: String,
    left: usize,
}

fn play<'e>(bench: &Bench, exercises: impl IntoIterator<Item = &'e Exercise>) -> Day {
    let session = Session::new(bench, place());
    for exercise in exercises {
        finished(session.run(exercise));
    }
    let left = finished(session.clean_up()).len();
    Day {
        verdicts: session.verdicts(),
        recording: session.tape().redacted(&place()).to_string(),
        left,
    }
}

impl Day {
    fn with(&self, word: &str) -> BTreeSet<&'static str> {
        let rules = self.verdicts.iter();
        let with = rules.filter(|(_, verdict)| verdict.word() == word);
        with.map(|(rule, _)| *rule).collect()
    }

    fn why(&self, rule: &str) -> &str {
        match &self.verdicts[rule] {
            Verdict::NotTried(why) => why,
            other => unreachable!("{rule}: {other:?}"),
        }
    }

    /// What a replay of the recording has otherwise.
    fn differing(&self) -> Vec<String> {
        let recordings = Recording::parse("bad-day.har", &self.recording).unwrap();
        let lines = recordings
            .iter()
            .flat_map(|it| Replayer::default().play(it))
            .filter(|line| !matches!(line.verdict, replay::Verdict::Agrees));
        lines.map(|line| line.to_string()).collect()
    }
}

fn named(name: &str) -> Exercise {
    let mut all = exercises().into_iter();
    all.find(|exercise| exercise.name == name).unwrap()
}

/// The operations that an exercise asks for, its clean-up included.
fn operations(exercise: &Exercise) -> BTreeMap<&'static str, usize> {
    let bench = Bench::new();
    play(&bench, [exercise]);
    bench.asked()
}

/// Plays an exercise with every operation disturbed in turn that an exercise asks for, and complains of rules that differ,
/// and of recordings that hold a word of the disturbance.
fn disturb_everything(
    mut effects: impl FnMut(&str) -> Vec<Value>,
    mut also: impl FnMut(&str, &Day) -> Option<String>,
) {
    let mut wrong = Vec::new();
    for exercise in exercises() {
        for operation in operations(&exercise).into_keys() {
            for effect in effects(operation) {
                let fault = json!([{ "match": { "operation": operation }, "effect": effect }]);
                let day = play(&Bench::on_a_bad_day(&fault), [&exercise]);
                let told = format!("{}, {operation}, {effect}", exercise.name);
                for rule in day.with("differs") {
                    wrong.push(format!("{told}: {rule}: {:?}", day.verdicts[rule]));
                }
                for word in WORDS.iter().filter(|word| day.recording.contains(**word)) {
                    wrong.push(format!("{told}: the recording has {word}"));
                }
                wrong.extend(also(operation, &day).map(|also| format!("{told}: {also}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What only disturbances say.
const WORDS: [&str; 5] = [
    "forbidden",
    "IAM_PERMISSION_DENIED",
    "Limit: 0.0 globally",
    "QUOTA_EXCEEDED",
    "no more",
];

/// Whether it reads, deletes, or neither.
fn makes_or_changes(operation: &str) -> bool {
    let ends = ["get", "getIamPolicy", "list", "aggregatedList", "delete"];
    !ends.contains(&operation.rsplit('.').next().unwrap())
}

#[test]
fn whatever_is_refused_for_want_of_a_right_or_a_quota_no_rule_differs() {
    let presets = ["permissionDenied", "quotaExceeded"];
    disturb_everything(
        |_| presets.map(|preset| json!({ "preset": preset })).to_vec(),
        // What cannot be read or deleted leaves its mark on what comes later.
        |operation, day| {
            let differing = makes_or_changes(operation).then(|| day.differing());
            let differing = differing.filter(|lines| !lines.is_empty());
            differing.map(|lines| format!("the recording: {lines:?}"))
        },
    );
}

#[test]
fn whatever_operation_ends_for_want_of_a_right_or_a_quota_no_rule_differs() {
    let failure = |code: Value| json!({ "operationError": { "code": code, "message": "no more" } });
    disturb_everything(
        |operation| match operation {
            _ if !makes_or_changes(operation) => Vec::new(),
            _ if operation.starts_with("compute") => vec![failure(json!("QUOTA_EXCEEDED"))],
            _ => vec![failure(json!(7)), failure(json!(8))],
        },
        |operation, day| {
            // A change that fails counts as a generation all the same.
            let comparable = !operation.ends_with("patch");
            let differing = if comparable {
                day.differing()
            } else {
                Vec::new()
            };
            let wrong = day.left > 0 || !differing.is_empty();
            wrong.then(|| format!("left {}, the recording: {differing:?}", day.left))
        },
    );
}

#[test]
fn what_hindered_it_is_told_and_what_it_did_not_hinder_is_judged() {
    let denied = json!([{
        "match": { "operation": "compute.subnetworks.expandIpCidrRange" }, "effect": { "preset": "permissionDenied" },
    }]);
    let day = play(&Bench::on_a_bad_day(&denied), [&named("subnetworks")]);
    let why = day.why("compute.subnetwork.expand-only");
    assert!(why.contains("403 forbidden: Required"), "{why}");
    // It comes before what was refused, and does not need it.
    assert!(day.with("agrees").contains("compute.range.invalid"));

    let exhausted = json!({ "operationError": { "code": 8, "message": "no address is free" } });
    let create = json!({ "operation": "vpcaccess.projects.locations.connectors.create" });
    let fault = json!([{ "match": create, "effect": exhausted }]);
    let day = play(&Bench::on_a_bad_day(&fault), [&named("connector-life")]);
    let why = day.why("vpcaccess.connector.patch.shrink");
    assert!(
        why.contains("RESOURCE_EXHAUSTED: no address is free"),
        "{why}"
    );
}

#[test]
fn where_a_403_is_expected_one_of_another_reason_is_no_difference_either() {
    let sixth = json!({ "operation": "compute.routers.insert" });
    for (preset, said) in [
        ("permissionDenied", "403 forbidden"),
        ("apiDisabled", "403 accessNotConfigured"),
    ] {
        let fault = json!([{ "match": sixth, "nth": 6, "effect": { "preset": preset } }]);
        let day = play(&Bench::on_a_bad_day(&fault), [&named("routers")]);
        let why = day.why("compute.router.limit.per-network");
        assert!(why.contains(said), "{why}");
        assert_eq!(day.differing(), [""; 0]);
    }
    let services = json!({ "operation": "run.projects.locations.services.list" });
    for preset in ["permissionDenied", "apiDisabled"] {
        let fault = json!([{ "match": services, "effect": { "preset": preset } }]);
        let day = play(&Bench::on_a_bad_day(&fault), [&named("requests")]);
        let why = day.why("rpc.location.unknown");
        assert!(why.contains("403 PERMISSION_DENIED"), "{why}");
    }
}

#[test]
fn a_rule_of_which_only_half_was_seen_does_not_agree() {
    let exhausted = json!({ "operationError": { "code": 8, "message": "no more" } });
    let patch = json!({ "operation": "run.projects.locations.services.patch" });
    // That is the one during which the service is looked at, and that it is reconciling, it is.
    let fault = json!([{ "match": patch, "nth": 9, "effect": exhausted }]);
    let day = play(&Bench::on_a_bad_day(&fault), [&named("service-changes")]);
    let why = day.why("run.service.reconciling");
    assert!(why.contains("RESOURCE_EXHAUSTED: no more"), "{why}");
}

/// The operation during which something was to be seen may be over.
#[test]
fn what_comes_after_something_late_is_late_itself() {
    let connector = json!({ "operation": "vpcaccess.projects.locations.connectors.get" });
    let slow = json!({ "preset": "tooManyRequests" });
    let late = json!([{ "match": connector, "times": 4, "effect": slow }]);
    let never = json!([{ "match": connector, "times": 35, "effect": slow }]);
    for fault in [late, never] {
        let day = play(&Bench::on_a_bad_day(&fault), [&named("connector-life")]);
        let why = day.why("vpcaccess.connector.busy");
        assert!(why.contains("came too late"), "{why}");
        // With the next operation time counts anew.
        let agreed = day.with("agrees");
        assert!(
            agreed.contains("vpcaccess.connector.patch.updating"),
            "{agreed:?}"
        );
    }
    // What is sent again because its answer was lost may have begun with the first try.
    let insert = json!({ "operation": "compute.networks.insert" });
    let lost = json!([{ "match": insert, "nth": 5, "effect": { "reset": "after" } }]);
    let day = play(&Bench::on_a_bad_day(&lost), [&named("networks")]);
    let why = day.why("compute.insert.visible-when-done");
    assert!(why.contains("came too late"), "{why}");
}

/// Compute says with a 403 what the others say with a 429.
#[test]
fn a_request_to_slow_down_is_waited_out_with_whatever_status_it_comes() {
    let slow = |matches: Value| json!([{ "match": matches, "probability": 0.3, "seed": 5, "effect": { "preset": "rateLimitExceeded" } }]);
    let day = play(&Bench::on_a_bad_day(&slow(json!({}))), &exercises());
    assert_eq!(day.with("differs"), BTreeSet::new(), "{:#?}", day.verdicts);
    assert_eq!(day.left, 0);
    // What is late shows nothing of what runs meanwhile, and that alone.
    for rule in day.with("not tried") {
        let why = day.why(rule);
        assert!(why.contains("came too late"), "{rule}: {why}");
    }
    // Nothing of it was begun, so the refusal that comes then is about the request itself.
    let posts = slow(json!({ "method": "POST", "operation": "compute.*" }));
    for exercise in ["requests", "routes", "nats"] {
        let day = play(&Bench::on_a_bad_day(&posts), [&named(exercise)]);
        assert_eq!(
            day.with("not tried"),
            BTreeSet::new(),
            "{:#?}",
            day.verdicts
        );
        assert_eq!(day.differing(), [""; 0]);
    }
}

#[test]
fn what_is_deleted_in_the_end_is_deleted_also_when_google_asks_to_slow_down() {
    let deletes = json!({ "operation": "compute.*.delete" });
    let effect = json!({ "preset": "rateLimitExceeded" });
    let fault = json!([{ "match": deletes, "times": 40, "effect": effect }]);
    let bench = Bench::on_a_bad_day(&fault);
    assert_eq!(play(&bench, [&named("routes")]).left, 0);
    assert_eq!(bench.state(), json!({}));
}

#[test]
fn whatever_answer_is_lost_no_rule_differs() {
    let mut wrong = Vec::new();
    for exercise in exercises() {
        for (operation, asked) in operations(&exercise) {
            for nth in 1..=asked {
                if !makes_or_changes(operation) {
                    continue;
                }
                let matches = json!({ "operation": operation });
                let fault =
                    json!([{ "match": matches, "nth": nth, "effect": { "reset": "after" } }]);
                let day = play(&Bench::on_a_bad_day(&fault), [&exercise]);
                for rule in day.with("differs") {
                    let verdict = &day.verdicts[rule];
                    wrong.push(format!(
                        "{}, {operation} {nth}: {rule}: {verdict:?}",
                        exercise.name
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Nobody knows what there is then.
#[test]
fn after_a_lost_answer_and_a_refusal_nothing_is_judged() {
    let patch = json!({ "operation": "run.projects.locations.jobs.patch" });
    let faults = json!([
        { "match": patch, "nth": 1, "effect": { "reset": "before" } },
        { "match": patch, "nth": 2, "effect": { "status": 409 } },
    ]);
    let day = play(&Bench::on_a_bad_day(&faults), [&named("jobs")]);
    let why = day.why("run.job.patch.replace");
    assert!(why.contains("409 ABORTED"), "{why}");
}

#[test]
fn what_was_made_behind_a_lost_answer_is_used_and_deleted() {
    let networks = json!({ "operation": "compute.networks.insert" });
    let fault = json!([{ "match": networks, "nth": 1, "effect": { "reset": "after" } }]);
    let bench = Bench::on_a_bad_day(&fault);
    // The network is still being made when the first firewall rule asks for it.
    let day = play(&bench, [&named("firewalls")]);
    let rules = named("firewalls").rules();
    assert_eq!(day.with("agrees"), rules, "{:#?}", day.verdicts);
    assert_eq!(bench.state(), json!({}));
    // The recording does not show how it was made, so it does not show how it went.
    let deletions = format!("global/networks/{}\"", place().prefix());
    assert!(!day.recording.contains(&deletions), "{}", day.recording);
}
