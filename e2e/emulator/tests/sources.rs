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
