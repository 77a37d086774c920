//! Addresses, firewall rules and routes.

use serde_json::{Value, json};

use super::NETWORK;
use crate::conformance::exercise::Exercise;
use crate::conformance::fixture::Fixture;

const BOTH: &[Fixture] = &[Fixture::Network, Fixture::Subnetwork];

pub(super) fn addresses() -> Exercise {
    const ALL: &str = "compute:regions/{region}/addresses";
    const I: &str = "compute:regions/{region}/addresses/~-i";
    const SET_LABELS: &str = "compute:regions/{region}/addresses/~-i/setLabels";
    let internal = |name: &str, address: &str| {
        json!({
            "name": name,
            "addressType": "INTERNAL",
            "subnetwork": "projects/{project}/regions/{region}/subnetworks/~-s",
            "address": address,
        })
    };
    let mut labelled = internal("~-i", "10.200.0.5");
    labelled["labels"] = json!({ "a": "b" });
    let labels = json!({ "labels": { "a": "b" }, "labelFingerprint": "{labels}" });
    Exercise::new(
        "addresses",
        "reserves an internal address and labels it",
        1,
        BOTH,
    )
    .make(ALL, labelled)
    .get(I)
    .keep("labels", "/labelFingerprint")
    .has("compute.address.labels.fingerprint", "/labelFingerprint")
    .lacks("compute.address.labels.insert", "/labels")
    .shows(
        "compute.address.default.purpose",
        "/purpose",
        "GCE_ENDPOINT",
    )
    .post(SET_LABELS, labels.clone())
    .needed()
    .get(I)
    .shows_other(
        "compute.address.labels.fingerprint",
        "/labelFingerprint",
        "{labels}",
    )
    .post(SET_LABELS, labels)
    .refused("compute.address.labels.stale", 412, "conditionNotMet")
    .post(ALL, internal("~-j", "10.200.0.5"))
    .refused("compute.address.taken", 400, "invalid")
    .post(ALL, internal("~-k", "10.200.0.14"))
    .refused("compute.address.outside", 400, "invalid")
}

pub(super) fn firewalls() -> Exercise {
    const ALL: &str = "compute:global/firewalls";
    const F: &str = "compute:global/firewalls/~-f";
    let allowed = json!([{ "IPProtocol": "tcp", "ports": ["80"] }]);
    let egress = json!({
        "name": "~-g", "network": NETWORK, "direction": "EGRESS", "sourceTags": ["t"], "allowed": allowed,
    });
    Exercise::new(
        "firewalls",
        "makes a firewall rule in the run's own network",
        1,
        &[Fixture::Network],
    )
    .post(ALL, json!({ "name": "~-h", "network": NETWORK }))
    .refused("compute.firewall.action", 400, "invalid")
    .post(ALL, egress)
    .refused("compute.firewall.egress-sources", 400, "invalid")
    .make(
        ALL,
        json!({ "name": "~-f", "network": NETWORK, "allowed": allowed }),
    )
    .get(F)
    .shows(
        "compute.firewall.default.source-ranges",
        "/sourceRanges",
        json!(["0.0.0.0/0"]),
    )
    .shows(
        "compute.firewall.default.direction",
        "/direction",
        "INGRESS",
    )
    .shows("compute.firewall.default.priority", "/priority", 1000)
    .shows("compute.firewall.default.disabled", "/disabled", false)
    .shows(
        "compute.firewall.default.log-config",
        "/logConfig/enable",
        false,
    )
    .make(
        ALL,
        json!({ "name": "~-e", "network": NETWORK, "direction": "EGRESS", "allowed": allowed }),
    )
    .get("compute:global/firewalls/~-e")
    .shows(
        "compute.firewall.default.destination-ranges",
        "/destinationRanges",
        json!(["0.0.0.0/0"]),
    )
    .patch(F, json!({ "direction": "EGRESS" }))
    .refused("compute.firewall.immutable", 400, "invalid")
}

pub(super) fn routes() -> Exercise {
    const ALL: &str = "compute:global/routes";
    let route = |name: &str, range: &str, field: &str, hop: &str| {
        let gateway = "projects/{project}/global/gateways/default-internet-gateway";
        let mut route: Value = json!({
            "name": name, "network": NETWORK, "destRange": range, "nextHopGateway": gateway,
        });
        route[field] = json!(hop);
        route
    };
    let gateway = "projects/{project}/global/gateways/default-internet-gateway";
    Exercise::new("routes", "makes a route in the run's own network", 1, BOTH)
        .post(
            ALL,
            route("~-t", "199.36.153.9/30", "nextHopGateway", gateway),
        )
        .refused("compute.route.destination", 400, "invalid")
        .post(
            ALL,
            route("~-u", "203.0.113.0/24", "nextHopIp", "10.200.0.9"),
        )
        .refused("compute.route.next-hop.one", 400, "invalid")
        .post(
            ALL,
            route(
                "~-v",
                "203.0.113.0/24",
                "nextHopGateway",
                "projects/{project}/global/gateways/~",
            ),
        )
        .refused("compute.route.next-hop.gateway", 400, "invalid")
        .post(
            ALL,
            route("~-w", "10.200.0.8/29", "nextHopGateway", gateway),
        )
        .refused("compute.route.destination.in-subnetwork", 400, "invalid")
        .make(
            ALL,
            route("~-x", "203.0.113.0/24", "nextHopGateway", gateway),
        )
        .get("compute:global/routes/~-x")
        .shows("compute.route.default.priority", "/priority", 1000)
}
