//! Processes that run for a while: the demo, and an apply that is interrupted.

use std::process::Command;
use std::time::Duration;

use privatelink_e2e::privatelink::Answer;
use privatelink_emulator::discovery::{Held, check_recordings};
use serde_json::Value;

use super::{BINARY, Desk, folder, terminate};

#[test]
fn the_demo_keeps_every_promise() {
    let recordings = folder("demo");
    let mut demo = Command::new(BINARY);
    demo.args(["demo", "--record"]).arg(&recordings).env_clear();
    let Answer {
        code, stdout: text, ..
    } = Answer::from(demo.output().unwrap());
    assert_eq!(code, 0, "{text}");
    assert!(text.ends_with("Every promise was kept.\n"), "{text}");
    let held = Held::new();
    let exchanges = check_recordings(&held, &recordings).unwrap();
    assert!(exchanges > 50, "{exchanges}");
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
    let answer = Answer::at_the_end_of(child).await.unwrap();
    assert_eq!(answer.code, 5, "{}", answer.stderr);
    let report = answer.json();
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
