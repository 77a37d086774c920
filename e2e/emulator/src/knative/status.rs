//! What Knative objects report of themselves. Clients wait for it: a service is ready when its
//! `observedGeneration` is its `generation` and its three conditions are `True`.

use serde_json::{Value, json};

use crate::compute::name_of;
use crate::engine::Engine;
use crate::knative::put;
use crate::rules::Rule;
use crate::run::revisions;

static CONDITIONS: Rule = Rule::documented(
    "run.v1.conditions",
    "docs/reference/google-cloud.md#run-v1",
    "A service reports Ready, ConfigurationsReady and RoutesReady as True, False or Unknown; a job Ready alone.",
);
static OBSERVED: Rule = Rule::documented(
    "run.v1.observed-generation",
    "docs/reference/google-cloud.md#run-v1",
    "status.observedGeneration is the generation that the conditions are about.",
);

static ACTIVE: Rule = Rule::guessed(
    "run.v1.revision.active",
    "docs/reference/google-cloud.md#run-v1; when it is False is unrecorded",
    "A revision reports Active, which is True while it serves.",
);

pub(super) static RULES: &[&Rule] = &[&CONDITIONS, &OBSERVED, &ACTIVE];

/// The status of a service of version 2.
pub(super) fn of_service(engine: &Engine, service: &Value) -> Value {
    let mut status = json!({});
    let latest = ["latestCreatedRevision", "latestReadyRevision"];
    for (field, shown) in latest
        .into_iter()
        .zip(["latestCreatedRevisionName", "latestReadyRevisionName"])
    {
        put(
            &mut status,
            shown,
            service[field]
                .as_str()
                .map_or(Value::Null, |path| json!(name_of(path))),
        );
    }
    observe(engine, service, &mut status);
    if engine.rule(&CONDITIONS, true) {
        let others = service["conditions"].as_array().into_iter().flatten();
        let mut conditions: Vec<Value> = others.map(condition).collect();
        conditions.sort_by_key(|condition| condition["type"].to_string());
        conditions.insert(0, condition(&service["terminalCondition"]));
        status["conditions"] = json!(conditions);
    }
    let ready = status["latestReadyRevisionName"].clone();
    let targets = service["trafficStatuses"].as_array().into_iter().flatten();
    let routed = targets.map(|target| {
        let mut shown = traffic(target);
        if shown["latestRevision"] == true {
            put(&mut shown, "revisionName", ready.clone());
        }
        put(&mut shown, "url", target["uri"].clone());
        shown
    });
    // Before the first revision is ready there is nowhere to send traffic to.
    if !ready.is_null() {
        put(&mut status, "traffic", routed.collect());
    }
    if let Some(url) = service["uri"].as_str() {
        status["url"] = json!(url);
        status["address"] = json!({ "url": url });
    }
    status
}

/// The status of a job of version 2.
pub(super) fn of_job(engine: &Engine, job: &Value) -> Value {
    let mut status = json!({});
    observe(engine, job, &mut status);
    if engine.rule(&CONDITIONS, true) {
        let mut ready = condition(&job["terminalCondition"]);
        // Version 2 does not name it until the job was ready once.
        ready["type"] = json!("Ready");
        status["conditions"] = json!([ready]);
    }
    put(&mut status, "executionCount", job["executionCount"].clone());
    let latest = &job["latestCreatedExecution"];
    let mut execution = json!({});
    for (field, shown) in [
        ("name", "name"),
        ("createTime", "creationTimestamp"),
        ("completionTime", "completionTimestamp"),
    ] {
        put(&mut execution, shown, latest[field].clone());
    }
    put(&mut status, "latestCreatedExecution", execution);
    status
}

/// The status of the revision of version 2 at `path`.
pub(super) fn of_revision(engine: &Engine, path: &str, revision: &Value) -> Value {
    let mut status = json!({});
    observe(engine, revision, &mut status);
    let conditions = revision["conditions"].as_array().into_iter().flatten();
    let mut conditions: Vec<Value> = conditions.map(condition).collect();
    if engine.rule(&ACTIVE, true) {
        let active = if revisions::serves(engine, path) {
            "True"
        } else {
            "False"
        };
        conditions.push(json!({ "type": "Active", "status": active, "severity": "Info" }));
    }
    put(&mut status, "conditions", Value::Array(conditions));
    put(&mut status, "logUrl", revision["logUri"].clone());
    status
}

fn observe(engine: &Engine, object: &Value, status: &mut Value) {
    let observed = number(&object["observedGeneration"]);
    if let Some(observed) = observed.filter(|_| engine.rule(&OBSERVED, true)) {
        status["observedGeneration"] = json!(observed);
    }
}

/// A 64-bit number, which version 2 writes as a string.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// `CONDITION_SUCCEEDED` becomes `True`, `REVISION_FAILED` becomes `RevisionFailed`.
fn condition(condition: &Value) -> Value {
    let status = match condition["state"].as_str() {
        Some("CONDITION_SUCCEEDED") => "True",
        Some("CONDITION_FAILED") => "False",
        Some(_) | None => "Unknown",
    };
    let mut shown = json!({ "type": condition["type"], "status": status });
    for field in ["message", "lastTransitionTime"] {
        put(&mut shown, field, condition[field].clone());
    }
    if let Some(reason) = condition["reason"].as_str() {
        shown["reason"] = json!(reason.split('_').map(capitalised).collect::<String>());
    }
    shown
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next();
    first
        .into_iter()
        .chain(letters.flat_map(char::to_lowercase))
        .collect()
}

/// A traffic target without its URL.
pub(super) fn traffic(target: &Value) -> Value {
    let mut shown = json!({});
    for (field, name) in [
        ("percent", "percent"),
        ("tag", "tag"),
        ("revision", "revisionName"),
    ] {
        put(&mut shown, name, target[field].clone());
    }
    if target.get("revision").is_none() {
        shown["latestRevision"] = json!(true);
    }
    shown
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{ACTIVE, CONDITIONS, OBSERVED};
    use crate::knative::tests::{S, SERVICES, create, get};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        let shown = |rule| {
            Provocation::new(rule, |bench: &mut Bench| {
                create(bench);
                get(bench)
            })
        };
        let active = Provocation::new(&ACTIVE, |bench: &mut Bench| {
            create(bench);
            bench.ask(
                "GET",
                &SERVICES.replace("/services", "/revisions"),
                Value::Null,
            )
        });
        let job = Provocation::new(&CONDITIONS, |bench: &mut Bench| {
            bench.document(json!({ "run": { "projects/p/locations/us-east1/jobs/j": {} } }));
            let jobs = "/apis/run.googleapis.com/v1/namespaces/p/jobs";
            let host = "http://us-east1-run.googleapis.com";
            bench.ok("GET", &format!("{host}{jobs}/j"), Value::Null)
        });
        vec![shown(&CONDITIONS), shown(&OBSERVED), active, job]
    }

    /// The types and states of the conditions, in order.
    fn conditions(service: &Value) -> Vec<String> {
        let conditions = service["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten();
        conditions
            .filter_map(|it| {
                Some(format!(
                    "{} {}",
                    it["type"].as_str()?,
                    it["status"].as_str()?
                ))
            })
            .collect()
    }

    #[test]
    fn a_service_is_unknown_first_and_then_ready() {
        let mut bench = Bench::with_latency(Duration::from_secs(1));
        let created = create(&mut bench);
        assert_eq!(conditions(&created)[0], "Ready Unknown");
        assert_eq!(created["status"].get("observedGeneration"), None);
        bench.pass(Duration::from_secs(1));
        let ready = get(&mut bench);
        assert_eq!(
            conditions(&ready),
            ["Ready True", "ConfigurationsReady True", "RoutesReady True"]
        );
        assert_eq!(
            ready["status"]["observedGeneration"],
            ready["metadata"]["generation"]
        );
        let traffic = &ready["status"]["traffic"][0];
        assert_eq!(
            traffic["revisionName"],
            ready["status"]["latestReadyRevisionName"]
        );
        assert_eq!(traffic["latestRevision"], true);
    }

    #[test]
    fn a_failed_revision_is_told_in_knatives_words() {
        let mut bench = Bench::new();
        create(&mut bench);
        let mut service = get(&mut bench);
        service["spec"]["template"]["spec"]["containers"][0]["image"] =
            json!("gcr.io/emulator/fails");
        bench.ok("PUT", S, service);
        let failed = get(&mut bench);
        assert_eq!(conditions(&failed)[0], "Ready False");
        assert_eq!(
            failed["status"]["conditions"][0]["reason"],
            "RevisionFailed"
        );
    }
}
