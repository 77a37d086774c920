//! Firewall rules of a network.

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored};
use crate::compute;
use crate::engine::{Answer, Engine};
use crate::fields::{Field, Fields};
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

static NETWORK: Rule = Rule::documented(
    "compute.firewall.default.network",
    "docs/reference/google-cloud.md#firewall-defaults",
    "network is global/networks/default.",
);
static PRIORITY: Rule = Rule::documented(
    "compute.firewall.default.priority",
    "docs/reference/google-cloud.md#firewall-defaults",
    "priority is 1000.",
);
static DIRECTION: Rule = Rule::documented(
    "compute.firewall.default.direction",
    "docs/reference/google-cloud.md#firewall-defaults",
    "direction is INGRESS.",
);
static DISABLED: Rule = Rule::documented(
    "compute.firewall.default.disabled",
    "docs/reference/google-cloud.md#firewall-defaults",
    "disabled is false.",
);
static LOG: Rule = Rule::documented(
    "compute.firewall.default.log-config",
    "docs/reference/google-cloud.md#firewall-defaults",
    "logConfig is {enable: false}.",
);
static SOURCES: Rule = Rule::documented(
    "compute.firewall.default.source-ranges",
    "docs/reference/google-cloud.md#firewall-defaults",
    "Where nothing says from where, ingress is from 0.0.0.0/0.",
);
static DESTINATIONS: Rule = Rule::documented(
    "compute.firewall.default.destination-ranges",
    "docs/reference/google-cloud.md#firewall-defaults",
    "Where nothing says to where, egress is to 0.0.0.0/0.",
);
static ONE_ACTION: Rule = Rule::documented(
    "compute.firewall.action",
    "docs/reference/google-cloud.md#firewall-defaults; text unrecorded",
    "A rule either allows or denies something.",
);
static EGRESS_SOURCES: Rule = Rule::documented(
    "compute.firewall.egress-sources",
    "docs/reference/google-cloud.md#firewall-defaults; text unrecorded",
    "A rule for egress has no source tags.",
);
static IMMUTABLE: Rule = Rule::documented(
    "compute.firewall.immutable",
    "docs/reference/google-cloud.md#firewall-defaults; text unrecorded",
    "A rule's name, network and direction cannot be changed.",
);

const ACTION: Fields = &[("IPProtocol", Field::Text), ("ports", Field::Texts)];

const LOG_CONFIG: Fields = &[
    ("enable", Field::Bool),
    (
        "metadata",
        Field::Word(&["EXCLUDE_ALL_METADATA", "INCLUDE_ALL_METADATA"]),
    ),
];

const FIELDS: Fields = &[
    ("allowed", Field::List(ACTION)),
    ("creationTimestamp", Field::Output),
    ("denied", Field::List(ACTION)),
    ("description", Field::Text),
    ("destinationRanges", Field::Texts),
    ("direction", Field::Word(&["EGRESS", "INGRESS"])),
    ("disabled", Field::Bool),
    ("id", Field::Output),
    ("kind", Field::Output),
    ("logConfig", Field::Object(LOG_CONFIG)),
    ("name", Field::Text),
    ("network", Field::Text),
    ("params", compute::PARAMS),
    ("priority", Field::Int),
    ("selfLink", Field::Output),
    ("sourceRanges", Field::Texts),
    ("sourceServiceAccounts", Field::Texts),
    ("sourceTags", Field::Texts),
    ("targetServiceAccounts", Field::Texts),
    ("targetTags", Field::Texts),
];

const COLLECTION: &str = "projects/{project}/global/firewalls";
const ONE: &str = "projects/{project}/global/firewalls/{firewall}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#firewall",
    fields: FIELDS,
    homes: &[ONE],
    routes: &[
        Route {
            verb: Verb::Get,
            template: COLLECTION,
            operation: "compute.firewalls.list",
            handler: compute::list,
        },
        Route {
            verb: Verb::Post,
            template: COLLECTION,
            operation: "compute.firewalls.insert",
            handler: insert,
        },
        Route {
            verb: Verb::Get,
            template: ONE,
            operation: "compute.firewalls.get",
            handler: compute::get,
        },
        Route {
            verb: Verb::Patch,
            template: ONE,
            operation: "compute.firewalls.patch",
            handler: patch,
        },
        Route {
            verb: Verb::Put,
            template: ONE,
            operation: "compute.firewalls.update",
            handler: update,
        },
        Route {
            verb: Verb::Delete,
            template: ONE,
            operation: "compute.firewalls.delete",
            handler: delete,
        },
    ],
    rules: &[
        &NETWORK,
        &PRIORITY,
        &DIRECTION,
        &DISABLED,
        &LOG,
        &SOURCES,
        &DESTINATIONS,
        &ONE_ACTION,
        &EGRESS_SOURCES,
        &IMMUTABLE,
    ],
    complete,
    render: as_stored,
};

fn insert(engine: &mut Engine, call: &Call) -> Answer {
    let mut firewall = compute::whole(engine, call, FIELDS)?;
    let path = compute::new_path(engine, call, &firewall)?;
    let default = json!("global/networks/default");
    compute::default(engine, &NETWORK, &mut firewall, "network", default);
    compute::refer(engine, call, &mut firewall, "network", "networks")?;
    check(engine, &firewall)?;
    fill(engine, &path, &mut firewall);
    Ok(compute::insert(engine, call, &path, firewall))
}

fn is_empty(firewall: &Value, field: &str) -> bool {
    firewall[field].as_array().is_none_or(Vec::is_empty)
}

fn check(engine: &Engine, firewall: &Value) -> Result<(), Refusal> {
    let same = is_empty(firewall, "allowed") == is_empty(firewall, "denied");
    engine.refuse_if(&ONE_ACTION, same, || {
        let why = "Exactly one of allowed and denied must be specified.";
        ErrorAnswer::invalid_field("resource.allowed", "", why)
    })?;
    let egress = firewall["direction"] == "EGRESS";
    let tagged = egress && !is_empty(firewall, "sourceTags");
    engine.refuse_if(&EGRESS_SOURCES, tagged, || {
        let why = "Source tags cannot be specified for egress.";
        ErrorAnswer::invalid_field("resource.sourceTags", "", why)
    })
}

fn fill(engine: &mut Engine, path: &str, firewall: &mut Value) {
    compute::identify(engine, RESOURCE.kind, path, firewall);
    compute::default(engine, &PRIORITY, firewall, "priority", json!(1000));
    let ingress = json!("INGRESS");
    compute::default(engine, &DIRECTION, firewall, "direction", ingress);
    compute::default(engine, &DISABLED, firewall, "disabled", json!(false));
    let log = json!({ "enable": false });
    compute::default(engine, &LOG, firewall, "logConfig", log);
    let egress = firewall["direction"] == "EGRESS";
    let anywhere = egress && is_empty(firewall, "destinationRanges");
    if engine.rule(&DESTINATIONS, anywhere) {
        firewall["destinationRanges"] = json!(["0.0.0.0/0"]);
    }
    let sources = ["sourceRanges", "sourceTags", "sourceServiceAccounts"];
    let anybody = !egress && sources.iter().all(|field| is_empty(firewall, field));
    if engine.rule(&SOURCES, anybody) {
        firewall["sourceRanges"] = json!(["0.0.0.0/0"]);
    }
}

fn complete(engine: &mut Engine, path: &str, mut firewall: Value) -> Value {
    compute::complete_link(engine, path, &mut firewall, "network", "global/networks");
    fill(engine, path, &mut firewall);
    firewall
}

fn patch(engine: &mut Engine, call: &Call) -> Answer {
    let change = compute::change(engine, call, FIELDS)?;
    let old = compute::current(engine, &call.path)?;
    let mut firewall = old.clone();
    compute::merge(&mut firewall, change.clone());
    put(
        engine,
        call,
        "compute.firewalls.patch",
        &old,
        &change,
        firewall,
    )
}

fn update(engine: &mut Engine, call: &Call) -> Answer {
    let firewall = compute::whole(engine, call, FIELDS)?;
    let old = compute::current(engine, &call.path)?;
    let sent = firewall.clone();
    put(
        engine,
        call,
        "compute.firewalls.update",
        &old,
        &sent,
        firewall,
    )
}

/// Makes `firewall` of `old` if what was `sent` may be changed.
fn put(
    engine: &mut Engine,
    call: &Call,
    operation_type: &str,
    old: &Value,
    sent: &Value,
    mut firewall: Value,
) -> Answer {
    let fixed = ["name", "network", "direction"];
    compute::refuse_changes(engine, &IMMUTABLE, old, sent, &fixed)?;
    for field in ["network", "direction", "id", "creationTimestamp"] {
        if let Some(value) = old.get(field) {
            firewall[field] = value.clone();
        }
    }
    check(engine, &firewall)?;
    fill(engine, &call.path, &mut firewall);
    Ok(compute::replace(
        engine,
        call,
        operation_type,
        &call.path,
        firewall,
    ))
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    compute::current(engine, &call.path)?;
    Ok(compute::remove(engine, call, &call.path))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{
        DESTINATIONS, DIRECTION, DISABLED, EGRESS_SOURCES, IMMUTABLE, LOG, NETWORK, ONE_ACTION,
        PRIORITY, SOURCES,
    };
    use crate::rules::Rule;
    use crate::testing::{Bench, Provocation};

    const ALL: &str = "/compute/v1/projects/p/global/firewalls";
    const F: &str = "/compute/v1/projects/p/global/firewalls/f";

    fn insert(bench: &mut Bench, change: &Value) -> Value {
        bench.document(json!({ "compute": {
            "projects/p/global/networks/default": {},
            "projects/p/global/networks/n": {},
        }}));
        let mut firewall = json!({ "name": "f", "allowed": [{ "IPProtocol": "tcp" }] });
        crate::compute::merge(&mut firewall, change.clone());
        let went = bench.ended("POST", ALL, firewall);
        json!([went["error"]["message"], bench.ask("GET", F, Value::Null)])
    }

    fn of(rule: &'static Rule, change: Value) -> Provocation {
        Provocation::new(rule, move |bench| insert(bench, &change))
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let egress = json!({ "direction": "EGRESS", "sourceTags": ["t"] });
        vec![
            of(&NETWORK, json!({})),
            of(&PRIORITY, json!({})),
            of(&DIRECTION, json!({})),
            of(&DISABLED, json!({})),
            of(&LOG, json!({})),
            of(&SOURCES, json!({})),
            of(&DESTINATIONS, json!({ "direction": "EGRESS" })),
            of(&ONE_ACTION, json!({ "denied": [{ "IPProtocol": "all" }] })),
            of(&EGRESS_SOURCES, egress),
            Provocation::new(&IMMUTABLE, |bench| {
                insert(bench, &json!({}));
                bench.ask("PATCH", F, json!({ "direction": "EGRESS" }))
            }),
        ]
    }

    #[test]
    fn a_firewall_rule_is_changed_by_the_recorded_operation() {
        let mut bench = Bench::new();
        insert(&mut bench, &json!({ "network": "global/networks/n" }));
        let operation = bench.ended("PATCH", F, json!({ "disabled": true }));
        assert_eq!(operation["operationType"], "compute.firewalls.patch");
        let changed = bench.ok("GET", F, Value::Null);
        assert_eq!(
            (&changed["disabled"], &changed["allowed"][0]["IPProtocol"]),
            (&json!(true), &json!("tcp"))
        );
    }

    #[test]
    fn a_network_with_a_firewall_rule_is_in_use() {
        let mut bench = Bench::new();
        insert(&mut bench, &json!({ "network": "global/networks/n" }));
        let network = "/compute/v1/projects/p/global/networks/n";
        let operation = bench.ended("DELETE", network, Value::Null);
        let text = "The network resource 'projects/p/global/networks/n' is already being used by 'projects/p/global/firewalls/f'";
        let error = &operation["error"]["errors"][0];
        assert_eq!(
            (&error["code"], &error["message"]),
            (&json!("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE"), &json!(text))
        );
    }
}
