//! What a service's own settings may be.

use serde_json::Value;

use crate::call::{Api, Call};
use crate::engine::Engine;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;

static CONTAINERS: Rule = Rule::documented(
    "run.service.containers.required",
    "docs/reference/google-cloud.md#run-template",
    "A template has at least one container, and each an image.",
);
static ONE_EGRESS: Rule = Rule::documented(
    "run.service.vpc-access.one-of",
    "docs/reference/google-cloud.md#run-vpc-access",
    "vpcAccess has exactly one of connector and networkInterfaces.",
);
static ONE_INTERFACE: Rule = Rule::documented(
    "run.service.vpc-access.one-interface",
    "docs/reference/google-cloud.md#run-vpc-access",
    "There is at most one network interface, and it names a network or a subnetwork.",
);
static CONNECTOR_NAME: Rule = Rule::documented(
    "run.service.vpc-access.connector-name",
    "docs/reference/google-cloud.md#run-vpc-access",
    "A connector is given by its full name or by its short one, and is in the service's region.",
);
static RESERVED_ANNOTATIONS: Rule = Rule::documented(
    "run.service.annotations.reserved",
    "docs/reference/google-cloud.md#run-annotations",
    "New annotations in Google's own namespaces are refused.",
);
static TRAFFIC_SUM: Rule = Rule::documented(
    "run.service.traffic.sum",
    "docs/reference/google-cloud.md#run-traffic",
    "The percentages of the traffic targets add up to 100.",
);
static TRAFFIC_REVISION: Rule = Rule::guessed(
    "run.service.traffic.revision",
    "docs/reference/google-cloud.md#run-traffic; text unrecorded",
    "A traffic target by revision names one that exists.",
);

pub(super) static RULES: &[&Rule] = &[
    &CONTAINERS,
    &ONE_EGRESS,
    &ONE_INTERFACE,
    &CONNECTOR_NAME,
    &RESERVED_ANNOTATIONS,
    &TRAFFIC_SUM,
    &TRAFFIC_REVISION,
];
const RESERVED: [&str; 4] = [
    "run.googleapis.com",
    "cloud.googleapis.com",
    "serving.knative.dev",
    "autoscaling.knative.dev",
];

/// Refuses what a service cannot be. `path` is the service's, `before` what was there.
pub(super) fn check(
    engine: &Engine,
    call: &Call,
    path: &str,
    before: Option<&Value>,
    service: &Value,
) -> Result<(), Refusal> {
    let verb = call.route.operation.rsplit('.').next().unwrap_or_default();
    let message = if verb == "create" {
        "CreateServiceRequest"
    } else {
        "UpdateServiceRequest"
    };
    let violation = |field: &str, what: &str| {
        let text = format!("Violation in {message}.service.{field}: {what}");
        ErrorAnswer::code(Code::InvalidArgument, text)
            .violating(&format!("{message}.service.{field}"))
    };
    let containers = service["template"]["containers"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let whole = !containers.is_empty() && containers.iter().all(|it| it["image"].is_string());
    engine.refuse_if(&CONTAINERS, !whole, || {
        violation(
            "template.containers",
            "at least one container with an image must be set.",
        )
    })?;
    let old = before.map_or(&Value::Null, |before| &before["annotations"]);
    let mut keys = service["annotations"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key);
    let reserved = keys.find(|key| old.get(*key).is_none() && is_reserved(key));
    engine.refuse_if(&RESERVED_ANNOTATIONS, reserved.is_some(), || {
        let key = reserved.cloned().unwrap_or_default();
        violation(
            "annotations",
            &format!("'{key}' is in a reserved namespace."),
        )
    })?;
    if let Some(access) = service["template"].get("vpcAccess") {
        check_vpc_access(engine, path, access, &violation)?;
    }
    check_traffic(engine, path, service, &violation)
}

/// Whether an annotation is in one of Google's own namespaces.
pub(crate) fn is_reserved(key: &str) -> bool {
    key.split_once('/')
        .is_some_and(|(space, _)| RESERVED.contains(&space))
}

type Violation<'a> = &'a dyn Fn(&str, &str) -> ErrorAnswer;

fn check_vpc_access(
    engine: &Engine,
    path: &str,
    access: &Value,
    violation: Violation<'_>,
) -> Result<(), Refusal> {
    let connector = access["connector"].as_str().filter(|name| !name.is_empty());
    let interfaces = access["networkInterfaces"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let one = connector.is_some() == interfaces.is_empty();
    engine.refuse_if(&ONE_EGRESS, !one, || {
        let what = "one and only one of connector and network_interfaces must be set.";
        violation("template.vpc_access.connector", what)
    })?;
    let named = |it: &Value| it["network"].is_string() || it["subnetwork"].is_string();
    let odd = interfaces.len() > 1 || !interfaces.iter().all(named);
    engine.refuse_if(&ONE_INTERFACE, odd, || {
        let what = "exactly one interface with a network or a subnetwork must be set.";
        violation("template.vpc_access.network_interfaces", what)
    })?;
    let region = path.split('/').nth(3).unwrap_or_default();
    let fits = connector.is_none_or(
        |connector| match connector.split('/').collect::<Vec<_>>()[..] {
            ["projects", _, "locations", location, "connectors", _] => location == region,
            [_] => true,
            _ => false,
        },
    );
    engine.refuse_if(&CONNECTOR_NAME, !fits, || {
        let what = format!("must be a connector in region {region}.");
        violation("template.vpc_access.connector", &what)
    })
}

fn check_traffic(
    engine: &Engine,
    path: &str,
    service: &Value,
    violation: Violation<'_>,
) -> Result<(), Refusal> {
    let Some(targets) = service["traffic"].as_array() else {
        return Ok(());
    };
    let sum: i64 = targets
        .iter()
        .filter_map(|target| target["percent"].as_i64())
        .sum();
    engine.refuse_if(&TRAFFIC_SUM, sum != 100 && !targets.is_empty(), || {
        violation("traffic", "the percentages must add up to 100.")
    })?;
    let to_be = service["template"]["revision"].as_str();
    for revision in targets
        .iter()
        .filter_map(|target| target["revision"].as_str())
    {
        let there = engine
            .store
            .any(Api::Run, &format!("{path}/revisions/{revision}"));
        let missing = there.is_none() && to_be != Some(revision);
        engine.refuse_if(&TRAFFIC_REVISION, missing, || {
            violation("traffic", &format!("Revision '{revision}' is not found."))
        })?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{
        CONNECTOR_NAME, CONTAINERS, ONE_EGRESS, ONE_INTERFACE, RESERVED_ANNOTATIONS,
        TRAFFIC_REVISION, TRAFFIC_SUM,
    };
    use crate::rules::Rule;
    use crate::run::tests::{create, patch, plain, with};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        let refused = |rule: &'static Rule, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| create(bench, body.clone()))
        };
        let top = |field: &str, value: Value| {
            let mut service = plain();
            service[field] = value;
            service
        };
        let two = json!([{ "network": "n" }, { "network": "m" }]);
        let revision = json!([{
            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "s-00009-x", "percent": 100,
        }]);
        vec![
            refused(&CONTAINERS, json!({ "template": {} })),
            refused(
                &ONE_EGRESS,
                with("vpcAccess", json!({ "egress": "ALL_TRAFFIC" })),
            ),
            refused(
                &ONE_INTERFACE,
                with("vpcAccess", json!({ "networkInterfaces": two })),
            ),
            refused(
                &CONNECTOR_NAME,
                with(
                    "vpcAccess",
                    json!({ "connector": "projects/p/locations/us-west1/connectors/c" }),
                ),
            ),
            refused(
                &RESERVED_ANNOTATIONS,
                top("annotations", json!({ "run.googleapis.com/x": "y" })),
            ),
            refused(
                &TRAFFIC_SUM,
                top("traffic", json!([{ "type": 1, "percent": 90 }])),
            ),
            refused(&TRAFFIC_REVISION, top("traffic", revision)),
        ]
    }

    #[test]
    fn egress_alone_is_refused_in_googles_words() {
        let mut bench = Bench::new();
        create(&mut bench, plain());
        let body = json!({ "template": { "vpcAccess": { "egress": "ALL_TRAFFIC" } } });
        let refused = patch(&mut bench, "template.vpcAccess", body);
        let text = "Violation in UpdateServiceRequest.service.template.vpc_access.connector: one and \
                    only one of connector and network_interfaces must be set.";
        assert_eq!(refused["error"]["message"], text);
        let details = &refused["error"]["details"][0];
        assert_eq!(
            details["@type"],
            "type.googleapis.com/google.rpc.BadRequest"
        );
    }
}
