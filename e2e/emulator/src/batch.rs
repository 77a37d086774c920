//! Several Compute requests in one: `POST /batch/compute/v1` with a `multipart/mixed` body whose parts are
//! HTTP requests, answered by parts that are their responses
//! (`docs/reference/google-cloud.md#batch-requests`).

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::Response;

use crate::call::Api;
use crate::engine::Engine;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::reply;
use crate::rules::Rule;
use crate::server::{Server, respond};
use crate::wire::Cord;

/// The most requests that one batch may hold.
const MOST: usize = 1_000;

/// Separates the parts of an answer; no JSON that we write holds it.
const BOUNDARY: &str = "batch_of_the_emulator";

/// The longest response that a part may be.
const LONGEST_PART: usize = 256 * 1024 * 1024;

static MULTIPART: Rule = Rule::guessed(
    "batch.multipart",
    "docs/reference/google-cloud.md#batch-requests; text unrecorded",
    "A batch is of type multipart/mixed and names the boundary of its parts.",
);
static LIMIT: Rule = Rule::documented(
    "batch.calls.limit",
    "docs/reference/google-cloud.md#batch-requests; text unrecorded",
    "A batch holds at most 1,000 calls.",
);
static PART: Rule = Rule::guessed(
    "batch.part",
    "docs/reference/google-cloud.md#batch-requests; text unrecorded",
    "A part of a batch that is no HTTP request is refused, and the whole batch with it.",
);

pub(crate) static RULES: &[&Rule] = &[&MULTIPART, &LIMIT, &PART];

/// One request of a batch, and what its answer is called by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    id: String,
    method: Method,
    target: Uri,
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
    // The engine is free again before the parts are put to it.
    let parts = read(
        &server.engine(),
        kind.unwrap_or_default(),
        &String::from_utf8_lossy(body),
    );
    let parts = match parts {
        Ok(parts) => parts,
        Err(refusal) => return reply::refused(&refusal, &refusal.body(Api::Compute)),
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
    let mut request = Request::new(());
    *request.method_mut() = part.method;
    *request.uri_mut() = part.target;
    let (head, ()) = request.into_parts();
    let response = respond(server, cord, &head, &Bytes::from(part.body)).await;
    let (head, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_PART).await.unwrap_or_default();
    let (status, reason) = (head.status.as_u16(), reason(head.status));
    let id = part
        .id
        .strip_prefix('<')
        .map_or_else(|| part.id.clone(), |id| format!("<response-{id}"));
    format!(
        "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: {id}\r\n\r\n\
         HTTP/1.1 {status} {reason}\r\n{}Content-Length: {}\r\n\r\n{}\r\n",
        lines(&head.headers),
        body.len(),
        String::from_utf8_lossy(&body),
    )
}

/// What the head of a response says, `Retry-After` for one.
fn lines(headers: &HeaderMap) -> String {
    let told = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = value.to_str().ok()?;
        Some(format!("{}: {value}\r\n", in_capitals(name.as_str())))
    };
    headers.iter().filter_map(told).collect()
}

/// `Content-Type` for `content-type`, as HTTP/1.1 is mostly written.
fn in_capitals(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Unknown")
}

/// The requests of a batch.
pub(crate) fn read(engine: &Engine, content_type: &str, body: &str) -> Result<Vec<Part>, Refusal> {
    let boundary = boundary(content_type);
    engine.refuse_if(&MULTIPART, boundary.is_none(), || {
        error("The batch request has no Content-Type multipart/mixed with a boundary.".to_owned())
    })?;
    let Some(boundary) = boundary else {
        return Ok(Vec::new());
    };
    let text = body.replace("\r\n", "\n");
    let line = format!("--{boundary}");
    // What is before the first line and after the last one means nothing.
    let parts: Vec<&str> = text
        .split(&line)
        .skip(1)
        .take_while(|part| !part.starts_with("--"))
        .collect();
    engine.refuse_if(&LIMIT, parts.len() > MOST, || {
        error(format!(
            "The batch request holds {} calls, which is more than {MOST}.",
            parts.len()
        ))
    })?;
    let mut read = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        let part = part_of(part);
        engine.refuse_if(&PART, part.is_none(), || {
            error(format!(
                "Part {} of the batch request is no HTTP request.",
                index + 1
            ))
        })?;
        read.extend(part);
    }
    Ok(read)
}

/// What fails before Compute itself is reached has no reason.
fn error(text: String) -> ErrorAnswer {
    ErrorAnswer::new(400, "", text)
}

fn boundary(content_type: &str) -> Option<&str> {
    let mut words = content_type.split(';').map(str::trim);
    words.next().filter(|kind| *kind == "multipart/mixed")?;
    words
        .find_map(|it| it.strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"'))
        .filter(|boundary| !boundary.is_empty())
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
        target: target.parse().ok()?,
        body: body.trim().to_owned(),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, Provocation};

    const KIND: &str = "multipart/mixed; boundary=x";

    pub(crate) fn provocations() -> Vec<Provocation> {
        let call =
            "--x\nContent-ID: <1>\n\nGET /compute/v1/projects/p/global/networks HTTP/1.1\n\n";
        vec![
            Provocation::new(&MULTIPART, move |bench| {
                bench.batch("application/json", call)
            }),
            Provocation::new(&LIMIT, move |bench| bench.batch(KIND, &call.repeat(1_001))),
            Provocation::new(&PART, move |bench| {
                bench.batch(KIND, &format!("{call}--x\nnothing\n--x--"))
            }),
        ]
    }

    const BODY: &str = "--===1==\nContent-Type: application/http\nMIME-Version: 1.0\nContent-ID: <u+0>\n\n\
        POST /compute/v1/projects/p/global/networks?alt=json HTTP/1.1\nContent-Type: application/json\n\n\
        {\"name\": \"n\"}\n--===1==\ncontent-id: <u+1>\n\nGET /compute/v1/projects/p/global/networks/n HTTP/1.1\n\
        accept: */*\n\n\n--===1==--\n";

    #[test]
    fn parts_are_read_with_either_line_ending() {
        let kind = "multipart/mixed; boundary=\"===1==\"";
        let bench = Bench::new();
        let parts = read(&bench.engine, kind, BODY).unwrap();
        assert_eq!(
            read(&bench.engine, kind, &BODY.replace('\n', "\r\n")).unwrap(),
            parts
        );
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
        let bench = Bench::new();
        let told = |kind, body: &str| read(&bench.engine, kind, body).unwrap_err().error.message;
        let why = "The batch request has no Content-Type multipart/mixed with a boundary.";
        for kind in [
            "application/json",
            "multipart/mixed",
            "multipart/mixed; boundary=",
            "multipart/mixedness; boundary=x",
        ] {
            assert_eq!(told(kind, BODY), why, "{kind}");
        }
        assert_eq!(
            told(KIND, "--x\nnothing\n--x--"),
            "Part 1 of the batch request is no HTTP request."
        );
        let many = "--x\nContent-ID: <1>\n\nGET / HTTP/1.1\n\n".repeat(1_001);
        assert_eq!(
            told(KIND, &many),
            "The batch request holds 1001 calls, which is more than 1000."
        );
    }
}
