//! Where the discovery documents come from: a Python package, pinned by its hash and installed once into an
//! environment below the build's folder, for what is in it and not to be run.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use crate::resources;

use super::description::Description;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// For how long nobody tries again after a failure: every test process would wait for the network.
const PAUSE: Duration = Duration::from_mins(10);

/// Why there are no documents.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// A program of Python's did not do it.
    #[error("{what} fails: {said}")]
    Python {
        /// What was tried.
        what: &'static str,
        /// The last line that it printed.
        said: String,
    },
    /// An earlier attempt failed not long ago.
    #[error("they could not be installed a short while ago: {0}")]
    Earlier(String),
    /// They are there, and cannot be read or kept.
    #[error("{0} cannot be used")]
    File(PathBuf, #[source] io::Error),
}

/// The description of the pinned version, loaded once per process.
///
/// # Errors
/// If it is not there and cannot be installed: no `python3`, no network.
pub fn pinned() -> Result<&'static Description, &'static Missing> {
    static LOADED: LazyLock<Result<Description, Missing>> = LazyLock::new(load);
    LOADED.as_ref()
}

/// The folder for what this check keeps: `discovery` beside the build's profiles.
pub(super) fn folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let built = program.ancestors().find(|folder| folder.ends_with("deps"));
    let target = built.and_then(Path::parent).and_then(Path::parent);
    target
        .map_or_else(std::env::temp_dir, Path::to_owned)
        .join("discovery")
}

/// The version that is pinned.
fn version() -> &'static str {
    let pin = REQUIREMENTS.lines().find_map(|line| line.split_once("=="));
    pin.and_then(|(_, rest)| rest.split(' ').next())
        .unwrap_or_default()
}

fn load() -> Result<Description, Missing> {
    let served: BTreeSet<&str> = resources::operations().collect();
    let folder = folder();
    // The name changes with what is kept of the documents.
    let kept = folder.join(format!("{}-{}.json", version(), fingerprint(&served)));
    if let Ok(text) = std::fs::read(&kept)
        && let Ok(description) = serde_json::from_slice(&text)
    {
        return Ok(description);
    }
    let documents = folder.join(version());
    if !documents.is_dir() {
        install(&folder, &documents)?;
    }
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |error| Missing::File(path, error)
    };
    let mut description = Description::read(&documents).map_err(unusable(&documents))?;
    description.keep(&served);
    let text = serde_json::to_vec(&description).map_err(io::Error::from);
    let new = kept.with_extension(format!("{}.new", std::process::id()));
    text.and_then(|text| std::fs::write(&new, text))
        .and_then(|()| std::fs::rename(&new, &kept))
        .map_err(unusable(&kept))?;
    Ok(description)
}

/// Changes with the methods that are served, and with how much of the documents this build keeps.
fn fingerprint(served: &BTreeSet<&str>) -> String {
    use sha2::{Digest as _, Sha256};
    let mut digest = Sha256::new();
    digest.update(include_str!("description.rs"));
    for method in served {
        digest.update(method);
        digest.update(",");
    }
    let bytes = digest.finalize();
    let number = bytes
        .iter()
        .take(6)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:012x}")
}

/// Installs the package and keeps the documents of it.
fn install(folder: &Path, documents: &Path) -> Result<(), Missing> {
    let failed = folder.join("not-installed.txt");
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    if !in_ci && let Some(said) = recent(&failed) {
        return Err(Missing::Earlier(said));
    }
    let unusable = |error| Missing::File(folder.to_owned(), error);
    std::fs::create_dir_all(folder).map_err(unusable)?;
    // Several test processes may do so at once; the one that is last wins, and all wrote the same.
    let venv = folder.join(format!("venv-{}", std::process::id()));
    let result = into_venv(&venv).and_then(|()| keep(&venv, documents).map_err(unusable));
    // What is left behind is below the build's folder, and does no harm.
    drop(std::fs::remove_dir_all(&venv));
    if let Err(error) = &result {
        drop(std::fs::write(&failed, error.to_string()));
    }
    result
}

fn recent(file: &Path) -> Option<String> {
    let age = std::fs::metadata(file)
        .ok()?
        .modified()
        .ok()?
        .elapsed()
        .ok()?;
    (age < PAUSE).then(|| std::fs::read_to_string(file).unwrap_or_default())
}

fn into_venv(venv: &Path) -> Result<(), Missing> {
    run(
        "python3 -m venv",
        Command::new("python3").args(["-m", "venv"]).arg(venv),
    )?;
    let requirements = venv.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS)
        .map_err(|error| Missing::File(requirements.clone(), error))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-compile",
        "--only-binary=:all:",
        "--require-hashes",
        "--retries=2",
        "-r",
    ];
    let python = venv.join("bin/python");
    run(
        "pip install",
        Command::new(python).args(pip).arg(requirements),
    )
}

fn run(what: &'static str, command: &mut Command) -> Result<(), Missing> {
    let output = command.stdin(Stdio::null()).output();
    let said = match output {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let lines = text.lines().rev();
            lines
                .map(str::trim)
                .find(|line| !line.is_empty())
                .unwrap_or_default()
                .to_owned()
        }
        Err(error) => error.to_string(),
    };
    Err(Missing::Python { what, said })
}

/// Copies the documents out of the environment, which is large with the descriptions of everything else.
fn keep(venv: &Path, documents: &Path) -> io::Result<()> {
    const INSIDE: &str = "site-packages/googleapiclient/discovery_cache/documents";
    let library = std::fs::read_dir(venv.join("lib"))?.find_map(|entry| {
        let inside = entry.ok()?.path().join(INSIDE);
        inside.is_dir().then_some(inside)
    });
    let inside = library.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, INSIDE))?;
    let new = venv.join("documents");
    std::fs::create_dir_all(&new)?;
    for file in super::description::FILES {
        std::fs::copy(inside.join(file), new.join(file))?;
    }
    match std::fs::rename(&new, documents) {
        // Another process was faster.
        Err(_) if documents.is_dir() => Ok(()),
        renamed => renamed,
    }
}

/// The description, for the running test. Where it cannot be had, the test says by name that it is skipped, and fails
/// with `CI=true`.
#[cfg(test)]
pub(super) fn wanted() -> Option<&'static Description> {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    or_skip(pinned(), in_ci)
}

#[cfg(test)]
fn or_skip<'a>(found: Result<&'a Description, &Missing>, in_ci: bool) -> Option<&'a Description> {
    let missing = match found {
        Ok(description) => return Some(description),
        Err(missing) => missing,
    };
    let missing = format!("Google's discovery documents are missing: {missing}");
    assert!(!in_ci, "{missing}");
    // Not by a macro, whose output is kept back for tests that pass.
    let thread = std::thread::current();
    let said = format!("{} skipped: {missing}\n", thread.name().unwrap_or_default());
    drop(io::Write::write_all(&mut io::stderr(), said.as_bytes()));
    None
}

#[cfg(test)]
mod tests {
    use super::{Missing, or_skip};

    #[test]
    fn without_the_documents_a_test_is_skipped() {
        let missing = Missing::Earlier("no network".to_owned());
        assert!(or_skip(Err(&missing), false).is_none());
    }

    #[test]
    #[should_panic(expected = "Google's discovery documents are missing")]
    fn without_the_documents_a_test_fails_in_ci() {
        let missing = Missing::Earlier("no network".to_owned());
        or_skip(Err(&missing), true);
    }
}
