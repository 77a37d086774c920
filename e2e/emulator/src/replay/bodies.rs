//! Collections of error answers: each is a request line and the error, without what led to it. What must
//! have been there, and what must have happened before, follows from the error itself.
//!
//! ```text
//! ## DELETE 400 Bad Request https://compute.googleapis.com/compute/v1/...
//!      "error": { "code": 400, ... }
//!       from the file that it was taken from
//! ```

use serde_json::{Map, Value, json};

use crate::replay::recording::{Exchange, Recording, RecordingError};

pub(super) fn parse(name: &str, text: &str) -> Result<Vec<Recording>, RecordingError> {
    let lines: Vec<&str> = text.lines().collect();
    let mut recordings = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(head) = line.strip_prefix("## ") {
            let place = format!("{name}:{}", at + 1);
            let body = lines.get(at + 1).map_or("", |line| line.trim());
            recordings.push(entry(place, head, body)?);
        }
    }
    Ok(recordings)
}

fn entry(place: String, head: &str, body: &str) -> Result<Recording, RecordingError> {
    let words: Vec<&str> = head.split(' ').collect();
    let ([method, status, ..], Some(url)) = (&words[..], words.last()) else {
        return Err(RecordingError::Format {
            place,
            what: "expected a method, a status and a URL".to_owned(),
        });
    };
    // A body that was cut off when it was collected is no JSON.
    let answer: Option<Value> = serde_json::from_str(&format!("{{{body}}}")).ok();
    // An operation that ended in an error is answered with 200.
    let failed_operation = *status == "OPERR";
    let mut recording = staged(answer.as_ref().unwrap_or(&Value::Null));
    recording.name.clone_from(&place);
    recording.exchanges = vec![Exchange {
        place,
        method: (*method).to_owned(),
        url: (*url).to_owned(),
        request: Value::Null,
        status: if failed_operation {
            200
        } else {
            status.parse().unwrap_or_default()
        },
        answer,
        partial: failed_operation,
        at_once: false,
    }];
    Ok(recording)
}

/// What must have been there for an error to be given.
fn staged(answer: &Value) -> Recording {
    let first = &answer["error"]["errors"][0];
    let message = answer["error"]["message"].as_str();
    let message = message.or_else(|| first["message"].as_str());
    let named: Vec<&str> = message
        .unwrap_or_default()
        .split('\'')
        .skip(1)
        .step_by(2)
        .collect();
    let reason = first["reason"].as_str().or_else(|| first["code"].as_str());
    let mut recording = Recording::default();
    match (reason, &named[..]) {
        (Some("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE"), [held, user]) => {
            let mut resources = Map::new();
            resources.insert((*held).to_owned(), json!({}));
            resources.insert((*user).to_owned(), json!({ "network": held }));
            recording.given = json!({ "compute": resources });
            recording.lead = vec![("DELETE".to_owned(), compute(held))];
        }
        (Some("resourceNotReady"), [busy]) => {
            recording.given = json!({ "compute": { *busy: {} } });
            recording.lead = vec![("DELETE".to_owned(), compute(busy))];
            recording.at_once = true;
        }
        (None, [_]) if message.is_some_and(|text| text.ends_with("or permission denied.")) => {
            recording.given = json!({ "projects": { "another-project": {} } });
        }
        (Some(_) | None, _) => {}
    }
    recording
}

fn compute(path: &str) -> String {
    format!("https://compute.googleapis.com/compute/v1/{path}")
}
