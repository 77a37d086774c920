//! Cloud NAT: what goes together, and what does not. No machine uses these NATs, so they cost nothing.

use serde_json::{Value, json};

use super::NETWORK;
use crate::conformance::exercise::Exercise;
use crate::conformance::fixture::Fixture;

const BOTH: &[Fixture] = &[Fixture::Network, Fixture::Subnetwork];
const ROUTERS: &str = "compute:regions/{region}/routers";
const SUBNETWORKS: &str = "compute:regions/{region}/subnetworks";
const R: &str = "compute:regions/{region}/routers/~-r";

fn reference(collection: &str, name: &str) -> Value {
    json!(format!(
        "projects/{{project}}/regions/{{region}}/{collection}/{name}"
    ))
}

fn all_subnetworks(name: &str) -> Value {
    json!({
        "name": name,
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    })
}

fn listing(name: &str, subnetwork: &str) -> Value {
    let mut nat = all_subnetworks(name);
    nat["sourceSubnetworkIpRangesToNat"] = json!("LIST_OF_SUBNETWORKS");
    nat["subnetworks"] = json!([{ "name": reference("subnetworks", subnetwork) }]);
    nat
}

fn manual(name: &str, subnetwork: &str, address: &str) -> Value {
    let mut nat = listing(name, subnetwork);
    nat["natIpAllocateOption"] = json!("MANUAL_ONLY");
    nat["natIps"] = json!([reference("addresses", address)]);
    nat
}

fn with(mut nat: Value, field: &str, value: Value) -> Value {
    nat[field] = value;
    nat
}

fn nats(nats: &[Value]) -> Value {
    json!({ "nats": nats })
}

fn subnetwork(name: &str, network: &str, range: &str) -> Value {
    json!({ "name": name, "network": network, "ipCidrRange": range })
}

pub(super) fn options() -> Exercise {
    let other = "projects/{project}/global/networks/~-o";
    let dynamic = with(
        all_subnetworks("x"),
        "enableDynamicPortAllocation",
        json!(true),
    );
    let mapping = with(
        dynamic.clone(),
        "enableEndpointIndependentMapping",
        json!(true),
    );
    let mut named = listing("x", "~-s");
    named["subnetworks"][0]["sourceIpRangesToNat"] = json!(["LIST_OF_SECONDARY_IP_RANGES"]);
    named["subnetworks"][0]["secondaryIpRangeNames"] = json!(["none"]);
    let entry = listing("x", "~-s")["subnetworks"][0].clone();
    let entries = with(listing("x", "~-s"), "subnetworks", json!(vec![entry; 51]));
    let private = json!({
        "name": "p",
        "type": "PRIVATE",
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": listing("p", "~-s")["subnetworks"],
    });
    let many: Vec<Value> = (0..51).map(|n| listing(&format!("x{n}"), "~-s")).collect();
    Exercise::new(
        "nats",
        "puts NATs of all sorts on a router, most of them refused",
        3,
        BOTH,
    )
    .make(ROUTERS, json!({ "name": "~-r", "network": NETWORK }))
    .make(
        "compute:global/networks",
        json!({ "name": "~-o", "autoCreateSubnetworks": false }),
    )
    .make(SUBNETWORKS, subnetwork("~-o", other, "10.203.0.0/28"))
    .make(SUBNETWORKS, subnetwork("~-t", NETWORK, "10.203.1.0/28"))
    .patch(R, nats(&[listing("x", "~-s"), listing("x", "~-t")]))
    .refused("compute.nat.name.duplicate", 400, "invalid")
    .patch(R, nats(&[listing("x", "~-s"), listing("y", "~-s")]))
    .refused("compute.nat.range.taken", 400, "invalid")
    .patch(R, nats(&[listing("x", "~-s"), all_subnetworks("y")]))
    .refused("compute.nat.all-subnetworks.exclusive", 400, "invalid")
    .patch(R, nats(&many))
    .refused("compute.nat.limit.per-router", 400, "invalid")
    .says("compute.nat.limit.per-router", "50")
    .patch(R, nats(&[entries]))
    .refused("compute.nat.limit.subnetworks", 400, "invalid")
    .says("compute.nat.limit.subnetworks", "50")
    .patch(
        R,
        nats(&[with(listing("x", "~-s"), "subnetworks", json!([]))]),
    )
    .refused("compute.nat.subnetworks.list", 400, "invalid")
    .patch(R, nats(&[listing("x", "~-o")]))
    .refused("compute.nat.subnetworks.place", 400, "invalid")
    .patch(R, nats(&[named]))
    .refused("compute.nat.subnetworks.range-names", 400, "invalid")
    .patch(R, nats(&[mapping]))
    .refused("compute.nat.ports.mapping", 400, "invalid")
    .patch(R, nats(&[with(dynamic, "minPortsPerVm", json!(100))]))
    .refused("compute.nat.ports.dynamic", 400, "invalid")
    .patch(R, nats(&[listing("x", "~-s")]))
    .needed()
    .get(R)
    .shows(
        "compute.nat.default.source-ranges",
        "/nats/0/subnetworks/0/sourceIpRangesToNat",
        json!(["ALL_IP_RANGES"]),
    )
    .patch(
        R,
        nats(&[with(listing("x", "~-s"), "type", json!("PRIVATE"))]),
    )
    .refused("compute.nat.immutable", 400, "invalid")
    .patch(R, nats(&[listing("x", "~-s"), listing("y", "~-t")]))
    .needed()
    .delete("compute:regions/{region}/subnetworks/~-t")
    .refused(
        "compute.subnetwork.delete.in-use.nat",
        400,
        "resourceInUseByAnotherResource",
    )
    .patch(R, nats(&[]))
    .needed()
    .patch(R, nats(&[private]))
    .needed()
    .get(R)
    .shows(
        "compute.nat.default.dynamic-ports",
        "/nats/0/enableDynamicPortAllocation",
        true,
    )
}

pub(super) fn addresses() -> Exercise {
    const Q: &str = "compute:regions/{region}/routers/~-q";
    const A: &str = "compute:regions/{region}/addresses/~-a";
    const ACCESS: &str = "compute:regions/{region}/subnetworks/~-s/setPrivateIpGoogleAccess";
    let internal = json!({
        "name": "~-b", "addressType": "INTERNAL", "subnetwork": reference("subnetworks", "~-t"),
    });
    let draining = with(
        manual("x", "~-s", "~-a"),
        "drainNatIps",
        json!([reference("addresses", "~-a")]),
    );
    Exercise::new(
        "nat-addresses",
        "reserves an outer address and gives it to a NAT",
        4,
        BOTH,
    )
    .costs("an outer address, for minutes")
    .make(ROUTERS, json!({ "name": "~-r", "network": NETWORK }))
    .make(ROUTERS, json!({ "name": "~-q", "network": NETWORK }))
    .make(SUBNETWORKS, subnetwork("~-t", NETWORK, "10.203.1.0/28"))
    .make(
        "compute:regions/{region}/addresses",
        json!({ "name": "~-a" }),
    )
    .get(A)
    .shows("compute.address.default.type", "/addressType", "EXTERNAL")
    .shows(
        "compute.address.default.network-tier",
        "/networkTier",
        "PREMIUM",
    )
    .shows("compute.address.default.description", "/description", "")
    .shows("compute.address.status", "/status", "RESERVED")
    .has("compute.address.allocated", "/address")
    .make("compute:regions/{region}/addresses", internal)
    .delete("compute:regions/{region}/subnetworks/~-t")
    .refused(
        "compute.subnetwork.delete.in-use.address",
        400,
        "resourceInUseByAnotherResource",
    )
    .patch(
        R,
        nats(&[with(manual("x", "~-s", "~-a"), "natIps", json!([]))]),
    )
    .refused("compute.nat.addresses.option", 400, "invalid")
    .patch(R, nats(&[manual("x", "~-s", "~-b")]))
    .refused("compute.nat.addresses.kind", 400, "invalid")
    .patch(R, nats(&[draining]))
    .refused("compute.nat.addresses.drain", 400, "invalid")
    .patch(R, nats(&[manual("x", "~-s", "~-a")]))
    .needed()
    .get(A)
    .shows("compute.address.status", "/status", "IN_USE")
    .has("compute.address.status", "/users/0")
    .delete(A)
    .refused(
        "compute.address.delete.in-use",
        400,
        "resourceInUseByAnotherResource",
    )
    .patch(Q, nats(&[manual("y", "~-t", "~-a")]))
    .refused(
        "compute.nat.addresses.taken",
        400,
        "resourceInUseByAnotherResource",
    )
    .post(ACCESS, json!({ "privateIpGoogleAccess": true }))
    .needed()
    .post(ACCESS, json!({ "privateIpGoogleAccess": false }))
    .refused(
        "compute.subnetwork.private-google-access.nat",
        400,
        "invalid",
    )
}
