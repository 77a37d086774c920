//! Scenarios are folders: what is live, what is declared, what happens, and a golden of what came of it.
//!
//! `scenario.yaml` says in one sentence what it is about and lists its steps. `live.yaml` is the emulator's state
//! document at the start, as short as one likes. A new scenario is a folder, not code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// A scenario as its folder tells it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The folder.
    pub folder: PathBuf,
    /// What it is about.
    pub about: String,
    /// The state at the start.
    pub live: Value,
    /// Objects of others that links are allowed to change, by path.
    pub adopts: BTreeSet<String>,
    /// What happens.
    pub steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    about: String,
    #[serde(default)]
    adopts: BTreeSet<String>,
    steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// `privatelink plan`.
    Plan(Run),
    /// `privatelink apply`, and then once more, and a `plan`: neither has anything to write.
    Apply(Run),
    /// `privatelink drift`.
    Drift(Run),
    /// `privatelink destroy`.
    Destroy(Run),
    /// Somebody sends a request to Google Cloud.
    Tamper(Tamper),
    /// Somebody changes the state in a way that no request could: a merge patch of the state document.
    Merge(Value),
    /// Google Cloud misbehaves from here on; an empty list ends that.
    Faults(Value),
    /// The state is what it was at the start, apart from generations, etags, revisions and times.
    AsBefore(AsBefore),
}

/// How a command is run.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Run {
    /// Files of the folder.
    #[serde(default = "declare_yaml")]
    pub files: Vec<String>,
    /// More arguments.
    #[serde(default)]
    pub with: Vec<String>,
    /// The exit code that is expected.
    #[serde(default)]
    pub exit: i32,
    /// After this one a second run may still have something to write, because somebody else has to act first.
    #[serde(default)]
    pub unsettled: bool,
}

fn declare_yaml() -> Vec<String> {
    vec!["declare.yaml".to_owned()]
}

/// A request of somebody else's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tamper {
    /// GET, POST, PATCH, ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body.
    #[serde(default)]
    pub body: Value,
}

/// What may differ from the start all the same.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsBefore {
    /// Paths of objects that may differ, with the reason told in `about`.
    #[serde(default)]
    pub except: BTreeSet<String>,
}

/// Why a folder is not a scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

impl Scenario {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Result<Self, ScenarioError> {
        let document: Document = parse(&folder.join("scenario.yaml"))?;
        let live: Value = parse(&folder.join("live.yaml"))?;
        let Document {
            about,
            adopts,
            steps,
        } = document;
        Ok(Self {
            folder: folder.to_owned(),
            about,
            live,
            adopts,
            steps,
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ScenarioError> {
    let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Read {
        path: path.to_owned(),
        source,
    })?;
    yaml(&text).map_err(|message| ScenarioError::Parse {
        path: path.to_owned(),
        message,
    })
}

/// Reads YAML; the error is for people.
pub fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// Applies a merge patch: null takes away, objects merge, everything else replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(object) = target.as_object_mut() else {
        return;
    };
    for (key, value) in fields {
        if value.is_null() {
            object.remove(key);
        } else {
            merge(object.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}
