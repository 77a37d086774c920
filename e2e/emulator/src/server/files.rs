//! The files that somebody named: a list of faults, and the state, which is read at the start and written after changes.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::Server;
use crate::document;
use crate::faults::FaultError;

/// The same error, with the name of the file that the user gave.
pub(crate) fn unreadable(file: &Path, why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{}: {why}", file.display()))
}

impl Server {
    /// Puts the faults of a file in force.
    pub(crate) fn load_faults(&self, file: &Path) -> io::Result<()> {
        let unusable = |why: &dyn Display| {
            let text = format!("{} is no list of faults: {why}", file.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        let text = std::fs::read(file).map_err(|why| unreadable(file, &why))?;
        let list = serde_json::from_slice(&text).map_err(|why| unusable(&why))?;
        let faults = self.read_faults(&list).map_err(|why| match &why {
            // It says the same once more, of a list that has no name.
            FaultError::Shape(cause) => unusable(cause),
            why => unusable(why),
        })?;
        *self.faults() = faults;
        Ok(())
    }

    /// Loads the state file, if there is one.
    pub(crate) fn load(&self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        match std::fs::metadata(file) {
            Ok(found) if found.is_file() => {}
            // It would be replaced by a file at the first change, and a pipe would be waited for at once.
            Ok(_) => {
                let text = format!("{} is no regular file", file.display());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(file, &error)),
        }
        let text = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
        let unusable = |error: String| {
            let text = format!("{} is no state document: {error}", file.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        let document =
            serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
        self.put_state(&document)
            .map_err(|error| unusable(error.to_string()))
    }

    /// Lets what is under way end, and writes the state file for the last time.
    pub(crate) fn finish(&self) {
        self.engine().settle_all();
        self.save();
    }

    /// Says that the last changes are not in the state file, if there is one.
    pub(crate) fn say_unsaved(&self) {
        if let Some(file) = &self.file {
            let file = file.display();
            eprintln!("the last changes are not in {file}: a request was still being computed");
        }
    }

    /// Writes the state file if anything changed since.
    pub(super) fn save(&self) {
        let Some(file) = &self.file else { return };
        let (changes, state) = {
            let mut engine = self.engine();
            engine.settle();
            if engine.changes == self.saved.load(Ordering::Relaxed) {
                return;
            }
            (engine.changes, document::get(&mut engine))
        };
        let new = file.with_extension("new");
        let text = format!("{state:#}\n");
        let saved = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, file));
        match saved {
            Ok(()) => self.saved.store(changes, Ordering::Relaxed),
            Err(error) => eprintln!("the state was not written to {}: {error}", file.display()),
        }
    }
}
