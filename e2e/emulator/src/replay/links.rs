//! What the URLs and links of a recording tell.

use serde_json::Value;

use crate::call::Verb;
use crate::resources;

/// Whether what a link leads to is served.
pub(super) fn is_served(link: &str) -> bool {
    let path = link.find("/compute/").map_or(link, |start| &link[start..]);
    resources::find(Verb::Get, path).is_some()
}

/// Says that what a URL leads to is not served, with the name of its API: several have operations.
pub(super) fn unserved(url: &str) -> String {
    let (host, path) = host_and_path(url);
    // Collections are plural words in camel case; names of resources and custom verbs are not, save for
    // one verb.
    let is_collection =
        |word: &&str| word.ends_with('s') && !word.contains('-') && *word != "setLabels";
    let collection = path.rsplit('/').find(is_collection).unwrap_or(path);
    format!("the emulator serves no {}.{collection}", api_at(host, path))
}

/// The host of a URL, and what comes after it.
pub(super) fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// The API's name as its methods begin with it. Compute's links have a host that several APIs share, and Cloud Run's
/// version 1 a host for each region.
fn api_at<'a>(host: &'a str, path: &str) -> &'a str {
    if path.starts_with("/compute/") {
        return "compute";
    }
    let name = host.split('.').next().unwrap_or_default();
    name.rsplit('-').next().unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::unserved;

    #[test]
    fn what_is_not_served_is_called_as_the_methods_of_its_api() {
        for (url, called) in [
            (
                "https://cloudfunctions.googleapis.com/v1/operations/abc",
                "cloudfunctions.operations",
            ),
            (
                "https://www.googleapis.com/compute/v1/projects/p/global/urlMaps/m",
                "compute.urlMaps",
            ),
            (
                "https://europe-west1-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/p/domainmappings",
                "run.domainmappings",
            ),
        ] {
            assert_eq!(unserved(url), format!("the emulator serves no {called}"));
        }
    }
}
