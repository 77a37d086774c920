//! The rules that run on files are the rules that a server runs.

#![cfg(feature = "cel")]
#![allow(clippy::unwrap_used, clippy::panic)]

use kube::core::cel::Validator;
use privatelink_crds::schema::{Breach, Rules};
use serde_json::{Value, json};

fn plain() -> Value {
    json!({
        "projectId": "acme-prod",
        "region": "europe-west1",
        "source": {"service": {"name": "orders"}},
        "destination": {"service": {"name": "billing"}, "ingress": "Internal"},
        "network": {"name": "prod"},
        "egress": {"connector": {"managed": {"subnetwork": {"managed": {"cidr": "10.8.0.0/28"}}}}},
    })
}

/// The plain declaration with one value put in place of another, or taken away.
fn with(pointer: &str, value: Value) -> Value {
    let mut spec = plain();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = spec.pointer_mut(parent).unwrap();
    if value.is_null() {
        parent.as_object_mut().unwrap().remove(name);
    } else {
        parent[name] = value;
    }
    spec
}

/// What our walk finds, rules alone.
fn ours(spec: &Value, former: Option<&Value>) -> Vec<(String, String)> {
    let rules = Rules::new();
    let mut found: Vec<_> = rules
        .check(spec.clone(), former)
        .into_iter()
        .filter_map(|found| match found.breach {
            Breach::Rule { message, code, .. } => Some((
                found.path,
                format!("{message} ({})", code.unwrap_or_default()),
            )),
            Breach::UnknownField { .. }
            | Breach::WrongType { .. }
            | Breach::MissingField { .. }
            | Breach::NotAllowed { .. }
            | Breach::Pattern { .. }
            | Breach::Bound { .. } => None,
        })
        .collect();
    found.sort();
    found
}

/// What Kubernetes' own walk finds, as kube carries it.
fn theirs(spec: &Value, former: Option<&Value>) -> Vec<(String, String)> {
    let crd = serde_json::to_value(privatelink_crds::crd()).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let object = json!({"spec": spec});
    let former = former.map(|spec| json!({"spec": spec}));
    let found = Validator::new().validate(schema, &object, former.as_ref());
    let mut found: Vec<_> = found
        .err()
        .into_iter()
        .flatten()
        .map(|error| (error.field_path.clone(), error.message.clone()))
        .collect();
    found.sort();
    found
}

#[test]
fn both_walks_agree_on_every_kind_of_mistake() {
    let cidr = "/egress/connector/managed/subnetwork/managed/cidr";
    let specs = [
        plain(),
        with("/source/service", Value::Null),
        with("/access", json!({})),
        with("/egress/connector", Value::Null),
        with("/egress/connector/existing", json!({"name": "c"})),
        with("/egress/connector/managed", Value::Null),
        with(
            "/egress/connector/managed/subnetwork/existing",
            json!({"name": "s"}),
        ),
        with("/egress/connector/managed/minInstances", json!(3)),
        with("/egress/routing", json!("PrivateRangesOnly")),
        with(cidr, json!("10.8.0.0/24")),
        with(cidr, json!("10.8.0.8/28")),
        with(cidr, json!("fd00::/28")),
        with(cidr, json!("ten")),
        with("/internet", json!({})),
        with("/internet", json!({"none": {}})),
        with("/internet", json!({"none": {}, "nat": {}})),
        with("/internet", json!({"nat": {"addresses": {}}})),
        with(
            "/internet",
            json!({"nat": {"addresses": {"auto": {}, "manual": {"names": ["a"]}}}}),
        ),
    ];
    let mut mistakes = 0;
    for spec in &specs {
        assert_eq!(ours(spec, None), theirs(spec, None), "{spec}");
        mistakes += usize::from(!ours(spec, None).is_empty());
    }
    assert_eq!(mistakes, specs.len() - 2);
}

#[test]
fn both_walks_agree_on_what_cannot_change() {
    let changes = [
        ("/projectId", json!("acme-test"), true),
        ("/region", json!("us-east1"), true),
        ("/source/service/name", json!("carts"), true),
        ("/destination/service/name", json!("ledger"), true),
        ("/destination/ingress", json!("All"), false),
        ("/network/name", json!("test"), false),
        ("/egress/connector/managed/maxInstances", json!(5), false),
    ];
    for (pointer, value, refused) in changes {
        let after = with(pointer, value);
        let found = ours(&after, Some(&plain()));
        assert_eq!(found, theirs(&after, Some(&plain())), "{pointer}");
        assert_eq!(!found.is_empty(), refused, "{pointer}");
    }
}

#[test]
fn every_rule_names_a_code() {
    let text = privatelink_crds::crd_yaml();
    let rules = text
        .lines()
        .filter(|line| line.trim_start().starts_with("rule: "))
        .count();
    let codes = text
        .lines()
        .filter(|line| line.contains("message: ") && line.contains("(PL0"))
        .count();
    assert!(rules > 10);
    assert_eq!(rules, codes);
}

#[test]
fn the_schema_finds_everything_wrong_in_one_walk() {
    let mut spec = plain();
    spec["netwrok"] = json!({});
    spec["region"] = json!("europe");
    spec["destination"] = json!({"service": {"name": 7}, "ingress": "internal"});
    spec.as_object_mut().unwrap().remove("projectId");
    let mut found: Vec<String> = Rules::new()
        .check(spec, None)
        .into_iter()
        .map(|found| found.path)
        .collect();
    found.sort();
    let expected = [
        "spec",
        "spec.destination.ingress",
        "spec.destination.service.name",
        "spec.netwrok",
        "spec.region",
    ];
    assert_eq!(found, expected);
}
