//! What becomes of a write that goes wrong: refused at once, or after Google has taken it on.

use crate::cloud::{CloudError, CloudErrorKind, ServicePatch, Write};
use crate::codes::Code;
use crate::fake::rules::refuse;
use crate::fake::{Fault, OTHER_WRITER, State};
use crate::kinds::{Connector, ConnectorState, Live, RegionalRef};

type Answer = Result<Option<Live>, CloudError>;

impl Fault {
    /// The answer to a write that does not get as far as Google's rules.
    pub(super) fn refuses(self, write: &Write) -> Result<(), CloudError> {
        match self {
            Self::Transient => refuse(CloudErrorKind::Transient, "the server failed"),
            Self::Denied => refuse(CloudErrorKind::Denied, "a permission is missing"),
            Self::Quota => refuse(CloudErrorKind::Quota, "a quota is used up"),
            Self::Overtaken => overtaken(write),
            Self::LostReply
            | Self::Crash
            | Self::Fails
            | Self::Breaks
            | Self::Unending
            | Self::LostUpdate => Ok(()),
        }
    }
}

fn overtaken(write: &Write) -> Result<(), CloudError> {
    let kind = match write {
        Write::DeleteSubnetwork(_) | Write::DeleteAddress(_) | Write::DeleteRouter(_) => {
            CloudErrorKind::InUse
        }
        Write::CreateSubnetwork(..)
        | Write::SetPrivateGoogleAccess(..)
        | Write::CreateAddress(..)
        | Write::CreateRouter(..)
        | Write::PutNat(_)
        | Write::PutNats(..)
        | Write::DeleteNat(_)
        | Write::CreateConnector(_)
        | Write::UpdateConnector(_)
        | Write::DeleteConnector(_)
        | Write::PatchService(_) => CloudErrorKind::Conflict,
    };
    refuse(kind, "somebody was faster")
}

impl State {
    /// One write from its sending to its end, with nothing else under way.
    ///
    /// # Errors
    ///
    /// As Google answers. What becomes of a write whose sender hears nothing of it is told all the same.
    pub fn carry_out(&mut self, write: &Write, fault: Option<Fault>) -> Answer {
        if let Some(fault) = fault {
            fault.refuses(write)?;
        }
        self.check(write)?;
        let asked = self.clone();
        if Self::shows_progress(write) {
            self.begin(write);
        }
        let slow = fault == Some(Fault::Unending);
        if let (true, Write::PatchService(patch)) = (slow, write) {
            let answer = self.begin_rollout(patch);
            self.end_rollout(patch);
            return match answer {
                // Nobody waits for it, and it is through now.
                Err(error) if error.kind == CloudErrorKind::Transient => Ok(None),
                Ok(_) | Err(_) => answer,
            };
        }
        self.end(write, &asked, fault)
    }

    /// The end of a write that Google has taken on; `asked` is what was there when it was sent.
    pub(super) fn end(&mut self, write: &Write, asked: &Self, fault: Option<Fault>) -> Answer {
        match fault {
            Some(Fault::Fails) => self.fail(write, asked),
            Some(Fault::Breaks) => self.break_connector(write),
            Some(Fault::LostUpdate) => self.lose_an_entry(write),
            Some(
                Fault::Transient
                | Fault::Denied
                | Fault::Quota
                | Fault::LostReply
                | Fault::Crash
                | Fault::Overtaken
                | Fault::Unending,
            )
            | None => self.finish(write),
        }
    }

    /// The operation ends in an error; `asked` is what was there when the write was sent.
    fn fail(&mut self, write: &Write, asked: &Self) -> Answer {
        self.serial += 1;
        match write {
            // Whatever it failed for, it is there and has to be deleted.
            Write::CreateConnector(Connector { id, .. }) => {
                self.set_state(id, ConnectorState::Error);
            }
            Write::UpdateConnector(Connector { id, .. }) | Write::DeleteConnector(id) => {
                self.restore_connector(id, asked);
            }
            Write::PatchService(patch) => {
                // One change of a template makes one revision, and that is the one that fails.
                let why = "the container did not start".to_owned();
                self.patch_service(patch, Some(why))?;
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
    fn break_connector(&mut self, write: &Write) -> Answer {
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
    fn lose_an_entry(&mut self, write: &Write) -> Answer {
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
        self.patch_service(patch, None)?;
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
