//! Which fields a resource has: unknown ones are refused, output-only ones are dropped, and the several
//! ways of writing one value (enum numbers, numbers as strings) become one.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::call::Api;
use crate::discovery::is_duration;
use crate::engine::Engine;
use crate::enums::Values;
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
    /// A length of time: seconds, as in `3.5s`.
    Duration,
    /// A 32-bit integer: a number on output.
    Int,
    /// A 64-bit integer: a string on output.
    Long,
    Real,
    /// A list of strings.
    Texts,
    /// A map of strings.
    Labels,
    /// An enum: its values, and the numbers that some clients send instead.
    Choice(Values),
    /// An enum that travels as its names only, as Compute's do.
    Word(&'static [&'static str]),
    /// A list of such enum values.
    Words(&'static [&'static str]),
    Object(Fields),
    List(Fields),
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
            Field::Labels | Field::Output => Inside::Anything,
            Field::Text
            | Field::Bool
            | Field::Duration
            | Field::Int
            | Field::Long
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
        other => {
            reader.refuse_type_if(true, root, "an object", other)?;
            Ok(json!({}))
        }
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
                None => self.refuse_unknown(at, name)?,
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
            | (Field::Output, _) => Some(value.clone()),
            (Field::Duration, Value::String(text)) => is_duration(text).then(|| value.clone()),
            (Field::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
                Some(value.clone())
            }
            (Field::Labels, Value::Object(map)) if map.values().all(Value::is_string) => {
                Some(value.clone())
            }
            (Field::Int, _) => integer(value)
                .filter(|number| OF_32_BITS.contains(number))
                .map(|number| json!(number)),
            (Field::Long, _) => integer(value).map(|number| json!(number.to_string())),
            (Field::Choice(choices), Value::String(text)) => choices
                .iter()
                .any(|(name, _)| name == text)
                .then(|| value.clone()),
            (Field::Choice(choices), Value::Number(number)) => choices
                .iter()
                .find(|(_, choice)| choice.is_some() && number.as_i64() == *choice)
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
                | Field::Duration
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
        self.refuse_type_if(read.is_none(), at, expectation(field), value)?;
        Ok(read.unwrap_or_else(|| value.clone()))
    }

    fn list(&self, at: &str, fields: Fields, items: &[Value]) -> Result<Value, Refusal> {
        let mut read = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let place = format!("{at}[{index}]");
            self.refuse_type_if(!item.is_object(), &place, "an object", item)?;
            read.push(match item {
                Value::Object(map) => self.object(&place, fields, map)?,
                other => other.clone(),
            });
        }
        Ok(Value::Array(read))
    }

    fn refuse_unknown(&self, at: &str, name: &str) -> Result<(), Refusal> {
        let place = if at.is_empty() {
            String::new()
        } else {
            format!(" at '{at}'")
        };
        let text = format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
        );
        self.engine
            .refuse_if(&UNKNOWN_FIELD, true, || match self.api {
                Api::Compute => ErrorAnswer::invalid(text),
                Api::Run | Api::VpcAccess | Api::Knative => {
                    ErrorAnswer::code(Code::InvalidArgument, text).violating(at)
                }
            })
    }

    /// Refuses a value that is none of what a field holds; without the rule it is taken as it is.
    #[cfg_attr(test, track_caller)]
    fn refuse_type_if(
        &self,
        wrong: bool,
        at: &str,
        wanted: &str,
        value: &Value,
    ) -> Result<(), Refusal> {
        self.engine
            .refuse_if(&WRONG_TYPE, wrong, || match self.api {
                Api::Compute => {
                    let field = format!("resource.{at}");
                    let shown = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    ErrorAnswer::invalid_field(&field, &shown, &format!("Expected {wanted}."))
                }
                Api::Run | Api::VpcAccess | Api::Knative => {
                    let text = format!("Invalid value at '{at}' (expected {wanted}), {value}");
                    ErrorAnswer::code(Code::InvalidArgument, text).violating(at)
                }
            })
    }
}

/// With a sign or without one: some of Compute's have none.
const OF_32_BITS: RangeInclusive<i64> = i32::MIN as i64..=u32::MAX as i64;

/// JSON numbers, and the strings that 64-bit integers travel as.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn expectation(field: &Field) -> &'static str {
    match field {
        Field::Text => "a string",
        Field::Bool => "a boolean",
        Field::Duration => "a duration in seconds, such as 3.5s",
        Field::Int | Field::Long => "an integer",
        Field::Real => "a number",
        Field::Texts => "a list of strings",
        Field::Labels => "a map of strings",
        Field::Choice(_) | Field::Word(_) => "one of the enum's values",
        Field::Words(_) => "a list of the enum's values",
        Field::Object(_) => "an object",
        Field::List(_) => "a list of objects",
        Field::Output => "anything",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::{Field, Fields, Reading, read};
    use crate::call::Api;
    use crate::testing::Bench;

    const FIELDS: Fields = &[
        ("timeout", Field::Duration),
        ("generation", Field::Long),
        ("count", Field::Int),
        ("medium", Field::Choice(crate::enums::MEDIUM)),
    ];

    fn of(body: &Value) -> Option<Value> {
        let bench = Bench::new();
        read(&bench.engine, Api::Run, "it", FIELDS, Reading::Whole, body).ok()
    }

    #[test]
    fn one_value_is_stored_in_one_way_and_what_is_none_is_refused() {
        for (field, given, stored) in [
            ("timeout", json!("60s"), Some(json!("60s"))),
            ("timeout", json!("3.5s"), Some(json!("3.5s"))),
            ("timeout", json!("soon"), None),
            ("timeout", json!("5m"), None),
            ("timeout", json!(60), None),
            ("generation", json!(7), Some(json!("7"))),
            ("generation", json!("7"), Some(json!("7"))),
            ("generation", json!("seven"), None),
            (
                "generation",
                json!(4_294_967_296_u64),
                Some(json!("4294967296")),
            ),
            ("count", json!(-1), Some(json!(-1))),
            (
                "count",
                json!(4_294_967_295_u64),
                Some(json!(4_294_967_295_u64)),
            ),
            ("count", json!(4_294_967_296_u64), None),
            ("count", json!(1.5), None),
            ("medium", json!(1), Some(json!("MEMORY"))),
            ("medium", json!("DISK"), Some(json!("DISK"))),
            ("medium", json!("TAPE"), None),
            ("medium", json!(9), None),
        ] {
            let body = json!({ field: given });
            let expected = stored.map(|stored| json!({ field: stored }));
            assert_eq!(of(&body), expected, "{body}");
        }
    }
}
