//! Where declarations come from: files, directories and standard input.

mod documents;
mod files;
mod positions;
mod snippet;
mod text;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use privatelink_core::codes::Code;
use privatelink_core::declare::Declared;
use privatelink_core::diagnostic::{Diagnostic, Origin};
use privatelink_core::ids::LinkName;

pub(crate) use snippet::render;

/// What standard input is called where people read it.
const STDIN: &str = "<stdin>";

/// An argument that names declarations: a file, a directory, or `-` for standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathOrStdin {
    /// A file, or a directory with everything below it.
    Path(PathBuf),
    /// Standard input, written as `-`.
    Stdin,
}

impl From<OsString> for PathOrStdin {
    /// The name of a file need not be UTF-8.
    fn from(argument: OsString) -> Self {
        if argument == "-" {
            Self::Stdin
        } else {
            Self::Path(PathBuf::from(argument))
        }
    }
}

impl fmt::Display for PathOrStdin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(formatter, "{}", path.display()),
            Self::Stdin => write!(formatter, "{STDIN}"),
        }
    }
}

/// Everything that was read.
#[derive(Debug, Default)]
#[must_use = "findings and incompleteness must be looked at before anything is removed"]
pub(crate) struct Sources {
    /// The declarations of the right shape, in the order they were read.
    pub(crate) declared: Vec<Declared>,
    /// Declarations whose name could be read and whose content could not: they keep what they have.
    pub(crate) named_broken: Vec<LinkName>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether everything could be read far enough to know every name. When not, a declaration may
    /// be there that nobody saw, so nothing may be removed for being gone.
    pub(crate) complete: bool,
    /// How many documents mean to be declarations, right or wrong.
    pub(crate) documents: usize,
    /// How many findings there were beyond those that are kept.
    dropped: usize,
    /// Texts that cannot be read again.
    kept: BTreeMap<Arc<str>, String>,
}

impl Sources {
    /// Whether no declaration was seen at all, not even a broken one. A source that is expected to
    /// declare something and is empty must not remove everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.declared.is_empty() && self.named_broken.is_empty()
    }

    /// Keeps a finding, unless there are far more already than anybody reads.
    fn add(&mut self, finding: Diagnostic) {
        if self.diagnostics.len() < MOST_KEPT {
            self.diagnostics.push(finding);
        } else {
            self.dropped += 1;
        }
    }

    /// Moves findings about a field from the top of their declaration to the field's own line, adds
    /// that line, sorts them, and leaves the first few of each document.
    ///
    /// Only the few files that something is wrong with are read again, so nothing has to be kept
    /// about the many that are fine. A file that changed in between leaves its findings where they
    /// are.
    pub(crate) fn locate(&self, diagnostics: &mut Vec<Diagnostic>) {
        let mut by_path: BTreeMap<Arc<str>, Vec<Diagnostic>> = BTreeMap::new();
        let mut placed = Vec::new();
        for diagnostic in diagnostics.drain(..) {
            match &diagnostic.origin {
                // What is said of a file as a whole has no place in it, and the file may be one not to open.
                Origin::File {
                    path, line: 1.., ..
                } if diagnostic.snippet.is_none() => {
                    by_path.entry(path.clone()).or_default().push(diagnostic);
                }
                Origin::File { .. }
                | Origin::Object { .. }
                | Origin::CommandLine
                | Origin::Cloud { .. } => placed.push(diagnostic),
            }
        }
        for (path, mut found) in by_path {
            let Some(text) = self.text(&path) else {
                placed.append(&mut found);
                continue;
            };
            let mut text = positions::Located::new(&text);
            let mut documents: BTreeMap<positions::Document, Vec<Diagnostic>> = BTreeMap::new();
            for mut diagnostic in found {
                let document = text.place(&mut diagnostic);
                documents.entry(document).or_default().push(diagnostic);
            }
            placed.extend(documents.into_values().flat_map(first_few));
        }
        for finding in &mut placed {
            shorten(finding);
        }
        placed.sort();
        *diagnostics = placed;
    }

    /// The texts alone, to place later findings in.
    pub(crate) fn texts(self) -> Self {
        Self {
            kept: self.kept,
            ..Self::default()
        }
    }

    fn text(&self, path: &Arc<str>) -> Option<String> {
        self.kept
            .get(path)
            .cloned()
            .or_else(|| files::text(path.as_ref().as_ref()).ok())
    }
}

/// Reads every declaration; what is wrong with one never hides another.
pub(crate) fn read(paths: &[PathOrStdin]) -> Sources {
    let mut sources = Sources {
        complete: true,
        ..Sources::default()
    };
    let mut reader = documents::Reader::new();
    for text in files::texts(paths) {
        match text {
            Ok(files::Text {
                path,
                content,
                again,
            }) => {
                reader.read(&path, &content, &mut sources);
                if !again {
                    sources.kept.insert(path, content);
                }
            }
            Err(diagnostic) => {
                sources.complete = false;
                sources.add(diagnostic);
            }
        }
    }
    if sources.dropped > 0 {
        let message = format!("{} more findings are not shown", sources.dropped);
        let dropped = Diagnostic::new(Code::TooLarge, Origin::CommandLine, message);
        sources
            .diagnostics
            .push(dropped.help("mend those that are shown first"));
    }
    if sources.is_empty() && !sources.diagnostics.iter().any(Diagnostic::is_error) {
        sources.diagnostics.push(nothing_declared(paths));
    }
    let mut diagnostics = std::mem::take(&mut sources.diagnostics);
    sources.locate(&mut diagnostics);
    sources.diagnostics = diagnostics;
    sources
}

/// Reads a text that is part of the program, such as the declaration of the demo, as if it were a file of this name.
#[cfg(feature = "emulator")]
pub(crate) fn embedded(path: &str, content: &str) -> Sources {
    let mut sources = Sources {
        complete: true,
        ..Sources::default()
    };
    let path: Arc<str> = path.into();
    documents::Reader::new().read(&path, content, &mut sources);
    sources.kept.insert(path, content.to_owned());
    sources
}

/// More findings than this are counted only: memory is bounded by this.
const MOST_KEPT: usize = 100_000;

/// A message or a help longer than this, in characters, repeats a text that nobody would read in it.
const LONGEST_MESSAGE: usize = 1_000;

/// Leaves the beginning and the end of what is too long to be read.
fn shorten(finding: &mut Diagnostic) {
    let Diagnostic {
        severity: _,
        origin: _,
        code: _,
        link: _,
        field,
        message,
        help,
        snippet: _,
    } = finding;
    for text in [Some(message), help.as_mut(), field.as_mut()]
        .into_iter()
        .flatten()
    {
        if text.len() > LONGEST_MESSAGE
            && let Some((cut, _)) = text.char_indices().nth(LONGEST_MESSAGE / 2)
            && let Some((rest, _)) = text.char_indices().rev().nth(LONGEST_MESSAGE / 4)
            && cut < rest
        {
            *text = format!("{}…{}", &text[..cut], &text[rest..]);
        }
    }
}

/// More findings about one document than this are not shown: mending the first usually mends the rest.
const MOST_SHOWN: usize = 20;

/// The first findings of a document, errors before others, and how many more there are.
fn first_few(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort();
    found.dedup();
    let more = found.len().saturating_sub(MOST_SHOWN);
    if let Some(next) = found.get_mut(MOST_SHOWN).filter(|_| more > 1) {
        let message = format!("{more} more findings in this document, from here on, are not shown");
        *next = Diagnostic {
            message,
            help: Some("mend those above first".to_owned()),
            field: None,
            ..next.clone()
        };
        found.truncate(MOST_SHOWN + 1);
    }
    found
}

fn nothing_declared(paths: &[PathOrStdin]) -> Diagnostic {
    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let message = format!("no PrivateLink is declared in {}", names.join(", "));
    let help = if paths.iter().all(|path| *path == PathOrStdin::Stdin) {
        "what is piped in must print PrivateLink documents: look at its own output and errors"
    } else {
        "name a file or directory with PrivateLink documents in *.yaml or *.yml"
    };
    Diagnostic::new(Code::NothingDeclared, Origin::CommandLine, message).help(help)
}

#[cfg(test)]
mod tests;
