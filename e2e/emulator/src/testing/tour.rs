//! A call of each method that is served, in a small world that has one of everything.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Bench;
use crate::call::{Api, Route, Verb};
use crate::resources::RESOURCES;

const REVISIONS: &str = "/v2/projects/p/locations/us-east1/services/x/revisions";

/// The benches after the call of each method.
pub(super) fn tour() -> impl Iterator<Item = Bench> {
    RESOURCES.iter().flat_map(|resource| {
        resource.routes.iter().map(|route| {
            let mut bench = world(&["x"]);
            visit(&mut bench, resource.api, route, "x", &query(route));
            bench
        })
    })
}

/// Everything in it has one of these names, but for the revisions.
fn world(names: &[&str]) -> Bench {
    let mut bench = Bench::new();
    let (mut compute, mut run, mut vpc_access) = (json!({}), json!({}), json!({}));
    for (name, at) in names.iter().zip(0..) {
        let regional =
            |collection: &str| format!("projects/p/regions/us-east1/{collection}/{name}");
        let global = |collection: &str| format!("projects/p/global/{collection}/{name}");
        let located =
            |collection: &str| format!("projects/p/locations/us-east1/{collection}/{name}");
        let range = |of: &str| format!("10.{at}.{of}.0/28");
        let subnetwork = json!({ "network": name, "ipCidrRange": range("0") });
        compute[global("networks")] = json!({});
        compute[regional("subnetworks")] = subnetwork;
        compute[regional("routers")] = json!({ "network": name });
        compute[regional("addresses")] = json!({});
        compute[global("addresses")] = json!({});
        compute[global("firewalls")] =
            json!({ "network": name, "allowed": [{ "IPProtocol": "tcp" }] });
        run[located("services")] = json!({});
        run[located("jobs")] = json!({});
        vpc_access[located("connectors")] = json!({ "network": name, "ipCidrRange": range("8") });
    }
    bench.document(json!({ "compute": compute, "run": run, "vpcaccess": vpc_access }));
    bench
}

/// As [`world`], with two of everything: operations, and revisions of `x`, of which the first one serves no more.
pub(super) fn busy_world() -> Bench {
    let mut bench = world(&["x", "y"]);
    let location = "projects/p/locations/us-east1";
    let template = json!({ "template": { "timeout": "60s" } });
    for name in ["x", "y"] {
        let service = format!("/v2/{location}/services/{name}?updateMask=template.timeout");
        bench.ok("PATCH", &service, template.clone());
        let connector = format!("/v1/{location}/connectors/{name}?updateMask=maxInstances");
        bench.ok("PATCH", &connector, json!({ "maxInstances": 10 }));
        for place in ["global", "regions/us-east1"] {
            let address = format!("/compute/v1/projects/p/{place}/addresses/{name}/setLabels");
            bench.ok(
                "POST",
                &address,
                json!({ "labelFingerprint": "42WmSpB8rSM=" }),
            );
        }
    }
    bench
}

/// The parameters without which a method makes nothing.
pub(super) fn query(route: &Route) -> BTreeMap<&'static str, &'static str> {
    let name = match route.operation {
        "run.projects.locations.services.create" if route.template.starts_with("projects") => {
            "serviceId"
        }
        "run.projects.locations.jobs.create" => "jobId",
        "vpcaccess.projects.locations.connectors.create" => "connectorId",
        "vpcaccess.projects.locations.connectors.patch" => {
            return BTreeMap::from([("updateMask", "maxInstances")]);
        }
        _needs_none => return BTreeMap::new(),
    };
    BTreeMap::from([(name, "new")])
}

/// The answer to a call about what has the name.
pub(super) fn visit(
    bench: &mut Bench,
    api: Api,
    route: &Route,
    name: &str,
    query: &BTreeMap<&str, &str>,
) -> Value {
    let url = url(bench, api, route, name);
    let existing = self::url(bench, api, route, "x");
    let body = body(bench, route, &existing);
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let url = format!("{url}?{}", query.join("&"));
    let method = match route.verb {
        Verb::Get => "GET",
        Verb::Delete => "DELETE",
        Verb::Post => "POST",
        Verb::Put => "PUT",
        Verb::Patch => "PATCH",
    };
    bench.ask(method, &url, body)
}

fn url(bench: &mut Bench, api: Api, route: &Route, name: &str) -> String {
    let mut url = match api {
        // The name of the host tells the region.
        Api::Knative => format!("http://us-east1-run.googleapis.com{}", api.prefix()),
        Api::Compute | Api::Run | Api::VpcAccess => api.prefix().to_owned(),
    };
    for part in route.template.split_inclusive('}') {
        let (before, parameter) = part.split_once('{').unwrap_or((part, ""));
        url.push_str(before);
        let segment = match parameter.trim_end_matches('}') {
            "project" => "p".to_owned(),
            "region" | "location" => "us-east1".to_owned(),
            "revision" if name == "x" => first(bench, REVISIONS),
            "operation" | "route" if name == "x" => first(bench, url.trim_end_matches('/')),
            "" => String::new(),
            _ => name.to_owned(),
        };
        url.push_str(&segment);
    }
    url
}

/// The name of the first thing of a list whose names the server makes up; nobody has the name if there is none.
fn first(bench: &mut Bench, list: &str) -> String {
    let list = bench.ok("GET", list, Value::Null);
    let places = ["/items/0/name", "/operations/0/name", "/revisions/0/name"];
    let mut names = places
        .iter()
        .filter_map(|place| list.pointer(place)?.as_str());
    let name = names.next().unwrap_or("nothing");
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What is sent: of what is changed, how it is; of what is made, how `x` is under a new name.
fn body(bench: &mut Bench, route: &Route, existing: &str) -> Value {
    let method = route.operation.rsplit('.').next().unwrap_or_default();
    match (route.verb, method) {
        (Verb::Get | Verb::Delete, _) => Value::Null,
        (Verb::Put | Verb::Patch, _) => bench.ask("GET", existing, Value::Null),
        (Verb::Post, "create" | "insert") => {
            let one = if existing.ends_with("/routes") {
                first(bench, existing)
            } else {
                "x".to_owned()
            };
            let mut body = bench.ask("GET", &format!("{existing}/{one}"), Value::Null);
            match body.get_mut("metadata") {
                Some(metadata) => metadata["name"] = json!("new"),
                None => body["name"] = json!("new"),
            }
            // That is taken already.
            body.as_object_mut().map(|fields| fields.remove("address"));
            body
        }
        (Verb::Post, "expandIpCidrRange") => json!({ "ipCidrRange": "10.0.0.0/27" }),
        (Verb::Post, "setPrivateIpGoogleAccess") => json!({ "privateIpGoogleAccess": true }),
        (Verb::Post, "setLabels") => json!({ "labelFingerprint": "42WmSpB8rSM=", "labels": {} }),
        (Verb::Post, _) => json!({}),
    }
}
