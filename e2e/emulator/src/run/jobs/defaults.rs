//! What the server adds to a job that the caller left out.

use serde_json::{Value, json};

use crate::compute::{default, fill, project_of};
use crate::engine::Engine;
use crate::rules::Rule;

static LAUNCH_STAGE: Rule = Rule::recorded(
    "run.job.default.launch-stage",
    "docs/reference/google-cloud.md#run-jobs",
    "launchStage is GA.",
);
static EXECUTION: Rule = Rule::recorded(
    "run.job.default.latest-execution",
    "docs/reference/google-cloud.md#run-jobs",
    "latestCreatedExecution is {} until there was one.",
);
static TASK_COUNT: Rule = Rule::recorded(
    "run.job.template.default.task-count",
    "docs/reference/google-cloud.md#run-jobs",
    "taskCount is 1.",
);
static RETRIES: Rule = Rule::recorded(
    "run.job.template.default.max-retries",
    "docs/reference/google-cloud.md#run-jobs",
    "maxRetries is 3.",
);
static TIMEOUT: Rule = Rule::recorded(
    "run.job.template.default.timeout",
    "docs/reference/google-cloud.md#run-jobs",
    "timeout is 600s.",
);
static ENVIRONMENT: Rule = Rule::recorded(
    "run.job.template.default.execution-environment",
    "docs/reference/google-cloud.md#run-jobs",
    "The execution environment is the second generation.",
);
static ACCOUNT: Rule = Rule::recorded(
    "run.job.template.default.service-account",
    "docs/reference/google-cloud.md#run-jobs",
    "The service account is the project's default one.",
);
static CPU: Rule = Rule::recorded(
    "run.job.container.default.cpu",
    "docs/reference/google-cloud.md#run-jobs",
    "A container has a limit of 1000m of CPU; no port and no probe is added.",
);
static MEMORY: Rule = Rule::recorded(
    "run.job.container.default.memory",
    "docs/reference/google-cloud.md#run-jobs",
    "A container has a limit of 512Mi of memory.",
);
static FAILURES: Rule = Rule::recorded(
    "run.job.probe.default.failure-threshold",
    "docs/reference/google-cloud.md#run-jobs",
    "A startup probe that was sent fails after 3 failures.",
);
static PERIOD: Rule = Rule::recorded(
    "run.job.probe.default.period",
    "docs/reference/google-cloud.md#run-jobs",
    "A startup probe that was sent is tried every 10 seconds.",
);
static PATIENCE: Rule = Rule::recorded(
    "run.job.probe.default.timeout",
    "docs/reference/google-cloud.md#run-jobs",
    "A startup probe that was sent waits for 1 second.",
);
static DOCUMENT_IMAGE: Rule = Rule::invented(
    "document.job.image",
    "A job that a state document gives without a container runs Google's hello image.",
);

pub(super) static RULES: &[&Rule] = &[
    &LAUNCH_STAGE,
    &EXECUTION,
    &TASK_COUNT,
    &RETRIES,
    &TIMEOUT,
    &ENVIRONMENT,
    &ACCOUNT,
    &CPU,
    &MEMORY,
    &FAILURES,
    &PERIOD,
    &PATIENCE,
    &DOCUMENT_IMAGE,
];

/// Adds what a request left out.
pub(super) fn complete(engine: &Engine, path: &str, job: &mut Value) {
    default(engine, &LAUNCH_STAGE, job, "launchStage", json!("GA"));
    let none = json!({});
    default(engine, &EXECUTION, job, "latestCreatedExecution", none);
    let template = &mut job["template"];
    default(engine, &TASK_COUNT, template, "taskCount", json!(1));
    let task = &mut template["template"];
    let number = engine.project_number(project_of(path));
    let account = format!("{number}-compute@developer.gserviceaccount.com");
    default(engine, &RETRIES, task, "maxRetries", json!(3));
    default(engine, &TIMEOUT, task, "timeout", json!("600s"));
    let second = json!("EXECUTION_ENVIRONMENT_GEN2");
    default(engine, &ENVIRONMENT, task, "executionEnvironment", second);
    default(engine, &ACCOUNT, task, "serviceAccount", json!(account));
    let containers = task.get_mut("containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        complete_container(engine, container);
    }
}

fn complete_container(engine: &Engine, container: &mut Value) {
    fill(container, "resources", || json!({}));
    let resources = &mut container["resources"];
    fill(resources, "limits", || json!({}));
    let limits = &mut resources["limits"];
    default(engine, &CPU, limits, "cpu", json!("1000m"));
    default(engine, &MEMORY, limits, "memory", json!("512Mi"));
    if let Some(probe) = container.get_mut("startupProbe") {
        default(engine, &FAILURES, probe, "failureThreshold", json!(3));
        default(engine, &PERIOD, probe, "periodSeconds", json!(10));
        default(engine, &PATIENCE, probe, "timeoutSeconds", json!(1));
    }
}

/// Gives a document's job a container if it has none.
pub(super) fn complete_document(engine: &Engine, job: &mut Value) {
    fill(job, "template", || json!({}));
    fill(&mut job["template"], "template", || json!({}));
    let image = json!([{ "image": "us-docker.pkg.dev/cloudrun/container/job" }]);
    let task = &mut job["template"]["template"];
    default(engine, &DOCUMENT_IMAGE, task, "containers", image);
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{
        ACCOUNT, CPU, DOCUMENT_IMAGE, ENVIRONMENT, EXECUTION, FAILURES, LAUNCH_STAGE, MEMORY,
        PATIENCE, PERIOD, RETRIES, TASK_COUNT, TIMEOUT,
    };
    use crate::rules::Rule;
    use crate::run::jobs::tests::{create, get, plain};
    use crate::testing::{Bench, Provocation};

    fn probed() -> Value {
        let mut job = plain();
        let probe = json!({ "httpGet": { "path": "/", "port": 8080 } });
        job["template"]["template"]["containers"][0]["startupProbe"] = probe;
        job
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let shown = |rule: &'static Rule, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| {
                create(bench, body.clone());
                get(bench)
            })
        };
        let plain = [
            &LAUNCH_STAGE,
            &EXECUTION,
            &TASK_COUNT,
            &RETRIES,
            &TIMEOUT,
            &ENVIRONMENT,
            &ACCOUNT,
            &CPU,
            &MEMORY,
        ]
        .map(|rule| shown(rule, plain()));
        let probed = [&FAILURES, &PERIOD, &PATIENCE].map(|rule| shown(rule, probed()));
        let mut all: Vec<Provocation> = plain.into_iter().chain(probed).collect();
        all.push(Provocation::new(&DOCUMENT_IMAGE, |bench| {
            bench.document(json!({ "run": { "projects/p/locations/us-east1/jobs/j": {} } }));
            get(bench)
        }));
        all
    }

    #[test]
    fn a_hand_written_job_is_complete_and_ready() {
        let mut bench = Bench::new();
        bench.document(json!({ "run": { "projects/p/locations/us-east1/jobs/j": {} } }));
        let job = get(&mut bench);
        assert_eq!(job["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
        assert_eq!(job["observedGeneration"], "1");
        let document = crate::document::get(&mut bench.engine);
        bench.document(document.clone());
        assert_eq!(crate::document::get(&mut bench.engine), document);
    }
}
