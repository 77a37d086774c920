//! For every leaf of the published schema: changing it alone changes the plan or the report. Which leaves there are,
//! the schema says; where it does not say what else may stand there, the values are below.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::Stdio;

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::Privatelink;
use privatelink_e2e::scenario::Scenario;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/every-field");

/// Leaves that cannot make a difference, each with the reason.
const WITHOUT_EFFECT: &[(&str, &str)] = &[(
    "spec.access.privateGoogleAccess",
    "the only access mode of this version, so leaving it out means it",
)];

/// One leaf: its path, and what the schema says of it.
#[derive(Debug)]
struct Leaf {
    path: Vec<String>,
    schema: Value,
}

fn leaves(schema: &Value, path: &[String], found: &mut Vec<Leaf>) {
    let deeper = |name: &str| {
        path.iter()
            .cloned()
            .chain([name.to_owned()])
            .collect::<Vec<_>>()
    };
    match (schema["properties"].as_object(), schema.get("items")) {
        (Some(properties), _) if !properties.is_empty() => {
            for (name, property) in properties {
                leaves(property, &deeper(name), found);
            }
        }
        (_, Some(items)) => leaves(items, &deeper("0"), found),
        _ => found.push(Leaf {
            path: path.to_vec(),
            schema: schema.clone(),
        }),
    }
}

/// Two different values that the schema accepts.
#[allow(clippy::cast_possible_truncation)] // Bounds of a schema are small whole numbers, written as floats.
fn values(leaf: &Leaf) -> [Value; 2] {
    let schema = &leaf.schema;
    if let Some(allowed) = schema["enum"].as_array() {
        return [allowed[0].clone(), allowed[1].clone()];
    }
    match (
        schema["type"].as_str().unwrap(),
        leaf.path.last().unwrap().as_str(),
    ) {
        ("boolean", _) => [json!(false), json!(true)],
        ("integer", "maxInstances") => [json!(6), json!(7)],
        ("integer", _) => [
            json!(schema["minimum"].as_f64().unwrap() as i64 + 1),
            json!(schema["minimum"].as_f64().unwrap() as i64 + 2),
        ],
        ("string", "cidr") => [json!("10.8.0.0/28"), json!("10.8.0.16/28")],
        ("string", "region") => [json!("europe-west1"), json!("europe-west4")],
        ("string", "projectId") => [json!("acme-prod"), json!("acme-other")],
        ("string", _) => [json!("one"), json!("two")],
        // A choice without settings: there, or another one of the same parent.
        ("object", _) => [Value::Null, json!({})],
        (other, name) => {
            panic!("no two values are known for {name} of type {other}: say them here")
        }
    }
}

/// Choices of which exactly one may be set; setting one takes the others away.
const CHOICES: &[&[&str]] = &[
    &["managed", "existing"],
    &["auto", "manual"],
    &["nat", "existing", "none"],
];

fn set(document: &mut Value, path: &[String], value: &Value) {
    // Leaving a choice out is no value, and makes no parents.
    if value.is_null() {
        return;
    }
    let [head, rest @ ..] = path else {
        *document = value.clone();
        return;
    };
    if let Ok(index) = head.parse::<usize>() {
        if !document.is_array() {
            *document = json!([null]);
        }
        set(&mut document[index], rest, value);
        return;
    }
    if !document.is_object() {
        *document = json!({});
    }
    let object = document.as_object_mut().unwrap();
    for choice in CHOICES
        .iter()
        .filter(|choice| choice.contains(&head.as_str()))
    {
        object.retain(|key, _| key == head || !choice.contains(&key.as_str()));
    }
    set(
        object.entry(head.clone()).or_insert(Value::Null),
        rest,
        value,
    );
}

/// The declarations in which a leaf may show its effect: everything written out, nothing written that has a
/// default, and somebody else's connector.
fn bases() -> [Value; 3] {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("declare.yaml")).unwrap();
    let mut full: Value = privatelink_e2e::scenario::yaml(&text).unwrap();
    full["spec"]["adopt"] = json!([
        {"kind": "Subnetwork", "name": "other", "projectId": "acme-prod", "region": "europe-west1"}
    ]);
    let mut plain = full.clone();
    for optional in ["adopt", "internet", "policy", "access"] {
        plain["spec"].as_object_mut().unwrap().remove(optional);
    }
    plain["spec"]["source"]["service"] = json!({"name": "orders"});
    plain["spec"]["destination"]["service"] = json!({"name": "billing"});
    plain["spec"]["network"] = json!({"name": "prod"});
    let mut existing = full.clone();
    existing["spec"]["egress"] = json!({"connector": {"existing": {"name": "other"}}});
    [full, plain, existing]
}

async fn plan(privatelink: &Privatelink, declaration: &Value) -> Value {
    let mut child = privatelink
        .command(&["plan", "-o", "json", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(declaration.to_string().as_bytes())
        .await
        .unwrap();
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    for diagnostic in report["diagnostics"].as_array_mut().unwrap() {
        // Where a field stands moves with what stands before it; that alone is no difference.
        diagnostic["origin"] = Value::Null;
    }
    json!([report["steps"], report["links"], report["diagnostics"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_any_leaf_of_the_schema_changes_the_plan_or_the_report() {
    let cloud = Cloud::start().await.unwrap();
    let privatelink = Privatelink::new(BINARY, &cloud.url(), FOLDER);
    cloud
        .put_state(&Scenario::read(Path::new(FOLDER)).unwrap().live)
        .await
        .unwrap();
    let applied = privatelink
        .run(&["apply", "--yes", "declare.yaml"])
        .await
        .unwrap();
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);

    let crd =
        privatelink_e2e::scenario::yaml::<Value>(&privatelink.run(&["crd"]).await.unwrap().stdout)
            .unwrap();
    let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut found = Vec::new();
    leaves(spec, &["spec".to_owned()], &mut found);
    println!("{} leaves", found.len());

    let mut dead = Vec::new();
    for leaf in &found {
        let name = leaf.path.join(".");
        let mut shows = false;
        for base in bases() {
            let [one, other] = values(leaf).map(|value| {
                let mut declaration = base.clone();
                set(&mut declaration, &leaf.path, &value);
                declaration
            });
            shows |= plan(&privatelink, &one).await != plan(&privatelink, &other).await;
            if shows {
                break;
            }
        }
        let excused = WITHOUT_EFFECT.iter().any(|(path, _)| *path == name);
        if shows == excused {
            dead.push(name);
        }
    }
    assert!(
        dead.is_empty(),
        "these leaves change nothing (or are excused and do): {dead:#?}"
    );
}
