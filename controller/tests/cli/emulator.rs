//! The emulator as its own process: where it listens, what it keeps, how it misbehaves, and how fast its time runs.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use privatelink_e2e::cloud::http;
use privatelink_e2e::privatelink::Answer;
use privatelink_e2e::untold::untold;
use privatelink_emulator::discovery::{Held, check_recordings};
use privatelink_emulator::replay::{Recording, Replayer, Verdict};
use serde_json::{Value, json};

use super::{BINARY, folder, terminate, two_services};

/// A running emulator; it ends with the test.
struct Emulator {
    child: Child,
    /// What it printed when it was ready.
    line: String,
    /// What it prints after that, and where it says what is wrong.
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
    /// Where it records what it is asked, unless it is told to elsewhere.
    recordings: PathBuf,
}

impl Emulator {
    fn start(arguments: &[&str]) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let recordings = folder(&format!("recordings-{number}"));
        let stderr = folder(&format!("stderr-{number}")).join("stderr");
        let mut child = Command::new(BINARY)
            .arg("emulator")
            .args(arguments)
            .env_clear()
            .env("PRIVATELINK_RECORD", &recordings)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        Self {
            child,
            line,
            stdout,
            stderr,
            recordings,
        }
    }

    fn url(&self) -> &str {
        self.line.trim_end().strip_prefix("listening on ").unwrap()
    }

    async fn put(&self, path: &str, body: &Value) -> reqwest::Response {
        let request = http().put(format!("{}{path}", self.url()));
        request.json(body).send().await.unwrap()
    }

    fn stop(&mut self) -> ExitStatus {
        terminate(self.child.id());
        self.child.wait().unwrap()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let mut printed = fs::read_to_string(&self.stderr).unwrap();
            self.stdout.read_to_string(&mut printed).unwrap();
            untold(&format!("{}{printed}", self.line));
            check_recordings(&Held::new(), &self.recordings).unwrap();
        }
    }
}

/// What it says when it does not start.
fn refused(arguments: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    command.arg("emulator").args(arguments).env_clear();
    let answer = Answer::from(command.output().unwrap());
    assert_eq!(answer.code, 1, "{arguments:?}");
    assert!(answer.stdout.is_empty(), "{arguments:?}");
    answer.stderr
}

#[test]
fn the_emulator_says_where_it_listens_and_keeps_its_state() {
    let state = folder("emulator").join("state.json");
    fs::write(&state, two_services().to_string()).unwrap();
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--operation-latency",
        "20ms",
        "--state",
        state.to_str().unwrap(),
    ];
    let mut emulator = Emulator::start(&arguments);
    let port = emulator
        .url()
        .strip_prefix("http://127.0.0.1:")
        .map(str::parse::<u16>);
    assert!(matches!(port, Some(Ok(1..))), "{}", emulator.line);
    assert_eq!(emulator.stop().code(), Some(0));
    let kept: Value = serde_json::from_str(&fs::read_to_string(&state).unwrap()).unwrap();
    let billing = &kept["run"]["projects/acme-prod/locations/europe-west1/services/billing"];
    assert_eq!(billing["ingress"], "INGRESS_TRAFFIC_ALL");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_records_what_it_is_asked_and_no_credentials() {
    let file = folder("record").join("session.har");
    let mut emulator = Emulator::start(&["--record", file.to_str().unwrap()]);
    let path = "/compute/v1/projects/p/global/networks";
    let request = http().get(format!("{}{path}?maxResults=5", emulator.url()));
    let request = request.bearer_auth("planted-secret");
    assert_eq!(request.send().await.unwrap().status(), 200);
    // Google's APIs take credentials in the query too.
    let planted = "access_token=planted-secret&key=planted-secret&oauth%5Ftoken=planted-secret";
    let request = http().get(format!("{}{path}?{planted}", emulator.url()));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let log = http().get(format!("{}/emulator/requests/log", emulator.url()));
    let log = log.send().await.unwrap().text().await.unwrap();
    assert!(log.contains("access_token=REDACTED"), "{log}");
    assert!(!log.contains("planted-secret"), "{log}");
    // Whatever becomes of the process.
    emulator.child.kill().unwrap();
    emulator.child.wait().unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("planted-secret"), "{text}");
    let recordings = Recording::read(&file).unwrap();
    let [exchange, _] = &recordings[0].exchanges[..] else {
        panic!("{text}")
    };
    assert!(exchange.url.ends_with(&format!("{path}?maxResults=5")));
    for line in Replayer::default().play(&recordings[0]) {
        assert_eq!(line.verdict, Verdict::Agrees, "{line}");
    }
    assert_eq!(exchange.status, 200);
}

#[test]
fn no_file_of_somebody_is_overwritten_and_none_is_read_that_is_no_file() {
    let folder = folder("record-over");
    let kept = folder.join("kept.har");
    fs::write(&kept, "recorded long ago").unwrap();
    let said = refused(&["--record", kept.to_str().unwrap()]);
    assert!(said.contains("kept.har is there already"), "{said}");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "recorded long ago");
    let nowhere = folder.join("no-folder/session.har");
    let said = refused(&["--record", nowhere.to_str().unwrap()]);
    assert!(said.contains("no-folder/session.har"), "{said}");
    for odd in [folder.to_str().unwrap(), "/dev/null"] {
        let said = refused(&["--state", odd]);
        assert!(
            said.contains(&format!("{odd} is no regular file")),
            "{said}"
        );
    }
}

#[test]
fn the_emulator_listens_on_loopback_only() {
    assert!(refused(&["--listen", "0.0.0.0:0"]).contains("loopback"));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let said = refused(&["--listen", &taken]);
    assert!(said.contains(&taken), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_a_file_are_in_force_from_the_start_and_time_may_run_faster() {
    let file = folder("faults").join("storm.json");
    let storm = json!([{
        "match": { "operation": "compute.networks.insert" },
        "for": "1h",
        "effect": { "preset": "tooManyRequests", "retryAfter": 500 },
    }]);
    fs::write(&file, storm.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let emulator = Emulator::start(&["--faults", file, "--time-scale", "0.01"]);
    let networks = format!("{}/compute/v1/projects/p/global/networks", emulator.url());
    let insert = http()
        .post(networks)
        .json(&json!({ "name": "prod", "autoCreateSubnetworks": false }));
    let answer = insert.send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_end_sooner_when_time_runs_faster() {
    let emulator = Emulator::start(&["--operation-latency", "1h", "--time-scale", "0.0001"]);
    emulator.put("/emulator/state", &two_services()).await;
    let network = format!(
        "{}/compute/v1/projects/acme-prod/global/networks",
        emulator.url()
    );
    let start = Instant::now();
    let client = http();
    let body = json!({ "name": "other", "autoCreateSubnetworks": false });
    let answer = client.post(&network).json(&body).send().await.unwrap();
    let operation: Value = answer.json().await.unwrap();
    assert_eq!(operation["status"], "RUNNING", "{operation:#}");
    let wait = format!(
        "{}/compute/v1/projects/acme-prod/global/operations/{}/wait",
        emulator.url(),
        operation["name"].as_str().unwrap()
    );
    // Waiting gives up after two minutes of the emulator's time, which is why it is asked again.
    let mut status = Value::Null;
    while status != "DONE" {
        let answer = client.post(&wait).send().await.unwrap();
        status = answer.json::<Value>().await.unwrap()["status"].take();
    }
    assert!(start.elapsed() >= Duration::from_millis(360));
}

#[test]
fn faults_that_cannot_be_read_and_times_that_cannot_be_are_said() {
    let folder = folder("no-faults");
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let missing = folder.join("missing.json");
    let missing = missing.to_str().unwrap();
    let said = refused(&["--faults", missing]);
    assert!(
        said.contains("missing.json") && said.contains("No such file"),
        "{said}"
    );
    let said = refused(&["--faults", &write("text.json", "storm")]);
    assert!(said.contains("text.json is no list of faults"), "{said}");
    let explodes = json!([{ "effect": { "explode": true } }]).to_string();
    let said = refused(&["--faults", &write("explode.json", &explodes)]);
    assert!(
        said.contains("explode.json") && said.contains("unknown field `explode`"),
        "{said}"
    );
    assert_eq!(said.matches("list of faults").count(), 1, "{said}");
    let typo = json!([{ "match": { "operation": "bogus.thing" }, "effect": { "status": 503 } }]);
    let said = refused(&["--faults", &write("typo.json", &typo.to_string())]);
    assert!(
        said.contains("typo.json") && said.contains("\"bogus.thing\""),
        "{said}"
    );
    for scale in ["-1", "fast", "NaN", "0"] {
        let said = refused(&[&format!("--time-scale={scale}")]);
        assert!(said.contains("a time scale is a number above 0"), "{said}");
    }
}
