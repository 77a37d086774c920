//! What the URLs and links of a recording tell.

use serde_json::Value;

use crate::call::Verb;
use crate::resources;

/// Whether what a link leads to is served.
pub(super) fn is_served(link: &str) -> bool {
    let path = link.find("/compute/").map_or(link, |start| &link[start..]);
    resources::find(Verb::Get, path).is_some()
}

/// Says that what a path leads to is not served.
pub(super) fn unserved(path: &str) -> String {
    // Collections are plural words in camel case; names of resources and custom verbs are not, save for
    // one verb.
    let is_collection =
        |word: &&str| word.ends_with('s') && !word.contains('-') && *word != "setLabels";
    let collection = path.rsplit('/').find(is_collection).unwrap_or(path);
    format!("the emulator serves no {collection}")
}

/// The collection and the placeholder with which a URL's path ends, or ends before its custom verb.
pub(super) fn last_placeholder(url: &str) -> Option<(&str, &str)> {
    let path = url.split('?').next()?;
    let (before, tail) = path.rsplit_once("/${")?;
    let (placeholder, rest) = tail.split_once('}')?;
    let whole = rest.is_empty() || (rest.starts_with('/') && !rest[1..].contains('/'));
    let collection = before.rsplit('/').next()?;
    (whole && collection != "operations" && collection != "projects")
        .then_some((collection, placeholder))
}

/// The name after `/{collection}/` in any text of an answer; it may hold placeholders itself, but is
/// not one.
pub(super) fn name_in(answer: &Value, collection: &str) -> Option<String> {
    match answer {
        Value::String(text) => {
            let (_, rest) = text.split_once(&format!("/{collection}/"))?;
            let name = rest.split(['/', '\'', '?']).next()?;
            let only_placeholder = name.starts_with("${") && name.ends_with('}');
            (!only_placeholder).then(|| name.to_owned())
        }
        Value::Array(items) => items.iter().find_map(|item| name_in(item, collection)),
        Value::Object(fields) => {
            let known = |name: &str| !matches!(name, "network" | "subnetwork" | "subnetworks");
            let own = fields.iter().filter(|(name, _)| known(name));
            own.map(|(_, value)| value)
                .find_map(|value| name_in(value, collection))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

pub(super) fn decoded(text: &str) -> String {
    resources::decode(text).unwrap_or_else(|| text.to_owned())
}
