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
        .filter(|found| fits(&found.method.flat_path, &segments))
        .collect()
}

/// The parameters of a path, if it fits the template: by segments, the last of which may end in a `:verb`.
pub(super) fn parameters<'a>(
    template: &'a Template,
    segments: &'a [String],
) -> Option<Vec<(&'a str, &'a str)>> {
    let named = |(name, segment): (Option<&'a str>, &'a str)| Some((name?, segment));
    let fits: Option<Vec<_>> = compared(template, segments)?.collect();
    let mut found: Vec<_> = fits?.into_iter().filter_map(named).collect();
    found.reverse();
    Some(found)
}

/// Does a path fit the template? Asked of hundreds of methods for every request.
fn fits(template: &Template, segments: &[String]) -> bool {
    compared(template, segments).is_some_and(|mut parts| parts.all(|part| part.is_some()))
}

/// Each segment with the name of the parameter that it is for, or `None` where it does not fit; from the last one on,
/// because methods of one API begin alike. `None` for another number of segments.
fn compared<'a>(
    template: &'a Template,
    segments: &'a [String],
) -> Option<impl Iterator<Item = Option<(Option<&'a str>, &'a str)>>> {
    if template.segments != segments.len() {
        return None;
    }
    let parts = template.text.rsplit('/').zip(segments.iter().rev());
    Some(parts.enumerate().map(|(before, (part, segment))| {
        let (part, verb) = part.split_once(':').unwrap_or((part, ""));
        let (segment, said) = match segment.rsplit_once(':') {
            Some((segment, said)) if before == 0 => (segment, said),
            Some(_) | None => (segment.as_str(), ""),
        };
        if said != verb {
            return None;
        }
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        match name {
            Some(_) if segment.is_empty() => None,
            Some(name) => Some((Some(name), segment)),
            None if part == segment => Some((None, segment)),
            None => None,
        }
    }))
}
