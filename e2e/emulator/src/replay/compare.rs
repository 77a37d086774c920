//! Whether our answer is the recorded one: the same fields, types and values, save for values that the
//! server makes up, which are compared by form and by where they occur again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::replay::bindings::{Bindings, Sort};

/// One place at which our answer is not the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field's path, such as `template.containers[0].image`; `status` for the HTTP status.
    pub field: String,
    /// What was recorded; `nothing` for a field that is only here.
    pub recorded: String,
    /// What is here.
    pub here: String,
}

/// What sort of value a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Said by the caller or fixed by the API: must be the same.
    Said,
    /// The identifier of the object itself, or of an operation's target.
    Id,
    TargetId,
    /// A link that ends in the identifier.
    LinkWithId,
    /// A count as text.
    Count,
    Uid,
    Bound(Sort),
}

/// Constants that stand for made-up values in published recordings: the value is gone, its form is not.
const REDACTED: [&str; 8] = [
    "000000000000000000000",
    "111111111111111111111",
    "12345678901234",
    "2024-04-01T12:34:56.123456Z",
    "2025-01-01T00:00:00Z",
    "abcdef0123A=",
    "user@example.com",
    "${creatorID}",
];

/// Lists that are sets: Google's order says nothing.
const SETS: [&str; 3] = ["subnetworks", "users", "natIps"];

fn kind_of(name: &str, parent: &Map<String, Value>, text: &str) -> Kind {
    let operation = parent
        .get("kind")
        .is_some_and(|it| it == "compute#operation")
        || text.contains("/operations/");
    match name {
        // A list's is its path.
        "id" if text.contains('/') => Kind::Said,
        "id" => Kind::Id,
        "targetId" => Kind::TargetId,
        "selfLinkWithId" => Kind::LinkWithId,
        "generation" | "observedGeneration" => Kind::Count,
        "uid" => Kind::Uid,
        "etag" | "fingerprint" | "labelFingerprint" | "resourceVersion" => {
            Kind::Bound(Sort::Version)
        }
        "creator" | "lastModifier" | "user" => Kind::Bound(Sort::Caller),
        "address" | "IPAddress" | "internalIpv6Range" => Kind::Bound(Sort::Address),
        "uri" | "latestCreatedRevision" | "latestReadyRevision" => Kind::Bound(Sort::Name),
        "name" if operation => Kind::Bound(Sort::Name),
        _ if name.ends_with("/creator") || name.ends_with("/lastModifier") => {
            Kind::Bound(Sort::Caller)
        }
        _ if name.ends_with("Time") || name.ends_with("Timestamp") => Kind::Bound(Sort::Time),
        _ => Kind::Said,
    }
}

/// Whether a text is what the field can hold.
fn has_form(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Said | Kind::LinkWithId => true,
        Kind::Id | Kind::TargetId | Kind::Count => {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        Kind::Bound(Sort::Time) => text.parse::<Timestamp>().is_ok(),
        Kind::Bound(Sort::Address) => text.contains(['.', ':']),
        Kind::Uid | Kind::Bound(_) => !text.is_empty(),
    }
}

pub(super) struct Comparison<'a> {
    pub(super) bindings: &'a mut Bindings,
    pub(super) differences: Vec<Difference>,
}

impl Comparison<'_> {
    /// Compares two bodies; of a partial one only the fields that it has.
    pub(super) fn bodies(&mut self, recorded: &Value, ours: &Value, partial: bool) {
        if let (true, Value::Object(part), Value::Object(whole)) = (partial, recorded, ours) {
            let kept = whole.iter().filter(|(name, _)| part.contains_key(*name));
            let kept: Map<String, Value> = kept.map(|(k, v)| (k.clone(), v.clone())).collect();
            return self.objects("", part, &kept);
        }
        self.values("", "", &Map::new(), recorded, ours);
    }

    pub(super) fn note(&mut self, field: &str, recorded: &str, here: &str) {
        self.differences.push(Difference {
            field: field.to_owned(),
            recorded: recorded.to_owned(),
            here: here.to_owned(),
        });
    }

    fn values(
        &mut self,
        at: &str,
        name: &str,
        parent: &Map<String, Value>,
        recorded: &Value,
        ours: &Value,
    ) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => self.objects(at, recorded, ours),
            (Value::Array(recorded), Value::Array(ours)) => self.lists(at, name, recorded, ours),
            (Value::String(text), Value::String(here)) => {
                if !self.texts(name, parent, text, here) {
                    let known = self.bindings.known(text);
                    self.note(at, &format!("\"{known}\""), &format!("\"{here}\""));
                }
            }
            (recorded, ours) if recorded == ours => {}
            (recorded, ours) => self.note(at, &recorded.to_string(), &ours.to_string()),
        }
    }

    fn objects(&mut self, at: &str, recorded: &Map<String, Value>, ours: &Map<String, Value>) {
        // What tells who an object is comes first: its links hold the names that other fields use.
        let mut names: Vec<&String> = recorded.keys().chain(ours.keys()).collect();
        let rank = |name: &str| {
            (
                !matches!(name, "name" | "selfLink" | "targetLink"),
                name.to_owned(),
            )
        };
        names.sort_by_key(|name| rank(name));
        names.dedup();
        for name in names {
            let field = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            match (recorded.get(name), ours.get(name)) {
                (Some(recorded), Some(here)) => self.values(&field, name, ours, recorded, here),
                (Some(recorded), None) => self.note(&field, &recorded.to_string(), "nothing"),
                (None, Some(here)) => self.note(&field, "nothing", &here.to_string()),
                (None, None) => {}
            }
        }
    }

    fn lists(&mut self, at: &str, name: &str, recorded: &[Value], ours: &[Value]) {
        let texts = |items: &[Value]| -> Option<BTreeSet<String>> {
            items
                .iter()
                .map(|it| it.as_str().map(str::to_owned))
                .collect()
        };
        if SETS.contains(&name)
            && let (Some(recorded), Some(here)) = (texts(recorded), texts(ours))
        {
            let recorded: BTreeSet<String> = recorded
                .iter()
                .map(|text| self.bindings.known(text))
                .collect();
            for text in recorded.difference(&here) {
                self.note(at, &format!("\"{text}\""), "nothing");
            }
            for text in here.difference(&recorded) {
                self.note(at, "nothing", &format!("\"{text}\""));
            }
            return;
        }
        if recorded.len() != ours.len() {
            let count = |items: &[Value]| format!("{} items", items.len());
            return self.note(at, &count(recorded), &count(ours));
        }
        for (index, (recorded, here)) in recorded.iter().zip(ours).enumerate() {
            self.values(&format!("{at}[{index}]"), name, &Map::new(), recorded, here);
        }
    }

    fn texts(
        &mut self,
        name: &str,
        parent: &Map<String, Value>,
        recorded: &str,
        here: &str,
    ) -> bool {
        let kind = kind_of(name, parent, here);
        let redacted = REDACTED.contains(&recorded);
        if redacted && kind == Kind::Bound(Sort::Version) {
            self.bindings.latest(recorded, here);
        }
        let identity = |field: &str| parent.get(field).and_then(Value::as_str);
        match kind {
            Kind::Said => self.bindings.agrees(recorded, here),
            Kind::Count if !redacted => recorded == here,
            Kind::Id | Kind::TargetId => {
                let link = identity(if kind == Kind::Id {
                    "selfLink"
                } else {
                    "targetLink"
                });
                let made_up = redacted || recorded.starts_with("${");
                has_form(kind, here)
                    && link.is_none_or(|link| self.bindings.identifies(link, here))
                    && (made_up || self.bindings.bind(Sort::Number, recorded, here))
            }
            Kind::LinkWithId => {
                let (link, number) = here.rsplit_once('/').unwrap_or_default();
                let (recorded, _) = recorded.rsplit_once('/').unwrap_or_default();
                has_form(Kind::Id, number)
                    && self.bindings.agrees(recorded, link)
                    && identity("id") == Some(number)
            }
            Kind::Bound(sort) if !redacted => {
                if recorded.contains("${") {
                    return self.bindings.agrees(recorded, here);
                }
                has_form(kind, here) && self.bindings.bind(sort, recorded, here)
            }
            Kind::Count | Kind::Uid | Kind::Bound(_) => has_form(kind, here),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Comparison, Difference};
    use crate::replay::bindings::Bindings;

    fn compare(bindings: &mut Bindings, recorded: &Value, ours: &Value) -> Vec<Difference> {
        let mut comparison = Comparison {
            bindings,
            differences: Vec::new(),
        };
        comparison.bodies(recorded, ours, false);
        comparison.differences
    }

    #[test]
    fn fields_that_are_missing_added_or_of_another_type_are_named() {
        let recorded = json!({ "a": { "b": false }, "n": 1 });
        let ours = json!({ "a": {}, "n": "1", "x": null });
        let found = compare(&mut Bindings::default(), &recorded, &ours);
        let fields: Vec<&str> = found.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["a.b", "n", "x"]);
    }

    #[test]
    fn an_etag_is_held_equal_and_a_redacted_one_has_only_its_form() {
        let mut bindings = Bindings::default();
        let first = compare(
            &mut bindings,
            &json!({ "etag": "r1" }),
            &json!({ "etag": "o1" }),
        );
        let same = compare(
            &mut bindings,
            &json!({ "etag": "r1" }),
            &json!({ "etag": "o2" }),
        );
        let redacted = json!({ "etag": "abcdef0123A=" });
        let other = compare(&mut bindings, &redacted, &json!({ "etag": "o3" }));
        assert_eq!((first.len(), same.len(), other.len()), (0, 1, 0));
    }

    #[test]
    fn a_resource_has_one_id_wherever_it_is_shown() {
        let mut bindings = Bindings::default();
        let operation = json!({ "targetLink": "l/n", "targetId": "${n}" });
        let ours = json!({ "targetLink": "l/n", "targetId": "7" });
        assert_eq!(compare(&mut bindings, &operation, &ours), []);
        let resource = json!({ "selfLink": "l/n", "id": "000000000000000000000" });
        let ours = json!({ "selfLink": "l/n", "id": "8" });
        let found = compare(&mut bindings, &resource, &ours);
        assert_eq!(found[0].field, "id");
    }
}
