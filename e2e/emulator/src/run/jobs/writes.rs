//! How a job is written and deleted: what is stamped on it, and how it becomes ready.

use std::time::Duration;

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::clock;
use crate::compute::fill;
use crate::engine::{Answer, Engine};
use crate::identity;
use crate::operations::{Effect, Failure, Outcome};
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rpc;
use crate::rules::Rule;
use crate::run::jobs::defaults;
use crate::run::status;

static CONTAINERS: Rule = Rule::documented(
    "run.job.containers.required",
    "docs/reference/google-cloud.md#run-template",
    "A job's template has at least one container, and each an image.",
);
static RECONCILING: Rule = Rule::recorded(
    "run.job.reconciling",
    "docs/reference/google-cloud.md#run-jobs",
    "A job is reconciling, and its condition pending, until its operation is done.",
);
static TRANSITION: Rule = Rule::recorded(
    "run.job.transition-time",
    "docs/reference/google-cloud.md#run-jobs",
    "The condition's transition time is when the job first became ready; updates leave it.",
);
static WITHOUT_UID: Rule = Rule::recorded(
    "run.job.operation.metadata",
    "docs/reference/google-cloud.md#run-jobs",
    "An operation's metadata shows the job without its uid, the response with it.",
);
static DELETED_ETAG: Rule = Rule::recorded(
    "run.job.delete.etag",
    "docs/reference/google-cloud.md#run-jobs",
    "A delete gives the job a new etag when it begins and another one when it is done.",
);
static NOT_READY: Rule = Rule::guessed(
    "run.job.connector-missing",
    "as documented for revisions",
    "A job whose connector or network cannot be used does not become ready.",
);

pub(super) static RULES: &[&Rule] = &[
    &CONTAINERS,
    &RECONCILING,
    &TRANSITION,
    &WITHOUT_UID,
    &DELETED_ETAG,
    &NOT_READY,
];

fn typed(job: &Value) -> Value {
    rpc::typed("google.cloud.run.v2.Job", job)
}

/// A job as an operation's metadata shows it.
fn metadata(engine: &Engine, job: &Value) -> Value {
    let mut shown = typed(job);
    if engine.rule(&WITHOUT_UID, true)
        && let Some(fields) = shown.as_object_mut()
    {
        fields.remove("uid");
    }
    shown
}

/// Begins to make `job`, at `path`, out of what was there before.
pub(super) fn write(
    engine: &mut Engine,
    call: &Call,
    path: &str,
    before: Option<&Value>,
    mut job: Value,
) -> Answer {
    check(engine, &job)?;
    defaults::complete(engine, path, &mut job);
    let changed = before != Some(&job);
    let generation = number(before.map_or(&Value::Null, |job| &job["generation"]));
    stamp(engine, path, generation + u64::from(changed), &mut job);
    if call.flag("validateOnly") {
        return Ok(rpc::dry_run(path, &typed(&job)));
    }
    begin_reconciling(engine, &mut job);
    let shown = metadata(engine, &job);
    engine.store.put(Api::Run, path, job);
    let target = path.to_owned();
    let effect: Effect = Box::new(move |engine, imposed| come_up(engine, &target, imposed));
    Ok(rpc::begin(engine, call, path, &shown, effect))
}

fn check(engine: &Engine, job: &Value) -> Result<(), Refusal> {
    let containers = job["template"]["template"]["containers"].as_array();
    let whole = containers.is_some_and(|containers| {
        !containers.is_empty() && containers.iter().all(|it| it["image"].is_string())
    });
    engine.refuse_if(&CONTAINERS, !whole, || {
        let field = "job.template.template.containers";
        let text =
            format!("Violation in {field}: at least one container with an image must be set.");
        ErrorAnswer::code(Code::InvalidArgument, text).violating(field)
    })
}

fn number(generation: &Value) -> u64 {
    generation
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn stamp(engine: &mut Engine, path: &str, generation: u64, job: &mut Value) {
    let time = clock::utc_time(engine.clock.now());
    let made = engine.next();
    job["name"] = json!(path);
    fill(job, "uid", || json!(identity::uuid(&["uid", path, &made])));
    fill(job, "createTime", || json!(time));
    fill(job, "creator", || json!("user@example.com"));
    job["updateTime"] = json!(time);
    job["lastModifier"] = json!("user@example.com");
    job["generation"] = json!(generation.to_string());
    job["etag"] = json!(identity::etag(&[path, &made]));
}

fn begin_reconciling(engine: &Engine, job: &mut Value) {
    if !engine.rule(&RECONCILING, true) {
        return;
    }
    job["reconciling"] = json!(true);
    fill(job, "terminalCondition", || json!({}));
    job["terminalCondition"]["state"] = json!("CONDITION_PENDING");
}

/// Brings a job's status in line with its template.
fn settle(engine: &Engine, path: &str, job: &mut Value) -> Option<Failure> {
    let task = &job["template"]["template"];
    let fault = status::egress_fault(engine, path, task).filter(|_| engine.rule(&NOT_READY, true));
    let known = job["terminalCondition"]["lastTransitionTime"]
        .as_str()
        .map(str::to_owned)
        .filter(|_| fault.is_none() && engine.rule(&TRANSITION, true));
    let mut condition = status::condition(engine, "Ready", &fault.clone().map_or(Ok(true), Err));
    if let Some(time) = known {
        condition["lastTransitionTime"] = json!(time);
    }
    job["terminalCondition"] = condition;
    job["observedGeneration"] = job["generation"].clone();
    if let Some(fields) = job.as_object_mut() {
        fields.remove("reconciling");
    }
    fault.map(|why| Failure::code(Code::FailedPrecondition, why))
}

/// The end of a write's operation.
fn come_up(engine: &mut Engine, path: &str, imposed: Option<Failure>) -> Outcome {
    let Some(mut job) = engine.store.get(Api::Run, path).cloned() else {
        return rpc::overtaken(engine, "job");
    };
    let failure = settle(engine, path, &mut job);
    let (shown, response) = (metadata(engine, &job), typed(&job));
    engine.store.put(Api::Run, path, job);
    Outcome {
        metadata: Some(shown),
        result: imposed.or(failure).map_or(Ok(response), Err),
    }
}

/// Begins to delete the job that a call is about.
pub(super) fn delete(engine: &mut Engine, call: &Call, before: Value) -> Value {
    let path = call.path.clone();
    let month = Duration::from_hours(30 * 24);
    let now = engine.clock.now();
    let mut job = before.clone();
    job["generation"] = json!((number(&job["generation"]) + 1).to_string());
    job["deleteTime"] = json!(clock::utc_time(now));
    job["expireTime"] = json!(clock::utc_time(clock::later(now, month)));
    job["etag"] = json!(identity::etag(&[&path, "deleting", &engine.next()]));
    if call.flag("validateOnly") {
        return rpc::dry_run(&path, &typed(&job));
    }
    begin_reconciling(engine, &mut job);
    let shown = metadata(engine, &job);
    engine.store.put(Api::Run, &path, job);
    let target = path.clone();
    let effect: Effect = Box::new(move |engine, imposed| {
        if let Some(failure) = imposed {
            engine.store.put(Api::Run, &target, before);
            return Outcome::failed(failure);
        }
        let mut job = engine
            .store
            .remove(Api::Run, &target)
            .unwrap_or_else(|| json!({}));
        settle(engine, &target, &mut job);
        if engine.rule(&DELETED_ETAG, true) {
            job["etag"] = json!(identity::etag(&[&target, "deleted", &engine.next()]));
        }
        Outcome {
            metadata: Some(metadata(engine, &job)),
            result: Ok(typed(&job)),
        }
    });
    rpc::begin(engine, call, &path, &shown, effect)
}

/// Completes a job of a state document.
pub(super) fn complete(engine: &mut Engine, path: &str, mut job: Value) -> Value {
    if job.get("uid").is_some() {
        return job;
    }
    defaults::complete_document(engine, &mut job);
    defaults::complete(engine, path, &mut job);
    let generation = number(&job["generation"]).max(1);
    stamp(engine, path, generation, &mut job);
    settle(engine, path, &mut job);
    job
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{CONTAINERS, DELETED_ETAG, NOT_READY, RECONCILING, TRANSITION, WITHOUT_UID};
    use crate::run::jobs::tests::{J, JOBS, create, get, plain};
    use crate::testing::Provocation;

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![
            Provocation::new(&CONTAINERS, |bench| {
                create(bench, json!({ "template": { "template": {} } }))
            }),
            Provocation::new(&RECONCILING, |bench| {
                bench.engine.latency = Duration::from_secs(1);
                bench.ok("POST", &format!("{JOBS}?jobId=j"), plain());
                get(bench)
            }),
            Provocation::new(&TRANSITION, |bench| {
                bench.engine.latency = Duration::from_secs(1);
                create(bench, plain());
                bench.ended("PATCH", J, plain());
                get(bench)
            }),
            Provocation::new(&WITHOUT_UID, |bench| create(bench, plain())),
            Provocation::new(&DELETED_ETAG, |bench| {
                create(bench, plain());
                bench.ended("DELETE", J, Value::Null)
            }),
            Provocation::new(&NOT_READY, |bench| {
                let mut job = plain();
                job["template"]["template"]["vpcAccess"] = json!({ "connector": "none" });
                create(bench, job)
            }),
        ]
    }
}
