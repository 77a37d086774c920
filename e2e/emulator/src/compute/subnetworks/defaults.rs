//! What the server adds to a subnetwork.

use serde_json::{Value, json};

use crate::compute;
use crate::compute::subnetworks::ranges;
use crate::engine::Engine;
use crate::identity;
use crate::rules::Rule;

pub(super) static ROUTES_OVERLAP: Rule = Rule::recorded(
    "compute.subnetwork.default.allow-routes-overlap",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "allowSubnetCidrRoutesOverlap is false.",
);
pub(super) static FLOW_LOGS: Rule = Rule::recorded(
    "compute.subnetwork.default.flow-logs",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "enableFlowLogs is false, or what logConfig.enable says; a proxy-only subnetwork has none.",
);
pub(super) static GATEWAY: Rule = Rule::recorded(
    "compute.subnetwork.default.gateway-address",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "gatewayAddress is the second address of the range.",
);
pub(super) static GOOGLE_ACCESS: Rule = Rule::recorded(
    "compute.subnetwork.default.private-google-access",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "privateIpGoogleAccess is false.",
);
pub(super) static GOOGLE_ACCESS_V6: Rule = Rule::recorded(
    "compute.subnetwork.default.private-ipv6-google-access",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "privateIpv6GoogleAccess is DISABLE_GOOGLE_ACCESS.",
);
pub(super) static PURPOSE: Rule = Rule::recorded(
    "compute.subnetwork.default.purpose",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "purpose is PRIVATE.",
);
pub(super) static STACK_TYPE: Rule = Rule::recorded(
    "compute.subnetwork.default.stack-type",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "stackType is IPV4_ONLY on a PRIVATE subnetwork; those of other purposes have none.",
);
pub(super) static PROXY_STATE: Rule = Rule::recorded(
    "compute.subnetwork.default.proxy-only.state",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "A proxy-only subnetwork has the state READY; others have none.",
);
pub(super) static PROXY_ROLE: Rule = Rule::guessed(
    "compute.subnetwork.default.proxy-only.role",
    "docs/reference/google-cloud.md#subnetwork-defaults; every recording sends it",
    "A proxy-only subnetwork has the role ACTIVE; others have none.",
);
pub(super) static FINGERPRINT: Rule = Rule::recorded(
    "compute.subnetwork.fingerprint",
    "docs/reference/google-cloud.md#subnetwork-defaults",
    "A subnetwork has a fingerprint, and another one after each change.",
);
/// True for a subnetwork that only load balancer proxies live in.
pub(super) fn is_proxy_only(subnetwork: &Value) -> bool {
    subnetwork["purpose"]
        .as_str()
        .is_some_and(|purpose| purpose.ends_with("_MANAGED_PROXY"))
}

/// Completes a subnetwork as the server does; what is there stays.
pub(super) fn fill(engine: &mut Engine, path: &str, subnetwork: &mut Value) {
    compute::identify(engine, super::RESOURCE.kind, path, subnetwork);
    compute::default(engine, &PURPOSE, subnetwork, "purpose", json!("PRIVATE"));
    let off = json!(false);
    let field = "allowSubnetCidrRoutesOverlap";
    compute::default(engine, &ROUTES_OVERLAP, subnetwork, field, off.clone());
    let range = subnetwork["ipCidrRange"].as_str().and_then(ranges::parse);
    if let Some(gateway) = range.and_then(|range| range.hosts().next()) {
        let gateway = json!(gateway.to_string());
        compute::default(engine, &GATEWAY, subnetwork, "gatewayAddress", gateway);
    }
    let field = "privateIpGoogleAccess";
    compute::default(engine, &GOOGLE_ACCESS, subnetwork, field, off);
    let field = "privateIpv6GoogleAccess";
    let disabled = json!("DISABLE_GOOGLE_ACCESS");
    compute::default(engine, &GOOGLE_ACCESS_V6, subnetwork, field, disabled);
    if is_proxy_only(subnetwork) {
        compute::default(engine, &PROXY_STATE, subnetwork, "state", json!("READY"));
        compute::default(engine, &PROXY_ROLE, subnetwork, "role", json!("ACTIVE"));
    } else {
        let logs = json!(subnetwork["logConfig"]["enable"] == true);
        compute::default(engine, &FLOW_LOGS, subnetwork, "enableFlowLogs", logs);
    }
    if subnetwork["purpose"] == "PRIVATE" {
        let stack = json!("IPV4_ONLY");
        compute::default(engine, &STACK_TYPE, subnetwork, "stackType", stack);
    }
    let fingerprint = json!(identity::fingerprint(subnetwork));
    compute::default(engine, &FINGERPRINT, subnetwork, "fingerprint", fingerprint);
}
