//! Every code has a page, and every page a code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use privatelink_core::codes::Code;

#[test]
fn every_page_opens_with_its_number_title_and_severity_and_says_what_to_do() {
    for code in Code::ALL {
        let heading = format!(
            "# {code}: {}\n\nSeverity: {}",
            code.title(),
            code.severity()
        );
        let rest = code.page().strip_prefix(&heading);
        // Where a run tells it with another one, the line goes on and says when.
        assert!(
            rest.is_some_and(|rest| rest.starts_with(['\n', ' ', ','])),
            "docs/codes/{code}.md: want {heading}"
        );
        assert!(
            code.page().contains("\n## What to do\n\n* "),
            "docs/codes/{code}.md"
        );
    }
}

#[test]
fn every_page_belongs_to_a_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/codes");
    let pages: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("PL"))
        .collect();
    let codes = Code::ALL.iter().map(|code| format!("{code}.md")).collect();
    assert_eq!(pages, codes);
}

/// What says more about codes that are given elsewhere.
fn speaks_of_others(path: &Path) -> bool {
    ["codes.rs", "path/remedy.rs", "findings/field.rs"]
        .iter()
        .any(|file| path.ends_with(file))
}

/// A page about something that nobody is ever told would be a promise that is not kept.
#[test]
fn every_code_is_given_somewhere() {
    let mut text = String::new();
    let controller = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut folders = ["core/src", "gcp/src", "src", "../crds/src"]
        .map(|folder| PathBuf::from(controller).join(folder))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !speaks_of_others(&path) && path.extension().is_some_and(|it| it == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    // Rules of the schema, which the API server runs too, name theirs by number.
    let given = |code: &&Code| {
        let name = format!("Code::{code:?}");
        let named = text.match_indices(&name).any(|(at, _)| {
            let next = text[at + name.len()..].chars().next();
            next.is_none_or(|next| !next.is_alphanumeric())
        });
        named || text.contains(&format!("({code})"))
    };
    let never: Vec<&Code> = Code::ALL.iter().filter(|code| !given(code)).collect();
    assert!(never.is_empty(), "{never:?}");
}

/// Numbers that pages once had, and that never mean anything else.
const RETIRED: [&str; 11] = [
    "PL0105", "PL0159", "PL0175", "PL0183", "PL0186", "PL0189", "PL0190", "PL0210", "PL0211",
    "PL0216", "PL0320",
];

#[test]
fn a_number_that_is_gone_is_never_given_again() {
    for number in RETIRED {
        assert!(number.parse::<Code>().is_err(), "{number}");
    }
}

#[test]
fn numbers_are_in_order_and_read_back() {
    assert!(Code::ALL.is_sorted_by_key(|code| code.number()));
    for code in Code::ALL {
        assert_eq!(code.number().to_lowercase().parse(), Ok(*code));
    }
    assert!("PL9999".parse::<Code>().is_err());
}
