//! Five minutes in which Google answers nothing but "too many requests", as the emulator plays them: a hundred times
//! faster.

use privatelink_emulator::Options;
use serde_json::{Value, json};

use super::Desk;
use super::traffic::{Asked, asked, by_budget};

const PROJECTS: usize = 8;

async fn desk(name: &str, retry_after: Option<u64>) -> Desk {
    let options = Options {
        time_scale: 0.01,
        ..Options::default()
    };
    let desk = Desk::many(name, PROJECTS, options).await;
    let mut effect = json!({ "preset": "tooManyRequests" });
    if let Some(seconds) = retry_after {
        effect["retryAfter"] = json!(seconds);
    }
    let apis = ["compute.*", "run.*", "vpcaccess.*"];
    let storm: Value = apis
        .iter()
        .map(|api| json!({ "match": { "operation": api }, "for": "5m", "effect": effect }))
        .collect();
    let faults = desk.cloud.send("PUT", "/emulator/faults", &storm);
    faults.await.unwrap();
    desk
}

/// One run comes through, costs each budget no more requests than this, and does not rush back.
async fn comes_through(name: &str, retry_after: Option<u64>, most: usize) {
    let desk = desk(name, retry_after).await;
    let line = "apply --yes -o json --time-scale 0.01 --calls-per-second 20 links.yaml";
    let answer = desk.run(line).await;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let log = asked(&desk.cloud).await;
    let stormy = |call: &Asked| call.status == Some(429);
    assert!(log.iter().filter(|call| stormy(call)).count() >= PROJECTS);
    for (budget, calls) in by_budget(&log) {
        let refused = calls.iter().filter(|call| stormy(call)).count();
        assert!(
            refused <= most,
            "{budget:?}: {refused} requests in the storm"
        );
        let Some(last) = calls.iter().rposition(|call| stormy(call)) else {
            continue;
        };
        // One probe, and those who waited after it, one by one at an eighth of the rate at first.
        let back: Vec<f64> = calls[last + 1..].iter().map(|call| call.at).collect();
        for (number, two) in back.windows(2).take(3).enumerate() {
            let gap = two[1] - two[0];
            assert!(
                gap > 0.1,
                "{budget:?}: {gap} s between {number} and the next: {back:?}"
            );
        }
    }
    desk.cloud.reset_requests().await.unwrap();
    let again = desk.run("apply --yes -o json links.yaml").await;
    assert_eq!((again.code, desk.cloud.writes().await.unwrap()), (0, 0));
}

/// Four lists of a project are on their way when the storm begins. Then there is one probe per pause, and a pause is at
/// least 1, 2, 4 and then 8 seconds of three hundred.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_five_minutes_is_waited_out_with_few_requests() {
    comes_through("storm", None, 4 + 3 + (300 - 7) / 8).await;
}

/// The emulator rounds thirty seconds, a hundred times faster, up to one; so there are at most three such waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_that_says_how_long_to_wait_costs_even_fewer() {
    comes_through("storm-retry-after", Some(30), 4 + 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_without_end_is_said_and_costs_no_more() {
    let desk = desk("storm-without-end", None).await;
    let effect = json!({ "preset": "tooManyRequests" });
    desk.fault(json!({ "match": { "operation": "compute.*" }, "effect": effect }))
        .await;
    let answer = desk.run("plan -o json --time-scale 0.01 links.yaml").await;
    assert_eq!(answer.code, 1);
    let report = answer.json();
    assert_eq!(
        report["scope"]["unreadable"].as_array().unwrap().len(),
        4 * PROJECTS,
        "{report:#}"
    );
    let codes: Vec<&Value> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| &found["code"])
        .collect();
    assert!(codes.contains(&&json!("PL0308")), "{codes:?}");
    for (budget, calls) in by_budget(&asked(&desk.cloud).await) {
        if budget.api == "compute" {
            // Ten minutes.
            assert!(
                calls.len() <= 4 + 3 + 600 / 8,
                "{budget:?}: {}",
                calls.len()
            );
        }
    }
}
