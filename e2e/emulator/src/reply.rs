//! HTTP responses. One that says no is a [`Refusal`], which knows its cause, or is the emulator's own word, which
//! claims nothing about Google: whoever asked is a stranger, asked for too much, or asked the endpoints below
//! `/emulator/`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// A 200, or a 204 where the method has nothing to answer.
pub(crate) fn done(body: &Value) -> Response {
    if body.is_null() {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    with_status(StatusCode::OK, body)
}

/// An error of one of Google's APIs; `body` is the refusal's, as it is to be shown.
pub(crate) fn refused(refusal: &Refusal, body: &Value) -> Response {
    let mut response = with_status(status(refusal.error.http), body);
    let headers = response.headers_mut();
    if let Some(rule) = refusal.rule() {
        headers.insert("x-emulator-rule", HeaderValue::from_static(rule));
    }
    if let Some(seconds) = refusal.error.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An error of the emulator itself, not of any API.
pub(crate) fn own(code: u16, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message } });
    with_status(status(code), &body)
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn with_status(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
