//! What the server adds to a service that the caller left out.

use serde_json::{Value, json};

use crate::call::Api;
use crate::compute::{default, fill, name_of, project_of};
use crate::engine::Engine;
use crate::rules::Rule;
use crate::run::containers;

static INGRESS: Rule = Rule::documented(
    "run.service.default.ingress",
    "docs/reference/google-cloud.md#run-defaults",
    "ingress is INGRESS_TRAFFIC_ALL.",
);
static LAUNCH_STAGE: Rule = Rule::documented(
    "run.service.default.launch-stage",
    "docs/reference/google-cloud.md#run-defaults",
    "launchStage is GA.",
);
static TRAFFIC: Rule = Rule::documented(
    "run.service.default.traffic",
    "docs/reference/google-cloud.md#run-defaults",
    "All traffic goes to the latest revision.",
);
static TIMEOUT: Rule = Rule::documented(
    "run.service.template.default.timeout",
    "docs/reference/google-cloud.md#run-defaults",
    "timeout is 300s.",
);
static ACCOUNT: Rule = Rule::documented(
    "run.service.template.default.service-account",
    "docs/reference/google-cloud.md#run-defaults",
    "The service account is the project's default one.",
);
static CONCURRENCY: Rule = Rule::documented(
    "run.service.template.default.concurrency",
    "docs/reference/google-cloud.md#run-defaults",
    "maxInstanceRequestConcurrency is 80.",
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
static INTERFACE_SUBNETWORK: Rule = Rule::documented(
    "run.service.vpc-access.default.subnetwork",
    "docs/reference/google-cloud.md#run-vpc-access",
    "An interface that names no subnetwork is in the one with its network's name.",
);
static INTERFACE_NETWORK: Rule = Rule::documented(
    "run.service.vpc-access.default.network",
    "docs/reference/google-cloud.md#run-vpc-access",
    "An interface that names no network is in the one that its subnetwork belongs to.",
);
static DOCUMENT_IMAGE: Rule = Rule::invented(
    "document.service.image",
    "A service that a state document gives without a container runs Google's hello image.",
);

pub(super) static RULES: &[&Rule] = &[
    &INGRESS,
    &LAUNCH_STAGE,
    &TRAFFIC,
    &TIMEOUT,
    &ACCOUNT,
    &CONCURRENCY,
    &MAX_INSTANCES,
    &EGRESS_DEFAULT,
    &INTERFACE_SUBNETWORK,
    &INTERFACE_NETWORK,
    &DOCUMENT_IMAGE,
];

const LATEST: &str = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";

/// Adds what a request left out.
pub(super) fn complete(engine: &Engine, path: &str, service: &mut Value) {
    let everyone = json!("INGRESS_TRAFFIC_ALL");
    default(engine, &INGRESS, service, "ingress", everyone);
    default(engine, &LAUNCH_STAGE, service, "launchStage", json!("GA"));
    let unrouted = service["traffic"].as_array().is_none_or(Vec::is_empty);
    if engine.rule(&TRAFFIC, unrouted) {
        service["traffic"] = json!([{ "type": LATEST, "percent": 100 }]);
    }
    let number = engine.project_number(project_of(path));
    let account = format!("{number}-compute@developer.gserviceaccount.com");
    let template = &mut service["template"];
    default(engine, &TIMEOUT, template, "timeout", json!("300s"));
    default(engine, &ACCOUNT, template, "serviceAccount", json!(account));
    default(
        engine,
        &CONCURRENCY,
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
    containers::complete(engine, template);
    if let Some(access) = template.get_mut("vpcAccess") {
        complete_vpc_access(engine, access);
    }
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
        if let Some(network) = interface["network"]
            .as_str()
            .map(|it| name_of(it).to_owned())
        {
            let network = json!(network);
            default(
                engine,
                &INTERFACE_SUBNETWORK,
                interface,
                "subnetwork",
                network,
            );
        } else if let Some(subnetwork) = interface["subnetwork"].as_str() {
            let network = json!(network_of(engine, subnetwork));
            default(engine, &INTERFACE_NETWORK, interface, "network", network);
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
        ACCOUNT, CONCURRENCY, DOCUMENT_IMAGE, EGRESS_DEFAULT, INGRESS, INTERFACE_NETWORK,
        INTERFACE_SUBNETWORK, LAUNCH_STAGE, MAX_INSTANCES, TIMEOUT, TRAFFIC,
    };
    use crate::rules::Rule;
    use crate::run::tests::{S, create, get, plain, with};
    use crate::testing::{Bench, Provocation};

    /// What a service looks like that was made with this body.
    pub(in crate::run) fn shown(rule: &'static Rule, body: Value) -> Provocation {
        Provocation::new(rule, move |bench: &mut Bench| {
            create(bench, body.clone());
            get(bench)
        })
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let plain = [
            &INGRESS,
            &LAUNCH_STAGE,
            &TRAFFIC,
            &TIMEOUT,
            &ACCOUNT,
            &CONCURRENCY,
            &MAX_INSTANCES,
        ]
        .map(|rule| shown(rule, plain()));
        let mut all = Vec::from(plain);
        all.extend([
            shown(
                &EGRESS_DEFAULT,
                with("vpcAccess", json!({ "connector": "c" })),
            ),
            shown(
                &INTERFACE_SUBNETWORK,
                with(
                    "vpcAccess",
                    json!({ "networkInterfaces": [{ "network": "n" }] }),
                ),
            ),
            shown(
                &INTERFACE_NETWORK,
                with(
                    "vpcAccess",
                    json!({ "networkInterfaces": [{ "subnetwork": "n" }] }),
                ),
            ),
            Provocation::new(&DOCUMENT_IMAGE, |bench| {
                bench
                    .document(json!({ "run": { "projects/p/locations/us-east1/services/s": {} } }));
                bench.ask("GET", S, Value::Null)
            }),
        ]);
        all
    }

    #[test]
    fn a_template_looks_as_it_was_reported() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let template = &get(&mut bench)["template"];
        assert_eq!(template["timeout"], "300s");
        assert_eq!(template["maxInstanceRequestConcurrency"], 80);
    }
}
