//! Jobs in the words of version 1: their methods. Version 2 keeps them.

use serde_json::Value;

use crate::call::{Api, Call, Resource, Verb, as_stored, nothing_to_complete};
use crate::compute::name_of;
use crate::engine::{Answer, Engine};
use crate::knative::schema::JOB;
use crate::knative::selector::Selector;
use crate::knative::services::{dry_run, result_of, route};
use crate::knative::{
    Object, ask, deleted, execution, listed, named_alike, place, prefix, read, view,
};
use crate::pages::Window;
use crate::refusal::Refusal;

const JOBS: &str = "apis/run.googleapis.com/v1/namespaces/{project}/jobs";
const ONE: &str = "apis/run.googleapis.com/v1/namespaces/{project}/jobs/{job}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Knative,
    kind: "",
    fields: JOB,
    homes: &[],
    routes: &[
        route(Verb::Get, JOBS, "run.namespaces.jobs.list", list),
        route(Verb::Post, JOBS, "run.namespaces.jobs.create", create),
        route(Verb::Get, ONE, "run.namespaces.jobs.get", get),
        route(Verb::Put, ONE, "run.namespaces.jobs.replaceJob", replace),
        route(Verb::Delete, ONE, "run.namespaces.jobs.delete", delete),
    ],
    rules: &[],
    complete: nothing_to_complete,
    render: as_stored,
};

pub(super) fn path(engine: &Engine, call: &Call) -> Result<String, Refusal> {
    let place = place(engine, call)?;
    Ok(format!("{place}/jobs/{}", call.parameter("job")))
}

fn get(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    let job = ask(engine, call, Verb::Get, &path, &[], Value::Null)?;
    Ok(view::job(engine, &path, &job))
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    let prefix = prefix(engine, call)?;
    let window = Window::of(engine, call)?;
    let selector = Selector::of(engine, call)?;
    let jobs: Vec<(&str, Value)> = engine
        .store
        .list_below(Api::Run, &prefix, window.after.as_deref())
        .filter(|(path, _)| path.split('/').nth(4) == Some("jobs"))
        .map(|(path, job)| (path, view::job(engine, path, job)))
        .filter(|(_, job)| selector.admits(job))
        .collect();
    let (page, next) = window.take(jobs.iter().map(|(path, job)| (*path, job)));
    let items = page.into_iter().map(|(_, job)| job.clone()).collect();
    Ok(listed(Object::Job, items, next))
}

fn create(engine: &mut Engine, call: &Call) -> Answer {
    let collection = format!("{}/jobs", place(engine, call)?);
    let body = read(engine, call, Object::Job)?;
    let job = execution::read_job(engine, &body, &Value::Null)?;
    let name = body["metadata"]["name"].as_str().unwrap_or_default();
    let query = [("jobId", name), dry_run(call)];
    let operation = ask(engine, call, Verb::Post, &collection, &query, job)?;
    let path = format!("{collection}/{name}");
    Ok(view::job(engine, &path, result_of(&operation)))
}

fn replace(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    let before = ask(engine, call, Verb::Get, &path, &[], Value::Null)?;
    let body = read(engine, call, Object::Job)?;
    named_alike(engine, &body, &path)?;
    let job = execution::read_job(engine, &body, &before)?;
    let operation = ask(engine, call, Verb::Patch, &path, &[dry_run(call)], job)?;
    Ok(view::job(engine, &path, result_of(&operation)))
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    let query = [dry_run(call)];
    ask(engine, call, Verb::Delete, &path, &query, Value::Null)?;
    Ok(deleted("jobs", name_of(&path)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::knative::tests::HOST;
    use crate::testing::Bench;

    const J: &str = "/v2/projects/p/locations/us-east1/jobs/j";

    fn jobs() -> String {
        format!("{HOST}/apis/run.googleapis.com/v1/namespaces/p/jobs")
    }

    fn one() -> String {
        format!("{}/j", jobs())
    }

    /// What `gcloud run jobs create j --image=batch` sends, and what its flags add.
    fn plain() -> Value {
        let task = json!({ "containers": [{ "image": "gcr.io/p/batch" }], "maxRetries": 1 });
        let template = json!({
            "metadata": { "annotations": { "run.googleapis.com/vpc-access-egress": "all-traffic" } },
            "spec": { "taskCount": 2, "template": { "spec": task } },
        });
        json!({
            "apiVersion": "run.googleapis.com/v1",
            "kind": "Job",
            "metadata": { "name": "j", "namespace": "p", "labels": { "team": "payments" } },
            "spec": { "template": template },
        })
    }

    #[test]
    fn both_versions_show_one_job() {
        let mut bench = Bench::new();
        bench.ok("POST", &jobs(), plain());
        let (one, two) = (
            bench.ok("GET", &one(), Value::Null),
            bench.ok("GET", J, Value::Null),
        );
        assert_eq!(one["metadata"]["uid"], two["uid"]);
        let task = &two["template"]["template"];
        assert_eq!(
            (&task["maxRetries"], &task["timeout"]),
            (&json!(1), &json!("600s"))
        );
        assert_eq!(two["template"]["taskCount"], 2);
        assert_eq!(task["vpcAccess"], json!({ "egress": "ALL_TRAFFIC" }));
        assert_eq!(two["labels"], json!({ "team": "payments" }));
        let shown = &one["spec"]["template"];
        assert_eq!(shown["spec"]["template"]["spec"]["timeoutSeconds"], "600");
        let annotations = &shown["metadata"]["annotations"];
        assert_eq!(
            annotations["run.googleapis.com/execution-environment"],
            "gen2"
        );
        assert_eq!(
            one["metadata"]["annotations"]["run.googleapis.com/creator"],
            two["creator"]
        );
    }

    #[test]
    fn what_is_put_back_changes_nothing_and_what_has_no_words_stays() {
        let mut bench = Bench::new();
        bench.ok("POST", &jobs(), plain());
        let mut two = bench.ok("GET", J, Value::Null);
        two["template"]["template"]["volumes"] = json!([{ "name": "v", "emptyDir": {} }]);
        two["template"]["template"]["containers"][0]["volumeMounts"] =
            json!([{ "name": "v", "mountPath": "/v" }]);
        bench.ok("PATCH", J, two);
        let before = bench.ok("GET", J, Value::Null);
        let mut got = bench.ok("GET", &one(), Value::Null);
        bench.ok("PUT", &one(), got.clone());
        let after = bench.ok("GET", J, Value::Null);
        assert_eq!(
            after["generation"], before["generation"],
            "{before:#}\n{after:#}"
        );
        assert_eq!(after["template"], before["template"]);
        // The version that was read is not the present one any more.
        got["spec"]["template"]["spec"]["taskCount"] = json!(5);
        assert_eq!(bench.status("PUT", &one(), got.clone()), 409);
        got["metadata"]["resourceVersion"] = json!("");
        bench.ok("PUT", &one(), got);
        let changed = bench.ok("GET", J, Value::Null);
        assert_eq!(changed["template"]["taskCount"], 5);
        assert_eq!(changed["template"]["template"]["volumes"][0]["name"], "v");
    }

    #[test]
    fn a_job_is_unknown_first_and_then_ready() {
        let mut bench = Bench::with_latency(Duration::from_secs(1));
        let condition = |job: &Value| {
            let ready = &job["status"]["conditions"][0];
            assert_eq!(ready["type"], "Ready");
            ready["status"].clone()
        };
        assert_eq!(condition(&bench.ok("POST", &jobs(), plain())), "Unknown");
        bench.pass(Duration::from_secs(1));
        let ready = bench.ok("GET", &one(), Value::Null);
        assert_eq!(condition(&ready), "True");
        let observed = &ready["status"]["observedGeneration"];
        assert_eq!(*observed, ready["metadata"]["generation"]);
    }

    #[test]
    fn jobs_are_listed_by_region_and_by_label_and_deleted() {
        let mut bench = Bench::new();
        bench.ok("POST", &jobs(), plain());
        let elsewhere = jobs().replace("us-east1", "us-west1");
        bench.ok("POST", &elsewhere, plain());
        let everywhere = jobs().replace("us-east1-run", "run");
        for (url, count) in [
            (jobs(), 1),
            (everywhere, 2),
            (format!("{}?labelSelector=team%3Dshop", jobs()), 0),
        ] {
            let listed = bench.ok("GET", &url, Value::Null);
            let items = listed["items"].as_array().map_or(0, Vec::len);
            assert_eq!(items, count, "{url}: {listed:#}");
        }
        assert_eq!(bench.ok("DELETE", &one(), Value::Null)["status"], "Success");
        assert_eq!(bench.status("GET", J, Value::Null), 404);
    }

    #[test]
    fn a_dry_run_makes_no_job_and_a_wrong_body_is_refused() {
        let mut bench = Bench::new();
        bench.ok("POST", &format!("{}?dryRun=all", jobs()), plain());
        assert_eq!(bench.status("GET", &one(), Value::Null), 404);
        let mut service = plain();
        service["kind"] = json!("Service");
        assert_eq!(bench.status("POST", &jobs(), service), 400);
        bench.ok("POST", &jobs(), plain());
        let mut other = plain();
        other["metadata"]["name"] = json!("k");
        assert_eq!(bench.status("PUT", &one(), other), 400);
    }
}
