//! Networks: their making, what comes with them, and what of them cannot be changed.

use serde_json::json;

use crate::conformance::exercise::Exercise;
use crate::conformance::fixture::Fixture;

const NETWORKS: &str = "compute:global/networks";
const N: &str = "compute:global/networks/~";

pub(super) fn exercise() -> Exercise {
    let custom = |name: &str| json!({ "name": name, "autoCreateSubnetworks": false });
    let within = json!({
        "name": "~-w", "network": "projects/{project}/global/networks/~-a", "ipCidrRange": "10.255.0.0/28",
    });
    let again = "compute:global/networks?requestId={uuid}";
    let mut with_id = custom("~-v");
    with_id["id"] = json!("7");
    let routes = "compute:global/routes?filter=(network%20%3D%20%22https://www.googleapis.com/compute/v1/projects/{project}/global/networks/~%22)";
    Exercise::new(
        "networks",
        "makes three networks, one of them in auto mode",
        6,
        &[Fixture::Network],
    )
    .post(NETWORKS, custom("~"))
    .refused("compute.insert.exists", 409, "alreadyExists")
    .patch(N, json!({ "description": "another" }))
    .refused("compute.network.immutable", 400, "invalid")
    .patch(N, json!({ "autoCreateSubnetworks": true }))
    .refused("compute.network.auto-mode", 400, "invalid")
    .get(routes)
    .shows(
        "compute.network.default-route",
        "/items/0/destRange",
        "0.0.0.0/0",
    )
    .shows("compute.network.default-route", "/items/0/priority", 1000)
    .make(again, custom("~-q"))
    .at_once()
    .keep("operation", "/name")
    .shows("compute.request.operation", "/clientOperationId", "{uuid}")
    .post(again, custom("~-q"))
    .shows("compute.request.replay", "/name", "{operation}")
    .make(NETWORKS, with_id)
    .at_once()
    .get("compute:global/networks/~-v")
    .at_once()
    .refused("compute.insert.visible-when-done", 404, "notFound")
    .get("compute:global/networks/~-v")
    .shows_other("request.field.output-only", "/id", "7")
    .make(NETWORKS, json!({ "name": "~-a" }))
    .get("compute:global/networks/~-a")
    .shows(
        "compute.network.default.auto-create-subnetworks",
        "/autoCreateSubnetworks",
        true,
    )
    .shows(
        "compute.network.default.routing-mode",
        "/routingConfig/routingMode",
        "REGIONAL",
    )
    .has("compute.network.auto-subnetworks", "/subnetworks/0")
    .post("compute:regions/{region}/subnetworks", within)
    .refused("compute.subnetwork.range.auto-mode", 400, "invalid")
    .delete("compute:regions/{region}/subnetworks/~-a")
    .refused("compute.subnetwork.delete.automatic", 400, "invalid")
}
