//! What Google accepts, and what becomes of it.
//!
//! A write has two moments: [`State::check`] refuses what Google refuses at once, and [`State::finish`] is what an
//! operation leaves behind when it ends, which may be an error too.

use crate::cloud::{CloudError, CloudErrorKind, Write};
use crate::codes::Code;
use crate::fake::State;
use crate::kinds::{Connector, ConnectorState, Id, Live, LiveAddress, RegionalRef};

pub(super) type Accepted = Result<(), CloudError>;

pub(super) fn refuse<T>(kind: CloudErrorKind, why: impl Into<String>) -> Result<T, CloudError> {
    let code = match kind {
        CloudErrorKind::Transient => Code::ServerFailed,
        CloudErrorKind::Denied => Code::PermissionDenied,
        CloudErrorKind::Quota => Code::QuotaExceeded,
        CloudErrorKind::Conflict => Code::ChangedMeanwhile,
        CloudErrorKind::Invalid => Code::RequestRefused,
        CloudErrorKind::InUse => Code::InUse,
        CloudErrorKind::Disabled => Code::ApiDisabled,
    };
    Err(CloudError::new(kind, code, why))
}

pub(super) fn missing<T>(id: &Id) -> Result<T, CloudError> {
    refuse(CloudErrorKind::Invalid, format!("{id} was not found"))
}

pub(super) fn exists<T>(id: &Id) -> Result<T, CloudError> {
    refuse(CloudErrorKind::Conflict, format!("{id} already exists"))
}

impl State {
    /// Does anything become visible as soon as the operation runs?
    pub fn shows_progress(write: &Write) -> bool {
        matches!(
            write,
            Write::CreateConnector(_) | Write::UpdateConnector(_) | Write::DeleteConnector(_)
        )
    }

    /// What is visible while the operation runs.
    pub fn begin(&mut self, write: &Write) {
        match write {
            Write::CreateConnector(wanted) => {
                let making = wanted.made(ConnectorState::Creating);
                self.connectors.insert(wanted.id.clone(), making);
            }
            Write::UpdateConnector(wanted) => self.set_state(&wanted.id, ConnectorState::Updating),
            Write::DeleteConnector(id) => self.set_state(id, ConnectorState::Deleting),
            Write::CreateSubnetwork(..)
            | Write::SetPrivateGoogleAccess(..)
            | Write::DeleteSubnetwork(_)
            | Write::CreateAddress(..)
            | Write::DeleteAddress(_)
            | Write::CreateRouter(..)
            | Write::DeleteRouter(_)
            | Write::PutNat(_)
            | Write::PutNats(..)
            | Write::DeleteNat(_)
            | Write::PatchService(_) => {}
        }
    }

    /// What the operation leaves behind when it ends.
    pub fn finish(&mut self, write: &Write) -> Result<Option<Live>, CloudError> {
        self.serial += 1;
        match write {
            Write::CreateConnector(wanted) => return self.finish_connector(wanted),
            Write::UpdateConnector(wanted) => {
                let ready = wanted.made(ConnectorState::Ready);
                if let Some(live) = self.connectors.get_mut(&wanted.id) {
                    *live = ready;
                }
                return Ok(None);
            }
            Write::DeleteConnector(id) => drop(self.connectors.remove(id)),
            Write::PatchService(patch) => return self.patch_service(patch, None).map(Some),
            Write::CreateSubnetwork(..)
            | Write::SetPrivateGoogleAccess(..)
            | Write::DeleteSubnetwork(_)
            | Write::CreateAddress(..)
            | Write::DeleteAddress(_)
            | Write::CreateRouter(..)
            | Write::DeleteRouter(_)
            | Write::PutNat(_)
            | Write::PutNats(..)
            | Write::DeleteNat(_) => {
                // Something else may have ended while this operation ran.
                self.check(write)?;
                self.change(write);
            }
        }
        Ok(None)
    }

    /// The effect of a write to Compute that has been checked.
    fn change(&mut self, write: &Write) {
        match write {
            Write::CreateSubnetwork(wanted, mark) => {
                let live = wanted.made(mark);
                self.subnetworks.insert(wanted.id.clone(), live);
            }
            Write::SetPrivateGoogleAccess(id, on) => {
                if let Some(live) = self.subnetworks.get_mut(id) {
                    live.private_google_access = *on;
                }
            }
            Write::DeleteSubnetwork(id) => drop(self.subnetworks.remove(id)),
            Write::CreateAddress(id, mark) => {
                let live = LiveAddress {
                    id: id.clone(),
                    external: true,
                    mark: Some(mark.clone()),
                };
                self.addresses.insert(id.clone(), live);
            }
            Write::DeleteAddress(id) => drop(self.addresses.remove(id)),
            Write::CreateRouter(wanted, mark) => {
                let live = wanted.made(mark);
                self.routers.insert(wanted.id.clone(), live);
            }
            // Its NAT entries go with it, whoever made them.
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
            Write::CreateConnector(_)
            | Write::UpdateConnector(_)
            | Write::DeleteConnector(_)
            | Write::PatchService(_) => {}
        }
    }

    pub(super) fn set_state(&mut self, id: &RegionalRef, state: ConnectorState) {
        if let Some(live) = self.connectors.get_mut(id) {
            live.state = state;
        }
    }

    /// A connector whose making fails keeps its name, in ERROR.
    fn finish_connector(&mut self, wanted: &Connector) -> Result<Option<Live>, CloudError> {
        let shared = self.connectors.values().any(|other| {
            other.id != wanted.id && other.subnetwork.as_ref() == Some(&wanted.subnetwork)
        });
        let fits = self.subnetworks.contains_key(&wanted.subnetwork) && !shared;
        if fits {
            self.set_state(&wanted.id, ConnectorState::Ready);
            return Ok(None);
        }
        self.set_state(&wanted.id, ConnectorState::Error);
        refuse(
            CloudErrorKind::Invalid,
            "the connector failed to get healthy: its subnetwork is not free",
        )
    }

    /// What Google refuses as soon as it is asked.
    pub fn check(&self, write: &Write) -> Result<(), CloudError> {
        let id = write.id();
        match write {
            Write::CreateSubnetwork(wanted, _) => self.check_subnetwork(wanted),
            Write::SetPrivateGoogleAccess(subnetwork, on) => {
                if !self.subnetworks.contains_key(subnetwork) {
                    // Its fingerprint is read first.
                    return refuse(CloudErrorKind::Conflict, "it is no longer there");
                }
                if !on && self.nat_serving(subnetwork).is_some() {
                    return refuse(CloudErrorKind::Invalid, "a Cloud NAT serves the subnetwork");
                }
                Ok(())
            }
            Write::DeleteSubnetwork(subnetwork) => self.check_subnetwork_unused(subnetwork),
            Write::CreateAddress(address, _) if self.addresses.contains_key(address) => exists(&id),
            Write::DeleteAddress(address) => self.check_address_free(address, None),
            Write::CreateRouter(wanted, _) => self.check_router(wanted),
            Write::PutNat(wanted) => self.check_nat(wanted),
            Write::PutNats(..) => self.check_nats(write),
            Write::CreateConnector(wanted) if self.connectors.contains_key(&wanted.id) => {
                exists(&id)
            }
            Write::CreateConnector(wanted)
                if !self.subnetworks.contains_key(&wanted.subnetwork) =>
            {
                missing(&Id::Subnetwork(wanted.subnetwork.clone()))
            }
            Write::CreateAddress(..)
            | Write::DeleteRouter(_)
            | Write::DeleteNat(_)
            | Write::CreateConnector(_) => Ok(()),
            Write::UpdateConnector(wanted) => self.check_growth(wanted),
            Write::DeleteConnector(connector) => self.check_idle(connector),
            Write::PatchService(patch) => self.check_service(patch),
        }
    }
}
