//! Routers: what they begin with, and how many there can be.

use serde_json::json;

use super::NETWORK;
use crate::conformance::exercise::Exercise;
use crate::conformance::fixture::Fixture;

const ALL: &str = "compute:regions/{region}/routers";

pub(super) fn exercise() -> Exercise {
    let first = json!({ "name": "~-1", "network": NETWORK, "bgp": { "asn": 64512 } });
    let elsewhere = json!({ "network": "projects/{project}/global/networks/~-none" });
    let making = Exercise::new(
        "routers",
        "makes five routers, and asks for a sixth",
        4,
        &[Fixture::Network],
    )
    .make(ALL, first)
    .get("compute:regions/{region}/routers/~-1")
    .shows(
        "compute.router.default.bgp.advertise-mode",
        "/bgp/advertiseMode",
        "DEFAULT",
    )
    .shows(
        "compute.router.default.bgp.keepalive",
        "/bgp/keepaliveInterval",
        20,
    )
    .patch("compute:regions/{region}/routers/~-1", elsewhere)
    .refused("compute.router.immutable", 400, "invalid");
    let five = ["~-2", "~-3", "~-4", "~-5"]
        .iter()
        .fold(making, |making, name| {
            making.make(ALL, json!({ "name": name, "network": NETWORK }))
        });
    five.post(ALL, json!({ "name": "~-6", "network": NETWORK }))
        .refused("compute.router.limit.per-network", 403, "quotaExceeded")
}
