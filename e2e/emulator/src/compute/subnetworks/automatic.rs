//! The subnetworks that an auto mode network makes for itself.

use serde_json::{Value, json};

use crate::call::Api;
use crate::compute::subnetworks::{fill, ranges};
use crate::compute::{self, name_of, project_of, regions};
use crate::engine::Engine;

/// A region that only projects of some organisations have.
const RESTRICTED: &str = "me-central2";

/// The subnetworks, one per open region, that an auto mode network is made with.
pub(crate) fn automatic(engine: &mut Engine, network: &str) -> Vec<(String, Value)> {
    let (project, name) = (project_of(network), name_of(network));
    let mut made = Vec::new();
    let open = regions::REGIONS
        .iter()
        .filter(|region| **region != RESTRICTED);
    for (index, region) in open.enumerate() {
        let path = format!("projects/{project}/regions/{region}/subnetworks/{name}");
        let range = format!("10.{}.0.0/20", 128 + index);
        let mut subnetwork = json!({ "ipCidrRange": range, "network": compute::url(network) });
        fill(engine, &path, &mut subnetwork);
        made.push((path, subnetwork));
    }
    made
}

/// True for a subnetwork that its auto mode network made.
pub(crate) fn is_automatic(engine: &Engine, path: &str, subnetwork: &Value) -> bool {
    let network = subnetwork["network"].as_str().unwrap_or_default();
    let network = compute::path_in(project_of(path), network);
    let automatic = ranges::parse(ranges::AUTOMATIC);
    let range = subnetwork["ipCidrRange"].as_str().and_then(ranges::parse);
    name_of(&network) == name_of(path)
        && range.is_some_and(|range| automatic.is_some_and(|all| all.contains(&range)))
        && engine
            .store
            .get(Api::Compute, &network)
            .is_some_and(|network| network["autoCreateSubnetworks"] == true)
}
