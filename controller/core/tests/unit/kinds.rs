//! Identities.

use privatelink_core::kinds::{Id, Kind, NatRef, RegionalRef};

#[test]
fn an_id_prints_as_google_prints_it() {
    let regional = RegionalRef {
        project: "acme-prod".parse().unwrap(),
        region: "europe-west1".parse().unwrap(),
        name: "x".parse().unwrap(),
    };
    let nat = NatRef {
        router: regional.clone(),
        name: "n".parse().unwrap(),
    };
    assert_eq!(
        Id::Subnetwork(regional.clone()).to_string(),
        "projects/acme-prod/regions/europe-west1/subnetworks/x"
    );
    assert_eq!(
        Id::Connector(regional).to_string(),
        "projects/acme-prod/locations/europe-west1/connectors/x"
    );
    assert_eq!(
        Id::Nat(nat.clone()).to_string(),
        "projects/acme-prod/regions/europe-west1/routers/x#nats/n"
    );
    assert_eq!(Id::Nat(nat).lock().kind(), Kind::Router);
}
