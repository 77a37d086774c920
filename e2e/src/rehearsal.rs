//! A scenario played once without a disturbance: what each of its runs starts from, what it asks, and what it
//! comes to. Runs that are disturbed are measured by it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cloud::{Cloud, CloudError};
use crate::privatelink::{Answer, Privatelink};
use crate::scenario::{Run, Scenario, ScenarioError, Step, merge};

/// What a run may do to the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It only reads.
    Plan,
    /// It only reads.
    Drift,
    /// It writes.
    Apply,
    /// It writes.
    Destroy,
}

impl Verb {
    /// As it stands on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Drift => "drift",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }

    /// Does it change anything?
    pub fn writes(self) -> bool {
        match self {
            Self::Plan | Self::Drift => false,
            Self::Apply | Self::Destroy => true,
        }
    }
}

/// One run of a scenario, and the world around it.
#[derive(Debug, Clone)]
pub struct Act {
    /// The name of the scenario's folder.
    pub scenario: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// Which step of the scenario it is, from 1.
    pub step: usize,
    /// What is run.
    pub verb: Verb,
    /// How it is run, for a report as JSON.
    pub arguments: Vec<String>,
    /// The exit code that the scenario expects.
    pub exit: i32,
    /// The exit code of the same run once more: of a revision that does not start, say, the first run tells that its
    /// write failed, and every other that it waits for the service's team.
    pub again: i32,
    /// After this run a second one has nothing to write.
    pub settles: bool,
    /// Paths of others' things that the scenario's links may change.
    pub adopts: BTreeSet<String>,
    /// The scenario's own faults that are in force.
    pub faults: Vec<Value>,
    /// The state before.
    pub before: Value,
    /// The state after.
    pub after: Value,
    /// The report.
    pub report: Value,
    /// How often each operation was sent, polls included.
    pub requests: BTreeMap<String, u64>,
}

impl Act {
    /// How it is called in tables and failures: `plain, step 2 (apply)`.
    pub fn title(&self) -> String {
        let Self {
            scenario,
            step,
            verb,
            ..
        } = self;
        format!("{scenario}, step {step} ({})", verb.word())
    }

    /// How it is run, for people to read.
    pub fn arguments_for_people(&self) -> Vec<String> {
        let json = |argument: &&String| !matches!(argument.as_str(), "-o" | "json");
        self.arguments.iter().filter(json).cloned().collect()
    }
}

/// Why a scenario cannot be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// It is none.
    #[error("the scenario cannot be read")]
    Scenario(#[source] ScenarioError),
    /// The emulator does not do as it is told.
    #[error("the emulator does not answer")]
    Cloud(#[source] CloudError),
    /// The binary cannot be run.
    #[error("the binary cannot be run")]
    Binary(#[source] std::io::Error),
    /// The scenario does not go as it says.
    #[error("{title}: exit {} instead of {wanted}\n{}\n{}", .answer.code, .answer.stdout, .answer.stderr)]
    Exit {
        /// Which step.
        title: String,
        /// What it should have been.
        wanted: i32,
        /// What came.
        answer: Answer,
    },
}

/// Plays a folder from its start to its end, on a cloud that is emptied first.
pub async fn rehearse(
    cloud: &Cloud,
    binary: &Path,
    folder: &Path,
) -> Result<Vec<Act>, RehearsalError> {
    let scenario = Scenario::read(folder).map_err(RehearsalError::Scenario)?;
    let privatelink = Privatelink::new(binary, &cloud.url(), folder);
    let mut faults = Vec::new();
    let mut acts = Vec::new();
    cloud
        .order(&[])
        .await
        .and(cloud.put_state(&scenario.live).await)
        .map_err(RehearsalError::Cloud)?;
    for (index, step) in scenario.steps.iter().enumerate() {
        let (verb, run) = match step {
            Step::Plan(run) => (Verb::Plan, run),
            Step::Drift(run) => (Verb::Drift, run),
            Step::Apply(run) => (Verb::Apply, run),
            Step::Destroy(run) => (Verb::Destroy, run),
            Step::Tamper(_) | Step::Merge(_) | Step::Faults(_) | Step::AsBefore(_) => {
                if let Step::Faults(list) = step {
                    faults = list.as_array().cloned().unwrap_or_default();
                }
                outside(cloud, step, &faults)
                    .await
                    .map_err(RehearsalError::Cloud)?;
                continue;
            }
        };
        let act = Act {
            scenario: name(folder),
            folder: folder.to_owned(),
            step: index + 1,
            verb,
            arguments: arguments(verb, run),
            exit: run.exit,
            again: run.exit,
            settles: !run.unsettled,
            adopts: scenario.adopts.clone(),
            faults: faults.clone(),
            before: cloud.state(),
            after: Value::Null,
            report: Value::Null,
            requests: BTreeMap::new(),
        };
        acts.push(perform(cloud, &privatelink, act).await?);
    }
    Ok(acts)
}

/// What somebody else does in a scenario.
async fn outside(cloud: &Cloud, step: &Step, faults: &[Value]) -> Result<(), CloudError> {
    match step {
        Step::Tamper(tamper) => cloud
            .send(&tamper.method, &tamper.path, &tamper.body)
            .await
            .map(drop),
        Step::Merge(patch) => {
            let mut state = cloud.state();
            merge(&mut state, patch);
            cloud.put_state(&state).await
        }
        Step::Faults(_) => cloud.order(faults).await,
        Step::Plan(_) | Step::Drift(_) | Step::Apply(_) | Step::Destroy(_) | Step::AsBefore(_) => {
            Ok(())
        }
    }
}

/// Runs an act as it is meant, and writes down what came of it.
async fn perform(
    cloud: &Cloud,
    privatelink: &Privatelink,
    mut act: Act,
) -> Result<Act, RehearsalError> {
    cloud
        .reset_requests()
        .await
        .map_err(RehearsalError::Cloud)?;
    let answer = privatelink
        .run(&act.arguments)
        .await
        .map_err(RehearsalError::Binary)?;
    if answer.code != act.exit {
        return Err(RehearsalError::Exit {
            title: act.title(),
            wanted: act.exit,
            answer,
        });
    }
    act.requests = cloud.operations().await.map_err(RehearsalError::Cloud)?;
    act.report = answer.json();
    act.after = cloud.state();
    if !act.settles {
        let answer = privatelink.run(&act.arguments).await;
        act.again = answer.map_err(RehearsalError::Binary)?.code;
        let back = cloud.put_state(&act.after).await;
        back.map_err(RehearsalError::Cloud)?;
    }
    Ok(act)
}

fn name(folder: &Path) -> String {
    folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The command line of a run, for a report as JSON.
pub fn arguments(verb: Verb, run: &Run) -> Vec<String> {
    let mut arguments = vec![verb.word(), "-o", "json"];
    if verb.writes() {
        arguments.push("--yes");
    }
    arguments.extend(run.with.iter().map(String::as_str));
    arguments.extend(run.files.iter().map(String::as_str));
    arguments.into_iter().map(str::to_owned).collect()
}

/// The folders of `e2e/scenarios`, in the order of their names; a name picks one.
pub fn folders(only: Option<&str>) -> std::io::Result<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut folders = std::fs::read_dir(root)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    folders.retain(|path| path.is_dir() && only.is_none_or(|name| path.ends_with(name)));
    folders.sort();
    Ok(folders)
}

/// A list of faults: the act's own, and more.
pub fn faults(act: &Act, more: &[Value]) -> Vec<Value> {
    act.faults.iter().chain(more).cloned().collect()
}

/// A fault that strikes one operation's `nth` request, and only that.
pub fn strike(operation: &str, nth: u64, effect: &Value) -> Value {
    json!({"match": {"operation": operation}, "nth": nth, "times": 1, "effect": effect})
}
