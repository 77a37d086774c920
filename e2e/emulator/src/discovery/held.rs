//! The guard that a test holds while it uses an emulator.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::exchange::{Exchange, Observer};

use super::check::{Outcome, Strictness};
use super::description::Description;
use super::documents;

/// How our adapters introduce themselves: what they send is to be right, whatever the answer.
const OURS: &str = "privatelink/";

/// The most that is told of one test.
const TOLD: usize = 20;

/// Holds emulators to Google's description. When it goes, it panics if anything was not as Google says.
///
/// Where the documents cannot be had it holds nothing and says so; with `CI=true` it panics instead.
#[derive(Debug, Default)]
pub struct Held {
    seen: Arc<Mutex<Seen>>,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    exchanges: u64,
    /// How often each method was checked: requests, and answers that were no refusals.
    methods: BTreeMap<String, (u64, u64)>,
    violations: BTreeSet<String>,
}

impl Seen {
    fn add(&mut self, outcome: &Outcome) {
        self.exchanges += 1;
        if let Some(method) = &outcome.method {
            let (requests, answers) = self.methods.entry(method.clone()).or_default();
            *requests += u64::from(outcome.request);
            *answers += u64::from(outcome.answer && outcome.success);
        }
        let told = outcome.violations.iter().map(ToString::to_string);
        self.violations.extend(told);
    }

    fn merge(&mut self, other: &Seen) {
        self.exchanges += other.exchanges;
        for (method, (requests, answers)) in &other.methods {
            let counts = self.methods.entry(method.clone()).or_default();
            counts.0 += requests;
            counts.1 += answers;
        }
        self.violations.extend(other.violations.iter().cloned());
    }

    fn summary(&self) -> String {
        format!(
            "discovery: {} exchanges checked, {} methods, {} violations",
            self.exchanges,
            self.methods.len(),
            self.violations.len()
        )
    }
}

/// What all tests of this process have seen.
static PROCESS: LazyLock<Mutex<Seen>> = LazyLock::new(Mutex::default);

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    /// A guard; the documents are loaded with the first of a process.
    pub fn new() -> Held {
        Held::default()
    }

    /// What an emulator's options want; empty where the documents cannot be had.
    pub fn observers(&self) -> Vec<Observer> {
        let Some(description) = description() else {
            return Vec::new();
        };
        let seen = Arc::clone(&self.seen);
        vec![Observer::new(move |exchange| {
            let outcome = description.check(exchange, strictness(exchange));
            lock(&seen).add(&outcome);
        })]
    }

    /// Holds an exchange that was observed elsewhere.
    pub fn check(&self, exchange: &Exchange<'_>) {
        if let Some(description) = description() {
            let outcome = description.check(exchange, strictness(exchange));
            lock(&self.seen).add(&outcome);
        }
    }

    /// The methods of which a request and an answer were checked; `None` where there are no documents.
    pub fn methods(&self) -> Option<BTreeSet<String>> {
        description()?;
        let seen = lock(&self.seen);
        let both = seen
            .methods
            .iter()
            .filter(|(_, (sent, answered))| *sent > 0 && *answered > 0);
        Some(both.map(|(method, _)| method.clone()).collect())
    }

    /// How many exchanges were checked.
    pub fn exchanges(&self) -> u64 {
        lock(&self.seen).exchanges
    }

    /// What was not as Google says; it is then forgiven.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.seen).violations)
            .into_iter()
            .collect()
    }
}

impl Drop for Held {
    #[expect(clippy::panic, reason = "a guard of tests: this is how it fails them")]
    fn drop(&mut self) {
        let seen = lock(&self.seen);
        if seen.exchanges == 0 {
            return;
        }
        println!("{}", seen.summary());
        tally(&seen);
        if seen.violations.is_empty() || std::thread::panicking() {
            return;
        }
        let mut told = String::new();
        for violation in seen.violations.iter().take(TOLD) {
            // Writing to a text cannot fail.
            let _ = write!(told, "\n  {violation}");
        }
        let count = seen.violations.len();
        drop(seen);
        panic!("{count} times not as Google describes it:{told}");
    }
}

fn strictness(exchange: &Exchange<'_>) -> Strictness {
    if exchange.user_agent.starts_with(OURS) {
        Strictness::Always
    } else {
        Strictness::AcceptedOnly
    }
}

/// The pinned description; where it cannot be had, it is said once, and in CI every time that it is wanted.
fn description() -> Option<&'static Description> {
    static MISSING: LazyLock<Option<String>> = LazyLock::new(|| {
        let error = documents::pinned().err()?;
        let cause = std::error::Error::source(error);
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        let text = format!("Google's discovery documents are missing: {error}{cause}");
        // Not by a macro, whose output is kept back for tests that pass.
        let said = format!("skipped: nothing is held to Google's description: {text}\n");
        drop(std::io::stderr().write_all(said.as_bytes()));
        Some(text)
    });
    if let Some(text) = &*MISSING {
        let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!in_ci, "{text}");
    }
    documents::pinned().ok()
}

/// Keeps what this process has seen where the end of a test run finds it.
fn tally(seen: &Seen) {
    let summary = {
        let mut process = lock(&PROCESS);
        process.merge(seen);
        process.summary()
    };
    let program = std::env::current_exe().unwrap_or_default();
    let name = program
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let folder = documents::folder().join("runs");
    let line = format!("{name}: {summary}\n");
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join(format!("{name}.txt")), line));
    if let Err(error) = written {
        eprintln!("{} is not written: {error}", folder.display());
    }
}
