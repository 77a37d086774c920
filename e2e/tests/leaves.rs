//! For every leaf of the published schema: changing it alone changes the plan or the report. Which leaves there are,
//! the schema says; where it does not say what else may stand there, the values are in `leaves/schema.rs`.
//!
//! A source's annotation holds a digest of the whole declaration, so that a field which nothing obeys would change it
//! all the same. What our records say is therefore no evidence: it is struck before plans are compared.

#![allow(clippy::unwrap_used, clippy::panic)]

mod leaves {
    pub(crate) mod schema;
}

use std::path::Path;
use std::process::Stdio;

use leaves::schema::{Leaf, leaves, set, values};
use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_e2e::scenario::{Scenario, merge};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/every-field");

/// Leaves that a plan obeys only when the declaration goes: until then our records alone show them. What is planned
/// when it has gone is compared for these.
const OBEYED_WHEN_IT_GOES: &[&str] = &["spec.policy.deletion"];

/// A declaration in which a leaf may show its effect, and the cloud that it is planned against.
struct Base {
    declaration: Value,
    privatelink: Privatelink,
}

/// The clouds, and every declaration in which a leaf may show its effect.
struct Bases {
    bases: Vec<Base>,
    /// They live as long as somebody plans.
    _clouds: [Cloud; 2],
}

async fn cloud_with(state: &Value) -> (Cloud, Privatelink) {
    let cloud = Cloud::start().await.unwrap();
    cloud.put_state(state).await.unwrap();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), FOLDER);
    (cloud, privatelink)
}

/// The live state of the scenario, in which nobody has anything that we would have to take over.
fn live() -> Value {
    Scenario::read(Path::new(FOLDER)).unwrap().live
}

/// The same with a source that leaves through somebody's connector already, and somebody's subnetwork to stand on.
fn taken() -> Value {
    let mut state = live();
    merge(
        &mut state,
        &json!({
            "compute": {"projects/acme-prod/regions/europe-west1/subnetworks/free":
                {"network": "projects/acme-prod/global/networks/prod", "ipCidrRange": "10.9.1.0/28"}},
            "run": {"projects/acme-prod/locations/europe-west1/services/orders": {"template": {"vpcAccess":
                {"connector": "projects/acme-prod/locations/europe-west1/connectors/other", "egress": "ALL_TRAFFIC"}}}},
        }),
    );
    state
}

/// The declaration of the scenario: every field is written out.
fn written_out() -> Value {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("declare.yaml")).unwrap();
    privatelink_e2e::scenario::yaml(&text).unwrap()
}

/// Everything written out, nothing written that has a default, and somebody else's connector, on what an apply has
/// made; consent to take over a subnetwork, and a source, where there is something to take over.
async fn bases() -> Bases {
    let (applied, on_applied) = cloud_with(&live()).await;
    let answer = on_applied
        .run(&["apply", "--yes", "declare.yaml"])
        .await
        .unwrap();
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let (taken, on_taken) = cloud_with(&taken()).await;

    let full = written_out();
    let mut plain = full.clone();
    for optional in ["internet", "policy", "access"] {
        plain["spec"].as_object_mut().unwrap().remove(optional);
    }
    plain["spec"]["source"]["service"] = json!({"name": "orders"});
    plain["spec"]["destination"]["service"] = json!({"name": "billing"});
    plain["spec"]["network"] = json!({"name": "prod"});
    let mut existing = full.clone();
    existing["spec"]["egress"] = json!({"connector": {"existing": {"name": "other"}}});
    let mut subnetwork = full.clone();
    subnetwork["spec"]["egress"]["connector"]["managed"]["subnetwork"] =
        json!({"existing": {"name": "free"}});
    subnetwork["spec"]["adopt"] = json!([{"kind": "Subnetwork", "name": "free"}]);
    let mut source = full.clone();
    source["spec"]["adopt"] = json!([{"kind": "ServiceEgress", "name": "orders"}]);

    let on = |privatelink: &Privatelink, declaration: Value| Base {
        declaration,
        privatelink: privatelink.clone(),
    };
    Bases {
        bases: vec![
            on(&on_applied, full),
            on(&on_applied, plain),
            on(&on_applied, existing),
            on(&on_taken, subnetwork),
            on(&on_taken, source),
        ],
        _clouds: [applied, taken],
    }
}

/// Runs a command that reads a declaration from its standard input and answers with a report.
async fn report(privatelink: &Privatelink, arguments: &[&str], declaration: &str) -> Value {
    let mut child = privatelink
        .command(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(declaration.as_bytes()).await.unwrap();
    drop(input);
    let answer = Answer::at_the_end_of(child).await.unwrap();
    serde_json::from_str(&answer.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", answer.stderr))
}

async fn plan(privatelink: &Privatelink, declaration: &Value) -> Value {
    let arguments = ["plan", "-o", "json", "-"];
    without_records(report(privatelink, &arguments, &declaration.to_string()).await)
}

/// What is planned and told, without what our annotations say, and without what follows from an annotation that is
/// to be written: that a step writes at all, that nobody tampered, that the link is not as it was applied.
fn without_records(mut report: Value) -> Value {
    for step in report["steps"].as_array_mut().unwrap() {
        step["drift"] = Value::Null;
        let changes = step["changes"].as_array_mut().unwrap();
        changes.retain(|change| {
            !change["field"]
                .as_str()
                .unwrap()
                .starts_with("annotations[")
        });
        let of_a_service = matches!(
            step["kind"].as_str().unwrap(),
            "ServiceEgress" | "ServiceIngress"
        );
        let silent = matches!(step["action"].as_str().unwrap(), "nothing" | "update");
        if of_a_service && silent && step["changes"] == json!([]) {
            *step = json!({"id": step["id"], "action": "nothing, or a record alone"});
        }
    }
    for diagnostic in report["diagnostics"].as_array_mut().unwrap() {
        // Where a field stands moves with what stands before it; that alone is no difference.
        diagnostic["origin"] = Value::Null;
    }
    let links = report["links"].as_array().unwrap().iter();
    let links: Vec<Value> = links
        .map(|link| json!([link["name"], link["standing"], link["path"]]))
        .collect();
    json!([report["steps"], links, report["diagnostics"]])
}

/// Which pairs of values make no difference in any of the declarations.
async fn without_difference(bases: &Bases, leaf: &Leaf) -> Vec<String> {
    let values = values(leaf);
    let mut alike = pairs(values.len());
    for base in &bases.bases {
        let mut plans = Vec::new();
        for value in &values {
            let mut declaration = base.declaration.clone();
            set(&mut declaration, &leaf.path, value);
            plans.push(plan(&base.privatelink, &declaration).await);
        }
        alike.retain(|(one, other)| plans[*one] == plans[*other]);
        if alike.is_empty() {
            break;
        }
    }
    told(leaf, &values, &alike)
}

/// The same for what is planned when the declaration has gone that was applied with one value or the other.
async fn without_difference_when_it_goes(leaf: &Leaf) -> Vec<String> {
    let values = values(leaf);
    let mut plans = Vec::new();
    for value in &values {
        let (_cloud, privatelink) = cloud_with(&live()).await;
        let mut declaration = written_out();
        set(&mut declaration, &leaf.path, value);
        let apply = ["apply", "--yes", "-o", "json", "-"];
        report(&privatelink, &apply, &declaration.to_string()).await;
        let gone = [
            "plan",
            "--prune",
            "--allow-empty",
            "--scope",
            "acme-prod",
            "-o",
            "json",
            "-",
        ];
        plans.push(without_records(report(&privatelink, &gone, "").await));
    }
    let mut alike = pairs(values.len());
    alike.retain(|(one, other)| plans[*one] == plans[*other]);
    told(leaf, &values, &alike)
}

fn pairs(count: usize) -> Vec<(usize, usize)> {
    (0..count)
        .flat_map(|other| (0..other).map(move |one| (one, other)))
        .collect()
}

fn told(leaf: &Leaf, values: &[Value], alike: &[(usize, usize)]) -> Vec<String> {
    let pair = |(one, other): &(usize, usize)| {
        format!("{}: {} or {}", leaf.name(), values[*one], values[*other])
    };
    alike.iter().map(pair).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_any_leaf_of_the_schema_changes_the_plan_or_the_report() {
    let bases = bases().await;
    let published = bases.bases[0].privatelink.run(&["crd"]).await.unwrap();
    let crd = privatelink_e2e::scenario::yaml::<Value>(&published.stdout).unwrap();
    let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut found = Vec::new();
    leaves(spec, &["spec".to_owned()], &mut found);
    println!("{} leaves", found.len());

    let mut dead = Vec::new();
    for leaf in &found {
        let at_once = without_difference(&bases, leaf).await;
        if OBEYED_WHEN_IT_GOES.contains(&leaf.name().as_str()) {
            assert!(
                !at_once.is_empty(),
                "{} shows at once now: take it off the list",
                leaf.name()
            );
            dead.extend(without_difference_when_it_goes(leaf).await);
        } else {
            dead.extend(at_once);
        }
    }
    assert!(dead.is_empty(), "these change nothing: {dead:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_that_names_no_way_is_refused() {
    let (_cloud, privatelink) = cloud_with(&live()).await;
    let mut declaration = written_out();
    declaration["spec"]["access"] = json!({});
    let report = report(
        &privatelink,
        &["plan", "-o", "json", "-"],
        &declaration.to_string(),
    )
    .await;
    let codes: Vec<&Value> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diagnostic| &diagnostic["code"])
        .collect();
    assert_eq!(codes, ["PL0052"], "{report:#}");
}
