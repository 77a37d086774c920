//! Cloud Run jobs: their methods. How a write goes is in `writes`.

mod defaults;
mod writes;

use serde_json::json;

use crate::call::{Api, Call, Resource, Route, Verb, as_stored};
use crate::compute::is_name;
use crate::engine::{Answer, Engine};
use crate::fields::{self, Field, Reading};
use crate::masks;
use crate::pages::Window;
use crate::refusal::{Code, ErrorAnswer};
use crate::rpc;
use crate::rules::Rule;
use crate::run::schema::JOB;

static NOT_FOUND: Rule = Rule::recorded(
    "run.job.not-found",
    "docs/reference/google-cloud.md#run-errors",
    "A job that does not exist is answered with 404, its kind and its region.",
);
static NAME: Rule = Rule::guessed(
    "run.job.name",
    "as documented for services; the longest is 63",
    "A job's name is at most 63 lower-case letters, digits and hyphens, beginning with a letter.",
);
static EXISTS: Rule = Rule::guessed(
    "run.job.exists",
    "as recorded for services",
    "A create under a name that is taken is refused with 409.",
);
static STALE_ETAG: Rule = Rule::documented(
    "run.job.etag.stale",
    "docs/reference/google-cloud.md#run-etag",
    "A write with another etag than the present one is refused with 409 ABORTED.",
);
static REPLACE: Rule = Rule::documented(
    "run.job.patch.replace",
    "docs/reference/google-cloud.md#run-jobs",
    "A PATCH has no mask; it replaces everything that the caller can set.",
);

static RULES: &[&Rule] = &[&NOT_FOUND, &NAME, &EXISTS, &STALE_ETAG, &REPLACE];

/// The rules of jobs.
pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [RULES, defaults::RULES, writes::RULES]
        .into_iter()
        .flatten()
        .copied()
}

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Run,
    kind: "",
    fields: JOB,
    homes: &["projects/{project}/locations/{location}/jobs/{job}"],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/jobs",
            operation: "run.projects.locations.jobs.list",
            handler: list,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/locations/{location}/jobs",
            operation: "run.projects.locations.jobs.create",
            handler: create,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/jobs/{job}",
            operation: "run.projects.locations.jobs.get",
            handler: current,
        },
        Route {
            verb: Verb::Patch,
            template: "projects/{project}/locations/{location}/jobs/{job}",
            operation: "run.projects.locations.jobs.patch",
            handler: patch,
        },
        Route {
            verb: Verb::Delete,
            template: "projects/{project}/locations/{location}/jobs/{job}",
            operation: "run.projects.locations.jobs.delete",
            handler: delete,
        },
    ],
    rules: &[],
    complete: writes::complete,
    render: as_stored,
};

fn read(engine: &Engine, call: &Call) -> Answer {
    fields::read(engine, Api::Run, "job", JOB, Reading::Whole, &call.body)
}

/// The job that a call is about.
fn current(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let job = engine.store.get(Api::Run, &call.path);
    engine.refuse_if(&NOT_FOUND, job.is_none(), || {
        let (name, region) = (call.parameter("job"), call.parameter("location"));
        let project = call.parameter("project");
        let text = format!(
            "Resource '{name}' of kind 'JOB' in region '{region}' in project '{project}' does not exist."
        );
        ErrorAnswer::code(Code::NotFound, text)
    })?;
    Ok(job.cloned().unwrap_or_else(|| json!({})))
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let window = Window::of(engine, call)?;
    let prefix = format!("{}/", call.path);
    let after = window.after.as_deref();
    let (page, next) = window.take(engine.store.list(Api::Run, &prefix, after));
    let jobs = page.into_iter().map(|(_, job)| job.clone()).collect();
    Ok(rpc::listed("jobs", jobs, next))
}

fn create(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let name = call.query("jobId").unwrap_or_default().to_owned();
    let path = format!("{}/{name}", call.path);
    make(engine, call, &name, &path)
}

fn make(engine: &mut Engine, call: &Call, name: &str, path: &str) -> Answer {
    let mut job = read(engine, call)?;
    engine.refuse_if(&NAME, !is_name(name), || {
        let text = format!(
            "Violation in CreateJobRequest.job_id: '{name}' must be only lower-case letters, digits \
             and hyphens, begin with a letter, not end with a hyphen, and have less than 64 characters."
        );
        ErrorAnswer::code(Code::InvalidArgument, text).violating("CreateJobRequest.job_id")
    })?;
    let taken = engine.store.any(Api::Run, path).is_some();
    engine.refuse_if(&EXISTS, taken, || {
        ErrorAnswer::code(Code::AlreadyExists, "Resource already exists.")
    })?;
    if let Some(fields) = job.as_object_mut() {
        fields.remove("etag");
    }
    writes::write(engine, call, path, None, job)
}

fn patch(engine: &mut Engine, call: &Call) -> Answer {
    if call.flag("allowMissing") && engine.store.any(Api::Run, &call.path).is_none() {
        return make(engine, call, call.parameter("job"), &call.path);
    }
    let before = current(engine, call)?;
    let request = read(engine, call)?;
    rpc::check_etag(engine, &STALE_ETAG, &before, request["etag"].as_str())?;
    let mut job = before.clone();
    for (name, field) in JOB {
        let kept = matches!(field, Field::Output) || *name == "etag";
        let sent = request.get(name).is_some();
        if !kept && (sent || engine.rule(&REPLACE, true)) {
            masks::copy(&[(*name).to_owned()], &request, &mut job);
        }
    }
    writes::write(engine, call, &call.path, Some(&before), job)
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let before = current(engine, call)?;
    rpc::check_etag(engine, &STALE_ETAG, &before, call.query("etag"))?;
    Ok(writes::delete(engine, call, before))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{EXISTS, NAME, NOT_FOUND, REPLACE, STALE_ETAG};
    use crate::testing::{Bench, Provocation};

    pub(crate) const JOBS: &str = "/v2/projects/p/locations/us-east1/jobs";
    pub(crate) const J: &str = "/v2/projects/p/locations/us-east1/jobs/j";

    /// A job with nothing but an image.
    pub(crate) fn plain() -> Value {
        json!({ "template": { "template": { "containers": [{ "image": "gcr.io/p/batch" }] } } })
    }

    pub(crate) fn create(bench: &mut Bench, body: Value) -> Value {
        bench.ended("POST", &format!("{JOBS}?jobId=j"), body)
    }

    pub(crate) fn get(bench: &mut Bench) -> Value {
        bench.ask("GET", J, Value::Null)
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let mut all = vec![
            Provocation::new(&NOT_FOUND, get),
            Provocation::new(&NAME, |bench| {
                bench.ask("POST", &format!("{JOBS}?jobId=Batch"), plain())
            }),
            Provocation::new(&EXISTS, |bench| {
                create(bench, plain());
                create(bench, plain())
            }),
            Provocation::new(&STALE_ETAG, |bench| {
                create(bench, plain());
                bench.ask("DELETE", &format!("{J}?etag=old"), Value::Null)
            }),
            Provocation::new(&STALE_ETAG, |bench| {
                create(bench, plain());
                let mut stale = plain();
                stale["etag"] = json!("old");
                bench.ask("PATCH", J, stale)
            }),
            Provocation::new(&REPLACE, |bench| {
                let mut labelled = plain();
                labelled["labels"] = json!({ "team": "payments" });
                create(bench, labelled);
                bench.ended("PATCH", J, plain());
                get(bench)
            }),
        ];
        all.extend(super::defaults::tests::provocations());
        all.extend(super::writes::tests::provocations());
        all
    }

    #[test]
    fn a_job_that_was_deleted_leaves_nothing() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let listed = bench.ok("GET", JOBS, Value::Null);
        assert_eq!(listed["jobs"].as_array().map(Vec::len), Some(1));
        let ended = bench.ended("DELETE", J, Value::Null);
        assert_eq!(
            (&ended["response"]["generation"], &ended["done"]),
            (&json!("2"), &json!(true))
        );
        assert_eq!(crate::document::get(&mut bench.engine), json!({}));
    }

    #[test]
    fn a_dry_run_of_a_job_changes_nothing() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let before = get(&mut bench);
        let url = format!("{J}?validateOnly=true");
        assert_eq!(bench.ok("PATCH", &url, plain())["done"], true);
        assert_eq!(bench.ok("DELETE", &url, Value::Null)["done"], true);
        assert_eq!(get(&mut bench), before);
    }
}
