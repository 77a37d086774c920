//! A network's profile and its internal IPv6 range.

use serde_json::{Value, json};

use crate::compute::{fill, link, path_in, project_of};
use crate::engine::Engine;
use crate::identity;
use crate::rules::Rule;

pub(super) static ULA_RANGE: Rule = Rule::recorded(
    "compute.network.ula.range",
    "docs/reference/google-cloud.md#network-defaults; which range is our choice",
    "With enableUlaInternalIpv6 the network is given a /48 of fd20::/20.",
);
pub(super) static ULA_OFF: Rule = Rule::recorded(
    "compute.network.ula.off",
    "docs/reference/google-cloud.md#network-defaults",
    "enableUlaInternalIpv6 is shown only when it is true.",
);

/// Completes what is there; nothing is added to a network that has neither.
pub(super) fn complete(engine: &Engine, path: &str, network: &mut Value) {
    if let Some(profile) = network["networkProfile"].as_str() {
        let profile = path_in(project_of(path), profile);
        link(engine, network, "networkProfile", &profile);
    }
    let off = network["enableUlaInternalIpv6"] == false;
    if engine.rule(&ULA_OFF, off)
        && let Some(fields) = network.as_object_mut()
    {
        fields.remove("enableUlaInternalIpv6");
    }
    if network["enableUlaInternalIpv6"] == true && engine.rule(&ULA_RANGE, true) {
        let hex = identity::hex(&["ula", path], 7);
        let range = format!("fd20:{}:{}:0:0:0:0:0/48", &hex[..3], &hex[3..]);
        fill(network, "internalIpv6Range", || json!(range));
    }
}
