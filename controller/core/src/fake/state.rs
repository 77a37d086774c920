//! What is there, and how lists and reads see it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cloud::{Listing, Scope};
use crate::ids::Region;
use crate::kinds::{
    Id, Job, Live, LiveAddress, LiveConnector, LiveNat, LiveRouter, LiveSubnetwork, Network,
    RegionalRef, Revision, RevisionRef, Route, Service, VpcAccess,
};
use crate::link::{NetworkRef, ServiceRef};

/// Everything that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // Each field holds the things of its name.
pub struct State {
    #[serde(serialize_with = "as_values")]
    pub networks: BTreeMap<NetworkRef, Network>,
    pub routes: Vec<Route>,
    #[serde(serialize_with = "as_values")]
    pub subnetworks: BTreeMap<RegionalRef, LiveSubnetwork>,
    #[serde(serialize_with = "as_values")]
    pub addresses: BTreeMap<RegionalRef, LiveAddress>,
    #[serde(serialize_with = "as_values")]
    pub routers: BTreeMap<RegionalRef, LiveRouter>,
    #[serde(serialize_with = "as_values")]
    pub connectors: BTreeMap<RegionalRef, LiveConnector>,
    #[serde(serialize_with = "as_values")]
    pub services: BTreeMap<ServiceRef, Service>,
    #[serde(serialize_with = "as_values")]
    pub revisions: BTreeMap<RevisionRef, Revision>,
    #[serde(
        serialize_with = "as_values",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub jobs: BTreeMap<RegionalRef, Job>,
    /// Grows with every write; versions and revision names are made of it.
    pub serial: u64,
}

/// Everything carries its own identity, so a state is written down as lists.
fn as_values<K, V: Serialize, S: serde::Serializer>(
    map: &BTreeMap<K, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map.values())
}

impl State {
    /// A list of one kind in one scope.
    pub fn list(&self, scope: &Scope) -> Listing {
        let items = match scope {
            Scope::Networks(project) => {
                let inside = self.networks.values().filter(|n| n.id.project == *project);
                inside.cloned().map(Live::Network).collect()
            }
            Scope::Routes(project) => {
                let inside = self.routes.iter().filter(|r| r.id.project == *project);
                inside.cloned().map(Live::Route).collect()
            }
            Scope::Subnetworks(project) => {
                let inside = self
                    .subnetworks
                    .values()
                    .filter(|s| s.id.project == *project);
                inside.cloned().map(Live::Subnetwork).collect()
            }
            Scope::Addresses(project) => {
                let inside = self.addresses.values().filter(|a| a.id.project == *project);
                inside.cloned().map(Live::Address).collect()
            }
            Scope::Routers(project) => {
                let inside = self.routers.values().filter(|r| r.id.project == *project);
                inside.cloned().map(Live::Router).collect()
            }
            Scope::Connectors(project, region) => {
                let here = |c: &&LiveConnector| c.id.project == *project && c.id.region == *region;
                self.connectors
                    .values()
                    .filter(here)
                    .cloned()
                    .map(Live::Connector)
                    .collect()
            }
            Scope::Services(project, region) => {
                let here = |s: &&Service| s.id.project == *project && s.id.region == *region;
                self.services
                    .values()
                    .filter(here)
                    .cloned()
                    .map(Live::Service)
                    .collect()
            }
            Scope::Jobs(project, region) => {
                let here = |j: &&Job| j.id.project == *project && j.id.region == *region;
                let inside = self.jobs.values().filter(here);
                inside.cloned().map(Live::Job).collect()
            }
        };
        Listing {
            items,
            unreadable: BTreeMap::new(),
        }
    }

    /// An aggregated list of which no region was reached; other lists have no such answer.
    pub fn list_unreachable(&self, scope: &Scope) -> Listing {
        match scope {
            Scope::Subnetworks(_) | Scope::Addresses(_) | Scope::Routers(_) => Listing {
                items: Vec::new(),
                unreadable: self
                    .regions()
                    .map(|region| (region.clone(), "it was unreachable".to_owned()))
                    .collect(),
            },
            Scope::Networks(_)
            | Scope::Routes(_)
            | Scope::Connectors(..)
            | Scope::Services(..)
            | Scope::Jobs(..) => self.list(scope),
        }
    }

    /// Every region that something is in, as often as something is.
    fn regions(&self) -> impl Iterator<Item = &Region> {
        let network = self.subnetworks.keys().chain(self.addresses.keys());
        let network = network
            .chain(self.routers.keys())
            .chain(self.connectors.keys());
        network
            .map(|id| &id.region)
            .chain(self.services.keys().map(|id| &id.region))
    }

    /// One thing.
    pub fn get(&self, id: &Id) -> Option<Live> {
        match id {
            Id::Network(id) => self.networks.get(id).cloned().map(Live::Network),
            Id::Subnetwork(id) => self.subnetworks.get(id).cloned().map(Live::Subnetwork),
            Id::Route(id) => self
                .routes
                .iter()
                .find(|r| r.id == *id)
                .cloned()
                .map(Live::Route),
            Id::Address(id) => self.addresses.get(id).cloned().map(Live::Address),
            Id::Router(id) => self.routers.get(id).cloned().map(Live::Router),
            Id::Nat(nat) => {
                let router = self.routers.get(&nat.router)?;
                let listed = router.nats.iter().any(|entry| entry.name == nat.name);
                listed.then(|| Live::Router(router.clone()))
            }
            Id::Connector(id) => self.connectors.get(id).cloned().map(Live::Connector),
            Id::Revision(id) => self.revisions.get(id).cloned().map(Live::Revision),
            Id::ServiceEgress(id) | Id::ServiceIngress(id) => {
                self.services.get(id).cloned().map(Live::Service)
            }
        }
    }

    /// The public NAT that serves a subnetwork, with the router that it stands in.
    pub fn nat_serving(&self, subnetwork: &RegionalRef) -> Option<(&LiveRouter, &LiveNat)> {
        let network = &self.subnetworks.get(subnetwork)?.network;
        let routers = self
            .routers
            .values()
            .filter(|router| router.network == *network && router.id.region == subnetwork.region);
        routers
            .flat_map(|r| r.nats.iter().map(move |n| (r, n)))
            .find(|(_, n)| n.covers(subnetwork))
    }

    /// The revisions that requests to a service reach, by traffic or by tag.
    pub fn serving(&self, service: &Service) -> Vec<&Revision> {
        let mut names: Vec<&str> = Vec::new();
        for line in &service.traffic {
            names.extend(line.revision.as_deref().or(service.latest_ready.as_deref()));
        }
        if service.traffic.is_empty() {
            names.extend(service.latest_ready.as_deref());
        }
        let find = |name: &str| {
            let id = RevisionRef {
                service: service.id.clone(),
                name: name.into(),
            };
            self.revisions.get(&id)
        };
        names.into_iter().filter_map(find).collect()
    }

    /// The jobs that leave through a connector.
    pub fn jobs_through(&self, connector: &RegionalRef) -> impl Iterator<Item = &Job> {
        let through = |access: &VpcAccess| access.connector() == Some(connector);
        let jobs = self.jobs.values();
        jobs.filter(move |job| job.vpc_access.as_ref().is_some_and(through))
    }

    /// The services whose template or serving revisions leave through a connector.
    pub fn users(&self, connector: &RegionalRef) -> Vec<&Service> {
        let through = |access: &Option<VpcAccess>| {
            access.as_ref().and_then(VpcAccess::connector) == Some(connector)
        };
        let uses = |service: &&Service| {
            through(&service.vpc_access)
                || self
                    .serving(service)
                    .iter()
                    .any(|revision| through(&revision.vpc_access))
        };
        self.services.values().filter(uses).collect()
    }
}
