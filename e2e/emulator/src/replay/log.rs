//! The HTTP logs that Config Connector publishes with its tests: a request, an empty line, the answer;
//! a line of `---` between two exchanges.

use serde_json::Value;

use crate::replay::recording::{Exchange, Recording, RecordingError};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn parse(name: &str, text: &str) -> Result<Recording, RecordingError> {
    let lines: Vec<&str> = text.lines().collect();
    let mut exchanges = Vec::new();
    let mut start = 0;
    for end in (0..=lines.len()).filter(|end| lines.get(*end).is_none_or(|line| *line == "---")) {
        let block = &lines[start..end];
        if block.iter().any(|line| is_request(line)) {
            exchanges.push(exchange(name, start, block)?);
        } else if let Some(at) = block.iter().position(|line| is_content(line)) {
            return Err(wrong(name, start + at, "a request such as GET https://..."));
        }
        start = end + 1;
    }
    Ok(Recording {
        name: name.to_owned(),
        exchanges,
        ..Recording::default()
    })
}

fn is_content(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with('#')
}

fn is_request(line: &str) -> bool {
    line.split_once(' ')
        .is_some_and(|(method, _)| METHODS.contains(&method))
}

/// `200 OK`.
fn status(line: &str) -> Option<u16> {
    let (code, text) = line.split_once(' ')?;
    let named = text.starts_with(|c: char| c.is_ascii_uppercase());
    (code.len() == 3 && named).then(|| code.parse().ok())?
}

fn exchange(name: &str, first: usize, block: &[&str]) -> Result<Exchange, RecordingError> {
    let request = block.iter().position(|line| is_request(line)).unwrap_or(0);
    let (method, url) = block[request].split_once(' ').unwrap_or_default();
    let answer = block.iter().position(|line| status(line).is_some());
    let Some(answer) = answer.filter(|answer| *answer > request) else {
        return Err(wrong(name, first + request, "an answer, such as 200 OK"));
    };
    Ok(Exchange {
        place: format!("{name}:{}", first + request + 1),
        method: method.to_owned(),
        url: url.trim().to_owned(),
        request: body(name, first + request, &block[request..answer])?.unwrap_or_default(),
        status: status(block[answer]).unwrap_or_default(),
        answer: body(name, first + answer, &block[answer..])?,
        partial: false,
        at_once: false,
    })
}

/// What follows the first empty line, if anything does.
fn body(name: &str, first: usize, part: &[&str]) -> Result<Option<Value>, RecordingError> {
    let head = part.iter().position(|line| line.trim().is_empty());
    let text = part[head.unwrap_or(part.len())..].join("\n");
    if text.trim().is_empty() {
        return Ok(None);
    }
    let read = serde_json::from_str(&text).map_err(|source| RecordingError::Json {
        place: format!("{name}:{}", first + head.unwrap_or(0) + 2),
        source,
    });
    read.map(Some)
}

fn wrong(name: &str, line: usize, what: &str) -> RecordingError {
    RecordingError::Format {
        place: format!("{name}:{}", line + 1),
        what: format!("expected {what}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::parse;

    const LOG: &str = "# source: somewhere\n\nGET https://h/a\nAccept: b\n\n404 Not Found\nServer: s\n\n\
                       {\"error\": 1}\n\n---\n\nPOST https://h/b\n\n{\"x\": 2}\n\n200 OK\n\n{}\n";

    #[test]
    fn a_log_is_exchanges_with_their_places() {
        let recording = parse("r.log", LOG).unwrap();
        let [get, post] = &recording.exchanges[..] else {
            unreachable!("there are two")
        };
        assert_eq!((get.place.as_str(), get.status), ("r.log:3", 404));
        assert_eq!(get.answer, Some(json!({ "error": 1 })));
        assert_eq!((&post.request, post.status), (&json!({ "x": 2 }), 200));
    }

    #[test]
    fn what_is_no_log_is_refused_with_its_line() {
        for (text, line) in [("\nhello\n", "r.log:2"), ("GET https://h/a\n", "r.log:1")] {
            let error = parse("r.log", text).unwrap_err().to_string();
            assert!(error.starts_with(line), "{error}");
        }
    }
}
