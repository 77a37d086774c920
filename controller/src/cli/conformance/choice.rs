//! Which exercises are run, and what is said about them before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use privatelink_emulator::conformance::{Exercise, Kind, Place, Thing, UNPROBED, exercises};
use privatelink_emulator::rules;
use serde::Serialize;

use crate::render::{BOLD, DIM, plural};

/// The exercises about rules that one of the patterns is about; without patterns, all.
pub(super) fn chosen(patterns: &[String]) -> Vec<Exercise> {
    let about = |exercise: &Exercise| {
        let mut rules = exercise.rules().into_iter();
        patterns.is_empty() || rules.any(|rule| patterns.iter().any(|it| matches(it, rule)))
    };
    exercises().into_iter().filter(about).collect()
}

/// `compute.nat` is about `compute.nat.immutable`, and so are `*.immutable` and `compute.nat.*`.
fn matches(pattern: &str, rule: &str) -> bool {
    if !pattern.contains('*') {
        let rest = rule.strip_prefix(pattern);
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    }
    let parts: Vec<&str> = pattern.split('*').collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let Some(mut rest) = rule.strip_prefix(first) else {
        return false;
    };
    for part in &parts[1..parts.len() - 1] {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    name: &'a str,
    about: &'a str,
    minutes: u32,
    costs: &'a str,
    requests: usize,
    rules: BTreeSet<&'static str>,
}

/// What `--list` says, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    api_version: &'static str,
    exercises: Vec<Listed<'a>>,
    /// Rules that no exercise is about, and why.
    unprobed: BTreeMap<&'static str, &'static str>,
}

pub(super) fn document(exercises: &[Exercise]) -> Document<'_> {
    Document {
        api_version: super::outcome::API_VERSION,
        exercises: exercises
            .iter()
            .map(|exercise| Listed {
                name: exercise.name,
                about: exercise.about,
                minutes: exercise.minutes,
                costs: exercise.costs,
                requests: exercise.requests(),
                rules: exercise.rules(),
            })
            .collect(),
        unprobed: UNPROBED.iter().map(|it| (it.rule, it.why)).collect(),
    }
}

/// What `--list` says, for people.
pub(super) fn text(exercises: &[Exercise]) -> String {
    let known: BTreeMap<&str, (&str, &str)> = rules()
        .map(|rule| (rule.id, (rule.provenance.as_str(), rule.text)))
        .collect();
    let mut text = String::new();
    for exercise in exercises {
        let Exercise { name, about, .. } = exercise;
        let took = plural(exercise.requests(), "request", "requests");
        let _ = writeln!(
            text,
            "{BOLD}{name}{BOLD:#}: {about} {DIM}({took}, about {} min){DIM:#}",
            exercise.minutes
        );
        for rule in exercise.rules() {
            let (provenance, said) = known.get(rule).copied().unwrap_or_default();
            let _ = writeln!(text, "  {rule} {DIM}({provenance}){DIM:#} {said}");
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{BOLD}Not asked{BOLD:#}");
    for unprobed in UNPROBED {
        let _ = writeln!(text, "  {}: {}", unprobed.rule, unprobed.why);
    }
    text
}

/// What is said before anything is done.
pub(super) fn announcement(exercises: &[Exercise], place: &Place) -> String {
    let rules: BTreeSet<&str> = exercises.iter().flat_map(Exercise::rules).collect();
    let requests: usize = exercises.iter().map(Exercise::requests).sum();
    let minutes: u32 = exercises.iter().map(|exercise| exercise.minutes).sum();
    let things: BTreeSet<Thing> = exercises.iter().flat_map(Exercise::makes).collect();
    let mut text = format!(
        "{BOLD}{} about {} in project {}, region {}{BOLD:#}\n",
        plural(exercises.len(), "exercise", "exercises"),
        plural(rules.len(), "rule", "rules"),
        place.project,
        place.region
    );
    let _ = writeln!(
        text,
        "  sends    about {requests} requests, and those that wait and clean up"
    );
    let _ = writeln!(text, "  makes    {}", counted(&things));
    let _ = writeln!(
        text,
        "           all named {}..., in a network of their own, and deleted in the end",
        place.prefix()
    );
    let slow = things.iter().any(|thing| thing.kind == Kind::Connector);
    let most = if slow {
        "; connectors take most of it"
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "  takes    about {} with Google{most}",
        plural(minutes as usize, "minute", "minutes")
    );
    let costs: Vec<&str> = exercises
        .iter()
        .map(|exercise| exercise.costs)
        .filter(|costs| !costs.is_empty())
        .collect();
    if costs.is_empty() {
        text.push_str("  costs    nothing that Google's price lists name\n");
    } else {
        let _ = writeln!(text, "  costs    {}", costs.join(";\n           "));
        text.push_str(
            "           by Google's documentation; prices differ by region and change, see cloud.google.com/pricing\n",
        );
    }
    text
}

/// `2 networks, 1 router`.
fn counted(things: &BTreeSet<Thing>) -> String {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for thing in things {
        *kinds.entry(thing.kind).or_default() += 1;
    }
    let words: Vec<String> = kinds
        .iter()
        .rev()
        .map(|(kind, count)| {
            let one = kind.title();
            let many = match kind {
                Kind::Address => "addresses".to_owned(),
                Kind::Service
                | Kind::Job
                | Kind::Connector
                | Kind::Firewall
                | Kind::Route
                | Kind::Router
                | Kind::Subnetwork
                | Kind::Network => format!("{one}s"),
            };
            plural(*count, one, &many)
        })
        .collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{chosen, matches};

    #[test]
    fn patterns_are_beginnings_or_have_stars() {
        for pattern in [
            "compute.nat",
            "*.immutable",
            "compute.*",
            "*nat*",
            "c*e.nat.*e",
        ] {
            assert!(matches(pattern, "compute.nat.immutable"), "{pattern}");
        }
        for pattern in ["nat", "compute.na", "*.nat", "run.*", "compute.*x"] {
            assert!(!matches(pattern, "compute.nat.immutable"), "{pattern}");
        }
        let names = |pattern: &str| -> Vec<&str> {
            chosen(&[pattern.to_owned()])
                .iter()
                .map(|it| it.name)
                .collect()
        };
        assert_eq!(names("compute.route.default.priority"), ["routes"]);
        assert!(names("no.such.rule").is_empty());
    }
}
