//! The core against an in-memory cloud: from any state to any state, with failures, lost replies, crashes between
//! calls, foreign objects and stale reads. What has to hold at every write is in `judge`, what has to hold when
//! nothing goes wrong any more in `settled`.
//!
//! `SIM_HISTORIES=100000` plays more histories, `SIM_SEED=17` tells one of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::match_same_arms,
    clippy::struct_excessive_bools,
    clippy::too_many_lines
)]

mod apart;
mod declare;
mod found;
mod history;
mod judge;
mod planted;
mod rng;
mod rules;
mod settled;
mod table;
mod tamper;
mod told;
mod universe;
mod works;

use history::play;
use planted::Bug;
use table::Table;

/// Histories of a normal run.
const HISTORIES: u64 = 2_000;

fn wanted() -> u64 {
    std::env::var("SIM_HISTORIES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(HISTORIES)
}

/// Seeds that failed once, replayed first.
fn regressions() -> Vec<u64> {
    let lines = include_str!("regressions.txt").lines();
    lines
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect()
}

/// Plays histories on all cores, and stops at the first that goes wrong.
fn play_all(seeds: &[u64]) -> Result<Table, (u64, String)> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let wrong = std::sync::Mutex::new(Vec::new());
    let table = std::sync::Mutex::new(Table::default());
    let work = || {
        let mut mine = Table::default();
        while let Some(seed) = seeds.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let played = play(*seed, None, false);
            mine.add(played.table);
            if let Some(what) = played.wrong {
                wrong.lock().unwrap().push((*seed, what));
                if std::env::var_os("SIM_KEEP_GOING").is_none() {
                    next.store(seeds.len(), std::sync::atomic::Ordering::Relaxed);
                }
            }
        }
        table.lock().unwrap().add(mine);
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    if wrong.len() > 1 {
        for (seed, what) in &wrong {
            println!("seed {seed}: {}", what.lines().next().unwrap_or_default());
        }
    }
    match wrong.into_iter().next() {
        Some(first) => Err(first),
        None => Ok(table.into_inner().unwrap()),
    }
}

#[test]
fn from_any_state_to_any_state() {
    if let Some(seed) = std::env::var("SIM_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        let played = play(seed, None, true);
        println!("{}", played.told.join("\n"));
        assert_eq!(played.wrong, None);
        return;
    }
    let mut seeds = regressions();
    seeds.extend(0..wanted());
    let table = match play_all(&seeds) {
        Ok(table) => table,
        Err((seed, what)) => panic!(
            "{what}\n\nseed {seed}: run with SIM_SEED={seed} to see it, and keep it in regressions.txt"
        ),
    };
    println!("{} histories\n{table}", seeds.len());
    assert_eq!(table.surprising(), [], "cells that cannot happen did");
    assert_eq!(table.empty(), [], "cells that can happen did not");
}

#[test]
fn every_planted_bug_is_found() {
    let find = |(bug, last): &(Bug, u64)| {
        let mut seeds = [*last].into_iter().chain(0..HISTORIES);
        let found = seeds.find_map(|seed| Some((seed, play(seed, Some(*bug), false).wrong?)));
        (*bug, found)
    };
    let found: Vec<_> = Bug::ALL.iter().map(find).collect();
    for (bug, found) in &found {
        let (seed, what) = found.clone().unwrap_or_default();
        println!(
            "{bug:?}: history {seed}: {}",
            what.lines().next().unwrap_or("not found")
        );
    }
    let missed: Vec<Bug> = found
        .into_iter()
        .filter(|(_, found)| found.is_none())
        .map(|(bug, _)| bug)
        .collect();
    assert_eq!(missed, []);
    assert!(Bug::ALL.iter().all(|(_, last)| *last < HISTORIES));
}
