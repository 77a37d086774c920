//! What a request asks for, read off its head; the body is the caller's affair.

use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;

use crate::call::{Api, Call};
use crate::engine::Engine;
use crate::exchange::{Exchange, Reply};
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::reply;
use crate::resources::{self, Found};
use crate::rules::Rule;

static MALFORMED: Rule = Rule::guessed(
    "request.body.malformed",
    "Compute's reason as other Google APIs document it; text unrecorded",
    "A body that is no JSON is refused.",
);

/// The rules about bodies, whatever they say.
pub(crate) static RULES: &[&Rule] = &[&MALFORMED];

/// A request as it came, and the method that serves it, if one does.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) head: &'a Parts,
    pub(crate) bytes: &'a [u8],
    pub(crate) operation: Option<&'static str>,
}

impl<'a> Request<'a> {
    pub(crate) fn with(self, reply: Reply<'a>) -> Exchange<'a> {
        Exchange {
            operation: self.operation,
            method: self.head.method.as_str(),
            path: self.head.uri.path(),
            query: self.head.uri.query().unwrap_or_default(),
            user_agent: text(self.head, &header::USER_AGENT).unwrap_or_default(),
            request: self.bytes,
            reply,
        }
    }
}

fn text<'a>(head: &'a Parts, name: &header::HeaderName) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

/// A client that wants a tunnel to an API that nobody pointed at the emulator is told so.
pub(crate) fn no_tunnel(head: &Parts) -> Response {
    let to = head.uri.authority().map_or("somewhere", |to| to.as_str());
    let text = format!(
        "The emulator opens no tunnel to {to}: point the client's endpoint at plain http, as \
         `privatelink emulator env` does."
    );
    let refusal = ErrorAnswer::new(501, "UNIMPLEMENTED", text).unserved();
    reply::refused(&refusal, &refusal.body(Api::Run))
}

/// The JSON of a body; `Null` for an empty one.
pub(crate) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes)
}

/// The body of a call. Without the rule, one that is no JSON is none.
pub(crate) fn body(
    engine: &Engine,
    found: &Found,
    parsed: serde_json::Result<Value>,
) -> Result<Value, Refusal> {
    let before = engine.rules.look_for(found.route.operation);
    let why = parsed.as_ref().err().map(ToString::to_string);
    let refused = engine.refuse_if(&MALFORMED, why.is_some(), || {
        let why = why.unwrap_or_default();
        let text = format!("Invalid JSON payload received. {why}");
        match found.resource.api {
            Api::Compute => ErrorAnswer::new(400, "parseError", text),
            Api::Run | Api::VpcAccess | Api::Knative => {
                ErrorAnswer::code(Code::InvalidArgument, text)
            }
        }
    });
    engine.rules.look_for(before);
    refused.map(|()| parsed.unwrap_or_default())
}

pub(crate) fn call(found: Found, host: String, query: &str, body: Value) -> Call {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        resources::decode(&text).unwrap_or(text)
    };
    let query: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    found.into_call(host, query, body)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::MALFORMED;
    use crate::testing::Provocation;

    pub(crate) fn provocations() -> Vec<Provocation> {
        let sent = |url: &'static str| {
            Provocation::new(&MALFORMED, move |bench| {
                bench.sent("POST", url, "{\"name\":")
            })
        };
        vec![
            sent("/compute/v1/projects/p/global/networks"),
            sent("/v2/projects/p/locations/us-east1/services?serviceId=s"),
            sent("/v1/projects/p/locations/us-east1/connectors?connectorId=c"),
            sent("/apis/serving.knative.dev/v1/namespaces/p/services"),
        ]
    }
}
