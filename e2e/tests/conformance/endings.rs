//! Runs that end before they are done: their time is over, somebody stops them, the terminal goes away.

use std::time::Duration;

use privatelink_e2e::privatelink::Answer;
use serde_json::json;
use tokio::signal::unix::SignalKind;

use crate::{Desk, signal, wait_for_writes, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_time_is_over_it_cleans_up_and_says_what_was_not_tried() {
    let desk = Desk::new("minutes", Duration::from_secs(2)).await;
    // A minute lasts three seconds: enough for a network, and not for the subnetwork and the route after it.
    let answer = desk
        .run(&[
            "--yes",
            "-o",
            "json",
            "--recording",
            "r.har",
            "--only",
            "compute.route",
            "--minutes",
            "1",
            "--time-scale",
            "0.05",
        ])
        .await;
    let (report, said) = (answer.json(), answer.stderr);
    assert_eq!(answer.code, 1, "{said}");
    assert!(said.contains("the time was over: cleaning up"), "{said}");
    let last = "compute.route.default.priority";
    assert!(with(&report, "not tried").contains(last), "{report:#}");
    assert_eq!(report["rules"][last]["why"], "the time was over");
    assert!(
        desk.recording("r.har").contains("global/networks"),
        "something was made"
    );
    assert_eq!(report["leftovers"], json!([]), "{said}");
    desk.is_as_before("the time was over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_during_the_first_look_ends_it_and_nothing_is_begun() {
    let desk = Desk::new("first-look", Duration::ZERO).await;
    desk.fault(json!([
        { "match": { "operation": "run.projects.locations.services.list" }, "effect": { "latency": "10m" } },
    ]))
    .await;
    desk.cloud.reset_requests().await.unwrap();
    let words = Desk::words(&["--yes", "--recording", "r.har"]);
    let child = desk.privatelink.command(&words).spawn().unwrap();
    while desk.cloud.requests().await.unwrap()["total"] == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    signal("-TERM", child.id().unwrap());
    let answer = Answer::at_the_end_of(child).await.unwrap();
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("nothing was begun: the run was interrupted"),
        "{}",
        answer.stderr
    );
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
    assert!(!desk.folder.join("r.har").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_goes_away_ends_the_run_and_not_the_cleaning_up() {
    let desk = Desk::new("hung-up", Duration::from_millis(300)).await;
    desk.cloud.reset_requests().await.unwrap();
    // A signal that is heard here is not ignored there: the tests themselves may run under nohup.
    let _heard = tokio::signal::unix::signal(SignalKind::hangup()).unwrap();
    let words = Desk::words(&["--yes", "-o", "json", "--recording", "r.har"]);
    let child = desk.privatelink.command(&words).spawn().unwrap();
    wait_for_writes(&desk, 20).await;
    // By the shell, and when that has ended by the kernel.
    for _ in 0..3 {
        signal("-HUP", child.id().unwrap());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = Answer::at_the_end_of(child).await.unwrap();
    let (report, said) = (answer.json(), answer.stderr);
    assert_eq!(answer.code, 1, "{said}");
    assert!(said.contains("interrupted: cleaning up"), "{said}");
    assert_eq!(report["leftovers"], json!([]), "{said}");
    desk.is_as_before("the terminal went away");
}

/// Only Linux tells a process what it was begun with.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_nohup_it_goes_on_when_the_terminal_goes_away() {
    let desk = Desk::new("nohup", Duration::from_millis(300)).await;
    desk.cloud.reset_requests().await.unwrap();
    let words = Desk::words(&["--yes", "--only", "compute.route", "--recording", "r.har"]);
    let child = desk.privatelink.command_ignoring("HUP", &words).spawn();
    let child = child.unwrap();
    wait_for_writes(&desk, 1).await;
    signal("-HUP", child.id().unwrap());
    let answer = Answer::at_the_end_of(child).await.unwrap();
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(
        answer.stdout.contains("5 agree, 0 differ, 0 not tried."),
        "{}",
        answer.stdout
    );
    desk.is_as_before("a signal that is ignored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_is_too_long_is_not_read_and_nothing_is_begun() {
    let desk = Desk::new("too-much", Duration::ZERO).await;
    desk.cloud.reset_requests().await.unwrap();
    // There are two services of somebody else.
    for options in [
        ["--yes", "--max-list-items", "1", "--recording", "r.har"],
        ["--yes", "--max-list-items", "1", "--clean-up", "ab12"],
    ] {
        let answer = desk.run(&options).await;
        assert_eq!(answer.code, 1, "{}", answer.stderr);
        assert!(
            answer.stderr.contains("has more than 1 items"),
            "{}",
            answer.stderr
        );
    }
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}
