//! What a job is to execute: version 1's nest of templates against version 2's.

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::knative::{annotations, put, status, template, view};
use crate::refusal::Refusal;

/// Fields of an execution that have the same name in both versions.
const SAME: [&str; 3] = ["delayExecution", "parallelism", "taskCount"];
/// Fields of a job that have the same name in both versions.
const TOKENS: [&str; 2] = ["runExecutionToken", "startExecutionToken"];
/// What version 1 has no words for here: a replace leaves it as it is.
const KEPT_OF_JOB: [&str; 2] = ["binaryAuthorization", "functionalType"];
const KEPT_OF_TASK: [&str; 3] = ["sandboxes", "volumes", "workloadIdentityConfig"];

/// Version 1's `spec` of a job of version 2.
pub(super) fn spec(job: &Value) -> Value {
    let given = &job["template"];
    let mut execution = json!({ "template": { "spec": task(&given["template"]) } });
    for field in SAME {
        put(&mut execution, field, given[field].clone());
    }
    let mut metadata = json!({});
    put(&mut metadata, "labels", given["labels"].clone());
    let shown = annotations::show(annotations::EXECUTION, given);
    put(&mut metadata, "annotations", shown);
    let mut spec = json!({ "template": { "metadata": metadata, "spec": execution } });
    for field in TOKENS {
        put(&mut spec, field, job[field].clone());
    }
    spec
}

fn task(of: &Value) -> Value {
    let mut task = json!({});
    put(&mut task, "maxRetries", of["maxRetries"].clone());
    let account = of["serviceAccount"].clone();
    put(&mut task, "serviceAccountName", account);
    // Of 64 bits here, and therefore text; a service's is a number.
    let seconds = of["timeout"].as_str().and_then(|it| it.strip_suffix('s'));
    put(&mut task, "timeoutSeconds", json!(seconds));
    put(&mut task, "nodeSelector", template::node_selector(of));
    let containers = of["containers"].as_array().into_iter().flatten();
    let containers = containers.map(template::container);
    put(&mut task, "containers", containers.collect());
    task
}

/// The job of version 2 that a body of version 1 stands for. `before` is the one that it replaces.
pub(super) fn read_job(engine: &Engine, body: &Value, before: &Value) -> Result<Value, Refusal> {
    let (metadata, spec) = (&body["metadata"], &body["spec"]);
    let given = &spec["template"];
    let mut execution = json!({ "template": read_task(&given["spec"]["template"]["spec"], &before["template"]["template"]) });
    for field in SAME {
        put(&mut execution, field, given["spec"][field].clone());
    }
    put(
        &mut execution,
        "labels",
        given["metadata"]["labels"].clone(),
    );
    let at = "spec.template.metadata.annotations";
    let said = &given["metadata"]["annotations"];
    annotations::read(engine, annotations::EXECUTION, at, said, &mut execution)?;
    let mut job = json!({ "template": execution });
    for field in TOKENS {
        put(&mut job, field, spec[field].clone());
    }
    for field in KEPT_OF_JOB {
        put(&mut job, field, before[field].clone());
    }
    view::read_metadata(metadata, &mut job);
    let at = "metadata.annotations";
    let said = &metadata["annotations"];
    annotations::read(engine, annotations::JOB, at, said, &mut job)?;
    Ok(job)
}

fn read_task(given: &Value, before: &Value) -> Value {
    let mut task = json!({});
    put(&mut task, "maxRetries", given["maxRetries"].clone());
    let account = given["serviceAccountName"].clone();
    put(&mut task, "serviceAccount", account);
    if let Some(seconds) = status::number(&given["timeoutSeconds"]) {
        task["timeout"] = json!(format!("{seconds}s"));
    }
    let selector = template::read_node_selector(given);
    put(&mut task, "nodeSelector", selector);
    for field in KEPT_OF_TASK {
        put(&mut task, field, before[field].clone());
    }
    task["containers"] = template::read_containers(given, before);
    task
}
