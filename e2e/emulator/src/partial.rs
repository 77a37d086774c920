//! Partial answers: the parameter `fields` says which fields of an answer are shown, such as
//! `kind,items(id,labels/team)`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::call::{Api, Call};
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::{Rule, RuleBook};

pub(crate) static PARTIAL: Rule = Rule::documented(
    "request.fields",
    "docs/reference/google-cloud.md#partial-responses",
    "An answer has only the fields that the parameter fields selects.",
);
pub(crate) static UNREADABLE: Rule = Rule::guessed(
    "request.fields.invalid",
    "text unrecorded; a path that leads to no field is refused by Google, too, and selects nothing here",
    "A selection of fields that does not parse is refused.",
);

pub(crate) static RULES: &[&Rule] = &[&PARTIAL, &UNREADABLE];

/// A selection may nest so deep: each level is a call of its own.
const DEEPEST: usize = 64;

/// The names that are shown, and what of each; nothing below a name is all of it.
#[derive(Debug, Default, PartialEq)]
struct Selection(BTreeMap<String, Option<Selection>>);

/// Refuses a call whose selection of fields cannot be read.
pub(crate) fn check(rules: &RuleBook, call: &Call) -> Result<(), Refusal> {
    let asked = asked(call);
    let unreadable = asked.is_some_and(|text| Selection::parse(text).is_none());
    let text = asked.unwrap_or_default();
    rules.refuse_if(&UNREADABLE, unreadable, || match call.resource.api {
        Api::Compute => ErrorAnswer::new(
            400,
            "invalidParameter",
            format!("Invalid field selection {text}"),
        ),
        Api::Run | Api::VpcAccess | Api::Knative => {
            let text = format!("Invalid field selection '{text}'.");
            ErrorAnswer::code(Code::InvalidArgument, text).violating("fields")
        }
    })
}

/// What of an answer the caller wants to see.
pub(crate) fn of(rules: &RuleBook, call: &Call, answer: Value) -> Value {
    let selection = asked(call).and_then(Selection::parse);
    match selection {
        Some(selection) if rules.applies(&PARTIAL, true) && answer.is_object() => {
            selection.of(answer).unwrap_or_default()
        }
        Some(_) | None => answer,
    }
}

fn asked(call: &Call) -> Option<&str> {
    call.query("fields").or_else(|| call.query("$fields"))
}

impl Selection {
    /// `None` for what is no selection.
    fn parse(text: &str) -> Option<Selection> {
        let mut rest = text;
        let selection = list(&mut rest, DEEPEST)?;
        rest.is_empty().then_some(selection)
    }

    /// Of what has no fields, none are shown.
    fn of(&self, value: Value) -> Option<Value> {
        match value {
            Value::Object(fields) => Some(Value::Object(self.of_fields(fields))),
            Value::Array(items) => {
                let items = items.into_iter().filter_map(|item| self.of(item));
                Some(items.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    fn of_fields(&self, fields: Map<String, Value>) -> Map<String, Value> {
        let any = self.0.get("*");
        let wanted = |(name, value): (String, Value)| {
            let value = match self.0.get(&name).or(any)? {
                Some(inner) => inner.of(value)?,
                None => value,
            };
            Some((name, value))
        };
        fields.into_iter().filter_map(wanted).collect()
    }

    fn add(&mut self, name: String, inner: Option<Selection>) {
        let whole = inner.is_none() || self.0.get(&name) == Some(&None);
        match inner {
            Some(inner) if !whole => {
                let into = self
                    .0
                    .entry(name)
                    .or_insert_with(|| Some(Selection::default()));
                for (name, more) in inner.0 {
                    into.get_or_insert_default().add(name, more);
                }
            }
            Some(_) | None => drop(self.0.insert(name, None)),
        }
    }
}

/// Paths with commas between them.
fn list(rest: &mut &str, depth: usize) -> Option<Selection> {
    let mut selection = Selection::default();
    loop {
        let (name, inner) = path(rest, depth)?;
        selection.add(name, inner);
        match rest.strip_prefix(',') {
            Some(more) => *rest = more,
            None => return Some(selection),
        }
    }
}

/// A name, and what of it: what stands behind a slash or a dot, or in brackets.
fn path(rest: &mut &str, depth: usize) -> Option<(String, Option<Selection>)> {
    let depth = depth.checked_sub(1)?;
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || "_-*@".contains(c);
    let end = rest.find(|c| !of_a_name(c)).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    *rest = behind;
    if name.is_empty() {
        return None;
    }
    let inner = if let Some(more) = rest.strip_prefix(['/', '.']) {
        *rest = more;
        let (name, inner) = path(rest, depth)?;
        Some(Selection(BTreeMap::from([(name, inner)])))
    } else if let Some(more) = rest.strip_prefix('(') {
        *rest = more;
        let inner = list(rest, depth)?;
        *rest = rest.strip_prefix(')')?;
        Some(inner)
    } else {
        None
    };
    Some((name.to_owned(), inner))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{PARTIAL, Selection, UNREADABLE};
    use crate::testing::Provocation;

    pub(crate) fn provocations() -> Vec<Provocation> {
        let asking = |rule, url: &'static str| {
            Provocation::new(rule, move |bench| bench.ask("GET", url, Value::Null))
        };
        let (compute, run) = (
            "/compute/v1/projects/p/global/networks?fields=kind",
            "/v2/projects/p/locations/us-east1/services/s?$fields=name",
        );
        vec![
            asking(&PARTIAL, compute),
            Provocation::new(&PARTIAL, move |bench| {
                bench
                    .document(json!({ "run": { "projects/p/locations/us-east1/services/s": {} } }));
                bench.ask("GET", run, Value::Null)
            }),
            asking(
                &UNREADABLE,
                "/compute/v1/projects/p/global/networks?fields=kind(",
            ),
            asking(
                &UNREADABLE,
                "/v2/projects/p/locations/us-east1/services?fields=services/",
            ),
        ]
    }

    #[test]
    fn what_is_selected_is_shown_in_its_place() {
        let answer = json!({
            "kind": "k",
            "items": [{ "id": "1", "labels": { "a": "b", "c": "d" } }, { "id": "2" }],
        });
        let items = |items: Value| json!({ "items": items });
        for (fields, shown) in [
            ("kind", json!({ "kind": "k" })),
            ("items/id", items(json!([{ "id": "1" }, { "id": "2" }]))),
            ("items.id", items(json!([{ "id": "1" }, { "id": "2" }]))),
            (
                "items(labels/a)",
                items(json!([{ "labels": { "a": "b" } }, {}])),
            ),
            (
                "items(id,labels(c)),kind",
                json!({
                    "kind": "k", "items": [{ "id": "1", "labels": { "c": "d" } }, { "id": "2" }],
                }),
            ),
            ("items/*/a", items(json!([{ "labels": { "a": "b" } }, {}]))),
            ("items/id,items", items(answer["items"].clone())),
            ("items,items/id", items(answer["items"].clone())),
            ("*", answer.clone()),
            ("none", json!({})),
        ] {
            let selection = Selection::parse(fields);
            let of = selection.and_then(|selection| selection.of(answer.clone()));
            assert_eq!(of, Some(shown), "{fields}");
        }
    }

    #[test]
    fn what_is_no_selection_is_told_and_nests_no_deeper_than_is_read() {
        for text in ["a(", "a)", "a(b", "a,,b", "/a", "a/", "a b", "a()", ","] {
            assert_eq!(Selection::parse(text), None, "{text}");
        }
        assert!(Selection::parse("a/".repeat(63).trim_end_matches('/')).is_some());
        assert_eq!(
            Selection::parse(&format!("{}a", "a/".repeat(100_000))),
            None
        );
    }
}
