//! The committed definition is the one that the types make.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

#[test]
fn the_committed_definition_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("privatelinks.yaml");
    let current = privatelink_crds::crd_yaml();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "crds/privatelinks.yaml is stale; refresh it with `cargo run -- crd > crds/privatelinks.yaml`"
    );
}

#[test]
fn the_definition_reads_back_as_the_same_value() {
    let read: serde_json::Value = serde_saphyr::from_str(&privatelink_crds::crd_yaml()).unwrap();
    assert_eq!(read, serde_json::to_value(privatelink_crds::crd()).unwrap());
}

#[test]
fn every_text_and_list_is_bounded() {
    let crd = serde_json::to_value(privatelink_crds::crd()).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut unbounded = Vec::new();
    visit(schema, "spec", &mut unbounded);
    assert_eq!(unbounded, Vec::<String>::new());
}

fn visit(schema: &serde_json::Value, path: &str, unbounded: &mut Vec<String>) {
    let bounded = match schema["type"].as_str() {
        Some("string") => schema.get("maxLength").is_some() || schema.get("enum").is_some(),
        Some("array") => schema.get("maxItems").is_some(),
        Some("integer") => schema.get("maximum").is_some() && schema.get("minimum").is_some(),
        Some(_) | None => true,
    };
    if !bounded {
        unbounded.push(path.to_owned());
    }
    if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            visit(property, &format!("{path}.{name}"), unbounded);
        }
    }
    if schema["items"].is_object() {
        visit(&schema["items"], &format!("{path}[]"), unbounded);
    }
}
