//! The published schema, read once into what a walk needs.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use kube::core::cel::KubeCelExt;
use kube::core::cel::cel::Context;
use regex::Regex;
use serde_json::Value;

use super::breach::Breach;
use super::rule::Rule;

pub(super) type Properties = BTreeMap<String, Node>;

/// One place in the schema.
pub(super) struct Node {
    pub(super) shape: Shape,
    pub(super) default: Option<Value>,
    pub(super) rules: Vec<Rule>,
}

impl Node {
    /// Drops what is `null` and fills in defaults, as a server does before it looks at anything.
    pub(super) fn complete(&self, value: &mut Value) {
        match (&self.shape, value) {
            (Shape::Object { properties, .. }, Value::Object(fields)) => {
                fields.retain(|_, field| !field.is_null());
                for (name, property) in properties {
                    if let Some(default) = &property.default
                        && !fields.contains_key(name)
                    {
                        fields.insert(name.clone(), default.clone());
                    }
                    if let Some(field) = fields.get_mut(name) {
                        property.complete(field);
                    }
                }
            }
            (Shape::List { item, .. }, Value::Array(items)) => {
                for value in items {
                    item.complete(value);
                }
            }
            (_, _) => {}
        }
    }

    /// Whether fields, types and words are right, down to the last.
    pub(super) fn is_shaped_like(&self, value: &Value) -> bool {
        match (&self.shape, value) {
            (
                Shape::Object {
                    properties,
                    required,
                },
                Value::Object(fields),
            ) => {
                let is_known = |(name, field): (&String, &Value)| {
                    properties
                        .get(name)
                        .is_some_and(|node| field.is_null() || node.is_shaped_like(field))
                };
                fields.iter().all(is_known)
                    && required
                        .iter()
                        .all(|name| fields.get(name).is_some_and(|field| !field.is_null()))
            }
            (Shape::List { item, .. }, Value::Array(items)) => {
                items.iter().all(|value| item.is_shaped_like(value))
            }
            (Shape::Text(text), Value::String(word)) => text.allows(word),
            (Shape::Integer { .. }, Value::Number(number)) => number.is_i64(),
            (Shape::Boolean, Value::Bool(_)) | (Shape::Anything, _) => true,
            (_, _) => false,
        }
    }
}

/// What a value at a place may be.
pub(super) enum Shape {
    Object {
        properties: Properties,
        required: Vec<String>,
    },
    List {
        item: Box<Node>,
        least: usize,
        most: usize,
        is_set: bool,
    },
    Text(Text),
    Integer {
        least: i64,
        most: i64,
    },
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
    pattern: Option<Pattern>,
}

/// A regular expression, compiled when the first text comes by.
struct Pattern {
    text: String,
    compiled: OnceCell<Option<Regex>>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            compiled: OnceCell::new(),
        }
    }

    fn matches(&self, word: &str) -> bool {
        let compiled = self
            .compiled
            .get_or_init(|| Regex::new(&self.text).ok())
            .as_ref();
        compiled.is_none_or(|regex| regex.is_match(word))
    }
}

impl Text {
    fn allows(&self, word: &str) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|allowed| allowed == word)
    }

    pub(super) fn breach(&self, word: &str) -> Option<Breach> {
        if !self.allows(word) {
            return Some(Breach::NotAllowed {
                value: word.into(),
                allowed: self.allowed.clone(),
            });
        }
        if word.chars().count() > self.longest {
            let rule = format!("at most {} characters may be written", self.longest);
            return Some(Breach::Bound { rule });
        }
        let pattern = self
            .pattern
            .as_ref()
            .filter(|pattern| !pattern.matches(word))?;
        Some(Breach::Pattern {
            value: word.into(),
            pattern: pattern.text.as_str().into(),
        })
    }
}

/// The definition that we publish, written once: whoever reads and whoever checks start from the same.
static DEFINITION: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(crate::crd()).unwrap_or_default());

/// The schema of `spec` in the definition that we publish.
pub(super) fn published() -> Node {
    let version = &DEFINITION["spec"]["versions"][0];
    node(&version["schema"]["openAPIV3Schema"]["properties"]["spec"])
}

/// The functions that rules may call, those of Kubernetes included.
pub(super) fn functions() -> Context<'static> {
    Context::default().with_all()
}

fn node(schema: &Value) -> Node {
    let rules = list(&schema["x-kubernetes-validations"])
        .iter()
        .map(Rule::new)
        .collect();
    Node {
        shape: shape(schema),
        default: schema.get("default").cloned(),
        rules,
    }
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
            pattern: schema["pattern"].as_str().map(Pattern::new),
        }),
        Some("integer") => Shape::Integer {
            least: bound(&schema["minimum"]).unwrap_or(i64::MIN),
            most: bound(&schema["maximum"]).unwrap_or(i64::MAX),
        },
        Some("boolean") => Shape::Boolean,
        Some(_) | None => Shape::Anything,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn words(value: &Value) -> Vec<String> {
    list(value)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn number(value: &Value) -> Option<usize> {
    value
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
}

/// A bound is written as a float in the definition, and always is a whole number.
#[allow(clippy::cast_possible_truncation)]
fn bound(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|bound| bound as i64))
}
