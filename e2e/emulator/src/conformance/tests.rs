//! The exercises against the emulator itself.
#![allow(clippy::unwrap_used)]

mod bench;
mod hindered;

use std::collections::BTreeSet;

use serde_json::json;

use super::{Exercise, Session, UNPROBED, Verdict, exercises};
use crate::replay::{self, Recording, Replayer};
use crate::rules::Provenance;
use bench::Bench;
pub(crate) use bench::{finished, place};

/// Rules that the real thing has not confirmed.
fn open_rules() -> impl Iterator<Item = &'static str> {
    crate::rules()
        .filter(|rule| match rule.provenance {
            Provenance::Documented | Provenance::Guessed => true,
            Provenance::Recorded | Provenance::Invented => false,
        })
        .map(|rule| rule.id)
}

#[test]
fn every_open_rule_has_an_exercise_or_a_reason_and_never_both() {
    let open: BTreeSet<&str> = open_rules().collect();
    let probed: BTreeSet<&str> = exercises().iter().flat_map(Exercise::rules).collect();
    let excused: BTreeSet<&str> = UNPROBED.iter().map(|it| it.rule).collect();
    let both: Vec<_> = probed.intersection(&excused).collect();
    assert!(
        both.is_empty(),
        "an exercise, and a reason why there is none: {both:?}"
    );
    let decided: BTreeSet<&str> = probed.union(&excused).copied().collect();
    let missing: Vec<_> = open.difference(&decided).collect();
    assert!(
        missing.is_empty(),
        "neither an exercise nor a reason: {missing:?}"
    );
    let needless: Vec<_> = decided.difference(&open).collect();
    assert!(
        needless.is_empty(),
        "not open, or no rule at all: {needless:?}"
    );
}

/// Which methods look at which rules in the course of all exercises.
pub(crate) fn reach() -> BTreeSet<(&'static str, &'static str)> {
    let bench = Bench::new();
    let session = Session::new(&bench, place());
    for exercise in exercises() {
        finished(session.run(&exercise));
    }
    finished(session.clean_up());
    bench.reach()
}

#[test]
fn the_emulator_agrees_with_itself_and_nothing_is_left() {
    let bench = Bench::new();
    let session = Session::new(&bench, place());
    for exercise in exercises() {
        finished(session.run(&exercise));
    }
    assert_eq!(finished(session.clean_up()), []);
    let verdicts = session.verdicts();
    let wrong: Vec<_> = verdicts
        .iter()
        .filter(|(_, verdict)| **verdict != Verdict::Agrees)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(bench.state(), json!({}));
}

#[test]
fn each_rule_that_is_switched_off_is_found_out() {
    let mut unnoticed = Vec::new();
    for exercise in exercises() {
        for rule in exercise.rules() {
            let bench = Bench::new();
            bench.switch_off(rule);
            let session = Session::new(&bench, place());
            finished(session.run(&exercise));
            let left = finished(session.clean_up());
            match &session.verdicts()[rule] {
                Verdict::Differs(_) => {}
                other => unnoticed.push(format!("{rule}: {other:?}")),
            }
            if !left.is_empty() {
                unnoticed.push(format!("{rule}: left behind {left:?}"));
            }
        }
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

#[test]
fn a_recording_of_the_emulator_replays_without_a_difference() {
    let bench = Bench::new();
    let session = Session::new(&bench, place());
    for exercise in exercises() {
        finished(session.run(&exercise));
    }
    finished(session.clean_up());
    let har = session.tape().redacted(&place()).to_string();
    let recordings = Recording::parse("conformance.har", &har).unwrap();
    let lines: Vec<_> = recordings
        .iter()
        .flat_map(|it| Replayer::default().play(it))
        .collect();
    assert_eq!(lines.len(), session.tape().len());
    let wrong: Vec<String> = lines
        .iter()
        .filter(|line| !matches!(line.verdict, replay::Verdict::Agrees))
        .map(ToString::to_string)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n")
    );
}
