//! Serverless VPC Access connectors: the managed machines that carry a service's traffic into the VPC.
//!
//! A connector has no labels, no description and no etag, so its name is its mark. Its subnetwork cannot be
//! changed, and it never shrinks in place (`docs/reference/google-cloud.md#connector-immutable`).

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::json;

use crate::kinds::{FieldChange, RegionalRef};
use crate::link::{Instances, MachineType};

/// The fields that we manage. The subnetwork is part of the name.
pub const MANAGED: &[&str] = &["machineType", "minInstances", "maxInstances"];

/// A connector as we want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connector {
    /// Which one.
    pub id: RegionalRef,
    /// The /28 that it lives on, in the network's project.
    pub subnetwork: RegionalRef,
    /// Google's machine type.
    pub machine_type: MachineType,
    /// How many machines.
    pub instances: Instances,
}

/// A connector as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveConnector {
    /// Which one.
    pub id: RegionalRef,
    /// Its subnetwork, when it has one that can be named.
    pub subnetwork: Option<RegionalRef>,
    /// The network and range it was given instead, when Google made a hidden subnetwork for it.
    pub hidden: Option<HiddenSubnetwork>,
    /// As Google spells it.
    pub machine_type: String,
    /// Machines it never goes below.
    pub min_instances: u32,
    /// Machines it never goes above.
    pub max_instances: u32,
    /// What it is doing.
    pub state: ConnectorState,
}

/// A subnetwork that Google made for a connector and that nobody can configure
/// (`docs/reference/google-cloud.md#hidden-subnetwork`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HiddenSubnetwork {
    /// The short name of the network.
    pub network: String,
    /// Its range.
    pub cidr: Option<Ipv4Net>,
}

/// A connector's state, as Google names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ConnectorState {
    /// Carries traffic.
    Ready,
    /// Being made.
    Creating,
    /// Being changed; it goes on carrying traffic.
    Updating,
    /// Going away.
    Deleting,
    /// Broken for good: the only way out is to delete it and make it again.
    Error,
    /// Something that this release does not know.
    Unknown,
}

impl ConnectorState {
    /// Does traffic leave through it? While it is being changed it goes on carrying it.
    pub fn carries_traffic(self) -> bool {
        match self {
            Self::Ready | Self::Updating => true,
            Self::Creating | Self::Deleting | Self::Error | Self::Unknown => false,
        }
    }

    /// Is Google working on it, so that it will be in another state by itself?
    pub fn is_changing(self) -> bool {
        match self {
            Self::Creating | Self::Updating | Self::Deleting => true,
            Self::Ready | Self::Error | Self::Unknown => false,
        }
    }
}

impl Connector {
    /// What there is once Google has accepted it.
    pub fn made(&self, state: ConnectorState) -> LiveConnector {
        LiveConnector {
            id: self.id.clone(),
            subnetwork: Some(self.subnetwork.clone()),
            hidden: None,
            machine_type: self.machine_type.to_string(),
            min_instances: u32::from(self.instances.min),
            max_instances: u32::from(self.instances.max),
            state,
        }
    }

    /// What has to change in a live connector of this name.
    pub fn diff(&self, live: &LiveConnector) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        let machine_type = self.machine_type.to_string();
        if live.machine_type != machine_type {
            changes.push(FieldChange::new(
                "machineType",
                json!(live.machine_type),
                json!(machine_type),
            ));
        }
        let Instances { min, max } = self.instances;
        if live.min_instances != u32::from(min) {
            changes.push(FieldChange::new(
                "minInstances",
                json!(live.min_instances),
                json!(min),
            ));
        }
        if live.max_instances != u32::from(max) {
            changes.push(FieldChange::new(
                "maxInstances",
                json!(live.max_instances),
                json!(max),
            ));
        }
        changes
    }

    /// The same connector, at no limit smaller than the live one: Google makes none smaller in place.
    #[must_use]
    pub fn grown(&self, live: &LiveConnector) -> Self {
        let at_least = |wish: u8, live: u32| u8::try_from(live).map_or(wish, |live| live.max(wish));
        let Instances { min, max } = self.instances;
        let instances = Instances {
            min: at_least(min, live.min_instances),
            max: at_least(max, live.max_instances),
        };
        Self {
            instances,
            ..self.clone()
        }
    }

    /// Would the change make the connector smaller, which Google refuses?
    pub fn shrinks(&self, live: &LiveConnector) -> bool {
        u32::from(self.instances.min) < live.min_instances
            || u32::from(self.instances.max) < live.max_instances
    }
}
