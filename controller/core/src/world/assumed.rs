//! The snapshot as it would be after a write that works out. Nothing is asked, so nothing of it is ever the ground
//! for a write: it serves to say before the first one what a whole turn will come to.

use std::sync::Arc;

use crate::cloud::{ServicePatch, Write};
use crate::kinds::{ConnectorState, Id, Live, LiveAddress, RegionalRef, Service};
use crate::world::World;

/// The name of a revision that Google has not named yet.
const NEXT_REVISION: &str = "the next revision";

impl World {
    /// Takes a write for done.
    pub fn assume(&mut self, write: &Write) {
        match write {
            Write::CreateSubnetwork(wanted, mark) => {
                self.insert(Live::Subnetwork(wanted.made(mark)));
            }
            Write::SetPrivateGoogleAccess(id, on) => {
                if let Some(live) = self.subnetworks.get_mut(id) {
                    live.private_google_access = *on;
                }
            }
            Write::DeleteSubnetwork(id) => drop(self.subnetworks.remove(id)),
            Write::CreateAddress(id, mark) => self.insert(Live::Address(LiveAddress {
                id: id.clone(),
                external: true,
                mark: Some(mark.clone()),
            })),
            Write::DeleteAddress(id) => drop(self.addresses.remove(id)),
            Write::CreateRouter(wanted, mark) => self.insert(Live::Router(wanted.made(mark))),
            Write::DeleteRouter(id) => drop(self.routers.remove(id)),
            Write::PutNat(_) | Write::PutNats(..) => {
                for wanted in write.puts() {
                    if let Some(router) = self.routers.get_mut(&wanted.id.router) {
                        router.put(wanted.made());
                    }
                }
            }
            Write::DeleteNat(id) => {
                if let Some(router) = self.routers.get_mut(&id.router) {
                    router.nats.retain(|nat| nat.name != id.name);
                }
            }
            Write::CreateConnector(wanted) | Write::UpdateConnector(wanted) => {
                self.insert(Live::Connector(wanted.made(ConnectorState::Ready)));
            }
            Write::DeleteConnector(id) => drop(self.connectors.remove(id)),
            Write::PatchService(patch) => self.assume_patch(patch),
        }
    }

    /// Takes what Google is doing by itself for done.
    pub fn assume_settled(&mut self, id: &Id) {
        match id {
            Id::Connector(connector) => self.settle_connector(connector),
            Id::ServiceEgress(service) | Id::ServiceIngress(service) => {
                if let Some(live) = self.services.get_mut(service) {
                    live.reconciling = false;
                    live.latest_ready.clone_from(&live.latest_created);
                }
            }
            Id::Network(_)
            | Id::Subnetwork(_)
            | Id::Route(_)
            | Id::Address(_)
            | Id::Router(_)
            | Id::Nat(_)
            | Id::Revision(_) => {}
        }
    }

    fn settle_connector(&mut self, id: &RegionalRef) {
        let Some(live) = self.connectors.get_mut(id) else {
            return;
        };
        match live.state {
            ConnectorState::Creating | ConnectorState::Updating => {
                live.state = ConnectorState::Ready;
            }
            ConnectorState::Deleting => drop(self.connectors.remove(id)),
            ConnectorState::Ready | ConnectorState::Error | ConnectorState::Unknown => {}
        }
    }

    /// A changed template becomes a revision that is ready. Traffic that goes to a revision by name stays there.
    fn assume_patch(&mut self, patch: &ServicePatch) {
        let Some(live) = self.services.get(&patch.service) else {
            return;
        };
        let mut service = Service {
            annotations: patch.annotations.clone(),
            ingress: patch.ingress.unwrap_or(live.ingress),
            ..live.clone()
        };
        if let Some(access) = &patch.vpc_access
            && *access != live.vpc_access
        {
            let next: Arc<str> = NEXT_REVISION.into();
            service.vpc_access.clone_from(access);
            service.latest_created = Some(next.clone());
            service.latest_ready = Some(next);
            service.failed = None;
        }
        self.insert(Live::Service(service));
    }
}
