//! How a service is written: whether that makes a revision, what is stamped on it, and how it comes up.

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::compute::{fill, name_of};
use crate::engine::{Answer, Engine};
use crate::identity;
use crate::operations::{Effect, Failure, Outcome};
use crate::refusal::Code;
use crate::rpc;
use crate::rules::Rule;
use crate::run::new_revision::{self, Change, NewRevision};
use crate::run::{defaults, revisions, status, template};

static RECONCILING: Rule = Rule::documented(
    "run.service.reconciling",
    "docs/reference/google-cloud.md#run-reconciling",
    "A service is reconciling, and its condition pending, until its operation is done.",
);

pub(super) static RULES: &[&Rule] = &[&RECONCILING];

/// A service as operations show it.
pub(super) fn typed(service: &Value) -> Value {
    rpc::typed("google.cloud.run.v2.Service", service)
}

/// Begins to make `service`, at `path`, out of what was there before.
pub(super) fn write(
    engine: &mut Engine,
    call: &Call,
    path: &str,
    before: Option<&Value>,
    mut service: Value,
) -> Answer {
    template::check(engine, call, path, before, &service)?;
    defaults::complete(engine, path, &mut service);
    let change = Change {
        before,
        after: &service,
        forced: call.flag("forceNewRevision"),
    };
    let revision = new_revision::of(engine, path, &change)?;
    let changed = before != Some(&service) || revision != NewRevision::None;
    let generation = generation(before) + u64::from(changed);
    stamp(engine, path, generation, &mut service);
    if call.flag("validateOnly") {
        return Ok(rpc::dry_run(path, &typed(&service)));
    }
    let name = match revision {
        NewRevision::None => None,
        NewRevision::Named(name) => Some(name),
        NewRevision::Automatic => Some(new_revision::automatic_name(engine, path, generation)),
    };
    let revision = name.map(|name| format!("{path}/revisions/{name}"));
    if let Some(revision) = &revision {
        let value = revisions::of_service(engine, revision, &service);
        engine.store.put(Api::Run, revision, value);
        service["latestCreatedRevision"] = json!(revision);
    }
    status::set_addresses(engine, path, &mut service);
    if engine.rule(&RECONCILING, true) {
        service["reconciling"] = json!(true);
        status::set_conditions(engine, &mut service, &Ok(false));
    }
    let metadata = typed(&service);
    engine.store.put(Api::Run, path, service);
    let target = path.to_owned();
    let effect: Effect = Box::new(move |engine, imposed| {
        come_up(engine, &target, generation, revision.as_deref(), imposed)
    });
    Ok(rpc::begin(engine, call, path, &metadata, effect))
}

fn generation(before: Option<&Value>) -> u64 {
    before
        .and_then(|service| service["generation"].as_str())
        .and_then(|generation| generation.parse().ok())
        .unwrap_or(0)
}

/// What a write puts on a service besides its own fields.
fn stamp(engine: &mut Engine, path: &str, generation: u64, service: &mut Value) {
    let time = clock::utc_time(engine.clock.now());
    let made = engine.next();
    service["name"] = json!(path);
    fill(service, "uid", || {
        json!(identity::uuid(&["uid", path, &made]))
    });
    fill(service, "createTime", || json!(time));
    fill(service, "creator", || json!("user@example.com"));
    service["updateTime"] = json!(time);
    service["lastModifier"] = json!("user@example.com");
    service["generation"] = json!(generation.to_string());
    service["etag"] = json!(identity::etag(&[path, &made, &time]));
}

/// The end of a write's operation: the revision is ready or not, and the service with it.
fn come_up(
    engine: &mut Engine,
    path: &str,
    generation: u64,
    revision: Option<&str>,
    imposed: Option<Failure>,
) -> Outcome {
    let imposed_text = imposed.as_ref().map(|failure| failure.message.clone());
    if let Some(revision) = revision {
        let found = engine
            .store
            .get(Api::Run, revision)
            .cloned()
            .unwrap_or_default();
        let why = imposed_text.or_else(|| status::why_not_ready(engine, path, &found));
        revisions::set_ready(engine, revision, why);
    }
    let Some(mut service) = engine.store.get(Api::Run, path).cloned() else {
        return rpc::overtaken(engine, "service");
    };
    settle(engine, path, &mut service);
    service["observedGeneration"] = json!(generation.to_string());
    if service["generation"] == service["observedGeneration"]
        && let Some(fields) = service.as_object_mut()
    {
        fields.remove("reconciling");
    }
    let failed = revision.and_then(|_| service["terminalCondition"]["message"].as_str());
    let failed = failed.map(|text| Failure::code(Code::FailedPrecondition, text));
    let shown = typed(&service);
    engine.store.put(Api::Run, path, service);
    let result = match imposed.or(failed) {
        Some(failure) => Err(failure),
        None => Ok(shown.clone()),
    };
    Outcome {
        metadata: Some(shown),
        result,
    }
}

/// Brings a service's status in line with its latest revision.
fn settle(engine: &Engine, path: &str, service: &mut Value) {
    let latest = service["latestCreatedRevision"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let found = engine.store.get(Api::Run, &latest);
    let failure = found.and_then(revisions::failure).map(|why| {
        let name = name_of(&latest);
        format!("Revision '{name}' is not ready and cannot serve traffic. {why}")
    });
    if failure.is_none() {
        service["latestReadyRevision"] = json!(latest);
    }
    status::set_conditions(engine, service, &failure.map_or(Ok(true), Err));
    status::set_addresses(engine, path, service);
}

/// Completes a service of a state document, with a revision if it names none.
pub(super) fn complete(engine: &mut Engine, path: &str, mut service: Value) -> Value {
    if service.get("uid").is_some() {
        return service;
    }
    defaults::complete_document(engine, &mut service);
    defaults::complete(engine, path, &mut service);
    let given = generation(Some(&service)).max(1);
    stamp(engine, path, given, &mut service);
    if service.get("latestCreatedRevision").is_none() {
        let latest = latest_given(engine, path).unwrap_or_else(|| {
            let named = service["template"]["revision"].as_str().map(str::to_owned);
            let name = named.unwrap_or_else(|| new_revision::automatic_name(engine, path, given));
            let revision = format!("{path}/revisions/{name}");
            let mut value = revisions::of_service(engine, &revision, &service);
            let why = status::why_not_ready(engine, path, &value);
            revisions::note_readiness(engine, &mut value, why);
            engine.store.put(Api::Run, &revision, value);
            revision
        });
        service["latestCreatedRevision"] = json!(latest);
    }
    service["observedGeneration"] = service["generation"].clone();
    let ready = service.get("latestReadyRevision").cloned();
    settle(engine, path, &mut service);
    if let Some(ready) = ready {
        service["latestReadyRevision"] = ready;
    }
    service
}

/// The last revision that a document gives a service.
fn latest_given(engine: &Engine, path: &str) -> Option<String> {
    let prefix = format!("{path}/revisions/");
    engine
        .store
        .within(Api::Run, &prefix)
        .last()
        .map(|(path, _)| path.to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::RECONCILING;
    use crate::run::tests::{S, SERVICES, get, plain};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![Provocation::new(&RECONCILING, |bench| {
            bench.engine.latency = Duration::from_secs(1);
            bench.ok("POST", &format!("{SERVICES}?serviceId=s"), plain());
            get(bench)
        })]
    }

    #[test]
    fn a_service_is_pending_first_and_then_ready() {
        let mut bench = Bench::with_latency(Duration::from_secs(1));
        let begun = bench.ok("POST", &format!("{SERVICES}?serviceId=s"), plain());
        assert_eq!(
            (begun.get("done"), &begun["metadata"]["reconciling"]),
            (None, &json!(true))
        );
        assert_eq!(
            begun["metadata"]["terminalCondition"]["state"],
            "CONDITION_PENDING"
        );
        assert_eq!(get(&mut bench).get("latestReadyRevision"), None);
        bench.pass(Duration::from_secs(1));
        let service = get(&mut bench);
        assert_eq!(service["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
        assert_eq!(
            service["latestReadyRevision"],
            service["latestCreatedRevision"]
        );
        assert_eq!(
            (&service["generation"], &service["observedGeneration"]),
            (&json!("1"), &json!("1"))
        );
    }

    #[test]
    fn a_hand_written_service_gets_a_ready_revision() {
        let mut bench = Bench::new();
        bench.document(json!({ "run": { "projects/p/locations/us-east1/services/s": {} } }));
        let service = bench.ok("GET", S, Value::Null);
        let revision = service["latestReadyRevision"].as_str().unwrap_or_default();
        let revision = bench.ok("GET", &format!("/v2/{revision}"), Value::Null);
        assert_eq!(revision["conditions"][0]["state"], "CONDITION_SUCCEEDED");
    }
}
