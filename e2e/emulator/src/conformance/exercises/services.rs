//! Cloud Run services. Nobody calls them, and they have no minimum of instances.

use serde_json::{Value, json};

use super::{plain_service, service_with, template};
use crate::conformance::exercise::Exercise;

const X: &str = "run:services?serviceId=~-x";

fn top(field: &str, value: Value) -> Value {
    let mut service = plain_service();
    service[field] = value;
    service
}

pub(super) fn refusals() -> Exercise {
    let two = json!({ "networkInterfaces": [{ "network": "~" }, { "network": "~-m" }] });
    let elsewhere = json!({ "connector": "projects/{project}/locations/{elsewhere}/connectors/~" });
    let both = json!({
        "connector": "projects/{project}/locations/{region}/connectors/~", "networkInterfaces": [{ "network": "~" }],
    });
    let revision = json!([{
        "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "~-x-00009-x", "percent": 100,
    }]);
    let latest = json!([{ "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 90 }]);
    Exercise::new(
        "service-refusals",
        "asks for services that cannot be",
        1,
        &[],
    )
    .post("run:services?serviceId=~-Orders", plain_service())
    .refused("run.service.name", 400, "INVALID_ARGUMENT")
    .post(X, json!({ "template": {} }))
    .refused("run.service.containers.required", 400, "INVALID_ARGUMENT")
    .post(X, service_with("vpcAccess", two))
    .refused(
        "run.service.vpc-access.one-interface",
        400,
        "INVALID_ARGUMENT",
    )
    .post(X, service_with("vpcAccess", both))
    .refused("run.service.vpc-access.one-of", 400, "INVALID_ARGUMENT")
    .post(X, service_with("vpcAccess", elsewhere))
    .refused(
        "run.service.vpc-access.connector-name",
        400,
        "INVALID_ARGUMENT",
    )
    .post(
        X,
        top("annotations", json!({ "run.googleapis.com/x": "y" })),
    )
    .refused("run.service.annotations.reserved", 400, "INVALID_ARGUMENT")
    .post(X, top("traffic", latest))
    .refused("run.service.traffic.sum", 400, "INVALID_ARGUMENT")
    .post(X, top("traffic", revision))
    .refused("run.service.traffic.revision", 400, "INVALID_ARGUMENT")
    .post(X, service_with("revision", json!("other")))
    .refused("run.service.revision.name", 400, "INVALID_ARGUMENT")
    .get("run:services/~-none")
    .refused("run.service.not-found", 404, "NOT_FOUND")
}

/// Claims that what was answered last, a service of which only the image was sent, has every default.
fn with_defaults(making: Exercise) -> Exercise {
    let defaults = [
        (
            "run.service.template.default.max-instances",
            "/template/scaling/maxInstanceCount",
            json!(100),
        ),
        (
            "run.service.default.ingress",
            "/ingress",
            json!("INGRESS_TRAFFIC_ALL"),
        ),
        (
            "run.service.default.launch-stage",
            "/launchStage",
            json!("GA"),
        ),
        (
            "run.service.default.traffic",
            "/traffic/0/percent",
            json!(100),
        ),
        (
            "run.service.template.default.timeout",
            "/template/timeout",
            json!("300s"),
        ),
        (
            "run.service.template.default.concurrency",
            "/template/maxInstanceRequestConcurrency",
            json!(80),
        ),
        (
            "run.service.container.default.cpu",
            "/template/containers/0/resources/limits/cpu",
            json!("1000m"),
        ),
        (
            "run.service.container.default.memory",
            "/template/containers/0/resources/limits/memory",
            json!("512Mi"),
        ),
        (
            "run.service.container.default.cpu-idle",
            "/template/containers/0/resources/cpuIdle",
            json!(true),
        ),
        (
            "run.service.container.default.port",
            "/template/containers/0/ports/0/containerPort",
            json!(8080),
        ),
        (
            "run.service.container.default.port-name",
            "/template/containers/0/ports/0/name",
            json!("http1"),
        ),
        (
            "run.service.container.default.startup-probe",
            "/template/containers/0/startupProbe/periodSeconds",
            json!(240),
        ),
    ];
    let making = defaults
        .into_iter()
        .fold(making, |making, (rule, at, value)| {
            making.shows(rule, at, value)
        });
    making.has(
        "run.service.template.default.service-account",
        "/template/serviceAccount",
    )
}

pub(super) fn changes() -> Exercise {
    const C: &str = "run:services/~-c";
    let internal = "INGRESS_TRAFFIC_INTERNAL_ONLY";
    let masked = json!({ "ingress": internal, "description": "d", "template": template() });
    let named = service_with("revision", json!("~-c-named"));
    let mut differing = named.clone();
    differing["template"]["timeout"] = json!("100s");
    let stale = json!({ "ingress": internal, "etag": "\"old\"" });
    let made = Exercise::new(
        "service-changes",
        "deploys a service and changes it",
        4,
        &[],
    )
    .make("run:services?serviceId=~-c", plain_service())
    .get(C)
    .needed()
    .keep("revision", "/latestCreatedRevision");
    with_defaults(made)
        .patch("run:services/~-c?updateMask=ingress", stale)
        .refused("run.service.etag.stale", 409, "ABORTED")
        .patch("run:services/~-c?updateMask=template.vpc", plain_service())
        .refused("run.service.patch.mask.unknown", 400, "INVALID_ARGUMENT")
        .delete("https://run.googleapis.com/v2/{revision}")
        .refused("run.revision.delete.serving", 400, "FAILED_PRECONDITION")
        .patch(
            "run:services/~-c?updateMask=annotations",
            json!({ "annotations": { "a": "b" } }),
        )
        .get(C)
        .shows(
            "run.service.revision.only-for-templates",
            "/annotations/a",
            "b",
        )
        .shows(
            "run.service.revision.only-for-templates",
            "/latestCreatedRevision",
            "{revision}",
        )
        .patch(
            "run:services/~-c?updateMask=description&forceNewRevision=true",
            json!({}),
        )
        .get(C)
        .shows_other(
            "run.service.revision.forced",
            "/latestCreatedRevision",
            "{revision}",
        )
        .get("https://run.googleapis.com/v2/{revision}")
        .delete("https://run.googleapis.com/v2/{revision}?etag=%22old%22")
        .refused("run.revision.etag.stale", 409, "ABORTED")
        .patch("run:services/~-c?updateMask=ingress", masked)
        .get(C)
        .shows("run.service.patch.mask", "/ingress", internal)
        .lacks("run.service.patch.mask", "/description")
        .patch(
            "run:services/~-c?updateMask=description",
            json!({ "description": "d" }),
        )
        .patch(C, plain_service())
        .get(C)
        .lacks("run.service.patch.replace", "/description")
        .patch(
            "run:services/~-c?updateMask=defaultUriDisabled",
            json!({ "defaultUriDisabled": true }),
        )
        .get(C)
        .lacks("run.service.uri.disabled", "/uri")
        .post("run:services?serviceId=~-c", plain_service())
        .refused("run.service.exists", 409, "ALREADY_EXISTS")
        .patch("run:services/~-c?updateMask=template", named.clone())
        .at_once()
        .get(C)
        .at_once()
        .shows("run.service.reconciling", "/reconciling", true)
        .get(C)
        .lacks("run.service.reconciling", "/reconciling")
        .patch("run:services/~-c?updateMask=template", differing)
        .refused("run.service.revision.clash", 409, "ALREADY_EXISTS")
}

pub(super) fn broken() -> Exercise {
    let connector = json!({
        "connector": "projects/{project}/locations/{region}/connectors/~-none", "egress": "ALL_TRAFFIC",
    });
    let network = json!({ "networkInterfaces": [{ "network": "~-none" }] });
    Exercise::new(
        "broken-services",
        "deploys services whose way into the network is not there",
        4,
        &[],
    )
    .post(
        "run:services?serviceId=~-k",
        service_with("vpcAccess", connector),
    )
    .get("run:services/~-k")
    .shows(
        "run.revision.connector-missing",
        "/terminalCondition/state",
        "CONDITION_FAILED",
    )
    .post(
        "run:services?serviceId=~-n",
        service_with("vpcAccess", network),
    )
    .get("run:services/~-n")
    .shows(
        "run.revision.network-missing",
        "/terminalCondition/state",
        "CONDITION_FAILED",
    )
}
