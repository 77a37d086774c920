//! The settings of a connector: what they may be, and what the server derives from them.

use serde_json::{Value, json};

use crate::call::Api;
use crate::compute::{self, name_of};
use crate::engine::Engine;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::Rule;

static INSTANCE_LIMITS: Rule = Rule::documented(
    "vpcaccess.connector.instances.limits",
    "docs/reference/google-cloud.md#connector-instances",
    "There are 2 to 9 instances at least and 3 to 10 at most, and the two differ.",
);
static THROUGHPUT: Rule = Rule::documented(
    "vpcaccess.connector.throughput",
    "docs/reference/google-cloud.md#connector-instances",
    "Throughput limits are multiples of 100 Mbps: 200 to 900 at least, 300 to 1000 at most.",
);
static MACHINE_TYPE: Rule = Rule::documented(
    "vpcaccess.connector.machine-type",
    "docs/reference/google-cloud.md#connector-instances",
    "The machine type is f1-micro, e2-micro or e2-standard-4.",
);
static DEFAULT_MACHINE: Rule = Rule::documented(
    "vpcaccess.connector.default.machine-type",
    "docs/reference/google-cloud.md#connector-instances",
    "The machine type is e2-micro.",
);
static DEFAULT_INSTANCES: Rule = Rule::documented(
    "vpcaccess.connector.default.min-instances",
    "docs/reference/google-cloud.md#connector-instances",
    "There are at least 2 instances.",
);
static DERIVED_THROUGHPUT: Rule = Rule::documented(
    "vpcaccess.connector.derived-throughput",
    "docs/reference/google-cloud.md#connector-instances",
    "Throughput follows from instances: 100 Mbps for each e2-micro.",
);
static SUBNET_PROJECT: Rule = Rule::documented(
    "vpcaccess.connector.default.subnet-project",
    "docs/reference/google-cloud.md#connector-subnet",
    "subnet.projectId is the connector's own project.",
);
static SUBNET_NETWORK: Rule = Rule::documented(
    "vpcaccess.connector.default.network",
    "docs/reference/google-cloud.md#connector-subnet",
    "The network of a connector in a subnetwork is the one of that.",
);
static DOCUMENT_READY: Rule = Rule::invented(
    "document.connector.ready",
    "A connector that a state document gives without a state is READY.",
);
static DOCUMENT_INSTANCES: Rule = Rule::invented(
    "document.connector.max-instances",
    "A connector that a state document gives without its size has at most 10 instances.",
);

pub(crate) static RULES: &[&Rule] = &[
    &INSTANCE_LIMITS,
    &THROUGHPUT,
    &MACHINE_TYPE,
    &DEFAULT_MACHINE,
    &DEFAULT_INSTANCES,
    &DERIVED_THROUGHPUT,
    &SUBNET_PROJECT,
    &SUBNET_NETWORK,
    &DOCUMENT_READY,
    &DOCUMENT_INSTANCES,
];

/// Checks machine type, instances and throughput, as far as they are given.
pub(crate) fn check_limits(engine: &Engine, connector: &Value) -> Result<(), Refusal> {
    let invalid = |text: &str| ErrorAnswer::code(Code::InvalidArgument, text);
    let machine = connector["machineType"].as_str();
    let known = machine.is_none_or(|machine| per_instance(machine).is_some());
    engine.refuse_if(&MACHINE_TYPE, !known, || {
        invalid("Connector machine type is not supported.")
    })?;
    let least = connector["minInstances"].as_i64();
    let most = connector["maxInstances"].as_i64();
    let within = least.is_none_or(|least| (2..=9).contains(&least))
        && most.is_none_or(|most| (3..=10).contains(&most) && least.unwrap_or(2) < most);
    engine.refuse_if(&INSTANCE_LIMITS, !within, || {
        invalid(
            "Connector min instances must be 2 to 9, max instances 3 to 10 and greater than min.",
        )
    })?;
    // With instances given, throughput is an output that clients echo.
    for (field, word, limits) in [
        ("minThroughput", "minimum", 200..=900),
        ("maxThroughput", "maximum", 300..=1000),
    ] {
        let throughput = connector[field]
            .as_i64()
            .filter(|_| least.is_none() && most.is_none());
        let odd = throughput.is_some_and(|it| it % 100 != 0 || !limits.contains(&it));
        engine.refuse_if(&THROUGHPUT, odd, || {
            invalid(&format!(
                "Connector {word} throughput must be a multiple of 100 between {} and {} in Mbps.",
                limits.start(),
                limits.end()
            ))
        })?;
    }
    Ok(())
}

/// Mbps of one instance.
fn per_instance(machine: &str) -> Option<i64> {
    match machine {
        "f1-micro" => Some(50),
        "e2-micro" => Some(100),
        "e2-standard-4" => Some(1600),
        _ => None,
    }
}

pub(crate) fn derive_throughput(engine: &Engine, connector: &mut Value) {
    let Some(each) = connector["machineType"].as_str().and_then(per_instance) else {
        return;
    };
    for (instances, throughput) in [
        ("minInstances", "minThroughput"),
        ("maxInstances", "maxThroughput"),
    ] {
        let count = connector[instances].as_i64();
        if let Some(count) = count.filter(|_| engine.rule(&DERIVED_THROUGHPUT, true)) {
            connector[throughput] = json!(count * each);
        } else if let Some(total) = connector[throughput].as_i64() {
            connector[instances] = json!(total / each);
        }
    }
}

/// Fills in what is derived, of a connector to be made.
pub(crate) fn fill(engine: &Engine, path: &str, connector: &mut Value) {
    connector["name"] = json!(path);
    compute::default(
        engine,
        &DEFAULT_MACHINE,
        connector,
        "machineType",
        json!("e2-micro"),
    );
    let counted = connector.get("minThroughput").is_some();
    if !counted {
        let field = "minInstances";
        compute::default(engine, &DEFAULT_INSTANCES, connector, field, json!(2));
    }
    derive_throughput(engine, connector);
    if connector["subnet"].is_object() {
        let project = json!(compute::project_of(path));
        let subnet = &mut connector["subnet"];
        compute::default(engine, &SUBNET_PROJECT, subnet, "projectId", project);
        let network = subnet_path(path, connector)
            .and_then(|subnet| engine.store.any(Api::Compute, &subnet))
            .and_then(|subnet| subnet["network"].as_str())
            .map(name_of);
        if let Some(network) = network.filter(|_| engine.rule(&SUBNET_NETWORK, true)) {
            connector["network"] = json!(network);
        }
    }
}

/// The path of the subnetwork that a connector is in, if it has one.
pub(crate) fn subnet_path(path: &str, connector: &Value) -> Option<String> {
    let name = connector["subnet"]["name"].as_str()?;
    let project = connector["subnet"]["projectId"]
        .as_str()
        .unwrap_or(compute::project_of(path));
    let region = path.split('/').nth(3)?;
    Some(format!(
        "projects/{project}/regions/{region}/subnetworks/{name}"
    ))
}

/// Completes a connector of a state document.
pub(crate) fn complete(engine: &mut Engine, path: &str, mut connector: Value) -> Value {
    if connector.get("name").is_none() {
        if connector.get("maxThroughput").is_none() {
            compute::default(
                engine,
                &DOCUMENT_INSTANCES,
                &mut connector,
                "maxInstances",
                json!(10),
            );
        }
        fill(engine, path, &mut connector);
    }
    compute::default(
        engine,
        &DOCUMENT_READY,
        &mut connector,
        "state",
        json!("READY"),
    );
    connector
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{
        DEFAULT_INSTANCES, DEFAULT_MACHINE, DERIVED_THROUGHPUT, DOCUMENT_INSTANCES, DOCUMENT_READY,
        INSTANCE_LIMITS, MACHINE_TYPE, SUBNET_NETWORK, SUBNET_PROJECT, THROUGHPUT,
    };
    use crate::rules::Rule;
    use crate::testing::{Bench, Provocation};
    use crate::vpcaccess::creation::tests::{create, get, in_subnet, with_subnet};

    pub(crate) fn provocations() -> Vec<Provocation> {
        let refused = |rule: &'static Rule, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| {
                with_subnet(bench);
                create(bench, "c", body.clone())
            })
        };
        let with = |field: &str, value: Value| {
            let mut body = in_subnet();
            body[field] = value;
            body
        };
        let made = |rule: &'static Rule, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| {
                with_subnet(bench);
                create(bench, "c", body.clone());
                get(bench, "c")
            })
        };
        let odd = json!({ "subnet": { "name": "s" }, "minThroughput": 250, "maxThroughput": 300 });
        vec![
            refused(&INSTANCE_LIMITS, with("maxInstances", json!(11))),
            refused(&MACHINE_TYPE, with("machineType", json!("n2-ultra"))),
            refused(&THROUGHPUT, odd),
            made(&DEFAULT_MACHINE, unsized_one()),
            made(&DEFAULT_INSTANCES, unsized_one()),
            made(&DERIVED_THROUGHPUT, in_subnet()),
            made(&SUBNET_PROJECT, in_subnet()),
            made(&SUBNET_NETWORK, in_subnet()),
            documented(&DOCUMENT_READY),
            documented(&DOCUMENT_INSTANCES),
        ]
    }

    fn unsized_one() -> Value {
        json!({ "subnet": { "name": "s" }, "maxInstances": 3 })
    }

    /// A connector that a state document gives.
    fn documented(rule: &'static Rule) -> Provocation {
        Provocation::new(rule, |bench| {
            let path = "projects/p/locations/us-east1/connectors/c";
            bench.document(json!({ "vpcaccess": { path: { "network": "n" } } }));
            get(bench, "c")
        })
    }
}
