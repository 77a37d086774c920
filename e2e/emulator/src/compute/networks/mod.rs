//! VPC networks. A network brings its default route to the internet with it, and takes it along when it
//! goes; it cannot go while anything else is in it, which is found out only by the operation.

mod addressing;
#[cfg(test)]
pub(crate) mod tests;

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb};
use crate::compute::{self, collection_of, name_of, project_of, refers, routes, subnetworks, url};
use crate::engine::{Answer, Engine};
use crate::fields::{Field, Fields};
use crate::identity;
use crate::operations::{Effect, Failure, Outcome};
use crate::rules::Rule;

static AUTO_SUBNETS: Rule = Rule::documented(
    "compute.network.default.auto-create-subnetworks",
    "docs/reference/google-cloud.md#network-defaults",
    "autoCreateSubnetworks is true if it was not sent.",
);
static POLICY_ORDER: Rule = Rule::recorded(
    "compute.network.default.firewall-policy-order",
    "docs/reference/google-cloud.md#network-defaults",
    "networkFirewallPolicyEnforcementOrder is AFTER_CLASSIC_FIREWALL.",
);
static ROUTING_MODE: Rule = Rule::documented(
    "compute.network.default.routing-mode",
    "docs/reference/google-cloud.md#network-defaults",
    "routingConfig.routingMode is REGIONAL.",
);
static BEST_PATH: Rule = Rule::recorded(
    "compute.network.default.best-path-selection",
    "docs/reference/google-cloud.md#network-defaults",
    "routingConfig.bgpBestPathSelectionMode is LEGACY.",
);
static SWITCH_TYPE: Rule = Rule::guessed(
    "compute.network.switch.operation-type",
    "unrecorded",
    "The operation of switchToCustomMode is of the type switchToCustomMode.",
);
static AUTOMATIC: Rule = Rule::documented(
    "compute.network.auto-subnetworks",
    "docs/reference/google-cloud.md#network-defaults; which range a region has is our choice",
    "An auto mode network is made with a subnetwork of its own name in each open region.",
);
static DEFAULT_ROUTE: Rule = Rule::documented(
    "compute.network.default-route",
    "docs/reference/google-cloud.md#default-route",
    "A network is made with a route of 0.0.0.0/0 to the default internet gateway, priority 1000.",
);
static IN_USE: Rule = Rule::recorded(
    "compute.network.delete.in-use",
    "docs/reference/google-cloud.md#network-delete",
    "Deleting a network that is in use begins, and fails as an operation.",
);
static IMMUTABLE: Rule = Rule::documented(
    "compute.network.immutable",
    "docs/reference/google-cloud.md#network-defaults",
    "A network's name, description and profile cannot be changed.",
);
static CUSTOM_ONLY: Rule = Rule::documented(
    "compute.network.auto-mode",
    "docs/reference/google-cloud.md#network-defaults",
    "autoCreateSubnetworks cannot be switched on later; switching it off takes switchToCustomMode.",
);
static DOCUMENT_CUSTOM: Rule = Rule::invented(
    "document.network.custom",
    "A network that a state document gives without autoCreateSubnetworks is in custom mode; one with IPv4Range is a legacy network.",
);

const ROUTING: Fields = &[
    ("routingMode", Field::Word(&["GLOBAL", "REGIONAL"])),
    (
        "bgpBestPathSelectionMode",
        Field::Word(&["LEGACY", "STANDARD"]),
    ),
    ("bgpAlwaysCompareMed", Field::Bool),
    (
        "bgpInterRegionCost",
        Field::Word(&["ADD_COST_TO_MED", "DEFAULT"]),
    ),
    ("effectiveBgpAlwaysCompareMed", Field::Output),
    ("effectiveBgpInterRegionCost", Field::Output),
];

const FIELDS: Fields = &[
    ("IPv4Range", Field::Text),
    ("additionalTags", Field::Output),
    ("autoCreateSubnetworks", Field::Bool),
    ("creationTimestamp", Field::Output),
    ("description", Field::Text),
    ("enableUlaInternalIpv6", Field::Bool),
    ("firewallPolicy", Field::Output),
    ("gatewayIPv4", Field::Output),
    ("id", Field::Output),
    ("internalIpv6Range", Field::Text),
    ("kind", Field::Output),
    ("mtu", Field::Int),
    ("name", Field::Text),
    (
        "networkFirewallPolicyEnforcementOrder",
        Field::Word(&["AFTER_CLASSIC_FIREWALL", "BEFORE_CLASSIC_FIREWALL"]),
    ),
    ("networkProfile", Field::Text),
    ("params", compute::PARAMS),
    ("peerings", Field::Output),
    ("routingConfig", Field::Object(ROUTING)),
    ("selfLink", Field::Output),
    ("selfLinkWithId", Field::Output),
    ("subnetworks", Field::Output),
];

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#network",
    fields: FIELDS,
    homes: &["projects/{project}/global/networks/{network}"],
    routes: &[
        Route {
            verb: Verb::Get,
            template: "projects/{project}/global/networks",
            operation: "compute.networks.list",
            handler: compute::list,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/global/networks",
            operation: "compute.networks.insert",
            handler: insert,
        },
        Route {
            verb: Verb::Get,
            template: "projects/{project}/global/networks/{network}",
            operation: "compute.networks.get",
            handler: compute::get,
        },
        Route {
            verb: Verb::Patch,
            template: "projects/{project}/global/networks/{network}",
            operation: "compute.networks.patch",
            handler: patch,
        },
        Route {
            verb: Verb::Delete,
            template: "projects/{project}/global/networks/{network}",
            operation: "compute.networks.delete",
            handler: delete,
        },
        Route {
            verb: Verb::Post,
            template: "projects/{project}/global/networks/{network}/switchToCustomMode",
            operation: "compute.networks.switchToCustomMode",
            handler: switch_to_custom_mode,
        },
    ],
    rules: &[
        &AUTO_SUBNETS,
        &POLICY_ORDER,
        &ROUTING_MODE,
        &SWITCH_TYPE,
        &BEST_PATH,
        &DEFAULT_ROUTE,
        &AUTOMATIC,
        &IN_USE,
        &IMMUTABLE,
        &CUSTOM_ONLY,
        &DOCUMENT_CUSTOM,
        &addressing::ULA_RANGE,
        &addressing::ULA_OFF,
    ],
    complete,
    render,
};

fn insert(engine: &mut Engine, call: &Call) -> Answer {
    let mut network = compute::whole(engine, call, FIELDS)?;
    let path = compute::new_path(engine, call, &network)?;
    compute::default(
        engine,
        &AUTO_SUBNETS,
        &mut network,
        "autoCreateSubnetworks",
        json!(true),
    );
    fill(engine, &path, &mut network);
    let companions = companions(engine, &path, &network);
    Ok(compute::insert_with(
        engine, call, &path, network, companions, None,
    ))
}

/// What is made with a network.
fn companions(engine: &mut Engine, path: &str, network: &Value) -> Vec<(String, Value)> {
    let mut companions = Vec::new();
    if engine.rule(&DEFAULT_ROUTE, true) {
        companions.push(routes::default_route(engine, path));
    }
    let automatic = network["autoCreateSubnetworks"] == true;
    if engine.rule(&AUTOMATIC, automatic) {
        companions.extend(subnetworks::automatic(engine, path));
    }
    companions
}

fn fill(engine: &mut Engine, path: &str, network: &mut Value) {
    compute::identify(engine, RESOURCE.kind, path, network);
    let order = json!("AFTER_CLASSIC_FIREWALL");
    let field = "networkFirewallPolicyEnforcementOrder";
    compute::default(engine, &POLICY_ORDER, network, field, order);
    compute::fill(network, "routingConfig", || json!({}));
    let routing = &mut network["routingConfig"];
    let regional = json!("REGIONAL");
    compute::default(engine, &ROUTING_MODE, routing, "routingMode", regional);
    let field = "bgpBestPathSelectionMode";
    compute::default(engine, &BEST_PATH, routing, field, json!("LEGACY"));
    let id = network["id"].as_str().unwrap_or_default();
    let link = url(&format!(
        "projects/{}/global/networks/{id}",
        project_of(path)
    ));
    compute::fill(network, "selfLinkWithId", || json!(link));
    addressing::complete(engine, path, network);
}

fn complete(engine: &mut Engine, path: &str, mut network: Value) -> Value {
    // A legacy network is in no mode at all.
    if network.get("IPv4Range").is_none() {
        let custom = json!(false);
        let field = "autoCreateSubnetworks";
        compute::default(engine, &DOCUMENT_CUSTOM, &mut network, field, custom);
    }
    // A network that has an id came from a document that we wrote, with all that there is in it.
    let incomplete = network.get("id").is_none();
    let routed = routes::of_network(engine, path).next().is_some();
    if incomplete {
        for (companion, value) in companions(engine, path, &network) {
            let replaced = routes::is_default_route(&companion) && routed;
            if !replaced && engine.store.any(Api::Compute, &companion).is_none() {
                engine.store.put(Api::Compute, &companion, value);
            }
        }
    }
    fill(engine, path, &mut network);
    network
}

/// A network shows its subnetworks, which are kept nowhere but in themselves.
fn render(engine: &Engine, path: &str, network: &Value) -> Value {
    let regions = format!("projects/{}/regions/", project_of(path));
    let subnetworks: Vec<Value> = engine
        .store
        .list_below(Api::Compute, &regions, None)
        .filter(|(_, value)| refers(value, "network", path))
        .filter(|(path, _)| collection_of(path) == "subnetworks")
        .map(|(path, _)| json!(url(path)))
        .collect();
    let mut shown = network.clone();
    if !subnetworks.is_empty() {
        shown["subnetworks"] = json!(subnetworks);
    }
    shown
}

fn patch(engine: &mut Engine, call: &Call) -> Answer {
    let change = compute::change(engine, call, FIELDS)?;
    let mut network = compute::current(engine, &call.path)?;
    let fixed = ["name", "description", "networkProfile", "IPv4Range"];
    compute::refuse_changes(engine, &IMMUTABLE, &network, &change, &fixed)?;
    compute::refuse_changes(
        engine,
        &CUSTOM_ONLY,
        &network,
        &change,
        &["autoCreateSubnetworks"],
    )?;
    compute::merge(&mut network, change);
    fill(engine, &call.path, &mut network);
    Ok(compute::replace(
        engine,
        call,
        "updateNetwork",
        &call.path,
        network,
    ))
}

fn switch_to_custom_mode(engine: &mut Engine, call: &Call) -> Answer {
    let path = call.parent();
    let mut network = compute::current(engine, path)?;
    network["autoCreateSubnetworks"] = json!(false);
    let kind = if engine.rule(&SWITCH_TYPE, true) {
        "switchToCustomMode"
    } else {
        "patch"
    };
    Ok(compute::replace(engine, call, kind, path, network))
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    compute::current(engine, &call.path)?;
    let path = call.path.clone();
    let effect: Effect = Box::new(move |engine, imposed| {
        let user = user(engine, &path).filter(|_| engine.rule(&IN_USE, true));
        let refusal = user.map(|user| {
            let text = format!("The network resource '{path}' is already being used by '{user}'");
            Failure::compute("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", text)
        });
        if let Some(failure) = imposed.or(refusal) {
            return Outcome::failed(failure);
        }
        remove(engine, &path);
        Outcome::done()
    });
    Ok(compute::begin(engine, call, "delete", &call.path, effect))
}

/// Something in the network that does not go with it.
fn user(engine: &Engine, network: &str) -> Option<String> {
    let (project, name) = (project_of(network), name_of(network));
    let within = format!("projects/{project}/");
    let inside = engine
        .store
        .within(Api::Compute, &within)
        .filter(|(_, value)| refers(value, "network", network))
        .find(|(path, value)| !goes_along(engine, path, value))
        .map(|(path, _)| path.to_owned());
    // A connector makes firewall rules in its network, which go when it goes.
    let connector = || {
        engine
            .store
            .within(Api::VpcAccess, &within)
            .find(|(_, value)| value["network"] == name)
            .map(|(path, _)| {
                let hex = identity::hex(&["connector firewall", path], 12);
                format!("projects/{project}/global/firewalls/aet-{hex}-hcfw")
            })
    };
    inside.or_else(connector)
}

/// True for what was made with its network: the default route, and an auto mode network's subnetworks.
fn goes_along(engine: &Engine, path: &str, value: &Value) -> bool {
    routes::is_default_route(path)
        || (collection_of(path) == "subnetworks" && subnetworks::is_automatic(engine, path, value))
}

/// Removes a network and what goes along.
fn remove(engine: &mut Engine, network: &str) {
    let within = format!("projects/{}/", project_of(network));
    let along: Vec<String> = engine
        .store
        .within(Api::Compute, &within)
        .filter(|(_, value)| refers(value, "network", network))
        .filter(|(path, value)| goes_along(engine, path, value))
        .map(|(path, _)| path.to_owned())
        .collect();
    for path in along {
        engine.store.remove(Api::Compute, &path);
    }
    engine.store.remove(Api::Compute, network);
}
