//! What is said about a breach of the schema.

use privatelink_core::diagnostic::Origin;
use privatelink_core::validate::diagnose;
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
    diagnose(&violation, &Origin::CommandLine, None).help
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
