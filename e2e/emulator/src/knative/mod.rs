//! Cloud Run's version 1, which `gcloud` speaks: the services, revisions and jobs of version 2 in the shape of
//! Knative.
//!
//! Nothing is kept here. A write becomes a call of version 2, so that every rule of version 2 holds; a read
//! shows what version 2 keeps in other words. What version 1 has no words for stays as it is.

mod annotations;
mod execution;
mod schema;
mod status;
mod template;
mod view;

pub(crate) mod jobs;
pub(crate) mod revisions;
pub(crate) mod selector;
pub(crate) mod services;

use serde_json::{Value, json};

use crate::call::{Api, Call, Verb};
use crate::compute::name_of;
use crate::compute::regions::REGIONS;
use crate::engine::{Answer, Engine};
use crate::fields::{self, Fields, Reading};
use crate::refusal::{Code, ErrorAnswer, Refusal};
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

static EVERYWHERE: Rule = Rule::guessed(
    "run.v1.region.all",
    "docs/reference/google-cloud.md#run-v1; as gcloud takes it",
    "A list that is asked of run.googleapis.com, whose name has no region, is of all regions.",
);
static KIND: Rule = Rule::guessed(
    "run.v1.kind",
    "text unrecorded",
    "A body of another kind or version than the method writes is refused.",
);
static OTHER_NAME: Rule = Rule::guessed(
    "run.v1.name",
    "text unrecorded",
    "A replace whose body has another name than its path is refused.",
);

static OWN_RULES: &[&Rule] = &[&REGION, &DEFAULT_REGION, &EVERYWHERE, &KIND, &OTHER_NAME];

/// The region of hosts that name none.
const USUAL_REGION: &str = "us-central1";
/// The host for all regions.
const GLOBAL_HOST: &str = "run.googleapis.com";

/// What there is in version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Service,
    Revision,
    Job,
}

impl Object {
    /// What objects say they are.
    fn kind(self) -> &'static str {
        match self {
            Object::Service => "Service",
            Object::Revision => "Revision",
            Object::Job => "Job",
        }
    }

    /// The group and version that they belong to: jobs are Google's own, the others Knative's.
    fn version(self) -> &'static str {
        match self {
            Object::Service | Object::Revision => "serving.knative.dev/v1",
            Object::Job => "run.googleapis.com/v1",
        }
    }

    fn collection(self) -> &'static str {
        match self {
            Object::Service => "services",
            Object::Revision => "revisions",
            Object::Job => "jobs",
        }
    }

    /// The annotation that says who made it.
    fn creator(self) -> &'static str {
        match self {
            Object::Service | Object::Revision => "serving.knative.dev/creator",
            Object::Job => "run.googleapis.com/creator",
        }
    }

    /// The annotation that says who changed it last.
    fn last_modifier(self) -> &'static str {
        match self {
            Object::Service | Object::Revision => "serving.knative.dev/lastModifier",
            Object::Job => "run.googleapis.com/lastModifier",
        }
    }

    /// The fields of a body; nobody sends a revision.
    fn fields(self) -> Fields {
        match self {
            Object::Service => schema::SERVICE,
            Object::Revision => &[],
            Object::Job => schema::JOB,
        }
    }
}

/// The rules of all files of this API.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        OWN_RULES,
        annotations::RULES,
        selector::RULES,
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

/// Where version 2 keeps the one object that a call is about; `None` if it is about none, or about many.
pub(crate) fn kept(engine: &Engine, call: &Call) -> Option<String> {
    let named = |parameter| !call.parameter(parameter).is_empty();
    let path = if named("service") {
        services::path(engine, call)
    } else if named("revision") {
        revisions::path(engine, call)
    } else if named("job") {
        jobs::path(engine, call)
    } else {
        return None;
    };
    path.ok()
}

/// What the paths begin with, in version 2, of all that a list call is about.
fn prefix(engine: &Engine, call: &Call) -> Result<String, Refusal> {
    let is_global = call.host == GLOBAL_HOST && call.parameter("location").is_empty();
    if engine.rule(&EVERYWHERE, is_global) {
        let project = project(engine, call.parameter("project"));
        return Ok(format!("projects/{project}/locations/"));
    }
    let place = place(engine, call)?;
    Ok(match place.strip_suffix("/-") {
        Some(all) => format!("{all}/"),
        None => format!("{place}/"),
    })
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
    Err(ErrorAnswer::code(Code::InvalidArgument, text).unserved())
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
        let text = format!("There is no {path}");
        return Err(ErrorAnswer::code(Code::NotFound, text).unserved());
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

/// The body of a write, without what clients send back though only the server sets it.
fn read(engine: &Engine, call: &Call, of: Object) -> Answer {
    let (api, fields) = (Api::Knative, of.fields());
    let at = of.kind().to_lowercase();
    let body = fields::read(engine, api, &at, fields, Reading::Whole, &call.body)?;
    let fits = body["kind"] == of.kind() && body["apiVersion"] == of.version();
    engine.refuse_if(&KIND, !fits, || {
        let (kind, version) = (&body["kind"], &body["apiVersion"]);
        let text = format!(
            "Expected kind '{}' of '{}', got {kind} of {version}.",
            of.kind(),
            of.version()
        );
        ErrorAnswer::code(Code::InvalidArgument, text)
    })?;
    Ok(body)
}

/// Refuses a body that has another name than the path that it is to replace.
fn named_alike(engine: &Engine, body: &Value, path: &str) -> Result<(), Refusal> {
    let (name, wanted) = (&body["metadata"]["name"], name_of(path));
    engine.refuse_if(&OTHER_NAME, name != wanted, || {
        let text = format!("metadata.name: {name} is not the name in the URL, '{wanted}'.");
        ErrorAnswer::code(Code::InvalidArgument, text)
    })
}

/// The answer to a delete.
fn deleted(collection: &str, name: &str) -> Value {
    let details = json!({ "kind": collection, "name": name });
    json!({ "status": "Success", "details": details })
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
fn listed(of: Object, items: Vec<Value>, next: Option<String>) -> Value {
    let kind = format!("{}List", of.kind());
    let mut body = json!({ "apiVersion": of.version(), "kind": kind, "metadata": {} });
    put(&mut body, "items", Value::Array(items));
    if let Some(next) = next {
        body["metadata"]["continue"] = json!(next);
    }
    body
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{DEFAULT_REGION, EVERYWHERE, KIND, OTHER_NAME, REGION, services};
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
            Provocation::new(&EVERYWHERE, |bench| {
                create(bench);
                bench.ask("GET", &SERVICES.replace("us-east1-run", "run"), Value::Null)
            }),
            Provocation::new(&KIND, |bench| {
                let mut service = plain();
                service["kind"] = json!("Configuration");
                bench.ask("POST", SERVICES, service)
            }),
            Provocation::new(&OTHER_NAME, |bench| {
                create(bench);
                let mut service = plain();
                service["metadata"]["name"] = json!("t");
                bench.ask("PUT", S, service)
            }),
        ];
        all.push(Provocation::new(&services::POLICY_VERSION, |bench| {
            create(bench);
            let url = "/v1/projects/p/locations/us-east1/services/s:getIamPolicy";
            let asked = format!("{url}?options.requestedPolicyVersion=2");
            bench.ask("GET", &asked, Value::Null)
        }));
        all.extend(super::annotations::tests::provocations());
        all.extend(super::selector::tests::provocations());
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
