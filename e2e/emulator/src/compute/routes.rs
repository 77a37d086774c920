//! Routes of a network. Those that Google derives from subnetworks are not shown here; nothing that the
//! emulator serves depends on them.

use serde_json::{Value, json};

use crate::call::{Api, Call, Resource, Route, Verb, as_stored};
use crate::compute::subnetworks::ranges;
use crate::compute::{self, collection_of, name_of, project_of, refers, url};
use crate::engine::{Answer, Engine};
use crate::fields::{Field, Fields};
use crate::identity;
use crate::refusal::{ErrorAnswer, Refusal};
use crate::rules::Rule;

static PRIORITY: Rule = Rule::documented(
    "compute.route.default.priority",
    "docs/reference/google-cloud.md#route-defaults",
    "priority is 1000.",
);
static DESTINATION: Rule = Rule::documented(
    "compute.route.destination",
    "docs/reference/google-cloud.md#route-defaults; text unrecorded",
    "destRange is a CIDR range without host bits.",
);
static ONE_HOP: Rule = Rule::documented(
    "compute.route.next-hop.one",
    "docs/reference/google-cloud.md#route-defaults; text unrecorded",
    "A route has exactly one next hop.",
);
static GATEWAY: Rule = Rule::documented(
    "compute.route.next-hop.gateway",
    "docs/reference/google-cloud.md#route-defaults; text unrecorded",
    "The only gateway is global/gateways/default-internet-gateway.",
);
static IN_SUBNETWORK: Rule = Rule::documented(
    "compute.route.destination.in-subnetwork",
    "docs/reference/google-cloud.md#route-defaults; text unrecorded",
    "A static route cannot lead to a range that lies within a subnetwork's.",
);

const FIELDS: Fields = &[
    ("asPaths", Field::Output),
    ("creationTimestamp", Field::Output),
    ("description", Field::Text),
    ("destRange", Field::Text),
    ("id", Field::Output),
    ("kind", Field::Output),
    ("name", Field::Text),
    ("network", Field::Text),
    ("nextHopGateway", Field::Text),
    ("nextHopHub", Field::Output),
    ("nextHopIlb", Field::Text),
    ("nextHopInstance", Field::Text),
    ("nextHopInterRegionCost", Field::Output),
    ("nextHopInterconnectAttachment", Field::Output),
    ("nextHopIp", Field::Text),
    ("nextHopMed", Field::Output),
    ("nextHopNetwork", Field::Text),
    ("nextHopOrigin", Field::Output),
    ("nextHopPeering", Field::Output),
    ("nextHopVpnTunnel", Field::Text),
    ("params", compute::PARAMS),
    ("priority", Field::Int),
    ("routeStatus", Field::Output),
    ("routeType", Field::Output),
    ("selfLink", Field::Output),
    ("tags", Field::Texts),
    ("warnings", Field::Output),
];

/// The ways to say where a route leads; all but the addresses are links.
const HOPS: [&str; 6] = [
    "nextHopGateway",
    "nextHopIlb",
    "nextHopInstance",
    "nextHopIp",
    "nextHopNetwork",
    "nextHopVpnTunnel",
];

const COLLECTION: &str = "projects/{project}/global/routes";
const ONE: &str = "projects/{project}/global/routes/{route}";

pub(crate) static RESOURCE: Resource = Resource {
    api: Api::Compute,
    kind: "compute#route",
    fields: FIELDS,
    homes: &[ONE],
    routes: &[
        Route {
            verb: Verb::Get,
            template: COLLECTION,
            operation: "compute.routes.list",
            handler: compute::list,
        },
        Route {
            verb: Verb::Post,
            template: COLLECTION,
            operation: "compute.routes.insert",
            handler: insert,
        },
        Route {
            verb: Verb::Get,
            template: ONE,
            operation: "compute.routes.get",
            handler: compute::get,
        },
        Route {
            verb: Verb::Delete,
            template: ONE,
            operation: "compute.routes.delete",
            handler: delete,
        },
    ],
    rules: &[&PRIORITY, &DESTINATION, &ONE_HOP, &GATEWAY, &IN_SUBNETWORK],
    complete,
    render: as_stored,
};

fn insert(engine: &mut Engine, call: &Call) -> Answer {
    let mut route = compute::whole(engine, call, FIELDS)?;
    let path = compute::new_path(engine, call, &route)?;
    compute::require(engine, &route, &["network", "destRange"])?;
    let network = compute::refer(engine, call, &mut route, "network", "networks")?;
    check_destination(engine, &network, &route)?;
    let hops: Vec<&str> = HOPS
        .into_iter()
        .filter(|hop| route.get(*hop).is_some())
        .collect();
    engine.refuse_if(&ONE_HOP, hops.len() != 1, || {
        let field = hops.get(1).copied().unwrap_or("nextHopGateway");
        let shown = route[field].as_str().unwrap_or_default();
        let field = format!("resource.{field}");
        ErrorAnswer::invalid_field(&field, shown, "Exactly one next hop must be specified.")
    })?;
    let gateway = route["nextHopGateway"].as_str();
    let wrong = gateway
        .is_some_and(|gateway| !gateway.ends_with("global/gateways/default-internet-gateway"));
    engine.refuse_if(&GATEWAY, wrong, || {
        let why = "The only gateway is the default internet gateway.";
        ErrorAnswer::invalid_field("resource.nextHopGateway", gateway.unwrap_or_default(), why)
    })?;
    fill(engine, &path, &mut route);
    Ok(compute::insert(engine, call, &path, route))
}

fn check_destination(engine: &Engine, network: &str, route: &Value) -> Result<(), Refusal> {
    let text = route["destRange"].as_str().unwrap_or_default();
    let range = ranges::parse(text);
    let sixth = text.contains(':') && text.parse::<ipnet::Ipv6Net>().is_ok();
    let field = "resource.destRange";
    engine.refuse_if(&DESTINATION, range.is_none() && !sixth, || {
        ErrorAnswer::invalid_field(field, text, "Must be a CIDR range without host bits.")
    })?;
    let owner = range.and_then(|range| {
        let owner = ranges::overlap(engine, network, range, None)?;
        let taken = engine.store.any(Api::Compute, &owner)?;
        ranges::of(taken)
            .iter()
            .filter_map(|(_, text)| ranges::parse(text))
            .any(|taken| taken.contains(&range))
            .then_some(owner)
    });
    engine.refuse_if(&IN_SUBNETWORK, owner.is_some(), || {
        let owner = owner.unwrap_or_default();
        let why = format!(
            "The range lies within that of subnetwork '{}'.",
            name_of(&owner)
        );
        ErrorAnswer::invalid_field(field, text, &why)
    })
}

fn fill(engine: &mut Engine, path: &str, route: &mut Value) {
    compute::identify(engine, RESOURCE.kind, path, route);
    compute::default(engine, &PRIORITY, route, "priority", json!(1000));
    for hop in HOPS {
        if let Some(link) = route[hop].as_str().filter(|link| link.contains('/')) {
            let target = compute::path_in(project_of(path), link);
            compute::link(engine, route, hop, &target);
        }
    }
}

fn complete(engine: &mut Engine, path: &str, mut route: Value) -> Value {
    compute::complete_link(engine, path, &mut route, "network", "global/networks");
    fill(engine, path, &mut route);
    route
}

fn delete(engine: &mut Engine, call: &Call) -> Answer {
    compute::current(engine, &call.path)?;
    Ok(compute::remove(engine, call, &call.path))
}

/// The route that is made with a network, and where it is.
pub(crate) fn default_route(engine: &mut Engine, network: &str) -> (String, Value) {
    let project = project_of(network);
    let hex = identity::hex(&["default-route", network], 16);
    let path = format!("projects/{project}/global/routes/default-route-{hex}");
    let gateway = format!("projects/{project}/global/gateways/default-internet-gateway");
    let mut route = json!({
        "description": "Default route to the Internet.",
        "destRange": "0.0.0.0/0",
        "network": url(network),
        "nextHopGateway": url(&gateway),
        "priority": 1000,
    });
    fill(engine, &path, &mut route);
    (path, route)
}

/// True for a route that [`default_route`] made; it is no use of its network.
pub(crate) fn is_default_route(path: &str) -> bool {
    collection_of(path) == "routes" && name_of(path).starts_with("default-route-")
}

/// The routes of a network.
pub(crate) fn of_network<'a>(engine: &'a Engine, network: &str) -> impl Iterator<Item = &'a str> {
    let routes = format!("projects/{}/global/routes/", project_of(network));
    engine
        .store
        .within(Api::Compute, &routes)
        .filter(move |(_, route)| refers(route, "network", network))
        .map(|(path, _)| path)
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::{DESTINATION, GATEWAY, IN_SUBNETWORK, ONE_HOP, PRIORITY};
    use crate::rules::Rule;
    use crate::testing::{Bench, Provocation};

    const ALL: &str = "/compute/v1/projects/p/global/routes";

    fn insert(bench: &mut Bench, change: &Value) -> Value {
        let subnetwork = json!({ "ipCidrRange": "10.0.0.0/24", "network": "n" });
        bench.document(json!({ "compute": {
            "projects/p/global/networks/n": {},
            "projects/p/regions/us-east1/subnetworks/s": subnetwork,
        }}));
        let mut route = json!({
            "name": "r",
            "network": "global/networks/n",
            "destRange": "199.36.153.8/30",
            "nextHopGateway": "global/gateways/default-internet-gateway",
        });
        crate::compute::merge(&mut route, change.clone());
        let went = bench.ended("POST", ALL, route);
        json!([
            went["error"]["message"],
            bench.ask("GET", &format!("{ALL}/r"), Value::Null)
        ])
    }

    fn of(rule: &'static Rule, change: Value) -> Provocation {
        Provocation::new(rule, move |bench| insert(bench, &change))
    }

    pub(crate) fn provocations() -> Vec<Provocation> {
        vec![
            of(&PRIORITY, json!({})),
            of(&DESTINATION, json!({ "destRange": "199.36.153.9/30" })),
            of(&ONE_HOP, json!({ "nextHopIp": "10.0.0.9" })),
            of(
                &GATEWAY,
                json!({ "nextHopGateway": "global/gateways/mine" }),
            ),
            of(&IN_SUBNETWORK, json!({ "destRange": "10.0.0.128/25" })),
        ]
    }

    #[test]
    fn a_route_leads_to_the_internet_by_a_full_link() {
        let mut bench = Bench::new();
        let route = &insert(&mut bench, &json!({}))[1];
        let gateway = "https://www.googleapis.com/compute/v1/projects/p/global/gateways/default-internet-gateway";
        assert_eq!(
            (&route["nextHopGateway"], &route["priority"]),
            (&json!(gateway), &json!(1000))
        );
        let listed = bench.ok(
            "GET",
            &format!("{ALL}?filter=destRange%20%3D%20%220.0.0.0/0%22"),
            Value::Null,
        );
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    }
}
