//! A declaration that can no longer be wrong on its own.
//!
//! Only [`validate`](crate::validate) makes a [`Link`]. Every default is filled in and every name
//! is well formed, so what follows never asks again.

mod digest;

use std::collections::BTreeSet;
use std::fmt;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Origin;
use crate::ids::{ConnectorName, LinkName, ProjectId, Region, ResourceName, ServiceName};

pub use digest::Digest;
pub(crate) use digest::Wish;

/// One source reaching one destination, with everything resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What the declaration is called.
    pub name: LinkName,
    /// Where it was read.
    pub origin: Origin,
    /// The project that the declaration names; connectors that we make are the source's.
    pub project: ProjectId,
    /// The source's region: connector, subnetwork and router are here.
    pub region: Region,
    /// The calling service.
    pub source: ServiceRef,
    /// The called service.
    pub destination: ServiceRef,
    /// Who may reach the destination; `None` leaves its setting to others (`Unmanaged`).
    pub ingress: Option<Ingress>,
    /// The network that the source's traffic enters.
    pub network: NetworkRef,
    /// How the source's traffic enters the network.
    pub egress: Egress,
    /// Which of the source's traffic enters the network.
    pub routing: Routing,
    /// How the destination is reached from inside the network.
    pub access: Access,
    /// How the source reaches the internet.
    pub internet: Internet,
    /// Things of others that this link may take over.
    pub adopt: BTreeSet<Adoption>,
    /// What may be done, and what happens when the link goes.
    pub policy: LinkPolicy,
    /// A fingerprint of what is wished for; see [`Digest`].
    pub digest: Digest,
}

/// A Cloud Run service; prints as `projects/P/locations/R/services/S`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceRef {
    /// Its project.
    pub project: ProjectId,
    /// Its region.
    pub region: Region,
    /// Its name.
    pub name: ServiceName,
}

impl fmt::Display for ServiceRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            project,
            region,
            name,
        } = self;
        write!(
            formatter,
            "projects/{project}/locations/{region}/services/{name}"
        )
    }
}

/// A VPC network; prints as `projects/P/global/networks/N`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NetworkRef {
    /// Its project; the host project of a Shared VPC.
    pub project: ProjectId,
    /// Its name.
    pub name: ResourceName,
}

impl fmt::Display for NetworkRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, name } = self;
        write!(formatter, "projects/{project}/global/networks/{name}")
    }
}

/// A Serverless VPC Access connector; prints as `projects/P/locations/R/connectors/C`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectorRef {
    /// Its project.
    pub project: ProjectId,
    /// Its region, always the source's.
    pub region: Region,
    /// Its name.
    pub name: ConnectorName,
}

impl fmt::Display for ConnectorRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            project,
            region,
            name,
        } = self;
        write!(
            formatter,
            "projects/{project}/locations/{region}/connectors/{name}"
        )
    }
}

/// Who may reach the destination, from the strictest to the loosest: the greater one admits more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ingress {
    /// Internal traffic alone.
    Internal,
    /// Internal traffic and external Application Load Balancers.
    InternalAndCloudLoadBalancing,
    /// Everybody.
    All,
}

impl fmt::Display for Ingress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Internal => "Internal",
            Self::InternalAndCloudLoadBalancing => "InternalAndCloudLoadBalancing",
            Self::All => "All",
        })
    }
}

/// How the source's traffic enters the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Egress {
    /// Through a Serverless VPC Access connector.
    Connector(ConnectorChoice),
}

/// Whose connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConnectorChoice {
    /// One that we make and keep, in the source's project and region.
    Managed {
        /// The subnetwork that it fills.
        subnetwork: SubnetworkChoice,
        /// The machines that it runs on.
        machine_type: MachineType,
        /// How many machines.
        instances: Instances,
    },
    /// Somebody else's.
    Existing(ConnectorRef),
}

/// Whose subnetwork; it is in the network's project and the link's region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SubnetworkChoice {
    /// One that we make, of this /28.
    Managed {
        /// The primary range.
        cidr: Ipv4Net,
    },
    /// Somebody else's.
    Existing {
        /// Its name.
        name: ResourceName,
    },
}

/// The machine types that connectors run on, in Google's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MachineType {
    /// The smallest.
    #[serde(rename = "f1-micro")]
    F1Micro,
    /// Google's default.
    #[serde(rename = "e2-micro")]
    E2Micro,
    /// For busy production.
    #[serde(rename = "e2-standard-4")]
    E2Standard4,
}

impl fmt::Display for MachineType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::F1Micro => "f1-micro",
            Self::E2Micro => "e2-micro",
            Self::E2Standard4 => "e2-standard-4",
        })
    }
}

/// A connector's instance limits: `2 <= min < max <= 10`
/// (docs/reference/google-cloud.md#connector-instances).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instances {
    /// Machines that always run, 2 to 9.
    pub min: u8,
    /// Machines at most, 3 to 10.
    pub max: u8,
}

/// Which of the source's traffic enters the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Routing {
    /// All of it.
    AllTraffic,
    /// Private address ranges alone.
    PrivateRangesOnly,
}

impl fmt::Display for Routing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::AllTraffic => "AllTraffic",
            Self::PrivateRangesOnly => "PrivateRangesOnly",
        })
    }
}

/// How the destination is reached from inside the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Access {
    /// At its default URL, by Private Google Access on the egress subnetwork.
    PrivateGoogleAccess,
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::PrivateGoogleAccess => "PrivateGoogleAccess",
        })
    }
}

/// How the source reaches the internet once its traffic enters the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Internet {
    /// By a Cloud NAT entry that we make, unless one already serves the subnetwork.
    Nat(NatChoice),
    /// By a Cloud NAT that somebody else keeps and that must be there.
    Existing,
    /// Not at all.
    None,
}

/// What our NAT entry looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NatChoice {
    /// The addresses that the internet sees.
    pub addresses: Addresses,
    /// Ports per virtual machine; `None` leaves Google's default.
    pub min_ports_per_vm: Option<u32>,
    /// Somebody else's router to put the entry on; `None` makes our own.
    pub router: Option<ResourceName>,
}

/// The addresses that the internet sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Addresses {
    /// Google's choice.
    Auto,
    /// These reserved external addresses, in the network's project and the link's region.
    Manual(BTreeSet<ResourceName>),
}

/// A thing of others that a link may take over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Adoption {
    /// Which kind of thing.
    pub kind: AdoptionKind,
    /// Its project.
    pub project: ProjectId,
    /// Its region.
    pub region: Region,
    /// Its name.
    pub name: ResourceName,
}

/// What can be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AdoptionKind {
    /// The egress of a Cloud Run service.
    ServiceEgress,
    /// The ingress of a Cloud Run service.
    ServiceIngress,
    /// A subnetwork's Private Google Access.
    Subnetwork,
}

impl fmt::Display for AdoptionKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::ServiceEgress => "ServiceEgress",
            Self::ServiceIngress => "ServiceIngress",
            Self::Subnetwork => "Subnetwork",
        })
    }
}

/// What may be done for a link, and what happens when it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPolicy {
    /// Whether differences are repaired.
    pub reconcile: Reconcile,
    /// What happens when the declaration is gone.
    pub deletion: Deletion,
    /// Whether the link is left alone for now.
    pub suspend: bool,
}

/// Whether differences are repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reconcile {
    /// Make it so, and keep it so.
    Enforce,
    /// Say what differs and change nothing.
    Report,
}

/// What happens to what a link made when its declaration is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Deletion {
    /// Undo it: former values come back, what we made is deleted.
    Restore,
    /// Leave everything as it is and forget it.
    Abandon,
    /// Refuse to undo it.
    Protect,
}
