//! The published schema, read once into what a walk needs.

use std::collections::BTreeMap;

use kube::core::cel::KubeCelExt;
use kube::core::cel::cel::{Context, Program, Value as CelValue};
use regex::Regex;
use serde_json::Value;

use super::breach::Breach;

pub(super) type Properties = BTreeMap<String, Node>;

/// One place in the schema.
pub(super) struct Node {
    pub(super) shape: Shape,
    pub(super) default: Option<Value>,
    pub(super) rules: Vec<Rule>,
}

/// What a value at a place may be.
pub(super) enum Shape {
    Object { properties: Properties, required: Vec<String> },
    List { item: Box<Node>, least: usize, most: usize, is_set: bool },
    Text(Text),
    Integer { least: i64, most: i64 },
    Boolean,
    Anything,
}

impl Shape {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Object { .. } => "an object",
            Self::List { .. } => "a list",
            Self::Text(_) => "a text",
            Self::Integer { .. } => "a whole number",
            Self::Boolean => "true or false",
            Self::Anything => "anything",
        }
    }
}

/// What a text may be.
pub(super) struct Text {
    allowed: Vec<String>,
    longest: usize,
    pattern: Option<Regex>,
}

impl Text {
    pub(super) fn breach(&self, word: &str) -> Option<Breach> {
        if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| allowed == word) {
            return Some(Breach::NotAllowed { value: word.into(), allowed: self.allowed.clone() });
        }
        if word.chars().count() > self.longest {
            let rule = format!("at most {} characters may be written", self.longest);
            return Some(Breach::Bound { rule });
        }
        let pattern = self.pattern.as_ref().filter(|pattern| !pattern.is_match(word))?;
        Some(Breach::Pattern { value: word.into(), pattern: pattern.as_str().into() })
    }
}

/// One CEL rule.
pub(super) struct Rule {
    /// A rule that cannot be compiled refuses everything, so that it is noticed.
    program: Result<Program, String>,
    message: String,
    /// Where, below the rule's own place.
    pub(super) field: Option<String>,
    /// Whether it compares with the former value.
    pub(super) about_change: bool,
}

impl Rule {
    /// What to say when the rule does not hold.
    pub(super) fn breach(&self, scope: &Context<'_>) -> Option<Breach> {
        let verdict = match &self.program {
            Ok(program) => program.execute(scope).map_err(|error| error.to_string()),
            Err(error) => Err(error.clone()),
        };
        match verdict {
            Ok(CelValue::Bool(true)) => None,
            Ok(_) => Some(Breach::rule(&self.message)),
            Err(error) => Some(Breach::rule(&format!("{} [{error}]", self.message))),
        }
    }
}

/// The schema of `spec` in the definition that we publish.
pub(super) fn published() -> Node {
    let crd = serde_json::to_value(crate::crd()).unwrap_or_default();
    node(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"])
}

/// The functions that rules may call, those of Kubernetes included.
pub(super) fn functions() -> Context<'static> {
    Context::default().with_all()
}

fn node(schema: &Value) -> Node {
    let rules = list(&schema["x-kubernetes-validations"]).iter().map(rule).collect();
    Node { shape: shape(schema), default: schema.get("default").cloned(), rules }
}

fn shape(schema: &Value) -> Shape {
    match schema["type"].as_str() {
        Some("object") => Shape::Object {
            properties: schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, property)| (name.clone(), node(property)))
                .collect(),
            required: words(&schema["required"]),
        },
        Some("array") => Shape::List {
            item: Box::new(node(&schema["items"])),
            least: number(&schema["minItems"]).unwrap_or(0),
            most: number(&schema["maxItems"]).unwrap_or(usize::MAX),
            is_set: schema["x-kubernetes-list-type"] == "set",
        },
        Some("string") => Shape::Text(Text {
            allowed: words(&schema["enum"]),
            longest: number(&schema["maxLength"]).unwrap_or(usize::MAX),
            pattern: schema["pattern"].as_str().and_then(|pattern| Regex::new(pattern).ok()),
        }),
        Some("integer") => Shape::Integer {
            least: bound(&schema["minimum"]).unwrap_or(i64::MIN),
            most: bound(&schema["maximum"]).unwrap_or(i64::MAX),
        },
        Some("boolean") => Shape::Boolean,
        Some(_) | None => Shape::Anything,
    }
}

fn rule(schema: &Value) -> Rule {
    let text = schema["rule"].as_str().unwrap_or_default();
    let program = Program::compile(text).map_err(|error| error.to_string());
    let about_change =
        program.as_ref().is_ok_and(|program| program.references().has_variable("oldSelf"));
    Rule {
        program,
        message: schema["message"].as_str().unwrap_or(text).to_owned(),
        field: schema["fieldPath"].as_str().map(|path| path.trim_start_matches('.').to_owned()),
        about_change,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn words(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

/// A bound is written as a float in the definition, and always is a whole number.
#[allow(clippy::cast_possible_truncation)]
fn bound(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|bound| bound as i64))
}

/// A value as rules see it.
pub(super) fn to_cel(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(truth) => CelValue::Bool(*truth),
        Value::Number(number) => number.as_i64().map_or(CelValue::Null, CelValue::Int),
        Value::String(word) => word.as_str().into(),
        Value::Array(items) => items.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), to_cel(field)))
            .collect::<std::collections::HashMap<_, _>>()
            .into(),
    }
}
