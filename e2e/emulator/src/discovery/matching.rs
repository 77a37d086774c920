//! Which method a request is for, by Google's own templates.

use crate::resources;

use super::description::{Description, Document, Method, Template};

/// A method and the document that has it.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) document: &'a Document,
    pub(super) method: &'a Method,
}

/// Every method that a request could be for. `path` is as it was sent, percent-encoded.
pub(super) fn candidates<'a>(
    description: &'a Description,
    http_method: &str,
    path: &str,
) -> Vec<Found<'a>> {
    let Some(segments) = path
        .split('/')
        .map(resources::decode)
        .collect::<Option<Vec<_>>>()
    else {
        return Vec::new();
    };
    let of = |document: &'a Document| {
        let methods = document.methods.iter();
        methods.map(move |method| Found { document, method })
    };
    description
        .documents
        .iter()
        .flat_map(of)
        .filter(|found| found.method.verb == http_method)
        .filter(|found| parameters(&found.method.flat_path, &segments).is_some())
        .collect()
}

/// The parameters of a path, if it fits the template: by segments, the last of which may end in a `:verb`.
pub(super) fn parameters<'a>(
    template: &'a Template,
    segments: &'a [String],
) -> Option<Vec<(&'a str, &'a str)>> {
    if template.segments != segments.len() {
        return None;
    }
    let mut found = Vec::new();
    for (index, (part, segment)) in template.text.split('/').zip(segments).enumerate() {
        let (part, verb) = part.split_once(':').unwrap_or((part, ""));
        let last = index + 1 == segments.len();
        let (segment, said) = match segment.rsplit_once(':') {
            Some((segment, said)) if last => (segment, said),
            Some(_) | None => (segment.as_str(), ""),
        };
        if said != verb {
            return None;
        }
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        match name {
            Some(_) if segment.is_empty() => return None,
            Some(name) => found.push((name, segment)),
            None if part == segment => {}
            None => return None,
        }
    }
    Some(found)
}
