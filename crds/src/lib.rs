//! The `PrivateLink` declaration: its types, its schema, and the rules a server enforces.
//!
//! The types hold a declaration as it was written; what is not written stays absent unless the
//! schema itself carries the default. The rules stand beside the fields they guard. A server runs
//! them from the schema; with the feature `cel`, [`schema::Rules`] runs the very same ones, and the
//! rest of the schema, on a value from a file.

// The schema derive repeats each struct inside a function, where `pub` can reach nobody.
#![allow(unreachable_pub)]

pub mod egress;
pub mod formats;
pub mod internet;
pub mod policy;
#[cfg(feature = "cel")]
pub mod schema;
pub mod spec;
pub mod status;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

pub use egress::{
    Connector, Egress, ExistingConnector, ExistingSubnetwork, MachineType, ManagedConnector,
    ManagedSubnetwork, Routing, Subnetwork,
};
pub use internet::{
    AutoAddresses, ExistingInternet, Internet, ManualAddresses, Nat, NatAddresses, NoInternet,
};
pub use policy::{Adoption, AdoptionKind, Deletion, Policy, Reconcile};
pub use spec::{
    Access, Destination, Ingress, Network, PrivateGoogleAccess, PrivateLink, PrivateLinkSpec,
    Service, Source,
};
pub use status::{Drift, PathVerdict, PrivateLinkStatus};

/// The API group of all our kinds.
pub const GROUP: &str = "privatelink.dev";
/// The version that this program serves.
pub const VERSION: &str = "v1alpha1";
/// The one kind of the group.
pub const KIND: &str = "PrivateLink";

/// The custom resource definition, as it is published.
///
/// Optional fields are not `nullable`: a server then drops a written `null` as if the field had
/// been left out, so that `has(self.field)` in a rule means what it says.
pub fn crd() -> CustomResourceDefinition {
    let derived = PrivateLink::crd();
    let mut value = serde_json::to_value(&derived).unwrap_or_default();
    remove_nullable(&mut value);
    serde_json::from_value(value).unwrap_or(derived)
}

/// The custom resource definition as YAML, the text of `crds/privatelinks.yaml`.
pub fn crd_yaml() -> String {
    let crd = serde_json::to_value(crd()).unwrap_or_default();
    let mut text = String::from("# Generated from the types in crds/src; do not edit.\n");
    yaml::write(&crd, 0, &mut text);
    text
}

mod yaml;

fn remove_nullable(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("nullable");
            fields.values_mut().for_each(remove_nullable);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_nullable),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
