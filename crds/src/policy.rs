//! What may be done for a link: consent to take things over, and how far to go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::formats;

/// A thing of others that the link may take over. It is never deleted, and what it was before is
/// remembered and given back.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Adoption {
    /// Which kind of thing.
    pub kind: AdoptionKind,
    /// Its name.
    #[schemars(length(max = 63), regex(pattern = formats::RESOURCE))]
    pub name: String,
    /// Its project. When left out: the source's for its egress, the destination's for its ingress,
    /// the network's for a subnetwork.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), regex(pattern = formats::PROJECT_ID))]
    pub project_id: Option<String>,
    /// Its region. When left out: the destination's for its ingress, otherwise the source's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = formats::REGION))]
    pub region: Option<String>,
}

/// What can be taken over.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptionKind {
    /// The egress settings of a Cloud Run service.
    ServiceEgress,
    /// The ingress setting of a Cloud Run service.
    ServiceIngress,
    /// The Private Google Access setting of a subnetwork.
    Subnetwork,
}

/// What may be done for a link, and what happens when it goes.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Whether differences are repaired.
    #[serde(default)]
    pub reconcile: Reconcile,
    /// What happens to what the link made when its declaration is gone.
    #[serde(default)]
    pub deletion: Deletion,
    /// Leaves the link alone for now: nothing is changed and nothing is removed.
    #[serde(default)]
    pub suspend: bool,
}

/// Whether differences are repaired.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reconcile {
    /// Make it so, and keep it so.
    #[default]
    Enforce,
    /// Say what differs and change nothing.
    Report,
}

/// What happens to what a link made when its declaration is gone.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Deletion {
    /// Undo it: former values come back, and what was made for it is deleted.
    #[default]
    Restore,
    /// Leave everything as it is and forget it.
    Abandon,
    /// Refuse to undo it.
    Protect,
}
