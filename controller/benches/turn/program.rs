//! The program itself, as a user runs it, watched from outside: `privatelink plan --prune -o json`.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cloud::{BINARY, Emulator};

/// How often the kernel is asked for the high-water mark of memory. It only ever grows, and what comes after the last
/// look is the end of the process.
const LOOK: Duration = Duration::from_millis(2);

/// What one turn of the program cost.
pub(super) struct Watched {
    /// Requests to Google as the emulator counts them, without the reads of revisions.
    pub(super) calls: u64,
    /// Reads of revisions: one per revision with traffic, where traffic is pinned.
    pub(super) revisions: u64,
    /// From start to end of the process.
    pub(super) turn: Duration,
    /// Peak resident memory in MiB.
    pub(super) peak: u64,
}

#[allow(clippy::disallowed_methods)] // No runtime here whose tasks a sleep could stop.
/// Plans the whole set, prune included, with its answer written to a file.
pub(super) fn watch(emulator: &Emulator, folder: &Path) -> Watched {
    emulator.forget_requests();
    let answer = folder.with_extension("json");
    let began = Instant::now();
    let mut process = Command::new(BINARY)
        .args([
            "plan",
            "--prune",
            "-o",
            "json",
            "--endpoint",
            emulator.url(),
        ])
        .arg(folder)
        .stdout(File::create(&answer).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak_memory(process.id()).unwrap_or(peak);
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    let turn = began.elapsed();
    let report: Value = serde_json::from_reader(File::open(&answer).unwrap()).unwrap();
    let writes = ["create", "update", "delete"].map(|action| &report["summary"][action]);
    assert!(
        status.success() && writes.iter().all(|count| **count == 0),
        "a turn with something to do: {status}, {}",
        report["summary"]
    );
    let requests = emulator.requests();
    let of = |pointer: &str| requests.pointer(pointer).and_then(Value::as_u64);
    let revisions = of("/byOperation/run.projects.locations.services.revisions.get");
    let revisions = revisions.unwrap_or_default();
    Watched {
        calls: of("/total").unwrap() - revisions,
        revisions,
        turn,
        peak,
    }
}

/// The kernel's own high-water mark of a process, in MiB.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mark = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = mark.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1_024)
}
