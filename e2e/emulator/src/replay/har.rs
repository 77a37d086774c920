//! HAR files, as browsers and proxies write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::replay::recording::{Exchange, Recording, RecordingError};

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
    /// Our own, as HAR allows below an underscore; `privatelink conformance` writes it.
    #[serde(default, rename = "_atOnce")]
    at_once: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    post_data: Option<Content>,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    #[serde(default)]
    content: Content,
}

#[derive(Default, Deserialize)]
struct Content {
    text: Option<String>,
    encoding: Option<String>,
}

impl Content {
    /// The body as JSON; `None` if there is none, or if it is something else.
    fn json(&self) -> Option<Value> {
        let text = self.text.as_deref()?;
        match self.encoding.as_deref() {
            Some("base64") => serde_json::from_slice(&STANDARD.decode(text).ok()?).ok(),
            Some(_) | None => serde_json::from_str(text).ok(),
        }
    }
}

pub(super) fn parse(name: &str, text: &str) -> Result<Recording, RecordingError> {
    let har: Har = serde_json::from_str(text).map_err(|source| RecordingError::Json {
        place: name.to_owned(),
        source,
    })?;
    let exchanges = har.log.entries.into_iter().enumerate().map(|(at, entry)| {
        let request = entry.request.post_data.and_then(|content| content.json());
        Exchange {
            place: format!("{name}, entry {}", at + 1),
            method: entry.request.method,
            url: entry.request.url,
            request: request.unwrap_or_default(),
            status: entry.response.status,
            answer: entry.response.content.json(),
            partial: false,
            at_once: entry.at_once,
        }
    });
    Ok(Recording {
        name: name.to_owned(),
        exchanges: exchanges.collect(),
        ..Recording::default()
    })
}
