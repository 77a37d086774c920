//! Revisions: what a service's template was each time it changed.

use serde_json::{Map, Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored};
use crate::clock;
use crate::compute::{fill, name_of};
use crate::engine::{Answer, Engine};
use crate::identity;
use crate::operations::{Effect, Outcome};
use crate::pages::Window;
use crate::refusal::{Code, ErrorAnswer};
use crate::rpc;
use crate::rules::Rule;
use crate::run::schema::REVISION;
use crate::run::status;

static NOT_FOUND: Rule = Rule::guessed(
    "run.revision.not-found",
    "as recorded for jobs",
    "A revision that does not exist is answered with 404.",
);
static SERVING: Rule = Rule::guessed(
    "run.revision.delete.serving",
    "text unrecorded",
    "A revision that serves traffic, carries a tag or is the latest cannot be deleted.",
);

static STALE_ETAG: Rule = Rule::documented(
    "run.revision.etag.stale",
    "docs/reference/google-cloud.md#run-etag",
    "A delete with another etag than the present one is refused with 409 ABORTED.",
);

pub(super) static RULES: &[&Rule] = &[&NOT_FOUND, &SERVING, &STALE_ETAG];

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Run,
    kind: "",
    fields: REVISION,
    homes: &["projects/{project}/locations/{location}/services/{service}/revisions/{revision}"],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/services/{service}/revisions",
            operation: "run.projects.locations.services.revisions.list",
            handler: list,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/services/{service}/revisions/{revision}",
            operation: "run.projects.locations.services.revisions.get",
            handler: get,
        },
        Route {
            verb: Verb::Delete,
            template: "projects/{project}/locations/{location}/services/{service}/revisions/{revision}",
            operation: "run.projects.locations.services.revisions.delete",
            handler: delete,
        },
    ],
    rules: &[],
    complete,
    render: as_stored,
};

/// A template without the name of its revision: what makes two revisions differ.
pub(super) fn configuration(template: &Value) -> Value {
    let mut fields = template.as_object().cloned().unwrap_or_default();
    fields.remove("revision");
    Value::Object(fields)
}

/// The revision at `path` that a service's template makes.
pub(super) fn of_service(engine: &mut Engine, path: &str, service: &Value) -> Value {
    let time = clock::utc_time(engine.clock.now());
    let made = engine.next();
    let mut revision = configuration(&service["template"]);
    if let Some(fields) = revision.as_object_mut() {
        // Google's description of a revision has no such field.
        fields.remove("healthCheckDisabled");
    }
    revision["name"] = json!(path);
    revision["service"] = json!(service["name"].as_str().map_or("", name_of));
    revision["uid"] = json!(identity::uuid(&["uid", path, &made]));
    revision["generation"] = json!("1");
    revision["createTime"] = json!(time);
    revision["updateTime"] = json!(time);
    revision["creator"] = json!("user@example.com");
    revision["launchStage"] = service["launchStage"].clone();
    revision["etag"] = json!(identity::etag(&[path, &made]));
    revision["reconciling"] = json!(true);
    revision["conditions"] = json!([status::condition(engine, "Ready", &Ok(false))]);
    revision
}

/// Notes that a revision is ready, or why it is not.
pub(super) fn set_ready(engine: &mut Engine, path: &str, why_not: Option<String>) {
    let Some(mut revision) = engine.store.get(Api::Run, path).cloned() else {
        return;
    };
    note_readiness(engine, &mut revision, why_not);
    engine.store.put(Api::Run, path, revision);
}

/// As [`set_ready`], for a revision that is not stored yet.
pub(super) fn note_readiness(engine: &Engine, revision: &mut Value, why_not: Option<String>) {
    let state = why_not.map_or(Ok(true), Err);
    let conditions = ["Ready", "ContainerHealthy"].map(|of| status::condition(engine, of, &state));
    revision["conditions"] = json!(conditions);
    revision["observedGeneration"] = revision["generation"].clone();
    if let Some(fields) = revision.as_object_mut() {
        fields.remove("reconciling");
    }
}

/// Why a revision is not ready, if it failed.
pub(super) fn failure(revision: &Value) -> Option<String> {
    let ready = revision["conditions"]
        .as_array()?
        .iter()
        .find(|it| it["type"] == "Ready")?;
    let failed = ready["state"] == "CONDITION_FAILED";
    failed.then(|| ready["message"].as_str().unwrap_or_default().to_owned())
}

/// Completes a revision of a state document: what it leaves out is as in its service's template.
fn complete(engine: &mut Engine, path: &str, mut revision: Value) -> Value {
    if revision.get("uid").is_some() {
        return revision;
    }
    let service = path.split("/revisions/").next().unwrap_or_default();
    let service = engine.store.get(Api::Run, service).cloned();
    let given: Map<String, Value> = revision.as_object().cloned().unwrap_or_default();
    if let Some(service) = service {
        revision = of_service(engine, path, &service);
        note_readiness(engine, &mut revision, None);
    }
    for (field, value) in given {
        revision[field] = value;
    }
    fill(&mut revision, "name", || json!(path));
    revision
}

fn get(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let revision = engine.store.get(Api::Run, &call.path);
    engine.refuse_if(&NOT_FOUND, revision.is_none(), || {
        let (name, region) = (call.parameter("revision"), call.parameter("location"));
        let project = call.parameter("project");
        let text = format!(
            "Resource '{name}' of kind 'REVISION' in region '{region}' in project '{project}' does not exist."
        );
        ErrorAnswer::code(Code::NotFound, text)
    })?;
    Ok(revision.cloned().unwrap_or_else(|| json!({})))
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let window = Window::of(engine, call)?;
    let prefix = format!("{}/", call.path);
    let (page, next) = window.take(
        engine
            .store
            .list(Api::Run, &prefix, window.after.as_deref()),
    );
    Ok(rpc::listed(
        "revisions",
        page.into_iter().map(|(_, it)| it.clone()).collect(),
        next,
    ))
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let revision = get(engine, call)?;
    rpc::check_etag(engine, &STALE_ETAG, &revision, call.query("etag"))?;
    let serving = serves(engine, &call.path);
    engine.refuse_if(&SERVING, serving, || {
        let text = format!(
            "Revision '{}' is serving and cannot be deleted.",
            name_of(&call.path)
        );
        ErrorAnswer::code(Code::FailedPrecondition, text)
    })?;
    let target = call.path.clone();
    let shown = rpc::typed("google.cloud.run.v2.Revision", &revision);
    if call.flag("validateOnly") {
        return Ok(rpc::dry_run(&call.path, &shown));
    }
    let metadata = shown.clone();
    let effect: Effect = Box::new(move |engine, imposed| {
        if let Some(failure) = imposed {
            return Outcome::failed(failure);
        }
        engine.store.remove(Api::Run, &target);
        Outcome {
            metadata: None,
            result: Ok(shown),
        }
    });
    Ok(rpc::begin(engine, call, &call.path, &metadata, effect))
}

/// Whether a revision gets traffic or may get it again.
pub(crate) fn serves(engine: &Engine, path: &str) -> bool {
    let service = path.split("/revisions/").next().unwrap_or_default();
    let Some(service) = engine.store.get(Api::Run, service) else {
        return false;
    };
    let name = name_of(path);
    let latest = ["latestCreatedRevision", "latestReadyRevision"];
    let mut targets = service["traffic"].as_array().into_iter().flatten();
    latest.iter().any(|field| service[*field] == path) || targets.any(|it| it["revision"] == name)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{NOT_FOUND, SERVING, STALE_ETAG};
    use crate::run::tests::{S, create, get, patch, plain};
    use crate::testing::{Bench, Provocation};

    fn latest(bench: &mut Bench) -> String {
        format!(
            "/v2/{}",
            get(bench)["latestCreatedRevision"]
                .as_str()
                .unwrap_or_default()
        )
    }

    /// A revision that serves no more, as a newer one does.
    fn superseded(bench: &mut Bench) -> String {
        create(bench, plain());
        let first = latest(bench);
        let change = json!({ "template": { "timeout": "60s" } });
        patch(bench, "template.timeout", change);
        first
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![
            Provocation::new(&NOT_FOUND, |bench| {
                bench.ask("GET", &format!("{S}/revisions/s-00001-abc"), Value::Null)
            }),
            Provocation::new(&SERVING, |bench| {
                create(bench, plain());
                let latest = latest(bench);
                bench.ask("DELETE", &latest, Value::Null)
            }),
            Provocation::new(&STALE_ETAG, |bench| {
                let first = superseded(bench);
                bench.ask("DELETE", &format!("{first}?etag=old"), Value::Null)
            }),
        ]
    }

    #[test]
    fn a_revision_has_no_field_that_only_templates_have() {
        let mut bench = Bench::new();
        let mut body = plain();
        body["template"]["healthCheckDisabled"] = json!(true);
        create(&mut bench, body);
        let url = format!("{S}/revisions");
        let revisions = bench.ok("GET", &url, Value::Null);
        assert_eq!(revisions["revisions"][0].get("healthCheckDisabled"), None);
        assert!(revisions["revisions"][0]["timeout"].is_string());
    }

    #[test]
    fn a_revision_that_no_longer_serves_can_be_deleted() {
        let mut bench = Bench::new();
        let first = superseded(&mut bench);
        let revisions = bench.ok("GET", &format!("{S}/revisions"), Value::Null);
        assert_eq!(revisions["revisions"].as_array().map(Vec::len), Some(2));
        let shown = bench.ok("GET", &first, Value::Null);
        let etag = shown["etag"].as_str().unwrap_or_default();
        let asked = format!("{first}?validateOnly=true&etag={etag}");
        assert_eq!(bench.ok("DELETE", &asked, Value::Null)["done"], true);
        let v1 = first.replace("/v2/", "/v1/").replace("/services/s", "");
        bench.ok("DELETE", &format!("{v1}?dryRun=all"), Value::Null);
        assert_eq!(bench.ok("GET", &first, Value::Null), shown);
        assert_eq!(bench.ended("DELETE", &first, Value::Null)["done"], true);
        assert_eq!(bench.status("GET", &first, Value::Null), 404);
    }
}
