//! Writes what went over the wire into a HAR file, which [`crate::replay`] and other tools read.
//!
//! The file is complete after each exchange: the next one overwrites its last line.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::credentials;
use crate::exchange::{Exchange, Observer, Reply};
use crate::server::files::unreadable;

const END: &str = "\n]}}\n";

/// An observer that records into a file that is not there yet; a folder gets a file for each process.
///
/// # Errors
/// If the file is there already, or cannot be written.
pub(crate) fn observer(path: &Path, base: String) -> io::Result<Observer> {
    let (path, mut file) = begin(path)?;
    let head = json!({ "name": "privatelink emulator", "version": env!("CARGO_PKG_VERSION") });
    write!(
        file,
        "{{\"log\":{{\"version\":\"1.2\",\"creator\":{head},\"entries\":[{END}"
    )?;
    let tape = Mutex::new(Tape { file, empty: true });
    Ok(Observer::new(move |exchange| {
        let entry = entry(&base, exchange);
        let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = tape.append(&entry) {
            eprintln!("{} lacks an exchange: {error}", path.display());
        }
    }))
}

/// Makes the file. What somebody recorded before is never overwritten: it may be of a real project, and is not to be
/// had again.
fn begin(path: &Path) -> io::Result<(PathBuf, File)> {
    let make = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    if !path.is_dir() {
        return match make(path) {
            Ok(file) => Ok((path.to_owned(), file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = format!(
                    "{} is there already, and a recording would overwrite it",
                    path.display()
                );
                Err(io::Error::new(error.kind(), text))
            }
            Err(error) => Err(unreadable(path, &error)),
        };
    }
    // An earlier process may have had the same number.
    let process = std::process::id();
    let mut again = 0_u32;
    loop {
        let name = match again {
            0 => format!("emulator-{process}.har"),
            more => format!("emulator-{process}-{more}.har"),
        };
        let file = path.join(name);
        match make(&file) {
            Ok(tape) => return Ok((file, tape)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => again += 1,
            Err(error) => return Err(unreadable(&file, &error)),
        }
    }
}

struct Tape {
    file: File,
    empty: bool,
}

impl Tape {
    fn append(&mut self, entry: &Value) -> io::Result<()> {
        let end = i64::try_from(END.len()).unwrap_or_default();
        self.file.seek(SeekFrom::End(-end))?;
        let comma = if self.empty { "" } else { "," };
        self.file
            .write_all(format!("{comma}\n{entry}{END}").as_bytes())?;
        self.empty = false;
        Ok(())
    }
}

/// An entry of the log. Of the headers it has the client's name alone, since others may hold credentials; those in
/// the query are blanked.
fn entry(base: &str, exchange: &Exchange<'_>) -> Value {
    let Exchange {
        operation,
        method,
        path,
        query,
        user_agent,
        request,
        reply,
    } = exchange;
    let query = credentials::blanked(query);
    let mark = if query.is_empty() { "" } else { "?" };
    let pair = |(name, value): (&str, &str)| json!({ "name": name, "value": value });
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query_string: Vec<Value> = pairs
        .map(|it| pair(it.split_once('=').unwrap_or((it, ""))))
        .collect();
    let mut sent = json!({
        "method": method, "url": format!("{base}{path}{mark}{query}"), "httpVersion": "HTTP/1.1",
        "headers": [pair(("User-Agent", user_agent))], "queryString": query_string, "cookies": [],
        "headersSize": -1, "bodySize": request.len(),
    });
    if !request.is_empty() {
        let text = String::from_utf8_lossy(request);
        sent["postData"] = json!({ "mimeType": "application/json", "text": text });
    }
    let written = |body: &Value| match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let (status, text, comment) = match reply {
        Reply::Sent(status, body) => (*status, written(body), ""),
        Reply::Truncated(status, body) => (*status, written(body), "half of it was sent"),
        Reply::Garbled(status, text) => (*status, (*text).to_owned(), "in the place of an answer"),
        Reply::Lost => (0, String::new(), "the connection was cut"),
    };
    json!({
        "startedDateTime": jiff::Timestamp::now().to_string(), "time": 0, "cache": {},
        "timings": { "send": 0, "wait": 0, "receive": 0 },
        "request": sent,
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "content": { "size": text.len(), "mimeType": "application/json", "text": text, "comment": comment },
            "redirectURL": "", "headersSize": -1, "bodySize": text.len(),
        },
        "_operation": operation,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::replay::Recording;

    #[test]
    fn a_recording_can_be_read_after_every_exchange() {
        let path =
            std::env::temp_dir().join(format!("privatelink-record-{}.har", std::process::id()));
        let observer = observer(&path, "http://127.0.0.1:1".to_owned()).unwrap();
        let body = json!({ "items": [] });
        for count in 0..3 {
            let read = Recording::read(&path).unwrap();
            assert_eq!(read[0].exchanges.len(), count);
            observer.tell(&Exchange {
                operation: Some("compute.networks.insert"),
                method: "POST",
                path: "/compute/v1/projects/p/global/networks",
                query: "alt=json&access_token=planted-secret",
                user_agent: "curl/8",
                request: br#"{"name": "n"}"#,
                reply: Reply::Sent(200, &body),
            });
        }
        let read = Recording::read(&path).unwrap();
        let last = &read[0].exchanges[2];
        assert_eq!(
            (last.status, last.answer.as_ref(), &last.request),
            (200, Some(&body), &json!({ "name": "n" }))
        );
        let query = "/networks?alt=json&access_token=REDACTED";
        assert!(last.url.ends_with(query), "{}", last.url);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("planted-secret"), "{text}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_recording_is_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("privatelink-tapes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("session.har");
        observer(&file, String::new()).unwrap();
        let written = std::fs::read_to_string(&file).unwrap();
        let error = observer(&file, String::new()).unwrap_err().to_string();
        assert!(error.contains("session.har is there already"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
        // A folder has room for a second process of the same number.
        observer(&folder, String::new()).unwrap();
        observer(&folder, String::new()).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
        let missing = folder.join("no-folder/session.har");
        let error = observer(&missing, String::new()).unwrap_err().to_string();
        assert!(error.contains("no-folder/session.har"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
