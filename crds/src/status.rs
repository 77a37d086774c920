//! What a controller reports about a link.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a controller reports about a link.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PrivateLinkStatus {
    /// The generation of the declaration that this speaks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` is the summary; `Reconciling` and `Stalled` are present only while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_string()]))]
    pub conditions: Vec<Condition>,
    /// Whether the source reaches the destination privately.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathVerdict>,
    /// What the worst difference from the declaration does to the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// How the destination is reached, with the resolved routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub mode: Option<String>,
}

/// Whether the source reaches the destination privately.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathVerdict {
    /// Every hop was checked and passes.
    Passes,
    /// A hop fails.
    Fails,
    /// A hop could not be judged.
    Unknown,
}

/// What a difference from the declaration does to the path, from nothing to the worst.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// Nothing differs.
    None,
    /// Something differs that the path does not feel.
    Cosmetic,
    /// The path works less well.
    Degraded,
    /// The destination can be reached from the internet.
    Exposed,
    /// The path does not work.
    Broken,
}
