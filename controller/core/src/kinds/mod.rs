//! THE list of kinds. A kind that is not complete here does not compile: [`Id`], [`Resource`] and [`Live`]
//! are closed, and every match over them names each variant.

pub mod address;
pub mod connector;
pub mod job;
pub mod nat;
pub mod network;
pub mod route;
pub mod router;
pub mod service;
pub mod service_egress;
pub mod service_ingress;
pub mod subnetwork;

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::ids::{ProjectId, Region, ResourceName};
use crate::link::{NetworkRef, ServiceRef};

pub use address::LiveAddress;
pub use connector::{Connector, ConnectorState, HiddenSubnetwork, LiveConnector};
pub use job::Job;
pub use nat::{LiveNat, Nat, NatAddresses, NatRef, NatSources};
pub use network::Network;
pub use route::{NextHop, Route, RouteRef};
pub use router::{LiveRouter, Router};
pub use service::{Attachment, IngressSetting, Revision, RevisionRef, Service, Traffic, VpcAccess};
pub use service_egress::ServiceEgress;
pub use service_ingress::ServiceIngress;
pub use subnetwork::{LiveSubnetwork, Subnetwork};

/// Identity of a thing in one region of one project. What kind of thing, its [`Id`] says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionalRef {
    /// Its project.
    pub project: ProjectId,
    /// Its region.
    pub region: Region,
    /// Its name within both.
    pub name: ResourceName,
}

impl RegionalRef {
    /// The path as Compute prints it.
    pub fn compute(&self, collection: &str) -> String {
        format!(
            "projects/{}/regions/{}/{collection}/{}",
            self.project, self.region, self.name
        )
    }

    /// The path as Cloud Run and VPC Access print it.
    pub fn location(&self, collection: &str) -> String {
        format!(
            "projects/{}/locations/{}/{collection}/{}",
            self.project, self.region, self.name
        )
    }
}

impl Serialize for RegionalRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!(
            "{}/{}/{}",
            self.project, self.region, self.name
        ))
    }
}

/// What sort of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Kind {
    /// A VPC network. Read.
    Network,
    /// A subnetwork. Ours or somebody's.
    Subnetwork,
    /// A route. Read.
    Route,
    /// A regional external address. Ours or somebody's.
    Address,
    /// A Cloud Router. Ours or somebody's.
    Router,
    /// One NAT entry of a router.
    Nat,
    /// A Serverless VPC Access connector. Ours or somebody's.
    Connector,
    /// A revision of a Cloud Run service. Read, and only when needed.
    Revision,
    /// How a service's traffic leaves.
    ServiceEgress,
    /// Who may reach a service.
    ServiceIngress,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Network,
        Self::Subnetwork,
        Self::Route,
        Self::Address,
        Self::Router,
        Self::Nat,
        Self::Connector,
        Self::Revision,
        Self::ServiceEgress,
        Self::ServiceIngress,
    ];

    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Subnetwork => "Subnetwork",
            Self::Route => "Route",
            Self::Address => "Address",
            Self::Router => "Router",
            Self::Nat => "Nat",
            Self::Connector => "Connector",
            Self::Revision => "Revision",
            Self::ServiceEgress => "ServiceEgress",
            Self::ServiceIngress => "ServiceIngress",
        }
    }
}

/// The fields that we manage of a kind, by the names that [`FieldChange`] gives them. Kinds that are only read, or
/// whose every field is part of the name, have none.
pub fn managed_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Network | Kind::Route | Kind::Address | Kind::Router | Kind::Revision => &[],
        Kind::Subnetwork => subnetwork::MANAGED,
        Kind::Nat => nat::MANAGED,
        Kind::Connector => connector::MANAGED,
        Kind::ServiceEgress => service_egress::MANAGED,
        Kind::ServiceIngress => service_ingress::MANAGED,
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// Identity of a resource. Prints as Google prints it; a part of a resource that has no path of its own
/// (a NAT entry, one aspect of a service) stands behind a `#`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // Each variant is the kind of the same name.
pub enum Id {
    Network(NetworkRef),
    Subnetwork(RegionalRef),
    Route(RouteRef),
    Address(RegionalRef),
    Router(RegionalRef),
    Nat(NatRef),
    Connector(RegionalRef),
    Revision(RevisionRef),
    ServiceEgress(ServiceRef),
    ServiceIngress(ServiceRef),
}

impl Id {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Network(_) => Kind::Network,
            Self::Subnetwork(_) => Kind::Subnetwork,
            Self::Route(_) => Kind::Route,
            Self::Address(_) => Kind::Address,
            Self::Router(_) => Kind::Router,
            Self::Nat(_) => Kind::Nat,
            Self::Connector(_) => Kind::Connector,
            Self::Revision(_) => Kind::Revision,
            Self::ServiceEgress(_) => Kind::ServiceEgress,
            Self::ServiceIngress(_) => Kind::ServiceIngress,
        }
    }

    /// Steps with the same lock write to the same object at Google, so they run one after the other.
    #[must_use]
    pub fn lock(&self) -> Self {
        match self {
            Self::Nat(nat) => Self::Router(nat.router.clone()),
            Self::ServiceIngress(service) => Self::ServiceEgress(service.clone()),
            Self::Network(_)
            | Self::Subnetwork(_)
            | Self::Route(_)
            | Self::Address(_)
            | Self::Router(_)
            | Self::Connector(_)
            | Self::Revision(_)
            | Self::ServiceEgress(_) => self.clone(),
        }
    }

    /// The last part of the path: what people call it.
    pub fn short(&self) -> &str {
        match self {
            Self::Network(id) => id.name.as_str(),
            Self::Subnetwork(id) | Self::Address(id) | Self::Router(id) | Self::Connector(id) => {
                id.name.as_str()
            }
            Self::Route(id) => id.name.as_str(),
            Self::Nat(id) => id.name.as_str(),
            Self::Revision(id) => &id.name,
            Self::ServiceEgress(id) | Self::ServiceIngress(id) => id.name.as_str(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(id) => write!(out, "{id}"),
            Self::Subnetwork(id) => out.write_str(&id.compute("subnetworks")),
            Self::Route(id) => write!(out, "projects/{}/global/routes/{}", id.project, id.name),
            Self::Address(id) => out.write_str(&id.compute("addresses")),
            Self::Router(id) => out.write_str(&id.compute("routers")),
            Self::Nat(id) => write!(out, "{}#nats/{}", id.router.compute("routers"), id.name),
            Self::Connector(id) => out.write_str(&id.location("connectors")),
            Self::Revision(id) => write!(out, "{}/revisions/{}", id.service, id.name),
            Self::ServiceEgress(id) => write!(out, "{id}#egress"),
            Self::ServiceIngress(id) => write!(out, "{id}#ingress"),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A thing as we want it: only the fields that we manage or must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Resource {
    /// A network that has to be there.
    Network(NetworkRef),
    /// A subnetwork that we make.
    Subnetwork(Subnetwork),
    /// Somebody's subnetwork, which needs effective Private Google Access.
    ExistingSubnetwork(RegionalRef),
    /// An external address: used when there, reserved when not.
    Address(RegionalRef),
    /// A router that we make.
    Router(Router),
    /// Somebody's router, in which our entry goes.
    ExistingRouter(Router),
    /// A NAT entry that we make.
    Nat(Nat),
    /// A connector that we make.
    Connector(Connector),
    /// Somebody's connector.
    ExistingConnector(RegionalRef),
    /// How a source's traffic leaves.
    ServiceEgress(ServiceEgress),
    /// Who may reach a destination.
    ServiceIngress(ServiceIngress),
}

impl Resource {
    /// Which thing it is about.
    pub fn id(&self) -> Id {
        match self {
            Self::Network(id) => Id::Network(id.clone()),
            Self::Subnetwork(wanted) => Id::Subnetwork(wanted.id.clone()),
            Self::ExistingSubnetwork(id) => Id::Subnetwork(id.clone()),
            Self::Address(id) => Id::Address(id.clone()),
            Self::Router(wanted) | Self::ExistingRouter(wanted) => Id::Router(wanted.id.clone()),
            Self::Nat(wanted) => Id::Nat(wanted.id.clone()),
            Self::Connector(wanted) => Id::Connector(wanted.id.clone()),
            Self::ExistingConnector(id) => Id::Connector(id.clone()),
            Self::ServiceEgress(wanted) => Id::ServiceEgress(wanted.service.clone()),
            Self::ServiceIngress(wanted) => Id::ServiceIngress(wanted.service.clone()),
        }
    }
}

/// A thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // Each variant is the kind of the same name.
pub enum Live {
    Network(Network),
    Subnetwork(LiveSubnetwork),
    Route(Route),
    Address(LiveAddress),
    Router(LiveRouter),
    Connector(LiveConnector),
    Service(Service),
    Revision(Revision),
    Job(Job),
}

/// One field that differs: Google's own name for it, what is there, what shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// As Google spells it, with dots between the levels.
    pub field: std::borrow::Cow<'static, str>,
    /// What is there now; null when nothing is.
    pub from: Value,
    /// What shall be there; null when nothing shall be.
    pub to: Value,
}

impl FieldChange {
    /// A difference in one field.
    pub fn new(field: impl Into<std::borrow::Cow<'static, str>>, from: Value, to: Value) -> Self {
        Self {
            field: field.into(),
            from,
            to,
        }
    }
}
