//! What has to be true after a run went wrong, however it did: the next one comes to the same end as one that was
//! never disturbed, nothing of others has changed, and the one after that writes nothing.

use serde_json::Value;

use crate::cloud::Cloud;
use crate::privatelink::{Answer, Privatelink};
use crate::rehearsal::Act;
use crate::state::{differences, essence, foreign_changes};

/// What else is known about a recovery.
#[derive(Clone, Copy)]
pub struct Expectation<'a> {
    /// The state that others' things have to keep.
    pub others: &'a Value,
    /// Takes out of a state what somebody else did on purpose while the act was played.
    pub disregard: fn(&Value) -> Value,
}

/// Plays an act again, without a disturbance, and once more if that wrote anything: a run that changed nothing is itself
/// the silent one, and another would be given the same. What is wrong is told in one text.
pub async fn recovers(
    cloud: &Cloud,
    privatelink: &Privatelink,
    act: &Act,
    expectation: Expectation<'_>,
) -> Result<(), String> {
    let text = |error: crate::cloud::CloudError| error.to_string();
    cloud.order(&act.faults).await.map_err(text)?;
    cloud.reset_requests().await.map_err(text)?;
    let answer = run(privatelink, act).await?;
    is_undisturbed(cloud, act, &answer, expectation)
        .map_err(|wrong| format!("after the next run, {wrong}"))?;
    if act.settles && cloud.writes().await.map_err(text)? == 0 {
        return Ok(());
    }
    cloud.reset_requests().await.map_err(text)?;
    let answer = run(privatelink, act).await?;
    let writes = cloud.writes().await.map_err(text)?;
    if act.settles && writes > 0 {
        let operations = cloud.operations().await.map_err(text)?;
        return Err(format!(
            "the third run still writes: {operations:?}\n{}",
            answer.stdout
        ));
    }
    Ok(())
}

/// Is everything as it is after an act that was not disturbed?
pub fn is_undisturbed(
    cloud: &Cloud,
    act: &Act,
    answer: &Answer,
    expectation: Expectation<'_>,
) -> Result<(), String> {
    let disregard = expectation.disregard;
    let now = disregard(&cloud.state());
    let different = differences(&essence(&disregard(&act.after)), &essence(&now));
    if !different.is_empty() {
        let list = different.join("\n  ");
        return Err(format!(
            "the state differs from that of an undisturbed run:\n  {list}\n{}\n{}",
            answer.stdout, answer.stderr
        ));
    }
    let foreign = foreign_changes(&disregard(expectation.others), &now, &act.adopts);
    if !foreign.is_empty() {
        return Err(format!("foreign things changed: {}", foreign.join("; ")));
    }
    // A second run of a step that ended well may say that it ended well, too.
    if ![act.exit, act.again, 0].contains(&answer.code) {
        return Err(format!(
            "exit {} instead of {}\n{}\n{}",
            answer.code, act.exit, answer.stdout, answer.stderr
        ));
    }
    if !act.verb.writes() && answer.json() != act.report {
        return Err(format!("the report is another one:\n{}", answer.stdout));
    }
    Ok(())
}

/// Runs an act; a program that panics, or that is ended by a signal, is wrong in any case.
pub async fn run(privatelink: &Privatelink, act: &Act) -> Result<Answer, String> {
    let answer = privatelink.run(&act.arguments).await;
    sound(answer.map_err(|error| error.to_string())?)
}

/// Did the program end by itself, with a report?
pub fn sound(answer: Answer) -> Result<Answer, String> {
    let report = !answer.json().is_null();
    if report && matches!(answer.code, 0 | 1 | 2 | 5 | 6) && !answer.stderr.contains("panicked") {
        return Ok(answer);
    }
    Err(format!(
        "exit {}, {}\n{}\n{}",
        answer.code,
        if report {
            "with a report"
        } else {
            "without a report"
        },
        answer.stdout,
        answer.stderr
    ))
}
