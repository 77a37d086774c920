//! Cloud Run's version 1, which `gcloud` speaks: the services and revisions of version 2 in the shape of
//! Knative.
//!
//! Nothing is kept here. A write becomes a call of version 2, so that every rule of version 2 holds; a read
//! shows what version 2 keeps in other words. What version 1 has no words for stays as it is.

mod annotations;
mod schema;
mod status;
mod template;
mod view;

pub(crate) mod revisions;
pub(crate) mod selector;
pub(crate) mod services;

use serde_json::{Value, json};

use crate::call::{Api, Call, Verb};
use crate::compute::regions::REGIONS;
use crate::engine::{Answer, Engine};
use crate::refusal::{Code, Refusal};
use crate::resources;
use crate::rules::Rule;

static REGION: Rule = Rule::documented(
    "run.v1.region",
    "docs/reference/google-cloud.md#run-v1",
    "In /apis/serving.knative.dev/v1/namespaces/... the host names the region: us-east1-run.googleapis.com.",
);
static DEFAULT_REGION: Rule = Rule::invented(
    "run.v1.region.default",
    "A host that names no region, such as the emulator's own address, stands for us-central1.",
);

static PLACE_RULES: &[&Rule] = &[&REGION, &DEFAULT_REGION];

/// The region of hosts that name none.
const USUAL_REGION: &str = "us-central1";
/// What objects say they are.
const VERSION: &str = "serving.knative.dev/v1";

/// The rules of all files of this API.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        PLACE_RULES,
        annotations::RULES,
        selector::RULES,
        services::RULES,
        status::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// `projects/p/locations/l` of a call; the location is `-` when it is about all of them.
fn place(engine: &Engine, call: &Call) -> Result<String, Refusal> {
    let project = project(engine, call.parameter("project"));
    let location = match call.parameter("location") {
        "" => region_of_host(engine, &call.host)?,
        location => location,
    };
    Ok(format!("projects/{project}/locations/{location}"))
}

/// The project's id, which clients may replace by its number.
fn project(engine: &Engine, given: &str) -> String {
    let is_number = given.starts_with(|c: char| c.is_ascii_digit());
    let id = is_number.then(|| {
        let paths = engine.store.shown(Api::Run).map(|(path, _)| path);
        let mut ids = paths.filter_map(|path| path.split('/').nth(1));
        ids.find(|id| engine.project_number(id) == given)
    });
    id.flatten().unwrap_or(given).to_owned()
}

fn region_of_host(engine: &Engine, host: &str) -> Result<&'static str, Refusal> {
    let is_of = |region: &&&str| {
        host.strip_prefix(**region)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    let named = REGIONS
        .iter()
        .find(is_of)
        .copied()
        .filter(|_| engine.rule(&REGION, true));
    if let Some(region) = named {
        return Ok(region);
    }
    if engine.rule(&DEFAULT_REGION, true) {
        return Ok(USUAL_REGION);
    }
    let text = format!("The host '{host}' names no region.");
    Err(Refusal::code(Code::InvalidArgument, text))
}

/// Puts a call of version 2 to the engine, with what faults have in store for the original.
fn ask(
    engine: &mut Engine,
    original: &Call,
    verb: Verb,
    path: &str,
    query: &[(&str, &str)],
    body: Value,
) -> Answer {
    let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    let Some(found) = resources::find_in(Api::Run, verb, &segments) else {
        return Err(Refusal::code(Code::NotFound, format!("There is no {path}")));
    };
    let call = Call {
        resource: found.resource,
        route: found.route,
        path: found.path,
        parameters: found.parameters,
        host: original.host.clone(),
        query: query
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        body,
        fate: original.fate.clone(),
        disturbance: original.disturbance.clone(),
    };
    (call.route.handler)(engine, &call)
}

/// Sets a field unless there is nothing to set it to.
fn put(into: &mut Value, field: &str, value: Value) {
    let nothing = match &value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if !nothing {
        into[field] = value;
    }
}

/// A list's body; what is empty is left out.
fn listed(kind: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut body = json!({ "apiVersion": VERSION, "kind": kind, "metadata": {} });
    put(&mut body, "items", Value::Array(items));
    if let Some(next) = next {
        body["metadata"]["continue"] = json!(next);
    }
    body
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{DEFAULT_REGION, REGION};
    use crate::testing::{Bench, Provocation};

    pub(crate) const HOST: &str = "http://us-east1-run.googleapis.com";
    pub(crate) const SERVICES: &str =
        "http://us-east1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p/services";
    pub(crate) const S: &str =
        "http://us-east1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p/services/s";
    /// The same service as version 2 has it.
    pub(crate) const S2: &str = "/v2/projects/p/locations/us-east1/services/s";

    /// What `gcloud run deploy s --image=...` sends.
    pub(crate) fn plain() -> Value {
        let container = json!({ "image": "us-docker.pkg.dev/cloudrun/container/hello" });
        json!({
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": { "name": "s", "namespace": "p" },
            "spec": { "template": { "metadata": {}, "spec": { "containers": [container] } } },
        })
    }

    pub(crate) fn create(bench: &mut Bench) -> Value {
        bench.ask("POST", SERVICES, plain())
    }

    pub(crate) fn get(bench: &mut Bench) -> Value {
        bench.ask("GET", S, Value::Null)
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let mut all = vec![
            Provocation::new(&REGION, |bench| {
                create(bench);
                bench.ask("GET", S2, Value::Null)
            }),
            Provocation::new(&DEFAULT_REGION, |bench| {
                bench.ask(
                    "GET",
                    "/apis/serving.knative.dev/v1/namespaces/p/services",
                    Value::Null,
                )
            }),
        ];
        all.extend(super::annotations::tests::provocations());
        all.extend(super::selector::tests::provocations());
        all.extend(super::services::tests::provocations());
        all.extend(super::status::tests::provocations());
        all
    }

    #[test]
    fn both_versions_show_one_service() {
        let mut bench = Bench::new();
        create(&mut bench);
        let (one, two) = (get(&mut bench), bench.ok("GET", S2, Value::Null));
        assert_eq!(one["metadata"]["uid"], two["uid"]);
        assert_eq!(one["status"]["url"], two["uri"]);
        let path = "/v1/projects/p/locations/us-east1/services/s";
        assert_eq!(bench.ok("GET", path, Value::Null), one);
        let number = one["metadata"]["namespace"].as_str().unwrap_or_default();
        let by_number = S.replace("namespaces/p", &format!("namespaces/{number}"));
        assert_eq!(bench.ok("GET", &by_number, Value::Null), one);
    }
}
