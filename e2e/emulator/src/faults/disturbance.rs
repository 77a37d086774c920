//! What a fault does to a call inside the engine: it sees an old list, short pages, or somebody else's
//! write beside its own.

use std::time::Duration;

use serde_json::{Value, json};

use crate::call::{Api, Call, Fate};
use crate::clock;
use crate::compute;
use crate::engine::Engine;
use crate::identity;
use crate::knative;
use crate::resources;

/// How far behind a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Staleness {
    Time(Duration),
    /// As many mutating requests, their effects included.
    Writes(u64),
}

/// A change that another client makes to the object that a call is about: before a write, after a read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OtherWriter {
    /// A JSON merge patch.
    pub(crate) merge: Value,
    /// Items for lists, by the list's field.
    pub(crate) append: Value,
}

/// Everything that faults do to one call inside the engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disturbance {
    /// Scopes that an aggregated list is to call unreachable.
    pub(crate) unreachable: Vec<String>,
    pub(crate) staleness: Option<Staleness>,
    /// The most that a page of a list may hold.
    pub(crate) page_size: Option<usize>,
    pub(crate) other_writer: Option<OtherWriter>,
}

/// Is the method called `name`, such as `compute.networks.list`, a list?
pub(super) fn is_list(name: &str) -> bool {
    matches!(method(name), "list" | "aggregatedList")
}

/// Is it one of all places at once?
pub(super) fn is_aggregated(name: &str) -> bool {
    method(name) == "aggregatedList"
}

/// Is it a list whose past is known? Nobody keeps what operations were.
pub(crate) fn has_a_past(name: &str) -> bool {
    is_list(name) && !is_about_operations(name)
}

/// Does it begin an operation, for a fault to fail or to hold?
pub(super) fn begins_an_operation(name: &str) -> bool {
    let only_looks = matches!(
        method(name),
        "get" | "list" | "aggregatedList" | "wait" | "getIamPolicy" | "testIamPermissions"
    );
    !only_looks && !is_about_operations(name)
}

fn is_about_operations(name: &str) -> bool {
    kind(name).to_ascii_lowercase().ends_with("operations")
}

/// The collection that a method is one of.
pub(super) fn kind(name: &str) -> &str {
    name.rsplit('.').nth(1).unwrap_or_default()
}

fn method(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

/// Is there an object that a call is about, for another client to change?
pub(crate) fn is_about_an_object(engine: &mut Engine, call: &Call) -> bool {
    engine.settle();
    let before = engine.rules.look_for(call.route.operation);
    let object = object(engine, call);
    engine.rules.look_for(before);
    object.is_some()
}

/// The object that a call is about, where it is kept; `None` if there is none, or if there are many.
fn object(engine: &Engine, call: &Call) -> Option<(Api, String)> {
    if is_list(call.route.operation) {
        return None;
    }
    let (api, path) = match call.resource.api {
        // Version 1 keeps nothing of its own.
        Api::Knative => (Api::Run, knative::kept(engine, call)?),
        api @ (Api::Compute | Api::Run | Api::VpcAccess) => {
            let whole = resources::at_home(api, &call.path).is_some();
            let path = if whole { &call.path } else { call.parent() };
            (api, path.to_owned())
        }
    };
    engine.store.get(api, &path)?;
    Some((api, path))
}

/// Lets the other client write.
pub(crate) fn write_between(engine: &mut Engine, call: &Call) {
    let Some(writer) = call.disturbance.other_writer.clone() else {
        return;
    };
    let Some((api, target)) = object(engine, call) else {
        return;
    };
    let Some(mut value) = engine.store.get(api, &target).cloned() else {
        return;
    };
    for (field, items) in writer.append.as_object().into_iter().flatten() {
        let mut list = value[field].as_array().cloned().unwrap_or_default();
        list.extend(items.as_array().cloned().unwrap_or_default());
        value[field] = Value::Array(list);
    }
    if writer.merge.is_object() {
        compute::merge(&mut value, writer.merge);
    }
    restamp(engine, api, &target, &mut value);
    engine.changes += 1;
    if api == Api::Compute {
        // Compute remembers who wrote, and so does anybody who looks. Their request is not the one that is struck.
        let theirs = Call {
            query: Vec::new(),
            fate: Fate::AsItComes,
            ..call.clone()
        };
        compute::at_once(engine, &theirs, "patch", &target, value);
    } else {
        engine.store.put(api, &target, value);
    }
}

/// Gives a changed object what shows that it changed.
fn restamp(engine: &mut Engine, api: Api, path: &str, value: &mut Value) {
    if value.get("fingerprint").is_some() {
        value["fingerprint"] = json!(identity::fingerprint(value));
    }
    if value.get("etag").is_some() {
        value["etag"] = json!(identity::etag(&[path, "another writer", &engine.next()]));
    }
    let generation = value["generation"]
        .as_str()
        .and_then(|it| it.parse::<u64>().ok());
    if let (Api::Run, Some(generation)) = (api, generation) {
        let settled = value["generation"] == value["observedGeneration"];
        value["generation"] = json!((generation + 1).to_string());
        if settled {
            value["observedGeneration"] = value["generation"].clone();
        }
        value["updateTime"] = json!(clock::utc_time(engine.clock.now()));
    }
}
