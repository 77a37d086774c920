//! Finds and reads the texts that declarations are in.

// A finding is made once per mistake and moved once.
#![allow(clippy::result_large_err)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::{Diagnostic, Origin};

use super::PathOrStdin;

/// No text may be longer, in bytes: some 5,000 declarations. Larger inputs are mistakes more often
/// than declarations, and memory is bounded by this.
const LONGEST: u64 = 4 * 1024 * 1024;

/// One text and where it is from.
pub(super) struct Text {
    /// As the user gave it, and what was found below; `-` for standard input.
    pub(super) path: Arc<str>,
    pub(super) content: String,
    /// Whether it can be read again.
    pub(super) again: bool,
}

/// Reads everything that the arguments name, one text at a time, each file once.
pub(super) fn texts(paths: &[PathOrStdin]) -> impl Iterator<Item = Result<Text, Diagnostic>> {
    let mut found = Found::default();
    for path in paths {
        match path {
            PathOrStdin::Stdin => found.places.push(Ok(Place::Stdin)),
            PathOrStdin::Path(path) => found.look(path),
        }
    }
    found.places.into_iter().map(|place| {
        let (path, content, again): (Arc<str>, _, _) = match place? {
            Place::Stdin => ("-".into(), bounded(io::stdin().lock()), false),
            Place::File(path) => (path.display().to_string().into(), text(&path), true),
        };
        match content {
            Ok(content) => Ok(Text {
                path,
                content,
                again,
            }),
            Err(error) => Err(unreadable(&path, &error)),
        }
    })
}

/// The text of one file.
pub(super) fn text(path: &Path) -> io::Result<String> {
    bounded(fs::File::open(path)?)
}

fn bounded(reader: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

enum Place {
    Stdin,
    File(PathBuf),
}

#[derive(Default)]
struct Found {
    places: Vec<Result<Place, Diagnostic>>,
    /// What was seen already, so that a file named twice is read once and a loop of links ends.
    seen: BTreeSet<PathBuf>,
}

impl Found {
    fn look(&mut self, path: &Path) {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.unreadable(path, &error),
        };
        if !self.seen.insert(real.clone()) {
            return;
        }
        if real.is_dir() {
            self.look_below(path);
        } else {
            self.places.push(Ok(Place::File(path.to_owned())));
        }
    }

    /// In the order of names, so that the same tree always reads the same.
    fn look_below(&mut self, directory: &Path) {
        let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(directory, &error),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if !is_hidden(&entry.file_name()) && (path.is_dir() || is_yaml(&path)) {
                self.look(&path);
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.places
            .push(Err(unreadable(&path.display().to_string(), error)));
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn unreadable(path: &str, error: &io::Error) -> Diagnostic {
    let origin = Origin::File {
        path: path.into(),
        line: 0,
        column: 0,
    };
    match error.kind() {
        io::ErrorKind::FileTooLarge => {
            let message = format!("`{path}` is longer than {} MiB", LONGEST / 1024 / 1024);
            Diagnostic::new(Code::TooLarge, origin, message).help("split it into several files")
        }
        io::ErrorKind::InvalidData => {
            let message = format!("`{path}` is not a UTF-8 text");
            Diagnostic::new(Code::NotYaml, origin, message)
        }
        io::ErrorKind::NotFound => Diagnostic::new(
            Code::SourceUnreadable,
            origin,
            format!("`{path}` does not exist"),
        ),
        _ => {
            let message = format!("`{path}` cannot be read: {error}");
            Diagnostic::new(Code::SourceUnreadable, origin, message)
        }
    }
}
