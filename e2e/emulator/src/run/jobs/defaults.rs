//! What the server adds to a job that the caller left out.

use serde_json::{Value, json};

use crate::compute::{default, fill, project_of};
use crate::engine::Engine;
use crate::rules::Rule;

static JOB_DEFAULTS: Rule = Rule::recorded(
    "run.job.defaults",
    "docs/reference/google-cloud.md#run-jobs",
    "launchStage is GA; latestCreatedExecution is {} until there was one.",
);
static TEMPLATE_DEFAULTS: Rule = Rule::recorded(
    "run.job.template.defaults",
    "docs/reference/google-cloud.md#run-jobs",
    "taskCount is 1, maxRetries 3, timeout 600s, the environment the second generation, the service \
     account the project's default one.",
);
static CONTAINER_DEFAULTS: Rule = Rule::recorded(
    "run.job.container.defaults",
    "docs/reference/google-cloud.md#run-jobs",
    "A container has 1000m and 512Mi; no port and no probe is added.",
);
static PROBE_DEFAULTS: Rule = Rule::recorded(
    "run.job.probe.defaults",
    "docs/reference/google-cloud.md#run-jobs",
    "A startup probe that was sent fails after 3 failures, 10 seconds apart, of 1 second each.",
);
static DOCUMENT_IMAGE: Rule = Rule::invented(
    "document.job.image",
    "A job that a state document gives without a container runs Google's hello image.",
);

pub(super) static RULES: &[&Rule] = &[
    &JOB_DEFAULTS,
    &TEMPLATE_DEFAULTS,
    &CONTAINER_DEFAULTS,
    &PROBE_DEFAULTS,
    &DOCUMENT_IMAGE,
];

/// Adds what a request left out.
pub(super) fn complete(engine: &Engine, path: &str, job: &mut Value) {
    default(engine, &JOB_DEFAULTS, job, "launchStage", json!("GA"));
    let none = json!({});
    default(engine, &JOB_DEFAULTS, job, "latestCreatedExecution", none);
    let template = &mut job["template"];
    default(engine, &TEMPLATE_DEFAULTS, template, "taskCount", json!(1));
    let task = &mut template["template"];
    let number = engine.project_number(project_of(path));
    let account = format!("{number}-compute@developer.gserviceaccount.com");
    let defaults = [
        ("maxRetries", json!(3)),
        ("timeout", json!("600s")),
        ("executionEnvironment", json!("EXECUTION_ENVIRONMENT_GEN2")),
        ("serviceAccount", json!(account)),
    ];
    for (field, value) in defaults {
        default(engine, &TEMPLATE_DEFAULTS, task, field, value);
    }
    let containers = task.get_mut("containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        complete_container(engine, container);
    }
}

fn complete_container(engine: &Engine, container: &mut Value) {
    if engine.rule(&CONTAINER_DEFAULTS, true) {
        fill(container, "resources", || json!({}));
        let resources = &mut container["resources"];
        fill(resources, "limits", || json!({}));
        fill(&mut resources["limits"], "cpu", || json!("1000m"));
        fill(&mut resources["limits"], "memory", || json!("512Mi"));
    }
    if let Some(probe) = container.get_mut("startupProbe") {
        for (field, value) in [
            ("failureThreshold", 3),
            ("periodSeconds", 10),
            ("timeoutSeconds", 1),
        ] {
            default(engine, &PROBE_DEFAULTS, probe, field, json!(value));
        }
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
        CONTAINER_DEFAULTS, DOCUMENT_IMAGE, JOB_DEFAULTS, PROBE_DEFAULTS, TEMPLATE_DEFAULTS,
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
        vec![
            shown(&JOB_DEFAULTS, plain()),
            shown(&TEMPLATE_DEFAULTS, plain()),
            shown(&CONTAINER_DEFAULTS, plain()),
            shown(&PROBE_DEFAULTS, probed()),
            Provocation::new(&DOCUMENT_IMAGE, |bench| {
                bench.document(json!({ "run": { "projects/p/locations/us-east1/jobs/j": {} } }));
                get(bench)
            }),
        ]
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
