//! What an exchange has that Google's description has not.

use std::fmt;

use serde_json::Value;

/// Where in an exchange something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The HTTP method and the path.
    Path,
    /// The query.
    Query,
    /// The body of the request.
    Request,
    /// The body of the answer.
    Answer,
}

/// One disagreement with Google's description.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The method, as Google calls it; where it has none, what was asked.
    pub method: String,
    /// Where in the exchange.
    pub part: Part,
    /// The field, as in `nats[0].natIps`; empty for the whole.
    pub field: String,
    /// What is there; `Null` for what is missing.
    pub value: Value,
    /// What Google says.
    pub says: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::Path => "path",
            Part::Query => "query",
            Part::Request => "request",
            Part::Answer => "answer",
        };
        write!(formatter, "{}, {part}", self.method)?;
        if !self.field.is_empty() {
            write!(formatter, ", {}", self.field)?;
        }
        let mut value = self.value.to_string();
        if value.len() > 200 {
            let end = (0..=200).rev().find(|end| value.is_char_boundary(*end));
            value.truncate(end.unwrap_or_default());
            value.push('…');
        }
        write!(formatter, " = {value}: {}", self.says)
    }
}
