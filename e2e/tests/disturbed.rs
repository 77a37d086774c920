//! Google misbehaves in every way that the emulator knows, once at every operation that the adapters send, under
//! the real process and the real SDK. Whatever the disturbed run makes of it, the next one comes to the end of an
//! undisturbed one, nothing of others has changed, and the one after that writes nothing.
//!
//! `SURVIVE=all` plays every fault at every request of every scenario, and `SURVIVE_PART=3/40` with it only one cell in
//! forty of these, from the third on; `FAULT=name` plays one fault, `SCENARIO=name` one scenario.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "disturbed/cells.rs"]
mod cells;
#[path = "disturbed/faults.rs"]
mod faults;
#[path = "disturbed/meddling.rs"]
mod meddling;
#[path = "disturbed/operations.rs"]
mod operations;
#[path = "disturbed/product.rs"]
mod product;
#[path = "disturbed/reference.rs"]
mod reference;
#[path = "disturbed/told.rs"]
mod told;

use std::collections::BTreeSet;
use std::path::Path;

use futures::StreamExt as _;
use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::page;
use privatelink_e2e::rehearsal::{Act, folders, rehearse};

use cells::Outcome;
use faults::Fault;
use operations::{NEVER_SENT, named_in_the_adapters};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

/// Scenarios that together send every operation there is.
const CHOSEN: [&str; 3] = [
    "neighbours",
    "existing-subnetwork",
    "pinned-foreign-service",
];

/// Plays the folders without a disturbance, each in a cloud of its own. What comes of it lives as long as the test.
async fn acts(folders: Vec<std::path::PathBuf>) -> &'static [Act] {
    let rehearsed = folders.into_iter().map(|folder| async move {
        let cloud = Cloud::start().await.unwrap();
        rehearse(&cloud, Path::new(BINARY), &folder).await.unwrap()
    });
    let acts = futures::stream::iter(rehearsed).buffered(4).concat().await;
    Vec::leak(acts)
}

const COMMAND: &str = "cargo test -p privatelink --test disturbed every_operation";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_comes_through_every_fault() {
    let everything = std::env::var("SURVIVE").is_ok_and(|it| it == "all");
    let acts = if everything {
        acts(folders(None).unwrap()).await
    } else {
        let chosen = CHOSEN.iter().flat_map(|name| folders(Some(name)).unwrap());
        acts(chosen.collect()).await
    };
    let sent: BTreeSet<String> = acts
        .iter()
        .flat_map(|act| act.requests.keys().cloned())
        .collect();
    let never = NEVER_SENT.map(|(operation, _)| operation.to_owned());
    let known: BTreeSet<String> = sent.iter().cloned().chain(never).collect();
    assert_eq!(
        known,
        named_in_the_adapters(),
        "what the emulator's log shows, and what the adapters can send"
    );

    let (cells, without) = if everything {
        product::everything(acts)
    } else {
        (
            product::one_of_each(acts),
            vec![product::NEVER_STALE.to_owned()],
        )
    };
    let figures = format!(
        "{} operations x {} faults, {} cells",
        sent.len(),
        Fault::ALL.len(),
        cells.len()
    );
    let table = product::play(cells).await;
    println!("{}", table.show());
    println!("{}", product::left_out().join("\n"));
    println!("{}", without.join("\n"));
    let (same, next) = (table.total(Outcome::SameRun), table.total(Outcome::NextRun));
    let lost = table.total(Outcome::LostAndTold);
    println!(
        "{} acts, {} operations, {} faults: {} cells struck, {same} came through in the same run, {next} with the next, \
         {lost} lost somebody's NAT entry and said so; {} were not reached",
        acts.len(),
        sent.len(),
        Fault::ALL.len(),
        same + next + lost,
        table.total(Outcome::NotStruck)
    );
    assert!(
        table.failures.is_empty(),
        "{} cells did not come through:\n\n{}",
        table.failures.len(),
        table.failures.join("\n\n")
    );
    if !everything && !product::is_partial() {
        page::quote("docs/reference/survival.md", "disturbed", &figures, COMMAND).unwrap();
    }
    let missing: Vec<String> = sent
        .iter()
        .flat_map(|operation| {
            Fault::ALL
                .into_iter()
                .filter(|fault| {
                    fault.left_out(operation).is_none() && !table.has(operation, *fault)
                })
                .map(move |fault| format!("{} at {operation}", fault.name()))
        })
        .collect();
    assert!(
        missing.is_empty() || product::is_partial(),
        "never struck: {missing:#?}"
    );
}

#[test]
fn every_fault_of_the_reference_is_played() {
    let reference = include_str!("../../docs/reference/emulator.md");
    let unplayed = reference::unplayed(reference);
    assert!(unplayed.is_empty(), "{unplayed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_is_told_as_its_golden_says() {
    let differences = told::differences().await;
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
