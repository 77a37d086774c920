//! Where declarations come from: files, directories and standard input.

mod documents;
mod files;
mod positions;
mod snippet;
mod text;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use privatelink_core::codes::Code;
use privatelink_core::declare::Declared;
use privatelink_core::diagnostic::{Diagnostic, Origin};
use privatelink_core::ids::LinkName;

pub(crate) use snippet::render;

/// An argument that names declarations: a file, a directory, or `-` for standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathOrStdin {
    /// A file, or a directory with everything below it.
    Path(PathBuf),
    /// Standard input, written as `-`.
    Stdin,
}

impl FromStr for PathOrStdin {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" {
            Self::Stdin
        } else {
            Self::Path(PathBuf::from(text))
        })
    }
}

impl fmt::Display for PathOrStdin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(formatter, "{}", path.display()),
            Self::Stdin => write!(formatter, "-"),
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
    /// Texts that cannot be read again.
    kept: BTreeMap<Arc<str>, String>,
}

impl Sources {
    /// Whether no declaration was seen at all, not even a broken one. A source that is expected to
    /// declare something and is empty must not remove everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.declared.is_empty() && self.named_broken.is_empty()
    }

    /// Moves findings about a field from the top of their declaration to the field's own line, and
    /// adds that line.
    ///
    /// Only the few files that something is wrong with are read again, so nothing has to be kept
    /// about the many that are fine. A file that changed in between leaves its findings where they
    /// are.
    pub(crate) fn locate(&self, diagnostics: &mut [Diagnostic]) {
        let mut texts: BTreeMap<Arc<str>, Option<String>> = BTreeMap::new();
        for diagnostic in diagnostics
            .iter_mut()
            .filter(|found| found.snippet.is_none())
        {
            let Origin::File { path, .. } = &diagnostic.origin else {
                continue;
            };
            let path = path.clone();
            let text = texts
                .entry(path.clone())
                .or_insert_with(|| self.text(&path));
            if let Some(text) = text {
                positions::locate(diagnostic, text);
            }
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
                sources.diagnostics.push(diagnostic);
            }
        }
    }
    if sources.is_empty() && !sources.diagnostics.iter().any(Diagnostic::is_error) {
        sources.diagnostics.push(nothing_declared(paths));
    }
    let mut diagnostics = std::mem::take(&mut sources.diagnostics);
    sources.locate(&mut diagnostics);
    diagnostics.sort();
    sources.diagnostics = diagnostics;
    sources
}

fn nothing_declared(paths: &[PathOrStdin]) -> Diagnostic {
    let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let message = format!("no PrivateLink is declared in {}", paths.join(", "));
    Diagnostic::new(Code::NothingDeclared, Origin::CommandLine, message)
        .help("name a file or directory with PrivateLink documents in *.yaml or *.yml")
}

#[cfg(test)]
mod tests;
