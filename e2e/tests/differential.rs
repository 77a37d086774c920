//! The two fakes are held together: what the simulation's in-memory cloud did with a write, the emulator does with
//! the same write on the same state, as far as the core can see it through the real SDK.
//!
//! `DIFFERENTIAL_SEEDS=500` takes more histories of the simulation; a normal run takes the first ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::struct_excessive_bools,
    clippy::too_many_lines,
    clippy::match_same_arms,
    dead_code,
    unused_imports
)]

#[path = "../../controller/core/tests/simulation/declare.rs"]
mod declare;
#[path = "differential/document.rs"]
mod document;
#[path = "../../controller/core/tests/simulation/history.rs"]
mod history;
#[path = "../../controller/core/tests/simulation/judge.rs"]
mod judge;
#[path = "../../controller/core/tests/simulation/planted.rs"]
mod planted;
#[path = "../../controller/core/tests/simulation/rng.rs"]
mod rng;
#[path = "../../controller/core/tests/simulation/settled.rs"]
mod settled;
#[path = "../../controller/core/tests/simulation/table.rs"]
mod table;
#[path = "../../controller/core/tests/simulation/tamper.rs"]
mod tamper;
#[path = "../../controller/core/tests/simulation/universe.rs"]
mod universe;
#[path = "../../controller/core/tests/simulation/works.rs"]
mod works;

use std::collections::BTreeMap;

use privatelink_core::cloud::{Cloud as _, CloudError, Write};
use privatelink_core::fake::{Entry, State, sort};
use privatelink_core::kinds::Live;
use privatelink_e2e::cloud::Cloud;
use privatelink_gcp::{Google, Options};

/// Histories of a normal run.
const SEEDS: u64 = 60;
/// Entries of one sort of write and one result that are replayed; more would only say the same again.
const OF_A_SORT: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_emulator_does_what_the_simulations_cloud_does() {
    let cloud = Cloud::start().await.unwrap();
    let google = privatelink_gcp::connect(Options {
        endpoint: Some(cloud.url()),
        ..Options::default()
    })
    .await
    .unwrap();
    let seeds = std::env::var("DIFFERENTIAL_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(SEEDS);
    let mut replayed: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for seed in 0..seeds {
        for Entry { asked, write, .. } in history::play(seed, None, true).journal {
            if !document::can_be_told(&asked) {
                continue;
            }
            let (result, after) = simulated(&asked, &write);
            let key = (sort(&write), outcome(&result));
            let count = replayed.entry(key).or_default();
            if *count >= OF_A_SORT {
                continue;
            }
            *count += 1;
            if let Some(difference) = replay(&cloud, &google, &asked, &write, &result, &after).await
            {
                differences.push(format!(
                    "seed {seed}, {}: {difference}",
                    serde_json::to_string(&write).unwrap()
                ));
            }
        }
    }
    for ((sort, outcome), count) in &replayed {
        println!("{sort:<24} {outcome:<12} {count}");
    }
    let total: usize = replayed.values().sum();
    println!("{total} writes replayed");
    assert!(total > 100, "only {total} writes were replayed");
    let shown = differences
        .iter()
        .take(5)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n\n");
    assert!(
        differences.is_empty(),
        "{} of {total} differ, the first ones:\n{shown}",
        differences.len()
    );
}

fn outcome(result: &Result<Option<Live>, CloudError>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{:?}", error.kind),
    }
}

/// What the simulation's cloud makes of a write when nothing else goes on: the answer, and what is there then.
fn simulated(before: &State, write: &Write) -> (Result<Option<Live>, CloudError>, State) {
    let mut after = before.clone();
    if let Err(error) = after.check(write) {
        return (Err(error), after);
    }
    if State::shows_progress(write) {
        after.begin(write);
    }
    let result = after.finish(write);
    (result, after)
}

/// One write on one state; what is different, if anything is.
async fn replay(
    cloud: &Cloud,
    google: &Google,
    before: &State,
    write: &Write,
    wanted: &Result<Option<Live>, CloudError>,
    after: &State,
) -> Option<String> {
    cloud.put_state(&document::of(before)).await.unwrap();
    let result = google.write(&with_live_version(cloud, before, write)).await;
    let same = match (wanted, &result) {
        (Ok(_), Ok(_)) => true,
        (Err(wanted), Err(found)) => wanted.kind == found.kind,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    };
    if !same {
        return Some(format!(
            "the simulation: {:?}\n  the emulator: {:?}",
            told(wanted),
            told(&result)
        ));
    }
    for scope in document::scopes(before) {
        let wanted = document::seen(after.list(&scope).items);
        let found = document::seen(google.list(&scope).await.unwrap().items);
        if wanted != found {
            let (missing, added): (Vec<_>, Vec<_>) = (
                wanted.difference(&found).collect(),
                found.difference(&wanted).collect(),
            );
            return Some(format!(
                "{scope}\n  the simulation: {missing:#?}\n  the emulator: {added:#?}"
            ));
        }
    }
    None
}

/// Either cloud makes up its own versions: one that was current there is the current one here.
fn with_live_version(cloud: &Cloud, before: &State, write: &Write) -> Write {
    let Write::PatchService(patch) = write else {
        return write.clone();
    };
    let current = before
        .services
        .get(&patch.service)
        .is_some_and(|service| service.etag == patch.etag);
    let live = &cloud.state()["run"][patch.service.to_string()]["etag"];
    let etag = if current {
        live.as_str().unwrap().into()
    } else {
        patch.etag.clone()
    };
    Write::PatchService(privatelink_core::cloud::ServicePatch {
        etag,
        ..patch.clone()
    })
}

fn told(result: &Result<Option<Live>, CloudError>) -> Result<(), String> {
    result
        .as_ref()
        .map(|_| ())
        .map_err(|error| format!("{:?}: {error}", error.kind))
}
