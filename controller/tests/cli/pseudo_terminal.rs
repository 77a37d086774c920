//! `apply` as a person at a terminal meets it. `script` of util-linux runs it on a pseudo-terminal.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use privatelink_e2e::privatelink::Answer;
use privatelink_e2e::skipped::skip;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::{BINARY, Desk, LINK};

const QUESTION: &str = "Carry out this plan? Only 'yes' goes ahead: ";

/// How a terminal is told to draw a line anew.
const ANEW: &str = "\r\u{1b}[2K";

/// Seconds are enough, but not on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a terminal shows, with the line ends of a file.
struct Shown {
    code: i32,
    /// Before the question.
    before: String,
    /// After its answer.
    after: String,
}

/// `script`, or `None`, having said so, where it is not the one of util-linux: others take other options.
async fn script() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join("script"));
    if let Some(script) = files.find(|file| file.is_file()) {
        let mut version = Command::new(&script);
        version.arg("--version").stdin(Stdio::null());
        let answer = Answer::of(&mut version).await.unwrap();
        if answer.stdout.contains("util-linux") {
            return Some(script);
        }
    }
    skip("script of util-linux not found");
    None
}

/// The command on a terminal of its own, with the environment that it has without one.
fn on_a_terminal(script: &Path, desk: &Desk, line: &str) -> Command {
    let bare = desk.privatelink.command::<&str>(&[]);
    let variables = bare.as_std().get_envs();
    let mut command = Command::new(script);
    command
        .args(["-qec", &format!("'{BINARY}' {line}"), "/dev/null"])
        .current_dir(&desk.folder)
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        // On a terminal of which nothing is known nothing is drawn.
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a command to its end and answers its question.
async fn answered(command: &mut Command, answer: &str) -> Shown {
    let mut process = command.spawn().unwrap();
    // The keyboard stays there until the end: when it goes, `script` tells the terminal so.
    let mut keyboard = process.stdin.take().unwrap();
    let mut screen = process.stdout.take().unwrap();
    let mut shown: Vec<u8> = Vec::new();
    while !String::from_utf8_lossy(&shown).contains(QUESTION) {
        let read = screen.read_buf(&mut shown).await.unwrap();
        let so_far = String::from_utf8_lossy(&shown);
        assert!(read > 0, "it ended without a question: {so_far}");
    }
    let typed = format!("{answer}\n");
    keyboard.write_all(typed.as_bytes()).await.unwrap();
    screen.read_to_end(&mut shown).await.unwrap();
    let ended = Answer::from(Output {
        status: process.wait().await.unwrap(),
        stdout: shown,
        stderr: Vec::new(),
    });
    let text = ended.stdout.replace("\r\n", "\n");
    let (before, after) = text.split_once(QUESTION).unwrap();
    // What is typed is shown too, as most versions of `script` have it.
    let after = after.strip_prefix(answer).unwrap_or(after).trim_start();
    Shown {
        code: ended.code,
        before: before.to_owned(),
        after: after.to_owned(),
    }
}

/// The same, but not for ever.
async fn shown(script: &Path, desk: &Desk, line: &str, answer: &str) -> Shown {
    let mut command = on_a_terminal(script, desk, line);
    let ended = tokio::time::timeout(PATIENCE, answered(&mut command, answer)).await;
    ended.unwrap_or_else(|_| panic!("not done within {PATIENCE:?}: {line}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_and_does_not_say_yes_gets_nothing_done_and_is_told_so() {
    let Some(script) = script().await else {
        return;
    };
    let desk = Desk::new("terminal_no").await;
    for answer in ["no", "y", ""] {
        let shown = shown(&script, &desk, "apply link.yaml", answer).await;
        assert!(
            shown
                .before
                .ends_with("\nPlan: 4 to create, 1 to update, 0 to delete, 1 waits.\n"),
            "{answer:?}: {}",
            shown.before
        );
        assert_eq!(
            (shown.code, &*shown.after),
            (1, "Nothing was done.\n"),
            "{answer:?}"
        );
        assert_eq!(desk.cloud.writes().await.unwrap(), 0, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_goes_ahead_and_whoever_gave_it_was_warned_before_and_watches_it() {
    let Some(script) = script().await else {
        return;
    };
    // Long enough for more than one picture of each step.
    let desk = Desk::slow("terminal_yes", Duration::from_millis(300)).await;
    desk.write("link.yaml", &format!("{LINK}  internet: {{none: {{}}}}\n"));
    let shown = shown(&script, &desk, "apply link.yaml", "yes").await;
    let (before, after) = (&shown.before, &shown.after);
    assert_eq!(shown.code, 0, "{after:?}");
    let warned = before.find(
        "warning[PL0062]: all of the source's traffic enters the network, and nothing there leads to the internet\n",
    );
    let planned = before.find("\nPlan: 2 to create, 1 to update, 0 to delete, 1 waits.\n");
    assert!(warned.is_some() && warned < planned, "{before}");
    assert!(!after.contains("PL0062"), "told again: {after:?}");

    let (drawn, table) = after.split_once("\nLINK ").unwrap();
    for (running, done) in [
        (" create Subnetwork pl-", "  + Subnetwork pl-"),
        (" create Connector pl-", "  + Connector pl-"),
        (
            " update ServiceEgress orders ",
            "  ~ ServiceEgress orders  ",
        ),
        (
            " update ServiceIngress billing ",
            "  ~ ServiceIngress billing  ",
        ),
    ] {
        // A step is drawn while it runs, is drawn over, and leaves a line.
        let step = drawn.split_once(running).map(|(_, rest)| rest);
        let step = step.and_then(|rest| rest.split_once(done));
        assert!(
            step.is_some_and(|(while_it_ran, _)| while_it_ran.contains(ANEW)),
            "{running}: {drawn:?}"
        );
    }
    assert!(!table.contains('\u{1b}'), "{table:?}");
    assert!(
        table.contains(
            "\npayments/orders-to-billing  ready  ✓ private\n\n2 created, 2 updated, 0 deleted in "
        ),
        "{table}"
    );

    desk.cloud.reset_requests().await.unwrap();
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}
