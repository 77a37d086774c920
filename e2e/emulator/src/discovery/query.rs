//! Whether a query is what a method takes, and whether a path's parameters are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::parameters::{OF_GCLOUD, is_of_the_system};
use crate::resources;

use super::description::{Document, Parameter, Schema};
use super::matching::Found;
use super::violation::{Part, Violation};
use super::{formats, matching};

/// The pairs of a query, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        resources::decode(&text).unwrap_or(text)
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Whether an answer is to have its enums as numbers.
pub(super) fn asks_for_numbers(query: &[(String, String)]) -> bool {
    query
        .iter()
        .any(|(name, value)| name == "$alt" && value.contains("enum-encoding=int"))
}

/// Checks a query against the parameters of its method.
pub(super) fn check(found: Found<'_>, query: &[(String, String)]) -> Vec<Violation> {
    let Found { document, method } = found;
    let mut violations = Vec::new();
    let mut wrong = |field: &str, value: Value, says: &str| {
        violations.push(Violation {
            method: method.id.clone(),
            part: Part::Query,
            field: field.to_owned(),
            value,
            says: says.to_owned(),
        });
    };
    let mut seen = BTreeSet::new();
    for (name, value) in query {
        let own = method
            .parameters
            .get(name)
            .filter(|it| it.location == "query");
        let Some(parameter) = own.or_else(|| document.parameters.get(name)) else {
            let gclouds = name == OF_GCLOUD && is_list_of_compute(&method.id);
            if !is_of_the_system(name) && !gclouds {
                wrong(name, json!(value), "the method takes no such parameter");
            }
            continue;
        };
        if !seen.insert(name) && !parameter.repeated {
            wrong(name, json!(value), "the parameter is taken once");
        }
        if let Some(says) = parameter_says(parameter, value, name) {
            wrong(name, json!(value), &says);
        }
        if parameter.format.as_deref() == Some("google-fieldmask") {
            let paths = value.split(',').filter(|_| !value.is_empty());
            for path in paths.filter(|path| !is_in_mask(found, path)) {
                wrong(name, json!(path), "names no field of the body");
            }
        }
    }
    for (name, parameter) in &method.parameters {
        let required = parameter.required || parameter.description.required;
        if parameter.location == "query" && required && !seen.contains(name) {
            wrong(name, Value::Null, "the parameter is required");
        }
    }
    violations
}

/// Checks the parameters of a path, as far as the template names them as the method does.
pub(super) fn check_path(found: Found<'_>, path: &str) -> Vec<Violation> {
    let method = found.method;
    let segments: Vec<String> = path.split('/').filter_map(resources::decode).collect();
    let named = matching::parameters(&method.flat_path, &segments).unwrap_or_default();
    let wrong = |(name, value): (&str, &str)| {
        let says = parameter_says(method.parameters.get(name)?, value, name)?;
        Some(Violation {
            method: method.id.clone(),
            part: Part::Path,
            field: name.to_owned(),
            value: json!(value),
            says,
        })
    };
    named.into_iter().filter_map(wrong).collect()
}

/// What Google says against a value; `None` if nothing.
fn parameter_says(parameter: &Parameter, value: &str, name: &str) -> Option<String> {
    // The first page is asked for so, and an empty mask is none.
    if value.is_empty() && ["pageToken", "updateMask"].contains(&name) {
        return None;
    }
    if let Some(choices) = &parameter.choices {
        let known = choices.iter().any(|choice| choice == value);
        return (!known).then(|| format!("one of {}", choices.join(", ")));
    }
    if let Some(pattern) = parameter
        .pattern
        .as_deref()
        .filter(|it| !formats::fits(it, value))
    {
        return Some(format!("a text that fits {pattern}"));
    }
    match (parameter.kind.as_str(), parameter.format.as_deref()) {
        ("boolean", _) => {
            // gcloud writes True.
            let fits = value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
            (!fits).then(|| "true or false".to_owned())
        }
        ("integer", format) => integer_says(parameter, format.unwrap_or("int32"), value),
        ("string", Some(format)) => formats::text(format, value).map(str::to_owned),
        (_, _) => None,
    }
}

fn integer_says(parameter: &Parameter, format: &str, value: &str) -> Option<String> {
    let Ok(number) = value.parse::<i64>() else {
        return Some("an integer".to_owned());
    };
    let bound = |text: &Option<String>| text.as_deref()?.parse::<i64>().ok();
    let low = bound(&parameter.minimum).is_some_and(|least| number < least);
    let high = bound(&parameter.maximum).is_some_and(|most| number > most);
    if low || high {
        return Some("a number within the bounds".to_owned());
    }
    formats::integer(format, number).map(str::to_owned)
}

fn is_list_of_compute(method: &str) -> bool {
    let last = method
        .strip_prefix("compute.")
        .map(|rest| rest.rsplit('.').next());
    matches!(last, Some(Some("list" | "aggregatedList")))
}

/// Whether a path of a mask names a field of the message that the method takes.
fn is_in_mask(found: Found<'_>, path: &str) -> bool {
    let Some(request) = &found.method.request else {
        return false;
    };
    if path == "*" {
        return true;
    }
    let mut schema = found.document.schemas.get(&request.name);
    for word in path.split('.') {
        let Some(inside) = schema.and_then(|schema| resolved(found.document, schema)) else {
            return false;
        };
        // The keys of a map are the caller's own.
        if inside.additional_properties.is_some() {
            return true;
        }
        schema = inside.properties.get(&camel(word));
    }
    schema.is_some()
}

fn resolved<'a>(document: &'a Document, schema: &'a Schema) -> Option<&'a Schema> {
    match &schema.reference {
        Some(name) => document.schemas.get(name),
        None => Some(schema),
    }
}

/// Masks may be written in either way.
fn camel(word: &str) -> String {
    let mut parts = word.split('_');
    let mut joined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut rest = part.chars();
        joined.extend(rest.next().map(|first| first.to_ascii_uppercase()));
        joined.push_str(rest.as_str());
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::description::Parameter;
    use crate::parameters::{Kind, OF_GCLOUD, is_list, kind, of, of_every_method};
    use crate::resources::RESOURCES;

    /// Whether a parameter is described as being of a kind.
    fn is_described_as(parameter: &Parameter, kind: Kind) -> bool {
        match (parameter.kind.as_str(), parameter.format.as_deref(), kind) {
            ("boolean", None, Kind::Flag)
            | ("integer", Some("int32"), Kind::Int32)
            | ("integer", Some("uint32"), Kind::Uint32)
            | ("string", Some("int64"), Kind::Int64)
            | ("string", Some("google-fieldmask"), Kind::Mask) => true,
            ("string", None, Kind::Text) => parameter.choices.is_none(),
            ("string", None, Kind::Choice(words)) => {
                parameter.choices.as_deref().is_some_and(|it| it == words)
            }
            (_, _, _) => false,
        }
    }

    /// What the emulator takes is what Google says that the methods take.
    #[test]
    fn each_method_takes_the_parameters_of_its_document() {
        let Some(description) = super::super::documents::wanted() else {
            return;
        };
        let mut described = BTreeMap::new();
        for document in &description.documents {
            let of_all: BTreeSet<&str> = document.parameters.keys().map(String::as_str).collect();
            for (name, parameter) in &document.parameters {
                assert!(is_described_as(parameter, kind(name)), "{name}");
                assert_eq!(parameter.repeated, is_list(name), "{name}");
            }
            for method in &document.methods {
                for (name, parameter) in &method.parameters {
                    let is_alike = is_described_as(parameter, kind(name))
                        && parameter.repeated == is_list(name);
                    let is_described = parameter.location == "path" || is_alike;
                    let served = || crate::resources::operations().any(|it| it == method.id);
                    assert!(is_described || !served(), "{}: {name}", method.id);
                }
                let own = method.parameters.iter();
                let own = own.filter(|(_, parameter)| parameter.location == "query");
                let own: BTreeSet<&str> = own.map(|(name, _)| name.as_str()).collect();
                let key = (
                    document.name.as_str(),
                    document.version.as_str(),
                    method.id.as_str(),
                );
                described.insert(key, (own, of_all.clone()));
            }
        }
        for resource in RESOURCES {
            let (api, version) = resource.api.document();
            for route in resource.routes {
                let operation = route.operation;
                let mut own: BTreeSet<&str> = of(resource.api, operation).collect();
                if super::is_list_of_compute(operation) {
                    assert!(own.remove(OF_GCLOUD), "{operation}");
                }
                let taken = (own, of_every_method(resource.api).collect());
                assert_eq!(
                    Some(&taken),
                    described.get(&(api, version, operation)),
                    "{operation}"
                );
            }
        }
    }
}
