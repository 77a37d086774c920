//! What the steps of one exercise know from those before them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::conformance::exercise::{Expect, Step};
use crate::conformance::names::Place;
use crate::conformance::sending::{Answer, Trouble};
use crate::conformance::wire::{Reply, Request};

/// How far one exercise has come.
#[derive(Default)]
pub(super) struct Course {
    kept: BTreeMap<&'static str, String>,
    /// Requests whose operations were not waited for.
    pub(super) running: Vec<(Request, Reply)>,
    /// So much time went by since they began that they may be over.
    pub(super) late: bool,
}

impl Course {
    /// Keeps what a step wants kept of its answer.
    pub(super) fn keep(&mut self, step: &Step, body: &Value) {
        for (name, at) in &step.keeps {
            let value = body.pointer(at).and_then(Value::as_str).unwrap_or_default();
            self.kept.insert(name, value.to_owned());
        }
    }

    /// Takes in how a step went that was to be sent at once. What is tried again after its answer was lost has begun
    /// before, perhaps.
    pub(super) fn clock(&mut self, sent: Result<&Answer, &Trouble>) {
        let began_before = !self.running.is_empty();
        self.late |= match sent {
            Ok(answer) => answer.late && (began_before || answer.repeated),
            Err(_) => began_before,
        };
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

    /// What all claims of a step expect.
    pub(super) fn expected(&self, place: &Place, step: &Step) -> Vec<Expect> {
        let claims = step.claims.iter();
        claims
            .map(|claim| self.expect(place, &claim.expect))
            .collect()
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
