//! Lists of Compute resources, of one scope or aggregated over all of them.

use serde_json::{Map, Value, json};

use crate::call::{Api, Call};
use crate::compute::{regions, url};
use crate::engine::{Answer, Engine, compute_scope};
use crate::filter::Filter;
use crate::pages::Window;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(crate) static FILTER_INVALID: Rule = Rule::guessed(
    "compute.list.filter.invalid",
    "text unrecorded",
    "A filter expression that does not parse is refused.",
);
pub(crate) static EMPTY_SCOPES: Rule = Rule::documented(
    "compute.aggregated.empty-scopes",
    "docs/reference/google-cloud.md#aggregated-lists",
    "An aggregated list names every scope; one without results carries the warning NO_RESULTS_ON_PAGE.",
);

pub(crate) static ORDER_UNKNOWN: Rule = Rule::invented(
    "compute.list.order-by",
    "Lists are in the order of names; any other orderBy is refused, where Google would obey it.",
);

pub(crate) fn check_order(engine: &Engine, call: &Call) -> Result<(), Refusal> {
    let order = call.query("orderBy").unwrap_or("name");
    engine.refuse_if(&ORDER_UNKNOWN, order != "name", || {
        ErrorAnswer::invalid_field("orderBy", order, "Only the order by name is served.")
    })
}

/// The filter of a list call, if it has one.
pub(crate) fn filter(engine: &Engine, call: &Call) -> Result<Option<Filter>, Refusal> {
    let Some(text) = call.query("filter") else {
        return Ok(None);
    };
    let filter = Filter::parse(text);
    engine.refuse_if(&FILTER_INVALID, filter.is_none(), || {
        ErrorAnswer::invalid_field("filter", text, "Invalid list filter expression.")
    })?;
    Ok(filter)
}

/// The list of one scope.
pub(crate) fn list(engine: &mut Engine, call: &Call) -> Answer {
    regions::check(engine, call)?;
    let window = Window::of(engine, call)?;
    check_order(engine, call)?;
    let filter = filter(engine, call)?;
    let prefix = format!("{}/", call.path);
    let entries = engine
        .store
        .list(Api::Compute, &prefix, window.after.as_deref())
        .filter(|(_, value)| filter.as_ref().is_none_or(|filter| filter.admits(value)));
    let (page, next) = window.take(entries);
    let items: Vec<Value> = page
        .iter()
        .map(|(path, value)| (call.resource.render)(engine, path, value))
        .collect();
    let kind = format!("{}List", call.resource.kind);
    let mut body = json!({ "kind": kind, "id": call.path, "selfLink": url(&call.path) });
    if !items.is_empty() {
        body["items"] = json!(items);
    }
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    Ok(body)
}

/// The list of all scopes of a project, each under its own key.
pub(crate) fn aggregated_list(engine: &mut Engine, call: &Call) -> Answer {
    let window = Window::of(engine, call)?;
    let project = format!("projects/{}/", call.parameter("project"));
    let after = window.after.as_deref();
    let entries = engine.store.list_below(Api::Compute, &project, after);
    aggregate(engine, call, &window, call.resource.homes, entries)
}

/// An aggregated list of those of `entries` that are of the collection that a call asks for. `homes` are the templates
/// of the paths at which they can be.
pub(crate) fn aggregate<'a>(
    engine: &'a Engine,
    call: &Call,
    window: &Window,
    homes: &[&str],
    entries: impl Iterator<Item = (&'a str, &'a Value)>,
) -> Answer {
    check_order(engine, call)?;
    let filter = filter(engine, call)?;
    let collection = call.path.rsplit('/').next().unwrap_or_default();
    let is_one = |path: &str| path.rsplit('/').nth(1) == Some(collection);
    let entries = entries
        .filter(|(path, _)| is_one(path))
        .filter(|(path, _)| {
            call.disturbance.unreachable.is_empty()
                || !call.disturbance.unreachable.contains(&scope_key(path))
        })
        .filter(|(_, value)| filter.as_ref().is_none_or(|filter| filter.admits(value)));
    let (page, next) = window.take(entries);
    let mut scopes: Map<String, Value> = Map::new();
    for (path, value) in page {
        let scope = scopes
            .entry(scope_key(path))
            .or_insert_with(|| json!({ collection: [] }));
        if let Some(items) = scope[collection].as_array_mut() {
            items.push((call.resource.render)(engine, path, value));
        }
    }
    for scope in all_scopes(homes) {
        if !scopes.contains_key(&scope) && engine.rule(&EMPTY_SCOPES, true) {
            let message = format!("There are no results for scope '{scope}' on this page.");
            let warning = warning("NO_RESULTS_ON_PAGE", &message, &scope);
            scopes.insert(scope, json!({ "warning": warning }));
        }
    }
    let kind = format!("{}AggregatedList", call.resource.kind);
    let mut body = json!({ "kind": kind, "id": call.path, "selfLink": url(&call.path) });
    if !call.disturbance.unreachable.is_empty() {
        for scope in &call.disturbance.unreachable {
            let message = format!("The scope '{scope}' is unreachable.");
            scopes.insert(
                scope.clone(),
                json!({ "warning": warning("UNREACHABLE", &message, scope) }),
            );
        }
        body["unreachables"] = json!(call.disturbance.unreachable);
    }
    body["items"] = Value::Object(scopes);
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    Ok(body)
}

fn warning(code: &str, message: &str, scope: &str) -> Value {
    json!({ "code": code, "message": message, "data": [{ "key": "scope", "value": scope }] })
}

/// `global` or `regions/r`.
fn scope_key(path: &str) -> String {
    let scope = compute_scope(path);
    scope.splitn(3, '/').nth(2).unwrap_or_default().to_owned()
}

fn all_scopes(homes: &[&str]) -> Vec<String> {
    let lives_in = |word: &str| {
        homes
            .iter()
            .any(|home| home.split('/').nth(2) == Some(word))
    };
    let mut scopes = Vec::new();
    if lives_in("global") {
        scopes.push("global".to_owned());
    }
    if lives_in("regions") {
        scopes.extend(
            regions::REGIONS
                .iter()
                .map(|region| format!("regions/{region}")),
        );
    }
    scopes
}
