//! How a service is written: whether that makes a revision, what is stamped on it, and how it comes up.

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::compute::{fill, name_of};
use crate::engine::{Answer, Engine};
use crate::identity;
use crate::operations::{Effect, Failure, Outcome};
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rpc;
use crate::rules::Rule;
use crate::run::{defaults, revisions, status, template};

static REVISION_CLASH: Rule = Rule::guessed(
    "run.service.revision.clash",
    "docs/reference/google-cloud.md#run-revision-name; reported",
    "A template that names an existing revision and differs from it is refused.",
);
static REVISION_NAME: Rule = Rule::documented(
    "run.service.revision.name",
    "docs/reference/google-cloud.md#run-revision-name",
    "A revision's name begins with its service's name and a hyphen.",
);
static NO_REVISION: Rule = Rule::guessed(
    "run.service.revision.only-for-templates",
    "docs/reference/google-cloud.md#run-revision-per-template",
    "A change outside the template makes no revision, nor does clearing the revision's name alone.",
);
static RECONCILING: Rule = Rule::documented(
    "run.service.reconciling",
    "docs/reference/google-cloud.md#run-reconciling",
    "A service is reconciling, and its condition pending, until its operation is done.",
);

pub(super) static RULES: &[&Rule] = &[&REVISION_CLASH, &REVISION_NAME, &NO_REVISION, &RECONCILING];

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
    let changed = before != Some(&service);
    let revision = new_revision(engine, path, before, &service)?;
    let generation = generation(before) + u64::from(changed);
    stamp(engine, path, generation, &mut service);
    if call.flag("validateOnly") {
        return Ok(dry_run(path, &service));
    }
    let name = match revision {
        NewRevision::None => None,
        NewRevision::Named(name) => Some(name),
        NewRevision::Automatic => Some(automatic_name(engine, path, generation)),
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

/// The answer to a request that only wants to know whether it would be accepted.
fn dry_run(path: &str, service: &Value) -> Value {
    let name = format!("{}/operations/validate-only", rpc::location_of(path));
    let service = typed(service);
    json!({ "name": name, "metadata": service, "done": true, "response": service })
}

/// Whether a write makes a revision.
enum NewRevision {
    None,
    /// With the name that the template gives it.
    Named(String),
    Automatic,
}

fn new_revision(
    engine: &Engine,
    path: &str,
    before: Option<&Value>,
    service: &Value,
) -> Result<NewRevision, Refusal> {
    let configuration = revisions::configuration(&service["template"]);
    let same =
        before.is_some_and(|before| revisions::configuration(&before["template"]) == configuration);
    let same = engine.rule(&NO_REVISION, same);
    let Some(name) = service["template"]["revision"]
        .as_str()
        .filter(|name| !name.is_empty())
    else {
        return Ok(if same {
            NewRevision::None
        } else {
            NewRevision::Automatic
        });
    };
    let fits = name
        .strip_prefix(name_of(path))
        .is_some_and(|rest| rest.starts_with('-'));
    engine.refuse_if(&REVISION_NAME, !fits, || {
        let text = format!("Revision name '{name}' must be prefixed by the name of its service.");
        ErrorAnswer::code(Code::InvalidArgument, text)
    })?;
    let existing = engine
        .store
        .any(Api::Run, &format!("{path}/revisions/{name}"));
    let clash = existing.is_some_and(|existing| {
        let fields = configuration.as_object();
        fields
            .into_iter()
            .flatten()
            .any(|(field, value)| existing[field] != *value)
    });
    engine.refuse_if(&REVISION_CLASH, clash, || {
        let text = format!("Revision named '{name}' with different configuration already exists.");
        ErrorAnswer::code(Code::AlreadyExists, text)
    })?;
    Ok(match existing {
        Some(_) => NewRevision::None,
        None => NewRevision::Named(name.to_owned()),
    })
}

/// Such as `orders-00002-kwc`.
fn automatic_name(engine: &mut Engine, path: &str, generation: u64) -> String {
    let made = engine.next();
    let end = identity::letters(&["revision", path, &made], 3);
    format!("{}-{generation:05}-{end}", name_of(path))
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
            let name = named.unwrap_or_else(|| automatic_name(engine, path, given));
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

    use super::{NO_REVISION, RECONCILING, REVISION_CLASH, REVISION_NAME};
    use crate::run::tests::{S, SERVICES, create, get, patch, plain, with};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![
            Provocation::new(&REVISION_NAME, |bench| {
                create(bench, with("revision", json!("other")))
            }),
            Provocation::new(&REVISION_CLASH, |bench| {
                create(bench, with("revision", json!("s-one")));
                patch(
                    bench,
                    "template.timeout",
                    json!({ "template": { "timeout": "60s" } }),
                )
            }),
            Provocation::new(&NO_REVISION, |bench| {
                create(bench, plain());
                patch(bench, "annotations", json!({ "annotations": { "a": "b" } }));
                get(bench)["latestCreatedRevision"].clone()
            }),
            Provocation::new(&RECONCILING, |bench| {
                bench.engine.latency = Duration::from_secs(1);
                bench.ok("POST", &format!("{SERVICES}?serviceId=s"), plain());
                get(bench)
            }),
        ]
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
    fn only_a_template_change_makes_a_revision() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let first = get(&mut bench)["latestCreatedRevision"].clone();
        let internal = json!({ "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY" });
        patch(&mut bench, "ingress", internal);
        let second = get(&mut bench);
        assert_eq!(
            (&second["latestCreatedRevision"], &second["generation"]),
            (&first, &json!("2"))
        );
        patch(
            &mut bench,
            "template.timeout",
            json!({ "template": { "timeout": "60s" } }),
        );
        let third = get(&mut bench);
        assert!(
            third["latestCreatedRevision"]
                .as_str()
                .is_some_and(|it| it.contains("/s-00003-"))
        );
    }

    #[test]
    fn a_mask_that_clears_the_revision_name_avoids_the_clash() {
        let mut bench = Bench::new();
        create(&mut bench, with("revision", json!("s-one")));
        let body = json!({ "template": { "timeout": "60s" } });
        let clash = patch(&mut bench, "template.timeout", body.clone());
        let text = "Revision named 's-one' with different configuration already exists.";
        assert_eq!(
            (&clash["error"]["code"], &clash["error"]["message"]),
            (&json!(409), &json!(text))
        );
        let ended = patch(&mut bench, "template.timeout,template.revision", body);
        assert_eq!(ended["done"], true);
        assert_eq!(get(&mut bench)["template"].get("revision"), None);
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
