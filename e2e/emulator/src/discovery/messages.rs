//! Messages that stand where any may stand, told by their `@type`; and errors, which are alike in all APIs
//! and in no document.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::description::Schema;
use super::values::{Reader, join};

const PREFIX: &str = "type.googleapis.com/";

/// What any API may put into an answer: `google.rpc`'s error details, and nothing.
static COMMON: LazyLock<Vec<(&str, Schema)>> = LazyLock::new(|| {
    let text = json!({ "type": "string" });
    let words = json!({ "type": "object", "additionalProperties": text });
    let list = |fields: Value| json!({ "type": "array", "items": { "type": "object", "properties": fields } });
    let duration = json!({ "type": "string", "format": "google-duration" });
    let messages = [
        ("google.protobuf.Empty", json!({})),
        (
            "google.rpc.ErrorInfo",
            json!({ "reason": text, "domain": text, "metadata": words }),
        ),
        ("google.rpc.RetryInfo", json!({ "retryDelay": duration })),
        (
            "google.rpc.LocalizedMessage",
            json!({ "locale": text, "message": text }),
        ),
        (
            "google.rpc.Help",
            json!({ "links": list(json!({ "description": text, "url": text })) }),
        ),
        (
            "google.rpc.BadRequest",
            json!({ "fieldViolations": list(json!({
                "field": text, "description": text, "reason": text,
            })) }),
        ),
        (
            "google.rpc.QuotaFailure",
            json!({ "violations": list(json!({ "subject": text, "description": text })) }),
        ),
        (
            "google.rpc.PreconditionFailure",
            json!({ "violations": list(json!({
                "type": text, "subject": text, "description": text,
            })) }),
        ),
    ];
    let schema = |fields| json!({ "type": "object", "properties": fields });
    let message = |(name, fields)| Some((name, serde_json::from_value(schema(fields)).ok()?));
    messages.into_iter().filter_map(message).collect()
});

/// Checks an object against the message that its `@type` names.
pub(super) fn any(reader: &mut Reader<'_>, at: &str, fields: &Map<String, Value>) {
    let kind = fields.get("@type").cloned().unwrap_or_default();
    let name = kind.as_str().and_then(|kind| kind.strip_prefix(PREFIX));
    let Some(name) = name else {
        return reader.wrong(&join(at, "@type"), &kind, "the URL of a message");
    };
    let mut rest = fields.clone();
    rest.remove("@type");
    let rest = Value::Object(rest);
    if let Some((_, schema)) = COMMON.iter().find(|(common, _)| *common == name) {
        return reader.value(at, schema, &rest);
    }
    let schemas = &reader.document.schemas;
    let names = [whole_name(name), last_name(name).to_owned()];
    match names.into_iter().find(|name| schemas.contains_key(name)) {
        Some(name) => reader.message(at, &name, &rest),
        None => reader.wrong(
            &join(at, "@type"),
            &kind,
            "Google describes no such message",
        ),
    }
}

/// Checks the body of an error.
pub(super) fn error(reader: &mut Reader<'_>, status: u16, body: &Value) {
    let Some(error) = body["error"].as_object() else {
        return reader.wrong("error", body, "an error is told in an object");
    };
    for name in body.as_object().into_iter().flat_map(Map::keys) {
        if name != "error" {
            reader.wrong(name, &body[name], "beside an error there is nothing");
        }
    }
    let compute = reader.document.name == "compute";
    for (name, value) in error {
        let place = join("error", name);
        match name.as_str() {
            "code" if value == &json!(status) => {}
            "code" => reader.wrong(
                &place,
                value,
                &format!("the status of the answer, {status}"),
            ),
            "message" if value.is_string() => {}
            "message" => reader.wrong(&place, value, "a text"),
            "errors" if compute => old_errors(reader, value, error),
            "status" if value.as_str().and_then(http_status) == Some(status) => {}
            "status" => reader.wrong(&place, value, &format!("a code that is sent as {status}")),
            "details" => details(reader, value),
            _ => reader.wrong(&place, value, "no part of an error"),
        }
    }
    for name in ["code", "message"] {
        if !error.contains_key(name) {
            reader.wrong(&join("error", name), &Value::Null, "every error has one");
        }
    }
    if !compute && !error.contains_key("status") {
        reader.wrong(
            "error.status",
            &Value::Null,
            "every error of this API has one",
        );
    }
}

/// The list in which Compute repeats the message, with its own word for the reason.
fn old_errors(reader: &mut Reader<'_>, list: &Value, error: &Map<String, Value>) {
    for (index, item) in list.as_array().into_iter().flatten().enumerate() {
        let at = format!("error.errors[{index}]");
        for (name, value) in item.as_object().into_iter().flatten() {
            let known = [
                "message",
                "domain",
                "reason",
                "location",
                "locationType",
                "debugInfo",
                "extendedHelp",
            ];
            if !known.contains(&name.as_str()) || !value.is_string() {
                reader.wrong(&join(&at, name), value, "no part of an error");
            }
        }
        if index == 0 && item["message"] != error["message"] {
            reader.wrong(
                &join(&at, "message"),
                &item["message"],
                "the error's own message",
            );
        }
        for name in ["reason", "domain"] {
            if item[name].as_str().is_none_or(str::is_empty) {
                reader.wrong(&join(&at, name), &item[name], "every item has one");
            }
        }
    }
    if list.as_array().is_none_or(Vec::is_empty) {
        reader.wrong("error.errors", list, "a list with something in it");
    }
}

fn details(reader: &mut Reader<'_>, list: &Value) {
    for (index, detail) in list.as_array().into_iter().flatten().enumerate() {
        let at = format!("error.details[{index}]");
        match detail.as_object() {
            Some(fields) => any(reader, &at, fields),
            None => reader.wrong(&at, detail, "an object"),
        }
    }
}

/// `google.cloud.run.v2.Service` as Cloud Run's document has it: `GoogleCloudRunV2Service`.
fn whole_name(name: &str) -> String {
    let mut whole = String::new();
    for word in name.split('.') {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        whole.push_str(&first.to_uppercase());
        whole.push_str(rest);
    }
    whole
}

fn last_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What a canonical code is sent as (`google/rpc/code.proto`).
fn http_status(code: &str) -> Option<u16> {
    Some(match code {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "ALREADY_EXISTS" | "ABORTED" => 409,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "UNKNOWN" | "INTERNAL" | "DATA_LOSS" => 500,
        "UNIMPLEMENTED" => 501,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => return None,
    })
}
