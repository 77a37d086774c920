//! Subnetworks: an address range of a network in one region.

mod automatic;
mod defaults;
mod fields;
pub(crate) mod ranges;
#[cfg(test)]
pub(crate) mod tests;
mod users;

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb};
use crate::compute::routers::nats;
use crate::compute::{self, project_of};
use crate::engine::{Answer, Engine};
use crate::fields::{Field, Fields};
use crate::operations::Failure;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

pub(crate) use automatic::{automatic, is_automatic};
use defaults::{fill, is_proxy_only};
use fields::FIELDS;
pub(crate) use ranges::overlap;

static IMMUTABLE: Rule = Rule::documented(
    "compute.subnetwork.immutable",
    "docs/reference/google-cloud.md#subnetwork-changes",
    "A subnetwork's name, description, network and purpose cannot be changed.",
);
static OWN_METHOD: Rule = Rule::guessed(
    "compute.subnetwork.patch.own-method",
    "docs/reference/google-cloud.md#subnetwork-changes; it names the methods; the refusal is unrecorded",
    "PATCH changes neither the range nor Private Google Access: each has a method of its own.",
);
static NAT_KEEPS_ACCESS: Rule = Rule::documented(
    "compute.subnetwork.private-google-access.nat",
    "docs/reference/google-cloud.md#effective-private-google-access; text unrecorded",
    "Private Google Access cannot be switched off while a public NAT serves the subnetwork.",
);
static EXPAND_ONLY: Rule = Rule::documented(
    "compute.subnetwork.expand-only",
    "docs/reference/google-cloud.md#subnetwork-changes; text unrecorded",
    "A range is expanded to one that contains it.",
);
static IN_USE_ADDRESS: Rule = Rule::guessed(
    "compute.subnetwork.delete.in-use.address",
    "docs/reference/google-cloud.md#subnetwork-delete; reported",
    "A subnetwork with addresses reserved in it, Cloud Run's included, cannot be deleted: 400.",
);
static IN_USE_NAT: Rule = Rule::guessed(
    "compute.subnetwork.delete.in-use.nat",
    "docs/reference/google-cloud.md#subnetwork-delete; reported, the text follows the other in-use refusals",
    "A subnetwork that a NAT lists cannot be deleted: 400.",
);
static IN_USE_CONNECTOR: Rule = Rule::guessed(
    "compute.subnetwork.delete.in-use.connector",
    "docs/reference/google-cloud.md#subnetwork-delete; the text follows the other in-use refusals",
    "A subnetwork that a connector is on cannot be deleted: 400.",
);
static EXPAND_TYPE: Rule = Rule::guessed(
    "compute.subnetwork.expand.operation-type",
    "unrecorded",
    "The operation of expandIpCidrRange is of the type expandIpCidrRange.",
);
static AUTOMATIC: Rule = Rule::guessed(
    "compute.subnetwork.delete.automatic",
    "docs/reference/google-cloud.md#subnetwork-delete; reported",
    "An auto mode network's own subnetworks cannot be deleted one by one.",
);

const COLLECTION: &str = "projects/{project}/regions/{region}/subnetworks";
const ONE: &str = "projects/{project}/regions/{region}/subnetworks/{subnetwork}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#subnetwork",
    fields: FIELDS,
    homes: &[ONE],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/aggregated/subnetworks",
            operation: "compute.subnetworks.aggregatedList",
            handler: compute::aggregated_list,
        },
        Route {
            verb: Verb::Get,
            template: COLLECTION,
            operation: "compute.subnetworks.list",
            handler: compute::list,
        },
        Route {
            verb: Verb::Post,
            template: COLLECTION,
            operation: "compute.subnetworks.insert",
            handler: insert,
        },
        Route {
            verb: Verb::Get,
            template: ONE,
            operation: "compute.subnetworks.get",
            handler: compute::get,
        },
        Route {
            verb: Verb::Patch,
            template: ONE,
            operation: "compute.subnetworks.patch",
            handler: patch,
        },
        Route {
            verb: Verb::Delete,
            template: ONE,
            operation: "compute.subnetworks.delete",
            handler: delete,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/regions/{region}/subnetworks/{subnetwork}/setPrivateIpGoogleAccess",
            operation: "compute.subnetworks.setPrivateIpGoogleAccess",
            handler: set_private_google_access,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/regions/{region}/subnetworks/{subnetwork}/expandIpCidrRange",
            operation: "compute.subnetworks.expandIpCidrRange",
            handler: expand,
        },
    ],
    rules: &[
        &ranges::INVALID,
        &ranges::LENGTH,
        &ranges::PROHIBITED,
        &ranges::AUTO_MODE,
        &ranges::OVERLAP,
        &defaults::ROUTES_OVERLAP,
        &defaults::FLOW_LOGS,
        &defaults::GATEWAY,
        &defaults::GOOGLE_ACCESS,
        &defaults::GOOGLE_ACCESS_V6,
        &defaults::PURPOSE,
        &defaults::STACK_TYPE,
        &defaults::PROXY_STATE,
        &defaults::PROXY_ROLE,
        &defaults::FINGERPRINT,
        &IMMUTABLE,
        &OWN_METHOD,
        &NAT_KEEPS_ACCESS,
        &EXPAND_ONLY,
        &EXPAND_TYPE,
        &IN_USE_ADDRESS,
        &IN_USE_NAT,
        &IN_USE_CONNECTOR,
        &AUTOMATIC,
    ],
    complete,
    render: crate::call::as_stored,
};

fn insert(engine: &mut Engine, call: &Call) -> Answer {
    let mut subnetwork = compute::whole(engine, call, FIELDS)?;
    if let Some(fields) = subnetwork.as_object_mut() {
        fields.remove("fingerprint");
    }
    let path = compute::new_path(engine, call, &subnetwork)?;
    compute::require(engine, &subnetwork, &["network", "ipCidrRange"])?;
    let network_path = compute::refer(engine, call, &mut subnetwork, "network", "networks")?;
    let network = engine.store.get(Api::Compute, &network_path);
    let network = network.unwrap_or(&Value::Null);
    ranges::check(engine, network, &subnetwork)?;
    fill(engine, &path, &mut subnetwork);
    let conflict = ranges::conflict(engine, &network_path, &subnetwork, None);
    let minded = engine.rule(&ranges::OVERLAP, conflict.is_some());
    let doom = conflict.filter(|_| minded);
    let doom = doom.map(|(_, sentence)| Failure::compute("INVALID_USAGE", sentence));
    Ok(compute::insert_with(
        engine,
        call,
        &path,
        subnetwork,
        Vec::new(),
        doom,
    ))
}

fn complete(engine: &mut Engine, path: &str, mut subnetwork: Value) -> Value {
    compute::complete_link(engine, path, &mut subnetwork, "network", "global/networks");
    fill(engine, path, &mut subnetwork);
    subnetwork
}

/// Begins a change after which the subnetwork has another fingerprint.
fn change_to(engine: &mut Engine, call: &Call, kind: &str, path: &str, mut new: Value) -> Value {
    if engine.rule(&defaults::FINGERPRINT, true)
        && let Some(fields) = new.as_object_mut()
    {
        fields.remove("fingerprint");
    }
    fill(engine, path, &mut new);
    compute::replace(engine, call, kind, path, new)
}

fn patch(engine: &mut Engine, call: &Call) -> Answer {
    let mut change = compute::change(engine, call, FIELDS)?;
    let mut subnetwork = compute::current(engine, &call.path)?;
    compute::check_fingerprint(engine, &subnetwork, &mut change)?;
    let fixed = ["name", "description", "network", "purpose"];
    compute::refuse_changes(engine, &IMMUTABLE, &subnetwork, &change, &fixed)?;
    let elsewhere = ["ipCidrRange", "privateIpGoogleAccess"];
    compute::refuse_changes(engine, &OWN_METHOD, &subnetwork, &change, &elsewhere)?;
    if change.get("logConfig").is_some() && change.get("enableFlowLogs").is_none() {
        change["enableFlowLogs"] = Value::Null;
    }
    if let Some(fields) = change.as_object_mut() {
        fields.remove("network");
    }
    let readdresses = change.get("secondaryIpRanges").is_some();
    compute::merge(&mut subnetwork, change);
    if readdresses {
        refuse_ranges(engine, &call.path, &subnetwork)?;
    }
    Ok(change_to(engine, call, "patch", &call.path, subnetwork))
}

/// Refuses ranges that cannot be or that are taken, of a subnetwork that is there already.
fn refuse_ranges(engine: &Engine, path: &str, subnetwork: &Value) -> Result<(), Refusal> {
    let network = subnetwork["network"].as_str().unwrap_or_default();
    let network = compute::path_in(project_of(path), network);
    ranges::check(engine, &Value::Null, subnetwork)?;
    let conflict = ranges::conflict(engine, &network, subnetwork, Some(path));
    engine.refuse_if(&ranges::OVERLAP, conflict.is_some(), || {
        let (field, sentence) = conflict.unwrap_or_default();
        let taken = ranges::of(subnetwork);
        let taken = taken.iter().find(|(name, _)| *name == field);
        let range = taken.map_or("", |(_, range)| range);
        ErrorAnswer::invalid_field(&field, range, &sentence)
    })
}

fn set_private_google_access(engine: &mut Engine, call: &Call) -> Answer {
    let fields: Fields = &[("privateIpGoogleAccess", Field::Bool)];
    let request = compute::whole(engine, call, fields)?;
    let path = call.parent();
    let mut subnetwork = compute::current(engine, path)?;
    let on = request["privateIpGoogleAccess"] == true;
    let off = !on && subnetwork["privateIpGoogleAccess"] == true;
    let nat = nats::serving(engine, path, &subnetwork);
    engine.refuse_if(&NAT_KEEPS_ACCESS, off && nat.is_some(), || {
        let nat = nat.unwrap_or_default();
        ErrorAnswer::invalid_field(
            "privateIpGoogleAccess",
            "false",
            &format!(
                "Private Google Access cannot be disabled while '{nat}' serves the subnetwork."
            ),
        )
    })?;
    subnetwork["privateIpGoogleAccess"] = json!(on);
    Ok(change_to(
        engine,
        call,
        "setPrivateIpGoogleAccess",
        path,
        subnetwork,
    ))
}

fn expand(engine: &mut Engine, call: &Call) -> Answer {
    let request = compute::whole(engine, call, &[("ipCidrRange", Field::Text)])?;
    compute::require(engine, &request, &["ipCidrRange"])?;
    let path = call.parent();
    let mut subnetwork = compute::current(engine, path)?;
    let old = subnetwork["ipCidrRange"].as_str().and_then(ranges::parse);
    let text = request["ipCidrRange"].as_str().unwrap_or_default();
    let new = ranges::parse(text);
    let shrinks = old
        .zip(new)
        .is_some_and(|(old, new)| !new.contains(&old) || new == old);
    engine.refuse_if(&EXPAND_ONLY, shrinks, || {
        let why = "The new range must be larger than the present one and contain it.";
        ErrorAnswer::invalid_field("ipCidrRange", text, why)
    })?;
    subnetwork["ipCidrRange"] = request["ipCidrRange"].clone();
    refuse_ranges(engine, path, &subnetwork)?;
    let kind = if engine.rule(&EXPAND_TYPE, true) {
        "expandIpCidrRange"
    } else {
        "patch"
    };
    Ok(change_to(engine, call, kind, path, subnetwork))
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    let path = &call.path;
    let subnetwork = compute::current(engine, path)?;
    let automatic = is_automatic(engine, path, &subnetwork);
    engine.refuse_if(&AUTOMATIC, automatic, || {
        ErrorAnswer::invalid("Cannot delete auto subnetwork from an auto subnet mode network.")
    })?;
    let users = [
        (&IN_USE_ADDRESS, users::address(engine, path)),
        (&IN_USE_NAT, nats::listing(engine, path)),
        (&IN_USE_CONNECTOR, users::connector(engine, path)),
    ];
    for (rule, user) in users {
        engine.refuse_if(rule, user.is_some(), || {
            compute::in_use("subnetwork", path, &user.unwrap_or_default())
        })?;
    }
    Ok(compute::remove(engine, call, path))
}
