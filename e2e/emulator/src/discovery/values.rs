//! Whether a JSON value is what a message may be.

use serde_json::{Map, Value};

use super::description::{Document, Schema};
use super::violation::{Part, Violation};
use super::{excuses, formats, messages, numbers};

/// What is looked at, and which liberties the side that wrote it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    /// The method, as Google calls it.
    pub(super) method: &'a str,
    pub(super) part: Part,
    /// Whether the body describes a whole thing, so that what is required has to be there.
    pub(super) whole: bool,
    /// How enum values are written.
    pub(super) enums: Enums,
}

/// How the values of an enum are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enums {
    /// By name.
    Names,
    /// By number.
    Numbers,
    /// Either way, as a client likes it.
    Either,
}

/// Looks through one body.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) view: View<'a>,
    pub(super) found: &'a mut Vec<Violation>,
}

impl Reader<'_> {
    /// Checks a value against a message of the API.
    pub(super) fn message(&mut self, at: &str, name: &str, value: &Value) {
        match self.document.schemas.get(name) {
            Some(schema) => self.value(at, schema, value),
            None => self.wrong(at, value, &format!("Google describes no message {name}")),
        }
    }

    pub(super) fn wrong(&mut self, at: &str, value: &Value, says: &str) {
        self.found.push(Violation {
            method: self.view.method.to_owned(),
            part: self.view.part,
            field: at.to_owned(),
            value: value.clone(),
            says: says.to_owned(),
        });
    }

    fn is_request(&self) -> bool {
        self.view.part == Part::Request
    }

    pub(super) fn value(&mut self, at: &str, schema: &Schema, value: &Value) {
        if let Some(name) = &schema.reference {
            return self.message(at, name, value);
        }
        // A client may clear a field so; a server leaves it out.
        if value.is_null() && self.is_request() {
            return;
        }
        match (schema.kind.as_str(), value) {
            ("any", _) | ("boolean", Value::Bool(_)) | ("number", Value::Number(_)) => {}
            ("object", Value::Object(fields)) => self.object(at, schema, fields),
            ("array", Value::Array(items)) => {
                let Some(of) = &schema.items else { return };
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{at}[{index}]"), of, item);
                }
            }
            ("string", Value::String(text)) => self.text(at, schema, value, text),
            ("string", Value::Number(_)) => self.number_for_text(at, schema, value),
            ("integer", _) => self.integer(at, schema, value),
            (kind, _) => self.wrong(at, value, &format!("a value of type {kind}")),
        }
    }

    fn object(&mut self, at: &str, schema: &Schema, fields: &Map<String, Value>) {
        for (name, value) in fields {
            let place = join(at, name);
            match (schema.properties.get(name), &schema.additional_properties) {
                (Some(property), _) => self.value(&place, property, value),
                (None, Some(_)) if name == "@type" => {}
                (None, Some(of)) => self.value(&place, of, value),
                (None, None) => self.wrong(&place, value, "Google knows no such field"),
            }
        }
        if holds_anything(schema) && fields.contains_key("@type") {
            messages::any(self, at, fields);
        }
        if self.view.whole {
            self.required(at, schema, fields);
        }
    }

    fn required(&mut self, at: &str, schema: &Schema, fields: &Map<String, Value>) {
        for (name, property) in &schema.properties {
            let by_method = || property.annotations.required.iter();
            let required = property.description.required
                || by_method().any(|method| method == self.view.method);
            let place = join(at, name);
            let missing = required && fields.get(name).is_none_or(Value::is_null);
            if missing && !excuses::excused(self.view.method, &place) {
                self.wrong(&place, &Value::Null, "the field is required");
            }
        }
    }

    fn text(&mut self, at: &str, schema: &Schema, value: &Value, text: &str) {
        if let Some(choices) = &schema.choices {
            if !choices.iter().any(|choice| choice == text) {
                self.wrong(at, value, &format!("one of {}", choices.join(", ")));
            } else if self.view.enums == Enums::Numbers {
                self.wrong(at, value, "the number of the enum value, as was asked for");
            }
            return;
        }
        if let Some(wrong) = schema
            .format
            .as_deref()
            .and_then(|it| formats::text(it, text))
        {
            self.wrong(at, value, wrong);
        }
        if let Some(pattern) = schema
            .pattern
            .as_deref()
            .filter(|it| !formats::fits(it, text))
        {
            self.wrong(at, value, &format!("a text that fits {pattern}"));
        }
        // Compute tells of each object of which kind it is, and it is always the same word.
        if at.ends_with("kind")
            && let Some(default) = schema.default.as_deref().filter(|default| *default != text)
        {
            self.wrong(at, value, &format!("always {default}"));
        }
    }

    /// A number where the description has a text: an enum value, or a 64-bit integer from a client.
    fn number_for_text(&mut self, at: &str, schema: &Schema, value: &Value) {
        if let Some(choices) = &schema.choices {
            let field = last_name(at);
            let number = value.as_i64();
            let named = number.and_then(|number| numbers::name(field, choices, number));
            if self.view.enums == Enums::Names {
                self.wrong(at, value, "the name of an enum value");
            } else if named.is_none() {
                self.wrong(at, value, "the number of an enum value");
            }
            return;
        }
        let format = schema.format.as_deref().unwrap_or_default();
        let fits = self.is_request()
            && matches!(format, "int64" | "uint64")
            && formats::text(format, &value.to_string()).is_none();
        if !fits {
            self.wrong(at, value, "a text");
        }
    }

    fn integer(&mut self, at: &str, schema: &Schema, value: &Value) {
        let text = || value.as_str().filter(|_| self.is_request())?.parse().ok();
        let Some(number) = value.as_i64().or_else(text) else {
            return self.wrong(at, value, "an integer");
        };
        let format = schema.format.as_deref().unwrap_or("int32");
        if let Some(wrong) = formats::integer(format, number) {
            self.wrong(at, value, wrong);
        }
    }
}

/// Whether an object may hold any message, which its `@type` then tells.
fn holds_anything(schema: &Schema) -> bool {
    let additional = schema.additional_properties.as_deref();
    schema.properties.is_empty() && additional.is_some_and(|of| of.kind == "any")
}

pub(super) fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

/// The name of the field, of a place such as `conditions[0].state`.
fn last_name(at: &str) -> &str {
    let name = at.rsplit('.').next().unwrap_or_default();
    name.split('[').next().unwrap_or_default()
}
