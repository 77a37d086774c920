//! The custom roles of `manifests/iam/`, held to the calls that the program can make.

use std::collections::BTreeSet;

use super::files::{code, root};

/// Rights that Google checks besides the one that a call is named after.
const BESIDES: &[(&str, &str)] = &[
    (
        "compute.addresses.use",
        "a NAT entry sends from a reserved address",
    ),
    (
        "compute.networks.updatePolicy",
        "a subnetwork or a router is made in the network",
    ),
    ("compute.networks.use", "the same, on the network"),
    (
        "compute.subnetworks.use",
        "a connector and a NAT entry use the subnetwork",
    ),
    (
        "vpcaccess.connectors.use",
        "a service is attached to the connector",
    ),
];

/// The right that a call is named after: `compute.routers.patch` is `compute.routers.update`.
fn permission(operation: &str) -> Option<String> {
    let (owner, verb) = operation.rsplit_once('.')?;
    let verb = match verb {
        "insert" => "create",
        "patch" => "update",
        "aggregatedList" => "list",
        verb @ ("create" | "delete" | "get" | "list" | "setPrivateIpGoogleAccess") => verb,
        _ => return None,
    };
    let resource = owner.replace("projects.locations.services.revisions", "revisions");
    Some(format!(
        "{}.{verb}",
        resource.replace("projects.locations.", "")
    ))
}

/// The calls that the adapters name, as in `"compute.routers.patch"`.
fn operations() -> BTreeSet<String> {
    let quoted = |text: &str| -> Vec<String> {
        text.split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let is_call = |word: &String| {
        ["compute.", "run.projects.", "vpcaccess.projects."]
            .iter()
            .any(|api| word.starts_with(api))
    };
    code()
        .into_iter()
        .filter(|page| page.path.to_string_lossy().contains("controller/gcp/src/"))
        .flat_map(|page| quoted(&page.text))
        .filter(is_call)
        .collect()
}

/// The rights that both roles give.
pub(crate) fn given() -> BTreeSet<String> {
    let roles = [
        "manifests/iam/service-projects.yaml",
        "manifests/iam/network-projects.yaml",
    ];
    roles
        .iter()
        .flat_map(|role| {
            let text = std::fs::read_to_string(root().join(role)).unwrap();
            let items = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("- "))
                .map(str::to_owned);
            items.collect::<Vec<_>>()
        })
        .collect()
}

/// The rights that the program needs.
pub(crate) fn needed() -> BTreeSet<String> {
    let named = operations()
        .iter()
        .filter_map(|operation| permission(operation))
        .collect::<BTreeSet<_>>();
    assert!(
        named.len() > 15,
        "the calls of the adapters are not found any more: {named:?}"
    );
    named
        .into_iter()
        .chain(BESIDES.iter().map(|(right, _)| (*right).to_owned()))
        .collect()
}
