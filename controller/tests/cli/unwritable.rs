//! Standard output and standard error that cannot be written: a full disk under a log, a reader who went away.

use std::fs::OpenOptions;
use std::process::Stdio;

use privatelink_e2e::privatelink::Answer;
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
async fn end(command: &mut Command) -> Answer {
    let process = command.spawn().unwrap();
    Answer::at_the_end_of(process).await.unwrap()
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
        let answer = end(command.stderr(stderr)).await;
        assert_eq!(answer.code, 0, "{line}: {}", answer.stdout);
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
            let answer = end(command.stderr(stderr)).await;
            assert_eq!(answer.code, 1, "{line}");
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
        let Answer { code, stderr, .. } = run(line, full()).await;
        assert_eq!(code, 1, "{line}: {stderr}");
        assert!(stderr.contains("the output cannot be written"), "{stderr}");
        // Whoever read the first lines and went away has what they wanted.
        let Answer { code, stderr, .. } = run(line, closed()).await;
        assert_eq!(code, 0, "{line}: {stderr}");
    }
    let answer = run("apply --yes -o json link.yaml", full()).await;
    assert_eq!(answer.code, 1);
    nothing_left_to_do(&desk, "apply --yes link.yaml").await;
    let answer = run("destroy --yes link.yaml", closed()).await;
    assert_eq!(answer.code, 0);
    nothing_left_to_do(&desk, "destroy --yes link.yaml").await;
}
