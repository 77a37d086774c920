//! The binary, run as a user would run it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::untold::untold;

/// One certificate, of nobody. The program speaks plain http here, and each of its ten clients would read all of
/// the machine's authorities first: three quarters of a run in a debug build.
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/authority.pem");

/// Credentials that every run could read and none has to: they are not for a stand-in.
const CREDENTIALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/planted.json");

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
    /// What a process printed comes by here, and may tell no secret: `clippy.toml` keeps tests from asking tokio for the
    /// output of one. Outputs that are read from a file or by the line go to [`untold`] by themselves: the emulator as a
    /// process, blocks of pages, the largest declarations. Nobody looks at what a process printed before it was killed,
    /// and at what went where nobody can read it, such as a full disk.
    fn from(output: Output) -> Self {
        let answer = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for text in [&answer.stdout, &answer.stderr] {
            untold(text);
        }
        answer
    }
}

// The two places where outputs are taken; everybody else asks here.
#[allow(clippy::disallowed_methods)]
impl Answer {
    /// Runs a command to its end.
    pub async fn of(command: &mut Command) -> std::io::Result<Self> {
        command.output().await.map(Self::from)
    }

    /// Waits for the end of a process.
    pub async fn at_the_end_of(process: Child) -> std::io::Result<Self> {
        process.wait_with_output().await.map(Self::from)
    }

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
        self.prepared(Command::new(&self.binary), arguments)
    }

    /// The same for a process that ignores a signal from its beginning on, as it does under `nohup`.
    pub fn command_ignoring<S: AsRef<std::ffi::OsStr>>(
        &self,
        signal: &str,
        arguments: &[S],
    ) -> Command {
        let mut shell = Command::new("/bin/sh");
        let script = format!("trap '' {signal}; exec \"$@\"");
        shell.args(["-c", &script, "sh"]).arg(&self.binary);
        self.prepared(shell, arguments)
    }

    fn prepared<S: AsRef<std::ffi::OsStr>>(
        &self,
        mut command: Command,
        arguments: &[S],
    ) -> Command {
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
        Answer::of(&mut self.command(arguments)).await
    }
}
