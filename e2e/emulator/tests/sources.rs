//! Every rule that cites the repository's page on Google Cloud cites an anchor that is there.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use privatelink_emulator::{Provenance, rules};

const PAGE: &str = "docs/reference/google-cloud.md";

#[test]
fn cited_anchors_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join(PAGE)).unwrap();
    let anchors: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(str::trim)
        .collect();
    let missing: Vec<_> = rules()
        .filter_map(|rule| {
            let anchor = rule.source.strip_prefix(PAGE)?.strip_prefix('#')?;
            let anchor = anchor.split(';').next()?;
            (!anchors.contains(anchor)).then_some((rule.id, anchor))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_not_guessed_says_where_it_is_known_from() {
    let unsourced: Vec<_> = rules()
        .filter(|rule| {
            matches!(
                rule.provenance,
                Provenance::Recorded | Provenance::Documented
            )
        })
        .filter(|rule| !rule.source.starts_with(PAGE))
        .map(|rule| rule.id)
        .collect();
    assert!(unsourced.is_empty(), "{unsourced:?}");
}

/// Whoever answers with an error goes through `reply`, where a refusal has a cause: a rule, an ordered fault, or that
/// it is not served.
#[test]
fn one_file_makes_http_statuses() {
    let mut makers = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let signs = ["StatusCode::", ".status_mut(", "IntoResponse"];
            if signs.iter().any(|sign| text.contains(sign)) {
                makers.insert(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    assert_eq!(makers.into_iter().collect::<Vec<_>>(), ["reply.rs"]);
}
