//! Google's libraries for Python, in an environment of their own that is installed once.

use std::path::{Path, PathBuf};

use privatelink_e2e::privatelink::Answer;
use privatelink_e2e::skipped::skip;
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::session::lacks;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The command that runs a script of this folder with Google's clients; `None` where they cannot be had.
pub(crate) async fn with_google_clients() -> Option<String> {
    static INSTALLED: OnceCell<Result<PathBuf, String>> = OnceCell::const_new();
    if lacks("python3") {
        return None;
    }
    match INSTALLED.get_or_init(install).await {
        Ok(python) => Some(format!(
            "cd \"$SCRIPTS\" && PYTHONDONTWRITEBYTECODE=1 '{}'",
            python.display()
        )),
        Err(why) => {
            skip(&format!(
                "Google's clients for Python cannot be installed: {why}"
            ));
            None
        }
    }
}

/// Makes the environment unless it is there with just these requirements.
async fn install() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-clients");
    let (python, done) = (folder.join("bin/python"), folder.join("requirements.txt"));
    if std::fs::read_to_string(&done).is_ok_and(|found| found == REQUIREMENTS) {
        return Ok(python);
    }
    let wanted = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../e2e/tests/clients/requirements.txt"
    );
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))
    .await?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        "-r",
    ];
    run(Command::new(&python).args(pip).arg(wanted)).await?;
    std::fs::write(&done, REQUIREMENTS).map_err(|error| error.to_string())?;
    Ok(python)
}

async fn run(command: &mut Command) -> Result<(), String> {
    let answer = Answer::of(command)
        .await
        .map_err(|error| error.to_string())?;
    let last = answer.stderr.lines().last().unwrap_or_default();
    if answer.code == 0 {
        Ok(())
    } else {
        Err(last.to_owned())
    }
}
