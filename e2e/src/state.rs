//! Comparing state documents: apart from what every write moves, and apart from what is ours.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Fields that any write moves: generations, etags, revisions and times.
const VOLATILE: &[&str] = &[
    "generation",
    "observedGeneration",
    "etag",
    "fingerprint",
    "labelFingerprint",
    "latestReadyRevision",
    "latestCreatedRevision",
    "createTime",
    "updateTime",
    "creationTimestamp",
    "lastTransitionTime",
    "lastModifier",
    "creator",
    "trafficStatuses",
];

/// The document without what every write moves. Revisions go altogether.
pub fn settled(document: &Value) -> Value {
    match document {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| {
                !VOLATILE.contains(&key.as_str()) && !key.contains("/revisions/")
            });
            Value::Object(
                kept.map(|(key, value)| (key.clone(), settled(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(settled).collect()),
        other => other.clone(),
    }
}

/// Is this the name or description of something that an installation of privatelink made?
fn made_by_privatelink(path: &str, object: &Value) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let described = object["description"]
        .as_str()
        .is_some_and(|text| text.starts_with("privatelink.dev/"));
    described || (name.starts_with("pl-") && path.contains("/connectors/"))
}

/// What of an object belongs to others: everything but the fields that links may change.
fn foreign_part(path: &str, object: &Value) -> Value {
    let mut object = settled(object);
    if path.contains("/services/") {
        remove(&mut object, &["ingress"]);
        remove(&mut object, &["template", "vpcAccess"]);
        remove(&mut object, &["template", "revision"]);
        if let Some(annotations) = object["annotations"].as_object_mut() {
            annotations.retain(|key, _| !key.starts_with("privatelink.dev/"));
        }
        if object["annotations"].as_object().is_some_and(Map::is_empty) {
            remove(&mut object, &["annotations"]);
        }
        for status in ["conditions", "terminalCondition", "reconciling"] {
            remove(&mut object, &[status]);
        }
    }
    if let Some(nats) = object.get_mut("nats").and_then(Value::as_array_mut) {
        nats.retain(|nat| {
            !nat["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("pl-"))
        });
        if nats.is_empty() {
            remove(&mut object, &["nats"]);
        }
    }
    if path.contains("/networks/") {
        remove(&mut object, &["subnetworks"]);
    }
    if path.contains("/addresses/") {
        for field in ["status", "users"] {
            remove(&mut object, &[field]);
        }
    }
    object
}

fn remove(object: &mut Value, path: &[&str]) {
    let [parents @ .., last] = path else { return };
    let mut place = object;
    for parent in parents {
        let Some(next) = place.get_mut(*parent) else {
            return;
        };
        place = next;
    }
    if let Some(fields) = place.as_object_mut() {
        fields.remove(*last);
    }
}

/// Everything foreign that was there before and is not as it was, by path. `adopted` names paths that a link was
/// allowed to change.
pub fn foreign_changes(before: &Value, after: &Value, adopted: &BTreeSet<String>) -> Vec<String> {
    let mut changes = Vec::new();
    for api in ["compute", "run", "vpcaccess"] {
        let Some(objects) = before[api].as_object() else {
            continue;
        };
        for (path, object) in objects {
            if made_by_privatelink(path, object)
                || path.contains("/revisions/")
                || adopted.contains(path)
            {
                continue;
            }
            match after[api].get(path) {
                None => changes.push(format!("{path} is gone")),
                Some(now) => {
                    let different =
                        differences(&foreign_part(path, object), &foreign_part(path, now));
                    changes.extend(different.into_iter().map(|line| format!("{path}{line}")));
                }
            }
        }
    }
    changes
}

/// The first differences between two documents, as `path: was -> is`, for a readable failure.
pub fn differences(was: &Value, is: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", was, is, &mut found);
    found
}

fn compare(path: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let null = Value::Null;
                compare(
                    &format!("{path}/{key}"),
                    a.get(key).unwrap_or(&null),
                    b.get(key).unwrap_or(&null),
                    found,
                );
            }
        }
        (a, b) => found.push(format!("{path}: {a} -> {b}")),
    }
}

/// What two states have to agree on that were reached by different ways: apart from what every write moves, also
/// apart from the ids that Google numbers things with, and from the order of things that have names, such as the NAT
/// entries of a router: who was written first depends on who was ready first.
pub fn essence(document: &Value) -> Value {
    essential(settled(document))
}

fn essential(document: Value) -> Value {
    const NUMBERED: &[&str] = &["id", "uid", "selfLinkWithId", "natIpsUsed"];
    match document {
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter(|(key, _)| !NUMBERED.contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key, essential(value))).collect())
        }
        // Cloud Run names a revision anew each time, in its messages too.
        Value::String(text) if text.starts_with("Revision '") => {
            let rest = text.splitn(3, '\'').nth(2).unwrap_or_default();
            Value::String(format!("Revision{rest}"))
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(essential).collect();
            if items.iter().all(|item| item["name"].is_string()) {
                items.sort_by_key(|item| item["name"].to_string());
            }
            Value::Array(items)
        }
        other => other,
    }
}
