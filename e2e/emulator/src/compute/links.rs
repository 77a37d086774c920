//! References between Compute resources: sent in many spellings, kept and answered as full URLs.

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::compute::{NOT_FOUND, not_found, ready};
use crate::engine::Engine;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(crate) static REFERENCE_INVALID: Rule = Rule::documented(
    "compute.reference.invalid",
    "docs/reference/google-cloud.md#compute-links",
    "A reference must be the URL, whole or partial, of a resource of the right kind.",
);
pub(crate) static FULL_LINKS: Rule = Rule::recorded(
    "compute.reference.full-url",
    "docs/reference/google-cloud.md#compute-links",
    "A reference is answered as a full URL, however it was sent.",
);

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

/// The region of a path.
pub(crate) fn region_of(path: &str) -> &str {
    path.split('/').nth(3).unwrap_or_default()
}

/// The path's collection: `subnetworks` for a subnetwork.
pub(crate) fn collection_of(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

/// True if `resource.{field}` is a link, in any spelling, to what is at `path`.
pub(crate) fn refers(resource: &Value, field: &str, path: &str) -> bool {
    resource[field]
        .as_str()
        .is_some_and(|link| is_link(link, path))
}

/// True if `link` leads to `path`.
pub(crate) fn is_link(link: &str, path: &str) -> bool {
    match link.strip_suffix(path) {
        Some(before) => before.is_empty() || before.ends_with('/'),
        None => !link.contains("projects/") && path_in(project_of(path), link) == path,
    }
}

/// Writes the reference to `path` as answers show it.
pub(crate) fn link(engine: &Engine, resource: &mut Value, field: &str, path: &str) {
    if engine.rule(&FULL_LINKS, true) {
        resource[field] = json!(url(path));
    }
}

/// Completes a document's reference in the resource at `path`; a bare name is one below `home`, such as
/// `global/networks`.
pub(crate) fn complete_link(
    engine: &Engine,
    path: &str,
    resource: &mut Value,
    field: &str,
    home: &str,
) {
    let Some(reference) = resource[field].as_str() else {
        return;
    };
    let target = if reference.contains('/') {
        path_in(project_of(path), reference)
    } else {
        path_in(project_of(path), &format!("{home}/{reference}"))
    };
    link(engine, resource, field, &target);
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
        ErrorAnswer::invalid_field(
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

/// As [`reference`], of a field of `resource`, which then holds the link as answers show it.
pub(crate) fn refer(
    engine: &Engine,
    call: &Call,
    resource: &mut Value,
    field: &str,
    collection: &str,
) -> Result<String, Refusal> {
    let sent = resource[field].as_str().unwrap_or_default().to_owned();
    let path = reference(engine, call, field, collection, &sent)?;
    link(engine, resource, field, &path);
    Ok(path)
}
