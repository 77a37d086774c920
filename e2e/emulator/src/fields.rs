//! Which fields a resource has: unknown ones are refused, output-only ones are dropped, and the several
//! ways of writing one value (enum numbers, numbers as strings) become one.

use serde_json::{Map, Value, json};

use crate::call::Api;
use crate::engine::Engine;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(crate) static UNKNOWN_FIELD: Rule = Rule::documented(
    "request.field.unknown",
    "docs/reference/google-cloud.md#unknown-fields-are-refused",
    "A field that the API does not know is refused with its name and place.",
);
pub(crate) static WRONG_TYPE: Rule = Rule::guessed(
    "request.field.type",
    "text unrecorded",
    "A value of the wrong type, or an enum value that does not exist, is refused.",
);
pub(crate) static OUTPUT_ONLY: Rule = Rule::documented(
    "request.field.output-only",
    "docs/reference/google-cloud.md#output-only-fields-are-ignored",
    "Output-only fields in a request are ignored.",
);

pub(crate) static RULES: &[&Rule] = &[&UNKNOWN_FIELD, &WRONG_TYPE, &OUTPUT_ONLY];

/// The fields of a message, by name.
pub(crate) type Fields = &'static [(&'static str, Field)];

/// What a field holds.
#[derive(Debug)]
pub(crate) enum Field {
    Text,
    Bool,
    /// A 32-bit integer: a number on output.
    Int,
    Real,
    /// A list of strings.
    Texts,
    /// A map of strings.
    Labels,
    /// An enum: its values, and the numbers that some clients send instead.
    Choice(&'static [(&'static str, i64)]),
    /// An enum that travels as its names only, as Compute's do.
    Word(&'static [&'static str]),
    /// A list of such enum values.
    Words(&'static [&'static str]),
    Object(Fields),
    List(Fields),
    /// Anything; for what we keep without looking into it.
    Any,
    /// Ignored on input.
    Output,
}

/// What a path of an update mask may go on into.
#[derive(Debug)]
pub(crate) enum Inside {
    Fields(Fields),
    Anything,
    Nothing,
}

impl Field {
    pub(crate) fn inside(&self) -> Inside {
        match self {
            Field::Object(fields) => Inside::Fields(fields),
            Field::Labels | Field::Any | Field::Output => Inside::Anything,
            Field::Text
            | Field::Bool
            | Field::Int
            | Field::Real
            | Field::Texts
            | Field::Choice(_)
            | Field::Word(_)
            | Field::Words(_)
            | Field::List(_) => Inside::Nothing,
        }
    }
}

/// Whether a request describes a whole resource or a change to one, in which `null` clears a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Whole,
    Change,
}

/// Reads a request's body. `root` is how error texts call the message: `service`, or empty for Compute.
pub(crate) fn read(
    engine: &Engine,
    api: Api,
    root: &str,
    fields: Fields,
    reading: Reading,
    body: &Value,
) -> Result<Value, Refusal> {
    let reader = Reader {
        engine,
        api,
        reading,
    };
    match body {
        Value::Null => Ok(json!({})),
        Value::Object(map) => reader.object(root, fields, map),
        other => Err(reader.wrong_type(root, "an object", other)),
    }
}

struct Reader<'a> {
    engine: &'a Engine,
    api: Api,
    reading: Reading,
}

impl Reader<'_> {
    fn object(&self, at: &str, fields: Fields, map: &Map<String, Value>) -> Result<Value, Refusal> {
        let mut read = Map::new();
        for (name, value) in map {
            let place = if at.is_empty() {
                name.clone()
            } else {
                format!("{at}.{name}")
            };
            match fields.iter().find(|(field, _)| field == name) {
                None => {
                    if self.engine.rule(&UNKNOWN_FIELD, true) {
                        return Err(self.unknown(at, name));
                    }
                }
                Some((_, Field::Output)) => {
                    if !self.engine.rule(&OUTPUT_ONLY, true) {
                        read.insert(name.clone(), value.clone());
                    }
                }
                Some(_) if value.is_null() => {
                    if self.reading == Reading::Change {
                        read.insert(name.clone(), Value::Null);
                    }
                }
                Some((_, field)) => {
                    read.insert(name.clone(), self.value(&place, field, value)?);
                }
            }
        }
        Ok(Value::Object(read))
    }

    fn value(&self, at: &str, field: &Field, value: &Value) -> Result<Value, Refusal> {
        let read = match (field, value) {
            (Field::Text, Value::String(_))
            | (Field::Bool, Value::Bool(_))
            | (Field::Real, Value::Number(_))
            | (Field::Any | Field::Output, _) => Some(value.clone()),
            (Field::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
                Some(value.clone())
            }
            (Field::Labels, Value::Object(map)) if map.values().all(Value::is_string) => {
                Some(value.clone())
            }
            (Field::Int, _) => integer(value).map(|number| json!(number)),
            (Field::Choice(choices), Value::String(text)) => choices
                .iter()
                .any(|(name, _)| name == text)
                .then(|| value.clone()),
            (Field::Choice(choices), Value::Number(number)) => choices
                .iter()
                .find(|(_, choice)| number.as_i64() == Some(*choice))
                .map(|(name, _)| json!(name)),
            (Field::Word(words), Value::String(text)) => {
                words.contains(&text.as_str()).then(|| value.clone())
            }
            (Field::Words(words), Value::Array(items)) => items
                .iter()
                .all(|item| item.as_str().is_some_and(|text| words.contains(&text)))
                .then(|| value.clone()),
            (Field::Object(fields), Value::Object(map)) => Some(self.object(at, fields, map)?),
            (Field::List(fields), Value::Array(items)) => Some(self.list(at, fields, items)?),
            (
                Field::Text
                | Field::Bool
                | Field::Real
                | Field::Texts
                | Field::Labels
                | Field::Choice(_)
                | Field::Word(_)
                | Field::Words(_)
                | Field::Object(_)
                | Field::List(_),
                _,
            ) => None,
        };
        let wrong = self.engine.rule(&WRONG_TYPE, read.is_none());
        match read {
            Some(read) => Ok(read),
            None if wrong => Err(self.wrong_type(at, expectation(field), value)),
            None => Ok(value.clone()),
        }
    }

    fn list(&self, at: &str, fields: Fields, items: &[Value]) -> Result<Value, Refusal> {
        let mut read = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let place = format!("{at}[{index}]");
            let Value::Object(map) = item else {
                return Err(self.wrong_type(&place, "an object", item));
            };
            read.push(self.object(&place, fields, map)?);
        }
        Ok(Value::Array(read))
    }

    fn unknown(&self, at: &str, name: &str) -> Refusal {
        let place = if at.is_empty() {
            String::new()
        } else {
            format!(" at '{at}'")
        };
        let text = format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
        );
        match self.api {
            Api::Compute => ErrorAnswer::invalid(text).by(&UNKNOWN_FIELD),
            Api::Run | Api::VpcAccess | Api::Knative => {
                ErrorAnswer::code(Code::InvalidArgument, text)
                    .violating(at)
                    .by(&UNKNOWN_FIELD)
            }
        }
    }

    fn wrong_type(&self, at: &str, wanted: &str, value: &Value) -> Refusal {
        match self.api {
            Api::Compute => {
                let field = format!("resource.{at}");
                let shown = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                ErrorAnswer::invalid_field(&field, &shown, &format!("Expected {wanted}."))
                    .by(&WRONG_TYPE)
            }
            Api::Run | Api::VpcAccess | Api::Knative => {
                let text = format!("Invalid value at '{at}' (expected {wanted}), {value}");
                ErrorAnswer::code(Code::InvalidArgument, text)
                    .violating(at)
                    .by(&WRONG_TYPE)
            }
        }
    }
}

/// JSON numbers, and the strings that 64-bit integers travel as.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn expectation(field: &Field) -> &'static str {
    match field {
        Field::Text => "a string",
        Field::Bool => "a boolean",
        Field::Int => "an integer",
        Field::Real => "a number",
        Field::Texts => "a list of strings",
        Field::Labels => "a map of strings",
        Field::Choice(_) | Field::Word(_) => "one of the enum's values",
        Field::Words(_) => "a list of the enum's values",
        Field::Object(_) => "an object",
        Field::List(_) => "a list of objects",
        Field::Any | Field::Output => "anything",
    }
}
