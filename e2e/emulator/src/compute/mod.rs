//! Compute Engine v1: what its resources have in common. Each resource has a file of its own.

pub(crate) mod lists;
pub(crate) mod networks;
pub(crate) mod operations;
pub(crate) mod regions;

use serde_json::{Map, Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::engine::{Answer, Engine, compute_scope};
use crate::fields::{self, Fields, Reading};
use crate::identity;
use crate::operations::{Beginning, Effect, Outcome};
use crate::refusal::Refusal;
use crate::rules::Rule;

pub(crate) use lists::{aggregated_list, list};

pub(crate) static NAME: Rule = Rule::documented(
    "compute.name.invalid",
    "google-cloud.md#compute-names",
    "A name is 1 to 63 characters: lower-case letters, digits and hyphens, beginning with a letter.",
);
pub(crate) static EXISTS: Rule = Rule::documented(
    "compute.insert.exists",
    "google-cloud.md#compute-errors",
    "An insert under a name that is taken, if only by an insert under way, is refused with 409.",
);
pub(crate) static NOT_FOUND: Rule = Rule::recorded(
    "compute.not-found",
    "google-cloud.md#compute-errors",
    "What does not exist is answered with 404 and reason notFound, without a status.",
);
pub(crate) static NOT_READY: Rule = Rule::recorded(
    "compute.not-ready",
    "google-cloud.md#compute-errors",
    "What an operation is at work on can neither be changed nor referred to: 400 resourceNotReady.",
);
pub(crate) static REFERENCE_INVALID: Rule = Rule::documented(
    "compute.reference.invalid",
    "google-cloud.md#compute-links",
    "A reference must be the URL, whole or partial, of a resource of the right kind.",
);
pub(crate) static REGION_UNKNOWN: Rule = Rule::guessed(
    "compute.region.unknown",
    "text unrecorded",
    "A region that does not exist is refused.",
);
pub(crate) static VISIBLE_WHEN_DONE: Rule = Rule::guessed(
    "compute.insert.visible-when-done",
    "unrecorded",
    "A resource is shown by reads once its insert is done.",
);

pub(crate) static RULES: &[&Rule] = &[
    &NAME,
    &EXISTS,
    &NOT_FOUND,
    &NOT_READY,
    &REFERENCE_INVALID,
    &REGION_UNKNOWN,
    &VISIBLE_WHEN_DONE,
    &lists::FILTER_INVALID,
    &lists::EMPTY_SCOPES,
];

/// The full URL of a resource, as every answer writes it.
pub(crate) fn url(path: &str) -> String {
    format!("https://www.googleapis.com/compute/v1/{path}")
}

/// The path of a full or partial URL: from `projects/` on, or below the project that the call is about.
pub(crate) fn path_of(call: &Call, reference: &str) -> String {
    path_in(call.parameter("project"), reference)
}

/// As [`path_of`], for a document's resource of a project.
pub(crate) fn path_in(project: &str, reference: &str) -> String {
    match reference.find("projects/") {
        Some(start) => reference[start..].to_owned(),
        None => format!("projects/{project}/{}", reference.trim_start_matches('/')),
    }
}

/// The project of a path.
pub(crate) fn project_of(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// The last segment of a path or URL.
pub(crate) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Reads a whole resource from the body.
pub(crate) fn whole(engine: &Engine, call: &Call, fields: Fields) -> Answer {
    fields::read(engine, Api::Compute, "", fields, Reading::Whole, &call.body)
}

/// Reads a change from the body; `null` in it clears a field.
pub(crate) fn change(engine: &Engine, call: &Call, fields: Fields) -> Answer {
    fields::read(
        engine,
        Api::Compute,
        "",
        fields,
        Reading::Change,
        &call.body,
    )
}

/// Applies a JSON merge patch: objects merge, `null` removes, everything else replaces.
pub(crate) fn merge(resource: &mut Value, change: Value) {
    let Value::Object(change) = change else {
        *resource = change;
        return;
    };
    if !resource.is_object() {
        *resource = Value::Object(Map::new());
    }
    for (name, value) in change {
        if value.is_null() {
            resource.as_object_mut().map(|fields| fields.remove(&name));
        } else {
            merge(&mut resource[name.as_str()], value);
        }
    }
}

/// The resource that a mutation is about: there, and not being worked on.
pub(crate) fn current(engine: &Engine, path: &str) -> Answer {
    ready(engine, path)?;
    engine
        .store
        .get(Api::Compute, path)
        .cloned()
        .ok_or_else(|| not_found(path))
}

pub(crate) fn not_found(path: &str) -> Refusal {
    let text = format!("The resource '{path}' was not found");
    Refusal::new(404, "notFound", text).by(&NOT_FOUND)
}

fn ready(engine: &Engine, path: &str) -> Result<(), Refusal> {
    let busy = engine.operations.is_busy(Api::Compute, path);
    engine.refuse_if(&NOT_READY, busy, || {
        Refusal::new(
            400,
            "resourceNotReady",
            format!("The resource '{path}' is not ready"),
        )
    })
}

/// The path of the resource that `resource.{field}` refers to, which exists, is ready, and is of the
/// named collection.
pub(crate) fn reference(
    engine: &Engine,
    call: &Call,
    field: &str,
    collection: &str,
    reference: &str,
) -> Result<String, Refusal> {
    let path = path_of(call, reference);
    let of_collection = path.rsplit('/').nth(1) == Some(collection);
    engine.refuse_if(&REFERENCE_INVALID, !of_collection, || {
        Refusal::invalid_field(
            &format!("resource.{field}"),
            reference,
            "The URL is malformed.",
        )
    })?;
    ready(engine, &path)?;
    let missing = engine.store.get(Api::Compute, &path).is_none();
    engine.refuse_if(&NOT_FOUND, missing, || not_found(&path))?;
    Ok(path)
}

/// Checks the name in an insert's body, that it is free, and the region; gives the new path.
pub(crate) fn new_path(engine: &Engine, call: &Call, resource: &Value) -> Result<String, Refusal> {
    regions::check(engine, call)?;
    let name = resource["name"].as_str().unwrap_or_default();
    engine.refuse_if(&NAME, !is_name(name), || {
        let why = "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";
        Refusal::invalid_field("resource.name", name, why)
    })?;
    let path = format!("{}/{name}", call.path);
    let taken = engine.store.any(Api::Compute, &path).is_some();
    engine.refuse_if(&EXISTS, taken, || {
        Refusal::new(
            409,
            "alreadyExists",
            format!("The resource '{path}' already exists"),
        )
    })?;
    Ok(path)
}

/// RFC 1035, as Compute has it.
pub(crate) fn is_name(name: &str) -> bool {
    let letter = name.starts_with(|c: char| c.is_ascii_lowercase());
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    letter && name.len() <= 63 && name.chars().all(known) && !name.ends_with('-')
}

/// Refuses a change to any of `fields`; sending the present value, or another spelling of a link to
/// the same thing, is no change.
pub(crate) fn refuse_changes(
    engine: &Engine,
    rule: &'static Rule,
    old: &Value,
    change: &Value,
    fields: &[&str],
) -> Result<(), Refusal> {
    for field in fields {
        let Some(new) = change.get(field) else {
            continue;
        };
        let differs = !same(&old[*field], new);
        engine.refuse_if(rule, differs, || {
            let shown = new.as_str().map_or_else(|| new.to_string(), str::to_owned);
            let field = format!("resource.{field}");
            Refusal::invalid_field(&field, &shown, "The field cannot be modified.")
        })?;
    }
    Ok(())
}

fn same(old: &Value, new: &Value) -> bool {
    let link = |value: &Value| {
        let text = value.as_str()?;
        text.find("projects/").map(|start| text[start..].to_owned())
    };
    old == new || (link(old).is_some() && link(old) == link(new))
}

/// What every resource gets when it is made: id, kind, times, links. Present values stay.
pub(crate) fn identify(engine: &mut Engine, kind: &str, path: &str, resource: &mut Value) {
    let made = if resource.get("id").is_some() {
        String::new()
    } else {
        engine.next()
    };
    fill(resource, "id", || json!(identity::id(&[path, &made])));
    fill(resource, "kind", || json!(kind));
    fill(resource, "name", || json!(name_of(path)));
    fill(resource, "selfLink", || json!(url(path)));
    let now = engine.clock.now();
    fill(resource, "creationTimestamp", || {
        json!(clock::compute_time(now))
    });
    let scope = compute_scope(path);
    if scope.contains("/regions/") {
        // Clients send the region as a link of any spelling; the server's own is what stays.
        resource["region"] = json!(url(&scope));
    }
}

/// Sets a field that is absent.
pub(crate) fn fill(resource: &mut Value, field: &str, value: impl FnOnce() -> Value) {
    if resource.get(field).is_none() {
        resource[field] = value();
    }
}

/// Sets a field that is absent, if the rule that claims this default is in force.
pub(crate) fn default(
    engine: &Engine,
    rule: &'static Rule,
    to: &mut Value,
    name: &str,
    value: Value,
) {
    if engine.rule(rule, to.get(name).is_none()) {
        to[name] = value;
    }
}

pub(crate) fn get(engine: &mut Engine, call: &Call) -> Answer {
    regions::check(engine, call)?;
    let value = engine
        .store
        .get(Api::Compute, &call.path)
        .ok_or_else(|| not_found(&call.path))?;
    Ok((call.resource.render)(engine, &call.path, value))
}

/// Begins an insert: the name is taken at once, reads show the resource when the operation is done.
pub(crate) fn insert(engine: &mut Engine, call: &Call, path: &str, resource: Value) -> Value {
    insert_with(engine, call, path, resource, Vec::new())
}

/// Begins an insert that brings other resources (path and value) with it.
pub(crate) fn insert_with(
    engine: &mut Engine,
    call: &Call,
    path: &str,
    resource: Value,
    companions: Vec<(String, Value)>,
) -> Value {
    let mut made = vec![(path.to_owned(), resource)];
    made.extend(companions);
    let hidden = engine.rule(&VISIBLE_WHEN_DONE, true);
    let mut paths = Vec::new();
    for (path, value) in made {
        if hidden {
            engine.store.put_hidden(Api::Compute, &path, value);
        } else {
            engine.store.put(Api::Compute, &path, value);
        }
        paths.push(path);
    }
    let effect: Effect = Box::new(move |engine, imposed| match imposed {
        None => {
            paths
                .iter()
                .for_each(|path| engine.store.reveal(Api::Compute, path));
            Outcome::done()
        }
        Some(failure) => {
            for path in &paths {
                engine.store.remove(Api::Compute, path);
            }
            Outcome::failed(failure)
        }
    });
    begin(engine, call, "insert", path, effect)
}

/// Begins a change: the resource becomes `resource` when the operation is done.
pub(crate) fn replace(
    engine: &mut Engine,
    call: &Call,
    operation_type: &str,
    path: &str,
    resource: Value,
) -> Value {
    let target = path.to_owned();
    let effect: Effect = Box::new(move |engine, imposed| match imposed {
        None => {
            engine.store.put(Api::Compute, &target, resource);
            Outcome::done()
        }
        Some(failure) => Outcome::failed(failure),
    });
    begin(engine, call, operation_type, path, effect)
}

/// Begins a delete: the resource is gone when the operation is done.
pub(crate) fn remove(engine: &mut Engine, call: &Call, path: &str) -> Value {
    let target = path.to_owned();
    let effect: Effect = Box::new(move |engine, imposed| match imposed {
        None => {
            engine.store.remove(Api::Compute, &target);
            Outcome::done()
        }
        Some(failure) => Outcome::failed(failure),
    });
    begin(engine, call, "delete", path, effect)
}

/// Begins any operation on the resource at `target`, which is stored.
pub(crate) fn begin(
    engine: &mut Engine,
    call: &Call,
    operation_type: &str,
    target: &str,
    effect: Effect,
) -> Value {
    let now = engine.clock.now();
    let time = clock::compute_time(now);
    let number = engine.next();
    let parts = [target, operation_type, &number];
    let hex = identity::hex(&parts, 29);
    let (first, second, third) = (&hex[..13], &hex[13..21], &hex[21..29]);
    let name = format!(
        "operation-{}-{first}-{second}-{third}",
        now.as_millisecond()
    );
    let scope = compute_scope(target);
    let path = format!("{scope}/operations/{name}");
    let target_id = engine
        .store
        .any(Api::Compute, target)
        .map_or(Value::Null, |it| it["id"].clone());
    let mut body = json!({
        "kind": "compute#operation",
        "id": identity::id(&parts),
        "name": name,
        "operationType": operation_type,
        "targetLink": url(target),
        "targetId": target_id,
        "status": "RUNNING",
        "user": "user@example.com",
        "progress": 0,
        "insertTime": time,
        "startTime": time,
        "selfLink": url(&path),
    });
    if scope.contains("/regions/") {
        body["region"] = json!(url(&scope));
    }
    let target = target.to_owned();
    engine.begin(
        call,
        Beginning {
            api: Api::Compute,
            path,
            target,
            body,
            effect,
        },
    )
}
