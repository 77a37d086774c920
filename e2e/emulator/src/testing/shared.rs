//! Provocations of the rules that no resource file owns.

use super::{Bench, Duration, Provocation, Value, json};
use crate::{compute, engine, enums, fields, pages, rpc};

const NETWORKS: &str = "/compute/v1/projects/p/global/networks";
const FIREWALLS: &str = "/compute/v1/projects/p/global/firewalls";
const SERVICES: &str = "/v2/projects/p/locations/us-east1/services?serviceId=s";
const SUBNETWORKS: &str = "/compute/v1/projects/p/regions/us-east1/subnetworks";

fn network(bench: &mut Bench, name: &str) -> Value {
    bench.ask(
        "POST",
        NETWORKS,
        json!({ "name": name, "autoCreateSubnetworks": false }),
    )
}

fn subnetwork(bench: &mut Bench) {
    network(bench, "n");
    let subnetwork = json!({
        "name": "s", "network": "global/networks/n", "ipCidrRange": "10.0.0.0/28",
    });
    bench.ask("POST", SUBNETWORKS, subnetwork);
}

pub(super) fn provocations() -> Vec<Provocation> {
    let mut all = requests();
    all.extend(bodies());
    all.extend(lists());
    all.extend(compute());
    all
}

fn requests() -> Vec<Provocation> {
    vec![
        Provocation::new(&engine::PROJECT_INVALID, |bench| {
            bench.ask(
                "GET",
                "/compute/v1/projects/P!/global/networks",
                Value::Null,
            )
        }),
        Provocation::new(&engine::PROJECT_DENIED, |bench| {
            bench.document(json!({ "projects": { "p": { "denied": true } } }));
            bench.ask("GET", NETWORKS, Value::Null)
        }),
        Provocation::new(&engine::REQUEST_REPLAY, |bench| {
            let url = format!("{NETWORKS}?requestId=0f1e2d3c-0000-4000-8000-000000000001");
            bench.ok("POST", &url, json!({ "name": "n" }));
            bench.ask("POST", &url, json!({ "name": "n" }))
        }),
        Provocation::new(&engine::REQUEST_OPERATION, |bench| {
            let url = format!("{NETWORKS}?requestId=0f1e2d3c-0000-4000-8000-000000000002");
            bench.ask("POST", &url, json!({ "name": "n" }))
        }),
        Provocation::new(&engine::REQUEST_ID_INVALID, |bench| {
            bench.ask(
                "POST",
                &format!("{NETWORKS}?requestId=7"),
                json!({ "name": "n" }),
            )
        }),
        Provocation::new(&enums::NUMBERS, |bench| {
            let service = json!({ "run": { "projects/p/locations/us-east1/services/s": {} } });
            bench.document(service);
            let url = "/v2/projects/p/locations/us-east1/services/s?$alt=json;enum-encoding=int";
            bench.ask("GET", url, Value::Null)
        }),
        Provocation::new(&rpc::LOCATION_UNKNOWN, |bench| {
            bench.ask(
                "GET",
                "/v2/projects/p/locations/mars-east1/services",
                Value::Null,
            )
        }),
        Provocation::new(&rpc::OPERATION_NOT_FOUND, |bench| {
            bench.ask(
                "GET",
                "/v2/projects/p/locations/us-east1/operations/o",
                Value::Null,
            )
        }),
        Provocation::new(&rpc::OVERTAKEN, |bench| {
            let service = json!({ "run": { "projects/p/locations/us-east1/services/s": {} } });
            bench.document(service);
            let url = "/v2/projects/p/locations/us-east1/services/s";
            bench.engine.latency = Duration::from_secs(9);
            let changed = bench.ok("PATCH", &format!("{url}?updateMask=description"), json!({}));
            bench.engine.latency = Duration::ZERO;
            bench.ok("DELETE", url, Value::Null);
            bench.pass(Duration::from_secs(9));
            let operation = changed["name"].as_str().unwrap();
            bench.ask("GET", &format!("/v2/{operation}"), Value::Null)
        }),
        Provocation::new(&fields::OUTPUT_ONLY, |bench| {
            bench.ok("POST", NETWORKS, json!({ "name": "n", "id": "7" }));
            bench.ok("GET", &format!("{NETWORKS}/n"), Value::Null)
        }),
    ]
}

/// Fields that do not exist or hold what they cannot: in the body itself, within it, and in the items of a list.
fn bodies() -> Vec<Provocation> {
    let sent = |rule, url: &'static str, body: Value| {
        Provocation::new(rule, move |bench| {
            network(bench, "n");
            bench.ask("POST", url, body.clone())
        })
    };
    let firewall =
        |allowed: Value| json!({ "name": "f", "network": "global/networks/n", "allowed": allowed });
    let service = |container: Value| json!({ "template": { "containers": [container] } });
    let named = |value: Value| json!({ "name": "e", "value": value });
    let (unknown, wrong) = (&fields::UNKNOWN_FIELD, &fields::WRONG_TYPE);
    vec![
        sent(unknown, NETWORKS, json!({ "name": "m", "nickname": "m" })),
        sent(
            unknown,
            FIREWALLS,
            firewall(json!([{ "IPProtocol": "tcp", "port": 1 }])),
        ),
        sent(
            unknown,
            SERVICES,
            service(json!({ "image": "i", "picture": "p" })),
        ),
        sent(wrong, NETWORKS, json!({ "name": "m", "mtu": "wide" })),
        sent(wrong, NETWORKS, json!(["m"])),
        sent(wrong, FIREWALLS, firewall(json!(["tcp"]))),
        sent(wrong, FIREWALLS, firewall(json!([{ "IPProtocol": 6 }]))),
        sent(wrong, SERVICES, json!("s")),
        sent(wrong, SERVICES, service(json!("i"))),
        sent(
            wrong,
            SERVICES,
            service(json!({ "image": "i", "env": [named(json!(1))] })),
        ),
    ]
}

fn lists() -> Vec<Provocation> {
    let operations = |rule, filter: &'static str| {
        Provocation::new(rule, move |bench| {
            let service = json!({ "template": { "containers": [{ "image": "i" }] } });
            bench.ask("POST", SERVICES, service);
            let url = "/v2/projects/p/locations/us-east1/operations";
            bench.ask("GET", &format!("{url}?filter={filter}"), Value::Null)
        })
    };
    vec![
        operations(&rpc::PARTIAL, "&returnPartialSuccess=true"),
        operations(&rpc::FILTER, "done:false"),
        operations(&rpc::FILTER_UNKNOWN, "name:s"),
        Provocation::new(&pages::PAGE_CAP, |bench| {
            let path = |n: u32| format!("projects/p/global/networks/n{n:04}");
            let networks: serde_json::Map<_, _> = (0..501).map(|n| (path(n), json!({}))).collect();
            bench.document(json!({ "compute": networks }));
            let page = bench.ok("GET", &format!("{NETWORKS}?maxResults=1000"), Value::Null);
            json!(page["items"].as_array().map(Vec::len))
        }),
        Provocation::new(&pages::PAGE_TOKEN, |bench| {
            bench.ask("GET", &format!("{NETWORKS}?pageToken=made-up"), Value::Null)
        }),
        Provocation::new(&compute::lists::FILTER_INVALID, |bench| {
            bench.ask("GET", &format!("{NETWORKS}?filter=name"), Value::Null)
        }),
        Provocation::new(&compute::lists::ORDER_UNKNOWN, |bench| {
            bench.ask("GET", &format!("{NETWORKS}?orderBy=id"), Value::Null)
        }),
        Provocation::new(&compute::lists::EMPTY_SCOPES, |bench| {
            bench.ask(
                "GET",
                "/compute/v1/projects/p/aggregated/subnetworks",
                Value::Null,
            )
        }),
    ]
}

fn compute() -> Vec<Provocation> {
    vec![
        Provocation::new(&compute::NAME, |bench| network(bench, "N")),
        Provocation::new(&compute::EXISTS, |bench| {
            network(bench, "n");
            network(bench, "n")
        }),
        Provocation::new(&compute::NOT_FOUND, |bench| {
            let subnetwork = json!({
                "name": "s", "network": "global/networks/none", "ipCidrRange": "10.0.0.0/28",
            });
            bench.ask("POST", SUBNETWORKS, subnetwork)
        }),
        Provocation::new(&compute::NOT_FOUND, |bench| {
            bench.ask("GET", &format!("{NETWORKS}/none"), Value::Null)
        }),
        Provocation::new(&compute::NOT_FOUND, |bench| {
            bench.ask("DELETE", &format!("{NETWORKS}/none"), Value::Null)
        }),
        Provocation::new(&compute::NOT_FOUND, |bench| {
            let operations = "/compute/v1/projects/p/global/operations";
            bench.ask("GET", &format!("{operations}/none"), Value::Null)
        }),
        Provocation::new(&compute::NOT_READY, |bench| {
            bench.engine.latency = std::time::Duration::from_secs(1);
            network(bench, "n");
            bench.pass(std::time::Duration::from_secs(1));
            bench.ok("DELETE", &format!("{NETWORKS}/n"), Value::Null);
            bench.ask("DELETE", &format!("{NETWORKS}/n"), Value::Null)
        }),
        Provocation::new(&compute::REFERENCE_INVALID, |bench| {
            let subnetwork = json!({ "name": "s", "network": "n", "ipCidrRange": "10.0.0.0/28" });
            bench.ask("POST", SUBNETWORKS, subnetwork)
        }),
        Provocation::new(&compute::REQUIRED, |bench| {
            bench.ask("POST", SUBNETWORKS, json!({ "name": "s" }))
        }),
        Provocation::new(&compute::STALE_FINGERPRINT, |bench| {
            subnetwork(bench);
            let stale = json!({ "fingerprint": "AAAAAAAAAAA=" });
            bench.ask("PATCH", &format!("{SUBNETWORKS}/s"), stale)
        }),
        Provocation::new(&compute::FULL_LINKS, |bench| {
            subnetwork(bench);
            bench.ask("GET", &format!("{SUBNETWORKS}/s"), Value::Null)
        }),
        Provocation::new(&compute::REGION_UNKNOWN, |bench| {
            bench.ask(
                "GET",
                "/compute/v1/projects/p/regions/mars-east1/subnetworks",
                Value::Null,
            )
        }),
        Provocation::new(&compute::VISIBLE_WHEN_DONE, |bench| {
            bench.engine.latency = std::time::Duration::from_secs(1);
            network(bench, "n");
            bench.ask("GET", &format!("{NETWORKS}/n"), Value::Null)
        }),
    ]
}
