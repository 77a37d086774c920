//! The binary, run as a user would run it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::Command;

/// One certificate, of nobody. The program speaks plain http here, and each of its ten clients would read all of
/// the machine's authorities first: three quarters of a run in a debug build.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/authority.pem");

/// Credentials that every run could read and none has to: they are not for a stand-in.
const CREDENTIALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/planted.json");

/// What tests plant, and what secrets begin with.
const SECRETS: [&str; 6] = [
    "PLANTED",
    "ya29.",
    "-----BEGIN",
    "GOCSPX-",
    "AIzaSy",
    "eyJhbGci",
];

/// How to run the binary against one cloud.
#[derive(Debug, Clone)]
pub struct Privatelink {
    binary: PathBuf,
    endpoint: String,
    folder: PathBuf,
}

/// What a run answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it printed for machines.
    pub stdout: String,
    /// What it printed for people.
    pub stderr: String,
}

impl From<Output> for Answer {
    /// Every answer of every test that runs the binary comes by here, and none may tell a secret.
    fn from(output: Output) -> Self {
        let answer = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for text in [&answer.stdout, &answer.stderr] {
            let told = text
                .lines()
                .find(|line| SECRETS.iter().any(|sign| line.contains(sign)));
            assert!(told.is_none(), "a secret is told: {told:?}");
        }
        answer
    }
}

impl Answer {
    /// The JSON document on standard output; null when there is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or(Value::Null)
    }
}

impl Privatelink {
    /// The binary, the cloud it shall talk to, and the folder it runs in.
    pub fn new(binary: impl AsRef<Path>, endpoint: &str, folder: impl AsRef<Path>) -> Self {
        Self {
            binary: binary.as_ref().to_owned(),
            endpoint: endpoint.to_owned(),
            folder: folder.as_ref().to_owned(),
        }
    }

    /// A command with a clean environment: nothing of the machine's own configuration reaches it.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PRIVATELINK_ENDPOINT", &self.endpoint)
            .env("NO_COLOR", "1")
            .env("SSL_CERT_FILE", AUTHORITY)
            .env("GOOGLE_APPLICATION_CREDENTIALS", CREDENTIALS)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub async fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> std::io::Result<Answer> {
        self.command(arguments).output().await.map(Answer::from)
    }
}
