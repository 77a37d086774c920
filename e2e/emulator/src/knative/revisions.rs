//! Revisions in the shape of Knative, where they lie beside their services and not below them.

use serde_json::Value;

use crate::call::{Api, Call, Resource, Verb, as_stored, nothing_to_complete};
use crate::compute::name_of;
use crate::engine::{Answer, Engine};
use crate::knative::selector::Selector;
use crate::knative::services::{dry_run, route};
use crate::knative::{Object, ask, deleted, listed, place, prefix, view};
use crate::pages::Window;
use crate::refusal::Refusal;

const NAMESPACED: &str = "apis/serving.knative.dev/v1/namespaces/{project}/revisions";
const NAMESPACED_ONE: &str =
    "apis/serving.knative.dev/v1/namespaces/{project}/revisions/{revision}";
const LOCATED: &str = "v1/projects/{project}/locations/{location}/revisions";
const LOCATED_ONE: &str = "v1/projects/{project}/locations/{location}/revisions/{revision}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Knative,
    kind: "",
    fields: &[],
    homes: &[],
    routes: &[
        route(Verb::Get, NAMESPACED, "run.namespaces.revisions.list", list),
        route(
            Verb::Get,
            NAMESPACED_ONE,
            "run.namespaces.revisions.get",
            get,
        ),
        route(
            Verb::Delete,
            NAMESPACED_ONE,
            "run.namespaces.revisions.delete",
            delete,
        ),
        route(
            Verb::Get,
            LOCATED,
            "run.projects.locations.revisions.list",
            list,
        ),
        route(
            Verb::Get,
            LOCATED_ONE,
            "run.projects.locations.revisions.get",
            get,
        ),
        route(
            Verb::Delete,
            LOCATED_ONE,
            "run.projects.locations.revisions.delete",
            delete,
        ),
    ],
    rules: &[],
    complete: nothing_to_complete,
    render: as_stored,
};

/// The paths and values of the revisions of a location.
fn within<'a>(
    engine: &'a Engine,
    prefix: &'a str,
    after: Option<&'a str>,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let all = engine.store.list_below(Api::Run, prefix, after);
    all.filter(|(path, _)| path.split('/').nth(6) == Some("revisions"))
}

/// Where version 2 keeps the revision that a call is about.
pub(super) fn path(engine: &Engine, call: &Call) -> Result<String, Refusal> {
    let (place, name) = (place(engine, call)?, call.parameter("revision"));
    let services = format!("{place}/services/");
    let found = within(engine, &services, None).find(|(path, _)| name_of(path) == name);
    // A path that leads nowhere is answered as version 2 does.
    Ok(found.map_or_else(
        || format!("{services}-/revisions/{name}"),
        |(path, _)| path.to_owned(),
    ))
}

fn get(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    let revision = ask(engine, call, Verb::Get, &path, &[], Value::Null)?;
    Ok(view::revision(engine, &path, &revision))
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    let prefix = prefix(engine, call)?;
    let window = Window::of(engine, call)?;
    let selector = Selector::of(engine, call)?;
    let revisions: Vec<(&str, Value)> = within(engine, &prefix, window.after.as_deref())
        .map(|(path, revision)| (path, view::revision(engine, path, revision)))
        .filter(|(_, revision)| selector.admits(revision))
        .collect();
    let (page, next) = window.take(revisions.iter().map(|(path, revision)| (*path, revision)));
    let items = page
        .into_iter()
        .map(|(_, revision)| revision.clone())
        .collect();
    Ok(listed(Object::Revision, items, next))
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let path = path(engine, call)?;
    let query = [dry_run(call)];
    ask(engine, call, Verb::Delete, &path, &query, Value::Null)?;
    Ok(deleted("revisions", name_of(&path)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::knative::tests::{S, SERVICES, get, plain};
    use crate::testing::Bench;

    #[test]
    fn a_revision_is_found_by_its_name_and_by_its_labels() {
        let mut bench = Bench::new();
        let mut service = plain();
        service["spec"]["template"]["metadata"]["labels"] =
            json!({ "client.knative.dev/nonce": "n" });
        bench.ok("POST", SERVICES, service);
        let name = get(&mut bench)["status"]["latestReadyRevisionName"].clone();
        let revisions = SERVICES.replace("/services", "/revisions");
        for selector in [
            "client.knative.dev/nonce%20%3D%20n",
            "serving.knative.dev/service%3Ds",
        ] {
            let list = bench.ok(
                "GET",
                &format!("{revisions}?labelSelector={selector}"),
                Value::Null,
            );
            assert_eq!(list["items"][0]["metadata"]["name"], name);
        }
        let one = format!("{revisions}/{}", name.as_str().unwrap_or_default());
        let revision = bench.ok("GET", &one, Value::Null);
        assert_eq!(revision["status"]["conditions"][0]["status"], "True");
        assert_eq!(bench.status("DELETE", &one, Value::Null), 400);
        assert_eq!(
            bench.status("GET", &format!("{revisions}/none"), Value::Null),
            404
        );
        let mut changed = get(&mut bench);
        changed["spec"]["template"]["spec"]["timeoutSeconds"] = json!(30);
        bench.ok("PUT", S, changed);
        assert_eq!(bench.ok("DELETE", &one, Value::Null)["status"], "Success");
    }
}
