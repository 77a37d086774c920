//! The file that a run is recorded to: taken before anything is made, and never one that is there.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Zoned;
use privatelink_emulator::conformance::{Place, Session};
use privatelink_emulator::replay::{Line, Recording, Replayer, Verdict};

use crate::printable::in_a_line;

/// Why there is no recording.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordingFailure {
    /// The file cannot be made.
    #[error("{path} cannot be made; --recording names another file")]
    Make {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A file of our own.
pub(super) struct Reserved {
    path: PathBuf,
    file: File,
}

/// What the emulator answers to the recording.
pub(super) struct Replayed {
    pub(super) path: PathBuf,
    pub(super) exchanges: usize,
    /// Exchanges that the emulator answers otherwise, each with its fields.
    pub(super) differing: Vec<String>,
}

impl Reserved {
    pub(super) fn new(wanted: Option<&Path>) -> Result<Self, RecordingFailure> {
        let path = wanted.map_or_else(
            || PathBuf::from(format!("conformance-{}.har", Zoned::now().date())),
            Path::to_owned,
        );
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(RecordingFailure::Make { path, source }),
        }
    }

    /// Writes what was recorded, and replays it at an emulator.
    pub(super) fn write(
        mut self,
        session: &Session<'_>,
        place: &Place,
    ) -> Result<Replayed, RecordingFailure> {
        let tape = session.tape();
        let text = format!("{:#}\n", tape.redacted(place));
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|source| RecordingFailure::Write {
            path: self.path.clone(),
            source,
        })?;
        let name = self.path.display().to_string();
        // What we wrote can be read; if not, there is nothing to compare.
        let recordings = Recording::parse(&name, &text).unwrap_or_default();
        let lines = recordings
            .iter()
            .flat_map(|recording| Replayer::default().play(recording));
        let differing = lines.filter_map(|line| differing(&line)).collect();
        Ok(Replayed {
            path: self.path,
            exchanges: tape.len(),
            differing,
        })
    }
}

/// An exchange that differs, and each field of it in a line of its own, whatever Google called or answered it.
fn differing(line: &Line) -> Option<String> {
    let differences = match &line.verdict {
        Verdict::Agrees | Verdict::Excused(_) | Verdict::Skipped(_) => return None,
        // Nothing was compared, which is no agreement.
        Verdict::Unprepared(_) => return Some(in_a_line(&line.to_string()).into_owned()),
        Verdict::Differs(differences) => differences,
    };
    let operation = line.operation.unwrap_or(&line.method);
    let exchange = format!("{}: {operation} differs", line.place);
    let fields = differences.iter().map(ToString::to_string);
    let lines: Vec<String> = std::iter::once(exchange)
        .chain(fields)
        .map(|text| in_a_line(&text).into_owned())
        .collect();
    Some(lines.join("\n    "))
}
