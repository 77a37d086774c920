//! What the emulator's log says about how fast somebody asked.

use std::collections::BTreeMap;

use privatelink_e2e::cloud::Cloud;
use serde_json::Value;

/// How late a request may come after it was let go: the machine that runs the tests may be busy.
const LATE: f64 = 0.5;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// Seconds.
    pub(crate) at: f64,
    pub(crate) operation: String,
    pub(crate) status: Option<u64>,
    pub(crate) budget: Budget,
}

/// What calls are counted for: API, project and region. Compute counts a project's regions together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Budget {
    pub(crate) api: String,
    pub(crate) project: String,
    pub(crate) region: String,
}

/// The requests so far, in order.
pub(crate) async fn asked(cloud: &Cloud) -> Vec<Asked> {
    let log = cloud.send("GET", "/emulator/requests/log", &Value::Null);
    let log = log.await.unwrap();
    log.as_array().unwrap().iter().map(one).collect()
}

fn one(entry: &Value) -> Asked {
    let operation = entry["operation"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = entry["path"].as_str().unwrap().split('/').collect();
    let after = |word| {
        let at = parts.iter().position(|part| *part == word);
        at.and_then(|at| parts.get(at + 1))
            .map_or(String::new(), |part| (*part).to_owned())
    };
    Asked {
        at: entry["at"].as_f64().unwrap(),
        status: entry["status"].as_u64(),
        budget: Budget {
            api: operation.split('.').next().unwrap().to_owned(),
            project: after("projects"),
            region: after("locations"),
        },
        operation,
    }
}

/// The requests of each budget.
pub(crate) fn by_budget(asked: &[Asked]) -> BTreeMap<Budget, Vec<&Asked>> {
    let mut budgets: BTreeMap<Budget, Vec<&Asked>> = BTreeMap::new();
    for one in asked {
        budgets.entry(one.budget.clone()).or_default().push(one);
    }
    budgets
}

/// The first span of time in which a budget was overdrawn: more calls than the burst and what may come in the span.
pub(crate) fn overdrawn(asked: &[Asked], per_second: f64, burst: f64) -> Option<String> {
    for (budget, calls) in by_budget(asked) {
        for (first, start) in calls.iter().enumerate() {
            for (last, end) in calls.iter().enumerate().skip(first) {
                let number = f64::from(u32::try_from(last - first + 1).unwrap());
                let span = end.at - start.at;
                if number > burst + per_second * (span + LATE) {
                    return Some(format!("{budget:?}: {number} calls in {span:.3} s"));
                }
            }
        }
    }
    None
}

/// The most calls of each budget that came within one second, wherever that second begins.
pub(crate) fn most_in_a_second(asked: &[Asked]) -> BTreeMap<Budget, usize> {
    let from = |calls: &[&Asked]| {
        let within = calls.iter().take_while(|call| call.at - calls[0].at < 1.0);
        within.count()
    };
    by_budget(asked)
        .into_iter()
        .map(|(budget, calls)| {
            let seconds = (0..calls.len()).map(|first| from(&calls[first..]));
            (budget, seconds.max().unwrap_or_default())
        })
        .collect()
}

/// Calls of one budget at this pace, after a burst of four.
fn paced(pause: f64) -> Vec<Asked> {
    let call = |number: u32| Asked {
        at: f64::from(number.saturating_sub(4)) * pause,
        operation: "compute.networks.list".to_owned(),
        status: Some(200),
        budget: Budget {
            api: "compute".to_owned(),
            project: "p".to_owned(),
            region: String::new(),
        },
    };
    (0..40).map(call).collect()
}

#[test]
fn who_keeps_to_the_rate_passes_and_who_lets_double_through_does_not() {
    assert_eq!(overdrawn(&paced(0.25), 4.0, 4.0), None);
    let found = overdrawn(&paced(0.125), 4.0, 4.0);
    assert!(found.is_some());
    // Two budgets side by side are two budgets.
    let mut both = paced(0.25);
    both.extend(paced(0.25).into_iter().map(|mut call| {
        call.budget.project = "q".to_owned();
        call
    }));
    assert_eq!(overdrawn(&both, 4.0, 4.0), None);
}

#[test]
fn a_second_with_twice_the_calls_or_a_burst_is_found_wherever_it_begins() {
    let most = |calls: &[Asked]| most_in_a_second(calls).into_values().max();
    // Eight in a second and sixteen, evenly apart; the pauses are numbers without a rounding.
    assert_eq!(most(&paced(0.125)[4..]), Some(8));
    assert_eq!(most(&paced(0.0625)[4..]), Some(16));
    // Eight in a second, and four more at once.
    assert_eq!(most(&paced(0.125)), Some(12));
    let mut late = paced(0.125)[4..].to_vec();
    late.extend(paced(0.125).into_iter().map(|mut call| {
        call.at += 60.0;
        call
    }));
    assert_eq!(most(&late), Some(12));
}
