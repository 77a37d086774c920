//! Cloud Run jobs. None is ever executed.

use serde_json::{Value, json};

use super::template;
use crate::conformance::exercise::Exercise;

const J: &str = "run:jobs/~";

fn plain() -> Value {
    json!({ "template": { "template": template() } })
}

pub(super) fn exercise() -> Exercise {
    let mut labelled = plain();
    labelled["labels"] = json!({ "team": "payments" });
    let mut attached = plain();
    attached["template"]["template"]["vpcAccess"] =
        json!({ "connector": "projects/{project}/locations/{region}/connectors/~-none" });
    Exercise::new("jobs", "makes two jobs that are never executed", 2, &[])
        .post("run:jobs?jobId=~-Batch", plain())
        .refused("run.job.name", 400, "INVALID_ARGUMENT")
        .post(
            "run:jobs?jobId=~-e",
            json!({ "template": { "template": {} } }),
        )
        .refused("run.job.containers.required", 400, "INVALID_ARGUMENT")
        .make("run:jobs?jobId=~", labelled)
        .post("run:jobs?jobId=~", plain())
        .refused("run.job.exists", 409, "ALREADY_EXISTS")
        .patch(J, plain())
        .get(J)
        .lacks("run.job.patch.replace", "/labels")
        .delete("run:jobs/~?etag=old")
        .refused("run.job.etag.stale", 409, "ABORTED")
        .post("run:jobs?jobId=~-n", attached)
        .get("run:jobs/~-n")
        .shows(
            "run.job.connector-missing",
            "/terminalCondition/state",
            "CONDITION_FAILED",
        )
}
