//! What a fault does to a call inside the engine: it sees an old list, short pages, or somebody else's
//! write beside its own.

use std::time::Duration;

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::compute;
use crate::engine::Engine;
use crate::identity;
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

/// True for the calls that a stale answer is for.
pub(crate) fn is_list(call: &Call) -> bool {
    let last = call.route.operation.rsplit('.').next().unwrap_or_default();
    matches!(last, "list" | "aggregatedList")
}

/// Lets the other client write.
pub(crate) fn write_between(engine: &mut Engine, call: &Call) {
    let Some(writer) = call.disturbance.other_writer.clone() else {
        return;
    };
    let api = call.resource.api;
    let whole = resources::at_home(api, &call.path).is_some();
    let target = if whole { &call.path } else { call.parent() }.to_owned();
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
        // Compute remembers who wrote, and so does anybody who looks.
        compute::at_once(engine, call, "patch", &target, value);
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
