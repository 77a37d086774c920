//! What can be wrong with a value.

use serde_json::Value;

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, such as `spec.egress.connector`.
    pub path: String,
    /// What is wrong there.
    pub breach: Breach,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// The schema has no such field.
    UnknownField {
        /// The field as written.
        name: String,
        /// The fields that may be written there.
        known: Vec<String>,
    },
    /// The value is of another type.
    WrongType {
        /// What the schema wants, in words.
        expected: &'static str,
        /// What is written, in words.
        found: String,
    },
    /// A required field is not written; the path is that of the object around it.
    MissingField {
        /// The field.
        name: String,
    },
    /// The value is not one of a few.
    NotAllowed {
        /// The value as written.
        value: String,
        /// The values that may be written.
        allowed: Vec<String>,
    },
    /// The text is not spelled as the pattern wants.
    Pattern {
        /// The value as written.
        value: String,
        /// The pattern.
        pattern: String,
    },
    /// A length, a count or a number is out of its bounds.
    Bound {
        /// The bound, in words.
        rule: String,
    },
    /// A CEL rule says no.
    Rule {
        /// The rule's own message, without the code.
        message: String,
        /// The code that the message names.
        code: Option<String>,
        /// What is written there, where that is one text.
        value: Option<String>,
    },
}

impl Breach {
    /// Whether the value cannot even be read as a declaration.
    pub fn is_shape(&self) -> bool {
        match self {
            Self::UnknownField { .. }
            | Self::WrongType { .. }
            | Self::MissingField { .. }
            | Self::NotAllowed { .. } => true,
            Self::Pattern { .. } | Self::Bound { .. } | Self::Rule { .. } => false,
        }
    }

    pub(super) fn wrong_type(expected: &'static str, found: &Value) -> Self {
        let found = match found {
            Value::Null => "nothing".to_owned(),
            Value::Bool(truth) => format!("the boolean {truth}"),
            Value::Number(number) => format!("the number {number}"),
            Value::String(word) => format!("the text {word:?}"),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        Self::WrongType { expected, found }
    }

    /// A rule's message may end with its code in parentheses.
    pub(super) fn rule(message: &str, value: &Value) -> Self {
        let value = value.as_str().map(str::to_owned);
        let parts = message
            .strip_suffix(')')
            .and_then(|rest| rest.rsplit_once(" ("));
        match parts {
            Some((message, code)) if code.starts_with("PL") => Self::Rule {
                message: message.to_owned(),
                code: Some(code.to_owned()),
                value,
            },
            Some(_) | None => Self::Rule {
                message: message.to_owned(),
                code: None,
                value,
            },
        }
    }
}
