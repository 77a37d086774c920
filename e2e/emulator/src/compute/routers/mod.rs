//! Cloud Routers. A router has no fingerprint, and a NAT is no resource of its own but an entry in its
//! router's `nats`, which every change sends whole.

mod conflicts;
pub(crate) mod nats;
mod peers;
mod refusals;
#[cfg(test)]
pub(crate) mod tests;

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored};
use crate::compute::{self, refers, region_of};
use crate::engine::{Answer, Engine};
use crate::fields::{Field, Fields};
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

static ENCRYPTED: Rule = Rule::recorded(
    "compute.router.default.encrypted-interconnect",
    "docs/reference/google-cloud.md#router-defaults",
    "encryptedInterconnectRouter is false.",
);
static ADVERTISE: Rule = Rule::documented(
    "compute.router.default.bgp.advertise-mode",
    "docs/reference/google-cloud.md#router-defaults",
    "bgp, if sent, has advertiseMode DEFAULT.",
);
static KEEPALIVE: Rule = Rule::documented(
    "compute.router.default.bgp.keepalive",
    "docs/reference/google-cloud.md#router-defaults",
    "bgp, if sent, has keepaliveInterval 20.",
);
static PER_NETWORK: Rule = Rule::documented(
    "compute.router.limit.per-network",
    "docs/reference/google-cloud.md#nat-limits; text unrecorded",
    "A network has at most 5 routers per region.",
);
static IMMUTABLE: Rule = Rule::documented(
    "compute.router.immutable",
    "docs/reference/google-cloud.md#router-changes",
    "A router's name and network cannot be changed.",
);

const FIELDS: Fields = &[
    ("bgp", Field::Object(peers::BGP)),
    ("bgpPeers", Field::List(peers::PEER)),
    ("creationTimestamp", Field::Output),
    ("description", Field::Text),
    ("encryptedInterconnectRouter", Field::Bool),
    ("id", Field::Output),
    ("interfaces", Field::List(peers::INTERFACE)),
    ("kind", Field::Output),
    ("md5AuthenticationKeys", Field::List(peers::KEY)),
    ("name", Field::Text),
    ("nats", Field::List(nats::FIELDS)),
    ("nccGateway", Field::Text),
    ("network", Field::Text),
    ("params", compute::PARAMS),
    ("region", Field::Output),
    ("selfLink", Field::Output),
];

const COLLECTION: &str = "projects/{project}/regions/{region}/routers";
const ONE: &str = "projects/{project}/regions/{region}/routers/{router}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#router",
    fields: FIELDS,
    homes: &[ONE],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/aggregated/routers",
            operation: "compute.routers.aggregatedList",
            handler: compute::aggregated_list,
        },
        Route {
            verb: Verb::Get,
            template: COLLECTION,
            operation: "compute.routers.list",
            handler: compute::list,
        },
        Route {
            verb: Verb::Post,
            template: COLLECTION,
            operation: "compute.routers.insert",
            handler: insert,
        },
        Route {
            verb: Verb::Get,
            template: ONE,
            operation: "compute.routers.get",
            handler: compute::get,
        },
        Route {
            verb: Verb::Patch,
            template: ONE,
            operation: "compute.routers.patch",
            handler: patch,
        },
        Route {
            verb: Verb::Put,
            template: ONE,
            operation: "compute.routers.update",
            handler: update,
        },
        Route {
            verb: Verb::Delete,
            template: ONE,
            operation: "compute.routers.delete",
            handler: delete,
        },
    ],
    rules: &[
        &ENCRYPTED,
        &ADVERTISE,
        &KEEPALIVE,
        &PER_NETWORK,
        &IMMUTABLE,
        &nats::KIND,
        &nats::TIER,
        &nats::ENDPOINTS,
        &nats::TIME_WAIT,
        &nats::DYNAMIC_PORTS,
        &nats::SOURCE_RANGES,
        &nats::EMPTIES,
        &refusals::DUPLICATE,
        &refusals::PER_ROUTER,
        &refusals::SUBNETWORKS,
        &refusals::LIST,
        &refusals::ADDRESSES,
        &refusals::ADDRESS_KIND,
        &refusals::DRAIN,
        &refusals::PLACE,
        &refusals::RANGE_NAMES,
        &refusals::MAPPING,
        &refusals::PORTS,
        &refusals::IMMUTABLE,
        &conflicts::EXCLUSIVE,
        &conflicts::RANGE_TAKEN,
        &conflicts::ADDRESS_TAKEN,
    ],
    complete,
    render: as_stored,
};

fn insert(engine: &mut Engine, call: &Call) -> Answer {
    let mut router = compute::whole(engine, call, FIELDS)?;
    let path = compute::new_path(engine, call, &router)?;
    compute::require(engine, &router, &["network"])?;
    let network = compute::refer(engine, call, &mut router, "network", "networks")?;
    let siblings = format!("{}/", call.path);
    let routers = engine.store.within(Api::Compute, &siblings);
    let count = routers
        .filter(|(_, router)| refers(router, "network", &network))
        .count();
    engine.refuse_if(&PER_NETWORK, count >= 5, || {
        let region = region_of(&path);
        let text = format!(
            "Quota 'ROUTERS_PER_NETWORK_AND_REGION' exceeded.  Limit: 5.0 in region {region}."
        );
        ErrorAnswer::new(403, "quotaExceeded", text)
    })?;
    accept_nats(engine, call, &path, &router, &Value::Null)?;
    fill(engine, &path, &mut router);
    Ok(compute::insert(engine, call, &path, router))
}

/// Refuses a router's NATs one by one, and then for what they do to others.
fn accept_nats(
    engine: &Engine,
    call: &Call,
    path: &str,
    router: &Value,
    old: &Value,
) -> Result<(), Refusal> {
    refusals::check(engine, call, path, router, old)?;
    let mut router = router.clone();
    nats::fill(engine, path, &mut router);
    conflicts::check(engine, path, &router, old)
}

/// Refuses a router of a state document with a NAT whose list of subnetworks is not what its option says: no request
/// could have made it.
pub(crate) fn refuse_odd_lists(engine: &Engine, router: &Value) -> Result<(), Refusal> {
    for nat in nats::of(router) {
        engine.refuse_if(&refusals::LIST, refusals::is_odd_list(nat), || {
            let name = nat["name"].as_str().unwrap_or_default();
            ErrorAnswer::invalid_field("resource.nats", name, refusals::ODD_LIST)
        })?;
    }
    Ok(())
}

fn fill(engine: &mut Engine, path: &str, router: &mut Value) {
    compute::identify(engine, RESOURCE.kind, path, router);
    let field = "encryptedInterconnectRouter";
    compute::default(engine, &ENCRYPTED, router, field, json!(false));
    if let Some(bgp) = router.get_mut("bgp").filter(|bgp| bgp.is_object()) {
        let mode = json!("DEFAULT");
        compute::default(engine, &ADVERTISE, bgp, "advertiseMode", mode);
        compute::default(engine, &KEEPALIVE, bgp, "keepaliveInterval", json!(20));
    }
    nats::fill(engine, path, router);
}

fn complete(engine: &mut Engine, path: &str, mut router: Value) -> Value {
    compute::complete_link(engine, path, &mut router, "network", "global/networks");
    fill(engine, path, &mut router);
    router
}

/// JSON merge patch: what is not sent stays, so that only `"nats": []` removes the last NAT.
fn patch(engine: &mut Engine, call: &Call) -> Answer {
    let change = compute::change(engine, call, FIELDS)?;
    let old = compute::current(engine, &call.path)?;
    refuse_changes(engine, &old, &change)?;
    let changes_nats = change.get("nats").is_some();
    let mut router = old.clone();
    compute::merge(&mut router, change);
    router["network"] = old["network"].clone();
    if changes_nats {
        accept_nats(engine, call, &call.path, &router, &old)?;
    }
    fill(engine, &call.path, &mut router);
    Ok(compute::replace(engine, call, "patch", &call.path, router))
}

/// Replaces the whole router: what is not sent is gone.
fn update(engine: &mut Engine, call: &Call) -> Answer {
    let mut router = compute::whole(engine, call, FIELDS)?;
    let old = compute::current(engine, &call.path)?;
    compute::require(engine, &router, &["network"])?;
    refuse_changes(engine, &old, &router)?;
    let kept = [
        "network",
        "id",
        "creationTimestamp",
        "encryptedInterconnectRouter",
    ];
    for field in kept {
        if let Some(value) = old.get(field) {
            router[field] = value.clone();
        }
    }
    accept_nats(engine, call, &call.path, &router, &old)?;
    fill(engine, &call.path, &mut router);
    Ok(compute::replace(engine, call, "update", &call.path, router))
}

fn refuse_changes(engine: &Engine, old: &Value, change: &Value) -> Result<(), Refusal> {
    let fixed = ["name", "network", "encryptedInterconnectRouter"];
    compute::refuse_changes(engine, &IMMUTABLE, old, change, &fixed)
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    compute::current(engine, &call.path)?;
    Ok(compute::remove(engine, call, &call.path))
}
