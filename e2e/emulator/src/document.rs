//! The whole state as one JSON document: flat, writable by hand, the same after being put back.
//!
//! ```json
//! {"compute": {"projects/p/global/networks/n": {}},
//!  "run": {"projects/p/locations/europe-west1/services/s": {}},
//!  "vpcaccess": {},
//!  "projects": {"p": {"number": "123", "denied": true}}}
//! ```

use serde_json::{Map, Value, json};

use crate::call::Api;
use crate::compute::routers;
use crate::engine::Engine;
use crate::fields::{self, Reading};
use crate::resources::{RESOURCES, at_home};

/// Why a document was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("a state document is an object of objects of objects, but {0} is something else")]
    Shape(String),
    #[error("\"{0}\" is no part of a state document; it has compute, run, vpcaccess and projects")]
    Part(String),
    #[error("{api} keeps nothing at \"{path}\"")]
    Path { api: &'static str, path: String },
    #[error("{path}: {message}")]
    Content { path: String, message: String },
}

/// The state, without what is under way.
pub(crate) fn get(engine: &mut Engine) -> Value {
    engine.settle();
    let mut document = Map::new();
    for api in Api::ALL {
        let tree: Map<String, Value> = engine
            .store
            .shown(api)
            .map(|(path, value)| (path.to_owned(), value.clone()))
            .collect();
        if !tree.is_empty() {
            document.insert(api.name().to_owned(), Value::Object(tree));
        }
    }
    if !engine.projects.is_empty() {
        document.insert("projects".to_owned(), json!(engine.projects));
    }
    Value::Object(document)
}

/// Replaces the state; what is under way is forgotten, and so is what was there before. Nothing changes if the
/// document is wrong.
pub(crate) fn put(engine: &mut Engine, document: &Value) -> Result<(), DocumentError> {
    let parts = object("the document", document)?;
    let mut trees = Vec::new();
    for (name, part) in parts {
        let part = object(name, part)?;
        let api = Api::ALL.into_iter().find(|api| api.name() == name);
        for (path, value) in part {
            object(path, value)?;
            if let Some(api) = api {
                check(engine, api, path, value)?;
            }
        }
        match api {
            Some(api) => trees.push((api, part)),
            None if name == "projects" => {}
            None => return Err(DocumentError::Part(name.clone())),
        }
    }
    engine.clear();
    if let Some(projects) = document["projects"].as_object() {
        engine.projects = projects.clone().into_iter().collect();
    }
    for (api, tree) in trees {
        for (path, value) in tree {
            engine.store.put(api, path, without_nulls(value));
        }
    }
    complete(engine);
    engine.store.begin_history();
    Ok(())
}

fn object<'a>(name: &str, value: &'a Value) -> Result<&'a Map<String, Value>, DocumentError> {
    value
        .as_object()
        .ok_or_else(|| DocumentError::Shape(name.to_owned()))
}

/// Refuses what cannot be there, and fields that the resource does not have.
fn check(engine: &Engine, api: Api, path: &str, value: &Value) -> Result<(), DocumentError> {
    let Some(home) = at_home(api, path) else {
        return Err(DocumentError::Path {
            api: api.name(),
            path: path.to_owned(),
        });
    };
    let read = fields::read(engine, api, "", home.fields, Reading::Whole, value);
    let consistent = match home.kind {
        "compute#router" => routers::refuse_odd_lists(engine, value),
        _ => Ok(()),
    };
    read.and(consistent)
        .map_err(|refusal| DocumentError::Content {
            path: path.to_owned(),
            message: refusal.error.message,
        })
}

/// Fields that are `null` are fields that were left out.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let given = fields.iter().filter(|(_, value)| !value.is_null());
            given
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Fills in what the document left out, kind by kind, so that what is referred to is complete first.
fn complete(engine: &mut Engine) {
    let mut found: Vec<(usize, Api, String)> = Vec::new();
    for api in Api::ALL {
        for (path, _) in engine.store.shown(api) {
            let home = at_home(api, path);
            let kind =
                home.and_then(|home| RESOURCES.iter().position(|it| std::ptr::eq(*it, home)));
            found.extend(kind.map(|kind| (kind, api, path.to_owned())));
        }
    }
    found.sort();
    for (kind, api, path) in found {
        if let Some(value) = engine.store.get(api, &path).cloned() {
            let completed = (RESOURCES[kind].complete)(engine, &path, value);
            engine.store.put(api, &path, completed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::faults::disturbance::Staleness;
    use crate::testing::Bench;

    const NETWORKS: &str = "/compute/v1/projects/p/global/networks";

    #[test]
    fn what_was_put_was_there_for_ever() {
        let mut bench = Bench::new();
        let network = |name: &str| json!({ "name": name, "autoCreateSubnetworks": false });
        let names = |bench: &mut Bench| -> Vec<Value> {
            let list = bench.ok("GET", NETWORKS, Value::Null);
            let items = list["items"].as_array().cloned().unwrap_or_default();
            items.iter().map(|it| it["name"].clone()).collect()
        };
        let all_stale = [
            Staleness::Writes(3),
            Staleness::Writes(u64::MAX),
            Staleness::Time(Duration::from_hours(1)),
        ];
        // Whether there have been writes before or not.
        for before in ["a", "b", "c", "d"] {
            for stale in all_stale {
                bench.document(json!({ "compute": { "projects/p/global/networks/put": {} } }));
                bench.disturbance.staleness = Some(stale);
                assert_eq!(names(&mut bench), ["put"], "{before} {stale:?}");
                bench.ok("POST", NETWORKS, network("made"));
                assert_eq!(names(&mut bench), ["put"], "{before} {stale:?}");
                bench.disturbance.staleness = None;
                assert_eq!(names(&mut bench), ["made", "put"]);
            }
            bench.ok("POST", NETWORKS, network(before));
        }
    }
}
