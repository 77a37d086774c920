//! What Cloud Run reports of a service: whether its revisions are ready, where traffic goes, its URLs.

use serde_json::{Value, json};

use crate::call::Api;
use crate::clock;
use crate::compute::{name_of, project_of};
use crate::engine::Engine;
use crate::identity;
use crate::rpc;
use crate::rules::Rule;

static NO_CONNECTOR: Rule = Rule::documented(
    "run.revision.connector-missing",
    "docs/reference/google-cloud.md#run-revision-readiness",
    "A revision whose connector does not exist does not become ready.",
);
static CONNECTOR_DOWN: Rule = Rule::guessed(
    "run.revision.connector-not-ready",
    "docs/reference/google-cloud.md#run-revision-readiness",
    "A revision whose connector is not READY (or UPDATING) does not become ready.",
);
static NO_NETWORK: Rule = Rule::documented(
    "run.revision.network-missing",
    "docs/reference/google-cloud.md#run-revision-readiness",
    "A revision whose network or subnetwork does not exist does not become ready.",
);
static FAILING_IMAGE: Rule = Rule::invented(
    "run.revision.failing-image",
    "The image gcr.io/emulator/fails never starts, nor does a container with the variable FAIL.",
);
static NO_URI: Rule = Rule::documented(
    "run.service.uri.disabled",
    "docs/reference/google-cloud.md#run-default-url",
    "With defaultUriDisabled there is neither uri nor urls.",
);
static LONG_LABEL: Rule = Rule::documented(
    "run.service.uri.long-label",
    "docs/reference/google-cloud.md#run-default-url",
    "There is no deterministic URL if its first label would be longer than 63 characters.",
);

pub(super) static RULES: &[&Rule] = &[
    &NO_CONNECTOR,
    &CONNECTOR_DOWN,
    &NO_NETWORK,
    &FAILING_IMAGE,
    &NO_URI,
    &LONG_LABEL,
];

/// The image that never starts.
const FAILS: &str = "gcr.io/emulator/fails";

/// Why a revision with this configuration cannot serve, if so. `path` is the service's.
pub(super) fn why_not_ready(engine: &Engine, path: &str, configuration: &Value) -> Option<String> {
    egress_fault(engine, path, configuration).or_else(|| container_fault(engine, configuration))
}

/// Why the way out of a service or job with this configuration cannot be used, if so.
pub(super) fn egress_fault(engine: &Engine, path: &str, configuration: &Value) -> Option<String> {
    let access = &configuration["vpcAccess"];
    let connector = access["connector"].as_str().filter(|name| !name.is_empty());
    connector
        .and_then(|connector| connector_fault(engine, path, connector))
        .or_else(|| network_fault(engine, path, &access["networkInterfaces"][0]))
}

fn connector_fault(engine: &Engine, path: &str, connector: &str) -> Option<String> {
    let location = rpc::location_of(path);
    let project = project_of(path);
    let by_number = format!("projects/{}/", engine.project_number(project));
    let connector = match connector.strip_prefix(&by_number) {
        Some(rest) => format!("projects/{project}/{rest}"),
        None if connector.contains('/') => connector.to_owned(),
        None => format!("{location}/connectors/{connector}"),
    };
    let Some(found) = engine.store.get(Api::VpcAccess, &connector) else {
        return engine.rule(&NO_CONNECTOR, true).then(|| {
            format!(
                "VPC connector {connector} does not exist, or Cloud Run does not have permission to \
                 use it."
            )
        });
    };
    let up = found["state"] == "READY" || found["state"] == "UPDATING";
    let state = found["state"].as_str().unwrap_or_default();
    engine
        .rule(&CONNECTOR_DOWN, !up)
        .then(|| format!("VPC connector {connector} is not ready: its state is {state}."))
}

fn network_fault(engine: &Engine, path: &str, interface: &Value) -> Option<String> {
    let region = path.split('/').nth(3).unwrap_or_default();
    let full = |reference: &str, scope: &str| match reference.find("projects/") {
        Some(start) => reference[start..].to_owned(),
        None => format!("projects/{}/{scope}/{reference}", project_of(path)),
    };
    let network = interface["network"]
        .as_str()
        .map(|it| full(it, "global/networks"));
    let scope = format!("regions/{region}/subnetworks");
    let subnetwork = interface["subnetwork"].as_str().map(|it| full(it, &scope));
    let missing = [network, subnetwork]
        .into_iter()
        .flatten()
        .find(|it| engine.store.get(Api::Compute, it).is_none());
    engine.rule(&NO_NETWORK, missing.is_some()).then(|| {
        let missing = missing.unwrap_or_default();
        format!("VPC network resource {missing} does not exist, or Cloud Run may not use it.")
    })
}

fn container_fault(engine: &Engine, configuration: &Value) -> Option<String> {
    let containers = configuration["containers"].as_array()?;
    let fails = |container: &Value| {
        let image = container["image"].as_str().unwrap_or_default();
        let set = container["env"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|it| it["name"] == "FAIL");
        set || image == FAILS
            || image
                .strip_prefix(FAILS)
                .is_some_and(|it| it.starts_with([':', '@']))
    };
    engine.rule(&FAILING_IMAGE, containers.iter().any(fails)).then(|| {
        "The user-provided container failed to start and listen on the port defined provided by the \
         PORT=8080 environment variable within the allocated timeout. This can happen when the \
         container port is misconfigured or if the timeout is too short."
            .to_owned()
    })
}

/// One condition; `Err` holds the message of a failure.
pub(super) fn condition(engine: &Engine, of: &str, state: &Result<bool, String>) -> Value {
    let time = clock::utc_time(engine.clock.now());
    let mut condition = json!({ "type": of, "lastTransitionTime": time });
    condition["state"] = json!(match state {
        Ok(true) => "CONDITION_SUCCEEDED",
        Ok(false) => "CONDITION_PENDING",
        Err(_) => "CONDITION_FAILED",
    });
    if let Err(message) = state {
        condition["message"] = json!(message);
        condition["severity"] = json!("ERROR");
    }
    condition
}

/// Writes the conditions of a service; `state` is as in [`condition`].
pub(super) fn set_conditions(engine: &Engine, service: &mut Value, state: &Result<bool, String>) {
    let mut terminal = condition(engine, "Ready", state);
    if state.is_err() {
        terminal["reason"] = json!("REVISION_FAILED");
    }
    // A revision that fails leaves the routes to the revisions before it as they are.
    let routed = state
        .as_ref()
        .map_or(service["latestReadyRevision"].is_string(), |ready| *ready);
    service["terminalCondition"] = terminal;
    service["conditions"] = json!([
        condition(engine, "RoutesReady", &Ok(routed)),
        condition(engine, "ConfigurationsReady", state),
    ]);
}

/// Writes where traffic goes and the URLs.
pub(super) fn set_addresses(engine: &Engine, path: &str, service: &mut Value) {
    let urls = urls(engine, path);
    let disabled = engine.rule(&NO_URI, service["defaultUriDisabled"] == true);
    if let Some(fields) = service.as_object_mut() {
        fields.remove("uri");
        fields.remove("urls");
    }
    if !disabled {
        service["uri"] = json!(urls[0]);
        service["urls"] = json!(urls);
    }
    let targets = service["traffic"].as_array().cloned().unwrap_or_default();
    let statuses: Vec<Value> = targets
        .into_iter()
        .map(|mut target| {
            if let Some(tag) = target["tag"].as_str() {
                target["uri"] = json!(urls[0].replace("https://", &format!("https://{tag}---")));
            }
            target
        })
        .collect();
    service["trafficStatuses"] = json!(statuses);
}

/// The deterministic URL, if its label is not too long, and the one with a hash.
fn urls(engine: &Engine, path: &str) -> Vec<String> {
    let (project, service) = (project_of(path), name_of(path));
    let region = path.split('/').nth(3).unwrap_or_default();
    let label = format!("{service}-{}", engine.project_number(project));
    let long = engine.rule(&LONG_LABEL, label.len() > 63);
    let hash = identity::letters(&["run url", project], 10);
    let short: String = region
        .split('-')
        .filter_map(|word| word.chars().next())
        .collect();
    let mut urls = vec![format!("https://{service}-{hash}-{short}.a.run.app")];
    if !long {
        urls.insert(0, format!("https://{label}.{region}.run.app"));
    }
    urls
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{CONNECTOR_DOWN, FAILING_IMAGE, LONG_LABEL, NO_CONNECTOR, NO_NETWORK, NO_URI};
    use crate::run::tests::{SERVICES, create, get, patch, plain, with};
    use crate::testing::{Bench, Provocation};

    fn failing() -> Value {
        json!({ "template": { "containers": [{ "image": "gcr.io/emulator/fails" }] } })
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let connector = with("vpcAccess", json!({ "connector": "c" }));
        let interface = with(
            "vpcAccess",
            json!({ "networkInterfaces": [{ "network": "n" }] }),
        );
        let attached = connector.clone();
        vec![
            Provocation::new(&NO_CONNECTOR, move |bench| create(bench, connector.clone())),
            Provocation::new(&CONNECTOR_DOWN, move |bench| {
                let path = "projects/p/locations/us-east1/connectors/c";
                bench.document(json!({ "vpcaccess": { path: { "state": "ERROR" } } }));
                create(bench, attached.clone())
            }),
            Provocation::new(&NO_NETWORK, move |bench| create(bench, interface.clone())),
            Provocation::new(&FAILING_IMAGE, |bench| create(bench, failing())),
            Provocation::new(&NO_URI, |bench| {
                let mut service = plain();
                service["defaultUriDisabled"] = json!(true);
                create(bench, service)
            }),
            Provocation::new(&LONG_LABEL, |bench| {
                // A project's own number may have any length in a document.
                bench.document(json!({ "projects": { "p": { "number": "1".repeat(63) } } }));
                create(bench, plain())
            }),
        ]
    }

    #[test]
    fn a_revision_that_fails_leaves_the_one_before_serving() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let before = get(&mut bench);
        let ended = patch(&mut bench, "template.containers", failing());
        assert_eq!(ended["error"]["code"], 9);
        let after = get(&mut bench);
        assert_eq!(after["latestReadyRevision"], before["latestReadyRevision"]);
        assert_ne!(
            after["latestCreatedRevision"],
            before["latestCreatedRevision"]
        );
        assert_eq!(after["terminalCondition"]["state"], "CONDITION_FAILED");
        assert_eq!(after.get("reconciling"), None);
        let revision = after["latestCreatedRevision"].as_str().unwrap_or_default();
        let revision = bench.ok("GET", &format!("/v2/{revision}"), Value::Null);
        assert_eq!(revision["conditions"][0]["state"], "CONDITION_FAILED");
    }

    #[test]
    fn a_service_has_two_urls() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let service = get(&mut bench);
        let urls = service["urls"].as_array().cloned().unwrap_or_default();
        assert_eq!((urls.len(), &urls[0]), (2, &service["uri"]));
        assert!(bench.ok("GET", SERVICES, Value::Null)["services"].is_array());
    }
}
