//! Reserved addresses, regional and global. Which NAT uses one is shown, but kept nowhere but in the NAT.

mod place;
#[cfg(test)]
pub(crate) mod tests;

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb};
use crate::compute::routers::nats;
use crate::compute::{self, project_of, region_of, url};
use crate::engine::{Answer, Engine};
use crate::fields::{Field, Fields};
use crate::identity;
use crate::refusal::ErrorAnswer;
use crate::rules::Rule;

static TYPE: Rule = Rule::documented(
    "compute.address.default.type",
    "docs/reference/google-cloud.md#address-defaults",
    "addressType is EXTERNAL.",
);
static TIER: Rule = Rule::documented(
    "compute.address.default.network-tier",
    "docs/reference/google-cloud.md#address-defaults",
    "networkTier is PREMIUM.",
);
static DESCRIPTION: Rule = Rule::documented(
    "compute.address.default.description",
    "docs/reference/google-cloud.md#address-defaults",
    "description is empty, and shown.",
);
static STATUS: Rule = Rule::documented(
    "compute.address.status",
    "docs/reference/google-cloud.md#address-defaults",
    "status is RESERVED, and IN_USE with users while something uses the address.",
);
static PURPOSE: Rule = Rule::documented(
    "compute.address.default.purpose",
    "docs/reference/google-cloud.md#address-defaults",
    "An internal address in a subnetwork has purpose GCE_ENDPOINT.",
);
static ALLOCATED: Rule = Rule::documented(
    "compute.address.allocated",
    "docs/reference/google-cloud.md#address-defaults; which address it is, is our choice",
    "An address is allocated if none was asked for.",
);
static LABELS: Rule = Rule::documented(
    "compute.address.labels.insert",
    "docs/reference/google-cloud.md#address-labels",
    "Labels sent with an insert are ignored.",
);
static LABEL_FINGERPRINT: Rule = Rule::guessed(
    "compute.address.labels.fingerprint",
    "docs/reference/google-cloud.md#address-labels; the constant is recorded for other kinds",
    "labelFingerprint changes with the labels; without labels it is 42WmSpB8rSM=.",
);
static LABELS_STALE: Rule = Rule::documented(
    "compute.address.labels.stale",
    "docs/reference/google-cloud.md#address-labels",
    "setLabels with another labelFingerprint than the present one is refused: 412 conditionNotMet.",
);
static IN_USE: Rule = Rule::guessed(
    "compute.address.delete.in-use",
    "docs/reference/google-cloud.md#address-delete; reported, the text follows the other in-use refusals",
    "An address that a NAT uses cannot be deleted: 400.",
);
static SERVERLESS: Rule = Rule::guessed(
    "compute.address.delete.serverless",
    "docs/reference/google-cloud.md#serverless-addresses; text unrecorded",
    "An address that Cloud Run holds (purpose SERVERLESS) cannot be deleted by hand.",
);

const NO_LABELS: &str = "42WmSpB8rSM=";

const FIELDS: Fields = &[
    ("address", Field::Text),
    (
        "addressType",
        Field::Word(&["EXTERNAL", "INTERNAL", "UNSPECIFIED_TYPE"]),
    ),
    ("creationTimestamp", Field::Output),
    ("description", Field::Text),
    ("id", Field::Output),
    ("ipCollection", Field::Text),
    (
        "ipVersion",
        Field::Word(&["IPV4", "IPV6", "UNSPECIFIED_VERSION"]),
    ),
    ("ipv6EndpointType", Field::Word(&["NETLB", "VM"])),
    ("kind", Field::Output),
    ("labelFingerprint", Field::Output),
    ("labels", Field::Labels),
    ("name", Field::Text),
    ("network", Field::Text),
    ("networkAttachment", Field::Text),
    (
        "networkTier",
        Field::Word(&[
            "FIXED_STANDARD",
            "PREMIUM",
            "STANDARD",
            "STANDARD_OVERRIDES_FIXED_STANDARD",
        ]),
    ),
    ("prefixLength", Field::Int),
    (
        "purpose",
        Field::Word(&[
            "DNS_RESOLVER",
            "GCE_ENDPOINT",
            "IPSEC_INTERCONNECT",
            "NAT_AUTO",
            "PASSTHROUGH_LOAD_BALANCER_AVAILABILITY_GROUP0",
            "PASSTHROUGH_LOAD_BALANCER_AVAILABILITY_GROUP1",
            "PRIVATE_SERVICE_CONNECT",
            "SERVERLESS",
            "SHARED_LOADBALANCER_VIP",
            "VPC_PEERING",
        ]),
    ),
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
    fields: FIELDS,
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
        &place::OUTSIDE,
        &place::TAKEN,
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
    place::check(engine, &path, &address)?;
    fill(engine, &path, &mut address);
    Ok(compute::insert(engine, call, &path, address))
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
        let allocated = json!(place::allocate(engine, path, address));
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
        ErrorAnswer::new(412, "conditionNotMet", text)
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
