//! Compute operations: read and wait, per region or global.

use serde_json::json;

use crate::call::{Api, Call, Resource, Route, Verb, as_stored, nothing_to_complete};
use crate::compute::{lists, not_found, regions, url};
use crate::engine::{Answer, Engine};
use crate::pages::Window;

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#operation",
    fields: &[],
    homes: &[],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/regions/{region}/operations/{operation}",
            operation: "compute.regionOperations.get",
            handler: get,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/regions/{region}/operations/{operation}/wait",
            operation: "compute.regionOperations.wait",
            handler: wait,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/regions/{region}/operations",
            operation: "compute.regionOperations.list",
            handler: list,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/global/operations/{operation}",
            operation: "compute.globalOperations.get",
            handler: get,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/global/operations/{operation}/wait",
            operation: "compute.globalOperations.wait",
            handler: wait,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/global/operations",
            operation: "compute.globalOperations.list",
            handler: list,
        },
    ],
    rules: &[],
    complete: nothing_to_complete,
    render: as_stored,
};

fn get(engine: &mut Engine, call: &Call) -> Answer {
    read(engine, call, &call.path)
}

/// One look; the server looks again until the operation is done or two minutes have passed.
fn wait(engine: &mut Engine, call: &Call) -> Answer {
    read(engine, call, call.parent())
}

fn read(engine: &Engine, call: &Call, path: &str) -> Answer {
    regions::check(engine, call)?;
    engine
        .operations
        .get(Api::Compute, path)
        .cloned()
        .ok_or_else(|| not_found(path))
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    regions::check(engine, call)?;
    let window = Window::of(engine, call)?;
    let filter = lists::filter(engine, call)?;
    let prefix = format!("{}/", call.path);
    let entries = engine
        .operations
        .list(Api::Compute, &prefix, window.after.as_deref())
        .filter(|(_, body)| filter.as_ref().is_none_or(|filter| filter.admits(body)));
    let (page, next) = window.take(entries);
    let items: Vec<_> = page.into_iter().map(|(_, body)| body.clone()).collect();
    let mut body = json!({
        "kind": "compute#operationList",
        "id": call.path,
        "selfLink": url(&call.path),
        "items": items,
    });
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    Ok(body)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use serde_json::json;

    use crate::testing::Bench;

    #[test]
    fn an_operation_runs_for_as_long_as_the_latency() {
        let mut bench = Bench::with_latency(Duration::from_secs(2));
        let operation = bench.ok(
            "POST",
            "/compute/v1/projects/p/global/networks",
            json!({ "name": "n" }),
        );
        assert_eq!(
            (&operation["status"], &operation["progress"]),
            (&json!("RUNNING"), &json!(0))
        );
        let link = operation["selfLink"].as_str().unwrap().to_owned();
        let path = link.strip_prefix("https://www.googleapis.com").unwrap();
        bench.pass(Duration::from_secs(1));
        assert_eq!(bench.ok("GET", path, json!(null))["status"], "RUNNING");
        bench.pass(Duration::from_secs(1));
        let ended = bench.ok("POST", &format!("{path}/wait"), json!({}));
        assert_eq!(
            (&ended["status"], &ended["progress"]),
            (&json!("DONE"), &json!(100))
        );
        assert!(ended["endTime"].as_str().unwrap().ends_with("-07:00"));
    }
}
