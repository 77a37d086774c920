//! Every folder of `e2e/scenarios/` against the emulated Google Cloud, through the real binary and the real SDK.
//!
//! `UPDATE_GOLDEN=1 cargo test -p privatelink --test scenarios` writes the goldens anew; `SCENARIO=name` runs one.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use futures::StreamExt as _;
use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_e2e::report_page::{self, Fields};
use privatelink_e2e::scenario::{Run, Scenario, Step, merge};
use privatelink_e2e::state::{differences, foreign_changes, settled};
use privatelink_e2e::transcript::transcript;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

/// Every field of every report that a command of a scenario answered with.
static REPORTED: Mutex<Fields> = Mutex::new(Fields::new());

fn folders() -> Vec<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios");
    let wanted = std::env::var("SCENARIO").ok();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .filter(|path| wanted.as_ref().is_none_or(|name| path.ends_with(name)))
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "there are no scenarios in {root}");
    folders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_ends_as_its_golden_says() {
    // Each has a cloud of its own, so they may as well run side by side.
    let mut failures: Vec<String> = futures::stream::iter(folders())
        .map(|folder| tokio::spawn(play_and_compare(folder)))
        .buffer_unordered(4)
        .filter_map(|told| async move { told.unwrap().err() })
        .collect()
        .await;
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} scenarios failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    if std::env::var_os("SCENARIO").is_none() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let page = std::fs::read_to_string(page.join(report_page::PAGE)).unwrap();
        let wrong = report_page::differences(&page, &REPORTED.lock().unwrap());
        assert!(
            wrong.is_empty(),
            "{}:\n{}",
            report_page::PAGE,
            wrong.join("\n")
        );
    }
}

async fn play_and_compare(folder: PathBuf) -> Result<(), String> {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let started = std::time::Instant::now();
    let told = play(&folder)
        .await
        .map_err(|problem| format!("{name}: {problem}"))?;
    println!("{name}: {:.1} s", started.elapsed().as_secs_f32());
    compare_golden(&folder, &told).map_err(|difference| format!("{name}: {difference}"))
}

fn compare_golden(folder: &Path, told: &str) -> Result<(), String> {
    let path = folder.join("golden.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, told).unwrap();
        return Ok(());
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if golden == told {
        return Ok(());
    }
    let at = golden
        .lines()
        .zip(told.lines())
        .take_while(|(a, b)| a == b)
        .count();
    let show = |text: &str| {
        text.lines()
            .skip(at)
            .take(4)
            .collect::<Vec<_>>()
            .join("\n    ")
    };
    Err(format!(
        "differs from its golden in line {}:\n  golden:\n    {}\n  now:\n    {}\n  (UPDATE_GOLDEN=1 writes it anew)",
        at + 1,
        show(&golden),
        show(told)
    ))
}

/// One scenario from its start to its end; the lines of its golden, or what is wrong however the golden looks.
async fn play(folder: &Path) -> Result<String, String> {
    let scenario = Scenario::read(folder).map_err(|error| error.to_string())?;
    let cloud = Cloud::start().await.map_err(|error| error.to_string())?;
    cloud
        .put_state(&scenario.live)
        .await
        .map_err(|error| error.to_string())?;
    let start = cloud.state();
    let mut others = start.clone();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), folder);
    let mut told = format!("# {}\n", scenario.about);
    for (number, step) in scenario.steps.iter().enumerate() {
        let wrap = |problem: String| format!("step {}: {problem}", number + 1);
        let lines = play_step(
            &cloud,
            &privatelink,
            step,
            &scenario.adopts,
            &start,
            &mut others,
        )
        .await;
        told.push_str(&lines.map_err(wrap)?);
    }
    Ok(told)
}

async fn play_step(
    cloud: &Cloud,
    privatelink: &Privatelink,
    step: &Step,
    adopts: &BTreeSet<String>,
    start: &Value,
    others: &mut Value,
) -> Result<String, String> {
    let told = match step {
        Step::Plan(run) => command(cloud, privatelink, "plan", run).await?,
        Step::Drift(run) => command(cloud, privatelink, "drift", run).await?,
        Step::Apply(run) => {
            let told = command(cloud, privatelink, "apply", run).await?;
            if !run.unsettled {
                silent(cloud, privatelink, "apply", run).await?;
                silent(cloud, privatelink, "plan", run).await?;
            }
            told
        }
        Step::Destroy(run) => {
            let told = command(cloud, privatelink, "destroy", run).await?;
            if !run.unsettled {
                silent(cloud, privatelink, "destroy", run).await?;
            }
            told
        }
        Step::Tamper(tamper) => {
            let sent = cloud.send(&tamper.method, &tamper.path, &tamper.body).await;
            sent.map_err(|error| error.to_string())?;
            *others = cloud.state();
            format!("## somebody sends {} {}\n", tamper.method, tamper.path)
        }
        Step::Merge(patch) => {
            let mut state = cloud.state();
            merge(&mut state, patch);
            cloud
                .put_state(&state)
                .await
                .map_err(|error| error.to_string())?;
            *others = cloud.state();
            "## somebody changes the state\n".to_owned()
        }
        Step::Faults(faults) => {
            cloud
                .send("PUT", "/emulator/faults", faults)
                .await
                .map_err(|error| error.to_string())?;
            format!("## faults: {faults}\n")
        }
        Step::AsBefore(but) => {
            let (was, is) = (settled(start), settled(&cloud.state()));
            let different: Vec<String> = differences(&was, &is)
                .into_iter()
                .filter(|line| !but.except.iter().any(|path| line.contains(path.as_str())))
                .collect();
            if !different.is_empty() {
                return Err(format!(
                    "the state is not as before:\n  {}",
                    different.join("\n  ")
                ));
            }
            "## the state is as before\n".to_owned()
        }
    };
    let changed = foreign_changes(others, &cloud.state(), adopts);
    if changed.is_empty() {
        Ok(told)
    } else {
        Err(format!("foreign things changed: {}", changed.join("; ")))
    }
}

fn arguments<'a>(verb: &'a str, run: &'a Run) -> Vec<&'a str> {
    let mut arguments = vec![verb, "-o", "json"];
    if matches!(verb, "apply" | "destroy") {
        arguments.push("--yes");
    }
    arguments.extend(run.with.iter().map(String::as_str));
    arguments.extend(run.files.iter().map(String::as_str));
    arguments
}

async fn command(
    cloud: &Cloud,
    privatelink: &Privatelink,
    verb: &str,
    run: &Run,
) -> Result<String, String> {
    cloud
        .reset_requests()
        .await
        .map_err(|error| error.to_string())?;
    let answer = privatelink
        .run(&arguments(verb, run))
        .await
        .map_err(|error| error.to_string())?;
    let requests = cloud.requests().await.map_err(|error| error.to_string())?;
    let title = format!("{verb} {} {}", run.with.join(" "), run.files.join(" ")).replace("  ", " ");
    check(&answer, run.exit)?;
    report_page::note(&answer.json(), &mut REPORTED.lock().unwrap());
    if matches!(verb, "plan" | "drift") && requests["writes"] != 0 {
        return Err(format!("{verb} wrote: {}", requests["byOperation"]));
    }
    Ok(transcript(&title, answer.code, &answer.json(), &requests))
}

fn check(answer: &Answer, exit: i32) -> Result<(), String> {
    if answer.code != exit || answer.json().is_null() {
        return Err(format!(
            "exit {} instead of {exit}\n{}\n{}",
            answer.code, answer.stdout, answer.stderr
        ));
    }
    Ok(())
}

/// The same again, or what it would be: nothing to write, no write request, and the same exit code.
async fn silent(
    cloud: &Cloud,
    privatelink: &Privatelink,
    verb: &str,
    run: &Run,
) -> Result<(), String> {
    cloud
        .reset_requests()
        .await
        .map_err(|error| error.to_string())?;
    let answer = privatelink
        .run(&arguments(verb, run))
        .await
        .map_err(|error| error.to_string())?;
    let requests = cloud.requests().await.map_err(|error| error.to_string())?;
    let wrong = |what: String| {
        Err(format!(
            "{verb} after {}: {what}\n{}",
            run.files.join(" "),
            answer.stdout
        ))
    };
    if requests["writes"] != 0 {
        return wrong(format!("it wrote: {}", requests["byOperation"]));
    }
    let summary = &answer.json()["summary"];
    if ["create", "update", "delete"]
        .iter()
        .any(|writes| summary[*writes] != 0)
    {
        return wrong(format!("there is still something to write: {summary}"));
    }
    if answer.code != run.exit {
        return wrong(format!("exit {} instead of {}", answer.code, run.exit));
    }
    Ok(())
}
