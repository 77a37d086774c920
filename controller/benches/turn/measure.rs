//! The parts of a turn that no waiting is in, each with a watch: what the program does between its requests.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use privatelink_core::decide::{Orders, Wishes, decide};
use privatelink_core::names::Installation;
use privatelink_core::observe::{Territory, observe};
use privatelink_core::policy::Policy;
use privatelink_core::report::Report;
use privatelink_core::validate::validate;
use privatelink_gcp::{Options, connect};
use serde_json::{Value, json};

use super::sources::{self, PathOrStdin};

/// What reading and deciding cost, without the waiting between them.
pub(super) struct Measured {
    /// Milliseconds of reading files.
    pub(super) reading: f64,
    /// Milliseconds from validation to plan, without observing: of one core's time, as the kernel counts it for
    /// this thread, so that a busy machine measures the same as an idle one.
    pub(super) deciding: f64,
}

impl Measured {
    pub(super) fn to_json(&self) -> Value {
        let Self { reading, deciding } = self;
        json!([reading, deciding])
    }

    pub(super) fn from_json(text: &[u8]) -> Self {
        let (reading, deciding) = serde_json::from_slice(text).unwrap();
        Self { reading, deciding }
    }
}

/// A turn as a job runs it: the whole set, prune included.
pub(super) fn measure(endpoint: &str, folder: &Path) -> Measured {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(turn(endpoint, folder))
}

async fn turn(endpoint: &str, folder: &Path) -> Measured {
    let began = Instant::now();
    let sources = sources::read(&[PathOrStdin::Path(folder.to_owned())]);
    let reading = began.elapsed();

    let before = on_core();
    let validated = validate(&sources.declared);
    drop(sources);
    let validating = on_core().saturating_sub(before);
    let wishes = Wishes {
        links: validated.links,
        broken: BTreeSet::new(),
        complete: true,
    };

    let options = Options {
        endpoint: Some(endpoint.to_owned()),
        ..Options::default()
    };
    let google = connect(options).await.unwrap();
    let orders = Orders {
        ours: Installation::new("privatelink", "default").unwrap(),
        policy: Policy::Sync,
        prune: true,
        allow_empty: false,
        destroy: BTreeSet::new(),
    };
    let territory = Territory::new(wishes.links.iter(), &BTreeSet::new(), true);
    let world = observe(&google, &territory, &orders.ours).await;

    let before = on_core();
    let decision = decide(&wishes, &orders, &world, &BTreeSet::new());
    let deciding = on_core().saturating_sub(before);
    let report = Report::new(&world, decision, &[], 1);

    let found: Vec<&str> = report
        .diagnostics
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    assert_eq!(
        (report.summary.writes(), report.exit_code()),
        (0, 0),
        "a turn with something to do: {found:?}"
    );
    Measured {
        reading: milliseconds(reading),
        deciding: milliseconds(validating + deciding),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// How long this thread has run on a core.
fn on_core() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(counted.split(' ').next().unwrap().parse().unwrap())
}
