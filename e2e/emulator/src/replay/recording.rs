//! What was recorded: requests and the answers to them, out of the formats that recordings come in.

use std::path::Path;

use serde_json::Value;

use crate::replay::{bodies, har, log};

/// A request and the answer that the real service gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Where it stands: the file's name and a line, or an entry's number.
    pub place: String,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The URL as it was recorded; the host does not matter.
    pub url: String,
    /// The request's body; `Null` if there was none.
    pub request: Value,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The answer's body; `None` if it was not recorded, or is no JSON.
    pub answer: Option<Value>,
    /// True if only a part of the answer was kept: then only the fields that it has are compared.
    pub partial: bool,
    /// True if it came before what the exchange ahead of it had begun was over.
    pub at_once: bool,
}

/// One recorded session: exchanges that followed on each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The file's name, and an entry's number where one file holds several sessions.
    pub name: String,
    /// The exchanges, in order.
    pub exchanges: Vec<Exchange>,
    /// A state document of what was there before; what the exchanges themselves show to have been there
    /// is found without.
    pub given: Value,
    /// Requests that led to the first exchange and whose own answers were not kept.
    pub lead: Vec<(String, String)>,
    /// True if the first exchange came while the operation of the last of the lead was running.
    pub at_once: bool,
}

/// Why a file cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A line is not where the format has it.
    #[error("{place}: {what}")]
    Format {
        /// The file's name and the line.
        place: String,
        /// What was expected.
        what: String,
    },
    /// A body, or a whole HAR file, is no JSON.
    #[error("{place} is no JSON")]
    Json {
        /// The file's name and the line.
        place: String,
        /// Where it goes wrong.
        #[source]
        source: serde_json::Error,
    },
}

impl Recording {
    /// Reads the sessions of one file: an HTTP log, a collection of error bodies, or a HAR.
    ///
    /// # Errors
    /// If the file cannot be read or is in none of the formats.
    pub fn read(path: &Path) -> Result<Vec<Recording>, RecordingError> {
        let text = std::fs::read_to_string(path).map_err(|source| RecordingError::Read {
            path: path.display().to_string(),
            source,
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Recording::parse(&name, &text)
    }

    /// As [`Recording::read`], of text that is at hand; `name` is what places are called after.
    ///
    /// # Errors
    /// If the text is in none of the formats.
    pub fn parse(name: &str, text: &str) -> Result<Vec<Recording>, RecordingError> {
        // Some programs put a byte order mark before JSON.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('{') {
            return Ok(vec![har::parse(name, text)?]);
        }
        if text.starts_with("## ") {
            return bodies::parse(name, text);
        }
        Ok(vec![log::parse(name, text)?])
    }
}
