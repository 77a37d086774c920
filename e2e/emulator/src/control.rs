//! The emulator's own endpoints, below `/emulator/`. They are not counted, and no fault strikes them;
//! who may ask was checked before ([`crate::callers`]). What they answer claims nothing about Google, so that no rule
//! stands behind what they refuse.

use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use crate::faults::Faults;
use crate::reply::{done, own};
use crate::resources;
use crate::server::Server;

/// Answers a request to a control endpoint.
pub(crate) fn answer(server: &Server, head: &Parts, body: &[u8]) -> Response {
    let body = if body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_slice::<Value>(body)
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => return own(400, &format!("the body is not JSON: {error}")),
    };
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/emulator/requests") => done(&server.journal().counts()),
        ("GET", "/emulator/requests/log") => done(&server.journal().requests()),
        ("POST", "/emulator/requests:reset") => {
            server.journal().reset();
            done(&json!({}))
        }
        ("GET", "/emulator/state") => done(&server.state()),
        ("PUT", "/emulator/state") => match server.put_state(&body) {
            Ok(()) => done(&json!({})),
            Err(error) => own(400, &error.to_string()),
        },
        ("GET", "/emulator/faults") => done(&server.faults().describe()),
        ("PUT", "/emulator/faults") => put_faults(server, &body),
        ("DELETE", "/emulator/faults") => {
            server.put_faults(Faults::default());
            done(&json!([]))
        }
        ("GET", "/emulator/rules") => done(&server.engine().rules.describe(resources::rules())),
        ("PUT", "/emulator/rules") => put_rules(server, &body),
        (method, path) => own(404, &format!("there is no {method} {path}")),
    }
}

fn put_faults(server: &Server, body: &Value) -> Response {
    match server.read_faults(body) {
        Ok(faults) => {
            let described = faults.describe();
            server.put_faults(faults);
            done(&described)
        }
        Err(error) => {
            let cause = std::error::Error::source(&error);
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            own(400, &format!("{error}{cause}"))
        }
    }
}

fn put_rules(server: &Server, body: &Value) -> Response {
    let Some(off) = body["off"].as_array() else {
        return own(400, "the body is {\"off\": [ids of rules]}");
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
        return own(400, &format!("there is no rule {unknown}"));
    }
    let mut engine = server.engine();
    engine.rules.switch_off(off);
    done(&engine.rules.describe(resources::rules()))
}
