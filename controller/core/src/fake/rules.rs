//! What Google accepts, and what becomes of it.
//!
//! A write has two moments: [`State::check`] refuses what Google refuses at once, and [`State::finish`] is what an
//! operation leaves behind when it ends, which may be an error too.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::{CloudError, CloudErrorKind, Write};
use crate::codes::Code;
use crate::fake::State;
use crate::kinds::nat::{NATS_PER_ROUTER, SUBNETWORKS_PER_NAT};
use crate::kinds::router::ROUTERS_PER_NETWORK_AND_REGION;
use crate::kinds::{
    Connector, ConnectorState, Id, Live, LiveAddress, LiveConnector, LiveNat, LiveRouter,
    LiveSubnetwork, Nat, NatAddresses, NatRef, NatSources, RegionalRef, Router, Subnetwork,
};

type Accepted = Result<(), CloudError>;

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

fn missing<T>(id: &Id) -> Result<T, CloudError> {
    refuse(CloudErrorKind::Invalid, format!("{id} was not found"))
}

fn exists<T>(id: &Id) -> Result<T, CloudError> {
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
                let making = connector(wanted, ConnectorState::Creating);
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
                let ready = connector(wanted, ConnectorState::Ready);
                if let Some(live) = self.connectors.get_mut(&wanted.id) {
                    *live = ready;
                }
                return Ok(None);
            }
            Write::DeleteConnector(id) => drop(self.connectors.remove(id)),
            Write::PatchService(patch) => return self.patch_service(patch).map(Some),
            Write::CreateSubnetwork(..)
            | Write::SetPrivateGoogleAccess(..)
            | Write::DeleteSubnetwork(_)
            | Write::CreateAddress(..)
            | Write::DeleteAddress(_)
            | Write::CreateRouter(..)
            | Write::DeleteRouter(_)
            | Write::PutNat(_)
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
                let live = LiveSubnetwork {
                    id: wanted.id.clone(),
                    network: wanted.network.clone(),
                    cidr: Some(wanted.cidr),
                    private_google_access: true,
                    mark: Some(mark.clone()),
                };
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
                let live = LiveRouter {
                    id: wanted.id.clone(),
                    network: wanted.network.clone(),
                    mark: Some(mark.clone()),
                    nats: Vec::new(),
                };
                self.routers.insert(wanted.id.clone(), live);
            }
            // Its NAT entries go with it, whoever made them.
            Write::DeleteRouter(id) => drop(self.routers.remove(id)),
            Write::PutNat(wanted) => self.put_nat(wanted),
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

    fn put_nat(&mut self, wanted: &Nat) {
        let Some(router) = self.routers.get_mut(&wanted.id.router) else {
            return;
        };
        let all = BTreeSet::from(["ALL_IP_RANGES".to_owned()]);
        let listed: BTreeMap<RegionalRef, BTreeSet<String>> = wanted
            .subnetworks
            .iter()
            .map(|id| (id.clone(), all.clone()))
            .collect();
        let live = LiveNat {
            name: wanted.id.name.clone(),
            public: true,
            addresses: wanted.addresses.clone(),
            sources: NatSources::Listed(listed),
            min_ports_per_vm: wanted.min_ports_per_vm,
        };
        match router
            .nats
            .iter_mut()
            .find(|nat| nat.name == wanted.id.name)
        {
            Some(entry) => *entry = live,
            None => router.nats.push(live),
        }
    }

    fn set_state(&mut self, id: &RegionalRef, state: ConnectorState) {
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
                    return missing(&id);
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

    fn check_subnetwork(&self, wanted: &Subnetwork) -> Accepted {
        if self.subnetworks.contains_key(&wanted.id) {
            return exists(&Id::Subnetwork(wanted.id.clone()));
        }
        if !self.networks.contains_key(&wanted.network) {
            return missing(&Id::Network(wanted.network.clone()));
        }
        let overlaps = self.subnetworks.values().any(|other| {
            other.network == wanted.network
                && other
                    .cidr
                    .is_some_and(|cidr| cidr.contains(&wanted.cidr) || wanted.cidr.contains(&cidr))
        });
        if overlaps {
            return refuse(
                CloudErrorKind::Invalid,
                "the range overlaps another subnetwork's",
            );
        }
        Ok(())
    }

    fn check_subnetwork_unused(&self, id: &RegionalRef) -> Accepted {
        if let Some(user) = self
            .connectors
            .values()
            .find(|c| c.subnetwork.as_ref() == Some(id))
        {
            return refuse(
                CloudErrorKind::InUse,
                format!("connector {} is on it", user.id.name),
            );
        }
        let lists = |nat: &LiveNat| nat.listed().any(|listed| listed == id);
        if self
            .routers
            .values()
            .flat_map(|router| &router.nats)
            .any(lists)
        {
            return refuse(CloudErrorKind::InUse, "the subnetwork is in use by nat");
        }
        Ok(())
    }

    fn check_address_free(&self, id: &RegionalRef, except: Option<&NatRef>) -> Accepted {
        let here =
            |router: &&LiveRouter| router.id.project == id.project && router.id.region == id.region;
        for router in self.routers.values().filter(here) {
            for nat in &router.nats {
                let own = except.is_some_and(|own| own.router == router.id && own.name == nat.name);
                let sends = matches!(&nat.addresses, NatAddresses::Manual(names) if names.contains(&id.name));
                if sends && !own {
                    return refuse(
                        CloudErrorKind::InUse,
                        format!("NAT {} sends from it", nat.name),
                    );
                }
            }
        }
        Ok(())
    }

    fn check_router(&self, wanted: &Router) -> Accepted {
        if self.routers.contains_key(&wanted.id) {
            return exists(&Id::Router(wanted.id.clone()));
        }
        if !self.networks.contains_key(&wanted.network) {
            return missing(&Id::Network(wanted.network.clone()));
        }
        let there = self.routers.values().filter(|router| {
            router.network == wanted.network && router.id.region == wanted.id.region
        });
        if there.count() >= ROUTERS_PER_NETWORK_AND_REGION {
            return refuse(
                CloudErrorKind::Quota,
                "the network has five routers in this region",
            );
        }
        Ok(())
    }

    fn check_nat(&self, wanted: &Nat) -> Accepted {
        let invalid = |why: &str| refuse(CloudErrorKind::Invalid, why);
        let Some(router) = self.routers.get(&wanted.id.router) else {
            return missing(&Id::Router(wanted.id.router.clone()));
        };
        let others = || {
            let beside = self.routers.values().filter(|other| {
                other.network == router.network && other.id.region == router.id.region
            });
            beside
                .flat_map(|other| other.nats.iter().map(move |nat| (&other.id, nat)))
                .filter(|(id, nat)| **id != router.id || nat.name != wanted.id.name)
        };
        let there = router
            .nats
            .iter()
            .filter(|nat| nat.name != wanted.id.name)
            .count();
        if there >= NATS_PER_ROUTER {
            return refuse(CloudErrorKind::Quota, "the router has fifty NAT entries");
        }
        if wanted.subnetworks.is_empty() || wanted.subnetworks.len() > SUBNETWORKS_PER_NAT {
            return invalid("a NAT serves one to fifty subnetworks");
        }
        for id in &wanted.subnetworks {
            match self.subnetworks.get(id) {
                None => return missing(&Id::Subnetwork(id.clone())),
                Some(live) if live.network != router.network => {
                    return invalid("the subnetwork is in another network than the router");
                }
                Some(_) => {}
            }
            if others().any(|(_, nat)| nat.public && nat.listed().any(|listed| listed == id)) {
                return invalid("another NAT lists the subnetwork already");
            }
        }
        if others().any(|(_, nat)| nat.public && !matches!(nat.sources, NatSources::Listed(_))) {
            return invalid(
                "can not create new Nats since a Nat with option ALL_SUBNETWORKS exists",
            );
        }
        let NatAddresses::Manual(names) = &wanted.addresses else {
            return Ok(());
        };
        for name in names {
            let RegionalRef {
                project, region, ..
            } = router.id.clone();
            let address = RegionalRef {
                project,
                region,
                name: name.clone(),
            };
            if !self
                .addresses
                .get(&address)
                .is_some_and(|live| live.external)
            {
                return missing(&Id::Address(address));
            }
            self.check_address_free(&address, Some(&wanted.id))?;
        }
        Ok(())
    }

    fn check_growth(&self, wanted: &Connector) -> Accepted {
        self.check_idle(&wanted.id)?;
        match self.connectors.get(&wanted.id) {
            None => missing(&Id::Connector(wanted.id.clone())),
            Some(live) if live.state != ConnectorState::Ready => {
                refuse(CloudErrorKind::Invalid, "the connector is in ERROR")
            }
            Some(live) if wanted.shrinks(live) => {
                refuse(CloudErrorKind::Invalid, "a connector never shrinks")
            }
            Some(_) => Ok(()),
        }
    }

    /// One operation on a connector at a time. Google deletes one that services use without a word.
    fn check_idle(&self, id: &RegionalRef) -> Accepted {
        match self.connectors.get(id).map(|live| live.state) {
            Some(
                ConnectorState::Creating | ConnectorState::Updating | ConnectorState::Deleting,
            ) => refuse(CloudErrorKind::Conflict, "the connector is being worked on"),
            Some(ConnectorState::Ready | ConnectorState::Error | ConnectorState::Unknown)
            | None => Ok(()),
        }
    }
}

fn connector(wanted: &Connector, state: ConnectorState) -> LiveConnector {
    LiveConnector {
        id: wanted.id.clone(),
        subnetwork: Some(wanted.subnetwork.clone()),
        hidden: None,
        machine_type: wanted.machine_type.to_string(),
        min_instances: u32::from(wanted.instances.min),
        max_instances: u32::from(wanted.instances.max),
        state,
    }
}
