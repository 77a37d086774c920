//! Knative objects say in annotations what Google has added to Knative: ingress, VPC access, scaling.

mod tables;

use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::knative::put;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;
use crate::run;

use tables::Shape;

pub(super) use tables::{Annotation, EXECUTION, JOB, SERVICE, TEMPLATE};

static UNREADABLE: Rule = Rule::guessed(
    "run.v1.annotation.value",
    "text unrecorded",
    "An annotation of Google's whose value cannot be read is refused.",
);
static UNKNOWN: Rule = Rule::invented(
    "run.v1.annotation.unknown",
    "An annotation in Google's namespaces that is not served is refused, so that nothing is lost silently.",
);

pub(super) static RULES: &[&Rule] = &[&UNREADABLE, &UNKNOWN];

/// What only the server writes, and clients send back.
const OUTPUT: &[&str] = &[
    "run.googleapis.com/creator",
    "run.googleapis.com/ingress-status",
    "run.googleapis.com/lastModifier",
    "run.googleapis.com/operation-id",
    "run.googleapis.com/urls",
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
];

/// The annotations of an object of version 2: its own, and those that stand for its fields.
pub(super) fn show(table: &[Annotation], object: &Value) -> Value {
    let own = object["annotations"].as_object().cloned();
    let mut shown = own.unwrap_or_default();
    for annotation in table {
        let value = object
            .pointer(annotation.field)
            .and_then(|value| text(&annotation.shape, value));
        if let Some(text) = value.filter(|text| text != annotation.unsaid) {
            shown.insert(annotation.key.to_owned(), json!(text));
        }
    }
    Value::Object(shown)
}

fn text(shape: &Shape, value: &Value) -> Option<String> {
    match shape {
        Shape::Text => value.as_str().map(str::to_owned),
        Shape::Flag => value.as_bool().map(|flag| flag.to_string()),
        Shape::Number => value.as_i64().map(|number| number.to_string()),
        Shape::Json => Some(value.to_string()),
        Shape::Words(words) => {
            let value = value.as_str()?;
            let (word, _) = words.iter().find(|(_, of)| *of == value)?;
            Some((*word).to_owned())
        }
    }
}

fn value(shape: &Shape, text: &str) -> Option<Value> {
    match shape {
        Shape::Text => Some(json!(text)),
        Shape::Flag => text
            .to_lowercase()
            .parse::<bool>()
            .ok()
            .map(|flag| json!(flag)),
        Shape::Number => text.parse::<i64>().ok().map(|number| json!(number)),
        Shape::Json => serde_json::from_str(text).ok(),
        Shape::Words(words) => words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, of)| json!(of)),
    }
}

/// Reads the annotations of a Knative object into the object of version 2 that is being made of it.
/// `at` is how error texts call the place: `metadata.annotations`.
pub(super) fn read(
    engine: &Engine,
    table: &[Annotation],
    at: &str,
    annotations: &Value,
    object: &mut Value,
) -> Result<(), Refusal> {
    let mut own = Map::new();
    for (key, given) in annotations.as_object().into_iter().flatten() {
        let given = given.as_str().unwrap_or_default();
        match table.iter().find(|annotation| annotation.key == key) {
            Some(annotation) => {
                let value = value(&annotation.shape, given);
                engine.refuse_if(&UNREADABLE, value.is_none(), || {
                    refusal(at, key, &format!("invalid value '{given}'"))
                })?;
                write(
                    object,
                    annotation.field,
                    value.unwrap_or_else(|| json!(given)),
                );
            }
            None if OUTPUT.contains(&key.as_str()) => {}
            None if run::is_reserved(key) => {
                engine.refuse_if(&UNKNOWN, true, || {
                    refusal(at, key, "the emulator does not serve it")
                })?;
            }
            None => drop(own.insert(key.clone(), json!(given))),
        }
    }
    put(object, "annotations", Value::Object(own));
    Ok(())
}

fn refusal(at: &str, key: &str, why: &str) -> ErrorAnswer {
    ErrorAnswer::code(Code::InvalidArgument, format!("{at}[{key}]: {why}.")).violating(at)
}

/// Sets the value at a JSON pointer; objects on the way are made, lists are not.
fn write(object: &mut Value, pointer: &str, value: Value) {
    let mut place = object;
    for segment in pointer.split('/').skip(1) {
        place = match segment.parse::<usize>() {
            Ok(index) => match place.get_mut(index) {
                Some(item) => item,
                None => return,
            },
            Err(_) => &mut place[segment],
        };
    }
    *place = value;
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{UNKNOWN, UNREADABLE};
    use crate::knative::tests::{S, S2, SERVICES, create, get, plain};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        let annotated = |bench: &mut Bench, key: &str, value: &str| {
            let mut service = plain();
            service["metadata"]["annotations"] = json!({ key: value });
            bench.ask("POST", SERVICES, service)
        };
        vec![
            Provocation::new(&UNREADABLE, move |bench| {
                annotated(bench, "run.googleapis.com/ingress", "some")
            }),
            Provocation::new(&UNKNOWN, move |bench| {
                annotated(bench, "run.googleapis.com/no-such-thing", "yes")
            }),
        ]
    }

    #[test]
    fn ingress_and_vpc_access_are_annotations() {
        let mut bench = Bench::new();
        create(&mut bench);
        let mut service = get(&mut bench);
        assert_eq!(
            service["metadata"]["annotations"]["run.googleapis.com/ingress"],
            "all"
        );
        service["metadata"]["annotations"]["run.googleapis.com/ingress"] = json!("internal");
        service["spec"]["template"]["metadata"]["annotations"] = json!({
            "run.googleapis.com/network-interfaces": r#"[{"network":"n","subnetwork":"s"}]"#,
            "run.googleapis.com/vpc-access-egress": "all-traffic",
            "client.knative.dev/user-image": "hello",
        });
        bench.ok("PUT", S, service);
        let two = bench.ok("GET", S2, Value::Null);
        assert_eq!(two["ingress"], "INGRESS_TRAFFIC_INTERNAL_ONLY");
        let access = json!({
            "egress": "ALL_TRAFFIC", "networkInterfaces": [{ "network": "n", "subnetwork": "s" }],
        });
        assert_eq!(two["template"]["vpcAccess"], access);
        assert_eq!(
            two["template"]["annotations"],
            json!({ "client.knative.dev/user-image": "hello" })
        );
        let shown = get(&mut bench)["spec"]["template"]["metadata"]["annotations"].clone();
        assert_eq!(shown["run.googleapis.com/vpc-access-egress"], "all-traffic");
    }
}
