//! Every code has a page, and every page a code.

use std::collections::BTreeSet;

use privatelink_core::codes::Code;

#[test]
fn every_page_opens_with_its_number_title_and_severity_and_says_what_to_do() {
    for code in Code::ALL {
        let heading = format!(
            "# {code}: {}\n\nSeverity: {}\n",
            code.title(),
            code.severity()
        );
        assert!(
            code.page().starts_with(&heading),
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

#[test]
fn numbers_are_in_order_and_read_back() {
    assert!(Code::ALL.is_sorted_by_key(|code| code.number()));
    for code in Code::ALL {
        assert_eq!(code.number().to_lowercase().parse(), Ok(*code));
    }
    assert!("PL9999".parse::<Code>().is_err());
}
