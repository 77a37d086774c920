//! Executions of a job that overlap: several processes of one owner at the same time on the same cloud, of one set
//! or of several. Nothing is damaged, all of them end by themselves and say how, one more run of each makes the
//! clean state, and the run after that writes nothing.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::news::{diagnostics, news};
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_e2e::rehearsal::folders;
use privatelink_e2e::scenario::Scenario;
use privatelink_e2e::state::{differences, essence, foreign_changes};
use serde_json::Value;
use tokio::process::Child;

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/tests/overlapping");
/// Operations take a moment, so that the processes meet in the middle of each other's work.
const LATENCY: Duration = Duration::from_millis(20);

/// What is played, and how often.
struct Meeting {
    name: &'static str,
    /// Where the declarations are.
    folder: PathBuf,
    /// The scenario that the cloud is taken from.
    live: &'static str,
    /// What has been run before, to its end.
    before: &'static [&'static str],
    /// What is run at the same time.
    together: &'static [&'static str],
    rounds: u32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_executions_of_one_job_do_no_damage() {
    meet(Meeting {
        name: "one link twice",
        folder: HERE.into(),
        live: "three-links-on-one-source",
        before: &[],
        together: &["apply a.yaml --set a", "apply a.yaml --set a"],
        rounds: 12,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_executions_that_share_everything_do_no_damage() {
    meet(Meeting {
        name: "two links that share everything, twice",
        folder: folders(Some("sharing-everything")).unwrap().remove(0),
        live: "sharing-everything",
        before: &[],
        together: &["apply declare.yaml --prune", "apply declare.yaml --prune"],
        rounds: 6,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn making_one_set_and_undoing_another_do_not_disturb_each_other() {
    meet(Meeting {
        name: "a set is made while another is undone",
        folder: HERE.into(),
        live: "three-links-on-one-source",
        before: &["apply b.yaml --set b"],
        together: &["apply a.yaml --set a", "destroy b.yaml --set b"],
        rounds: 6,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_executions_of_two_sets_do_no_damage() {
    meet(Meeting {
        name: "two sets, one of them twice",
        folder: HERE.into(),
        live: "three-links-on-one-source",
        before: &[],
        together: &[
            "apply a.yaml --set a",
            "apply b.yaml --set b",
            "apply a.yaml --set a",
        ],
        rounds: 6,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_undoings_of_one_set_do_no_damage() {
    meet(Meeting {
        name: "one link undone twice",
        folder: HERE.into(),
        live: "three-links-on-one-source",
        before: &["apply a.yaml --set a"],
        together: &["destroy a.yaml --set a", "destroy a.yaml --set a"],
        rounds: 6,
    })
    .await;
}

async fn meet(meeting: Meeting) {
    let cloud = Cloud::start_with(LATENCY).await.unwrap();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), &meeting.folder);
    let scenario = Scenario::read(&folders(Some(meeting.live)).unwrap().remove(0)).unwrap();
    cloud.put_state(&scenario.live).await.unwrap();
    for command in meeting.before {
        well(&run(&privatelink, command).await);
    }
    let start = cloud.state();
    let mut usual = Vec::new();
    for command in meeting.together {
        let answer = run(&privatelink, command).await;
        well(&answer);
        usual.extend(diagnostics(&answer.json()).cloned());
    }
    let wanted = essence(&cloud.state());

    let (mut met, mut told) = (0, 0);
    for round in 0..meeting.rounds {
        cloud.put_state(&start).await.unwrap();
        let (answers, overlap) = together(&privatelink, meeting.together, round).await;
        met += u32::from(overlap);
        for answer in &answers {
            told += u32::from(answer.code != 0);
            is_clear(answer, &usual);
        }
        let foreign = foreign_changes(&start, &cloud.state(), &BTreeSet::new());
        assert!(foreign.is_empty(), "round {round}: {foreign:?}");
        for command in meeting.together {
            well(&run(&privatelink, command).await);
        }
        let different = differences(&wanted, &essence(&cloud.state()));
        assert!(different.is_empty(), "round {round}: {different:#?}");
        cloud.reset_requests().await.unwrap();
        for command in meeting.together {
            well(&run(&privatelink, command).await);
        }
        assert_eq!(
            cloud.writes().await.unwrap(),
            0,
            "round {round} still writes"
        );
    }
    println!(
        "{}: {} rounds, in {met} of them all ran at the same time; {told} runs told of the others",
        meeting.name, meeting.rounds
    );
    assert!(met * 2 >= meeting.rounds, "they met in {met} rounds only");
}

/// Starts them one after the other, the more apart the later the round, and waits for all.
async fn together(privatelink: &Privatelink, commands: &[&str], round: u32) -> (Vec<Answer>, bool) {
    let mut children: Vec<Child> = Vec::new();
    let mut overlap = true;
    for command in commands {
        if !children.is_empty() {
            tokio::time::sleep(Duration::from_millis(12) * round).await;
        }
        for child in &mut children {
            overlap &= child.try_wait().unwrap().is_none();
        }
        children.push(privatelink.command(&arguments(command)).spawn().unwrap());
    }
    let mut answers = Vec::new();
    for child in children {
        answers.push(Answer::at_the_end_of(child).await.unwrap());
    }
    (answers, overlap)
}

fn arguments(command: &str) -> Vec<&str> {
    command.split(' ').chain(["--yes", "-o", "json"]).collect()
}

async fn run(privatelink: &Privatelink, command: &str) -> Answer {
    privatelink.run(&arguments(command)).await.unwrap()
}

fn well(answer: &Answer) {
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
}

/// It ended by itself: well, or with something that was not done, and then it says what and what to do. What these
/// commands tell when they are alone says nothing of that.
fn is_clear(answer: &Answer, usual: &[Value]) {
    let report = answer.json();
    let told = news(&report, usual).next().is_some();
    let clear = answer.code == 0 || (matches!(answer.code, 5 | 6) && told);
    assert!(
        clear,
        "exit {}\n{}{}",
        answer.code, answer.stdout, answer.stderr
    );
}
