//! A call of each method that is served, in a small world that has one of everything.

use serde_json::{Value, json};

use super::Bench;
use crate::call::{Route, Verb};
use crate::resources::RESOURCES;

const REVISIONS: &str = "/v2/projects/p/locations/us-east1/services/x/revisions";

/// The benches after the call of each method.
pub(super) fn tour() -> impl Iterator<Item = Bench> {
    RESOURCES.iter().flat_map(|resource| {
        resource.routes.iter().map(|route| {
            let mut bench = world();
            visit(&mut bench, resource.api.prefix(), route);
            bench
        })
    })
}

/// Everything in it is called `x`, but for the revision.
fn world() -> Bench {
    let mut bench = Bench::new();
    let regional = |collection: &str| format!("projects/p/regions/us-east1/{collection}/x");
    let global = |collection: &str| format!("projects/p/global/{collection}/x");
    let located = |collection: &str| format!("projects/p/locations/us-east1/{collection}/x");
    let subnetwork = json!({ "network": "x", "ipCidrRange": "10.0.0.0/28" });
    bench.document(json!({
        "compute": {
            global("networks"): {},
            regional("subnetworks"): subnetwork,
            regional("routers"): { "network": "x" },
            regional("addresses"): {},
            global("addresses"): {},
            global("firewalls"): { "network": "x", "allowed": [{ "IPProtocol": "tcp" }] },
        },
        "run": { located("services"): {}, located("jobs"): {} },
        "vpcaccess": { located("connectors"): { "network": "x", "ipCidrRange": "10.8.0.0/28" } },
    }));
    bench
}

fn visit(bench: &mut Bench, prefix: &str, route: &Route) {
    let revisions = bench.ok("GET", REVISIONS, Value::Null);
    let revision = revisions.pointer("/revisions/0/name");
    let revision = revision.and_then(Value::as_str).unwrap();
    let revision = revision.rsplit('/').next().unwrap();
    let mut url = prefix.to_owned();
    for part in route.template.split_inclusive('}') {
        let (before, name) = part.split_once('{').unwrap_or((part, ""));
        url.push_str(before);
        url.push_str(match name.trim_end_matches('}') {
            "project" => "p",
            "region" | "location" => "us-east1",
            "revision" => revision,
            "" => "",
            _ => "x",
        });
    }
    match route.verb {
        Verb::Get => drop(bench.ask("GET", &url, Value::Null)),
        Verb::Delete => drop(bench.ask("DELETE", &url, Value::Null)),
        Verb::Post => drop(bench.ask("POST", &url, json!({ "name": "new" }))),
        Verb::Put | Verb::Patch => {
            let same = bench.ask("GET", &url, Value::Null);
            let method = if route.verb == Verb::Put {
                "PUT"
            } else {
                "PATCH"
            };
            drop(bench.ask(method, &url, same));
        }
    }
}
