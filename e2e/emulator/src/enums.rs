//! Enum values as numbers, for the clients that ask for them with `$alt=json;enum-encoding=int`.

use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::rules::Rule;

pub(crate) static NUMBERS: Rule = Rule::recorded(
    "rpc.enum.numbers",
    "docs/reference/google-cloud.md#run-jobs",
    "With $alt=json;enum-encoding=int the enums of an answer are numbers.",
);

pub(crate) static RULES: &[&Rule] = &[&NUMBERS];

/// The values of each enum field of an answer. A field's name is enough to know its enum, save that a
/// condition's or a traffic target's `type` may be a text: what is not listed stays as it is.
const FIELDS: &[(&str, &[(&str, i64)])] = &[
    (
        "egress",
        &[
            ("VPC_EGRESS_UNSPECIFIED", 0),
            ("ALL_TRAFFIC", 1),
            ("PRIVATE_RANGES_ONLY", 2),
        ],
    ),
    (
        "encryptionKeyRevocationAction",
        &[("PREVENT_NEW", 1), ("SHUTDOWN", 2)],
    ),
    (
        "executionEnvironment",
        &[
            ("EXECUTION_ENVIRONMENT_GEN1", 1),
            ("EXECUTION_ENVIRONMENT_GEN2", 2),
        ],
    ),
    (
        "ingress",
        &[
            ("INGRESS_TRAFFIC_UNSPECIFIED", 0),
            ("INGRESS_TRAFFIC_ALL", 1),
            ("INGRESS_TRAFFIC_INTERNAL_ONLY", 2),
            ("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", 3),
            ("INGRESS_TRAFFIC_NONE", 4),
        ],
    ),
    (
        "launchStage",
        &[
            ("LAUNCH_STAGE_UNSPECIFIED", 0),
            ("EARLY_ACCESS", 1),
            ("ALPHA", 2),
            ("BETA", 3),
            ("GA", 4),
            ("DEPRECATED", 5),
            ("UNIMPLEMENTED", 6),
            ("PRELAUNCH", 7),
        ],
    ),
    ("reason", &[("UNKNOWN", 1), ("REVISION_FAILED", 3)]),
    ("scalingMode", &[("AUTOMATIC", 1), ("MANUAL", 2)]),
    ("severity", &[("ERROR", 1), ("WARNING", 2), ("INFO", 3)]),
    (
        "state",
        &[
            ("CONDITION_PENDING", 1),
            ("CONDITION_RECONCILING", 2),
            ("CONDITION_FAILED", 3),
            ("CONDITION_SUCCEEDED", 4),
            ("READY", 1),
            ("CREATING", 2),
            ("DELETING", 3),
            ("ERROR", 4),
            ("UPDATING", 5),
        ],
    ),
    (
        "type",
        &[
            ("TRAFFIC_TARGET_ALLOCATION_TYPE_UNSPECIFIED", 0),
            ("TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", 1),
            ("TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", 2),
        ],
    ),
];

/// The values of an enum and their numbers, as far as this table has the field.
pub(crate) fn numbers(field: &str) -> &'static [(&'static str, i64)] {
    let found = FIELDS.iter().find(|(name, _)| *name == field);
    found.map_or(&[], |(_, values)| *values)
}

/// Maps whose keys are the caller's own words.
const MAPS: [&str; 4] = ["annotations", "labels", "limits", "nodeSelector"];

/// True if the caller asked for numbers. Compute's enums are names only.
pub(crate) fn asked_for(call: &Call) -> bool {
    let numbered = match call.resource.api {
        Api::Run | Api::VpcAccess => true,
        Api::Compute | Api::Knative => false,
    };
    numbered
        && call
            .query("$alt")
            .is_some_and(|alt| alt.contains("enum-encoding=int"))
}

/// Writes the enums of an answer as numbers.
pub(crate) fn to_numbers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(to_numbers),
        Value::Object(fields) => {
            for (name, value) in fields {
                let numbers = FIELDS.iter().find(|(field, _)| field == name);
                let number = numbers.zip(value.as_str()).and_then(|((_, values), text)| {
                    values.iter().find(|(value, _)| *value == text)
                });
                match number {
                    Some((_, number)) => *value = json!(number),
                    None if MAPS.contains(&name.as_str()) => {}
                    None => to_numbers(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn only_enums_become_numbers() {
        let mut job = json!({
            "launchStage": "GA",
            "labels": { "launchStage": "GA" },
            "terminalCondition": { "type": "Ready", "state": "CONDITION_SUCCEEDED" },
        });
        super::to_numbers(&mut job);
        let expected = json!({
            "launchStage": 4,
            "labels": { "launchStage": "GA" },
            "terminalCondition": { "type": "Ready", "state": 4 },
        });
        assert_eq!(job, expected);
    }
}
