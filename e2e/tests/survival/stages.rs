//! A scenario as stages: each command of its folder that writes, with the world that it meets.
//!
//! The emulator plays the folder from its start to its end through the real adapters, with everything that somebody
//! else does in between. What it holds before each command is where a stage begins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use privatelink_core::decide::{Orders, Wishes};
use privatelink_core::fake::State;
use privatelink_core::ids::ProjectId;
use privatelink_core::policy::Policy;
use privatelink_core::turn::turn;
use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::scenario::{Run, Scenario, Step, merge};
use privatelink_gcp::{Google, Options};

use crate::universe::UNIVERSE;
use crate::{seen, sources};

/// One command of one scenario.
pub(crate) struct Stage {
    /// The folder, and which command of it: `chain 2: destroy`.
    pub(crate) scenario: String,
    pub(crate) title: String,
    pub(crate) wishes: Wishes,
    pub(crate) orders: Orders,
    pub(crate) scope: BTreeSet<ProjectId>,
    /// The world before the scenario's first command, with what others did since.
    pub(crate) origin: State,
    /// The world that this command meets.
    pub(crate) start: State,
    /// What it came to on the emulator, unless the folder lets something go wrong meanwhile.
    pub(crate) end: Option<State>,
}

/// What of the folders is not a stage, by the word that `scenario.yaml` has for it, and why.
pub(crate) const LEFT_OUT: &[(&str, &str)] = &[
    ("plan", "writes nothing; its reads are those of the apply"),
    ("drift", "writes nothing; its reads are those of the apply"),
    (
        "as-before",
        "a check of the binary's run; here every run is held against the undisturbed one",
    ),
    (
        "faults",
        "in force while the emulator plays on, so that what they leave behind is where later stages begin",
    ),
];

/// The folders, in the order of their names.
pub(crate) fn folders() -> Vec<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let entries = std::fs::read_dir(root).unwrap();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !LEFT_OUT.iter().any(|(name, _)| path.ends_with(name)))
        .collect();
    folders.sort();
    folders
}

/// Plays one folder.
pub(crate) async fn of(folder: &Path) -> Vec<Stage> {
    let scenario = Scenario::read(folder).unwrap();
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let cloud = Cloud::start().await.unwrap();
    let google = connect(&cloud).await;
    cloud.put_state(&scenario.live).await.unwrap();
    let mut origin = seen::state(&cloud, &google).await;
    let mut stages = Vec::new();
    let mut faults = serde_json::json!([]);
    for (number, step) in scenario.steps.iter().enumerate() {
        let (verb, command) = match step {
            Step::Apply(command) => ("apply", command),
            Step::Destroy(command) => ("destroy", command),
            Step::Tamper(tamper) => {
                let sent = cloud.send(&tamper.method, &tamper.path, &tamper.body);
                sent.await.unwrap();
                continue;
            }
            Step::Merge(patch) => {
                let mut state = cloud.state();
                merge(&mut state, patch);
                cloud.put_state(&state).await.unwrap();
                continue;
            }
            Step::Faults(wanted) => {
                faults.clone_from(wanted);
                continue;
            }
            Step::Plan(_) | Step::Drift(_) | Step::AsBefore(_) => continue,
        };
        let start = seen::state(&cloud, &google).await;
        others_did(&mut origin, &start);
        let wishes = sources::wishes(folder, &command.files);
        let (orders, scope) = orders(verb, command, &wishes);
        // What Google does wrong in the folder is there for the command alone.
        set_faults(&cloud, &faults).await;
        let _told_by_the_next_stage = turn(&google, &wishes, &orders, &scope, &|_| ()).await;
        set_faults(&cloud, &serde_json::json!([])).await;
        let undisturbed = faults.as_array().is_some_and(Vec::is_empty);
        let end = seen::state(&cloud, &google).await;
        stages.push(Stage {
            scenario: name.clone(),
            title: format!("{name} {}: {verb}", number + 1),
            wishes,
            orders,
            scope,
            origin: origin.clone(),
            start,
            end: undisturbed.then_some(end),
        });
    }
    stages
}

async fn connect(cloud: &Cloud) -> Google {
    let options = Options {
        endpoint: Some(cloud.url()),
        ..Options::default()
    };
    privatelink_gcp::connect(options).await.unwrap()
}

async fn set_faults(cloud: &Cloud, faults: &serde_json::Value) {
    let sent = cloud.send("PUT", "/emulator/faults", faults);
    sent.await.unwrap();
}

/// Services that nobody of ours has touched are as their teams have made them since.
fn others_did(origin: &mut State, now: &State) {
    for (id, service) in &now.services {
        let ours = |key: &String| key.starts_with("privatelink.dev/");
        if !service.annotations.keys().any(ours) {
            origin.services.insert(id.clone(), service.clone());
        }
    }
}

/// The orders that the arguments of a command mean.
fn orders(verb: &str, command: &Run, wishes: &Wishes) -> (Orders, BTreeSet<ProjectId>) {
    let mut orders = Orders {
        ours: UNIVERSE.ours.clone(),
        policy: Policy::Sync,
        prune: false,
        allow_empty: false,
        destroy: BTreeSet::new(),
    };
    if verb == "destroy" {
        orders.destroy = wishes.links.iter().map(|link| link.name.clone()).collect();
    }
    let mut scope = BTreeSet::new();
    let mut arguments = command.with.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("the argument has a value");
        match argument.as_str() {
            "--prune" => orders.prune = true,
            "--allow-empty" => orders.allow_empty = true,
            "--policy" => orders.policy = value().parse().unwrap(),
            "--scope" => scope.extend(value().split(',').map(|name| name.parse().unwrap())),
            // Nothing is left out silently.
            other => panic!("the survival test does not know the argument {other}"),
        }
    }
    (orders, scope)
}
