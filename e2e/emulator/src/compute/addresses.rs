//! Reserved addresses, regional and global. Which NAT uses one is shown, but kept nowhere but in the NAT.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb};
use crate::compute::routers::nats;
use crate::compute::subnetworks::ranges;
use crate::compute::{self, project_of, region_of, url};
use crate::engine::{Answer, Engine, compute_scope};
use crate::fields::{Field, Fields};
use crate::identity;
use crate::refusal::Refusal;
use crate::rules::Rule;

static TYPE: Rule = Rule::recorded(
    "compute.address.default.type",
    "docs/reference/google-cloud.md#address-defaults",
    "addressType is EXTERNAL.",
);
static TIER: Rule = Rule::recorded(
    "compute.address.default.network-tier",
    "docs/reference/google-cloud.md#address-defaults",
    "networkTier is PREMIUM.",
);
static DESCRIPTION: Rule = Rule::recorded(
    "compute.address.default.description",
    "docs/reference/google-cloud.md#address-defaults",
    "description is empty, and shown.",
);
static STATUS: Rule = Rule::recorded(
    "compute.address.status",
    "docs/reference/google-cloud.md#address-defaults",
    "status is RESERVED, and IN_USE with users while something uses the address.",
);
static PURPOSE: Rule = Rule::documented(
    "compute.address.default.purpose",
    "docs/reference/google-cloud.md#address-defaults",
    "An internal address in a subnetwork has purpose GCE_ENDPOINT.",
);
static ALLOCATED: Rule = Rule::recorded(
    "compute.address.allocated",
    "docs/reference/google-cloud.md#address-defaults; which address it is, is our choice",
    "An address is allocated if none was asked for.",
);
static LABELS: Rule = Rule::recorded(
    "compute.address.labels.insert",
    "docs/reference/google-cloud.md#address-labels",
    "Labels sent with an insert are ignored.",
);
static LABEL_FINGERPRINT: Rule = Rule::recorded(
    "compute.address.labels.fingerprint",
    "docs/reference/google-cloud.md#address-labels",
    "labelFingerprint changes with the labels; without labels it is 42WmSpB8rSM=.",
);
static LABELS_STALE: Rule = Rule::recorded(
    "compute.address.labels.stale",
    "docs/reference/google-cloud.md#address-labels",
    "setLabels with another labelFingerprint than the present one is refused: 412 conditionNotMet.",
);
static OUTSIDE: Rule = Rule::documented(
    "compute.address.outside",
    "docs/reference/google-cloud.md#address-defaults; text unrecorded",
    "An internal address is in its subnetwork's range, and not one of the four that are kept back.",
);
static TAKEN: Rule = Rule::guessed(
    "compute.address.taken",
    "text unrecorded",
    "An address that another resource holds in the same subnetwork cannot be reserved.",
);
static IN_USE: Rule = Rule::recorded(
    "compute.address.delete.in-use",
    "docs/reference/google-cloud.md#address-delete",
    "An address that a NAT uses cannot be deleted: 400.",
);
static SERVERLESS: Rule = Rule::guessed(
    "compute.address.delete.serverless",
    "docs/reference/google-cloud.md#serverless-addresses says that it cannot be done; text unrecorded",
    "An address that Cloud Run holds (purpose SERVERLESS) cannot be deleted by hand.",
);

const NO_LABELS: &str = "42WmSpB8rSM=";

const FIELDS: Fields = &[
    ("address", Field::Text),
    ("addressType", Field::Word(&["EXTERNAL", "INTERNAL"])),
    ("creationTimestamp", Field::Output),
    ("description", Field::Text),
    ("id", Field::Output),
    ("ipCollection", Field::Text),
    ("ipVersion", Field::Word(&["IPV4", "IPV6"])),
    ("ipv6EndpointType", Field::Text),
    ("kind", Field::Output),
    ("labelFingerprint", Field::Output),
    ("labels", Field::Labels),
    ("name", Field::Text),
    ("network", Field::Text),
    ("networkAttachment", Field::Text),
    ("networkTier", Field::Word(&["PREMIUM", "STANDARD"])),
    ("prefixLength", Field::Int),
    ("purpose", Field::Text),
    ("region", Field::Output),
    ("selfLink", Field::Output),
    ("serviceClassId", Field::Output),
    ("status", Field::Output),
    ("subnetwork", Field::Text),
    ("users", Field::Output),
];

const REGIONAL: &str = "projects/{project}/regions/{region}/addresses";
const ONE_REGIONAL: &str = "projects/{project}/regions/{region}/addresses/{address}";
const GLOBAL: &str = "projects/{project}/global/addresses";
const ONE_GLOBAL: &str = "projects/{project}/global/addresses/{address}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#address",
    homes: &[ONE_REGIONAL, ONE_GLOBAL],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/aggregated/addresses",
            operation: "compute.addresses.aggregatedList",
            handler: compute::aggregated_list,
        },
        Route {
            verb: Verb::Get,
            template: REGIONAL,
            operation: "compute.addresses.list",
            handler: compute::list,
        },
        Route {
            verb: Verb::Post,
            template: REGIONAL,
            operation: "compute.addresses.insert",
            handler: insert,
        },
        Route {
            verb: Verb::Get,
            template: ONE_REGIONAL,
            operation: "compute.addresses.get",
            handler: compute::get,
        },
        Route {
            verb: Verb::Delete,
            template: ONE_REGIONAL,
            operation: "compute.addresses.delete",
            handler: delete,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/regions/{region}/addresses/{address}/setLabels",
            operation: "compute.addresses.setLabels",
            handler: set_labels,
        },
        Route {
            verb: Verb::Get,
            template: GLOBAL,
            operation: "compute.globalAddresses.list",
            handler: compute::list,
        },
        Route {
            verb: Verb::Post,
            template: GLOBAL,
            operation: "compute.globalAddresses.insert",
            handler: insert,
        },
        Route {
            verb: Verb::Get,
            template: ONE_GLOBAL,
            operation: "compute.globalAddresses.get",
            handler: compute::get,
        },
        Route {
            verb: Verb::Delete,
            template: ONE_GLOBAL,
            operation: "compute.globalAddresses.delete",
            handler: delete,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/global/addresses/{address}/setLabels",
            operation: "compute.globalAddresses.setLabels",
            handler: set_labels,
        },
    ],
    rules: &[
        &TYPE,
        &TIER,
        &DESCRIPTION,
        &STATUS,
        &PURPOSE,
        &ALLOCATED,
        &LABELS,
        &LABEL_FINGERPRINT,
        &LABELS_STALE,
        &OUTSIDE,
        &TAKEN,
        &IN_USE,
        &SERVERLESS,
    ],
    complete,
    render,
};

fn insert(engine: &mut Engine, call: &Call) -> Answer {
    let mut address = compute::whole(engine, call, FIELDS)?;
    let path = compute::new_path(engine, call, &address)?;
    if engine.rule(&LABELS, address.get("labels").is_some())
        && let Some(fields) = address.as_object_mut()
    {
        fields.remove("labels");
    }
    let references = [("network", "networks"), ("subnetwork", "subnetworks")];
    for (field, collection) in references {
        if address.get(field).is_some() {
            compute::refer(engine, call, &mut address, field, collection)?;
        }
    }
    check_place(engine, &path, &address)?;
    fill(engine, &path, &mut address);
    Ok(compute::insert(engine, call, &path, address))
}

/// Refuses an address that was asked for and cannot be had.
fn check_place(engine: &Engine, path: &str, address: &Value) -> Result<(), Refusal> {
    let Some(text) = address["address"].as_str() else {
        return Ok(());
    };
    let field = "resource.address";
    let wanted: Option<Ipv4Addr> = text.parse().ok();
    let inside = wanted.is_some_and(|wanted| hosts(engine, path, address).any(|it| it == wanted));
    let outside = address.get("subnetwork").is_some() && !inside;
    engine.refuse_if(&OUTSIDE, outside, || {
        let why = "The address is not one of the subnetwork's usable addresses.";
        Refusal::invalid_field(field, text, why)
    })?;
    engine.refuse_if(&TAKEN, is_taken(engine, path, address, text), || {
        Refusal::invalid_field(field, text, "Specified IP address is already reserved.")
    })
}

/// The addresses of a subnetwork without the first two and the last two, which nobody can have.
fn hosts(engine: &Engine, path: &str, address: &Value) -> impl Iterator<Item = Ipv4Addr> + use<> {
    let subnetwork = address["subnetwork"].as_str().unwrap_or_default();
    let subnetwork = compute::path_in(project_of(path), subnetwork);
    let range = engine
        .store
        .get(Api::Compute, &subnetwork)
        .and_then(|subnetwork| ranges::parse(subnetwork["ipCidrRange"].as_str()?));
    let mut hosts = range
        .map(|range| range.hosts().skip(1))
        .into_iter()
        .flatten()
        .peekable();
    // `hosts` leaves out the first and the last address; the one before the last is kept back too.
    std::iter::from_fn(move || {
        let host = hosts.next()?;
        hosts.peek().is_some().then_some(host)
    })
}

/// True if another address in the same place has this value.
fn is_taken(engine: &Engine, path: &str, address: &Value, text: &str) -> bool {
    let within = format!("{}/addresses/", compute_scope(path));
    engine
        .store
        .within(Api::Compute, &within)
        .filter(|(other, _)| *other != path)
        .any(|(_, other)| other["address"] == text && other["subnetwork"] == address["subnetwork"])
}

fn fill(engine: &mut Engine, path: &str, address: &mut Value) {
    compute::identify(engine, RESOURCE.kind, path, address);
    compute::default(engine, &TYPE, address, "addressType", json!("EXTERNAL"));
    compute::default(engine, &TIER, address, "networkTier", json!("PREMIUM"));
    compute::default(engine, &DESCRIPTION, address, "description", json!(""));
    compute::default(engine, &STATUS, address, "status", json!("RESERVED"));
    if address.get("subnetwork").is_some() {
        let purpose = json!("GCE_ENDPOINT");
        compute::default(engine, &PURPOSE, address, "purpose", purpose);
    }
    if address.get("address").is_none() {
        let allocated = json!(allocate(engine, path, address));
        compute::default(engine, &ALLOCATED, address, "address", allocated);
    }
    let labels = address["labels"]
        .as_object()
        .filter(|labels| !labels.is_empty());
    let fingerprint = match labels {
        Some(labels) => identity::fingerprint(&json!(labels)),
        None => NO_LABELS.to_owned(),
    };
    compute::default(
        engine,
        &LABEL_FINGERPRINT,
        address,
        "labelFingerprint",
        json!(fingerprint),
    );
}

/// A free address: the lowest one in the subnetwork, or one made from the path.
fn allocate(engine: &Engine, path: &str, address: &Value) -> String {
    let free = |text: &String| !is_taken(engine, path, address, text);
    if address.get("subnetwork").is_some() {
        let mut hosts = hosts(engine, path, address).map(|host| host.to_string());
        return hosts.find(free).unwrap_or_default();
    }
    let first = if address["addressType"] == "INTERNAL" {
        10
    } else {
        34
    };
    let candidate = |attempt: u32| {
        let hex = identity::hex(&["address", path, &attempt.to_string()], 6);
        let low = u32::from_str_radix(&hex, 16).unwrap_or_default();
        Ipv4Addr::from(first << 24 | low).to_string()
    };
    (0..1000).map(candidate).find(free).unwrap_or_default()
}

fn complete(engine: &mut Engine, path: &str, mut address: Value) -> Value {
    compute::complete_link(engine, path, &mut address, "network", "global/networks");
    let home = format!("regions/{}/subnetworks", region_of(path));
    compute::complete_link(engine, path, &mut address, "subnetwork", &home);
    fill(engine, path, &mut address);
    address
}

fn render(engine: &Engine, path: &str, address: &Value) -> Value {
    let mut shown = address.clone();
    let users = nats::users(engine, path);
    if engine.rule(&STATUS, !users.is_empty()) {
        shown["status"] = json!("IN_USE");
        shown["users"] = users.iter().map(|user| url(user)).collect();
    }
    shown
}

fn set_labels(engine: &mut Engine, call: &Call) -> Answer {
    let fields: Fields = &[("labelFingerprint", Field::Text), ("labels", Field::Labels)];
    let request = compute::whole(engine, call, fields)?;
    let path = call.parent();
    let mut address = compute::current(engine, path)?;
    let stale = request["labelFingerprint"] != address["labelFingerprint"];
    engine.refuse_if(&LABELS_STALE, stale, || {
        let text = "Labels fingerprint either invalid or resource labels have changed";
        Refusal::new(412, "conditionNotMet", text)
    })?;
    if let Some(fields) = address.as_object_mut() {
        fields.remove("labelFingerprint");
        fields.remove("labels");
    }
    if request["labels"]
        .as_object()
        .is_some_and(|labels| !labels.is_empty())
    {
        address["labels"] = request["labels"].clone();
    }
    fill(engine, path, &mut address);
    Ok(compute::at_once(engine, call, "setLabels", path, address))
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let path = &call.path;
    let address = compute::current(engine, path)?;
    let user = nats::users(engine, path).into_iter().next();
    engine.refuse_if(&IN_USE, user.is_some(), || {
        compute::in_use("address", path, &user.unwrap_or_default())
    })?;
    let held = address["purpose"] == "SERVERLESS";
    engine.refuse_if(&SERVERLESS, held, || {
        let user = format!("projects/{}/services", project_of(path));
        compute::in_use("address", path, &user)
    })?;
    Ok(compute::remove(engine, call, path))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{
        ALLOCATED, DESCRIPTION, IN_USE, LABEL_FINGERPRINT, LABELS, LABELS_STALE, OUTSIDE, PURPOSE,
        SERVERLESS, STATUS, TAKEN, TIER, TYPE,
    };
    use crate::rules::Rule;
    use crate::testing::{Bench, Provocation};

    const ALL: &str = "/compute/v1/projects/p/regions/us-east1/addresses";
    const A: &str = "/compute/v1/projects/p/regions/us-east1/addresses/a";

    fn world(bench: &mut Bench) {
        let region = |path: &str| format!("projects/p/regions/us-east1/{path}");
        bench.document(json!({ "compute": {
            "projects/p/global/networks/n": {},
            region("subnetworks/s"): { "ipCidrRange": "10.0.0.0/28", "network": "n" },
            region("addresses/held"): {
                "subnetwork": "s", "address": "10.0.0.2", "purpose": "SERVERLESS",
            },
            region("addresses/out"): {},
            region("routers/r"): { "network": "n", "nats": [{
                "name": "nat", "natIpAllocateOption": "MANUAL_ONLY", "natIps": ["out"],
            }]},
        }}));
    }

    fn insert(bench: &mut Bench, sent: &Value) -> Value {
        world(bench);
        let went = bench.ended("POST", ALL, sent.clone());
        json!([went["error"]["message"], bench.ask("GET", A, Value::Null)])
    }

    fn of(rule: &'static Rule, sent: Value) -> Provocation {
        Provocation::new(rule, move |bench| insert(bench, &sent))
    }

    fn internal(address: &str) -> Value {
        let subnetwork = "regions/us-east1/subnetworks/s";
        json!({
            "name": "a", "addressType": "INTERNAL", "subnetwork": subnetwork, "address": address,
        })
    }

    fn deleted(rule: &'static Rule, name: &'static str) -> Provocation {
        Provocation::new(rule, move |bench| {
            world(bench);
            bench.ask("DELETE", &format!("{ALL}/{name}"), Value::Null)
        })
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let plain = [
            &ALLOCATED,
            &DESCRIPTION,
            &LABEL_FINGERPRINT,
            &STATUS,
            &TIER,
            &TYPE,
        ];
        let mut all: Vec<Provocation> = plain
            .into_iter()
            .map(|rule| of(rule, json!({ "name": "a" })))
            .collect();
        all.extend([
            of(&PURPOSE, internal("10.0.0.3")),
            of(&LABELS, json!({ "name": "a", "labels": { "k": "v" } })),
            of(&OUTSIDE, internal("10.0.0.14")),
            of(&TAKEN, internal("10.0.0.2")),
            deleted(&IN_USE, "out"),
            deleted(&SERVERLESS, "held"),
            Provocation::new(&LABELS_STALE, |bench| {
                world(bench);
                let stale = json!({ "labelFingerprint": "AAAAAAAAAAA=", "labels": {} });
                bench.ask("POST", &format!("{ALL}/out/setLabels"), stale)
            }),
        ]);
        all
    }

    #[test]
    fn labels_are_set_in_a_call_of_their_own_that_is_done_at_once() {
        let mut bench = Bench::with_latency(std::time::Duration::from_secs(1));
        world(&mut bench);
        let fingerprint =
            bench.ok("GET", &format!("{ALL}/out"), Value::Null)["labelFingerprint"].clone();
        assert_eq!(fingerprint, super::NO_LABELS);
        let labels = json!({ "labelFingerprint": fingerprint, "labels": { "k": "v" } });
        let operation = bench.ok("POST", &format!("{ALL}/out/setLabels"), labels);
        assert_eq!(
            (&operation["status"], &operation["progress"]),
            (&json!("DONE"), &json!(100))
        );
        let address = bench.ok("GET", &format!("{ALL}/out"), Value::Null);
        assert_eq!(address["labels"], json!({ "k": "v" }));
        assert_ne!(address["labelFingerprint"], fingerprint);
    }

    #[test]
    fn the_lowest_free_address_of_a_subnetwork_is_allocated() {
        let mut bench = Bench::new();
        let mut sent = internal("");
        sent.as_object_mut().map(|fields| fields.remove("address"));
        assert_eq!(insert(&mut bench, &sent)[1]["address"], "10.0.0.3");
    }

    #[test]
    fn global_addresses_are_listed_with_the_regional_ones() {
        let mut bench = Bench::new();
        world(&mut bench);
        let global = "/compute/v1/projects/p/global/addresses";
        bench.ended("POST", global, json!({ "name": "g" }));
        let all = bench.ok(
            "GET",
            "/compute/v1/projects/p/aggregated/addresses",
            Value::Null,
        );
        let names = |scope: &str| all["items"][scope]["addresses"][0]["name"].clone();
        assert_eq!(
            (names("global"), names("regions/us-east1")),
            (json!("g"), json!("held"))
        );
        assert_eq!(
            all["items"]["regions/us-west1"]["warning"]["code"],
            "NO_RESULTS_ON_PAGE"
        );
    }
}
