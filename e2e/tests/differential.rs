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
#[path = "differential/orders.rs"]
mod orders;
#[path = "differential/others.rs"]
mod others;
#[path = "differential/replay.rs"]
mod replay;
#[path = "differential/seen.rs"]
mod seen;

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
#[path = "../../controller/core/tests/simulation/told.rs"]
mod told;
#[path = "../../controller/core/tests/simulation/universe.rs"]
mod universe;
#[path = "../../controller/core/tests/simulation/works.rs"]
mod works;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use privatelink_core::cloud::{Cloud as _, CloudError, Write};
use privatelink_core::fake::{Entry, State, sort};
use privatelink_core::kinds::Live;
use privatelink_e2e::cloud::Cloud;
use privatelink_gcp::{Google, Options, Patience};

use history::Played;
use replay::Counts;
use seen::{Revisions, scopes, seen};

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
    let seeds = wanted("DIFFERENTIAL_SEEDS", SEEDS);
    let mut replayed: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for seed in 0..seeds {
        for Entry { asked, write, .. } in history::play(seed, None, true).journal {
            if !document::can_be_told(&asked) {
                continue;
            }
            let mut after = State::clone(&asked);
            let result = after.carry_out(&write, None);
            let key = (sort(&write), outcome(&result));
            let count = replayed.entry(key).or_default();
            if *count >= OF_A_SORT {
                continue;
            }
            *count += 1;
            if let Some(difference) =
                one_write(&cloud, &google, &asked, &write, &result, &after).await
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

/// Histories of which a normal run replays those that hold something new.
const HISTORIES: u64 = 200;
/// How often each thing that can happen in a history is looked for.
const OF_A_THING: usize = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_history_comes_to_the_same_on_both() {
    let histories = wanted("DIFFERENTIAL_HISTORIES", HISTORIES);
    let chosen = chosen(histories);
    let clean = chosen
        .iter()
        .filter(|(_, played)| undisturbed(played))
        .count();
    let count = chosen.len();
    // One for each of two cores.
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for (place, history) in chosen.into_iter().enumerate() {
        let half = if place % 2 == 0 { &mut one } else { &mut other };
        half.push(history);
    }
    let halves = [one, other].map(|half| tokio::spawn(replay_all(half)));
    let (mut counts, mut differences) = (Counts::new(), Vec::new());
    for half in halves {
        let (counted, found) = half.await.unwrap();
        for (key, more) in counted {
            *counts.entry(key).or_default() += more;
        }
        differences.extend(found);
    }
    for ((what, how, came), count) in &counts {
        println!("{what:<40} {how:<16} {came:<12} {count}");
    }
    let of = |with: &str| -> usize {
        let some = counts.iter().filter(|((_, how, _), _)| how == with);
        some.map(|(_, count)| count).sum()
    };
    let (rest, document) = (of(others::REST), of(others::DOCUMENT));
    let ours = counts.values().sum::<usize>() - rest - document;
    println!(
        "{count} of {histories} histories, {clean} of them without faults: {ours} writes of ours; of what others did {rest} \
         over REST and {document} in the document"
    );
    assert!(
        differences.is_empty(),
        "{} of {count} histories differ:\n{}",
        differences.len(),
        differences.join("\n\n")
    );
    let sorts: BTreeSet<&str> = counts.keys().map(|(what, _, _)| what.as_str()).collect();
    for sort in table::SORTS.iter().map(|(_, sort)| *sort) {
        assert!(sorts.contains(sort), "no history did {sort}");
    }
    assert!(clean > 0 && rest > document, "what is replayed says little");
}

fn undisturbed(played: &Played) -> bool {
    played.journal.iter().all(|entry| entry.fault.is_none())
}

/// The first histories of which each holds something that few before it did: a sort of write with a fault, or a thing
/// that others do. What happens in all of them says nothing new.
fn chosen(histories: u64) -> Vec<(u64, Played)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let played = (0..histories).map(|seed| (seed, history::play(seed, None, true)));
    played
        .filter(|(_, played)| {
            let of = |entry: &Entry| format!("{} {:?}", sort(&entry.write), entry.fault);
            let others = played
                .told
                .iter()
                .filter(|told| told.starts_with("others: "));
            let things: BTreeSet<String> = others
                .cloned()
                .chain(played.journal.iter().map(of))
                .collect();
            let new = things
                .iter()
                .any(|thing| seen.get(thing).is_none_or(|times| *times < OF_A_THING));
            if new {
                for thing in things {
                    *seen.entry(thing).or_default() += 1;
                }
            }
            new
        })
        .collect()
}

/// Replays histories one after the other on an emulator of their own.
async fn replay_all(histories: Vec<(u64, Played)>) -> (Counts, Vec<String>) {
    let cloud = Cloud::start().await.unwrap();
    // One attempt: what goes wrong once is told, and not tried again.
    let patience = Patience {
        attempts: 1,
        deadline: Duration::ZERO,
        ..Patience::brisk()
    };
    let google = privatelink_gcp::connect(Options {
        endpoint: Some(cloud.url()),
        patience: Some(patience),
        ..Options::default()
    })
    .await
    .unwrap();
    let (mut counts, mut differences) = (Counts::new(), Vec::new());
    for (seed, played) in &histories {
        if let Err(difference) = replay::replay(&cloud, &google, &mut counts, played).await {
            differences.push(format!("seed {seed}, {difference}"));
        }
    }
    (counts, differences)
}

fn wanted(variable: &str, normal: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(normal)
}

fn outcome(result: &Result<Option<Live>, CloudError>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{:?}", error.kind),
    }
}

/// One write on one state; what is different, if anything is.
async fn one_write(
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
    for scope in scopes(before) {
        let wanted = seen(after.list(&scope).items, Revisions::MadeUp);
        let found = seen(google.list(&scope).await.unwrap().items, Revisions::MadeUp);
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
