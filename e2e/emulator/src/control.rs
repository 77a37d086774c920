//! The emulator's own endpoints, below `/emulator/`. They are not counted, and no fault strikes them;
//! who may ask was checked before ([`crate::callers`]).

use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use crate::faults::Faults;
use crate::resources;
use crate::server::{Server, reply};

/// Answers a request to a control endpoint.
pub(crate) fn answer(server: &Server, head: &Parts, body: &[u8]) -> Response {
    let body = if body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_slice::<Value>(body)
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => return wrong(400, &format!("the body is not JSON: {error}")),
    };
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/emulator/requests") => reply(200, &server.journal().counts()),
        ("GET", "/emulator/requests/log") => reply(200, &server.journal().requests()),
        ("POST", "/emulator/requests:reset") => {
            server.journal().reset();
            reply(200, &json!({}))
        }
        ("GET", "/emulator/state") => reply(200, &server.state()),
        ("PUT", "/emulator/state") => match server.put_state(&body) {
            Ok(()) => reply(200, &json!({})),
            Err(error) => wrong(400, &error.to_string()),
        },
        ("GET", "/emulator/faults") => reply(200, &server.faults().describe()),
        ("PUT", "/emulator/faults") => put_faults(server, &body),
        ("DELETE", "/emulator/faults") => {
            server.put_faults(Faults::default());
            reply(200, &json!([]))
        }
        ("GET", "/emulator/rules") => {
            reply(200, &server.engine().rules.describe(resources::rules()))
        }
        ("PUT", "/emulator/rules") => put_rules(server, &body),
        (method, path) => wrong(404, &format!("there is no {method} {path}")),
    }
}

fn put_faults(server: &Server, body: &Value) -> Response {
    match server.read_faults(body) {
        Ok(faults) => {
            let described = faults.describe();
            server.put_faults(faults);
            reply(200, &described)
        }
        Err(error) => {
            let cause = std::error::Error::source(&error);
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            wrong(400, &format!("{error}{cause}"))
        }
    }
}

fn put_rules(server: &Server, body: &Value) -> Response {
    let Some(off) = body["off"].as_array() else {
        return wrong(400, "the body is {\"off\": [ids of rules]}");
    };
    let off: Vec<String> = off
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if let Some(unknown) = off
        .iter()
        .find(|id| resources::rules().all(|rule| rule.id != **id))
    {
        return wrong(400, &format!("there is no rule {unknown}"));
    }
    let mut engine = server.engine();
    engine.rules.switch_off(off);
    reply(200, &engine.rules.describe(resources::rules()))
}

/// A refusal of the emulator itself, not of any API.
pub(crate) fn wrong(status: u16, message: &str) -> Response {
    reply(
        status,
        &json!({ "error": { "code": status, "message": message } }),
    )
}
