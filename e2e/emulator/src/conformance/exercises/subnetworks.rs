//! Subnetworks: their ranges, and which change goes by which method.

use serde_json::{Value, json};

use super::NETWORK;
use crate::conformance::exercise::Exercise;
use crate::conformance::fixture::Fixture;

const ALL: &str = "compute:regions/{region}/subnetworks";
const S: &str = "compute:regions/{region}/subnetworks/~-s";

fn subnetwork(network: &str, range: &str) -> Value {
    json!({ "name": "~-x", "network": network, "ipCidrRange": range })
}

pub(super) fn exercise() -> Exercise {
    let needs = &[Fixture::Network, Fixture::Subnetwork];
    let small = json!({ "name": "~-y", "network": NETWORK, "ipCidrRange": "10.202.3.0/28" });
    let proxies = json!({
        "name": "~-p", "network": NETWORK, "ipCidrRange": "10.202.2.0/26", "purpose": "REGIONAL_MANAGED_PROXY",
    });
    let aggregated = "compute:aggregated/subnetworks?filter=name%20%3D%20~-none";
    Exercise::new(
        "subnetworks",
        "asks for ranges and changes that cannot be, makes one for proxies, and expands one",
        2,
        needs,
    )
    .post(ALL, subnetwork(NETWORK, "10.202.1.1/28"))
    .refused("compute.range.invalid", 400, "invalid")
    .post(ALL, subnetwork(NETWORK, "10.202.1.0/30"))
    .refused("compute.subnetwork.range.length", 400, "invalid")
    .post(ALL, subnetwork(NETWORK, "199.36.153.8/29"))
    .refused("compute.subnetwork.range.prohibited", 400, "invalid")
    .post(ALL, subnetwork(NETWORK, "10.200.0.0/28"))
    .shows(
        "compute.subnetwork.range.overlap",
        "/error/errors/0/code",
        "INVALID_USAGE",
    )
    .post(ALL, subnetwork("~", "10.202.1.0/28"))
    .refused("compute.reference.invalid", 400, "invalid")
    .get(S)
    .needed()
    .keep("fingerprint", "/fingerprint")
    .patch(
        S,
        json!({ "fingerprint": "AAAAAAAAAAA=", "logConfig": { "enable": true } }),
    )
    .refused("compute.fingerprint.stale", 412, "conditionNotMet")
    .patch(
        S,
        json!({ "fingerprint": "{fingerprint}", "description": "another" }),
    )
    .refused("compute.subnetwork.immutable", 400, "invalid")
    .patch(
        S,
        json!({ "fingerprint": "{fingerprint}", "privateIpGoogleAccess": true }),
    )
    .refused("compute.subnetwork.patch.own-method", 400, "invalid")
    .post(
        "compute:regions/{region}/subnetworks/~-s/expandIpCidrRange",
        json!({ "ipCidrRange": "10.200.0.0/29" }),
    )
    .refused("compute.subnetwork.expand-only", 400, "invalid")
    .make(ALL, small)
    .post(
        "compute:regions/{region}/subnetworks/~-y/expandIpCidrRange",
        json!({ "ipCidrRange": "10.202.3.0/27" }),
    )
    .shows(
        "compute.subnetwork.expand.operation-type",
        "/operationType",
        "expandIpCidrRange",
    )
    .make(ALL, proxies)
    .get("compute:regions/{region}/subnetworks/~-p")
    .shows(
        "compute.subnetwork.default.proxy-only.role",
        "/role",
        "ACTIVE",
    )
    .get(aggregated)
    .has(
        "compute.aggregated.empty-scopes",
        "/items/regions~1us-central1/warning",
    )
    .shows(
        "compute.aggregated.empty-scopes",
        "/items/regions~1us-central1/warning/code",
        "NO_RESULTS_ON_PAGE",
    )
}
