//! What is left behind by a write that goes wrong after Google has taken it on.

use crate::cloud::{CloudError, CloudErrorKind, ServicePatch, Write};
use crate::codes::Code;
use crate::fake::rules::refuse;
use crate::fake::{OTHER_WRITER, State};
use crate::kinds::{Connector, ConnectorState, Live, RegionalRef};

type Answer = Result<Option<Live>, CloudError>;

impl State {
    /// The operation ends in an error; `asked` is what was there when the write was sent.
    pub(super) fn fail(&mut self, write: &Write, asked: &Self) -> Answer {
        self.serial += 1;
        match write {
            Write::CreateConnector(Connector { id, .. })
            | Write::UpdateConnector(Connector { id, .. })
            | Write::DeleteConnector(id) => self.restore_connector(id, asked),
            Write::PatchService(patch) => {
                let changes = self.changes_template(patch);
                self.patch_service(patch)?;
                if let Some(access) = patch.vpc_access.clone().filter(|_| changes) {
                    let why = "the container did not start".to_owned();
                    self.deploy(&patch.service, access, Some(why));
                }
            }
            Write::CreateSubnetwork(..)
            | Write::SetPrivateGoogleAccess(..)
            | Write::DeleteSubnetwork(_)
            | Write::CreateAddress(..)
            | Write::DeleteAddress(_)
            | Write::CreateRouter(..)
            | Write::DeleteRouter(_)
            | Write::PutNat(_)
            | Write::PutNats(..)
            | Write::DeleteNat(_) => {}
        }
        refuse(CloudErrorKind::Invalid, "the operation ended in an error")
    }

    /// A connector that nobody could make or change healthy: it is there, carries nobody, and keeps its name.
    pub(super) fn break_connector(&mut self, write: &Write) -> Answer {
        self.serial += 1;
        if let Write::CreateConnector(wanted) | Write::UpdateConnector(wanted) = write
            && let Some(live) = self.connectors.get_mut(&wanted.id)
        {
            live.state = ConnectorState::Error;
        }
        refuse(
            CloudErrorKind::Invalid,
            "the connector failed to get healthy",
        )
    }

    /// Our change of a router's list is there, and an entry that somebody made in between is not.
    pub(super) fn lose_an_entry(&mut self, write: &Write) -> Answer {
        self.finish(write)?;
        let message = format!(
            "it is written, but somebody wrote the router at the same time ({OTHER_WRITER}), and what they changed in \
             its NAT entries is overwritten"
        );
        Err(CloudError::new(
            CloudErrorKind::Conflict,
            Code::UpdateLost,
            message,
        ))
    }

    /// A change of a service that Google has taken on and still rolls out.
    pub(super) fn begin_rollout(&mut self, patch: &ServicePatch) -> Answer {
        let ready = self
            .services
            .get(&patch.service)
            .and_then(|service| service.latest_ready.clone());
        let changes = self.changes_template(patch);
        self.patch_service(patch)?;
        if let Some(service) = self.services.get_mut(&patch.service).filter(|_| changes) {
            service.latest_ready = ready;
            service.reconciling = true;
        }
        refuse(CloudErrorKind::Transient, UNFINISHED)
    }

    /// The rollout is through.
    pub(super) fn end_rollout(&mut self, patch: &ServicePatch) {
        let Some(service) = self.services.get_mut(&patch.service) else {
            return;
        };
        if service.reconciling {
            service.reconciling = false;
            service.latest_ready.clone_from(&service.latest_created);
        }
    }

    fn changes_template(&self, patch: &ServicePatch) -> bool {
        let live = self.services.get(&patch.service);
        patch
            .vpc_access
            .as_ref()
            .is_some_and(|wanted| live.is_some_and(|live| live.vpc_access != *wanted))
    }

    /// What an operation showed while it ran goes with it.
    fn restore_connector(&mut self, id: &RegionalRef, asked: &Self) {
        match asked.connectors.get(id) {
            Some(was) => drop(self.connectors.insert(id.clone(), was.clone())),
            None => drop(self.connectors.remove(id)),
        }
    }
}

/// What is said of an operation that nobody waits for any longer.
pub(super) const UNFINISHED: &str = "the operation has not ended in the time that we wait";
