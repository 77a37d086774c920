//! What Google accepts as a name.

use privatelink_core::ids::{
    ConnectorName, LinkName, ProjectId, Region, ResourceName, ServiceName,
};

#[test]
fn project_ids_are_six_to_thirty_characters_with_an_optional_domain() {
    for good in ["acme-prod", "abcdef", "example.com:acme-prod", "a12345"] {
        assert!(good.parse::<ProjectId>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "abc",
        "Acme-prod",
        "acme-prod-",
        "1acme-prod",
        "com:acme-prod",
        "a_bcdef",
    ] {
        assert!(bad.parse::<ProjectId>().is_err(), "{bad}");
    }
}

#[test]
fn regions_are_words_and_a_number() {
    for good in [
        "europe-west1",
        "northamerica-northeast2",
        "me-central2",
        "us-east14",
    ] {
        assert!(good.parse::<Region>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "europe",
        "europe-west",
        "europe-west1-b",
        "europe1",
        "-west1",
        "EU-west1",
    ] {
        assert!(bad.parse::<Region>().is_err(), "{bad}");
    }
}

#[test]
fn names_have_the_length_their_api_allows() {
    let text = "a".repeat(64);
    assert!(text[..63].parse::<ResourceName>().is_ok());
    assert!(text.parse::<ResourceName>().is_err());
    assert!(text[..49].parse::<ServiceName>().is_ok());
    assert!(text[..50].parse::<ServiceName>().is_err());
    assert!(text[..25].parse::<ConnectorName>().is_ok());
    assert!(text[..26].parse::<ConnectorName>().is_err());
}

#[test]
fn a_bare_link_name_is_in_the_default_namespace() {
    let name: LinkName = "orders-to-billing".parse().unwrap();
    assert_eq!(name.to_string(), "default/orders-to-billing");
    assert_eq!(
        "payments/a".parse::<LinkName>().unwrap().namespace(),
        "payments"
    );
    assert!("Payments/a".parse::<LinkName>().is_err());
    assert!("a/".parse::<LinkName>().is_err());
}
