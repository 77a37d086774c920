//! What Google refuses before it begins: one function per rule that a write has to pass.

use crate::cloud::{CloudErrorKind, Write};
use crate::fake::State;
use crate::fake::rules::{Accepted, exists, missing, refuse};
use crate::kinds::nat::{NATS_PER_ROUTER, SUBNETWORKS_PER_NAT};
use crate::kinds::router::ROUTERS_PER_NETWORK_AND_REGION;
use crate::kinds::{
    Connector, ConnectorState, Id, LiveNat, LiveRouter, Nat, NatAddresses, NatRef, NatSources,
    RegionalRef, Router, Subnetwork,
};

impl State {
    pub(super) fn check_subnetwork(&self, wanted: &Subnetwork) -> Accepted {
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

    pub(super) fn check_subnetwork_unused(&self, id: &RegionalRef) -> Accepted {
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

    pub(super) fn check_address_free(&self, id: &RegionalRef, except: Option<&NatRef>) -> Accepted {
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

    pub(super) fn check_router(&self, wanted: &Router) -> Accepted {
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

    pub(super) fn check_nat(&self, wanted: &Nat) -> Accepted {
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

    /// The list is judged as it will be: as if its entries were put into it one by one, without those that they replace.
    pub(super) fn check_nats(&self, write: &Write) -> Accepted {
        let mut list = self.clone();
        for wanted in write.puts() {
            if let Some(router) = list.routers.get_mut(&wanted.id.router) {
                router.nats.retain(|nat| nat.name != wanted.id.name);
            }
        }
        for wanted in write.puts() {
            list.check_nat(wanted)?;
            if let Some(router) = list.routers.get_mut(&wanted.id.router) {
                router.put(wanted.made());
            }
        }
        Ok(())
    }

    pub(super) fn check_growth(&self, wanted: &Connector) -> Accepted {
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

    /// One operation on a connector at a time. Google deletes one that services or jobs use without a word.
    pub(super) fn check_idle(&self, id: &RegionalRef) -> Accepted {
        match self.connectors.get(id).map(|live| live.state) {
            Some(
                ConnectorState::Creating | ConnectorState::Updating | ConnectorState::Deleting,
            ) => refuse(CloudErrorKind::Conflict, "the connector is being worked on"),
            Some(ConnectorState::Ready | ConnectorState::Error | ConnectorState::Unknown)
            | None => Ok(()),
        }
    }
}
