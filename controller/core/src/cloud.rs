//! The only port to the world. Everything that reaches Google Cloud, or stands in for it in a test,
//! implements [`Cloud`]; nothing else in this crate waits for anything.
//!
//! # Contract
//!
//! * **Lists are whole or say that they are not.** A list that could not be read to its end is an error, never
//!   a shorter list; a part of an aggregated answer that Google calls unreachable is named in
//!   [`Listing::unreadable`]. What was not read is never taken for absent.
//! * **Writes are idempotent.** Names are functions of the declaration, and every write states the wished end:
//!   sending one twice does no harm. A create of what is there already is a [`CloudErrorKind::Conflict`], a
//!   delete of what is gone is success.
//! * **Writes end when Google says that they are done.** The implementation waits for long-running operations,
//!   and an operation that ends in an error is an error of the write.
//! * **The implementation retries** what is worth it: rate limits, transient failures, lost connections. What
//!   comes back as [`CloudErrorKind::Transient`] has been tried enough; the caller goes on with other work.
//! * **A reply may be lost.** After an error nobody knows whether the write took place. The caller observes
//!   again; it never assumes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;

use crate::codes::Code;
use crate::ids::{ProjectId, Region};
use crate::kinds::{
    Connector, IngressSetting, Live, Nat, NatRef, RegionalRef, Router, Subnetwork, VpcAccess,
};
use crate::link::ServiceRef;
use crate::names::Mark;

/// Google Cloud, or a stand-in.
pub trait Cloud: Send + Sync {
    /// Reads everything of one kind in one scope, all pages of it.
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>>;

    /// Reads one thing again. `Ok(None)` means that Google says it is not there.
    ///
    /// A NAT entry is read as its router, either aspect of a service as the service.
    fn get<'a>(
        &'a self,
        id: &'a crate::kinds::Id,
    ) -> BoxFuture<'a, Result<Option<Live>, CloudError>>;

    /// Carries out one write and waits for its end.
    ///
    /// Returns the thing as it is afterwards where a later write needs to know (a service, whose etag has
    /// changed), and `None` otherwise.
    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>>;

    /// Waits until Google has finished what it is doing to one thing by itself: a connector that is being made, a
    /// service that is being rolled out, begun by a run that was killed or by somebody else. Only reads, and gives
    /// up after a bounded time. A stand-in without time has nothing to wait for.
    fn settle<'a>(&'a self, _id: &'a crate::kinds::Id) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(futures::future::ready(Ok(())))
    }
}

/// One list: a kind in a project, for Cloud Run and VPC Access in one region of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Scope {
    /// Networks of a project.
    Networks(ProjectId),
    /// Routes of a project.
    Routes(ProjectId),
    /// Subnetworks of a project, all regions in one aggregated list.
    Subnetworks(ProjectId),
    /// Regional external addresses of a project, all regions in one aggregated list.
    Addresses(ProjectId),
    /// Routers of a project with their NAT entries, all regions in one aggregated list.
    Routers(ProjectId),
    /// Connectors of a project in a region.
    Connectors(ProjectId, Region),
    /// Cloud Run services of a project in a region.
    Services(ProjectId, Region),
    /// Cloud Run jobs of a project in a region.
    Jobs(ProjectId, Region),
}

impl Scope {
    /// The project that is asked.
    pub fn project(&self) -> &ProjectId {
        match self {
            Self::Networks(project)
            | Self::Routes(project)
            | Self::Subnetworks(project)
            | Self::Addresses(project)
            | Self::Routers(project)
            | Self::Connectors(project, _)
            | Self::Services(project, _)
            | Self::Jobs(project, _) => project,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Networks(project) => write!(out, "networks of {project}"),
            Self::Routes(project) => write!(out, "routes of {project}"),
            Self::Subnetworks(project) => write!(out, "subnetworks of {project}"),
            Self::Addresses(project) => write!(out, "addresses of {project}"),
            Self::Routers(project) => write!(out, "routers of {project}"),
            Self::Connectors(project, region) => write!(out, "connectors of {project} in {region}"),
            Self::Services(project, region) => write!(out, "services of {project} in {region}"),
            Self::Jobs(project, region) => write!(out, "jobs of {project} in {region}"),
        }
    }
}

/// What a list answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Everything that was read.
    pub items: Vec<Live>,
    /// Regions that an aggregated answer called unreachable, with Google's words.
    pub unreadable: BTreeMap<Region, String>,
}

/// One write, stated so exactly that whoever carries it out has nothing left to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Write {
    /// Makes a subnetwork with Private Google Access on and the mark in its description.
    CreateSubnetwork(Subnetwork, Mark),
    /// Switches Private Google Access of a subnetwork.
    SetPrivateGoogleAccess(RegionalRef, bool),
    /// Deletes a subnetwork.
    DeleteSubnetwork(RegionalRef),
    /// Reserves a regional external address with the mark in its description.
    CreateAddress(RegionalRef, Mark),
    /// Gives an address back.
    DeleteAddress(RegionalRef),
    /// Makes a router without NAT entries and with the mark in its description.
    CreateRouter(Router, Mark),
    /// Deletes a router.
    DeleteRouter(RegionalRef),
    /// Puts one entry into a router's list, in place of the one with the same name if there is one. In an entry
    /// that is there already only the fields of [`Nat`] change. Every other entry stays byte for byte. The
    /// list is read just before and just after; an entry lost to somebody who wrote in between is a
    /// [`CloudErrorKind::Conflict`] that names it.
    PutNat(Nat),
    /// Puts several entries into one router's list in one PATCH, under the same care. So a subnetwork changes from one
    /// entry to another without a moment in neither, and without one in both, which Google refuses.
    PutNats(Nat, Vec<Nat>),
    /// Takes one entry out of a router's list, under the same care.
    DeleteNat(NatRef),
    /// Makes a connector and waits until it is READY.
    CreateConnector(Connector),
    /// Changes machine type and instance limits in place, and waits until the connector is READY.
    UpdateConnector(Connector),
    /// Deletes a connector.
    DeleteConnector(RegionalRef),
    /// Changes how a service's traffic leaves, our annotation, or both, in one PATCH.
    PatchService(ServicePatch),
}

/// One PATCH of a Cloud Run service. What is `None` is not in the update mask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServicePatch {
    /// Which service.
    pub service: ServiceRef,
    /// The version that the patch was made for; Google refuses it when somebody wrote since.
    pub etag: Arc<str>,
    /// The whole map as it shall be, other people's annotations included.
    pub annotations: BTreeMap<String, String>,
    /// `Some(None)` takes the service out of the VPC. Sent together with a cleared `template.revision`.
    pub vpc_access: Option<Option<VpcAccess>>,
    /// The ingress setting.
    pub ingress: Option<IngressSetting>,
}

impl Write {
    /// The resource that is written to.
    pub fn id(&self) -> crate::kinds::Id {
        use crate::kinds::Id;
        match self {
            Self::CreateSubnetwork(wanted, _) => Id::Subnetwork(wanted.id.clone()),
            Self::SetPrivateGoogleAccess(id, _) | Self::DeleteSubnetwork(id) => {
                Id::Subnetwork(id.clone())
            }
            Self::CreateAddress(id, _) | Self::DeleteAddress(id) => Id::Address(id.clone()),
            Self::CreateRouter(wanted, _) => Id::Router(wanted.id.clone()),
            Self::DeleteRouter(id) => Id::Router(id.clone()),
            Self::PutNat(wanted) | Self::PutNats(wanted, _) => Id::Nat(wanted.id.clone()),
            Self::DeleteNat(id) => Id::Nat(id.clone()),
            Self::CreateConnector(wanted) | Self::UpdateConnector(wanted) => {
                Id::Connector(wanted.id.clone())
            }
            Self::DeleteConnector(id) => Id::Connector(id.clone()),
            Self::PatchService(patch) if patch.ingress.is_some() => {
                Id::ServiceIngress(patch.service.clone())
            }
            Self::PatchService(patch) => Id::ServiceEgress(patch.service.clone()),
        }
    }
}

impl Write {
    /// The NAT entries that it puts into a router's list.
    pub fn puts(&self) -> impl Iterator<Item = &Nat> {
        let (first, others) = match self {
            Self::PutNat(wanted) => (Some(wanted), &[][..]),
            Self::PutNats(wanted, others) => (Some(wanted), others.as_slice()),
            Self::CreateSubnetwork(..)
            | Self::SetPrivateGoogleAccess(..)
            | Self::DeleteSubnetwork(_)
            | Self::CreateAddress(..)
            | Self::DeleteAddress(_)
            | Self::CreateRouter(..)
            | Self::DeleteRouter(_)
            | Self::DeleteNat(_)
            | Self::CreateConnector(_)
            | Self::UpdateConnector(_)
            | Self::DeleteConnector(_)
            | Self::PatchService(_) => (None, &[][..]),
        };
        first.into_iter().chain(others)
    }

    /// What it makes of this NAT entry, if it puts it.
    pub fn puts_as(&self, id: &NatRef) -> Option<&Nat> {
        self.puts().find(|wanted| wanted.id == *id)
    }
}

/// What went wrong, classified once: the kind drives what is tried again, the code what the user reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{message}")]
pub struct CloudError {
    /// What to do about it.
    pub kind: CloudErrorKind,
    /// Its page.
    pub code: Code,
    /// One clear sentence, with Google's words where they help. Holds no credentials.
    pub message: String,
    /// What the user can do.
    pub help: Option<String>,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum CloudErrorKind {
    /// Not now, perhaps later: rate limits, server errors, lost connections, deadlines.
    Transient,
    /// Not with these rights: a permission, an organisation policy, credentials.
    Denied,
    /// A quota is used up.
    Quota,
    /// The world is not as it was when this was decided: observe and decide again.
    Conflict,
    /// Google refuses the request, or an operation ended in an error: trying the same again will not help.
    Invalid,
    /// It is still used by something; it may get free.
    InUse,
    /// The API is not enabled in the project.
    Disabled,
}

impl CloudError {
    /// An error with its code and sentence.
    pub fn new(kind: CloudErrorKind, code: Code, message: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            help: None,
        }
    }

    /// Says what the user can do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
