//! A snapshot of everything live that matters, ours and foreign, and of what could not be read.
//!
//! The rule that everything else leans on: *what was not read is not absent*. Every look-up answers
//! [`Seen::Unreadable`] unless the list that would have shown the thing was read to its end.

mod assumed;
mod beyond;
pub(crate) mod jobs;
mod told;
mod unread;

pub use jobs::Jobs;
pub(crate) use told::Told;

use std::collections::BTreeMap;

use crate::cloud::{CloudError, Listing, Scope};
use crate::ids::Region;
use crate::kinds::service_egress::EgressAnnotation;
use crate::kinds::service_ingress::IngressAnnotation;
use crate::kinds::{
    Job, Live, LiveAddress, LiveConnector, LiveNat, LiveRouter, LiveSubnetwork, NatRef, Network,
    RegionalRef, Revision, RevisionRef, Route, Service,
};
use crate::link::{NetworkRef, ServiceRef};

/// What a look-up found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<'a, T> {
    /// It is there.
    Present(&'a T),
    /// The list was read whole and it is not in it.
    Absent,
    /// Nobody knows, and why.
    Unreadable(&'a str),
}

impl<'a, T> Seen<'a, T> {
    /// The thing, if it is known to be there.
    pub fn present(self) -> Option<&'a T> {
        match self {
            Self::Present(thing) => Some(thing),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// Our annotations on one service, read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// On a source.
    pub egress: Remembered<EgressAnnotation>,
    /// On a destination.
    pub ingress: Remembered<IngressAnnotation>,
}

/// One annotation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Remembered<T> {
    /// The service carries none.
    #[default]
    Nothing,
    /// It carries one that this release cannot read: it is left alone.
    Unintelligible(String),
    /// This.
    This(T),
}

impl<T> Remembered<T> {
    fn from_result(
        read: Option<Result<T, serde_json::Error>>,
        version: impl Fn(&T) -> u32,
    ) -> Self {
        match read {
            None => Self::Nothing,
            Some(Ok(value)) if version(&value) == crate::kinds::service_egress::VERSION => {
                Self::This(value)
            }
            Some(Ok(value)) => {
                Self::Unintelligible(format!("version {} of a newer release", version(&value)))
            }
            Some(Err(error)) => Self::Unintelligible(error.to_string()),
        }
    }

    /// The annotation, if there is one that can be read.
    pub fn this(&self) -> Option<&T> {
        match self {
            Self::This(value) => Some(value),
            Self::Nothing | Self::Unintelligible(_) => None,
        }
    }
}

/// The snapshot.
#[derive(Debug, Clone, Default)]
pub struct World {
    readings: BTreeMap<Scope, Result<(), CloudError>>,
    unreachable: BTreeMap<(Scope, Region), String>,
    networks: BTreeMap<NetworkRef, Network>,
    routes: BTreeMap<NetworkRef, Vec<Route>>,
    subnetworks: BTreeMap<RegionalRef, LiveSubnetwork>,
    addresses: BTreeMap<RegionalRef, LiveAddress>,
    routers: BTreeMap<RegionalRef, LiveRouter>,
    connectors: BTreeMap<RegionalRef, LiveConnector>,
    services: BTreeMap<ServiceRef, Service>,
    jobs: BTreeMap<RegionalRef, Job>,
    memories: BTreeMap<ServiceRef, Memory>,
    revisions: BTreeMap<RevisionRef, Result<Option<Revision>, CloudError>>,
    told: Told,
    beyond: Option<Box<World>>,
}

const NOT_ASKED: &str = "it was not asked for";
static NO_MEMORY: Memory = Memory {
    egress: Remembered::Nothing,
    ingress: Remembered::Nothing,
};

impl World {
    /// Takes in what a list answered.
    pub fn record(&mut self, scope: Scope, answer: Result<Listing, CloudError>) {
        let listing = match answer {
            Ok(listing) => listing,
            Err(error) => {
                self.readings.insert(scope, Err(error));
                return;
            }
        };
        for (region, why) in listing.unreadable {
            self.unreachable.insert((scope.clone(), region), why);
        }
        for live in listing.items {
            self.insert(live);
        }
        self.readings.insert(scope, Ok(()));
    }

    /// Takes in one thing.
    pub fn insert(&mut self, live: Live) {
        match live {
            Live::Network(network) => drop(self.networks.insert(network.id.clone(), network)),
            Live::Subnetwork(subnetwork) => {
                drop(self.subnetworks.insert(subnetwork.id.clone(), subnetwork));
            }
            Live::Route(route) => self
                .routes
                .entry(route.network.clone())
                .or_default()
                .push(route),
            Live::Address(address) => drop(self.addresses.insert(address.id.clone(), address)),
            Live::Router(router) => drop(self.routers.insert(router.id.clone(), router)),
            Live::Connector(connector) => {
                drop(self.connectors.insert(connector.id.clone(), connector));
            }
            Live::Service(service) => self.insert_service(service),
            Live::Job(job) => drop(self.jobs.insert(job.id.clone(), job)),
            Live::Revision(revision) => drop(
                self.revisions
                    .insert(revision.id.clone(), Ok(Some(revision))),
            ),
        }
    }

    fn insert_service(&mut self, service: Service) {
        let id = service.id.to_string();
        let copied = |of: &Option<String>| of.as_ref().is_some_and(|of| *of != id);
        let mut memory = Memory {
            egress: Remembered::from_result(EgressAnnotation::read(&service), |memory| memory.v),
            ingress: Remembered::from_result(IngressAnnotation::read(&service), |memory| memory.v),
        };
        if memory
            .egress
            .this()
            .is_some_and(|memory| copied(&memory.service))
        {
            memory.egress = Remembered::Nothing;
        }
        if memory
            .ingress
            .this()
            .is_some_and(|memory| copied(&memory.service))
        {
            memory.ingress = Remembered::Nothing;
        }
        if memory == NO_MEMORY {
            self.memories.remove(&service.id);
        } else {
            self.memories.insert(service.id.clone(), memory);
        }
        self.services.insert(service.id.clone(), service);
    }

    /// Takes in what reading one revision answered.
    pub fn record_revision(&mut self, id: RevisionRef, answer: Result<Option<Live>, CloudError>) {
        let revision = match answer {
            Ok(Some(Live::Revision(revision))) => Ok(Some(revision)),
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        };
        self.revisions.insert(id, revision);
    }

    /// The lists that were read or could not be.
    pub fn readings(&self) -> &BTreeMap<Scope, Result<(), CloudError>> {
        &self.readings
    }

    /// The parts of aggregated lists that Google called unreachable.
    pub fn unreachable(&self) -> &BTreeMap<(Scope, Region), String> {
        &self.unreachable
    }

    fn seen<'a, T>(
        &'a self,
        found: Option<&'a T>,
        scope: &Scope,
        region: Option<&Region>,
    ) -> Seen<'a, T> {
        if let Some(thing) = found {
            return Seen::Present(thing);
        }
        if let Some(region) = region
            && let Some(why) = self.unreachable.get(&(scope.clone(), region.clone()))
        {
            return Seen::Unreadable(why);
        }
        match self.readings.get(scope) {
            Some(Ok(())) => Seen::Absent,
            Some(Err(error)) => Seen::Unreadable(&error.message),
            None => Seen::Unreadable(NOT_ASKED),
        }
    }

    /// A network.
    pub fn network(&self, id: &NetworkRef) -> Seen<'_, Network> {
        self.seen(
            self.networks.get(id),
            &Scope::Networks(id.project.clone()),
            None,
        )
    }

    /// The routes of a network; an error when they were not read.
    pub fn routes(&self, network: &NetworkRef) -> Result<&[Route], &str> {
        match self.readings.get(&Scope::Routes(network.project.clone())) {
            Some(Ok(())) => Ok(self.routes.get(network).map_or(&[], Vec::as_slice)),
            Some(Err(error)) => Err(&error.message),
            None => Err(NOT_ASKED),
        }
    }

    /// A subnetwork.
    pub fn subnetwork(&self, id: &RegionalRef) -> Seen<'_, LiveSubnetwork> {
        self.seen(
            self.subnetworks.get(id),
            &Scope::Subnetworks(id.project.clone()),
            Some(&id.region),
        )
    }

    /// An address.
    pub fn address(&self, id: &RegionalRef) -> Seen<'_, LiveAddress> {
        self.seen(
            self.addresses.get(id),
            &Scope::Addresses(id.project.clone()),
            Some(&id.region),
        )
    }

    /// A router.
    pub fn router(&self, id: &RegionalRef) -> Seen<'_, LiveRouter> {
        self.seen(
            self.routers.get(id),
            &Scope::Routers(id.project.clone()),
            Some(&id.region),
        )
    }

    /// A NAT entry. Absent together with its router.
    pub fn nat(&self, id: &NatRef) -> Seen<'_, LiveNat> {
        match self.router(&id.router) {
            Seen::Present(router) => router
                .nats
                .iter()
                .find(|nat| nat.name == id.name)
                .map_or(Seen::Absent, Seen::Present),
            Seen::Absent => Seen::Absent,
            Seen::Unreadable(why) => Seen::Unreadable(why),
        }
    }

    /// A connector.
    pub fn connector(&self, id: &RegionalRef) -> Seen<'_, LiveConnector> {
        self.seen(
            self.connectors.get(id),
            &Scope::Connectors(id.project.clone(), id.region.clone()),
            None,
        )
    }

    /// A service.
    pub fn service(&self, id: &ServiceRef) -> Seen<'_, Service> {
        self.seen(
            self.services.get(id),
            &Scope::Services(id.project.clone(), id.region.clone()),
            None,
        )
    }

    /// Our annotations on a service.
    pub fn memory(&self, id: &ServiceRef) -> &Memory {
        self.memories.get(id).unwrap_or(&NO_MEMORY)
    }

    /// A revision.
    pub fn revision(&self, id: &RevisionRef) -> Seen<'_, Revision> {
        match self.revisions.get(id) {
            Some(Ok(Some(revision))) => Seen::Present(revision),
            Some(Ok(None)) => Seen::Absent,
            Some(Err(error)) => Seen::Unreadable(&error.message),
            None => Seen::Unreadable(NOT_ASKED),
        }
    }

    /// Was this revision asked for, whatever the answer was?
    pub fn asked(&self, id: &RevisionRef) -> bool {
        self.revisions.contains_key(id)
    }

    /// All services, in order.
    pub fn services(&self) -> impl Iterator<Item = &Service> + Clone {
        self.services.values()
    }

    /// All services that carry an annotation of ours, readable or not.
    pub fn memories(&self) -> impl Iterator<Item = (&ServiceRef, &Memory)> {
        self.memories.iter()
    }

    /// All networks, in order.
    pub fn networks(&self) -> impl Iterator<Item = &Network> + Clone {
        self.networks.values()
    }

    /// All subnetworks, in order.
    pub fn subnetworks(&self) -> impl Iterator<Item = &LiveSubnetwork> + Clone {
        self.subnetworks.values()
    }

    /// All addresses, in order.
    pub fn addresses(&self) -> impl Iterator<Item = &LiveAddress> {
        self.addresses.values()
    }

    /// All routers, in order.
    pub fn routers(&self) -> impl Iterator<Item = &LiveRouter> {
        self.routers.values()
    }

    /// The routers of one network and region.
    pub fn routers_of<'world, 'wish: 'world>(
        &'world self,
        network: &'wish NetworkRef,
        region: &'wish Region,
    ) -> impl Iterator<Item = &'world LiveRouter> {
        let first = RegionalRef {
            project: network.project.clone(),
            region: region.clone(),
            name: lowest_name(),
        };
        self.routers
            .range(first..)
            .take_while(move |(id, _)| id.project == network.project && id.region == *region)
            .map(|(_, router)| router)
            .filter(move |router| router.network == *network)
    }

    /// All connectors, in order.
    pub fn connectors(&self) -> impl Iterator<Item = &LiveConnector> + Clone {
        self.connectors.values()
    }

    /// The public NAT entry that serves a subnetwork of this network, if one is known.
    pub fn nat_covering(&self, network: &NetworkRef, subnetwork: &RegionalRef) -> Option<NatRef> {
        self.routers_of(network, &subnetwork.region)
            .find_map(|router| {
                let nat = router.nats.iter().find(|nat| nat.covers(subnetwork))?;
                Some(NatRef {
                    router: router.id.clone(),
                    name: nat.name.clone(),
                })
            })
    }
}

/// Sorts before every name that Google accepts.
fn lowest_name() -> crate::ids::ResourceName {
    crate::ids::ResourceName::trusted("a")
}
