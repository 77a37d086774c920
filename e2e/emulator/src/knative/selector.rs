//! Label selectors, by which Knative's lists are narrowed: `a=b`, `a!=b`, `a`, `!a`, `a in (b, c)`, with
//! commas between.

use serde_json::Value;

use crate::call::Call;
use crate::engine::Engine;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;

static INVALID: Rule = Rule::guessed(
    "run.v1.label-selector",
    "text unrecorded",
    "A label selector that does not parse is refused.",
);

pub(super) static RULES: &[&Rule] = &[&INVALID];

enum Term {
    Is(String, Vec<String>),
    IsNot(String, Vec<String>),
    Has(String),
    HasNot(String),
}

/// What a list is narrowed to.
pub(super) struct Selector(Vec<Term>);

impl Selector {
    /// The selector of a list call; one that admits everything if there is none.
    pub(super) fn of(engine: &Engine, call: &Call) -> Result<Selector, Refusal> {
        let text = call.query("labelSelector").unwrap_or_default();
        let terms: Option<Vec<Term>> = split(text).into_iter().map(parse).collect();
        engine.refuse_if(&INVALID, terms.is_none(), || {
            ErrorAnswer::code(
                Code::InvalidArgument,
                format!("Invalid label selector: '{text}'."),
            )
        })?;
        Ok(Selector(terms.unwrap_or_default()))
    }

    /// Whether an object's labels are as asked for.
    pub(super) fn admits(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let is = |key: &str, values: &[String]| {
            labels[key]
                .as_str()
                .is_some_and(|label| values.iter().any(|value| value == label))
        };
        self.0.iter().all(|term| match term {
            Term::Is(key, values) => is(key, values),
            Term::IsNot(key, values) => !is(key, values),
            Term::Has(key) => labels.get(key).is_some(),
            Term::HasNot(key) => labels.get(key).is_none(),
        })
    }
}

/// The terms: commas within parentheses do not part them.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = text.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    parts
        .map(str::trim)
        .filter(|term| !term.is_empty())
        .collect()
}

fn parse(term: &str) -> Option<Term> {
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, value)) = term.split_once("!=") {
        return Some(Term::IsNot(name(key)?, one(value)));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Some(Term::Is(name(key)?, one(value)));
    }
    if let Some(key) = term.strip_prefix('!') {
        return name(key).map(Term::HasNot);
    }
    let Some((key, set)) = term.split_once('(') else {
        return name(term).map(Term::Has);
    };
    let values = set
        .strip_suffix(')')?
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    let (key, word) = key.trim().rsplit_once(' ')?;
    match word {
        "in" => Some(Term::Is(name(key)?, values)),
        "notin" => Some(Term::IsNot(name(key)?, values)),
        _ => None,
    }
}

fn name(key: &str) -> Option<String> {
    let key = key.trim();
    let known = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!key.is_empty() && key.chars().all(known)).then(|| key.to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::{INVALID, Selector, parse, split};
    use crate::knative::tests::SERVICES;
    use crate::testing::Provocation;

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![Provocation::new(&INVALID, |bench| {
            bench.ask(
                "GET",
                &format!("{SERVICES}?labelSelector=a%20b"),
                Value::Null,
            )
        })]
    }

    #[test]
    fn selectors_are_read_as_kubernetes_writes_them() {
        let object = json!({ "metadata": { "labels": { "a/x": "b", "c": "d" } } });
        let admits = |text: &str| {
            let terms: Option<Vec<_>> = split(text).into_iter().map(parse).collect();
            Selector(terms.unwrap()).admits(&object)
        };
        for text in [
            "",
            "a/x=b",
            "a/x = b,c",
            "c in (x, d)",
            "!e, c != x",
            "e notin (d)",
        ] {
            assert!(admits(text), "{text}");
        }
        for text in ["a/x=c", "!c", "c notin (d,e)", "a/x==b,e"] {
            assert!(!admits(text), "{text}");
        }
    }
}
