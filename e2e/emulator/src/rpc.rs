//! What Cloud Run and VPC Access have in common: resources below locations, and
//! `google.longrunning.Operation`.

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored, nothing_to_complete};
use crate::compute::name_of;
use crate::compute::regions::REGIONS;
use crate::engine::{Answer, Engine};
use crate::identity;
use crate::operations::{Beginning, Effect, Failure, Outcome};
use crate::pages::Window;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(crate) static LOCATION_UNKNOWN: Rule = Rule::guessed(
    "rpc.location.unknown",
    "text as other Google APIs have it",
    "A location that does not exist is answered with 403.",
);
pub(crate) static OPERATION_NOT_FOUND: Rule = Rule::guessed(
    "rpc.operation.not-found",
    "text unrecorded",
    "An operation that does not exist is answered with 404.",
);

pub(crate) static FILTER: Rule = Rule::documented(
    "run.operation.list.filter",
    "docs/reference/google-cloud.md#operation-lists",
    "Cloud Run's operations are narrowed by done:true and done:false.",
);
pub(crate) static FILTER_UNKNOWN: Rule = Rule::guessed(
    "run.operation.list.filter.unknown",
    "text unrecorded",
    "Another filter of Cloud Run's operations is refused.",
);
pub(crate) static PARTIAL: Rule = Rule::documented(
    "rpc.operation.list.partial",
    "docs/reference/google-cloud.md#operation-lists",
    "Operations of one location cannot be asked for in part: returnPartialSuccess is answered with 501.",
);

pub(crate) static OVERTAKEN: Rule = Rule::guessed(
    "rpc.operation.overtaken",
    "code and text unrecorded",
    "What is written to Cloud Run, or a connector that is made, fails if it has been deleted before that was done.",
);

pub(crate) static RULES: &[&Rule] = &[
    &LOCATION_UNKNOWN,
    &OPERATION_NOT_FOUND,
    &OVERTAKEN,
    &FILTER,
    &FILTER_UNKNOWN,
    &PARTIAL,
];

pub(crate) static RUN_OPERATIONS: Resource = Resource {
    api: Api::Run,
    kind: "",
    fields: &[],
    homes: &[],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/operations",
            operation: "run.projects.locations.operations.list",
            handler: list,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/operations/{operation}",
            operation: "run.projects.locations.operations.get",
            handler: get,
        },
        Route {
            verb: Verb::Delete,
            template: "projects/{project}/locations/{location}/operations/{operation}",
            operation: "run.projects.locations.operations.delete",
            handler: forget,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/locations/{location}/operations/{operation}:wait",
            operation: "run.projects.locations.operations.wait",
            handler: wait,
        },
    ],
    rules: &[],
    complete: nothing_to_complete,
    render: as_stored,
};

pub(crate) static VPC_ACCESS_OPERATIONS: Resource = Resource {
    api: Api::VpcAccess,
    kind: "",
    fields: &[],
    homes: &[],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/operations",
            operation: "vpcaccess.projects.locations.operations.list",
            handler: list,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/operations/{operation}",
            operation: "vpcaccess.projects.locations.operations.get",
            handler: get,
        },
    ],
    rules: &[],
    complete: nothing_to_complete,
    render: as_stored,
};

fn get(engine: &mut Engine, call: &Call) -> Answer {
    read(engine, call, &call.path)
}

/// One look; the server looks again until the operation is done or the client's timeout has passed.
fn wait(engine: &mut Engine, call: &Call) -> Answer {
    read(engine, call, call.path.trim_end_matches(":wait"))
}

fn read(engine: &Engine, call: &Call, path: &str) -> Answer {
    let operation = engine.operations.get(call.resource.api, path);
    engine.refuse_if(&OPERATION_NOT_FOUND, operation.is_none(), || {
        ErrorAnswer::code(Code::NotFound, format!("Operation '{path}' was not found"))
    })?;
    Ok(operation.cloned().unwrap_or_else(|| json!({})))
}

fn forget(engine: &mut Engine, call: &Call) -> Answer {
    read(engine, call, &call.path)?;
    engine.operations.forget(&call.path);
    Ok(json!({}))
}

/// Whether only operations that are done are asked for, or only those that are not; VPC Access has no such filter.
fn wanted(engine: &Engine, call: &Call) -> Result<Option<bool>, Refusal> {
    if call.resource.api != Api::Run {
        return Ok(None);
    }
    let filter = call.query("filter");
    let wanted = match filter {
        Some("done:true") => Some(true),
        Some("done:false") => Some(false),
        Some(_) | None => None,
    };
    let unknown = filter.is_some() && wanted.is_none();
    engine.refuse_if(&FILTER_UNKNOWN, unknown, || {
        let text = format!("Invalid filter: '{}'.", filter.unwrap_or_default());
        ErrorAnswer::code(Code::InvalidArgument, text).violating("filter")
    })?;
    Ok(wanted.filter(|_| engine.rule(&FILTER, true)))
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    engine.refuse_if(&PARTIAL, call.flag("returnPartialSuccess"), || {
        ErrorAnswer::code(
            Code::Unimplemented,
            "return_partial_success is not supported.",
        )
    })?;
    let window = Window::of(engine, call)?;
    let wanted = wanted(engine, call)?;
    let prefix = format!("{}/", call.path);
    let after = window.after.as_deref();
    let operations = engine
        .operations
        .list(call.resource.api, &prefix, after)
        .filter(|(_, body)| wanted.is_none_or(|done| (body["done"] == true) == done));
    let (page, next) = window.take(operations);
    Ok(listed(
        "operations",
        page.into_iter().map(|(_, body)| body.clone()).collect(),
        next,
    ))
}

/// Refuses a write that is about another version of a resource, as the rule of its kind has it.
#[cfg_attr(test, track_caller)]
pub(crate) fn check_etag(
    engine: &Engine,
    rule: &'static Rule,
    resource: &Value,
    etag: Option<&str>,
) -> Result<(), Refusal> {
    let present = resource["etag"].as_str().unwrap_or_default();
    let stale = etag.is_some_and(|etag| !etag.is_empty() && etag != present);
    engine.refuse_if(rule, stale, || {
        let name = resource["name"].as_str().map_or("", name_of);
        let etag = etag.unwrap_or_default();
        let text = format!(
            "Conflict for resource '{name}': version '{etag}' was specified but current version is '{present}'."
        );
        ErrorAnswer::code(Code::Aborted, text)
    })
}

/// The answer to a request at `path` that only wants to know whether it would be accepted; `shown` is what it would
/// make or take away.
pub(crate) fn dry_run(path: &str, shown: &Value) -> Value {
    let name = format!("{}/operations/validate-only", location_of(path));
    json!({ "name": name, "metadata": shown, "done": true, "response": shown })
}

/// A list's body; what is empty is left out.
pub(crate) fn listed(collection: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut body = json!({});
    if !items.is_empty() {
        body[collection] = Value::Array(items);
    }
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    body
}

/// Refuses a call to a location that does not exist.
pub(crate) fn check_location(engine: &Engine, call: &Call) -> Result<(), Refusal> {
    let location = call.parameter("location");
    engine.refuse_if(&LOCATION_UNKNOWN, !REGIONS.contains(&location), || {
        let text = format!("Permission denied on 'locations/{location}' (or it may not exist).");
        ErrorAnswer::code(Code::PermissionDenied, text)
    })
}

/// `projects/p/locations/l`, of any path below it.
pub(crate) fn location_of(path: &str) -> String {
    path.split('/').take(4).collect::<Vec<_>>().join("/")
}

/// Begins an operation on `target`.
pub(crate) fn begin(
    engine: &mut Engine,
    call: &Call,
    target: &str,
    metadata: &Value,
    effect: Effect,
) -> Value {
    let uuid = identity::uuid(&["operation", target, &engine.next()]);
    let path = format!("{}/operations/{uuid}", location_of(target));
    // `done` is absent while the operation runs, not false.
    let body = json!({ "name": path, "metadata": metadata });
    let api = call.resource.api;
    engine.begin(
        call,
        Beginning {
            api,
            path,
            target: target.to_owned(),
            body,
            effect,
        },
    )
}

/// A resource as operations show it, with its type's URL.
pub(crate) fn typed(type_name: &str, resource: &Value) -> Value {
    let mut typed = resource.clone();
    typed["@type"] = json!(format!("type.googleapis.com/{type_name}"));
    typed
}

/// What becomes of a write whose resource is not there any more when its time has come.
pub(crate) fn overtaken(engine: &Engine, kind: &str) -> Outcome {
    if engine.rule(&OVERTAKEN, true) {
        let text = format!("The {kind} was deleted.");
        return Outcome::failed(Failure::code(Code::Aborted, text));
    }
    Outcome {
        metadata: None,
        result: Ok(json!({})),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::testing::Bench;

    #[test]
    fn what_a_running_operation_does_is_done_though_its_record_is_deleted() {
        let mut bench = Bench::new();
        let path = "projects/p/locations/us-east1/services/s";
        bench.document(json!({ "run": { path: {} } }));
        bench.engine.latency = Duration::from_secs(2);
        let url = format!("/v2/{path}");
        let change = json!({ "description": "changed" });
        let begun = bench.ok("PATCH", &format!("{url}?updateMask=description"), change);
        let operation = format!("/v2/{}", begun["name"].as_str().unwrap());
        bench.ok("DELETE", &operation, Value::Null);
        assert_eq!(bench.status("GET", &operation, Value::Null), 404);
        assert_eq!(bench.status("DELETE", &operation, Value::Null), 404);
        let all = "/v2/projects/p/locations/us-east1/operations";
        assert_eq!(bench.ok("GET", all, Value::Null), json!({}));
        assert_eq!(bench.ok("GET", &url, Value::Null)["reconciling"], true);
        bench.pass(Duration::from_secs(2));
        let settled = bench.ok("GET", &url, Value::Null);
        assert_eq!(settled["description"], "changed");
        assert_eq!(settled.get("reconciling"), None);
        assert!(!bench.engine.operations.is_busy(crate::call::Api::Run, path));
        assert_eq!(bench.status("GET", &operation, Value::Null), 404);
    }
}
