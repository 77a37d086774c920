//! One exchange, held to the description.

use serde_json::{Value, json};

use crate::exchange::{Exchange, Reply};

use super::description::Description;
use super::matching::{self, Found};
use super::query;
use super::values::{Enums, Reader, View};
use super::violation::{Part, Violation};

/// Who asked, and so what a refusal excuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// What was refused may have been wrong: somebody tries what happens.
    AcceptedOnly,
    /// Every request has to be one that Google could accept.
    Always,
}

/// What came of one exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The method, as Google calls it; `None` if it has none.
    pub method: Option<String>,
    /// Whether the request was looked at, and not excused.
    pub request: bool,
    /// Whether the answer was looked at: a refusal counts.
    pub answer: bool,
    /// Whether the answer was a success.
    pub success: bool,
    /// What Google says against it.
    pub violations: Vec<Violation>,
}

impl Description {
    /// Holds one exchange to the description.
    pub fn check(&self, exchange: &Exchange<'_>, strictness: Strictness) -> Outcome {
        let accepted = match exchange.reply {
            Reply::Sent(status, _) | Reply::Truncated(status, _) | Reply::Garbled(status, _) => {
                status < 400
            }
            Reply::Lost => false,
        };
        let request = accepted || strictness == Strictness::Always;
        let found = match self.method(exchange) {
            Ok(found) => found,
            Err(violation) => {
                return Outcome {
                    request,
                    violations: if request { vec![violation] } else { Vec::new() },
                    ..Outcome::default()
                };
            }
        };
        let pairs = query::pairs(exchange.query);
        let mut violations = Vec::new();
        if request {
            violations.extend(query::check_path(found, exchange.path));
            violations.extend(query::check(found, &pairs));
            check_request(found, exchange.request, &mut violations);
        }
        let answer = check_answer(found, exchange, &pairs, &mut violations);
        Outcome {
            method: Some(found.method.id.clone()),
            request,
            answer,
            success: accepted,
            violations,
        }
    }

    /// The one method that a request is for.
    fn method(&self, exchange: &Exchange<'_>) -> Result<Found<'_>, Violation> {
        let candidates = matching::candidates(self, exchange.method, exchange.path);
        let says = match (&candidates[..], exchange.operation) {
            ([], _) => "Google describes no such method".to_owned(),
            ([only], None) => return Ok(*only),
            // The APIs are told apart by their hosts, which are one here: the emulator tells.
            (several, None) => {
                return several
                    .first()
                    .copied()
                    .ok_or_else(|| unknown(exchange, "no method"));
            }
            (several, Some(operation)) => {
                let mut named = several.iter().filter(|it| it.method.id == operation);
                match (named.next(), named.next()) {
                    (Some(found), None) => return Ok(*found),
                    (Some(_), Some(_)) => format!("two methods are called {operation}"),
                    (None, _) => format!("Google does not call this {operation}"),
                }
            }
        };
        Err(unknown(exchange, &says))
    }
}

fn unknown(exchange: &Exchange<'_>, says: &str) -> Violation {
    Violation {
        method: exchange.operation.unwrap_or("an unknown method").to_owned(),
        part: Part::Path,
        field: String::new(),
        value: json!(format!("{} {}", exchange.method, exchange.path)),
        says: says.to_owned(),
    }
}

fn check_request(found: Found<'_>, bytes: &[u8], violations: &mut Vec<Violation>) {
    let method = found.method;
    let mut reader = Reader {
        document: found.document,
        view: View {
            method: &method.id,
            part: Part::Request,
            whole: matches!(method.verb.as_str(), "POST" | "PUT"),
            // Compute reads names alone.
            enums: match found.document.name.as_str() {
                "compute" => Enums::Names,
                _ => Enums::Either,
            },
        },
        found: violations,
    };
    let body = if bytes.is_empty() {
        Ok(json!({}))
    } else {
        serde_json::from_slice::<Value>(bytes)
    };
    match (body, &method.request) {
        (Ok(body), Some(request)) => reader.message("", &request.name, &body),
        // Some clients send an empty message with every POST.
        (Ok(body), None) if body.is_null() || body == json!({}) => {}
        (Ok(body), None) => reader.wrong("", &body, "the method takes no body"),
        (Err(error), _) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            reader.wrong("", &json!(text), &format!("is no JSON: {error}"));
        }
    }
}

/// Checks the answer, and says whether there was one.
fn check_answer(
    found: Found<'_>,
    exchange: &Exchange<'_>,
    query: &[(String, String)],
    violations: &mut Vec<Violation>,
) -> bool {
    // What nobody serves is refused in the emulator's own words.
    if exchange.operation.is_none() && matches!(exchange.reply, Reply::Sent(404, _)) {
        return false;
    }
    // What a fault has spoilt is not the emulator's own; of a truncated body, the whole is known.
    let (status, body) = match exchange.reply {
        Reply::Sent(status, body) | Reply::Truncated(status, body) => (status, body),
        Reply::Garbled(..) | Reply::Lost => return false,
    };
    let (numbered, version) = match found.document.name.as_str() {
        "compute" => (false, ""),
        _ => (
            query::asks_for_numbers(query),
            found.document.version.as_str(),
        ),
    };
    // Cloud Run's version 1 is Knative, whose enums are names.
    let knative = found.document.name == "run" && version == "v1";
    let mut reader = Reader {
        document: found.document,
        view: View {
            method: &found.method.id,
            part: Part::Answer,
            whole: false,
            enums: if numbered && !knative {
                Enums::Numbers
            } else {
                Enums::Names
            },
        },
        found: violations,
    };
    match &found.method.response {
        _ if status >= 400 => super::messages::error(&mut reader, status, body),
        Some(response) => reader.message("", &response.name, body),
        None if body.is_null() => {}
        None => reader.wrong("", body, "the method answers nothing"),
    }
    true
}
