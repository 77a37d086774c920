//! Processes that run for a while: the emulator, the demo, and an apply that is interrupted.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{BINARY, Desk, folder, two_services};

fn emulator(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(BINARY)
        .arg("emulator")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line)
}

fn terminate(process: u32) {
    assert!(
        Command::new("kill")
            .args(["-TERM", &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
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
    let (mut child, line) = emulator(&arguments);
    let port = line
        .trim_end()
        .strip_prefix("listening on http://127.0.0.1:")
        .map(str::parse::<u16>);
    assert!(matches!(port, Some(Ok(1..))), "{line}");
    terminate(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let kept: Value = serde_json::from_str(&fs::read_to_string(&state).unwrap()).unwrap();
    let billing = &kept["run"]["projects/acme-prod/locations/europe-west1/services/billing"];
    assert_eq!(billing["ingress"], "INGRESS_TRAFFIC_ALL");
}

#[test]
fn the_emulator_listens_on_loopback_only() {
    let output = Command::new(BINARY)
        .args(["emulator", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}

#[test]
fn the_demo_keeps_every_promise() {
    let output = Command::new(BINARY)
        .arg("demo")
        .env_clear()
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.ends_with("Every promise was kept.\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_apply_reports_what_is_left_and_the_next_one_does_it() {
    let desk = Desk::slow("interrupted", Duration::from_millis(300)).await;
    let child = desk
        .privatelink
        .command(&["apply", "--yes", "-o", "json", "link.yaml"])
        .spawn()
        .unwrap();
    let process = child.id().unwrap();
    while desk.cloud.writes().await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    terminate(process);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(6));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&Value> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| &found["code"])
        .collect();
    assert!(codes.contains(&&Value::from("PL0322")), "{report:#}");
    let answer = desk.run("apply --yes link.yaml").await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    desk.cloud.reset_requests().await.unwrap();
    desk.run("apply --yes link.yaml").await;
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}
