//! Finds and reads the texts that declarations are in.

// A finding is made once per mistake and moved once.
#![allow(clippy::result_large_err)]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;
use std::sync::Arc;

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::{Diagnostic, Origin};

use super::{PathOrStdin, STDIN};

/// No text may be longer, in bytes: some 5,000 declarations. Larger inputs are mistakes more often
/// than declarations, and memory is bounded by this.
const LONGEST: u64 = 4 * MIB;
/// Nor may all of them together: some 80,000 declarations.
const LONGEST_TOGETHER: u64 = 64 * MIB;
/// More files than this are not opened.
const MOST_FILES: usize = 20_000;
const MIB: u64 = 1024 * 1024;

/// One text and where it is from.
pub(super) struct Text {
    /// As the user gave it, and what was found below; `<stdin>` for standard input.
    pub(super) path: Arc<str>,
    pub(super) content: String,
    /// Whether it can be read again.
    pub(super) again: bool,
}

/// Reads everything that the arguments name, one text at a time, each file once. What passes a limit is the last
/// answer.
pub(super) fn texts(paths: &[PathOrStdin]) -> impl Iterator<Item = Result<Text, Diagnostic>> {
    let mut found = Found::of(paths);
    for path in paths {
        match path {
            PathOrStdin::Stdin => found.places.push(Ok(Place::Stdin)),
            // What `<(...)` of a shell stands for. It is read because it is named itself.
            PathOrStdin::Path(path) if is_pipe(path) => {
                if found.seen.insert(path.as_os_str().to_owned()) {
                    found.places.push(Ok(Place::Pipe(path.clone())));
                }
            }
            PathOrStdin::Path(path) => found.look(path),
        }
    }
    let mut left = Some(LONGEST_TOGETHER);
    found.places.into_iter().map_while(move |place| {
        let budget = left?;
        let text = place.and_then(Place::read);
        let length = text.as_ref().map_or(0, |text| text.content.len() as u64);
        left = budget.checked_sub(length);
        if left.is_some() {
            return Some(text);
        }
        let limit = LONGEST_TOGETHER / MIB;
        Some(Err(too_large(
            format!("the sources are longer than {limit} MiB together"),
            "declare less in one set: name fewer files, and give the others a set of their own",
        )))
    })
}

/// The text of one file.
pub(super) fn text(path: &Path) -> io::Result<String> {
    bounded(fs::File::open(path)?)
}

pub(super) fn bounded(reader: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

enum Place {
    Stdin,
    Pipe(PathBuf),
    File(PathBuf),
}

impl Place {
    fn read(self) -> Result<Text, Diagnostic> {
        let (path, content, again): (Arc<str>, _, _) = match self {
            Self::Stdin => (STDIN.into(), bounded(io::stdin().lock()), false),
            Self::Pipe(path) => (path.display().to_string().into(), text(&path), false),
            Self::File(path) => {
                // Under a name that is no text it cannot be found again by what is shown of it.
                let again = path.to_str().is_some();
                (path.display().to_string().into(), text(&path), again)
            }
        };
        match content {
            Ok(content) => Ok(Text {
                path,
                content,
                again,
            }),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

struct Found {
    places: Vec<Result<Place, Diagnostic>>,
    /// What was seen already, so that a file named twice is read once and a loop of links ends. As bytes: paths
    /// compare part by part, which takes long in deep directories.
    seen: BTreeSet<OsString>,
    /// What the arguments name. A link that leads elsewhere is not followed: whoever may put one into a directory
    /// could have any file of this machine read, and lines of it shown.
    roots: Vec<PathBuf>,
    full: bool,
}

impl Found {
    fn of(paths: &[PathOrStdin]) -> Self {
        let root = |path: &PathOrStdin| match path {
            PathOrStdin::Stdin => None,
            PathOrStdin::Path(path) => path.canonicalize().ok(),
        };
        Self {
            places: Vec::new(),
            seen: BTreeSet::new(),
            roots: paths.iter().filter_map(root).collect(),
            full: false,
        }
    }

    /// Looks at what an argument names, or at where a link leads.
    fn look(&mut self, path: &Path) {
        let found = path
            .canonicalize()
            .and_then(|real| Ok((real.metadata()?.file_type(), real)));
        let (kind, real) = match found {
            Ok(found) => found,
            Err(error) => return self.unreadable(path, &error),
        };
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return self.refuse(
                path,
                "leads out of the directory that was named",
                "put the file itself there, or name where it is as well",
            );
        }
        self.take(path, &real, kind);
    }

    /// Takes what is at a path, whose real place is known.
    fn take(&mut self, path: &Path, real: &Path, kind: FileType) {
        if self.full || !self.seen.insert(real.as_os_str().to_owned()) {
            return;
        }
        if kind.is_dir() {
            self.look_below(path, real);
        } else if !kind.is_file() {
            // Opening a pipe would wait for somebody to write into it.
            let help =
                "write `-` for standard input, and keep pipes and devices out of the directory";
            self.refuse(path, "is neither a file nor a directory", help);
        } else if self.places.len() < MOST_FILES {
            self.places.push(Ok(Place::File(path.to_owned())));
        } else {
            self.full = true;
            self.places.push(Err(too_large(
                format!("the sources are more than {MOST_FILES} files"),
                "name a directory of declarations, not one above it",
            )));
        }
    }

    fn refuse(&mut self, path: &Path, why: &str, help: &str) {
        let path = path.display().to_string();
        let message = format!("`{path}` {why}");
        let found = Diagnostic::new(Code::SourceUnreadable, whole(&path), message).help(help);
        self.places.push(Err(found));
    }

    /// In the order of names, so that the same tree always reads the same. Only a link has to be followed to know
    /// where it leads; what else stands in a directory is in that directory's real place.
    fn look_below(&mut self, directory: &Path, real: &Path) {
        let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(directory, &error),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            if is_hidden(&name) {
                continue;
            }
            match entry.file_type() {
                Err(error) => self.unreadable(&path, &error),
                Ok(kind) if kind.is_symlink() => {
                    if path.is_dir() || is_yaml(&path) {
                        self.look(&path);
                    }
                }
                Ok(kind) if kind.is_dir() || is_yaml(&path) => {
                    self.take(&path, &real.join(name), kind);
                }
                Ok(_) => {}
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

/// The file as a whole.
fn whole(path: &str) -> Origin {
    Origin::File {
        path: path.into(),
        line: 0,
        column: 0,
    }
}

fn too_large(message: String, help: &str) -> Diagnostic {
    Diagnostic::new(Code::TooLarge, Origin::CommandLine, message).help(help)
}

pub(super) fn unreadable(path: &str, error: &io::Error) -> Diagnostic {
    let origin = whole(path);
    match error.kind() {
        io::ErrorKind::FileTooLarge => {
            let message = format!("`{path}` is longer than {} MiB", LONGEST / MIB);
            Diagnostic::new(Code::TooLarge, origin, message).help("split it into several files")
        }
        io::ErrorKind::InvalidData => {
            let message = format!("`{path}` is not a UTF-8 text{}", first_wrong_byte(error));
            Diagnostic::new(Code::NotYaml, origin, message).help("write the file in UTF-8")
        }
        io::ErrorKind::NotFound => Diagnostic::new(
            Code::SourceUnreadable,
            origin,
            format!("`{path}` does not exist"),
        )
        .help("name a file or a directory that is there, or `-` for standard input"),
        _ => {
            let message = format!("`{path}` cannot be read: {error}");
            let help = "give this user the right to read it, or leave it out";
            Diagnostic::new(Code::SourceUnreadable, origin, message).help(help)
        }
    }
}

/// Where a text stops being one.
fn first_wrong_byte(error: &io::Error) -> String {
    let wrong = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<FromUtf8Error>());
    wrong.map_or_else(String::new, |wrong| {
        let good = &wrong.as_bytes()[..wrong.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        format!(": see line {line}")
    })
}
