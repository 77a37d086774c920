//! What the server adds to a service that the caller left out.

use serde_json::{Value, json};

use crate::call::Api;
use crate::compute::{default, fill, name_of, project_of};
use crate::engine::Engine;
use crate::rules::Rule;

static SERVICE_DEFAULTS: Rule = Rule::recorded(
    "run.service.defaults",
    "docs/reference/google-cloud.md#run-defaults",
    "ingress is INGRESS_TRAFFIC_ALL, launchStage GA.",
);
static TRAFFIC_DEFAULT: Rule = Rule::recorded(
    "run.service.default.traffic",
    "docs/reference/google-cloud.md#run-defaults",
    "All traffic goes to the latest revision.",
);
static TEMPLATE_DEFAULTS: Rule = Rule::recorded(
    "run.service.template.defaults",
    "docs/reference/google-cloud.md#run-defaults",
    "timeout is 300s, the service account the project's default one, concurrency 80.",
);
static CONTAINER_DEFAULTS: Rule = Rule::recorded(
    "run.service.container.defaults",
    "docs/reference/google-cloud.md#run-defaults",
    "A container has 1000m, 512Mi, port 8080 and a TCP startup probe on it.",
);
static MAX_INSTANCES: Rule = Rule::guessed(
    "run.service.template.default.max-instances",
    "docs/reference/google-cloud.md#run-defaults; value unrecorded",
    "A template scales to at most 100 instances.",
);
static EGRESS_DEFAULT: Rule = Rule::documented(
    "run.service.vpc-access.default.egress",
    "docs/reference/google-cloud.md#run-vpc-access",
    "egress is PRIVATE_RANGES_ONLY.",
);
static INTERFACE_DEFAULTS: Rule = Rule::documented(
    "run.service.vpc-access.default.interface",
    "docs/reference/google-cloud.md#run-vpc-access",
    "Of network and subnetwork, the one that was not sent follows from the other.",
);
static DOCUMENT_IMAGE: Rule = Rule::invented(
    "document.service.image",
    "A service that a state document gives without a container runs Google's hello image.",
);

pub(super) static RULES: &[&Rule] = &[
    &SERVICE_DEFAULTS,
    &TRAFFIC_DEFAULT,
    &TEMPLATE_DEFAULTS,
    &CONTAINER_DEFAULTS,
    &MAX_INSTANCES,
    &EGRESS_DEFAULT,
    &INTERFACE_DEFAULTS,
    &DOCUMENT_IMAGE,
];

const LATEST: &str = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";

/// Adds what a request left out.
pub(super) fn complete(engine: &Engine, path: &str, service: &mut Value) {
    default(
        engine,
        &SERVICE_DEFAULTS,
        service,
        "ingress",
        json!("INGRESS_TRAFFIC_ALL"),
    );
    default(
        engine,
        &SERVICE_DEFAULTS,
        service,
        "launchStage",
        json!("GA"),
    );
    let unrouted = service["traffic"].as_array().is_none_or(Vec::is_empty);
    if engine.rule(&TRAFFIC_DEFAULT, unrouted) {
        service["traffic"] = json!([{ "type": LATEST, "percent": 100 }]);
    }
    let number = engine.project_number(project_of(path));
    let account = format!("{number}-compute@developer.gserviceaccount.com");
    let template = &mut service["template"];
    default(
        engine,
        &TEMPLATE_DEFAULTS,
        template,
        "timeout",
        json!("300s"),
    );
    default(
        engine,
        &TEMPLATE_DEFAULTS,
        template,
        "serviceAccount",
        json!(account),
    );
    default(
        engine,
        &TEMPLATE_DEFAULTS,
        template,
        "maxInstanceRequestConcurrency",
        json!(80),
    );
    default(
        engine,
        &MAX_INSTANCES,
        template,
        "scaling",
        json!({ "maxInstanceCount": 100 }),
    );
    let containers = template.get_mut("containers").and_then(Value::as_array_mut);
    for (index, container) in containers.into_iter().flatten().enumerate() {
        if engine.rule(&CONTAINER_DEFAULTS, true) {
            complete_container(container, index == 0);
        }
    }
    if let Some(access) = template.get_mut("vpcAccess") {
        complete_vpc_access(engine, access);
    }
}

/// Only the first container of several takes requests, unless another one names a port.
fn complete_container(container: &mut Value, serves: bool) {
    fill(container, "resources", || json!({}));
    let resources = &mut container["resources"];
    fill(resources, "limits", || json!({}));
    fill(&mut resources["limits"], "cpu", || json!("1000m"));
    fill(&mut resources["limits"], "memory", || json!("512Mi"));
    fill(resources, "cpuIdle", || json!(true));
    if !serves {
        return;
    }
    fill(
        container,
        "ports",
        || json!([{ "name": "http1", "containerPort": 8080 }]),
    );
    let port = &mut container["ports"][0];
    fill(port, "name", || json!("http1"));
    let port = port["containerPort"].clone();
    fill(container, "startupProbe", || {
        json!({
            "timeoutSeconds": 240,
            "periodSeconds": 240,
            "failureThreshold": 1,
            "tcpSocket": { "port": port },
        })
    });
}

fn complete_vpc_access(engine: &Engine, access: &mut Value) {
    let unsaid = access
        .get("egress")
        .is_none_or(|egress| egress == "VPC_EGRESS_UNSPECIFIED");
    if engine.rule(&EGRESS_DEFAULT, unsaid) {
        access["egress"] = json!("PRIVATE_RANGES_ONLY");
    }
    let interfaces = access
        .get_mut("networkInterfaces")
        .and_then(Value::as_array_mut);
    for interface in interfaces.into_iter().flatten() {
        if !engine.rule(&INTERFACE_DEFAULTS, true) {
            continue;
        }
        // A subnetwork that was not named is the one with its network's name.
        if let Some(network) = interface["network"]
            .as_str()
            .map(|it| name_of(it).to_owned())
        {
            fill(interface, "subnetwork", || json!(network));
        } else if let Some(subnetwork) = interface["subnetwork"].as_str() {
            let network = network_of(engine, subnetwork);
            fill(interface, "network", || json!(network));
        }
    }
}

/// The network of the only subnetwork of that name, or else its name.
fn network_of(engine: &Engine, subnetwork: &str) -> String {
    let name = name_of(subnetwork);
    let ends = format!("/subnetworks/{name}");
    engine
        .store
        .within(Api::Compute, "projects/")
        .find(|(path, _)| path.ends_with(&ends))
        .and_then(|(_, value)| value["network"].as_str())
        .map_or(name, name_of)
        .to_owned()
}

/// Gives a document's service a container if it has none.
pub(super) fn complete_document(engine: &Engine, service: &mut Value) {
    let image = json!([{ "image": "us-docker.pkg.dev/cloudrun/container/hello" }]);
    fill(service, "template", || json!({}));
    default(
        engine,
        &DOCUMENT_IMAGE,
        &mut service["template"],
        "containers",
        image,
    );
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{
        CONTAINER_DEFAULTS, DOCUMENT_IMAGE, EGRESS_DEFAULT, INTERFACE_DEFAULTS, MAX_INSTANCES,
        SERVICE_DEFAULTS, TEMPLATE_DEFAULTS, TRAFFIC_DEFAULT,
    };
    use crate::rules::Rule;
    use crate::run::tests::{S, create, get, plain, with};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        let shown = |rule: &'static Rule, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| {
                create(bench, body.clone());
                get(bench)
            })
        };
        vec![
            shown(&SERVICE_DEFAULTS, plain()),
            shown(&TRAFFIC_DEFAULT, plain()),
            shown(&TEMPLATE_DEFAULTS, plain()),
            shown(&CONTAINER_DEFAULTS, plain()),
            shown(&MAX_INSTANCES, plain()),
            shown(
                &EGRESS_DEFAULT,
                with("vpcAccess", json!({ "connector": "c" })),
            ),
            shown(
                &INTERFACE_DEFAULTS,
                with(
                    "vpcAccess",
                    json!({ "networkInterfaces": [{ "network": "n" }] }),
                ),
            ),
            Provocation::new(&DOCUMENT_IMAGE, |bench| {
                bench
                    .document(json!({ "run": { "projects/p/locations/us-east1/services/s": {} } }));
                bench.ask("GET", S, Value::Null)
            }),
        ]
    }

    #[test]
    fn a_template_looks_as_it_was_recorded() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let template = &get(&mut bench)["template"];
        assert_eq!(
            (
                &template["timeout"],
                &template["maxInstanceRequestConcurrency"]
            ),
            (&json!("300s"), &json!(80))
        );
        let container = &template["containers"][0];
        assert_eq!(
            container["resources"]["limits"],
            json!({ "cpu": "1000m", "memory": "512Mi" })
        );
        assert_eq!(
            container["ports"],
            json!([{ "name": "http1", "containerPort": 8080 }])
        );
        assert_eq!(container["startupProbe"]["tcpSocket"]["port"], 8080);
    }
}
