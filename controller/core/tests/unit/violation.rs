//! What is said about a breach of the schema.

use privatelink_core::diagnostic::Origin;
use privatelink_core::validate::diagnose_all;
use privatelink_crds::schema::{Breach, Violation};

/// What is proposed in place of a field that nobody knows.
fn proposed(written: &str) -> Option<String> {
    let known = ["network", "egress", "projectId"].map(str::to_owned);
    let violation = Violation {
        path: "spec".to_owned(),
        breach: Breach::UnknownField {
            name: written.to_owned(),
            known: known.to_vec(),
        },
    };
    diagnose_all(&[violation], &Origin::CommandLine, None)
        .remove(0)
        .help
}

#[test]
fn a_slip_finds_the_word_that_was_meant_and_nonsense_does_not() {
    for (written, meant) in [
        ("netwrok", "network"),
        ("Network", "network"),
        ("project_id", "projectId"),
    ] {
        let meant = format!("did you mean `{meant}`?");
        assert_eq!(proposed(written), Some(meant), "{written}");
    }
    assert_eq!(
        proposed("replicas").as_deref(),
        Some("write one of: network, egress, projectId")
    );
}

#[test]
fn a_field_that_is_misspelled_is_not_missing_too() {
    let missing = |name: &str| Violation {
        path: "spec".to_owned(),
        breach: Breach::MissingField {
            name: name.to_owned(),
        },
    };
    let unknown = Violation {
        path: "spec.netwrok".to_owned(),
        breach: Breach::UnknownField {
            name: "netwrok".to_owned(),
            known: ["network", "egress"].map(str::to_owned).to_vec(),
        },
    };
    let all = [missing("egress"), missing("network"), unknown];
    let told: Vec<String> = diagnose_all(&all, &Origin::CommandLine, None)
        .into_iter()
        .map(|found| found.message)
        .collect();
    let expected = ["`spec` lacks `egress`", "`spec` has no field `netwrok`"];
    assert_eq!(told, expected);
}
