//! Update masks: which fields of a resource a PATCH is about.

use serde_json::{Value, json};

/// The paths of a mask, each as its segments, in lower camel case.
pub(crate) fn parse(mask: &str) -> Vec<Vec<String>> {
    mask.split(',')
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .map(|path| path.split('.').map(camel_case).collect())
        .collect()
}

/// Clients may write `vpc_access` for `vpcAccess`.
fn camel_case(word: &str) -> String {
    let mut parts = word.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

/// Makes `resource` agree with `request` at one path; what the request lacks is cleared.
pub(crate) fn copy(path: &[String], request: &Value, resource: &mut Value) {
    let [name, rest @ ..] = path else { return };
    let given = request.get(name).unwrap_or(&Value::Null);
    if !rest.is_empty() {
        if given.is_null() && resource.get(name).is_none() {
            return;
        }
        let within = &mut resource[name.as_str()];
        if !within.is_object() {
            *within = json!({});
        }
        copy(rest, given, within);
        return;
    }
    if !given.is_null() {
        resource[name.as_str()] = given.clone();
    } else if let Some(fields) = resource.as_object_mut() {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{copy, parse};

    #[test]
    fn a_mask_sets_what_is_sent_and_clears_what_is_not() {
        let mut resource =
            json!({ "a": 1, "template": { "vpcAccess": { "x": 1 }, "revision": "r" } });
        let request = json!({ "a": 2, "template": { "vpcAccess": { "y": 1 } } });
        for path in parse("template.vpc_access, template.revision,b.c") {
            copy(&path, &request, &mut resource);
        }
        assert_eq!(
            resource,
            json!({ "a": 1, "template": { "vpcAccess": { "y": 1 } } })
        );
    }
}
