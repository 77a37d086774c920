//! The entries of a router's `nats`: their fields, what the server makes of them, and what they serve.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::call::Api;
use crate::compute::{self, is_link, path_in, project_of, refers, region_of, url};
use crate::engine::Engine;
use crate::fields::{Field, Fields};
use crate::rules::Rule;

pub(super) static KIND: Rule = Rule::recorded(
    "compute.nat.default.type",
    "docs/reference/google-cloud.md#nat-defaults",
    "A NAT's type is PUBLIC.",
);
pub(super) static TIER: Rule = Rule::recorded(
    "compute.nat.default.network-tier",
    "docs/reference/google-cloud.md#nat-defaults",
    "autoNetworkTier of a PUBLIC NAT is the project's default tier: PREMIUM.",
);
pub(super) static ENDPOINTS: Rule = Rule::recorded(
    "compute.nat.default.endpoint-types",
    "docs/reference/google-cloud.md#nat-defaults",
    "endpointTypes is [ENDPOINT_TYPE_VM].",
);
pub(super) static TIME_WAIT: Rule = Rule::recorded(
    "compute.nat.default.time-wait",
    "docs/reference/google-cloud.md#nat-defaults",
    "effectiveTcpTimeWaitTimeoutSec shows tcpTimeWaitTimeoutSec, or 120.",
);
pub(super) static DYNAMIC_PORTS: Rule = Rule::documented(
    "compute.nat.default.dynamic-ports",
    "docs/reference/google-cloud.md#nat-defaults",
    "enableDynamicPortAllocation of a PRIVATE NAT is true; a PUBLIC one has none until it is sent.",
);
pub(super) static SOURCE_RANGES: Rule = Rule::documented(
    "compute.nat.default.source-ranges",
    "docs/reference/google-cloud.md#nat-defaults",
    "A listed subnetwork's sourceIpRangesToNat is [ALL_IP_RANGES].",
);
pub(super) static EMPTIES: Rule = Rule::recorded(
    "compute.nat.empties-dropped",
    "docs/reference/google-cloud.md#nat-defaults",
    "Empty lists and nulls in a NAT, and an empty list of NATs, are dropped.",
);

const SUBNETWORK: Fields = &[
    ("name", Field::Text),
    ("secondaryIpRangeNames", Field::Texts),
    (
        "sourceIpRangesToNat",
        Field::Words(&[
            "ALL_IP_RANGES",
            "LIST_OF_SECONDARY_IP_RANGES",
            "PRIMARY_IP_RANGE",
        ]),
    ),
];

const LOG_CONFIG: Fields = &[
    ("enable", Field::Bool),
    (
        "filter",
        Field::Word(&["ALL", "ERRORS_ONLY", "TRANSLATIONS_ONLY"]),
    ),
];

const ACTION: Fields = &[
    ("sourceNatActiveIps", Field::Texts),
    ("sourceNatActiveRanges", Field::Texts),
    ("sourceNatDrainIps", Field::Texts),
    ("sourceNatDrainRanges", Field::Texts),
];

const RULE: Fields = &[
    ("action", Field::Object(ACTION)),
    ("description", Field::Text),
    ("match", Field::Text),
    ("ruleNumber", Field::Int),
];

pub(super) const FIELDS: Fields = &[
    (
        "autoNetworkTier",
        Field::Word(&[
            "FIXED_STANDARD",
            "PREMIUM",
            "STANDARD",
            "STANDARD_OVERRIDES_FIXED_STANDARD",
        ]),
    ),
    ("drainNatIps", Field::Texts),
    ("effectiveTcpTimeWaitTimeoutSec", Field::Output),
    ("enableDynamicPortAllocation", Field::Bool),
    ("enableEndpointIndependentMapping", Field::Bool),
    (
        "endpointTypes",
        Field::Words(&[
            "ENDPOINT_TYPE_MANAGED_PROXY_LB",
            "ENDPOINT_TYPE_SWG",
            "ENDPOINT_TYPE_VM",
        ]),
    ),
    ("icmpIdleTimeoutSec", Field::Int),
    ("logConfig", Field::Object(LOG_CONFIG)),
    ("maxPortsPerVm", Field::Int),
    ("minPortsPerVm", Field::Int),
    ("name", Field::Text),
    ("nat64Subnetworks", Field::List(&[("name", Field::Text)])),
    (
        "natIpAllocateOption",
        Field::Word(&["AUTO_ONLY", "MANUAL_ONLY"]),
    ),
    ("natIps", Field::Texts),
    ("rules", Field::List(RULE)),
    (
        "sourceSubnetworkIpRangesToNat",
        Field::Word(&[
            "ALL_SUBNETWORKS_ALL_IP_RANGES",
            "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES",
            "LIST_OF_SUBNETWORKS",
        ]),
    ),
    (
        "sourceSubnetworkIpRangesToNat64",
        Field::Word(&["ALL_IPV6_SUBNETWORKS", "LIST_OF_IPV6_SUBNETWORKS"]),
    ),
    ("subnetworks", Field::List(SUBNETWORK)),
    ("tcpEstablishedIdleTimeoutSec", Field::Int),
    ("tcpTimeWaitTimeoutSec", Field::Int),
    ("tcpTransitoryIdleTimeoutSec", Field::Int),
    ("type", Field::Word(&["PRIVATE", "PUBLIC"])),
    ("udpIdleTimeoutSec", Field::Int),
];

/// The lists of links that a NAT has besides `subnetworks`.
const ADDRESS_LISTS: [&str; 2] = ["natIps", "drainNatIps"];

/// A router's NATs.
pub(super) fn of(router: &Value) -> &[Value] {
    router["nats"].as_array().map_or(&[], Vec::as_slice)
}

/// A list of objects in a field that may be absent.
pub(super) fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// As [`items`], to be changed.
fn items_mut<'a>(value: &'a mut Value, field: &str) -> &'a mut [Value] {
    let list = value.get_mut(field).and_then(Value::as_array_mut);
    list.map_or(&mut [], Vec::as_mut_slice)
}

/// Completes a router's NATs as the server does.
pub(super) fn fill(engine: &Engine, router_path: &str, router: &mut Value) {
    for nat in items_mut(router, "nats") {
        fill_one(engine, router_path, nat);
    }
    let empty = of(router).is_empty() && router.get("nats").is_some();
    if engine.rule(&EMPTIES, empty)
        && let Some(fields) = router.as_object_mut()
    {
        fields.remove("nats");
    }
}

fn fill_one(engine: &Engine, router_path: &str, nat: &mut Value) {
    let droppable = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if let Some(fields) = nat.as_object_mut()
        && engine.rule(&EMPTIES, fields.values().any(droppable))
    {
        fields.retain(|_, value| !droppable(value));
    }
    compute::default(engine, &KIND, nat, "type", json!("PUBLIC"));
    let endpoints = json!(["ENDPOINT_TYPE_VM"]);
    compute::default(engine, &ENDPOINTS, nat, "endpointTypes", endpoints);
    if nat["type"] == "PRIVATE" {
        let field = "enableDynamicPortAllocation";
        compute::default(engine, &DYNAMIC_PORTS, nat, field, json!(true));
    } else {
        compute::default(engine, &TIER, nat, "autoNetworkTier", json!("PREMIUM"));
    }
    if engine.rule(&TIME_WAIT, true) {
        let sent = nat["tcpTimeWaitTimeoutSec"].as_i64();
        nat["effectiveTcpTimeWaitTimeoutSec"] = json!(sent.unwrap_or(120));
    }
    for subnetwork in items_mut(nat, "subnetworks") {
        let all = json!(["ALL_IP_RANGES"]);
        compute::default(
            engine,
            &SOURCE_RANGES,
            subnetwork,
            "sourceIpRangesToNat",
            all,
        );
    }
    fill_links(engine, router_path, nat);
}

/// Writes a NAT's links as answers show them; in a document they may be bare names.
fn fill_links(engine: &Engine, router_path: &str, nat: &mut Value) {
    if !engine.rule(&compute::FULL_LINKS, true) {
        return;
    }
    let (project, region) = (project_of(router_path), region_of(router_path));
    let full = |link: &mut Value, collection: &str| {
        let Some(text) = link.as_str() else { return };
        let path = if text.contains('/') {
            path_in(project, text)
        } else {
            format!("projects/{project}/regions/{region}/{collection}/{text}")
        };
        *link = json!(url(&path));
    };
    for list in ADDRESS_LISTS {
        for address in items_mut(nat, list) {
            full(address, "addresses");
        }
    }
    for subnetwork in items_mut(nat, "subnetworks") {
        full(&mut subnetwork["name"], "subnetworks");
    }
}

/// What of a subnetwork a NAT translates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    All,
    Primary,
    Secondary(String),
}

/// The parts of the subnetworks that a NAT lists.
pub(super) fn parts(listed: &Value) -> BTreeSet<Part> {
    let named = || {
        items(listed, "secondaryIpRangeNames")
            .iter()
            .filter_map(Value::as_str)
            .map(|name| Part::Secondary(name.to_owned()))
    };
    let options = items(listed, "sourceIpRangesToNat");
    let has = |option: &str| options.iter().any(|it| it == option);
    let mut parts = BTreeSet::new();
    if has("ALL_IP_RANGES") || options.is_empty() {
        parts.insert(Part::All);
    }
    if has("PRIMARY_IP_RANGE") {
        parts.insert(Part::Primary);
    }
    if has("LIST_OF_SECONDARY_IP_RANGES") {
        parts.extend(named());
    }
    parts
}

/// The entry in which a NAT lists the subnetwork at `path`.
fn lists<'a>(nat: &'a Value, path: &str) -> Option<&'a Value> {
    items(nat, "subnetworks").iter().find(|listed| {
        listed["name"]
            .as_str()
            .is_some_and(|link| is_link(link, path))
    })
}

/// The routers of a region, by the path of anything in it.
pub(super) fn routers_beside<'a>(engine: &'a Engine, path: &str) -> Vec<(&'a str, &'a Value)> {
    let (project, region) = (project_of(path), region_of(path));
    let prefix = format!("projects/{project}/regions/{region}/routers/");
    engine.store.within(Api::Compute, &prefix).collect()
}

/// The router with a public NAT that serves the primary range of a subnetwork.
pub(crate) fn serving(engine: &Engine, path: &str, subnetwork: &Value) -> Option<String> {
    let network = subnetwork["network"].as_str().unwrap_or_default();
    let network = path_in(project_of(path), network);
    let serves = |nat: &Value| {
        let listed = lists(nat, path).map(parts).unwrap_or_default();
        nat["type"] != "PRIVATE"
            && match nat["sourceSubnetworkIpRangesToNat"].as_str() {
                Some("LIST_OF_SUBNETWORKS") | None => {
                    listed.contains(&Part::All) || listed.contains(&Part::Primary)
                }
                Some(_) => true,
            }
    };
    routers_beside(engine, path)
        .into_iter()
        .filter(|(_, router)| refers(router, "network", &network))
        .find(|(_, router)| of(router).iter().any(serves))
        .map(|(path, _)| path.to_owned())
}

/// The router with a NAT that lists a subnetwork.
pub(crate) fn listing(engine: &Engine, subnetwork: &str) -> Option<String> {
    routers_beside(engine, subnetwork)
        .into_iter()
        .find(|(_, router)| {
            of(router)
                .iter()
                .any(|nat| lists(nat, subnetwork).is_some())
        })
        .map(|(path, _)| path.to_owned())
}

/// True if a NAT sends from the address at `path`, or did and is letting it run dry.
pub(super) fn uses(nat: &Value, path: &str) -> bool {
    ADDRESS_LISTS
        .iter()
        .flat_map(|list| items(nat, list))
        .any(|link| link.as_str().is_some_and(|link| is_link(link, path)))
}

/// The routers whose NATs use an address.
pub(crate) fn users(engine: &Engine, address: &str) -> Vec<String> {
    routers_beside(engine, address)
        .into_iter()
        .filter(|(_, router)| of(router).iter().any(|nat| uses(nat, address)))
        .map(|(path, _)| path.to_owned())
        .collect()
}
