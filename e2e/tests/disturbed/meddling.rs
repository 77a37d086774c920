//! Somebody else, who writes between two requests of ours: what they write, what they need for it, and how a state
//! looks without it.

use std::collections::BTreeMap;

use privatelink_e2e::rehearsal::{Act, strike};
use serde_json::{Value, json};

/// The name of a NAT entry, the value of a label and the description of a subnetwork that somebody else writes.
pub(crate) const MEANWHILE: &str = "meanwhile";

/// The annotation of a template that its team deployed again.
pub(crate) const REDEPLOYED: &str = "redeployed";

/// The subnetwork that somebody's NAT entry serves where there is one router.
const FREE: &str = "projects/acme-prod/regions/europe-west1/subnetworks/free";

/// Another machine type than any scenario declares.
const MACHINE_TYPE: &str = "f1-micro";

/// What somebody else does to the object that a request is about: something that is none of our business, where it has
/// such a field. All of a connector is ours.
pub(crate) fn effect(operation: &str) -> Value {
    let change = if operation.starts_with("compute.routers.") {
        return entry(FREE);
    } else if operation.starts_with("compute.subnetworks.") {
        json!({"enableFlowLogs": true})
    } else if operation.contains(".connectors.") {
        json!({"machineType": MACHINE_TYPE})
    } else {
        json!({"labels": {"team": MEANWHILE}})
    };
    json!({"otherWriter": {"merge": change}})
}

/// Their NAT entry, as Google would print it, with its own defaults.
fn entry(subnetwork: &str) -> Value {
    let subnetwork = format!("https://www.googleapis.com/compute/v1/{subnetwork}");
    json!({"otherWriter": {"append": {"nats": [{
        "name": MEANWHILE, "type": "PUBLIC", "endpointTypes": ["ENDPOINT_TYPE_VM"], "autoNetworkTier": "PREMIUM", "effectiveTcpTimeWaitTimeoutSec": 120, "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": [{"name": subnetwork, "sourceIpRangesToNat": ["ALL_IP_RANGES"]}],
    }]}}})
}

/// The orders for the `nth` request of an operation. Of routers, the nth request to each: an entry names a subnetwork of
/// its router's own network. Of connectors, those that we made: what somebody does to their own is theirs to keep.
pub(crate) fn strikes(act: &Act, operation: &str, nth: u64) -> Vec<Value> {
    let at = |path: &str, effect: &Value| {
        let mut order = strike(operation, nth, effect);
        order["match"]["path"] = json!(path);
        order
    };
    if operation.starts_with("compute.routers.") {
        let routers = routers(act).into_iter();
        return routers
            .map(|(path, free)| at(&path, &entry(&free.path)))
            .collect();
    }
    let effect = effect(operation);
    if operation.contains(".connectors.") {
        return vec![at("/connectors/pl-", &effect)];
    }
    vec![strike(operation, nth, &effect)]
}

/// A subnetwork that nothing of ours is about.
struct Free {
    path: String,
    network: String,
    range: String,
}

/// The routers of an act, before and after it, each with a free subnetwork in its network and region.
fn routers(act: &Act) -> BTreeMap<String, Free> {
    let things = [&act.before, &act.after].map(|state| state["compute"].as_object());
    let things = things.into_iter().flatten().flatten();
    let routers = things.filter_map(|(path, router)| {
        let (region, _) = path.split_once("/routers/")?;
        let network = router["network"].as_str()?;
        let network = network.find("projects/").map(|at| &network[at..])?;
        Some((path.clone(), region, network.to_owned()))
    });
    let mut found: BTreeMap<String, Free> = BTreeMap::new();
    for (path, region, network) in routers {
        // Each router another one: a subnetwork is in one NAT of its network at a time.
        let name = path.rsplit('/').next().unwrap_or_default();
        let range = format!("10.254.254.{}/28", 16 * found.len());
        let free = Free {
            path: format!("{region}/subnetworks/free-for-{name}"),
            network,
            range,
        };
        found.entry(path).or_insert(free);
    }
    found
}

/// The world before an act, with what somebody's NAT entries need.
pub(crate) fn with_free_subnetworks(act: &Act) -> Value {
    let mut before = act.before.clone();
    for free in routers(act).into_values() {
        before["compute"][free.path] = json!({
            "network": free.network, "ipCidrRange": free.range, "description": MEANWHILE,
        });
    }
    before
}

/// How to look at a state of this act as if nobody else had done anything.
pub(crate) fn disregard(act: &Act) -> fn(&Value) -> Value {
    if act.scenario == MANY_SUBNETWORKS {
        return |state| with_slots_as_one(&without(state));
    }
    without
}

/// The state without what somebody else did meanwhile.
fn without(state: &Value) -> Value {
    match state {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, value)| {
                let label = *key == "labels" && value["team"] == MEANWHILE;
                let logs = *key == "enableFlowLogs" || *key == "logConfig";
                let redeployed = *key == "annotations" && value[REDEPLOYED] == "yes";
                let subnetwork = key.contains("/subnetworks/") && value["description"] == MEANWHILE;
                !label && !logs && !redeployed && !subnetwork
            });
            let kept = kept.map(|(key, value)| (key.clone(), without(value)));
            // A router that only their entry is in has no list of its own.
            let kept = kept.filter(|(key, value)| !(key == "nats" && *value == json!([])));
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            let kept = items.iter().filter(|item| item["name"] != MEANWHILE);
            Value::Array(kept.map(without).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => state.clone(),
    }
}

/// The scenario with more subnetworks than one NAT entry takes.
const MANY_SUBNETWORKS: &str = "fifty-one-subnetworks";

/// How many subnetworks one NAT entry takes.
const SLOT: usize = 50;

/// A state in which the entries of ours in a router are one. Which of them is the full one depends on who was ready
/// first, and stays as it is (`docs/decisions/0009-sticky-nat-slots.md`). An entry that has more than it can take is
/// left as it is, to be found.
fn with_slots_as_one(state: &Value) -> Value {
    let mut state = state.clone();
    let things = state["compute"].as_object_mut().into_iter().flatten();
    for (_, router) in things.filter(|(path, _)| path.contains("/routers/")) {
        let Some(entries) = router["nats"].as_array_mut() else {
            continue;
        };
        let ours = |entry: &Value| {
            entry["name"]
                .as_str()
                .is_some_and(|it| it.starts_with("pl-"))
        };
        let fits = |entry: &Value| {
            entry["subnetworks"]
                .as_array()
                .is_some_and(|it| it.len() <= SLOT)
        };
        let (mut slots, mut others): (Vec<Value>, Vec<Value>) = entries
            .drain(..)
            .partition(|entry| ours(entry) && fits(entry));
        slots.sort_by_key(|slot| slot["name"].to_string());
        let mut served: Vec<Value> = slots
            .iter()
            .flat_map(|slot| {
                slot["subnetworks"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .cloned()
            })
            .collect();
        served.sort_by_key(|it| it["name"].to_string());
        let mut slots = slots.into_iter().map(|mut slot| {
            slot["subnetworks"] = json!([]);
            slot
        });
        if let Some(mut first) = slots.next() {
            first["subnetworks"] = json!(served);
            others.push(first);
        }
        others.extend(slots);
        *entries = others;
    }
    state
}

/// How many of somebody else's changes are in the state. A machine type is not counted: it is repaired.
pub(crate) fn count(state: &Value) -> usize {
    match state {
        Value::Object(fields) => {
            let own = usize::from(state["labels"]["team"] == MEANWHILE)
                + usize::from(state["enableFlowLogs"] == true);
            own + fields.values().map(count).sum::<usize>()
        }
        Value::Array(items) => items
            .iter()
            .map(|item| usize::from(item["name"] == MEANWHILE) + count(item))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
