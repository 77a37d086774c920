//! What keeps a subnetwork from being deleted, besides NATs.

use crate::call::Api;
use crate::compute::{collection_of, is_link, name_of, project_of, refers};
use crate::engine::Engine;

/// An address that is reserved in a subnetwork.
pub(super) fn address(engine: &Engine, subnetwork: &str) -> Option<String> {
    let addresses = subnetwork.replacen("/subnetworks/", "/addresses/", 1);
    let within = addresses.strip_suffix(name_of(subnetwork))?;
    engine
        .store
        .within(Api::Compute, within)
        .find(|(_, address)| refers(address, "subnetwork", subnetwork))
        .map(|(path, _)| path.to_owned())
}

/// A connector on a subnetwork, of whatever project.
pub(super) fn connector(engine: &Engine, subnetwork: &str) -> Option<String> {
    let place = |path: &str| path.split('/').nth(3).map(str::to_owned);
    engine
        .store
        .within(Api::VpcAccess, "")
        .filter(|(path, _)| collection_of(path) == "connectors" && place(path) == place(subnetwork))
        .find(|(path, connector)| {
            let on = &connector["subnet"];
            let project = on["projectId"].as_str().unwrap_or(project_of(path));
            on["name"].as_str().is_some_and(|name| {
                project == project_of(subnetwork)
                    && (name == name_of(subnetwork) || is_link(name, subnetwork))
            })
        })
        .map(|(path, _)| path.to_owned())
}
