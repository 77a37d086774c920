//! Compute Engine v1: what its resources have in common. Each resource has a file of its own.

pub(crate) mod addresses;
pub(crate) mod changes;
pub(crate) mod firewalls;
pub(crate) mod links;
pub(crate) mod lists;
pub(crate) mod networks;
pub(crate) mod operations;
pub(crate) mod regions;
pub(crate) mod routers;
pub(crate) mod routes;
pub(crate) mod subnetworks;

use serde_json::{Map, Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::engine::{Answer, Engine, compute_scope};
use crate::fields::{self, Field, Fields, Reading};
use crate::identity;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

/// What a resource is made with, and answers never show.
pub(crate) const PARAMS: Field = Field::Object(&[("resourceManagerTags", Field::Labels)]);

pub(crate) use changes::{at_once, begin, insert, insert_with, remove, replace};
pub(crate) use links::{
    FULL_LINKS, REFERENCE_INVALID, collection_of, complete_link, is_link, link, name_of, path_in,
    path_of, project_of, refer, reference, refers, region_of, url,
};
pub(crate) use lists::{aggregated_list, list};

pub(crate) static NAME: Rule = Rule::documented(
    "compute.name.invalid",
    "docs/reference/google-cloud.md#compute-names",
    "A name is 1 to 63 characters: lower-case letters, digits and hyphens, beginning with a letter.",
);
pub(crate) static EXISTS: Rule = Rule::documented(
    "compute.insert.exists",
    "docs/reference/google-cloud.md#compute-errors",
    "An insert under a name that is taken, if only by an insert under way, is refused with 409.",
);
pub(crate) static NOT_FOUND: Rule = Rule::recorded(
    "compute.not-found",
    "docs/reference/google-cloud.md#compute-errors",
    "What does not exist is answered with 404 and reason notFound, without a status.",
);
pub(crate) static NOT_READY: Rule = Rule::recorded(
    "compute.not-ready",
    "docs/reference/google-cloud.md#compute-errors",
    "What an operation is at work on can neither be changed nor referred to: 400 resourceNotReady.",
);
pub(crate) static REGION_UNKNOWN: Rule = Rule::guessed(
    "compute.region.unknown",
    "text unrecorded",
    "A region that does not exist is refused.",
);
pub(crate) static REQUIRED: Rule = Rule::recorded(
    "compute.field.required",
    "docs/reference/google-cloud.md#compute-errors",
    "A required field that is missing is refused with reason required.",
);
pub(crate) static STALE_FINGERPRINT: Rule = Rule::documented(
    "compute.fingerprint.stale",
    "docs/reference/google-cloud.md#compute-errors",
    "A change with another fingerprint than the present one is refused with 412 conditionNotMet.",
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
    &REQUIRED,
    &STALE_FINGERPRINT,
    &FULL_LINKS,
    &VISIBLE_WHEN_DONE,
    &lists::FILTER_INVALID,
    &lists::EMPTY_SCOPES,
    &lists::ORDER_UNKNOWN,
];

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
    let resource = engine.store.get(Api::Compute, path);
    engine.refuse_if(&NOT_FOUND, resource.is_none(), || not_found(path))?;
    Ok(resource.cloned().unwrap_or_else(|| json!({})))
}

pub(crate) fn not_found(path: &str) -> ErrorAnswer {
    let text = format!("The resource '{path}' was not found");
    ErrorAnswer::new(404, "notFound", text)
}

pub(crate) fn ready(engine: &Engine, path: &str) -> Result<(), Refusal> {
    let busy = engine.operations.is_busy(Api::Compute, path);
    engine.refuse_if(&NOT_READY, busy, || {
        ErrorAnswer::new(
            400,
            "resourceNotReady",
            format!("The resource '{path}' is not ready"),
        )
    })
}

/// Refuses a resource that lacks one of `fields`.
pub(crate) fn require(engine: &Engine, resource: &Value, fields: &[&str]) -> Result<(), Refusal> {
    for field in fields {
        let missing = resource.get(field).is_none_or(|value| *value == "");
        engine.refuse_if(&REQUIRED, missing, || {
            let text = format!("Required field 'resource.{field}' not specified");
            ErrorAnswer::new(400, "required", text)
        })?;
    }
    Ok(())
}

/// Takes the fingerprint out of a change and compares it with the present one.
pub(crate) fn check_fingerprint(
    engine: &Engine,
    old: &Value,
    change: &mut Value,
) -> Result<(), Refusal> {
    require(engine, change, &["fingerprint"])?;
    let sent = change
        .as_object_mut()
        .and_then(|fields| fields.remove("fingerprint"));
    let stale = sent.is_some_and(|sent| sent != old["fingerprint"]);
    engine.refuse_if(&STALE_FINGERPRINT, stale, || {
        ErrorAnswer::new(412, "conditionNotMet", "Invalid fingerprint.")
    })
}

/// A delete of something that `user` needs; `kind` is what the text calls it, such as `subnetwork`.
pub(crate) fn in_use(kind: &str, path: &str, user: &str) -> ErrorAnswer {
    let text = format!("The {kind} resource '{path}' is already being used by '{user}'");
    ErrorAnswer::new(400, "resourceInUseByAnotherResource", text)
}

/// Checks the name in an insert's body, that it is free, and the region; gives the new path.
pub(crate) fn new_path(engine: &Engine, call: &Call, resource: &Value) -> Result<String, Refusal> {
    regions::check(engine, call)?;
    let name = resource["name"].as_str().unwrap_or_default();
    engine.refuse_if(&NAME, !is_name(name), || {
        let why = "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";
        ErrorAnswer::invalid_field("resource.name", name, why)
    })?;
    let path = format!("{}/{name}", call.path);
    let taken = engine.store.any(Api::Compute, &path).is_some();
    engine.refuse_if(&EXISTS, taken, || {
        ErrorAnswer::new(
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
#[cfg_attr(test, track_caller)]
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
            ErrorAnswer::invalid_field(&field, &shown, "The field cannot be modified.")
        })?;
    }
    Ok(())
}

fn same(old: &Value, new: &Value) -> bool {
    let linked = || {
        let old = old.as_str()?;
        let path = &old[old.find("projects/")?..];
        Some(is_link(new.as_str()?, path))
    };
    old == new || linked() == Some(true)
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
#[cfg_attr(test, track_caller)]
pub(crate) fn default(
    engine: &Engine,
    rule: &'static Rule,
    to: &mut Value,
    name: &'static str,
    value: Value,
) {
    if engine.rules.fills(rule, name, to.get(name).is_none()) {
        to[name] = value;
    }
}

pub(crate) fn get(engine: &mut Engine, call: &Call) -> Answer {
    regions::check(engine, call)?;
    let value = engine.store.get(Api::Compute, &call.path);
    engine.refuse_if(&NOT_FOUND, value.is_none(), || not_found(&call.path))?;
    let nothing = json!({});
    let value = value.unwrap_or(&nothing);
    Ok((call.resource.render)(engine, &call.path, value))
}
