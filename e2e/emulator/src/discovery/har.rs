//! Exchanges of another process, out of the HAR files that it recorded.

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::exchange::{Exchange, Reply};

use super::held::Held;

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
    #[serde(rename = "_operation")]
    operation: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Header>,
    post_data: Option<Content>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    content: Content,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    text: String,
    #[serde(default)]
    comment: String,
}

/// Holds every exchange of the HAR files of a folder to the description, as `privatelink emulator --record` of
/// that folder writes them; says how many there were.
///
/// # Errors
/// If a file cannot be read, or is no HAR.
pub fn check_recordings(held: &Held, folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let text = std::fs::read(entry?.path())?;
        let har: Har = serde_json::from_slice(&text)?;
        count += har.log.entries.len();
        har.log.entries.iter().for_each(|entry| check(held, entry));
    }
    Ok(count)
}

fn check(held: &Held, entry: &Entry) {
    let Entry {
        request,
        response,
        operation,
    } = entry;
    let rest = request
        .url
        .split_once("://")
        .map_or(&*request.url, |(_, rest)| rest);
    let target = rest.find('/').map_or("", |at| &rest[at..]);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let agent = request
        .headers
        .iter()
        .find(|it| it.name.eq_ignore_ascii_case("user-agent"));
    let body: Option<Value> = serde_json::from_str(&response.content.text).ok();
    let reply = match (&body, response.content.comment.as_str()) {
        _ if response.status == 0 => Reply::Lost,
        (Some(body), "") => Reply::Sent(response.status, body),
        (_, _) => Reply::Garbled(response.status, &response.content.text),
    };
    held.check(&Exchange {
        operation: operation.as_deref(),
        method: &request.method,
        path,
        query,
        user_agent: agent.map_or("", |agent| &agent.value),
        request: request
            .post_data
            .as_ref()
            .map_or(b"", |it| it.text.as_bytes()),
        reply,
    });
}
