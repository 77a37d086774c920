//! What the steps of one exercise know from those before them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::conformance::exercise::{Expect, Step};
use crate::conformance::names::Place;
use crate::conformance::wire::{Reply, Request};

/// How far one exercise has come.
#[derive(Default)]
pub(super) struct Course {
    kept: BTreeMap<&'static str, String>,
    /// Requests whose operations were not waited for.
    pub(super) running: Vec<(Request, Reply)>,
}

impl Course {
    /// Keeps what a step wants kept of its answer.
    pub(super) fn keep(&mut self, step: &Step, body: &Value) {
        for (name, at) in &step.keeps {
            let value = body.pointer(at).and_then(Value::as_str).unwrap_or_default();
            self.kept.insert(name, value.to_owned());
        }
    }

    /// The request of a step, with everything filled in.
    pub(super) fn request(&self, place: &Place, step: &Step) -> Request {
        Request {
            method: step.method,
            url: self.text(place, &step.url),
            body: self.value(place, &step.body),
        }
    }

    /// What a claim expects, with everything filled in.
    pub(super) fn expect(&self, place: &Place, expect: &Expect) -> Expect {
        match expect {
            Expect::Shows(at, value) => Expect::Shows(at, self.value(place, value)),
            Expect::ShowsOther(at, value) => Expect::ShowsOther(at, self.value(place, value)),
            Expect::Among(at, item) => Expect::Among(at, self.value(place, item)),
            same @ (Expect::Refused(..) | Expect::Has(_) | Expect::Lacks(_) | Expect::Says(_)) => {
                same.clone()
            }
        }
    }

    fn text(&self, place: &Place, text: &str) -> String {
        self.kept
            .iter()
            .fold(place.fill(text), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
    }

    fn value(&self, place: &Place, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(place, text)),
            Value::Array(items) => items.iter().map(|item| self.value(place, item)).collect(),
            Value::Object(fields) => {
                let filled =
                    |(name, value): (&String, &Value)| (name.clone(), self.value(place, value));
                fields.iter().map(filled).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}
