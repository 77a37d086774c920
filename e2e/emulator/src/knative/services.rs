//! Services in the shape of Knative: their methods.

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored, nothing_to_complete};
use crate::compute::name_of;
use crate::engine::{Answer, Engine};
use crate::knative::schema::SERVICE;
use crate::knative::selector::Selector;
use crate::knative::{
    Object, annotations, ask, deleted, listed, named_alike, place, prefix, put, read, template,
    view,
};
use crate::pages::Window;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(super) static POLICY_VERSION: Rule = Rule::documented(
    "run.v1.policy.version",
    "docs/reference/google-cloud.md#run-v1",
    "A policy can be asked for in version 0, 1 or 3; any other is refused.",
);

const NAMESPACED: &str = "apis/serving.knative.dev/v1/namespaces/{project}/services";
const NAMESPACED_ONE: &str = "apis/serving.knative.dev/v1/namespaces/{project}/services/{service}";
const LOCATED: &str = "v1/projects/{project}/locations/{location}/services";
const LOCATED_ONE: &str = "v1/projects/{project}/locations/{location}/services/{service}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Knative,
    kind: "",
    fields: SERVICE,
    homes: &[],
    routes: &[
        route(Verb::Get, NAMESPACED, "run.namespaces.services.list", list),
        route(
            Verb::Post,
            NAMESPACED,
            "run.namespaces.services.create",
            create,
        ),
        route(
            Verb::Get,
            NAMESPACED_ONE,
            "run.namespaces.services.get",
            get,
        ),
        route(
            Verb::Put,
            NAMESPACED_ONE,
            "run.namespaces.services.replaceService",
            replace,
        ),
        route(
            Verb::Delete,
            NAMESPACED_ONE,
            "run.namespaces.services.delete",
            delete,
        ),
        route(
            Verb::Get,
            "v1/projects/{project}/locations/{location}/services/{service}:getIamPolicy",
            "run.projects.locations.services.getIamPolicy",
            get_iam_policy,
        ),
        route(
            Verb::Get,
            LOCATED,
            "run.projects.locations.services.list",
            list,
        ),
        route(
            Verb::Post,
            LOCATED,
            "run.projects.locations.services.create",
            create,
        ),
        route(
            Verb::Get,
            LOCATED_ONE,
            "run.projects.locations.services.get",
            get,
        ),
        route(
            Verb::Put,
            LOCATED_ONE,
            "run.projects.locations.services.replaceService",
            replace,
        ),
        route(
            Verb::Delete,
            LOCATED_ONE,
            "run.projects.locations.services.delete",
            delete,
        ),
    ],
    rules: &[&POLICY_VERSION],
    complete: nothing_to_complete,
    render: as_stored,
};

pub(super) const fn route(
    verb: Verb,
    template: &'static str,
    operation: &'static str,
    handler: crate::call::Handler,
) -> Route {
    Route {
        verb,
        template,
        operation,
        handler,
    }
}

/// Everything that a replace sets, as version 2 calls it; the rest of a service stays as it is.
const REPLACED: &str = "annotations,client,clientVersion,customAudiences,defaultUriDisabled,description,\
    iapEnabled,ingress,invokerIamDisabled,labels,launchStage,scaling,traffic,template.annotations,\
    template.client,template.clientVersion,template.containers,template.encryptionKey,\
    template.executionEnvironment,template.gpuZonalRedundancyDisabled,template.healthCheckDisabled,\
    template.labels,template.maxInstanceRequestConcurrency,template.nodeSelector,template.revision,\
    template.scaling,template.serviceAccount,template.sessionAffinity,template.timeout,template.vpcAccess";

pub(super) fn path(engine: &Engine, call: &Call) -> Result<String, Refusal> {
    let place = place(engine, call)?;
    Ok(format!("{place}/services/{}", call.parameter("service")))
}

fn get(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    let service = ask(engine, call, Verb::Get, &path, &[], Value::Null)?;
    Ok(view::service(engine, &path, &service))
}

/// The services of one location, or of all of them where the location is `-`.
fn list(engine: &mut Engine, call: &Call) -> Answer {
    let prefix = prefix(engine, call)?;
    let window = Window::of(engine, call)?;
    let selector = Selector::of(engine, call)?;
    let of_kind = |path: &str| path.split('/').count() == 6 && path.contains("/services/");
    let services: Vec<(&str, Value)> = engine
        .store
        .list_below(Api::Run, &prefix, window.after.as_deref())
        .filter(|(path, _)| of_kind(path))
        .map(|(path, service)| (path, view::service(engine, path, service)))
        .filter(|(_, service)| selector.admits(service))
        .collect();
    let (page, next) = window.take(services.iter().map(|(path, service)| (*path, service)));
    let items = page
        .into_iter()
        .map(|(_, service)| service.clone())
        .collect();
    Ok(listed(Object::Service, items, next))
}

/// The service of version 2 that a body stands for. `before` is the one that it replaces.
fn translate(engine: &Engine, body: &Value, before: &Value) -> Answer {
    let (metadata, spec) = (&body["metadata"], &body["spec"]);
    let mut service =
        json!({ "template": template::read(engine, &spec["template"], &before["template"])? });
    view::read_metadata(metadata, &mut service);
    let targets = spec["traffic"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|given| {
            let allocation = if given["latestRevision"] == true {
                "LATEST"
            } else {
                "REVISION"
            };
            let mut target =
                json!({ "type": format!("TRAFFIC_TARGET_ALLOCATION_TYPE_{allocation}") });
            for (field, name) in [
                ("percent", "percent"),
                ("tag", "tag"),
                ("revisionName", "revision"),
            ] {
                put(&mut target, name, given[field].clone());
            }
            target
        });
    put(&mut service, "traffic", targets.collect());
    let at = "metadata.annotations";
    annotations::read(
        engine,
        annotations::SERVICE,
        at,
        &metadata["annotations"],
        &mut service,
    )?;
    Ok(service)
}

/// `dryRun=all` in the words of version 2.
pub(super) fn dry_run(call: &Call) -> (&'static str, &'static str) {
    let dry = call.query("dryRun") == Some("all");
    ("validateOnly", if dry { "true" } else { "" })
}

fn create(engine: &mut Engine, call: &Call) -> Answer {
    let collection = format!("{}/services", place(engine, call)?);
    let body = read(engine, call, Object::Service)?;
    let service = translate(engine, &body, &Value::Null)?;
    let name = body["metadata"]["name"].as_str().unwrap_or_default();
    let query = [("serviceId", name), dry_run(call)];
    let operation = ask(engine, call, Verb::Post, &collection, &query, service)?;
    let path = format!("{collection}/{name}");
    Ok(view::service(engine, &path, result_of(&operation)))
}

fn replace(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    let before = ask(engine, call, Verb::Get, &path, &[], Value::Null)?;
    let body = read(engine, call, Object::Service)?;
    named_alike(engine, &body, &path)?;
    let service = translate(engine, &body, &before)?;
    let query = [("updateMask", REPLACED), dry_run(call)];
    let operation = ask(engine, call, Verb::Patch, &path, &query, service)?;
    Ok(view::service(engine, &path, result_of(&operation)))
}

/// What an operation of version 2 is about, as its write left it: not ready yet, however soon it will be.
pub(super) fn result_of(operation: &Value) -> &Value {
    match operation.get("response") {
        Some(dry) => dry,
        None => &operation["metadata"],
    }
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    ask(
        engine,
        call,
        Verb::Delete,
        &path,
        &[dry_run(call)],
        Value::Null,
    )?;
    Ok(deleted("services", name_of(&path)))
}

/// Nobody has been granted anything: policies are not kept.
fn get_iam_policy(engine: &mut Engine, call: &Call) -> Answer {
    let version = call.query("options.requestedPolicyVersion");
    let unknown = version.is_some_and(|version| !["0", "1", "3"].contains(&version));
    engine.refuse_if(&POLICY_VERSION, unknown, || {
        let version = version.unwrap_or_default();
        let text = format!("Invalid policy version: {version}.");
        ErrorAnswer::code(Code::InvalidArgument, text).violating("options.requested_policy_version")
    })?;
    let path = path(engine, call)?;
    ask(engine, call, Verb::Get, &path, &[], Value::Null)?;
    Ok(json!({ "etag": "ACAB" }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::knative::tests::{HOST, S, S2, SERVICES, create, get, plain};
    use crate::testing::Bench;

    #[test]
    fn services_are_listed_by_location_by_label_and_in_pages() {
        let mut bench = Bench::new();
        let services: serde_json::Map<_, _> = [
            "us-east1/services/a",
            "us-east1/services/b",
            "us-west1/services/c",
        ]
        .iter()
        .map(|end| {
            (
                format!("projects/p/locations/{end}"),
                json!({ "labels": { "of": end[9..].replace('/', "-") } }),
            )
        })
        .collect();
        bench.document(json!({ "run": services }));
        let mut names = |url: &str| -> Vec<String> {
            let list = bench.ok("GET", url, Value::Null);
            let items = list["items"].as_array().cloned().unwrap_or_default();
            items
                .iter()
                .filter_map(|it| it["metadata"]["name"].as_str().map(str::to_owned))
                .collect()
        };
        assert_eq!(names(SERVICES), ["a", "b"]);
        assert_eq!(
            names("/v1/projects/p/locations/-/services"),
            ["a", "b", "c"]
        );
        assert_eq!(names("/v1/projects/p/locations/us-west1/services"), ["c"]);
        assert_eq!(
            names(&format!("{SERVICES}?labelSelector=of%3Dservices-b")),
            ["b"]
        );
        let first = bench.ok("GET", &format!("{SERVICES}?limit=1"), Value::Null);
        let next = first["metadata"]["continue"].as_str().unwrap_or_default();
        let second = bench.ok(
            "GET",
            &format!("{SERVICES}?limit=1&continue={next}"),
            Value::Null,
        );
        assert_eq!(second["items"][0]["metadata"]["name"], "b");
    }

    #[test]
    fn a_stale_resource_version_is_refused() {
        let mut bench = Bench::new();
        create(&mut bench);
        let old = get(&mut bench);
        bench.ok("PUT", S, old.clone());
        assert_eq!(bench.status("PUT", S, old), 409);
    }

    #[test]
    fn a_dry_run_writes_nothing_and_a_delete_leaves_nothing() {
        let mut bench = Bench::new();
        bench.ok("POST", &format!("{SERVICES}?dryRun=all"), plain());
        assert_eq!(bench.status("GET", S, Value::Null), 404);
        create(&mut bench);
        assert_eq!(bench.ok("DELETE", S, Value::Null)["status"], "Success");
        assert_eq!(bench.status("GET", S2, Value::Null), 404);
    }

    #[test]
    fn a_policy_is_empty_and_belongs_to_a_service() {
        let mut bench = Bench::new();
        let url = format!("{HOST}/v1/projects/p/locations/us-east1/services/s:getIamPolicy");
        assert_eq!(bench.status("GET", &url, Value::Null), 404);
        create(&mut bench);
        assert_eq!(
            bench.ok("GET", &url, Value::Null),
            json!({ "etag": "ACAB" })
        );
    }
}
