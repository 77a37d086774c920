//! `cargo bench -p privatelink --bench turn [-- 100 1000 10000]`: what a turn costs when nothing is to be done.
//!
//! The emulator runs as its own process. For each size it is filled with the shape of `shape`, everything is
//! applied once, and then `privatelink plan --prune -o json` is watched from outside: its requests, time and peak
//! memory. Reading and deciding are timed in a process that does the same without rendering. Exits with 1 when a target
//! is missed.

#![allow(clippy::unwrap_used, clippy::panic)] // A benchmark that cannot go on has nothing better to do.

mod cloud;
mod measure;
#[path = "../../src/printable.rs"]
#[allow(dead_code, unused_imports)]
// The sources use a part of it.
mod printable;
mod program;
mod shape;
#[path = "../../src/sources/mod.rs"]
#[allow(dead_code, unused_imports)]
// The program's own reader; rendering and its tests are not needed here.
mod sources;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use cloud::Emulator;
use measure::Measured;
use program::{Watched, watch};
use shape::Shape;

const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// Targets at the largest size.
const MOST_CALLS: u64 = 500;
const LONGEST_DECIDING: f64 = 1_000.0;
const MOST_MEMORY: u64 = 256;

/// Set for the process that measures: the emulator's address and the folder with the declarations.
const ENDPOINT: &str = "PRIVATELINK_BENCH_ENDPOINT";
const FOLDER: &str = "PRIVATELINK_BENCH_FOLDER";

fn main() -> ExitCode {
    if let (Ok(endpoint), Some(folder)) = (std::env::var(ENDPOINT), std::env::var_os(FOLDER)) {
        println!(
            "{}",
            measure::measure(&endpoint, Path::new(&folder)).to_json()
        );
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` builds this; only `cargo bench` runs it.
        return ExitCode::SUCCESS;
    }
    let asked: Vec<usize> = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let sizes = if asked.is_empty() {
        SIZES.to_vec()
    } else {
        asked
    };
    println!(
        "links   services  calls  revision reads  reading ms  deciding ms  turn ms  peak MiB   (applying took)"
    );
    let missed: Vec<bool> = sizes.into_iter().map(bench).collect();
    ExitCode::from(u8::from(missed.into_iter().any(|missed| missed)))
}

/// Measures one size and prints its row; true when a target was missed.
fn bench(links: usize) -> bool {
    let shape = Shape::new(links);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{links}"));
    shape.declare(&folder);
    let emulator = Emulator::start();
    emulator.put_state(&shape.state());
    let began = std::time::Instant::now();
    apply(&emulator, &folder);
    let applying = began.elapsed();
    emulator.put_state(&Shape::shared(Shape::pinned(emulator.state())));
    let Measured { reading, deciding } = measured_apart(&emulator, &folder);
    let Watched {
        calls,
        revisions,
        turn,
        peak,
    } = watch(&emulator, &folder);
    println!(
        "{links:<7} {:<9} {calls:<6} {revisions:<15} {reading:<11.0} {deciding:<12.0} {:<8.0} {peak:<10} ({:.1} s)",
        shape.services(),
        turn.as_secs_f64() * 1_000.0,
        applying.as_secs_f64()
    );
    let largest = links >= SIZES[SIZES.len() - 1];
    let mut missed = false;
    for (value, most, unit) in [
        (f64_of(calls), f64_of(MOST_CALLS), "calls"),
        (deciding, LONGEST_DECIDING, "ms deciding"),
        (f64_of(peak), f64_of(MOST_MEMORY), "MiB"),
    ] {
        if largest && value > most {
            missed = true;
            println!("missed: {value:.0} {unit}, at most {most:.0} were the target");
        }
    }
    missed
}

#[allow(clippy::cast_precision_loss)] // Counts of some hundreds.
fn f64_of(count: u64) -> f64 {
    count as f64
}

/// Applies everything with the binary itself.
fn apply(emulator: &Emulator, folder: &Path) {
    let output = Command::new(cloud::BINARY)
        .args([
            "apply",
            "--yes",
            "--quiet",
            "-o",
            "json",
            "--endpoint",
            emulator.url(),
        ])
        .arg(folder)
        .output()
        .unwrap();
    if !output.status.success() {
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        panic!(
            "applying ended with {}: {:#}",
            output.status, report["diagnostics"]
        );
    }
}

/// Runs this program again as the process that is measured.
fn measured_apart(emulator: &Emulator, folder: &Path) -> Measured {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(ENDPOINT, emulator.url())
        .env(FOLDER, folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Measured::from_json(&output.stdout)
}
