//! What a service's own settings may be, and what the server adds to them.

use serde_json::{Value, json};

use crate::call::Call;
use crate::compute::{default, fill, name_of, project_of};
use crate::engine::Engine;
use crate::refusal::{Code, Refusal};
use crate::rules::Rule;

static CONTAINERS: Rule = Rule::documented(
    "run.service.containers.required",
    "google-cloud.md#run-template",
    "A template has at least one container, and each an image.",
);
static ONE_EGRESS: Rule = Rule::recorded(
    "run.service.vpc-access.one-of",
    "google-cloud.md#run-vpc-access",
    "vpcAccess has exactly one of connector and networkInterfaces.",
);
static ONE_INTERFACE: Rule = Rule::documented(
    "run.service.vpc-access.one-interface",
    "google-cloud.md#run-vpc-access",
    "There is at most one network interface, and it names a network or a subnetwork.",
);
static CONNECTOR_NAME: Rule = Rule::documented(
    "run.service.vpc-access.connector-name",
    "google-cloud.md#run-vpc-access",
    "A connector is given by its full name or by its short one, and is in the service's region.",
);
static RESERVED_ANNOTATIONS: Rule = Rule::documented(
    "run.service.annotations.reserved",
    "google-cloud.md#run-annotations",
    "Annotations of Google's own namespaces are refused.",
);
static TRAFFIC_SUM: Rule = Rule::documented(
    "run.service.traffic.sum",
    "google-cloud.md#run-traffic",
    "The percentages of the traffic targets add up to 100.",
);
static TRAFFIC_REVISION: Rule = Rule::guessed(
    "run.service.traffic.revision",
    "google-cloud.md#run-traffic; text unrecorded",
    "A traffic target by revision names one that exists.",
);
static SERVICE_DEFAULTS: Rule = Rule::recorded(
    "run.service.defaults",
    "google-cloud.md#run-defaults",
    "ingress is INGRESS_TRAFFIC_ALL, launchStage GA.",
);
static TRAFFIC_DEFAULT: Rule = Rule::recorded(
    "run.service.default.traffic",
    "google-cloud.md#run-defaults",
    "All traffic goes to the latest revision.",
);
static TEMPLATE_DEFAULTS: Rule = Rule::recorded(
    "run.service.template.defaults",
    "google-cloud.md#run-defaults",
    "timeout is 300s, the service account the project's default one, concurrency 80.",
);
static CONTAINER_DEFAULTS: Rule = Rule::recorded(
    "run.service.container.defaults",
    "google-cloud.md#run-defaults",
    "A container has 1000m, 512Mi, port 8080 and a TCP startup probe on it.",
);
static MAX_INSTANCES: Rule = Rule::guessed(
    "run.service.template.default.max-instances",
    "google-cloud.md#run-defaults; value unrecorded",
    "A template scales to at most 100 instances.",
);
static EGRESS_DEFAULT: Rule = Rule::documented(
    "run.service.vpc-access.default.egress",
    "google-cloud.md#run-vpc-access",
    "egress is PRIVATE_RANGES_ONLY.",
);
static INTERFACE_DEFAULTS: Rule = Rule::documented(
    "run.service.vpc-access.default.interface",
    "google-cloud.md#run-vpc-access",
    "Of network and subnetwork, the one that was not sent follows from the other.",
);
static DOCUMENT_IMAGE: Rule = Rule::invented(
    "document.service.image",
    "A service that a state document gives without a container runs Google's hello image.",
);

pub(super) static RULES: &[&Rule] = &[
    &CONTAINERS,
    &ONE_EGRESS,
    &ONE_INTERFACE,
    &CONNECTOR_NAME,
    &RESERVED_ANNOTATIONS,
    &TRAFFIC_SUM,
    &TRAFFIC_REVISION,
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
const RESERVED: [&str; 4] =
    ["run.googleapis.com", "cloud.googleapis.com", "serving.knative.dev", "autoscaling.knative.dev"];

/// Refuses what a service cannot be. `path` is the service's, `request` what the caller sent.
pub(super) fn check(
    engine: &Engine,
    call: &Call,
    path: &str,
    service: &Value,
    request: &Value,
) -> Result<(), Refusal> {
    let verb = call.route.operation.rsplit('.').next().unwrap_or_default();
    let message = if verb == "create" { "CreateServiceRequest" } else { "UpdateServiceRequest" };
    let violation = |field: &str, what: &str| {
        let text = format!("Violation in {message}.service.{field}: {what}");
        Refusal::code(Code::InvalidArgument, text).violating(&format!("{message}.service.{field}"))
    };
    let containers = service["template"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
    let whole = !containers.is_empty() && containers.iter().all(|it| it["image"].is_string());
    engine.refuse_if(&CONTAINERS, !whole, || {
        violation("template.containers", "at least one container with an image must be set.")
    })?;
    let reserved = request["annotations"].as_object().into_iter().flatten().map(|(key, _)| key).find(
        |key| key.split_once('/').is_some_and(|(space, _)| RESERVED.contains(&space)),
    );
    engine.refuse_if(&RESERVED_ANNOTATIONS, reserved.is_some(), || {
        let key = reserved.cloned().unwrap_or_default();
        violation("annotations", &format!("'{key}' is in a reserved namespace."))
    })?;
    if let Some(access) = service["template"].get("vpcAccess") {
        check_vpc_access(engine, path, access, &violation)?;
    }
    check_traffic(engine, path, service, &violation)
}

type Violation<'a> = &'a dyn Fn(&str, &str) -> Refusal;

fn check_vpc_access(
    engine: &Engine,
    path: &str,
    access: &Value,
    violation: Violation<'_>,
) -> Result<(), Refusal> {
    let connector = access["connector"].as_str().filter(|name| !name.is_empty());
    let interfaces = access["networkInterfaces"].as_array().map_or(&[][..], Vec::as_slice);
    let one = connector.is_some() != !interfaces.is_empty();
    engine.refuse_if(&ONE_EGRESS, !one, || {
        let what = "one and only one of connector and network_interfaces must be set.";
        violation("template.vpc_access.connector", what)
    })?;
    let named = |it: &Value| it["network"].is_string() || it["subnetwork"].is_string();
    let odd = interfaces.len() > 1 || !interfaces.iter().all(named);
    engine.refuse_if(&ONE_INTERFACE, odd, || {
        let what = "exactly one interface with a network or a subnetwork must be set.";
        violation("template.vpc_access.network_interfaces", what)
    })?;
    let region = path.split('/').nth(3).unwrap_or_default();
    let fits = connector.is_none_or(|connector| match connector.split('/').collect::<Vec<_>>()[..] {
        ["projects", _, "locations", location, "connectors", _] => location == region,
        [_] => true,
        _ => false,
    });
    engine.refuse_if(&CONNECTOR_NAME, !fits, || {
        let what = format!("must be a connector in region {region}.");
        violation("template.vpc_access.connector", &what)
    })
}

fn check_traffic(
    engine: &Engine,
    path: &str,
    service: &Value,
    violation: Violation<'_>,
) -> Result<(), Refusal> {
    let Some(targets) = service["traffic"].as_array() else { return Ok(()) };
    let sum: i64 = targets.iter().filter_map(|target| target["percent"].as_i64()).sum();
    engine.refuse_if(&TRAFFIC_SUM, sum != 100 && !targets.is_empty(), || {
        violation("traffic", "the percentages must add up to 100.")
    })?;
    let to_be = service["template"]["revision"].as_str();
    for revision in targets.iter().filter_map(|target| target["revision"].as_str()) {
        let there = engine.store.any(crate::call::Api::Run, &format!("{path}/revisions/{revision}"));
        let missing = there.is_none() && to_be != Some(revision);
        engine.refuse_if(&TRAFFIC_REVISION, missing, || {
            violation("traffic", &format!("Revision '{revision}' is not found."))
        })?;
    }
    Ok(())
}

/// Adds what a request left out.
pub(super) fn complete(engine: &Engine, path: &str, service: &mut Value) {
    default(engine, &SERVICE_DEFAULTS, service, "ingress", json!("INGRESS_TRAFFIC_ALL"));
    default(engine, &SERVICE_DEFAULTS, service, "launchStage", json!("GA"));
    let unrouted = service["traffic"].as_array().is_none_or(Vec::is_empty);
    if engine.rule(&TRAFFIC_DEFAULT, unrouted) {
        service["traffic"] = json!([{ "type": LATEST, "percent": 100 }]);
    }
    let number = engine.project_number(project_of(path));
    let account = format!("{number}-compute@developer.gserviceaccount.com");
    let template = &mut service["template"];
    default(engine, &TEMPLATE_DEFAULTS, template, "timeout", json!("300s"));
    default(engine, &TEMPLATE_DEFAULTS, template, "serviceAccount", json!(account));
    default(engine, &TEMPLATE_DEFAULTS, template, "maxInstanceRequestConcurrency", json!(80));
    default(engine, &MAX_INSTANCES, template, "scaling", json!({ "maxInstanceCount": 100 }));
    let containers = template["containers"].as_array_mut();
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
    fill(container, "ports", || json!([{ "name": "http1", "containerPort": 8080 }]));
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
    let unsaid = access.get("egress").is_none_or(|egress| egress == "VPC_EGRESS_UNSPECIFIED");
    if engine.rule(&EGRESS_DEFAULT, unsaid) {
        access["egress"] = json!("PRIVATE_RANGES_ONLY");
    }
    for interface in access["networkInterfaces"].as_array_mut().into_iter().flatten() {
        if !engine.rule(&INTERFACE_DEFAULTS, true) {
            continue;
        }
        // A subnetwork that was not named is the one with its network's name.
        if let Some(network) = interface["network"].as_str().map(|it| name_of(it).to_owned()) {
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
        .within(crate::call::Api::Compute, "projects/")
        .find(|(path, _)| path.ends_with(&ends))
        .and_then(|(_, value)| value["network"].as_str())
        .map_or(name, name_of)
        .to_owned()
}

/// Gives a document's service a container if it has none.
pub(super) fn complete_document(engine: &Engine, service: &mut Value) {
    let image = json!([{ "image": "us-docker.pkg.dev/cloudrun/container/hello" }]);
    fill(service, "template", || json!({}));
    default(engine, &DOCUMENT_IMAGE, &mut service["template"], "containers", image);
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{
        CONNECTOR_NAME, CONTAINER_DEFAULTS, CONTAINERS, DOCUMENT_IMAGE, EGRESS_DEFAULT,
        INTERFACE_DEFAULTS, MAX_INSTANCES, ONE_EGRESS, ONE_INTERFACE, RESERVED_ANNOTATIONS,
        SERVICE_DEFAULTS, TEMPLATE_DEFAULTS, TRAFFIC_DEFAULT, TRAFFIC_REVISION, TRAFFIC_SUM,
    };
    use crate::rules::Rule;
    use crate::run::tests::{S, create, get, patch, plain, with};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        let refused = |rule: &'static Rule, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| create(bench, body.clone()))
        };
        let shown = |rule: &'static Rule, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| {
                create(bench, body.clone());
                get(bench)
            })
        };
        let top = |field: &str, value: Value| {
            let mut service = plain();
            service[field] = value;
            service
        };
        let two = json!([{ "network": "n" }, { "network": "m" }]);
        let revision = json!([{
            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "s-00009-x", "percent": 100,
        }]);
        vec![
            refused(&CONTAINERS, json!({ "template": {} })),
            refused(&ONE_EGRESS, with("vpcAccess", json!({ "egress": "ALL_TRAFFIC" }))),
            refused(&ONE_INTERFACE, with("vpcAccess", json!({ "networkInterfaces": two }))),
            refused(
                &CONNECTOR_NAME,
                with("vpcAccess", json!({ "connector": "projects/p/locations/us-west1/connectors/c" })),
            ),
            refused(&RESERVED_ANNOTATIONS, top("annotations", json!({ "run.googleapis.com/x": "y" }))),
            refused(&TRAFFIC_SUM, top("traffic", json!([{ "type": 1, "percent": 90 }]))),
            refused(&TRAFFIC_REVISION, top("traffic", revision)),
            shown(&SERVICE_DEFAULTS, plain()),
            shown(&TRAFFIC_DEFAULT, plain()),
            shown(&TEMPLATE_DEFAULTS, plain()),
            shown(&CONTAINER_DEFAULTS, plain()),
            shown(&MAX_INSTANCES, plain()),
            shown(&EGRESS_DEFAULT, with("vpcAccess", json!({ "connector": "c" }))),
            shown(
                &INTERFACE_DEFAULTS,
                with("vpcAccess", json!({ "networkInterfaces": [{ "network": "n" }] })),
            ),
            Provocation::new(&DOCUMENT_IMAGE, |bench| {
                bench.document(json!({ "run": { "projects/p/locations/us-east1/services/s": {} } }));
                bench.ask("GET", S, Value::Null)
            }),
        ]
    }

    #[test]
    fn egress_alone_is_refused_in_googles_words() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let body = json!({ "template": { "vpcAccess": { "egress": "ALL_TRAFFIC" } } });
        let refused = patch(&mut bench, "template.vpcAccess", body);
        let text = "Violation in UpdateServiceRequest.service.template.vpc_access.connector: one and \
                    only one of connector and network_interfaces must be set.";
        assert_eq!(refused["error"]["message"], text);
        let details = &refused["error"]["details"][0];
        assert_eq!(details["@type"], "type.googleapis.com/google.rpc.BadRequest");
    }

    #[test]
    fn a_template_looks_as_it_was_recorded() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let template = &get(&mut bench)["template"];
        assert_eq!((&template["timeout"], &template["maxInstanceRequestConcurrency"]), (&json!("300s"), &json!(80)));
        let container = &template["containers"][0];
        assert_eq!(container["resources"]["limits"], json!({ "cpu": "1000m", "memory": "512Mi" }));
        assert_eq!(container["ports"], json!([{ "name": "http1", "containerPort": 8080 }]));
        assert_eq!(container["startupProbe"]["tcpSocket"]["port"], 8080);
    }
}
