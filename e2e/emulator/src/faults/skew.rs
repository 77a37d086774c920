//! A server whose clock is wrong: every time that its answers show is.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Moves the times in a body; a field that ends in `Time` or `Timestamp` holds one. Each keeps its
/// spelling: Compute's offset and Cloud Run's `Z`.
pub(crate) fn shift(value: &mut Value, by: SignedDuration) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let timed = name.ends_with("Time") || name.ends_with("Timestamp");
                let moved = value
                    .as_str()
                    .filter(|_| timed)
                    .and_then(|text| moved(text, by));
                match moved {
                    Some(moved) => *value = Value::String(moved),
                    None => shift(value, by),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn moved(text: &str, by: SignedDuration) -> Option<String> {
    let time = text.parse::<Timestamp>().ok()?.checked_add(by).ok()?;
    Some(if text.ends_with('Z') {
        crate::clock::utc_time(time)
    } else {
        crate::clock::compute_time(time)
    })
}

/// Sets the `Date` header as the wrong clock has it.
pub(crate) fn date(response: &mut Response, by: SignedDuration) {
    let Ok(now) = Timestamp::now().checked_add(by) else {
        return;
    };
    let text = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::DATE, date);
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    #[test]
    fn times_move_and_keep_their_spelling() {
        let mut body = json!({
            "insertTime": "2026-01-01T00:00:00.000-07:00",
            "template": [{ "createTime": "2026-01-01T00:00:00.000000Z" }],
            "lastTime": "soon", "name": "2026-01-01T00:00:00Z",
        });
        super::shift(&mut body, SignedDuration::from_mins(-5));
        let expected = json!({
            "insertTime": "2025-12-31T23:55:00.000-07:00",
            "template": [{ "createTime": "2025-12-31T23:55:00.000000Z" }],
            "lastTime": "soon", "name": "2026-01-01T00:00:00Z",
        });
        assert_eq!(body, expected);
    }
}
