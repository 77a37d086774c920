//! Serverless VPC Access connectors. A create that fails leaves a connector in ERROR, which holds its
//! name and can only be deleted.

#[cfg(test)]
pub(crate) mod tests;

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored};
use crate::clock;
use crate::engine::{Answer, Engine};
use crate::fields::{self, Field, Fields, Reading};
use crate::masks;
use crate::operations::{Effect, Failure, Outcome};
use crate::pages::Window;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rpc;
use crate::rules::Rule;
use crate::vpcaccess::{creation, settings};

pub(crate) static NOT_FOUND: Rule = Rule::guessed(
    "vpcaccess.connector.not-found",
    "text from Config Connector's mock",
    "A connector that does not exist is answered with 404.",
);
static MASK: Rule = Rule::documented(
    "vpcaccess.connector.patch.mask",
    "docs/reference/google-cloud.md#connector-update",
    "Only machineType, minInstances and maxInstances can be changed.",
);
static SHRINK: Rule = Rule::guessed(
    "vpcaccess.connector.patch.shrink",
    "docs/reference/google-cloud.md#connector-update",
    "Instance limits can be raised, not lowered.",
);
static ERROR_IS_FINAL: Rule = Rule::documented(
    "vpcaccess.connector.error-is-final",
    "docs/reference/google-cloud.md#connector-error",
    "A connector in ERROR can only be deleted.",
);
static BUSY: Rule = Rule::guessed(
    "vpcaccess.connector.busy",
    "text unrecorded",
    "A connector that is being created, updated or deleted refuses further changes.",
);
static UPDATING: Rule = Rule::documented(
    "vpcaccess.connector.patch.updating",
    "docs/reference/google-cloud.md#connector-update",
    "A connector is UPDATING while a change to it is under way.",
);
static DELETING: Rule = Rule::documented(
    "vpcaccess.connector.delete.deleting",
    "docs/reference/google-cloud.md#connector-states",
    "A connector is DELETING until it is gone.",
);

const SUBNET: Fields = &[("name", Field::Text), ("projectId", Field::Text)];

const FIELDS: Fields = &[
    ("connectedProjects", Field::Output),
    ("ipCidrRange", Field::Text),
    ("machineType", Field::Text),
    ("maxInstances", Field::Int),
    ("maxThroughput", Field::Int),
    ("minInstances", Field::Int),
    ("minThroughput", Field::Int),
    ("name", Field::Output),
    ("network", Field::Text),
    ("state", Field::Output),
    ("subnet", Field::Object(SUBNET)),
];

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::VpcAccess,
    kind: "",
    fields: FIELDS,
    homes: &["projects/{project}/locations/{location}/connectors/{connector}"],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/connectors",
            operation: "vpcaccess.projects.locations.connectors.list",
            handler: list,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/locations/{location}/connectors",
            operation: "vpcaccess.projects.locations.connectors.create",
            handler: creation::create,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/locations/{location}/connectors/{connector}",
            operation: "vpcaccess.projects.locations.connectors.get",
            handler: get,
        },
        Route {
            verb: Verb::Patch,
            template: "projects/{project}/locations/{location}/connectors/{connector}",
            operation: "vpcaccess.projects.locations.connectors.patch",
            handler: patch,
        },
        Route {
            verb: Verb::Delete,
            template: "projects/{project}/locations/{location}/connectors/{connector}",
            operation: "vpcaccess.projects.locations.connectors.delete",
            handler: delete,
        },
    ],
    rules: &[
        &NOT_FOUND,
        &MASK,
        &SHRINK,
        &ERROR_IS_FINAL,
        &BUSY,
        &UPDATING,
        &DELETING,
    ],
    complete: settings::complete,
    render: as_stored,
};

/// Reads a connector from the body.
pub(crate) fn read(engine: &Engine, call: &Call) -> Answer {
    fields::read(
        engine,
        Api::VpcAccess,
        "connector",
        FIELDS,
        Reading::Whole,
        &call.body,
    )
}

/// A connector as operations show it.
pub(crate) fn typed(connector: &Value) -> Value {
    rpc::typed("google.cloud.vpcaccess.v1.Connector", connector)
}

/// The metadata of an operation on a connector.
pub(crate) fn metadata(engine: &Engine, method: &str, target: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.cloud.vpcaccess.v1.OperationMetadata",
        "method": format!("google.cloud.vpcaccess.v1.VpcAccessService.{method}"),
        "createTime": clock::utc_time(engine.clock.now()),
        "target": target,
    })
}

fn get(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    current(engine, &call.path)
}

fn current(engine: &Engine, path: &str) -> Answer {
    let connector = engine.store.get(Api::VpcAccess, path);
    engine.refuse_if(&NOT_FOUND, connector.is_none(), || {
        ErrorAnswer::code(Code::NotFound, "The connector is not found.")
    })?;
    Ok(connector.cloned().unwrap_or_else(|| json!({})))
}

fn list(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let window = Window::of(engine, call)?;
    let prefix = format!("{}/", call.path);
    let entries = engine
        .store
        .list(Api::VpcAccess, &prefix, window.after.as_deref());
    let (page, next) = window.take(entries);
    Ok(rpc::listed(
        "connectors",
        page.into_iter().map(|(_, it)| it.clone()).collect(),
        next,
    ))
}

/// The connector that a change is about, if it can be changed now.
fn changeable(engine: &Engine, path: &str) -> Answer {
    let connector = current(engine, path)?;
    let state = connector["state"].as_str().unwrap_or_default();
    let busy = engine.operations.is_busy(Api::VpcAccess, path);
    engine.refuse_if(&BUSY, busy, || {
        let text = format!("Connector {path} is not ready: it is {state}.");
        ErrorAnswer::code(Code::FailedPrecondition, text)
    })?;
    Ok(connector)
}

fn patch(engine: &mut Engine, call: &Call) -> Answer {
    let request = read(engine, call)?;
    let connector = changeable(engine, &call.path)?;
    engine.refuse_if(&ERROR_IS_FINAL, connector["state"] == "ERROR", || {
        let text = "Connector is in ERROR state. Manual deletion recommended.";
        ErrorAnswer::code(Code::FailedPrecondition, text)
    })?;
    let mut changed = connector.clone();
    for path in mask(engine, call, &request)? {
        masks::copy(&path, &request, &mut changed);
    }
    settings::check_limits(engine, &changed)?;
    for field in ["minInstances", "maxInstances"] {
        let lowered = changed[field].as_i64() < connector[field].as_i64();
        engine.refuse_if(&SHRINK, lowered, || {
            let text = format!("Connector {field} cannot be decreased.");
            ErrorAnswer::code(Code::InvalidArgument, text).violating(field)
        })?;
    }
    settings::derive_throughput(engine, &mut changed);
    if engine.rule(&UPDATING, true) {
        set_state(engine, &call.path, "UPDATING");
    }
    let target = call.path.clone();
    let effect: Effect = Box::new(move |engine, imposed| {
        if let Some(failure) = imposed {
            set_state(engine, &target, after(&failure, "READY"));
            return Outcome::failed(failure);
        }
        let response = typed(&changed);
        engine.store.put(Api::VpcAccess, &target, changed);
        Outcome {
            metadata: None,
            result: Ok(response),
        }
    });
    let metadata = metadata(engine, "UpdateConnector", &call.path);
    Ok(rpc::begin(engine, call, &call.path, &metadata, effect))
}

/// The fields that a patch is about: the mask's, or those that were sent.
fn mask(engine: &Engine, call: &Call, request: &Value) -> Result<Vec<Vec<String>>, Refusal> {
    let sent = || {
        request
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| vec![name.clone()])
    };
    let mask = call
        .query("updateMask")
        .map_or_else(|| sent().collect(), masks::parse);
    let patchable = ["machineType", "minInstances", "maxInstances"];
    let fixed = mask
        .iter()
        .map(|path| path.join("."))
        .find(|path| !patchable.contains(&path.as_str()));
    engine.refuse_if(&MASK, fixed.is_some(), || {
        let text = format!("Field {} cannot be updated.", fixed.unwrap_or_default());
        ErrorAnswer::code(Code::InvalidArgument, text).violating("update_mask")
    })?;
    Ok(mask)
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let before = changeable(engine, &call.path)?["state"].clone();
    if engine.rule(&DELETING, true) {
        set_state(engine, &call.path, "DELETING");
    }
    let target = call.path.clone();
    let effect: Effect = Box::new(move |engine, imposed| {
        if let Some(failure) = imposed {
            let before = before.as_str().unwrap_or("READY");
            set_state(engine, &target, after(&failure, before));
            return Outcome::failed(failure);
        }
        engine.store.remove(Api::VpcAccess, &target);
        let response = json!({ "@type": "type.googleapis.com/google.protobuf.Empty" });
        Outcome {
            metadata: None,
            result: Ok(response),
        }
    });
    let metadata = metadata(engine, "DeleteConnector", &call.path);
    Ok(rpc::begin(engine, call, &call.path, &metadata, effect))
}

/// The state that a failed change leaves a connector in.
fn after<'a>(failure: &Failure, before: &'a str) -> &'a str {
    if failure.breaks { "ERROR" } else { before }
}

/// Notes the state of a connector that is there.
pub(crate) fn set_state(engine: &mut Engine, path: &str, state: &str) {
    if let Some(connector) = engine.store.get_mut(Api::VpcAccess, path) {
        connector["state"] = json!(state);
    }
}
