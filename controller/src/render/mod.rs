//! What people and programs see: every text and document is made from a report, here.

mod change;
mod path;
mod plan;
mod progress;
mod style;
mod summary;
mod verdict;

use std::borrow::Cow;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use privatelink_core::diagnostic::{Diagnostic, Severity};
use serde::Serialize;

use crate::cli::Failure;
use crate::printable::{printable, printable_in_colour};
use crate::say::{say, say_line};
use crate::sources;

pub(crate) use plan::{drift, plan};
pub(crate) use progress::Progress;
pub(crate) use style::plural;
#[cfg(feature = "emulator")]
pub(crate) use style::{BAD, BOLD, DIM, GOOD};
pub(crate) use summary::summary;

/// How to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// The same as YAML.
    Yaml,
}

/// How much of a report people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What is wrong, and nothing when nothing is.
    Wrong,
    /// What changes, or is wrong.
    Changes,
    /// Also what stays as it is.
    All,
}

/// Where answers go: data to standard output, everything else to standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// How to answer.
    pub(crate) format: Format,
    /// Only what is wrong.
    pub(crate) quiet: bool,
    /// Also what stays as it is.
    pub(crate) verbose: bool,
}

/// A JSON document whose texts say the same and turn no line around on a terminal. JSON writes control characters
/// as escapes by itself; the other characters that must not be printed only stand within its texts, too.
fn escaped(json: &str) -> String {
    use std::fmt::Write as _;
    if matches!(printable(json), Cow::Borrowed(_)) {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match printable(c.encode_utf8(&mut [0; 4])) {
            Cow::Borrowed(_) => text.push(c),
            Cow::Owned(_) => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
        }
    }
    text
}

/// What somebody said to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Yes, in full.
    Yes,
    /// Anything else.
    No,
    /// There is no terminal to ask on.
    NobodyToAsk,
}

// Some answers are the same under all options; they are given here all the same.
#[allow(clippy::unused_self)]
impl Output {
    /// Writes to standard output as it is, with the colours that a terminal gets.
    pub(crate) fn data(self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever read the first lines and went away has what they wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done.map_err(Failure::Output),
        }
    }

    /// The answer of a command: the document for programs, or the text for people.
    pub(crate) fn document(
        self,
        document: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Text => self.data(&printable_in_colour(&text())),
            Format::Json => {
                let json = serde_json::to_string_pretty(document).map_err(Failure::Json)?;
                self.data(&format!("{}\n", escaped(&json)))
            }
            Format::Yaml => {
                let yaml = serde_saphyr::to_string(document).map_err(Failure::Yaml)?;
                if matches!(printable(&yaml), Cow::Borrowed(_)) {
                    return self.data(&yaml);
                }
                // JSON is YAML too, and has escapes for everything wherever it stands.
                let json = serde_json::to_string_pretty(document).map_err(Failure::Json)?;
                self.data(&format!("{}\n", escaped(&json)))
            }
        }
    }

    /// How much of a report people read.
    pub(crate) fn detail(self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Wrong,
            (false, true) => Detail::All,
            (false, false) => Detail::Changes,
        }
    }

    /// Does the user read text while the command runs?
    pub(crate) fn shows_text(self) -> bool {
        self.format == Format::Text && !self.quiet
    }

    /// Shows something before the answer: on standard output when that is text, else beside it.
    pub(crate) fn show(self, text: &str) -> Result<(), Failure> {
        if self.format == Format::Text {
            return self.data(&printable_in_colour(text));
        }
        say(&printable_in_colour(text));
        Ok(())
    }

    /// Findings, as a compiler shows them, on standard error.
    pub(crate) fn diagnostics(self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            let heard = match diagnostic.severity {
                Severity::Error => true,
                Severity::Warning | Severity::Info => !self.quiet,
            };
            if heard {
                say_line(&format!("{}\n", sources::render(diagnostic, true)));
            }
        }
    }

    /// One line about something that is wrong with the run itself.
    pub(crate) fn problem(self, message: &str) {
        say_line(&format!(
            "{0}error:{0:#} {1}",
            style::BAD,
            printable(message)
        ));
    }

    /// Asks on the terminal. Only `yes` is a yes.
    pub(crate) fn ask(self, question: &str) -> Answer {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Answer::NobodyToAsk;
        }
        say(&format!(
            "{0}{question}{0:#} Only 'yes' goes ahead: ",
            style::BOLD
        ));
        let mut line = String::new();
        match stdin.lock().read_line(&mut line) {
            Ok(_) if line.trim() == "yes" => Answer::Yes,
            Ok(_) | Err(_) => Answer::No,
        }
    }
}
