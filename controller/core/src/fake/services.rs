//! Services: versions, and a revision for every change of the template.

use std::sync::Arc;

use crate::cloud::{CloudError, CloudErrorKind, ServicePatch};
use crate::fake::State;
use crate::fake::rules::refuse;
use crate::kinds::{Attachment, ConnectorState, Id, Live, Revision, RevisionRef, VpcAccess};
use crate::link::ServiceRef;

impl State {
    /// The service has to be there and to be the one that the patch was made for.
    pub(super) fn check_service(&self, patch: &ServicePatch) -> Result<(), CloudError> {
        let id = Id::ServiceEgress(patch.service.clone());
        match self.services.get(&patch.service) {
            None => refuse(CloudErrorKind::Invalid, format!("{id} was not found")),
            Some(live) if live.etag != patch.etag => refuse(
                CloudErrorKind::Conflict,
                format!("{} was changed by somebody else", patch.service),
            ),
            Some(_) => Ok(()),
        }
    }

    /// One PATCH. A revision that does not become ready makes the operation fail, and what was written stays. `broken` is
    /// a fault of the revision's own, if the PATCH makes one.
    pub(super) fn patch_service(
        &mut self,
        patch: &ServicePatch,
        broken: Option<String>,
    ) -> Result<Live, CloudError> {
        self.check_service(patch)?;
        if let Some(service) = self.services.get_mut(&patch.service) {
            service.annotations.clone_from(&patch.annotations);
            if let Some(ingress) = patch.ingress {
                service.ingress = ingress;
            }
        }
        let changed = patch.vpc_access.as_ref().filter(|access| {
            self.services
                .get(&patch.service)
                .is_some_and(|service| service.vpc_access != **access)
        });
        if let Some(access) = changed {
            self.deploy(&patch.service, access.clone(), broken);
        }
        self.touch(&patch.service);
        let Some(service) = self.services.get(&patch.service) else {
            return refuse(CloudErrorKind::Invalid, "the service was not found");
        };
        match &service.failed {
            Some(why) if changed.is_some() => refuse(CloudErrorKind::Invalid, why.clone()),
            Some(_) | None => Ok(Live::Service(service.clone())),
        }
    }

    /// Rolls out a new revision with this template. `broken` is a fault of its own, such as a crashing container.
    pub fn deploy(&mut self, id: &ServiceRef, access: Option<VpcAccess>, broken: Option<String>) {
        self.serial += 1;
        let name: Arc<str> = format!("{}-{:05}", id.name, self.serial).into();
        let unusable = access.as_ref().and_then(|access| self.unusable(access));
        // A container that never started does not start now either.
        let never = self.services.get(id).and_then(|service| {
            let started = service.latest_ready.is_some();
            service.failed.clone().filter(|_| !started)
        });
        let not_ready = broken.or(unusable).or(never);
        let revision = RevisionRef {
            service: id.clone(),
            name: name.clone(),
        };
        if let Some(service) = self.services.get_mut(id) {
            service.vpc_access.clone_from(&access);
            service.latest_created = Some(name.clone());
            if not_ready.is_none() {
                service.latest_ready = Some(name);
            }
            service.failed.clone_from(&not_ready);
        }
        self.revisions.insert(
            revision.clone(),
            Revision {
                id: revision,
                vpc_access: access,
                not_ready,
            },
        );
    }

    /// A new version of a service: who holds the old one has to read again.
    pub fn touch(&mut self, id: &ServiceRef) {
        self.serial += 1;
        let etag: Arc<str> = format!("v{}", self.serial).into();
        if let Some(service) = self.services.get_mut(id) {
            service.etag = etag;
        }
    }

    /// Why a revision cannot start with this attachment.
    fn unusable(&self, access: &VpcAccess) -> Option<String> {
        let id = match &access.attachment {
            Attachment::Connector(id) => id,
            Attachment::Direct { network, .. } => {
                let gone = network
                    .as_ref()
                    .filter(|id| !self.networks.contains_key(*id));
                return gone.map(|id| format!("VPC network {id} does not exist"));
            }
        };
        match self.connectors.get(id).map(|live| live.state) {
            Some(ConnectorState::Ready | ConnectorState::Updating) => None,
            Some(
                ConnectorState::Creating
                | ConnectorState::Deleting
                | ConnectorState::Error
                | ConnectorState::Unknown,
            ) => Some(format!("VPC connector {} is not ready", id.name)),
            None => Some(format!("VPC connector {} does not exist", id.name)),
        }
    }
}
