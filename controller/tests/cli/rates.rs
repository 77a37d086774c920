//! Rates as Google would see them: in the log of the emulator.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_e2e::privatelink::Answer;
use privatelink_emulator::Options;
use serde_json::{Value, json};

use super::Desk;
use super::traffic::{Budget, asked, by_budget, most_in_a_second, overdrawn};

const PROJECTS: usize = 50;
/// More than the calls that may be made at once.
const LINKS: usize = 16;
/// Calls per second.
const RATE: f64 = 2.0;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_projects_at_once_are_each_asked_no_faster_than_the_rate() {
    let desk = Desk::many("rates", PROJECTS, Options::default()).await;
    let line = format!("apply --yes -o json --calls-per-second {RATE} links.yaml");
    let answer = desk.run(&line).await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let log = asked(&desk.cloud).await;
    assert_eq!(overdrawn(&log, RATE, 1.0), None);
    // Calls that are let go half a second apart come two in a second; one more does if the first was held up on its way,
    // be it for a moment only. A second one more would have to have been held up for half a second, or let go too soon.
    let seconds = most_in_a_second(&log);
    let fastest = seconds.iter().max_by_key(|(_, most)| **most).unwrap();
    assert!(*fastest.1 <= 3, "{fastest:?}");
    let budgets = by_budget(&log);
    // Compute of each project, and Cloud Run and VPC Access of each in both regions; Compute's is used enough to show
    // the rate.
    assert_eq!(budgets.len(), 5 * PROJECTS);
    let compute = budgets.iter().filter(|(budget, _)| budget.api == "compute");
    for (budget, calls) in compute {
        assert!(calls.len() > 15, "{budget:?}: {}", calls.len());
    }
    // Nobody waits for another project: the first fifty requests are for fifty projects, and then any hundred requests
    // are for many, as long as most projects have something left to ask.
    let projects = |calls: &[super::traffic::Asked]| {
        let all: BTreeSet<&str> = calls.iter().map(|call| &*call.budget.project).collect();
        all.len()
    };
    assert!(
        projects(&log[..PROJECTS]) > PROJECTS * 9 / 10,
        "{}",
        projects(&log[..PROJECTS])
    );
    for hundred in log[..log.len() * 3 / 4].chunks_exact(100) {
        assert!(projects(hundred) >= 16, "{}", projects(hundred));
    }
    desk.cloud.reset_requests().await.unwrap();
    let again = desk.run("apply --yes -o json links.yaml").await;
    assert_eq!((again.code, desk.cloud.writes().await.unwrap()), (0, 0));
}

/// One project, and so many links that have nothing to share: there is much to ask of it.
async fn alone(name: &str, count: usize) -> Desk {
    let desk = Desk::many(name, 1, Options::default()).await;
    let link = std::fs::read_to_string(desk.folder.join("links.yaml")).unwrap();
    let links = (0..count).map(|number| {
        let named = link.replace("link-0", &format!("link-{number}"));
        named
            .replace("10.8.0.0/28", &format!("10.8.{number}.0/28"))
            .replace("{name: orders}", &format!("{{name: orders-{number}}}"))
    });
    desk.write("links.yaml", &links.collect::<Vec<_>>().join("---\n"));
    let mut state = desk.cloud.state();
    for number in 0..count {
        let path = format!("projects/acme-prod-0/locations/europe-west1/services/orders-{number}");
        state["run"][path] = json!({});
    }
    desk.cloud.put_state(&state).await.unwrap();
    desk
}

/// The most calls in a second of each budget, in an apply that may make ten, and the first span with too many of them.
async fn ten_in_a_second(name: &str) -> (BTreeMap<Budget, usize>, Option<String>) {
    let desk = alone(name, LINKS / 2).await;
    let answer = desk
        .run("apply --yes -o json --calls-per-second 10 links.yaml")
        .await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let log = asked(&desk.cloud).await;
    let seen = (most_in_a_second(&log), overdrawn(&log, 10.0, 1.0));
    desk.cloud.reset_requests().await.unwrap();
    let again = desk.run("apply --yes -o json links.yaml").await;
    assert_eq!((again.code, desk.cloud.writes().await.unwrap()), (0, 0));
    seen
}

/// Ten that are let go a tenth of a second apart come in a second, and two more only if the first of them were held up
/// on their way for a tenth or two. Twice the rate would be twenty, and a burst would come on top of the ten. One or two
/// more in every second would not be excused by that: no longer span has more than the rate allows, either.
///
/// A busy machine holds up a call for longer at times. Who lets too many go does so every time, so one calm run counts.
#[tokio::test(flavor = "multi_thread")]
async fn no_second_has_more_calls_than_the_rate_allows() {
    let mut seen = Vec::new();
    for run in 1..=3 {
        let (seconds, too_many) = ten_in_a_second(&format!("rate-of-a-second-{run}")).await;
        // Compute of the project, and Cloud Run and VPC Access of its region.
        assert_eq!(seconds.len(), 3, "{seconds:?}");
        // With fewer than eight there was too little to ask, and nothing is shown.
        let calm = seconds.values().all(|most| (8..=12).contains(most));
        if calm && too_many.is_none() {
            return;
        }
        seen.push((seconds, too_many));
    }
    panic!("in a second of three runs: {seen:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rates_of_the_manual_are_kept_where_a_second_lasts_a_second() {
    let desk = alone("default-rates", LINKS).await;
    let answer = desk
        .run("apply --yes -o json --time-scale 1 links.yaml")
        .await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let log = asked(&desk.cloud).await;
    let (writes, reads): (Vec<_>, Vec<_>) = log
        .iter()
        .cloned()
        .partition(|call| call.operation.ends_with("services.patch"));
    let of = |api: &str| -> Vec<_> {
        let calls = reads.iter().filter(|call| call.budget.api == api);
        calls.cloned().collect()
    };
    // What docs/concepts/patience.md says, in calls per second.
    assert_eq!(overdrawn(&of("compute"), 20.0, 40.0), None);
    assert_eq!(overdrawn(&of("run"), 10.0, 60.0), None);
    assert_eq!(overdrawn(&of("vpcaccess"), 5.0, 20.0), None);
    assert_eq!(overdrawn(&writes, 1.0, 10.0), None);
    // And none of them more slowly than they may be.
    assert!(overdrawn(&of("compute"), 20.0, 20.0).is_some());
    assert!(overdrawn(&writes, 1.0, 8.0).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_being_told_so_an_emulator_is_asked_as_fast_as_it_answers() {
    let desk = Desk::many("no-rates", 2, Options::default()).await;
    assert_eq!(desk.run("apply --yes -o json links.yaml").await.code, 0);
    let log = asked(&desk.cloud).await;
    assert!(
        overdrawn(&log, 0.1, 5.0).is_some(),
        "the check has something to find"
    );
    for wrong in ["0", "-1", "fast"] {
        let answer = desk
            .run(&format!("plan --calls-per-second={wrong} links.yaml"))
            .await;
        assert_eq!(answer.code, 1);
        assert!(
            answer.stderr.contains("a rate is a number above 0"),
            "{}",
            answer.stderr
        );
    }
    let mut variable = desk.privatelink.command(&["plan", "links.yaml"]);
    variable.env("PRIVATELINK_CALLS_PER_SECOND", "x");
    let said = Answer::of(&mut variable).await.unwrap().stderr;
    assert!(said.contains("a rate is a number above 0"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn google_s_time_does_not_run_faster() {
    let desk = Desk::new("no-time-scale").await;
    let answer = desk
        .run("plan -o json --time-scale 0.5 --endpoint https://compute.example link.yaml")
        .await;
    let document: Value = answer.json();
    assert_eq!(
        (answer.code, &document["diagnostics"][0]["code"]),
        (1, &json!("PL0321"))
    );
    let place = "conformance --yes --project acme-prod --region europe-west1";
    let answer = desk
        .run(&format!(
            "{place} --time-scale 0.5 --endpoint https://compute.example"
        ))
        .await;
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("PL0321"), "{}", answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_about_the_emulator_s_rules_keeps_to_the_rate() {
    let desk = Desk::new("rate-of-conformance").await;
    let place = "--project acme-prod --region europe-west1 --only compute.route";
    let line = format!("conformance --yes {place} --recording r.har --calls-per-second 5");
    let answer = desk.run(&line).await;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let log = asked(&desk.cloud).await;
    assert!(log.len() > 20, "{}", log.len());
    assert_eq!(overdrawn(&log, 5.0, 1.0), None);
}
