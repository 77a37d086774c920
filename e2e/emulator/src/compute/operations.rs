//! Compute operations: read, wait and delete, per region or global.

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored, nothing_to_complete};
use crate::compute::{NOT_FOUND, lists, not_found, regions, url};
use crate::engine::{Answer, Engine};
use crate::pages::Window;

const GLOBAL: &str = "projects/{project}/global/operations/{operation}";
const OF_A_REGION: &str = "projects/{project}/regions/{region}/operations/{operation}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#operation",
    fields: &[],
    homes: &[],
    routes: &[
        Route {
            verb: Verb::Get,
            template: OF_A_REGION,
            operation: "compute.regionOperations.get",
            handler: get,
        },
        Route {
            verb: Verb::Delete,
            template: OF_A_REGION,
            operation: "compute.regionOperations.delete",
            handler: delete,
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
            template: GLOBAL,
            operation: "compute.globalOperations.get",
            handler: get,
        },
        Route {
            verb: Verb::Delete,
            template: GLOBAL,
            operation: "compute.globalOperations.delete",
            handler: delete,
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
        Route {
            verb: Verb::Get,
            template: "projects/{project}/aggregated/operations",
            operation: "compute.globalOperations.aggregatedList",
            handler: aggregated_list,
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
    let operation = engine.operations.get(Api::Compute, path);
    engine.refuse_if(&NOT_FOUND, operation.is_none(), || not_found(path))?;
    Ok(operation.cloned().unwrap_or_else(|| json!({})))
}

/// Deletes the record alone: what a running operation does is still done. Google's description has no answer to it.
fn delete(engine: &mut Engine, call: &Call) -> Answer {
    read(engine, call, &call.path)?;
    engine.operations.forget(&call.path);
    Ok(Value::Null)
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    regions::check(engine, call)?;
    let window = Window::of(engine, call)?;
    lists::check_order(engine, call)?;
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

/// Operations of all scopes. Those of zones are not among them: nothing that is served is in a zone.
fn aggregated_list(engine: &mut Engine, call: &Call) -> Answer {
    let window = Window::of(engine, call)?;
    let project = format!("projects/{}/", call.parameter("project"));
    let after = window.after.as_deref();
    let entries = engine.operations.list(Api::Compute, &project, after);
    lists::aggregate(engine, call, &window, &[GLOBAL, OF_A_REGION], entries)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use serde_json::json;

    use crate::testing::Bench;

    #[test]
    fn operations_of_all_scopes_are_listed_together() {
        let mut bench = Bench::new();
        let networks = "/compute/v1/projects/p/global/networks";
        bench.ok(
            "POST",
            networks,
            json!({ "name": "n", "autoCreateSubnetworks": false }),
        );
        let subnetwork =
            json!({ "name": "s", "network": "global/networks/n", "ipCidrRange": "10.0.0.0/24" });
        bench.ok(
            "POST",
            "/compute/v1/projects/p/regions/us-east1/subnetworks",
            subnetwork,
        );
        let other = "/compute/v1/projects/other/global/networks";
        bench.ok(
            "POST",
            other,
            json!({ "name": "n", "autoCreateSubnetworks": false }),
        );
        let listed = bench.ok(
            "GET",
            "/compute/v1/projects/p/aggregated/operations",
            json!(null),
        );
        let types = |scope: &str| {
            let operations = listed["items"][scope]["operations"].as_array().cloned();
            let types = operations.unwrap_or_default().into_iter();
            types
                .map(|it| it["operationType"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(types("global"), ["insert"]);
        assert_eq!(types("regions/us-east1"), ["insert"]);
        assert_eq!(listed["kind"], "compute#operationAggregatedList");
        let none = &listed["items"]["regions/us-west1"]["warning"]["code"];
        assert_eq!(none, "NO_RESULTS_ON_PAGE");
    }

    #[test]
    fn what_a_running_operation_does_is_done_though_its_record_is_deleted() {
        let mut bench = Bench::new();
        let network = json!({ "name": "n", "autoCreateSubnetworks": false });
        bench.ok("POST", "/compute/v1/projects/p/global/networks", network);
        bench.engine.latency = Duration::from_secs(2);
        let place = "/compute/v1/projects/p/regions/us-east1";
        let subnetwork =
            json!({ "name": "s", "network": "global/networks/n", "ipCidrRange": "10.0.0.0/24" });
        for (collection, made) in [
            (format!("{place}/subnetworks"), subnetwork),
            (
                "/compute/v1/projects/p/global/firewalls".to_owned(),
                json!({ "name": "s", "allowed": [{ "IPProtocol": "tcp" }], "network": "global/networks/n" }),
            ),
        ] {
            let begun = bench.ok("POST", &collection, made);
            let link = begun["selfLink"].as_str().unwrap();
            let operation = link.strip_prefix("https://www.googleapis.com").unwrap();
            assert_eq!(bench.ok("DELETE", operation, json!(null)), json!(null));
            for method in ["GET", "DELETE"] {
                assert_eq!(bench.status(method, operation, json!(null)), 404);
            }
            let one = format!("{collection}/s");
            assert_eq!(bench.status("GET", &one, json!(null)), 404);
            bench.pass(Duration::from_secs(2));
            assert_eq!(bench.ok("GET", &one, json!(null))["name"], "s");
            assert_eq!(bench.status("DELETE", &one, json!(null)), 200);
        }
    }

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
