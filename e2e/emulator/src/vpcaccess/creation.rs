//! How a connector is made: what is checked at once, and what only the operation finds out.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use crate::call::{Api, Call};
use crate::compute::{self, subnetworks};
use crate::engine::{Answer, Engine};
use crate::operations::{Effect, Failure, Outcome};
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rpc;
use crate::rules::Rule;
use crate::vpcaccess::connectors::{metadata, read, set_state, typed};
use crate::vpcaccess::settings::{check_limits, fill, subnet_path};

static NAME: Rule = Rule::documented(
    "vpcaccess.connector.name",
    "docs/reference/google-cloud.md#connector-name",
    "A connector's name is at most 25 lower-case letters, digits and hyphens, beginning with a letter.",
);
static EXISTS: Rule = Rule::guessed(
    "vpcaccess.connector.exists",
    "docs/reference/google-cloud.md#connector-error; reported",
    "A name that is taken, if only by a connector in ERROR, is refused.",
);
static PLACE: Rule = Rule::documented(
    "vpcaccess.connector.place",
    "docs/reference/google-cloud.md#connector-subnet",
    "A connector is given a subnet, or a network and a range.",
);
static RANGE_SIZE: Rule = Rule::documented(
    "vpcaccess.connector.range.size",
    "docs/reference/google-cloud.md#connector-subnet",
    "The range is a /28.",
);
static MAX_INSTANCES: Rule = Rule::guessed(
    "vpcaccess.connector.max-instances.required",
    "docs/reference/google-cloud.md#connector-instances; reported",
    "Without max_instances or max_throughput the operation fails.",
);
static CONFLICT: Rule = Rule::guessed(
    "vpcaccess.connector.range.conflict",
    "docs/reference/google-cloud.md#connector-error; reported",
    "A range that overlaps a subnetwork makes the operation fail and leaves the connector in ERROR.",
);
static SUBNET_UNFIT: Rule = Rule::guessed(
    "vpcaccess.connector.subnet.unfit",
    "docs/reference/google-cloud.md#connector-subnet; text unrecorded",
    "The subnet must exist, be a /28 and hold nothing else; otherwise the connector ends in ERROR.",
);
static CREATING: Rule = Rule::documented(
    "vpcaccess.connector.create.creating",
    "docs/reference/google-cloud.md#connector-states",
    "A connector is CREATING until it is READY.",
);

pub(crate) static RULES: &[&Rule] = &[
    &NAME,
    &EXISTS,
    &PLACE,
    &RANGE_SIZE,
    &MAX_INSTANCES,
    &CONFLICT,
    &SUBNET_UNFIT,
    &CREATING,
];

pub(crate) fn create(engine: &mut Engine, call: &Call) -> Answer {
    rpc::check_location(engine, call)?;
    let mut connector = read(engine, call)?;
    let path = new_path(engine, call)?;
    check_place(engine, &connector)?;
    check_limits(engine, &connector)?;
    let endless =
        connector.get("maxInstances").is_none() && connector.get("maxThroughput").is_none();
    let endless = engine.rule(&MAX_INSTANCES, endless);
    fill(engine, &path, &mut connector);
    let state = if engine.rule(&CREATING, true) {
        "CREATING"
    } else {
        "READY"
    };
    connector["state"] = json!(state);
    engine.store.put(Api::VpcAccess, &path, connector);
    let target = path.clone();
    let effect: Effect = Box::new(move |engine, imposed| {
        if endless && imposed.is_none() {
            engine.store.remove(Api::VpcAccess, &target);
            let text = "Operation failed: A Connector must specify either max_throughput or max_instances.";
            return Outcome::failed(Failure::code(Code::InvalidArgument, text));
        }
        come_up(engine, &target, imposed)
    });
    let metadata = metadata(engine, "CreateConnector", &path);
    Ok(rpc::begin(engine, call, &path, &metadata, effect))
}

fn come_up(engine: &mut Engine, path: &str, imposed: Option<Failure>) -> Outcome {
    let Some(connector) = engine.store.get(Api::VpcAccess, path).cloned() else {
        return rpc::overtaken(engine, "connector");
    };
    if let Some(failure) = imposed.or_else(|| unfit(engine, path, &connector)) {
        set_state(engine, path, "ERROR");
        return Outcome::failed(failure);
    }
    set_state(engine, path, "READY");
    let response = engine.store.get(Api::VpcAccess, path).map(typed);
    Outcome {
        metadata: None,
        result: Ok(response.unwrap_or_default()),
    }
}

fn new_path(engine: &Engine, call: &Call) -> Result<String, Refusal> {
    let name = call.query("connectorId").unwrap_or_default();
    let valid = compute::is_name(name) && name.len() <= 25;
    engine.refuse_if(&NAME, !valid, || {
        let text = format!(
            "Connector ID '{name}' must match the pattern ^[a-z][-a-z0-9]{{0,23}}[a-z0-9]$."
        );
        ErrorAnswer::code(Code::InvalidArgument, text).violating("connector_id")
    })?;
    let path = format!("{}/{name}", call.path);
    let taken = engine.store.any(Api::VpcAccess, &path).is_some();
    engine.refuse_if(&EXISTS, taken, || {
        ErrorAnswer::code(
            Code::AlreadyExists,
            format!("Requested entity already exists: {path}"),
        )
    })?;
    Ok(path)
}

fn check_place(engine: &Engine, connector: &Value) -> Result<(), Refusal> {
    let subnet = connector["subnet"]["name"].as_str().is_some();
    let range = connector["ipCidrRange"].as_str();
    // gcloud sends `network: default` beside a subnet; the subnet's own network then counts.
    let placed = subnet != (range.is_some() && connector["network"].is_string());
    engine.refuse_if(&PLACE, !placed, || {
        let text = "Either subnet, or network and ip_cidr_range must be specified.";
        ErrorAnswer::code(Code::InvalidArgument, text)
    })?;
    let sized = range.is_none_or(|range| is_28(range.parse().ok()));
    engine.refuse_if(&RANGE_SIZE, !sized, || {
        let text = "Connector ip_cidr_range must be a /28 range.";
        ErrorAnswer::code(Code::InvalidArgument, text).violating("connector.ip_cidr_range")
    })
}

fn is_28(range: Option<Ipv4Net>) -> bool {
    range.is_some_and(|range| range.prefix_len() == 28)
}

/// Why a connector cannot come up.
fn unfit(engine: &Engine, path: &str, connector: &Value) -> Option<Failure> {
    let failure = |text: String| Failure::code(Code::InvalidArgument, text);
    if let Some(subnet) = subnet_path(path, connector) {
        let why =
            subnet_unfit(engine, path, &subnet).filter(|_| engine.rule(&SUBNET_UNFIT, true))?;
        return Some(failure(format!(
            "Operation failed: {why} Please delete the connector manually."
        )));
    }
    let range: Ipv4Net = connector["ipCidrRange"].as_str()?.parse().ok()?;
    let project = compute::project_of(path);
    let network = format!(
        "projects/{project}/global/networks/{}",
        connector["network"].as_str()?
    );
    let conflict = subnetworks::overlap(engine, &network, range, Some(path)).is_some();
    engine.rule(&CONFLICT, conflict).then(|| {
        failure(
            "Operation failed: Invalid IP CIDR range was provided. It conflicts with an existing \
             subnetwork. Please delete the connector manually."
                .to_owned(),
        )
    })
}

fn subnet_unfit(engine: &Engine, path: &str, subnet: &str) -> Option<String> {
    let Some(found) = engine.store.get(Api::Compute, subnet) else {
        return Some(format!("Subnet {subnet} was not found."));
    };
    if !is_28(
        found["ipCidrRange"]
            .as_str()
            .and_then(|range| range.parse().ok()),
    ) {
        return Some(format!("Subnet {subnet} must have a /28 range."));
    }
    let region = compute::project_of(subnet);
    let addresses = format!("projects/{region}/regions/");
    let link = compute::url(subnet);
    let mut held = engine.store.within(Api::Compute, &addresses);
    let holds_address = held.any(|(path, value)| {
        path.rsplit('/').nth(1) == Some("addresses") && value["subnetwork"] == link.as_str()
    });
    let other = |(other, value): (&str, &Value)| {
        other != path && subnet_path(other, value).as_deref() == Some(subnet)
    };
    let shared = engine.store.within(Api::VpcAccess, "projects/").any(other);
    (holds_address || shared).then(|| format!("Subnet {subnet} is already being used."))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{CONFLICT, CREATING, EXISTS, MAX_INSTANCES, NAME, PLACE, RANGE_SIZE, SUBNET_UNFIT};
    use crate::testing::{Bench, Provocation};

    pub(crate) const CONNECTORS: &str = "/v1/projects/p/locations/us-east1/connectors";

    /// Network `n` with subnet `s` of 10.8.0.0/28 in us-east1.
    pub(crate) fn with_subnet(bench: &mut Bench) {
        let subnet = json!({ "network": "global/networks/n", "ipCidrRange": "10.8.0.0/28" });
        bench.document(json!({ "compute": {
            "projects/p/global/networks/n": {},
            "projects/p/regions/us-east1/subnetworks/s": subnet,
        } }));
    }

    pub(crate) fn create(bench: &mut Bench, name: &str, body: Value) -> Value {
        bench.ended("POST", &format!("{CONNECTORS}?connectorId={name}"), body)
    }

    pub(crate) fn get(bench: &mut Bench, name: &str) -> Value {
        bench.ask("GET", &format!("{CONNECTORS}/{name}"), Value::Null)
    }

    pub(crate) fn in_subnet() -> Value {
        json!({ "subnet": { "name": "s" }, "minInstances": 2, "maxInstances": 3 })
    }

    fn in_range(range: &str) -> Value {
        json!({ "network": "n", "ipCidrRange": range, "maxInstances": 3 })
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        let refused = |rule, name: &'static str, body: Value| {
            Provocation::new(rule, move |bench: &mut Bench| {
                with_subnet(bench);
                create(bench, name, body.clone())
            })
        };
        let nowhere = json!({ "subnet": { "name": "none" }, "maxInstances": 3 });
        vec![
            refused(&NAME, "a-name-of-twenty-six-letters", in_subnet()),
            refused(&PLACE, "c", json!({ "maxInstances": 3 })),
            refused(&RANGE_SIZE, "c", in_range("10.9.0.0/24")),
            refused(&MAX_INSTANCES, "c", json!({ "subnet": { "name": "s" } })),
            refused(&CONFLICT, "c", in_range("10.8.0.0/28")),
            refused(&SUBNET_UNFIT, "c", nowhere),
            Provocation::new(&EXISTS, |bench| {
                with_subnet(bench);
                create(bench, "c", in_subnet());
                create(bench, "c", in_subnet())
            }),
            Provocation::new(&CREATING, |bench| {
                with_subnet(bench);
                bench.engine.latency = Duration::from_secs(1);
                bench.ok("POST", &format!("{CONNECTORS}?connectorId=c"), in_subnet());
                get(bench, "c")
            }),
        ]
    }

    #[test]
    fn a_connector_in_a_subnet_comes_up() {
        let mut bench = Bench::new();
        with_subnet(&mut bench);
        let ended = create(&mut bench, "c", in_subnet());
        assert_eq!(ended["done"], true);
        let expected = json!({
            "name": "projects/p/locations/us-east1/connectors/c",
            "network": "n",
            "subnet": { "name": "s", "projectId": "p" },
            "machineType": "e2-micro",
            "minInstances": 2, "maxInstances": 3, "minThroughput": 200, "maxThroughput": 300,
            "state": "READY",
        });
        assert_eq!(get(&mut bench, "c"), expected);
    }

    #[test]
    fn a_failed_create_leaves_a_connector_in_error() {
        let mut bench = Bench::new();
        with_subnet(&mut bench);
        let ended = create(&mut bench, "c", in_range("10.8.0.0/28"));
        assert_eq!(ended["error"]["code"], 3);
        assert_eq!(get(&mut bench, "c")["state"], "ERROR");
        let again = create(&mut bench, "c", in_subnet());
        assert_eq!(again["error"]["status"], "ALREADY_EXISTS");
    }

    #[test]
    fn two_connectors_do_not_share_a_subnet() {
        let mut bench = Bench::new();
        with_subnet(&mut bench);
        create(&mut bench, "c", in_subnet());
        assert_eq!(create(&mut bench, "d", in_subnet())["error"]["code"], 3);
    }
}
