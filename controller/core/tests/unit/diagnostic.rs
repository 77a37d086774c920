//! How a finding prints and sorts.

use privatelink_core::codes::Code;
use privatelink_core::diagnostic::{Diagnostic, Origin, Severity};

fn diagnostic() -> Diagnostic {
    let origin = Origin::File {
        path: "links/a.yaml".into(),
        line: 7,
        column: 3,
    };
    Diagnostic::new(Code::UnknownField, origin, "unknown field `netwrok`")
        .link(&"payments/a".parse().unwrap())
        .field("spec.netwrok")
        .help("write `network`")
}

#[test]
fn prints_the_code_the_place_and_the_help() {
    insta::assert_snapshot!(diagnostic().to_string(), @r"
    error[PL0007]: unknown field `netwrok`
      --> links/a.yaml:7:3 (payments/a, spec.netwrok)
      help: write `network`
    ");
}

#[test]
fn serialises_without_the_snippet_and_with_the_origin_as_text() {
    let json = serde_json::to_string(&diagnostic()).unwrap();
    insta::assert_snapshot!(json, @r#"{"severity":"error","origin":"links/a.yaml:7:3","code":"PL0007","link":"payments/a","field":"spec.netwrok","message":"unknown field `netwrok`","help":"write `network`"}"#);
}

#[test]
fn errors_sort_before_warnings() {
    let warning = diagnostic().severity(Severity::Warning);
    assert!(diagnostic() < warning);
}
