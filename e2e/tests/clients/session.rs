//! A shell that is pointed at an emulator of its own, by what `privatelink emulator env` prints.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::Answer;
use privatelink_e2e::skipped;
use privatelink_emulator::{Observer, Options};
use serde_json::Value;
use tokio::process::Command;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
pub(crate) const PROJECT: &str = "acme-prod";
pub(crate) const REGION: &str = "europe-west1";

/// Google's clients take seconds for each command, and more on a busy machine.
const PATIENCE: Duration = Duration::from_mins(8);

/// The scripts in Python.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/tests/clients");

/// Skips by name what needs a client that is not there; in CI it has to be there. The shell that runs it has to be there, too.
pub(crate) fn lacks(client: &str) -> bool {
    skipped::lacks(&["bash", client])
}

/// An emulator, and a folder for what clients write.
pub(crate) struct Session {
    pub(crate) cloud: Cloud,
    folder: PathBuf,
}

impl Session {
    /// A session with `gcloud`, if that is installed. `latency` is how long operations take.
    pub(crate) async fn gcloud(latency: Duration) -> Option<Self> {
        if lacks("gcloud") {
            return None;
        }
        Some(Self::start(latency).await)
    }

    pub(crate) async fn start(latency: Duration) -> Self {
        Self::heard(latency, Vec::new()).await
    }

    /// A session whose exchanges these are told of.
    pub(crate) async fn heard(latency: Duration, observers: Vec<Observer>) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("clients-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let options = Options {
            operation_latency: latency,
            observers,
            ..Options::default()
        };
        let cloud = Cloud::start_as(options).await.unwrap();
        Self { cloud, folder }
    }

    /// What a script printed on both channels; every command of it has to succeed.
    pub(crate) async fn works(&self, script: &str) -> String {
        let (code, printed) = self.run(script).await;
        assert_eq!(code, 0, "{script}\n{printed}");
        printed
    }

    /// What a script printed that has to fail.
    pub(crate) async fn fails(&self, script: &str) -> String {
        let (code, printed) = self.run(script).await;
        assert_ne!(code, 0, "{script}\ndid not fail:\n{printed}");
        printed
    }

    async fn run(&self, script: &str) -> (i32, String) {
        let settings = format!(
            "eval \"$('{BINARY}' emulator env --endpoint {} --project {PROJECT} --region {REGION})\"",
            self.cloud.url()
        );
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut shell = Command::new("bash");
        shell
            .args([
                "-e",
                "-u",
                "-o",
                "pipefail",
                "-c",
                &format!("{settings}\n{script}"),
            ])
            .env_clear()
            .envs([("HOME", &self.folder), ("TMPDIR", &self.folder)])
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .env("CLOUDSDK_CORE_DISABLE_COLOR", "true")
            .env("SCRIPTS", SCRIPTS)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let answer = tokio::time::timeout(PATIENCE, Answer::of(&mut shell)).await;
        let answer = answer
            .unwrap_or_else(|_| panic!("not done within {PATIENCE:?}: {script}"))
            .unwrap();
        (answer.code, answer.stdout + &answer.stderr)
    }

    /// The requests that came, in order.
    pub(crate) async fn log(&self) -> Vec<Value> {
        let path = "/emulator/requests/log";
        let log = self.cloud.send("GET", path, &Value::Null).await.unwrap();
        log.as_array().unwrap().clone()
    }

    /// How many requests there were to a method of Google's.
    pub(crate) async fn counted(&self, operation: &str) -> u64 {
        let requests: Value = self.cloud.requests().await.unwrap();
        requests["byOperation"][operation]
            .as_u64()
            .unwrap_or_default()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for temporary files, and harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
