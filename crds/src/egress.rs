//! How the source's traffic enters the network.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::formats;

/// How the source's traffic enters the network: exactly one way, and which traffic takes it.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.connector)").message("set exactly one of: connector (PL0052)"))]
pub struct Egress {
    /// Through a Serverless VPC Access connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<Connector>,
    /// What is written here, or what the way of access needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,
}

/// Which of the source's traffic enters the network. Left out, it is what the way of access needs: `AllTraffic` with
/// `privateGoogleAccess`. The report names the resolved value.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// All of it.
    AllTraffic,
    /// Private address ranges alone.
    PrivateRangesOnly,
}

/// A Serverless VPC Access connector: one that we make, or somebody else's.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.managed) != has(self.existing)").message("set exactly one of: managed, existing (PL0052)"))]
pub struct Connector {
    /// One that is made and kept for this link and those that wish for the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedConnector>,
    /// One that somebody else keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingConnector>,
}

/// A connector that is made and kept.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minInstances < self.maxInstances").message("minInstances must be less than maxInstances (PL0061)").field_path(".minInstances"))]
pub struct ManagedConnector {
    /// The /28 that the connector fills; nothing else may be in it.
    pub subnetwork: Subnetwork,
    /// The machines that it runs on.
    #[serde(default)]
    pub machine_type: MachineType,
    /// Machines that always run. Growing happens in place; fewer needs a new connector.
    #[serde(default = "default_min_instances")]
    #[schemars(range(min = 2, max = 9))]
    pub min_instances: i32,
    /// Machines at most. A connector grows by itself and never shrinks.
    #[serde(default = "default_max_instances")]
    #[schemars(range(min = 3, max = 10))]
    pub max_instances: i32,
}

/// Google's own least: two machines, so that losing one is no outage.
fn default_min_instances() -> i32 {
    2
}

/// The smallest ceiling that Google accepts: a connector never shrinks, so a high ceiling is paid
/// for ever after one busy hour. Whoever needs more writes it.
fn default_max_instances() -> i32 {
    3
}

/// The machine types that connectors run on, in Google's spelling.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MachineType {
    /// The smallest.
    #[serde(rename = "f1-micro")]
    F1Micro,
    /// Google's default.
    #[default]
    #[serde(rename = "e2-micro")]
    E2Micro,
    /// For busy production.
    #[serde(rename = "e2-standard-4")]
    E2Standard4,
}

/// The subnetwork of a connector: one that we make, or somebody else's.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.managed) != has(self.existing)").message("set exactly one of: managed, existing (PL0052)"))]
pub struct Subnetwork {
    /// One that is made and kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedSubnetwork>,
    /// One that somebody else keeps: a /28 with nothing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingSubnetwork>,
}

/// A subnetwork that is made and kept.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ManagedSubnetwork {
    /// Its range, a /28 such as `10.8.0.0/28`, that nothing else in the network uses.
    #[schemars(length(max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && cidr(self).ip().family() == 4").message("not an IPv4 range; write one like 10.8.0.0/28 (PL0053)"))]
    #[x_kube(validation = Rule::new("!isCIDR(self) || cidr(self).prefixLength() == 28").message("a connector's subnetwork must be a /28, such as 10.8.0.0/28 (PL0054)"))]
    #[x_kube(validation = Rule::new("!isCIDR(self) || cidr(self) == cidr(self).masked()").message("the address is not the first of its range; a /28 starts at a multiple of 16 (PL0053)"))]
    pub cidr: String,
}

/// A subnetwork in the network's project and the source's region.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ExistingSubnetwork {
    /// The name of the subnetwork.
    #[schemars(length(max = 63), regex(pattern = formats::RESOURCE))]
    pub name: String,
}

/// A connector in the source's region.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ExistingConnector {
    /// The name of the connector.
    #[schemars(length(max = 25), regex(pattern = formats::CONNECTOR))]
    pub name: String,
    /// Its project; the source's when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), regex(pattern = formats::PROJECT_ID))]
    pub project_id: Option<String>,
}
