//! Whether our answer is the recorded one: the same fields, types and values, save for values that the
//! server makes up, which are compared by form and by where they occur again.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::replay::bindings::{Bindings, Sort};
use crate::replay::kinds::{Kind, Lasting, has_form, is_redacted, kind_of, lasting};

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

/// Lists that are sets: Google's order says nothing.
const SETS: [&str; 3] = ["subnetworks", "users", "natIps"];

/// The objects that a field is in: the recorded one and ours.
#[derive(Clone, Copy)]
struct Parents<'a> {
    recorded: &'a Map<String, Value>,
    ours: &'a Map<String, Value>,
}

pub(super) struct Comparison<'a> {
    bindings: &'a mut Bindings,
    /// What the whole answer is about, if it says so.
    about: Option<String>,
    pub(super) differences: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(bindings: &'a mut Bindings) -> Comparison<'a> {
        Comparison {
            bindings,
            about: None,
            differences: Vec::new(),
        }
    }

    /// Compares two bodies; of a partial one only the fields that it has.
    pub(super) fn bodies(&mut self, recorded: &Value, ours: &Value, partial: bool) {
        self.about = ours.as_object().and_then(own_name);
        if let (true, Value::Object(part), Value::Object(whole)) = (partial, recorded, ours) {
            let kept = whole.iter().filter(|(name, _)| part.contains_key(*name));
            let kept: Map<String, Value> = kept.map(|(k, v)| (k.clone(), v.clone())).collect();
            return self.objects("", part, &kept);
        }
        self.values("", "", None, recorded, ours);
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
        parents: Option<Parents<'_>>,
        recorded: &Value,
        ours: &Value,
    ) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => self.objects(at, recorded, ours),
            (Value::Array(recorded), Value::Array(ours)) => self.lists(at, name, recorded, ours),
            (Value::String(text), Value::String(here)) => {
                if !self.texts(name, parents, text, here) {
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
        let parents = Some(Parents { recorded, ours });
        for name in names {
            let field = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            match (recorded.get(name), ours.get(name)) {
                (Some(text), Some(here)) => self.values(&field, name, parents, text, here),
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
            self.values(&format!("{at}[{index}]"), name, None, recorded, here);
        }
    }

    fn texts(
        &mut self,
        name: &str,
        parents: Option<Parents<'_>>,
        recorded: &str,
        here: &str,
    ) -> bool {
        let nothing = Map::new();
        let parent = parents.map_or(&nothing, |it| it.ours);
        let kind = kind_of(name, parent, here);
        let redacted = is_redacted(recorded);
        if redacted && kind == Kind::Bound(Sort::Version) {
            self.bindings.latest(recorded, here);
        }
        let identity = |field: &str| parent.get(field).and_then(Value::as_str);
        match kind {
            Kind::Said => self.bindings.agrees(recorded, here),
            Kind::Count if !redacted => recorded == here,
            Kind::Count => has_form(kind, here),
            Kind::Id | Kind::TargetId => {
                let link = identity(if kind == Kind::Id {
                    "selfLink"
                } else {
                    "targetLink"
                });
                let made_up = redacted || recorded.starts_with("${");
                has_form(kind, here)
                    && link.is_none_or(|link| self.bindings.keeps(link, "id", here))
                    && (made_up || self.bindings.bind(Sort::Number, recorded, here))
            }
            Kind::LinkWithId => {
                let (link, number) = here.rsplit_once('/').unwrap_or_default();
                let (recorded, _) = recorded.rsplit_once('/').unwrap_or_default();
                has_form(Kind::Id, number)
                    && self.bindings.agrees(recorded, link)
                    && identity("id") == Some(number)
            }
            Kind::Bound(sort) => {
                has_form(kind, here)
                    && parents.is_none_or(|parents| self.lasts(name, parents, here))
                    && match recorded {
                        _ if redacted => true,
                        text if text.contains("${") => self.bindings.agrees(text, here),
                        text => self.bindings.bind(sort, text, here),
                    }
            }
        }
    }

    /// Whether a made-up value is what earlier answers about the same object had there. What stands for it in the
    /// recording may stand for many values, so that it cannot tell.
    fn lasts(&mut self, name: &str, parents: Parents<'_>, here: &str) -> bool {
        let Parents { recorded, ours } = parents;
        // An operation of Serverless VPC Access tells of itself in an object without a name.
        let within = || self.about.clone().filter(|_| ours.contains_key("target"));
        let Some(owner) = own_name(ours).or_else(within) else {
            return true;
        };
        match lasting(name) {
            Lasting::Always => self.bindings.keeps(&owner, name, here),
            Lasting::Unwritten => {
                let shown = Value::Object(recorded.clone());
                self.bindings.unwritten(&owner, name, &shown, here)
            }
        }
    }
}

/// What tells an object from all others: its link, or its full name.
fn own_name(object: &Map<String, Value>) -> Option<String> {
    let text = |field: &str| object.get(field).and_then(Value::as_str);
    let name = text("name").filter(|name| name.contains('/'));
    text("selfLink").or(name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Comparison, Difference};
    use crate::replay::bindings::Bindings;

    fn compare(bindings: &mut Bindings, recorded: &Value, ours: &Value) -> Vec<Difference> {
        let mut comparison = Comparison::new(bindings);
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

    const TIME: &str = "2024-04-01T12:34:56.123456Z";

    /// The fields that differ when the recording shows the same twice and we first answer `ours`, then `later`.
    fn later(recorded: &Value, ours: &Value, later: &Value) -> Vec<String> {
        let mut bindings = Bindings::default();
        assert_eq!(compare(&mut bindings, recorded, ours), []);
        let found = compare(&mut bindings, recorded, later);
        found.into_iter().map(|it| it.field).collect()
    }

    #[test]
    fn what_an_object_keeps_for_ever_is_held_though_the_recording_has_it_no_more() {
        let uid = "111111111111111111111";
        for (recorded, ours, other) in [
            (uid, "u1", "u2"),
            (TIME, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
            ("8.8.8.8", "10.0.0.2", "10.0.0.3"),
            ("user@example.com", "me", "you"),
        ] {
            let field = match recorded {
                TIME => "createTime",
                "8.8.8.8" => "address",
                "user@example.com" => "creator",
                _ => "uid",
            };
            let object = |value: &str| json!({ "name": "projects/p/jobs/j", field: value });
            let changed = later(&object(recorded), &object(ours), &object(other));
            assert_eq!(changed, [field]);
            // Of another object it may be another.
            let elsewhere =
                json!({ "name": "projects/p/jobs/j", "x": { "selfLink": "l", field: other } });
            let shown =
                json!({ "name": "projects/p/jobs/j", "x": { "selfLink": "l", field: recorded } });
            let mut bindings = Bindings::default();
            assert_eq!(compare(&mut bindings, &object(recorded), &object(ours)), []);
            assert_eq!(compare(&mut bindings, &shown, &elsewhere), []);
            // Nor is what is made anew what was there before.
            bindings.made_anew("projects/p/jobs/j");
            assert_eq!(
                compare(&mut bindings, &object(recorded), &object(other)),
                []
            );
        }
    }

    #[test]
    fn an_operation_without_a_link_of_its_own_keeps_its_times() {
        let operation = |time: &str| {
            let metadata = json!({ "target": "projects/p/connectors/c", "createTime": time });
            json!({ "name": "projects/p/operations/o", "metadata": metadata })
        };
        let (first, second) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
        let mut bindings = Bindings::default();
        assert_eq!(
            compare(&mut bindings, &operation(TIME), &operation(first)),
            []
        );
        let found = compare(&mut bindings, &operation(TIME), &operation(second));
        assert_eq!(found[0].field, "metadata.createTime");
    }

    #[test]
    fn a_fingerprint_changes_only_when_something_is_written_or_the_recording_shows_a_change() {
        let object = |note: &str, fingerprint: &str| json!({ "selfLink": "l", "note": note, "fingerprint": fingerprint });
        let recorded = object("a", "abcdef0123A=");
        assert_eq!(
            later(&recorded, &object("a", "1"), &object("a", "2")),
            ["fingerprint"]
        );
        let mut bindings = Bindings::default();
        assert_eq!(compare(&mut bindings, &recorded, &object("a", "1")), []);
        let changed = object("b", "abcdef0123A=");
        assert_eq!(compare(&mut bindings, &changed, &object("b", "2")), []);
        bindings.written();
        assert_eq!(compare(&mut bindings, &recorded, &object("a", "3")), []);
    }
}
