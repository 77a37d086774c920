//! Who may reach a destination: `ingress`, and the annotation that remembers what it was before us.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kinds::service::{IngressSetting, Service};
use crate::kinds::service_egress::Former;
use crate::link::{Ingress, ServiceRef};
use crate::names::Installation;

/// The annotation's key on the service.
pub const ANNOTATION: &str = "privatelink.dev/ingress";
/// How a report names the annotation as a field.
pub const ANNOTATION_FIELD: &str = "annotations[privatelink.dev/ingress]";
/// Google's name for the field that we manage.
pub const INGRESS_FIELD: &str = "ingress";

/// The fields that we manage.
pub const MANAGED: &[&str] = &[INGRESS_FIELD, ANNOTATION_FIELD];

/// A destination as we want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceIngress {
    /// The destination.
    pub service: ServiceRef,
    /// The loosest of what its links ask for.
    pub ingress: Ingress,
    /// The links that end here.
    pub links: BTreeSet<String>,
}

/// The annotation on a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngressAnnotation {
    /// Version of this format.
    pub v: u32,
    /// Whose it is.
    #[serde(flatten)]
    pub installation: Installation,
    /// The service that it was written for. A service that was made by copying another brings the annotation
    /// along; it says nothing about the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What the field held before us.
    pub former: Former<IngressSetting>,
    /// What we wrote last: on undo, only a field that still holds this is restored.
    pub wrote: Ingress,
    /// The links that end here and were applied.
    pub links: BTreeSet<String>,
}

impl IngressAnnotation {
    /// Reads it from a service. `None` when there is none; an unreadable one is `Err` and is left alone.
    pub fn read(service: &Service) -> Option<Result<Self, serde_json::Error>> {
        service
            .annotations
            .get(ANNOTATION)
            .map(|text| serde_json::from_str(text))
    }

    /// The text to write. Keys are in a fixed order, so equal values are equal texts.
    pub fn text(&self) -> String {
        json!(self).to_string()
    }
}

/// Google's spelling of an ingress setting.
pub fn google_ingress(setting: IngressSetting) -> &'static str {
    match setting {
        IngressSetting::None => "INGRESS_TRAFFIC_NONE",
        IngressSetting::Internal => "INGRESS_TRAFFIC_INTERNAL_ONLY",
        IngressSetting::InternalAndCloudLoadBalancing => "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
        IngressSetting::All => "INGRESS_TRAFFIC_ALL",
        IngressSetting::Unknown => "INGRESS_TRAFFIC_UNSPECIFIED",
    }
}
