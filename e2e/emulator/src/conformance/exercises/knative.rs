//! Cloud Run's version 1: the same services in Knative's words.

use serde_json::{Value, json};

use super::IMAGE;
use crate::conformance::exercise::Exercise;
use crate::conformance::fixture::Fixture;

const S: &str = "knative:services/~";

fn service(name: &str, annotations: Value) -> Value {
    let mut service = json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": { "name": name, "namespace": "{project}" },
        "spec": { "template": { "spec": { "containers": [{ "image": IMAGE }] } } },
    });
    if !annotations.is_null() {
        service["metadata"]["annotations"] = annotations;
    }
    service
}

pub(super) fn exercise() -> Exercise {
    let condition = |kind: &str| json!({ "type": kind, "status": "True" });
    let mut configuration = service("~-y", Value::Null);
    configuration["kind"] = json!("Configuration");
    let ingress = json!({ "run.googleapis.com/ingress": "some" });
    Exercise::new(
        "knative",
        "reads a service and its revisions in version 1's words",
        1,
        &[Fixture::Service],
    )
    .get(S)
    .shows(
        "run.v1.region",
        "/metadata/labels/cloud.googleapis.com~1location",
        "{region}",
    )
    .among(
        "run.v1.conditions",
        "/status/conditions",
        condition("Ready"),
    )
    .among(
        "run.v1.conditions",
        "/status/conditions",
        condition("ConfigurationsReady"),
    )
    .among(
        "run.v1.conditions",
        "/status/conditions",
        condition("RoutesReady"),
    )
    .has("run.v1.observed-generation", "/status/observedGeneration")
    .get(
        "https://{region}-run.googleapis.com/v1/projects/{project}/locations/{region}/services/~:getIamPolicy\
         ?options.requestedPolicyVersion=2",
    )
    .refused("run.v1.policy.version", 400, "INVALID_ARGUMENT")
    .get("knative:revisions?labelSelector=serving.knative.dev/service%3D~")
    .among(
        "run.v1.revision.active",
        "/items/0/status/conditions",
        condition("Active"),
    )
    .post("knative:services", configuration)
    .refused("run.v1.kind", 400, "INVALID_ARGUMENT")
    .post("knative:services", service("~-y", ingress))
    .refused("run.v1.annotation.value", 400, "INVALID_ARGUMENT")
    .says("run.v1.annotation.value", "run.googleapis.com/ingress")
    .send("PUT", S, service("~-z", Value::Null))
    .refused("run.v1.name", 400, "INVALID_ARGUMENT")
}
