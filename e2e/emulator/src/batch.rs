//! Several Compute requests in one: `POST /batch/compute/v1` with a `multipart/mixed` body whose parts are
//! HTTP requests, answered by parts that are their responses
//! (`docs/reference/google-cloud.md#batch-requests`).

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use crate::server::{Server, reply, respond};
use crate::wire::Cord;

/// The most requests that one batch may hold.
const MOST: usize = 1_000;

/// Separates the parts of an answer; no JSON that we write holds it.
const BOUNDARY: &str = "batch_of_the_emulator";

/// The longest response that a part may be.
const LONGEST_PART: usize = 256 * 1024 * 1024;

/// Why a body is no batch.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum BatchError {
    #[error("The batch request has no Content-Type multipart/mixed with a boundary.")]
    NotMultipart,
    #[error("The batch request holds {0} calls, which is more than {MOST}.")]
    TooMany(usize),
    #[error("Part {0} of the batch request is no HTTP request.")]
    Part(usize),
}

/// One request of a batch, and what its answer is called by.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    id: String,
    method: Method,
    target: String,
    body: String,
}

/// Whether a request is a batch.
pub(crate) fn is_batch(head: &Parts) -> bool {
    head.method == Method::POST && head.uri.path().starts_with("/batch")
}

/// Answers each part as if it had come alone, in order.
pub(crate) async fn answer(server: &Server, cord: &Cord, head: &Parts, body: &[u8]) -> Response {
    let kind = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let parts = match parse(kind.unwrap_or_default(), &String::from_utf8_lossy(body)) {
        Ok(parts) => parts,
        Err(error) => {
            let text = error.to_string();
            return reply(400, &json!({ "error": { "code": 400, "message": text } }));
        }
    };
    let mut answered = String::new();
    for part in parts {
        answered.push_str(&one(server, cord, part).await);
    }
    answered.push_str("--");
    answered.push_str(BOUNDARY);
    answered.push_str("--\r\n");
    let mut response = Response::new(Body::from(answered));
    let kind = format!("multipart/mixed; boundary={BOUNDARY}");
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// One part of the answer, with the line before it that separates it.
async fn one(server: &Server, cord: &Cord, part: Part) -> String {
    let request = Request::builder()
        .method(part.method)
        .uri(part.target)
        .body(());
    let response = match request {
        Ok(request) => {
            let (head, ()) = request.into_parts();
            respond(server, cord, &head, &Bytes::from(part.body)).await
        }
        Err(error) => reply(
            400,
            &json!({ "error": { "code": 400, "message": error.to_string() } }),
        ),
    };
    let (head, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_PART).await.unwrap_or_default();
    let (status, reason) = (head.status.as_u16(), reason(head.status));
    let id = part
        .id
        .strip_prefix('<')
        .map_or_else(|| part.id.clone(), |id| format!("<response-{id}"));
    format!(
        "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: {id}\r\n\r\n\
         HTTP/1.1 {status} {reason}\r\nContent-Type: application/json; charset=UTF-8\r\n\
         Content-Length: {}\r\n\r\n{}\r\n",
        body.len(),
        String::from_utf8_lossy(&body),
    )
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Unknown")
}

fn parse(content_type: &str, body: &str) -> Result<Vec<Part>, BatchError> {
    let boundary = content_type
        .starts_with("multipart/mixed")
        .then(|| {
            content_type
                .split(';')
                .find_map(|it| it.trim().strip_prefix("boundary="))
        })
        .flatten()
        .map(|boundary| boundary.trim_matches('"'))
        .filter(|boundary| !boundary.is_empty())
        .ok_or(BatchError::NotMultipart)?;
    let text = body.replace("\r\n", "\n");
    let line = format!("--{boundary}");
    // What is before the first line and after the last one means nothing.
    let parts: Vec<&str> = text
        .split(&line)
        .skip(1)
        .take_while(|part| !part.starts_with("--"))
        .collect();
    if parts.len() > MOST {
        return Err(BatchError::TooMany(parts.len()));
    }
    let parts = parts.into_iter().enumerate();
    parts
        .map(|(index, part)| part_of(part).ok_or(BatchError::Part(index + 1)))
        .collect()
}

/// Headers of the part, an empty line, a request line, headers of the request, an empty line, its body.
fn part_of(text: &str) -> Option<Part> {
    let (outer, request) = text.trim_start_matches('\n').split_once("\n\n")?;
    let (inner, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut words = inner.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let id = outer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-id")
            .then(|| value.trim().to_owned())
    });
    Some(Part {
        id: id.unwrap_or_default(),
        method: Method::from_bytes(method.as_bytes()).ok()?,
        target: target.to_owned(),
        body: body.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BODY: &str = "--===1==\nContent-Type: application/http\nMIME-Version: 1.0\nContent-ID: <u+0>\n\n\
        POST /compute/v1/projects/p/global/networks?alt=json HTTP/1.1\nContent-Type: application/json\n\n\
        {\"name\": \"n\"}\n--===1==\ncontent-id: <u+1>\n\nGET /compute/v1/projects/p/global/networks/n HTTP/1.1\n\
        accept: */*\n\n\n--===1==--\n";

    #[test]
    fn parts_are_read_with_either_line_ending() {
        let kind = "multipart/mixed; boundary=\"===1==\"";
        let parts = parse(kind, BODY).unwrap();
        assert_eq!(parse(kind, &BODY.replace('\n', "\r\n")).unwrap(), parts);
        let [first, second] = &parts[..] else {
            unreachable!("{parts:?}");
        };
        assert_eq!(
            (&*first.id, &first.method, &*first.body),
            ("<u+0>", &Method::POST, "{\"name\": \"n\"}")
        );
        assert_eq!(
            first.target,
            "/compute/v1/projects/p/global/networks?alt=json"
        );
        assert_eq!(
            (&*second.id, &second.method, &*second.body),
            ("<u+1>", &Method::GET, "")
        );
    }

    #[test]
    fn what_is_no_batch_is_told_why() {
        assert_eq!(
            parse("application/json", BODY),
            Err(BatchError::NotMultipart)
        );
        assert_eq!(
            parse("multipart/mixed; boundary=x", "--x\nnothing\n--x--"),
            Err(BatchError::Part(1))
        );
        let many = "--x\nContent-ID: <1>\n\nGET / HTTP/1.1\n\n".repeat(1_001);
        assert_eq!(
            parse("multipart/mixed; boundary=x", &many),
            Err(BatchError::TooMany(1_001))
        );
    }
}
