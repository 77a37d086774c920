//! The leaves of the published schema, and the values that are tried at each.

use serde_json::{Value, json};

/// One leaf: its path, and what the schema says of it.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) path: Vec<String>,
    schema: Value,
}

impl Leaf {
    /// The path as people write it.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }
}

/// Every leaf under a schema.
pub(crate) fn leaves(schema: &Value, path: &[String], found: &mut Vec<Leaf>) {
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

/// Different values that the schema accepts: all of an enumeration, two of everything else. Null leaves it out.
#[allow(clippy::cast_possible_truncation)] // Bounds of a schema are small whole numbers, written as floats.
pub(crate) fn values(leaf: &Leaf) -> Vec<Value> {
    let schema = &leaf.schema;
    if let Some(allowed) = schema["enum"].as_array() {
        return allowed.clone();
    }
    let name = leaf.path.last().unwrap().as_str();
    match (schema["type"].as_str().unwrap(), name) {
        ("boolean", _) => vec![json!(false), json!(true)],
        ("integer", "maxInstances") => vec![json!(6), json!(7)],
        ("integer", _) => {
            let minimum = schema["minimum"].as_f64().unwrap() as i64;
            vec![json!(minimum + 1), json!(minimum + 2)]
        }
        ("string", "cidr") => vec![json!("10.8.0.0/28"), json!("10.8.0.16/28")],
        ("string", "region") => vec![json!("europe-west1"), json!("europe-west4")],
        ("string", "projectId") => vec![json!("acme-prod"), json!("acme-other")],
        // Consent makes a difference only where there is something to consent to.
        ("string", "name") if leaf.path.contains(&"adopt".to_owned()) => {
            vec![json!("free"), json!("two")]
        }
        ("string", _) => vec![json!("one"), json!("two")],
        ("object", _) => vec![Value::Null, json!({})],
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

/// Sets a value in a document, with the parents that it needs. Null takes it out of a parent that is written, and
/// makes none.
pub(crate) fn set(document: &mut Value, path: &[String], value: &Value) {
    let [head, rest @ ..] = path else {
        *document = value.clone();
        return;
    };
    if value.is_null() {
        match (document.as_object_mut(), rest) {
            (Some(parent), []) => drop(parent.remove(head)),
            (Some(parent), _) => {
                if let Some(child) = parent.get_mut(head) {
                    set(child, rest, value);
                }
            }
            (None, _) => {}
        }
        return;
    }
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
