//! Serverless VPC Access connectors. Each is at least two small machines while it is there.

use serde_json::{Value, json};

use super::{NETWORK, service_with};
use crate::conformance::exercise::Exercise;
use crate::conformance::fixture::Fixture;

const E: &str = "vpcaccess:connectors/~-e";
const C: &str = "vpcaccess:connectors/~";
const CONNECTOR: &str = "projects/{project}/locations/{region}/connectors/~";

fn in_range(range: &str) -> Value {
    json!({ "network": "~", "ipCidrRange": range, "minInstances": 2, "maxInstances": 3 })
}

fn with(field: &str, value: Value) -> Value {
    let mut connector = in_range("10.204.0.0/28");
    connector[field] = value;
    connector
}

pub(super) fn refusals() -> Exercise {
    const X: &str = "vpcaccess:connectors?connectorId=~-x";
    let nowhere = json!({ "subnet": { "name": "~-none" }, "maxInstances": 3 });
    let attached = json!({ "connector": "projects/{project}/locations/{region}/connectors/~-e" });
    let unsized_one = json!({ "network": "~", "ipCidrRange": "10.204.0.0/28" });
    let mut odd = unsized_one.clone();
    odd["minThroughput"] = json!(250);
    odd["maxThroughput"] = json!(300);
    let about = "asks for connectors that cannot be, and makes three that fail";
    let needs = &[Fixture::Network, Fixture::Subnetwork];
    Exercise::new("connector-refusals", about, 12, needs)
        .costs("three connectors of two small machines, if their making begins at all, for minutes")
        .post(
            "vpcaccess:connectors?connectorId=~-too-long-a-name",
            in_range("10.204.0.0/28"),
        )
        .refused("vpcaccess.connector.name", 400, "INVALID_ARGUMENT")
        .post(X, json!({ "maxInstances": 3 }))
        .refused("vpcaccess.connector.place", 400, "INVALID_ARGUMENT")
        .post(X, in_range("10.204.0.0/24"))
        .refused("vpcaccess.connector.range.size", 400, "INVALID_ARGUMENT")
        .post(X, with("maxInstances", json!(11)))
        .refused(
            "vpcaccess.connector.instances.limits",
            400,
            "INVALID_ARGUMENT",
        )
        .post(X, with("machineType", json!("n2-ultra")))
        .refused("vpcaccess.connector.machine-type", 400, "INVALID_ARGUMENT")
        .post(X, odd)
        .refused("vpcaccess.connector.throughput", 400, "INVALID_ARGUMENT")
        .post("vpcaccess:connectors?connectorId=~-u", unsized_one)
        .shows(
            "vpcaccess.connector.max-instances.required",
            "/error/code",
            3,
        )
        .post(
            "vpcaccess:connectors?connectorId=~-f",
            in_range("10.200.0.0/28"),
        )
        .shows("vpcaccess.connector.range.conflict", "/error/code", 3)
        .get("vpcaccess:connectors/~-f")
        .shows("vpcaccess.connector.range.conflict", "/state", "ERROR")
        .post("vpcaccess:connectors?connectorId=~-e", nowhere.clone())
        .shows("vpcaccess.connector.subnet.unfit", "/error/code", 3)
        .get(E)
        .needed()
        .shows("vpcaccess.connector.subnet.unfit", "/state", "ERROR")
        .shows(
            "vpcaccess.connector.default.machine-type",
            "/machineType",
            "e2-micro",
        )
        .shows(
            "vpcaccess.connector.default.min-instances",
            "/minInstances",
            2,
        )
        .post("vpcaccess:connectors?connectorId=~-e", nowhere)
        .refused("vpcaccess.connector.exists", 409, "ALREADY_EXISTS")
        .patch(
            "vpcaccess:connectors/~-e?updateMask=maxInstances",
            json!({ "maxInstances": 10 }),
        )
        .refused(
            "vpcaccess.connector.error-is-final",
            400,
            "FAILED_PRECONDITION",
        )
        .post(
            "run:services?serviceId=~-g",
            service_with("vpcAccess", attached),
        )
        .get("run:services/~-g")
        .shows(
            "run.revision.connector-not-ready",
            "/terminalCondition/state",
            "CONDITION_FAILED",
        )
}

pub(super) fn life() -> Exercise {
    let subnetwork = json!({ "name": "~-c", "network": NETWORK, "ipCidrRange": "10.205.0.0/28" });
    let in_subnet = json!({
        "subnet": { "name": "~-c" }, "machineType": "e2-micro", "minInstances": 3, "maxInstances": 4,
    });
    let attached = json!({ "connector": CONNECTOR });
    let about =
        "makes a connector of three small machines, grows it, attaches a service, and deletes it";
    Exercise::new("connector-life", about, 15, &[Fixture::Network])
        .costs("a connector of three to four small machines (e2-micro), for about 15 minutes")
        .make("compute:regions/{region}/subnetworks", subnetwork)
        .make("vpcaccess:connectors?connectorId=~", in_subnet)
        .at_once()
        .get(C)
        .at_once()
        .shows("vpcaccess.connector.create.creating", "/state", "CREATING")
        .shows(
            "vpcaccess.connector.default.subnet-project",
            "/subnet/projectId",
            "{project}",
        )
        .shows("vpcaccess.connector.default.network", "/network", "~")
        .patch(
            "vpcaccess:connectors/~?updateMask=maxInstances",
            json!({ "maxInstances": 9 }),
        )
        .at_once()
        .refused("vpcaccess.connector.busy", 400, "FAILED_PRECONDITION")
        .patch(
            "vpcaccess:connectors/~?updateMask=network",
            json!({ "network": "~-none" }),
        )
        .refused("vpcaccess.connector.patch.mask", 400, "INVALID_ARGUMENT")
        .patch(
            "vpcaccess:connectors/~?updateMask=minInstances",
            json!({ "minInstances": 2 }),
        )
        .refused("vpcaccess.connector.patch.shrink", 400, "INVALID_ARGUMENT")
        .get(C)
        .shows(
            "vpcaccess.connector.derived-throughput",
            "/minThroughput",
            300,
        )
        .patch(
            "vpcaccess:connectors/~?updateMask=maxInstances",
            json!({ "maxInstances": 10 }),
        )
        .at_once()
        .get(C)
        .at_once()
        .shows("vpcaccess.connector.patch.updating", "/state", "UPDATING")
        .post(
            "run:services?serviceId=~-v",
            service_with("vpcAccess", attached),
        )
        .get("run:services/~-v")
        .shows(
            "run.service.vpc-access.default.egress",
            "/template/vpcAccess/egress",
            "PRIVATE_RANGES_ONLY",
        )
        .delete("compute:regions/{region}/subnetworks/~-c")
        .refused(
            "compute.subnetwork.delete.in-use.connector",
            400,
            "resourceInUseByAnotherResource",
        )
        .delete("run:services/~-v")
        .delete(C)
        .at_once()
        .get(C)
        .at_once()
        .shows("vpcaccess.connector.delete.deleting", "/state", "DELETING")
}
