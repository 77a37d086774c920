//! The documentation, held to what it speaks of: generated pages are fresh, links lead somewhere, and every fact
//! about Google Cloud that code relies on is written down.
//!
//! `UPDATE=1 cargo test -p privatelink-e2e --test documents` refreshes the generated pages.

#![allow(clippy::unwrap_used, clippy::panic)]

mod documents {
    pub(crate) mod declaration;
    pub(crate) mod examples;
    pub(crate) mod files;
    pub(crate) mod permissions;
}

use std::collections::BTreeSet;
use std::path::Path;

use documents::declaration;
use documents::examples;
use documents::files::{Page, code, pages, root};
use documents::permissions;
use privatelink_core::codes::Code;
use privatelink_core::diagnostic::Severity;

const REFRESH: &str = "UPDATE=1 cargo test -p privatelink-e2e --test documents";

/// Compares a committed page with what it should be, or writes it.
fn is_fresh(path: &str, wanted: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, wanted).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == wanted,
        "{path} is stale; refresh it with `{REFRESH}`"
    );
}

#[test]
fn the_reference_of_the_declaration_is_what_the_schema_says() {
    is_fresh("docs/reference/declaration.md", &declaration::page());
}

#[test]
fn the_list_of_codes_is_complete() {
    let mut page = String::from(
        "# Diagnostic codes\n\n\
         <!-- Generated from controller/core/src/codes.rs; do not edit. -->\n\n\
         A code is a promise: its number never changes and is never given to another finding.\n\
         `privatelink codes PL0012` prints a page.\n\n\
         | code | severity | meaning |\n| --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let row = format!(
            "| [{code}](../codes/{code}.md) | {:?} | {} |\n",
            code.severity(),
            code.title()
        );
        page.push_str(&row);
    }
    is_fresh("docs/reference/codes.md", &page);
}

/// A page that shows what is never said cannot be found by somebody who was told something.
#[test]
fn every_page_of_a_code_shows_what_is_said() {
    let (recorded, templates) = (examples::recorded(), examples::templates());
    let mut never = Vec::new();
    for code in Code::ALL {
        let number = code.number();
        let shown = examples::examples(*code);
        if shown.is_empty() {
            never.push(format!("{number}: nothing is shown under its number"));
        }
        for said in shown {
            let short = examples::short_names(&said);
            let kept = |line: &String| line.contains(number) && line.contains(&short);
            if !recorded.iter().any(kept) && !examples::built(&templates, &said) {
                never.push(format!("{number}: {said}"));
            }
        }
    }
    assert!(never.is_empty(), "nobody is ever told this: {never:#?}");
}

/// What is told as a warning is looked up on a page that speaks of warnings.
#[test]
fn every_page_of_a_code_names_the_severities_that_it_is_told_with() {
    let recorded = examples::recorded();
    let mut silent = Vec::new();
    for code in Code::ALL {
        let page = code.page();
        let mut named = page
            .lines()
            .filter_map(|line| line.strip_prefix("Severity: "));
        let named = named.next().unwrap_or_default();
        for severity in [Severity::Error, Severity::Warning, Severity::Info] {
            let told = format!("{severity}[{}]", code.number());
            let is_told = recorded.iter().any(|line| line.contains(&told));
            let own = code.severity() == severity;
            if (is_told || own || page.contains(&told)) && !named.contains(&severity.to_string()) {
                silent.push(told);
            }
        }
    }
    assert!(silent.is_empty(), "their pages say otherwise: {silent:#?}");
}

/// The anchors of facts that code cites.
fn cited_facts() -> BTreeSet<String> {
    // In two halves, so that this file does not find itself.
    let mark = concat!("google-cloud.md", "#");
    let anchor = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect()
    };
    code()
        .iter()
        .flat_map(|file| {
            file.text
                .split(mark)
                .skip(1)
                .map(anchor)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_fact_that_code_relies_on_is_written_down_and_every_one_is_relied_on() {
    let page = Page::read(&root().join("docs/reference/google-cloud.md"));
    let sections = page.sections();
    let written: BTreeSet<String> = sections.iter().map(|(anchor, _)| anchor.clone()).collect();
    let cited = cited_facts();
    let missing: Vec<&String> = cited.difference(&written).collect();
    assert!(
        missing.is_empty(),
        "docs/reference/google-cloud.md has no section for {missing:?}"
    );
    let marks = [
        "**recorded**",
        "**documented**",
        "**reported**",
        "**inferred**",
    ];
    for (anchor, text) in &sections {
        assert!(
            marks.iter().any(|mark| text.contains(mark)),
            "#{anchor} does not say how far to trust it"
        );
        let background = text.contains("*Background.*");
        assert!(
            background != cited.contains(anchor),
            "#{anchor}: cited, or marked as background, and not both"
        );
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        for target in page.links() {
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() {
                page.path.clone()
            } else {
                page.folder().join(file)
            };
            if !path.exists() {
                broken.push(format!("{}: {target}", page.path.display()));
            } else if !anchor.is_empty() && !Page::read(&path).anchors().contains(anchor) {
                broken.push(format!("{}: no heading for {target}", page.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Paths into the documentation that code and settings name, such as `docs/decisions/0011-ring.md`.
#[test]
fn pages_that_code_names_exist() {
    let mut missing = BTreeSet::new();
    for file in code() {
        for rest in file.text.split("docs/").skip(1) {
            let path: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_./".contains(*c))
                .collect();
            let path = format!("docs/{}", path.trim_end_matches('.'));
            // A path that code puts together has a hole where a number goes.
            let is_page = Path::new(&path)
                .extension()
                .is_some_and(|extension| extension == "md");
            if is_page && !root().join(&path).exists() {
                missing.insert(format!("{}: {path}", file.path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn codes_that_pages_name_exist() {
    let known: BTreeSet<String> = Code::ALL.iter().map(ToString::to_string).collect();
    let mut unknown = BTreeSet::new();
    for page in pages() {
        for rest in page.text.split("PL").skip(1) {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let code = format!("PL{digits}");
            if digits.len() == 4 && !known.contains(&code) {
                unknown.insert(format!("{}: {code}", page.path.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn every_decision_says_its_context_its_cost_and_what_was_rejected() {
    let decisions: Vec<Page> = pages()
        .into_iter()
        .filter(|page| page.folder().ends_with("docs/decisions"))
        .collect();
    assert!(decisions.len() > 10, "the decisions were not found");
    for page in decisions
        .iter()
        .filter(|page| !page.path.ends_with("README.md"))
    {
        for heading in ["## Context", "## Decision", "## Cost", "## Rejected"] {
            assert!(
                page.text.contains(heading),
                "{}: no '{heading}'",
                page.path.display()
            );
        }
    }
}

#[test]
fn the_custom_roles_give_what_the_program_asks_for_and_nothing_else() {
    assert_eq!(permissions::given(), permissions::needed());
}
