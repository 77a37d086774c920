//! Standard output and standard error that cannot be written: a full disk under a log, a reader who went away.

use std::fs::OpenOptions;
use std::process::{Output, Stdio};

use tokio::process::Command;

use super::Desk;

/// A file that takes nothing, as on a full disk.
fn full() -> Stdio {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

/// A pipe whose reader went away.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// What a process answers at its end. `Command::output` would put pipes of its own into the place of these.
async fn end(command: &mut Command) -> Output {
    let process = command.spawn().unwrap();
    process.wait_with_output().await.unwrap()
}

async fn nothing_left_to_do(desk: &Desk, line: &str) {
    desk.cloud.reset_requests().await.unwrap();
    let again = desk.run(line).await;
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_turn_goes_to_its_end_when_nobody_can_read_what_it_says() {
    let desk = Desk::new("unheard").await;
    for (line, stderr) in [
        ("apply --yes link.yaml", full()),
        ("destroy --yes link.yaml", full()),
        ("apply --yes -vv link.yaml", closed()),
        ("destroy --yes -vv link.yaml", closed()),
        ("apply --yes -vv link.yaml", full()),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = desk.privatelink.command(&words);
        let output = end(command.stderr(stderr)).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        nothing_left_to_do(&desk, line).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn errors_that_cannot_be_said_still_show_in_the_exit_code() {
    let desk = Desk::new("unsaid").await;
    desk.write("broken.yaml", "kind: [");
    for line in [
        "validate broken.yaml",
        "plan -vv broken.yaml",
        "plan --no-such-option",
        "plan --scope Acme link.yaml",
    ] {
        for stderr in [full(), closed()] {
            let words: Vec<&str> = line.split(' ').collect();
            let mut command = desk.privatelink.command(&words);
            let status = end(command.stderr(stderr)).await.status;
            assert_eq!(status.code(), Some(1), "{line}");
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_written_is_1_and_what_was_done_is_done() {
    let desk = Desk::new("unanswered").await;
    let run = async |line: &str, stdout: Stdio| {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = desk.privatelink.command(&words);
        end(command.stdout(stdout)).await
    };
    for line in [
        "plan link.yaml",
        "validate -o yaml link.yaml",
        "codes",
        "--help",
    ] {
        let output = run(line, full()).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("the output cannot be written"), "{said}");
        // Whoever read the first lines and went away has what they wanted.
        let output = run(line, closed()).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
    }
    let output = run("apply --yes -o json link.yaml", full()).await;
    assert_eq!(output.status.code(), Some(1));
    nothing_left_to_do(&desk, "apply --yes link.yaml").await;
    let output = run("destroy --yes link.yaml", closed()).await;
    assert_eq!(output.status.code(), Some(0));
    nothing_left_to_do(&desk, "destroy --yes link.yaml").await;
}
