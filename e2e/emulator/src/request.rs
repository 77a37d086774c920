//! What a request asks for, read off its head; the body is the caller's affair.

use std::collections::BTreeMap;

use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::exchange::{Exchange, Reply};
use crate::refusal::{Code, Refusal};
use crate::resources::{self, Found};
use crate::server::reply;

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
    reply(
        501,
        &json!({ "error": { "code": 501, "message": text, "status": "UNIMPLEMENTED" } }),
    )
}

pub(crate) fn malformed(api: Api, why: &str) -> Refusal {
    let text = format!("Invalid JSON payload received. {why}");
    match api {
        Api::Compute => Refusal::new(400, "parseError", text),
        Api::Run | Api::VpcAccess | Api::Knative => Refusal::code(Code::InvalidArgument, text),
    }
}

pub(crate) fn call(found: Found, host: String, query: &str, body: Value) -> Call {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        resources::decode(&text).unwrap_or(text)
    };
    let query: BTreeMap<String, String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    found.into_call(host, query, body)
}
