//! Every place in the code that asks whether a rule is in force: a rule has several, and one of them could go missing
//! while the others still make the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Bench, provocations};
use crate::rules::Place;

/// What asks for a rule, anywhere in a line.
const ASKING: [&str; 5] = [
    ".refuse_if(",
    ".refuse_type_if(",
    ".rule(&",
    "compute::refuse_changes(",
    "check_etag(engine, ",
];

/// What asks for one that fills something in, at the beginning of a statement.
const FILLING: [&str; 2] = ["default(", "compute::default("];

/// What only passes the question on says so, and is looked through to whoever asked it.
const PASSES_ON: &str = "#[cfg_attr(test, track_caller)]";

#[test]
fn each_place_at_which_a_rule_is_asked_for_is_provoked_and_counts() {
    let (mut seen, mut counting) = (BTreeSet::<Place>::new(), BTreeSet::<Place>::new());
    for provocation in provocations() {
        let mut bench = Bench::new();
        let outcome = (provocation.run)(&mut bench);
        let places = bench.engine.rules.places().into_iter();
        for place in places.filter(|place| place.rule == provocation.rule.id) {
            let mut without = Bench::new();
            without.engine.rules.switch_off_at(place);
            if seen.insert(place) || !counting.contains(&place) {
                let counts = outcome != (provocation.run)(&mut without);
                counting.extend(counts.then_some(place));
            }
        }
    }
    let idle: Vec<String> = seen
        .difference(&counting)
        .map(|place| format!("{} at {}", place.rule, place.location))
        .collect();
    assert!(idle.is_empty(), "it makes no difference: {idle:#?}");
    let provoked = |place: &&(String, u32)| {
        let is_it = |seen: &&Place| {
            let location = seen.location;
            location.file().ends_with(&place.0) && location.line() == place.1
        };
        seen.iter().any(|seen| is_it(&seen))
    };
    let asking = asking();
    assert!(asking.len() > 150, "{}", asking.len());
    let unprovoked: Vec<_> = asking.iter().filter(|it| !provoked(it)).collect();
    assert!(unprovoked.is_empty(), "nothing provokes {unprovoked:#?}");
}

/// Where the sources ask for a rule: file and line.
fn asking() -> Vec<(String, u32)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    list(&root, &mut files);
    let mut places = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        let asked = lines(&text).into_iter();
        places.extend(asked.map(|line| (format!("src/{name}"), line)));
    }
    places
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let own = path.ends_with("src/testing") || path.ends_with("src/conformance");
        if path.is_dir() && !own {
            list(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}

/// The lines of a file that ask for a rule themselves.
fn lines(text: &str) -> Vec<u32> {
    let mut asking = Vec::new();
    // The indentation of the function that is being passed over.
    let mut passing: Option<usize> = None;
    for (line, number) in text.lines().zip(1..) {
        let indentation = line.len() - line.trim_start().len();
        let line = line.trim();
        let asks = ASKING.iter().any(|it| line.contains(it));
        let fills = FILLING.iter().any(|it| line.starts_with(it));
        if line == PASSES_ON {
            passing = Some(indentation);
        } else if let Some(from) = passing {
            passing = passing.filter(|_| !(indentation == from && line == "}"));
        } else if (asks || fills) && !line.starts_with("//") {
            asking.push(number);
        }
    }
    asking
}
