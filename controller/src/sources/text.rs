//! Splits a text into documents and parses each on its own.

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::{Diagnostic, Origin};
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Options};

/// The documents of a text, each with the line of its first content, from 1.
///
/// Each is parsed on its own, so a mistake in one does not hide the others. A line that starts with
/// `---` is a boundary wherever it stands, and so is the line `...`: YAML ends even quoted and block texts there. A
/// document may begin with a byte order mark, as it does when files are joined.
pub(super) fn chunks(text: &str) -> Vec<(u32, &str)> {
    let mut chunks = Vec::new();
    let (mut start, mut first_line, mut has_content) = (0, 1, false);
    // Whether the marker of the document that begins at `start` was met.
    let mut is_begun = false;
    let (mut offset, mut line) = (0, 1);
    for content in text.split_inclusive('\n') {
        let next = offset + content.len();
        let unmarked = match content.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if !has_content || is_marker(rest) => rest,
            Some(_) | None => content,
        };
        let here = next - unmarked.len();
        // What stands before the first content belongs to it: directives, comments, the marker.
        if has_content && (is_marker(unmarked) || is_end(unmarked)) {
            chunks.push((first_line, start, offset));
            (start, has_content, is_begun) = (here, false, false);
        }
        if is_end(unmarked) {
            (start, is_begun) = (next, false);
        } else if !has_content {
            // What was begun before holds nothing.
            if here > offset || is_begun && is_marker(unmarked) {
                start = here;
            }
            is_begun |= is_marker(unmarked);
            if is_content(unmarked) {
                (first_line, has_content) = (line, true);
            }
        }
        offset = next;
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

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The end of a document, with nothing but a comment beside it. Anything else is left to the parser to refuse.
fn is_end(line: &str) -> bool {
    let rest = line.strip_prefix("...");
    rest.is_some_and(|rest| {
        let beside = rest.trim_start();
        beside.is_empty() || beside.len() < rest.len() && beside.starts_with('#')
    })
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
    /// What to write instead.
    help: &'static str,
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
        // The parser notices a tab only where the block ends that it cannot begin.
        let is_tab = ["a tab", "tabs "].iter().any(|word| message.contains(word));
        let tab = is_tab.then(|| first_tab(chunk)).flatten();
        let (line, column) = tab.unwrap_or((line, column));
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let message = match error.without_snippet() {
            Error::MultipleDocuments { .. } => {
                "another document begins here without a line `---` before it".to_owned()
            }
            _ => message,
        };
        // The message ends with a place within the chunk, which would contradict ours.
        let message = message.lines().next().unwrap_or_default();
        let message = message
            .split_once(" at line ")
            .map_or(message, |(message, _)| message);
        Self {
            code,
            message: message.trim_start_matches("error: ").to_owned(),
            help: if tab.is_some() { NO_TABS } else { LOOK_ABOVE },
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
            .help(self.help)
        }
    }
}

const NO_TABS: &str = "use spaces in front of a line: YAML takes no tabs there";
const LOOK_ABOVE: &str = "look here and above for a bracket or a quote that is not closed, or for another indentation: use spaces, as many for each field of an object";

/// The first line that begins with a tab, among spaces or not, and the tab's column; both from 1.
fn first_tab(chunk: &str) -> Option<(u64, u64)> {
    let mut lines = (1..).zip(chunk.lines());
    lines.find_map(|(number, line)| {
        let indentation = &line[..line.len() - line.trim_start().len()];
        let at = indentation.find('\t').filter(|_| !line.trim().is_empty())?;
        Some((number, u64::try_from(at).unwrap_or_default() + 1))
    })
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
