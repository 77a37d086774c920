//! How a source's traffic leaves: `template.vpcAccess`, and the annotation that remembers.
//!
//! The annotation is our only memory of a link: what the field held before us, what we wrote, a digest of
//! every link as last applied, where the destinations are, and what we adopted. It travels in the same
//! PATCH as the change it describes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::ProjectId;
use crate::kinds::service::{Attachment, Service, VpcAccess};
use crate::kinds::{FieldChange, RegionalRef};
use crate::link::{Deletion, Ingress, Routing, ServiceRef};
use crate::names::Installation;

/// The annotation's key on the service.
pub const ANNOTATION: &str = "privatelink.dev/egress";
/// How a report names the annotation as a field.
pub const ANNOTATION_FIELD: &str = "annotations[privatelink.dev/egress]";
/// Google's names for the two fields that we manage.
pub const CONNECTOR_FIELD: &str = "template.vpcAccess.connector";
/// See [`CONNECTOR_FIELD`].
pub const ROUTING_FIELD: &str = "template.vpcAccess.egress";
/// What somebody else attached, when it is not a connector.
pub const DIRECT_FIELD: &str = "template.vpcAccess.networkInterfaces";

/// The fields that we manage. Direct VPC interfaces are somebody else's: we never make one, and replace those that a
/// service had before us only with consent.
pub const MANAGED: &[&str] = &[
    CONNECTOR_FIELD,
    DIRECT_FIELD,
    ROUTING_FIELD,
    ANNOTATION_FIELD,
];

/// A source as we want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceEgress {
    /// The source.
    pub service: ServiceRef,
    /// The connector that carries its traffic.
    pub connector: RegionalRef,
    /// Which traffic.
    pub routing: Routing,
    /// The links that start here: what the annotation says about each.
    pub links: BTreeMap<String, LinkMemory>,
}

/// What the annotation remembers about one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkMemory {
    /// The declaration as last applied.
    pub digest: String,
    /// The destination's path, so that a link gone from its source is still found and undone.
    pub to: String,
    /// Who the link wants to reach the destination; nothing when it leaves that to others. A link that takes no part
    /// in a turn is still heard: its destination is not tightened past this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Ingress>,
    /// What to do when the declaration goes away. Written only when it is not `Restore`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
}

/// What a field held before we first wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Former<T> {
    /// This.
    Value(T),
    /// The annotation was lost after we wrote: nobody knows, so the field will be left as it is.
    Unknown,
}

/// `template.vpcAccess` in the form in which annotations keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcAccessMemory {
    /// Full path of the connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// Network, subnetwork and tags of a Direct VPC interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<DirectMemory>,
    /// Which traffic.
    pub egress: Routing,
}

/// A Direct VPC interface as annotations keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectMemory {
    /// The network as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The subnetwork as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnetwork: Option<String>,
    /// Network tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// The annotation on a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressAnnotation {
    /// Version of this format. A reader leaves what it does not know alone.
    pub v: u32,
    /// Whose it is.
    #[serde(flatten)]
    pub installation: Installation,
    /// The service that it was written for. A service that was made by copying another brings the annotation
    /// along; it says nothing about the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What the field held before us.
    pub former: Former<Option<VpcAccessMemory>>,
    /// What we wrote last: on undo, only a field that still holds this is restored.
    pub wrote: Option<VpcAccessMemory>,
    /// The links that start here.
    pub links: BTreeMap<String, LinkMemory>,
    /// Things of others that we changed with consent: path, then field and former value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adopted: BTreeMap<String, Value>,
    /// Projects of networks in which things are made for these links, other than the service's own: nothing else leads
    /// there once the connector is gone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub networks: BTreeSet<ProjectId>,
}

/// The version that this release writes.
pub const VERSION: u32 = 1;

impl EgressAnnotation {
    /// Reads it from a service. `None` when there is none; an unreadable one is `Err` and is left alone.
    pub fn read(service: &Service) -> Option<Result<Self, serde_json::Error>> {
        service
            .annotations
            .get(ANNOTATION)
            .map(|text| serde_json::from_str(text))
    }

    /// Did we write the field for a link that is still listed? A record that only comes before the change, or only
    /// leads to what is left, knows no digest.
    pub fn was_applied(&self) -> bool {
        self.links.values().any(|link| !link.digest.is_empty())
    }

    /// The text to write. Keys are in a fixed order, so equal values are equal texts.
    pub fn text(&self) -> String {
        json!(self).to_string()
    }
}

impl From<&VpcAccess> for VpcAccessMemory {
    fn from(access: &VpcAccess) -> Self {
        let (connector, direct) = match &access.attachment {
            Attachment::Connector(id) => (Some(id.location("connectors")), None),
            Attachment::Direct {
                network,
                subnetwork,
                tags,
            } => {
                let network = network.as_ref().map(ToString::to_string);
                (
                    None,
                    Some(DirectMemory {
                        network,
                        subnetwork: subnetwork.clone(),
                        tags: tags.clone(),
                    }),
                )
            }
        };
        Self {
            connector,
            direct,
            egress: access.routing,
        }
    }
}

/// The field changes between two states of `template.vpcAccess`, in Google's field names.
pub fn changes(was: Option<&VpcAccess>, will: Option<&VpcAccess>) -> Vec<FieldChange> {
    let field = |access: Option<&VpcAccess>| access.map(VpcAccessMemory::from);
    let (was, will) = (field(was), field(will));
    let mut changes = Vec::new();
    let mut compare = |name: &'static str, from: Value, to: Value| {
        if from != to {
            changes.push(FieldChange::new(name, from, to));
        }
    };
    let connector =
        |m: &Option<VpcAccessMemory>| json!(m.as_ref().and_then(|m| m.connector.clone()));
    let direct = |m: &Option<VpcAccessMemory>| json!(m.as_ref().and_then(|m| m.direct.clone()));
    let egress = |m: &Option<VpcAccessMemory>| json!(m.as_ref().map(|m| google_egress(m.egress)));
    compare(CONNECTOR_FIELD, connector(&was), connector(&will));
    compare(DIRECT_FIELD, direct(&was), direct(&will));
    compare(ROUTING_FIELD, egress(&was), egress(&will));
    changes
}

/// Google's spelling of a routing mode.
pub fn google_egress(routing: Routing) -> &'static str {
    match routing {
        Routing::AllTraffic => "ALL_TRAFFIC",
        Routing::PrivateRangesOnly => "PRIVATE_RANGES_ONLY",
    }
}

impl ServiceEgress {
    /// The template's `vpcAccess` as we want it.
    pub fn vpc_access(&self) -> VpcAccess {
        VpcAccess {
            attachment: Attachment::Connector(self.connector.clone()),
            routing: self.routing,
        }
    }
}
