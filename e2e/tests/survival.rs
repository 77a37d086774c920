//! Every scenario x every call x everything that can go wrong there, at the core's one port and in virtual time: it
//! converges to the same end, nothing foreign changes, and then it is silent.
//!
//! `CI=true` and `SURVIVE=all` take everything, `SURVIVE_STAGE="chain 4"` everything of the stages whose titles begin
//! so; a run on a laptop takes a fixed sample.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_macros
)]

#[path = "survival/essence.rs"]
mod essence;
#[allow(clippy::match_same_arms, clippy::too_many_lines)]
#[path = "../../controller/core/tests/simulation/judge.rs"]
mod judge;
#[path = "survival/mutations.rs"]
mod mutations;
#[path = "survival/others.rs"]
mod others;
#[path = "survival/process.rs"]
mod process;
#[path = "survival/product.rs"]
mod product;
#[path = "survival/sample.rs"]
mod sample;
#[path = "survival/seen.rs"]
mod seen;
#[path = "survival/sources.rs"]
mod sources;
#[path = "survival/stages.rs"]
mod stages;
#[path = "survival/table.rs"]
mod table;
#[path = "survival/trouble.rs"]
mod trouble;
#[path = "survival/universe.rs"]
mod universe;
#[path = "../../controller/core/tests/simulation/works.rs"]
mod works;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use futures::StreamExt as _;
use privatelink_core::fake::Call;
use privatelink_e2e::page;

use mutations::Mutation;
use process::Process;
use product::{Prepared, Run};
use sample::sample;
use stages::{LEFT_OUT, Stage};
use table::Table;
use trouble::{CALLS, Trouble, kind};

/// Every stage of every folder, played on the emulator once for all tests.
fn all_stages() -> &'static [Stage] {
    static STAGES: OnceLock<Vec<Stage>> = OnceLock::new();
    STAGES.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let folders = stages::folders().into_iter();
            let played =
                folders.map(|folder| tokio::spawn(async move { stages::of(&folder).await }));
            let played: Vec<_> = futures::stream::iter(played).buffered(4).collect().await;
            played.into_iter().flat_map(Result::unwrap).collect()
        })
    })
}

#[test]
fn every_scenario_survives_every_fault_at_every_call() {
    let (prepared, mut wrong) = prepare(all_stages());
    let all = runs(&prepared);
    let only = std::env::var("SURVIVE_STAGE").ok();
    let set = |name: &str, to: &str| std::env::var(name).is_ok_and(|value| value == to);
    let everything = only.is_some() || set("SURVIVE", "all") || set("CI", "true");
    let mut chosen = sample(&prepared, &all);
    let usual = chosen.iter().filter(|chosen| **chosen).count();
    for (run, chosen) in all.iter().zip(&mut chosen) {
        let title = &prepared[run.stage].stage.title;
        *chosen |= everything;
        *chosen &= only.as_ref().is_none_or(|only| title.starts_with(only));
    }
    let mut scenarios = Table::default();
    let mut calls = Table::new(CALLS);
    for stage in all_stages() {
        scenarios.row(&stage.scenario);
    }
    for (run, taken) in all.iter().zip(&chosen) {
        scenarios.count(&prepared[run.stage].stage.scenario, run.trouble, *taken);
        calls.count(&kind(&run.call), run.trouble, *taken);
    }
    let taken = all.iter().zip(&chosen).filter(|(_, taken)| **taken);
    let runs: Vec<Run> = taken.map(|(run, _)| run.clone()).collect();
    let failed = play(&prepared, &runs, Process(None));
    wrong.extend(failed.into_values());
    tell(&scenarios, &calls, (runs.len(), all.len()), prepared.len());
    let counted = figures(&scenarios, &calls, (usual, all.len()), prepared.len());
    page::quote("docs/reference/survival.md", "survival", &counted, COMMAND).unwrap();
    let titles = wrong.iter().filter_map(|wrong| wrong.lines().next());
    assert!(
        wrong.is_empty(),
        "{} of {} runs went wrong:\n{}\n\nthe first ones:\n\n{}",
        wrong.len(),
        runs.len(),
        titles.take(50).collect::<Vec<_>>().join("\n"),
        wrong
            .iter()
            .take(8)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n\n")
    );
    // Which writes are waited for is found by trying: a process that waited for nothing would leave these out.
    for sort in ["CreateConnector", "UpdateConnector", "DeleteConnector"] {
        let waits = |run: &Run| {
            run.call == Call::Write(sort) && matches!(run.trouble, Trouble::KilledAndUnsettled(_))
        };
        assert!(all.iter().any(waits), "nobody waits for a {sort}");
    }
    assert!(
        only.is_some() || scenarios.missing().is_empty(),
        "{:?} did not happen",
        scenarios.missing()
    );
    assert!(
        only.is_some() || calls.missing().is_empty(),
        "{:?} did not happen",
        calls.missing()
    );
}

const COMMAND: &str = "cargo test -p privatelink-e2e --test survival every_scenario";

/// What the page quotes: how much there is, and how much of it a run on a laptop takes.
fn figures(
    scenarios: &Table,
    calls: &Table,
    (usual, all): (usize, usize),
    stages: usize,
) -> String {
    format!(
        "{} scenarios with {stages} commands, {} sorts of calls and {} sorts of trouble make {} runs, of which a test \
         run takes {}, and CI all",
        scenarios.rows(),
        calls.rows(),
        Trouble::ALL.len(),
        grouped(all),
        grouped(usual),
    )
}

/// A number below a million, with a comma before its last three digits.
fn grouped(number: usize) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", number / 1_000, number % 1_000)
}

fn tell(scenarios: &Table, calls: &Table, (taken, all): (usize, usize), stages: usize) {
    println!(
        "{stages} stages, each undisturbed first: the in-memory cloud ends as the emulator does, and then it is silent.\n"
    );
    for trouble in Trouble::ALL {
        let (name, what) = trouble.told();
        println!("  {name:<7} {what}");
    }
    println!("\nNot stages of their own, in every folder:");
    for (step, why) in LEFT_OUT {
        println!("  {step:<10} {why}");
    }
    println!("\n{}\n{}", scenarios.text("scenario"), calls.text("call"));
    println!("-: it cannot happen there.");
    println!(
        "lostup: somebody's entry is lost; a diagnostic tells who wrote it, and the exit code is 6."
    );
    println!("opfail of a service: its new revision failed, and its team deploys again.");
    println!("scenarios x calls x faults: {taken} of {all} runs; SURVIVE=all takes all.");
}

#[test]
fn every_mutation_is_found() {
    let (prepared, _) = prepare(all_stages());
    let all = runs(&prepared);
    let chosen = sample(&prepared, &all);
    let taken = all.iter().zip(&chosen).filter(|(_, taken)| **taken);
    let sample: Vec<&Run> = taken.map(|(run, _)| run).collect();
    let mut missed = Vec::new();
    for mutation in Mutation::ALL.iter().copied() {
        let process = Process(Some(mutation));
        let plain = prepared
            .iter()
            .filter(|prepared| prepared.stage.scenario == "plain");
        for prepared in plain {
            assert_eq!(
                prepared.undisturbed(process),
                Ok(()),
                "{mutation:?} shows without any fault"
            );
        }
        let shown = sample
            .iter()
            .filter(|run| mutation.shown_by().contains(&run.trouble));
        let found = shown.into_iter().find_map(|run| {
            let wrong = prepared[run.stage].survive(run, process).err()?;
            Some(titled(&prepared, run, &wrong))
        });
        let told = found.as_deref().and_then(|found| found.lines().next());
        println!("{mutation:?}: {}", told.unwrap_or("not found"));
        missed.extend(found.is_none().then_some(mutation));
    }
    assert_eq!(missed, []);
}

/// Plays every stage with nothing going wrong.
fn prepare(stages: &[Stage]) -> (Vec<Prepared<'_>>, Vec<String>) {
    let mut prepared: Vec<Prepared<'_>> = Vec::new();
    let mut wrong = Vec::new();
    for stage in stages {
        let before = prepared
            .last()
            .filter(|before| before.stage.scenario == stage.scenario);
        match Prepared::new(stage, before) {
            Ok(ready) => prepared.push(ready),
            Err(what) => wrong.push(format!("{}, undisturbed: {what}", stage.title)),
        }
    }
    (prepared, wrong)
}

fn runs(prepared: &[Prepared<'_>]) -> Vec<Run> {
    let stages = prepared.iter().enumerate();
    stages
        .flat_map(|(number, stage)| stage.runs(number))
        .collect()
}

fn titled(prepared: &[Prepared<'_>], run: &Run, what: &str) -> String {
    let title = &prepared[run.stage].stage.title;
    let (name, _) = run.trouble.told();
    format!(
        "{title}, {name} at {} {}: {what}",
        kind(&run.call),
        run.number
    )
}

/// Plays runs on all cores; what went wrong, by place among the runs.
fn play(prepared: &[Prepared<'_>], runs: &[Run], process: Process) -> BTreeMap<usize, String> {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(BTreeMap::new());
    let work = || loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some(run) = runs.get(place) else { return };
        if let Err(what) = prepared[run.stage].survive(run, process) {
            wrong
                .lock()
                .unwrap()
                .insert(place, titled(prepared, run, &what));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    wrong.into_inner().unwrap()
}
