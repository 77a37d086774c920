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

/// The values of an enum, and the number of each; `None` where nobody has told it, so that the value travels by name.
pub(crate) type Values = &'static [(&'static str, Option<i64>)];

pub(crate) const AMBIENT_SCOPE: Values = &[
    ("AMBIENT_SCOPE_UNSPECIFIED", None),
    ("AMBIENT_SCOPE_REGIONAL", None),
    ("AMBIENT_SCOPE_GLOBAL", None),
];

pub(crate) const EGRESS: Values = &[
    ("VPC_EGRESS_UNSPECIFIED", Some(0)),
    ("ALL_TRAFFIC", Some(1)),
    ("PRIVATE_RANGES_ONLY", Some(2)),
];

pub(crate) const REVOCATION: Values = &[
    ("ENCRYPTION_KEY_REVOCATION_ACTION_UNSPECIFIED", Some(0)),
    ("PREVENT_NEW", Some(1)),
    ("SHUTDOWN", Some(2)),
];

pub(crate) const EXECUTION_ENVIRONMENT: Values = &[
    ("EXECUTION_ENVIRONMENT_UNSPECIFIED", Some(0)),
    ("EXECUTION_ENVIRONMENT_GEN1", Some(1)),
    ("EXECUTION_ENVIRONMENT_GEN2", Some(2)),
];

pub(crate) const FUNCTIONAL_TYPE: Values = &[
    ("FUNCTIONAL_TYPE_UNSPECIFIED", None),
    ("FUNCTIONAL_TYPE_AGENT", None),
    ("FUNCTIONAL_TYPE_MCP_SERVER", None),
];

pub(crate) const IDENTITY_TYPE: Values = &[
    ("IDENTITY_TYPE_UNSPECIFIED", None),
    ("IDENTITY_TYPE_SERVICE_ACCOUNT", None),
    ("IDENTITY_TYPE_AGENT_IDENTITY", None),
];

pub(crate) const INGRESS: Values = &[
    ("INGRESS_TRAFFIC_UNSPECIFIED", Some(0)),
    ("INGRESS_TRAFFIC_ALL", Some(1)),
    ("INGRESS_TRAFFIC_INTERNAL_ONLY", Some(2)),
    ("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", Some(3)),
    ("INGRESS_TRAFFIC_NONE", Some(4)),
];

pub(crate) const LAUNCH_STAGE: Values = &[
    ("LAUNCH_STAGE_UNSPECIFIED", Some(0)),
    ("UNIMPLEMENTED", Some(6)),
    ("PRELAUNCH", Some(7)),
    ("EARLY_ACCESS", Some(1)),
    ("ALPHA", Some(2)),
    ("BETA", Some(3)),
    ("GA", Some(4)),
    ("DEPRECATED", Some(5)),
];

pub(crate) const MEDIUM: Values = &[
    ("MEDIUM_UNSPECIFIED", Some(0)),
    ("MEMORY", Some(1)),
    ("DISK", None),
];

pub(crate) const SCALING_MODE: Values = &[
    ("SCALING_MODE_UNSPECIFIED", Some(0)),
    ("AUTOMATIC", Some(1)),
    ("MANUAL", Some(2)),
];

pub(crate) const ALLOCATION: Values = &[
    ("TRAFFIC_TARGET_ALLOCATION_TYPE_UNSPECIFIED", Some(0)),
    ("TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", Some(1)),
    ("TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", Some(2)),
];

const SEVERITY: Values = &[
    ("SEVERITY_UNSPECIFIED", Some(0)),
    ("ERROR", Some(1)),
    ("WARNING", Some(2)),
    ("INFO", Some(3)),
];

/// Those that the emulator gives.
const REASON: Values = &[
    ("COMMON_REASON_UNDEFINED", Some(0)),
    ("UNKNOWN", Some(1)),
    ("REVISION_FAILED", Some(3)),
];

/// A condition's or a connector's.
const STATE: Values = &[
    ("STATE_UNSPECIFIED", Some(0)),
    ("CONDITION_PENDING", Some(1)),
    ("CONDITION_RECONCILING", Some(2)),
    ("CONDITION_FAILED", Some(3)),
    ("CONDITION_SUCCEEDED", Some(4)),
    ("READY", Some(1)),
    ("CREATING", Some(2)),
    ("DELETING", Some(3)),
    ("ERROR", Some(4)),
    ("UPDATING", Some(5)),
];

/// The values of each enum field. A field's name is enough to know its enum, save that a condition's `type` is a
/// text: what is not listed stays as it is.
const FIELDS: &[(&str, Values)] = &[
    ("ambientScope", AMBIENT_SCOPE),
    ("egress", EGRESS),
    ("encryptionKeyRevocationAction", REVOCATION),
    ("executionEnvironment", EXECUTION_ENVIRONMENT),
    ("functionalType", FUNCTIONAL_TYPE),
    ("identityType", IDENTITY_TYPE),
    ("ingress", INGRESS),
    ("launchStage", LAUNCH_STAGE),
    ("medium", MEDIUM),
    ("reason", REASON),
    ("scalingMode", SCALING_MODE),
    ("severity", SEVERITY),
    ("state", STATE),
    ("type", ALLOCATION),
];

/// The values of an enum and their numbers, as far as this table has the field.
pub(crate) fn numbers(field: &str) -> Values {
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
                let found = numbers.zip(value.as_str()).and_then(|((_, values), text)| {
                    values.iter().find(|(value, _)| *value == text)
                });
                match found {
                    Some((_, number)) => *value = number.map_or(value.take(), |it| json!(it)),
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

    #[test]
    fn a_value_whose_number_nobody_told_stays_a_name() {
        let mut volume = json!([{ "medium": "MEMORY" }, { "medium": "DISK" }]);
        super::to_numbers(&mut volume);
        assert_eq!(volume, json!([{ "medium": 1 }, { "medium": "DISK" }]));
    }
}
