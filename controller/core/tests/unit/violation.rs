//! What is said about a breach of the schema.

use privatelink_core::diagnostic::Origin;
use privatelink_core::validate::diagnose_all;
use privatelink_crds::schema::{Breach, Rules, Violation};
use serde_json::json;

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

/// What is said of a spec in which one field is written so: each message with its help.
fn said(field: &str, written: serde_json::Value) -> Vec<(String, String)> {
    let mut spec = json!({
        "projectId": "acme-prod",
        "region": "europe-west1",
        "source": {"service": {"name": "orders"}},
        "destination": {"service": {"name": "billing"}, "ingress": "Internal"},
        "network": {"name": "prod"},
        "egress": {"connector": {"managed": {"subnetwork": {"managed": {"cidr": "10.8.0.0/28"}}}}},
    });
    spec[field] = written;
    let violations = Rules::new().check(spec, None);
    diagnose_all(&violations, &Origin::CommandLine, None)
        .into_iter()
        .map(|found| (found.message, found.help.unwrap_or_default()))
        .collect()
}

#[test]
fn where_there_is_one_choice_only_it_is_said_with_what_to_write() {
    let only = |field: &str, choice: &str, help: &str| {
        let message = format!("`spec.{field}` lacks `{choice}`");
        for nothing in [json!({}), json!({ choice: null })] {
            assert_eq!(said(field, nothing), [(message.clone(), help.to_owned())]);
        }
    };
    only("source", "service", "add `service: {name: NAME}`");
    only(
        "access",
        "privateGoogleAccess",
        "add `privateGoogleAccess: {}`",
    );
    only(
        "egress",
        "connector",
        "add `connector: {managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}`",
    );
    let several = said("internet", json!({}));
    assert_eq!(several[0].1, "write exactly one of them");
    let missing = said("source", serde_json::Value::Null);
    assert_eq!(missing[0].1, "write `source: {service: {name: NAME}}`");
}

#[test]
fn a_bare_name_is_put_into_the_object_that_is_meant() {
    for (field, written, meant) in [
        ("network", json!("core"), "network: {name: core}"),
        ("source", json!("web"), "source: {service: {name: web}}"),
        ("source", json!({"service": "web"}), "service: {name: web}"),
        (
            "destination",
            json!("api"),
            "destination: {service: {name: api}, ingress: Internal}",
        ),
        (
            "destination",
            json!({"service": "api", "ingress": "All"}),
            "service: {name: api}",
        ),
        (
            "egress",
            json!({"connector": {"existing": "shared"}}),
            "existing: {name: shared}",
        ),
    ] {
        let help = format!("write `{meant}`");
        assert_eq!(said(field, written)[0].1, help, "{field}");
    }
    for no_name in [
        json!("not a name"),
        json!(7),
        json!(["core"]),
        json!("null"),
    ] {
        assert_eq!(said("network", no_name)[0].1, "write an object");
    }
}

#[test]
fn a_slip_is_near_and_another_word_is_not() {
    for slip in [
        "privatelinks.dev",
        "private-link.dev",
        "privatelink.de",
        "PrivateLink.dev",
    ] {
        assert!(
            privatelink_core::validate::is_near(slip, "privatelink.dev"),
            "{slip}"
        );
    }
    for other in ["kustomize.config.k8s.io", "networking.azure.com", ""] {
        assert!(
            !privatelink_core::validate::is_near(other, "privatelink.dev"),
            "{other}"
        );
    }
}
