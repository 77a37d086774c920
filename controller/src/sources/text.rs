//! Splits a text into documents and parses each on its own.

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::{Diagnostic, Origin};
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Options};

/// The documents of a text, each with the line of its first content, from 1.
///
/// Each is parsed on its own, so a mistake in one does not hide the others. A line that starts with
/// `---` is a boundary wherever it stands: YAML ends even quoted and block texts there.
pub(super) fn chunks(text: &str) -> Vec<(u32, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut chunks = Vec::new();
    let (mut start, mut first_line, mut has_content) = (0, 1, false);
    let (mut offset, mut line) = (0, 1);
    for content in text.split_inclusive('\n') {
        // What stands before the first content belongs to it: directives, comments, the marker.
        if has_content && is_marker(content) {
            chunks.push((first_line, start, offset));
            (start, has_content) = (offset, false);
        }
        if !has_content && is_content(content) {
            (first_line, has_content) = (line, true);
        }
        offset += content.len();
        line += 1;
    }
    if has_content {
        chunks.push((first_line, start, offset));
    }
    chunks
        .into_iter()
        .map(|(line, start, end)| (line, &text[start..end]))
        .collect()
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty())
}

/// Anything but blank lines, comments, directives and bare markers.
fn is_content(line: &str) -> bool {
    let line = line.strip_prefix("---").unwrap_or(line).trim();
    !(line.is_empty() || line.starts_with(['#', '%']) || line == "...")
}

/// How many lines of a chunk stand before its first content.
pub(super) fn lines_before_content(chunk: &str) -> u32 {
    let before = chunk
        .split_inclusive('\n')
        .take_while(|line| !is_content(line))
        .count();
    u32::try_from(before).unwrap_or(u32::MAX)
}

/// Why a chunk does not parse, and where in it.
#[derive(Debug)]
pub(super) struct ParseError {
    code: Code,
    message: String,
    /// Line and column within the chunk, counted from its first content; from 0 and from 1.
    line: u32,
    column: u32,
}

impl ParseError {
    fn new(error: &Error, chunk: &str) -> Self {
        let code = match error.without_snippet() {
            Error::Budget { .. }
            | Error::AliasReplayCounterOverflow { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => Code::TooComplex,
            Error::DuplicateMappingKey { .. } => Code::DuplicateField,
            _ => Code::NotYaml,
        };
        // Some bounds are reported as mistakes in the text: nesting by the scanner, and aliases
        // wherever they are met.
        let message = error.without_snippet().to_string();
        let code = if message.contains("limit exceeded") {
            Code::TooComplex
        } else {
            code
        };
        let (line, column) = error
            .location()
            .map_or((1, 1), |at| (at.line(), at.column()));
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        // The message ends with a place within the chunk, which would contradict ours.
        let message = message.lines().next().unwrap_or_default();
        let message = message
            .split_once(" at line ")
            .map_or(message, |(message, _)| message);
        Self {
            code,
            message: message.trim_start_matches("error: ").to_owned(),
            line: line.saturating_sub(1 + lines_before_content(chunk)),
            column: u32::try_from(column).unwrap_or(1).max(1),
        }
    }

    pub(super) fn is_repetition(&self) -> bool {
        self.code == Code::DuplicateField
    }

    pub(super) fn diagnostic(&self, document: &Origin) -> Diagnostic {
        let origin = moved(document, self.line, self.column);
        if self.code == Code::TooComplex {
            Diagnostic::new(
                self.code,
                origin,
                format!("the document is too complex: {}", self.message),
            )
            .help("a declaration needs neither deep nesting nor many aliases; write it out")
        } else {
            Diagnostic::new(
                self.code,
                origin,
                format!("this is not YAML: {}", self.message),
            )
        }
    }
}

/// A place some lines below the first content of a document, with a column of its own.
pub(super) fn moved(document: &Origin, lines: u32, column: u32) -> Origin {
    match document {
        Origin::File {
            path,
            line,
            column: _,
        } => Origin::File {
            path: path.clone(),
            line: line.saturating_add(lines),
            column,
        },
        Origin::Object { .. } | Origin::CommandLine | Origin::Cloud { .. } => document.clone(),
    }
}

/// The value of one document.
pub(super) fn parse(chunk: &str) -> Result<Value, ParseError> {
    serde_saphyr::from_str_with_options(chunk, options(DuplicateKeyPolicy::Error))
        .map_err(|error| ParseError::new(&error, chunk))
}

/// Bounds far above any declaration and far below what would hurt.
pub(super) fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: 32, max_nodes: 250_000 },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 50_000,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: 5_000,
        },
        duplicate_keys: duplicate_keys,
        strict_booleans: true,
        with_snippet: false,
    }
}
