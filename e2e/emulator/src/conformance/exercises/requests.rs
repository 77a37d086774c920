//! Requests that are refused whatever there is, and reads of what there is not.

use serde_json::json;

use crate::conformance::exercise::Exercise;

const NETWORKS: &str = "compute:global/networks";

pub(super) fn exercise() -> Exercise {
    let named = |more: serde_json::Value| {
        let mut body = json!({ "name": "~-q", "autoCreateSubnetworks": false });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        body
    };
    Exercise::new(
        "requests",
        "asks for what there is not, and sends what cannot be",
        1,
        &[],
    )
    .get("https://compute.googleapis.com/compute/v1/projects/Not_A_Project/global/networks")
    .refused("project.invalid", 400, "invalid")
    .get("compute:regions/mars-east1/subnetworks")
    .refused("compute.region.unknown", 400, "invalid")
    .get("https://run.googleapis.com/v2/projects/{project}/locations/mars-east1/services")
    .refused("rpc.location.unknown", 403, "PERMISSION_DENIED")
    .get("run:operations/~-none")
    .refused("rpc.operation.not-found", 404, "NOT_FOUND")
    .get("run:services/~-none/revisions/~-none-00001-abc")
    .refused("run.revision.not-found", 404, "NOT_FOUND")
    .get("vpcaccess:connectors/~-none")
    .refused("vpcaccess.connector.not-found", 404, "NOT_FOUND")
    // The filters see to it that nothing of others is shown if these are not refused.
    .get("compute:global/networks?pageToken=made-up&filter=name%20%3D%20~-none")
    .refused("list.page.token", 400, "invalid")
    .get("compute:global/networks?filter=(name%20%3D%20~-none")
    .refused("compute.list.filter.invalid", 400, "invalid")
    .get("knative:services?labelSelector=made-by%3D~,a%20b")
    .refused("run.v1.label-selector", 400, "INVALID_ARGUMENT")
    .get("compute:global/networks?pageSize=1&filter=name%20%3D%20~-none")
    .refused("request.parameter.unknown", 400, "invalid")
    .get("compute:global/networks?maxResults=many&filter=name%20%3D%20~-none")
    .refused("request.parameter.type", 400, "invalid")
    .get("compute:global/networks?fields=kind&filter=name%20%3D%20~-none")
    .lacks("request.fields", "/id")
    .get("compute:global/networks?fields=kind(&filter=name%20%3D%20~-none")
    .refused("request.fields.invalid", 400, "invalidParameter")
    .post("compute:global/networks?requestId=7", named(json!({})))
    .refused("compute.request.id.invalid", 400, "invalid")
    .post(
        NETWORKS,
        json!({ "name": "~_Q", "autoCreateSubnetworks": false }),
    )
    .refused("compute.name.invalid", 400, "invalid")
    .post(NETWORKS, named(json!({ "nickname": "q" })))
    .refused("request.field.unknown", 400, "invalid")
    .post(NETWORKS, named(json!({ "mtu": "wide" })))
    .refused("request.field.type", 400, "invalid")
}
