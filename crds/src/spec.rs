//! The kind itself, and what a link is between.

// Clippy takes the settings of one printer column for repetitions of another's.
#![allow(clippy::duplicated_attributes)]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::egress::Egress;
use crate::formats;
use crate::internet::Internet;
use crate::policy::{Adoption, Policy};
use crate::status::PrivateLinkStatus;

/// Makes one Cloud Run service reach another privately, and keeps it that way.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "PrivateLink",
    namespaced,
    status = "PrivateLinkStatus",
    shortname = "pl",
    category = "gcp",
    category = "privatelink",
    derive = "PartialEq",
    doc = "Makes one Cloud Run service reach another privately, and keeps it that way.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "Path", type_ = "string", json_path = ".status.path"),
    printcolumn(name = "Drift", type_ = "string", json_path = ".status.drift"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Source",
        type_ = "string",
        json_path = ".spec.source.service.name",
        priority = 1
    ),
    printcolumn(
        name = "Destination",
        type_ = "string",
        json_path = ".spec.destination.service.name",
        priority = 1
    ),
    printcolumn(
        name = "Mode",
        type_ = "string",
        json_path = ".status.mode",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(
    "!has(self.egress.routing) || self.egress.routing != 'PrivateRangesOnly' || !has(self.access.privateGoogleAccess)"
).message(
    "PrivateRangesOnly does not reach the destination's default URL by Private Google Access alone; use AllTraffic (PL0060)"
).field_path(".egress.routing"))]
pub struct PrivateLinkSpec {
    /// The project of the source and the destination, unless they name another.
    #[schemars(length(max = 100), regex(pattern = formats::PROJECT_ID))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("projectId cannot change; declare another link (PL0064)"))]
    pub project_id: String,
    /// The region of the source and the destination, unless they name another.
    #[schemars(length(max = 63), regex(pattern = formats::REGION))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("region cannot change; declare another link (PL0064)"))]
    pub region: String,
    /// What calls.
    #[x_kube(validation = Rule::new("self == oldSelf").message("source cannot change; declare another link (PL0064)"))]
    pub source: Source,
    /// What is called.
    pub destination: Destination,
    /// The VPC network that the source's traffic enters.
    pub network: Network,
    /// How the source's traffic enters the network.
    pub egress: Egress,
    /// How the destination is reached from inside the network.
    #[serde(default)]
    pub access: Access,
    /// How the source reaches the internet; a Cloud NAT when left out, so that it keeps what it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internet: Option<Internet>,
    /// Things of others that this link may take over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub adopt: Vec<Adoption>,
    /// What may be done for this link, and what happens when it goes.
    #[serde(default)]
    pub policy: Policy,
}

/// What calls: exactly one of the fields.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.service)").message("set exactly one of: service (PL0052)"))]
pub struct Source {
    /// A Cloud Run service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
}

/// A Cloud Run service.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// The name of the service.
    #[schemars(length(max = 49), regex(pattern = formats::SERVICE))]
    pub name: String,
    /// Its project; the link's when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), regex(pattern = formats::PROJECT_ID))]
    pub project_id: Option<String>,
    /// Its region; the link's when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = formats::REGION))]
    pub region: Option<String>,
}

/// What is called, and who else may call it.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// A Cloud Run service.
    #[x_kube(validation = Rule::new("self == oldSelf").message("the destination cannot change; declare another link (PL0064)"))]
    pub service: Service,
    /// Who may reach the destination. Required, because `Internal` cuts off every caller that
    /// comes over the internet.
    pub ingress: Ingress,
}

/// Who may reach a Cloud Run service.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingress {
    /// Internal traffic alone.
    Internal,
    /// Internal traffic and external Application Load Balancers.
    InternalAndCloudLoadBalancing,
    /// Everybody.
    All,
    /// Whatever is set; it is not changed.
    Unmanaged,
}

/// A VPC network.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// The name of the network.
    #[schemars(length(max = 63), regex(pattern = formats::RESOURCE))]
    pub name: String,
    /// Its project, for a Shared VPC the host project; the link's when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), regex(pattern = formats::PROJECT_ID))]
    pub project_id: Option<String>,
}

/// How the destination is reached from inside the network: exactly one of the fields.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.privateGoogleAccess)").message("set exactly one of: privateGoogleAccess (PL0052)"))]
pub struct Access {
    /// At its default URL, by Private Google Access on the egress subnetwork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_google_access: Option<PrivateGoogleAccess>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            private_google_access: Some(PrivateGoogleAccess {}),
        }
    }
}

/// Private Google Access needs no settings.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
pub struct PrivateGoogleAccess {}
