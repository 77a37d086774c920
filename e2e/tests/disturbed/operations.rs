//! The operations that the adapters send: read from their source, where each is named as Google's discovery
//! documents name it.

use std::collections::BTreeSet;
use std::path::Path;

/// What sort of request an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    List,
    AggregatedList,
    Get,
    /// A look at a long-running operation.
    Poll,
    Create,
    Write,
}

impl Sort {
    pub(crate) fn of(operation: &str) -> Self {
        let mut parts = operation.rsplit('.');
        match (parts.next(), parts.next()) {
            (Some("list"), _) => Self::List,
            (Some("aggregatedList"), _) => Self::AggregatedList,
            (Some("get"), Some("operations" | "regionOperations")) => Self::Poll,
            (Some("get"), _) => Self::Get,
            (Some("insert" | "create"), _) => Self::Create,
            _ => Self::Write,
        }
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::List | Self::AggregatedList)
    }

    pub(crate) fn begins_an_operation(self) -> bool {
        matches!(self, Self::Create | Self::Write)
    }
}

/// What the adapters could send and no turn does.
pub(crate) const NEVER_SENT: [(&str, &str); 2] = [
    (
        "compute.networks.get",
        "the port can read any one thing again; a turn does that only before a delete, and deletes no network",
    ),
    (
        "compute.routes.get",
        "as for networks: no route is ever deleted",
    ),
];

/// Every operation that the sources of the adapters name, outside of their tests.
pub(crate) fn named_in_the_adapters() -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("gcp/src");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            found.extend(
                code.split('"')
                    .skip(1)
                    .step_by(2)
                    .filter(is_operation)
                    .map(str::to_owned),
            );
        }
    }
    found
}

/// `compute.routers.patch`, and not a permission, a host or a key of some other sort.
fn is_operation(text: &&str) -> bool {
    const METHODS: [&str; 11] = [
        "list",
        "aggregatedList",
        "get",
        "insert",
        "create",
        "patch",
        "delete",
        "setPrivateIpGoogleAccess",
        "wait",
        "update",
        "setLabels",
    ];
    let parts: Vec<&str> = text.split('.').collect();
    let api = ["compute", "run", "vpcaccess"].contains(&parts[0]);
    // A permission of Cloud Run or VPC Access has three parts, and an operation of theirs at least five.
    let long = parts[0] == "compute" && parts.len() == 3 || parts.len() >= 5;
    api && long && parts.last().is_some_and(|method| METHODS.contains(method))
}
