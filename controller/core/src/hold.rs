//! What a link already has, read off the live world: from the annotation on its source along the connector to
//! the subnetwork and the NAT that serves it, and to the destination.
//!
//! A link that is broken, in conflict, suspended, or simply not part of this run holds all of this: nothing of
//! it is deleted. The same walk, taken the other way, says what goes when a link is undone.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Scope;
use crate::graph::Graph;
use crate::guests;
use crate::ids::LinkName;
use crate::kinds::service_egress::EgressAnnotation;
use crate::kinds::{
    Attachment, Id, LiveConnector, LiveNat, LiveRouter, NatAddresses, NatRef, RegionalRef, Service,
    VpcAccess,
};
use crate::link::ServiceRef;
use crate::names::Installation;
use crate::uses::Uses;
use crate::world::{self, Seen, World};

/// The service that a path of ours names.
pub fn service_of_path(path: &str) -> Option<ServiceRef> {
    let (project, region, name) = location(path, "services")?;
    Some(ServiceRef {
        project: project.parse().ok()?,
        region: region.parse().ok()?,
        name: name.parse().ok()?,
    })
}

/// The connector that a path names.
pub fn connector_of_path(path: &str) -> Option<RegionalRef> {
    let (project, region, name) = location(path, "connectors")?;
    Some(RegionalRef {
        project: project.parse().ok()?,
        region: region.parse().ok()?,
        name: name.parse().ok()?,
    })
}

fn location<'a>(path: &'a str, collection: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["projects", project, "locations", region, kind, name] if *kind == collection => {
            Some((project, region, name))
        }
        _ => None,
    }
}

/// Does this service carry something of ours, or may it, so that its revisions are worth a read each?
pub fn concerns(service: &Service, world: &World, ours: &Installation) -> bool {
    let memory = world.memory(&service.id);
    let marked = memory
        .egress
        .this()
        .is_some_and(|m| m.installation == *ours)
        || memory
            .ingress
            .this()
            .is_some_and(|m| m.installation == *ours);
    // One that cannot be read may be ours as well.
    let unknown = matches!(memory.egress, world::Remembered::Unintelligible(_));
    let attached = service.vpc_access.as_ref().and_then(VpcAccess::connector);
    marked || unknown || attached.is_some_and(|connector| ours.made(connector.name.as_str()))
}

/// The services that use each connector: by their template, or by a revision that still serves.
pub fn connector_users(world: &World) -> BTreeMap<RegionalRef, BTreeSet<ServiceRef>> {
    let mut users: BTreeMap<RegionalRef, BTreeSet<ServiceRef>> = BTreeMap::new();
    for service in world.services() {
        for connector in connectors_in_use(service, world) {
            users
                .entry(connector)
                .or_default()
                .insert(service.id.clone());
        }
    }
    users
}

/// The users of a connector for whose sake a NAT of ours has to stay: of our own connectors all of them; of
/// somebody else's only the sources of links, those of other sets too, and those that a link of ours which is gone has
/// sent there, because the others did without before us. A source whose record is lost or cannot be read may be one of
/// them, as long as it is declared or says nothing to the contrary; and so may one of which a revision could not be read.
pub(crate) fn nat_users<'a>(
    seen: &'a World,
    connector: &'a RegionalRef,
    uses: &'a Uses<'a>,
    ours: &'a Installation,
    graph: &'a Graph,
) -> impl Iterator<Item = &'a ServiceRef> {
    let made = ours.made(connector.name.as_str());
    let sent = move |id: &ServiceRef, memory: &EgressAnnotation| {
        let service = seen.service(id).present();
        service.is_some_and(|service| guests::relies_on(connector, service, memory, seen))
    };
    let linked = move |service: &ServiceRef| match &seen.memory(service).egress {
        world::Remembered::This(memory) if memory.installation == *ours => {
            !memory.links.is_empty() || sent(service, memory)
        }
        // A link of another set may have found the NAT as it wished for it.
        world::Remembered::This(memory) => !memory.links.is_empty(),
        world::Remembered::Unintelligible(_) => true,
        world::Remembered::Nothing => false,
    };
    let declared =
        move |service: &ServiceRef| graph.node(&Id::ServiceEgress(service.clone())).is_some();
    let seen_on = uses.services().get(connector).into_iter().flatten();
    let unread = uses.unread_in(&connector.region);
    let unread = unread.map(|revision| &revision.service);
    seen_on
        .chain(unread.filter(move |_| !made))
        .filter(move |service| made || linked(service) || declared(service))
}

/// Do jobs have the internet through this connector, for whose sake a NAT of ours has to stay, or may they? Those on somebody
/// else's did without before us.
pub(crate) fn serves_jobs(world: &World, connector: &RegionalRef, ours: &Installation) -> bool {
    ours.made(connector.name.as_str()) && world.jobs_out_through(connector).is_some()
}

/// Every connector that a request to this service may leave through now.
pub fn connectors_in_use(service: &Service, world: &World) -> BTreeSet<RegionalRef> {
    let template = service.vpc_access.as_ref().and_then(VpcAccess::connector);
    let mut used: BTreeSet<RegionalRef> = template.cloned().into_iter().collect();
    used.extend(connectors_pinned(service, world));
    used
}

/// The connectors of revisions that serve by name, whatever the template says.
pub fn connectors_pinned(service: &Service, world: &World) -> BTreeSet<RegionalRef> {
    service
        .serving_revisions()
        .iter()
        .filter_map(|id| world.revision(id).present())
        .filter_map(|revision| match &revision.vpc_access.as_ref()?.attachment {
            Attachment::Connector(connector) => Some(connector.clone()),
            Attachment::Direct { .. } => None,
        })
        .collect()
}

/// Revisions that serve by name and were not read: each may leave through any connector of its project and region,
/// so none of those is unused for certain.
pub fn unread_revisions(world: &World) -> Vec<crate::kinds::RevisionRef> {
    world
        .services()
        .flat_map(Service::serving_revisions)
        .filter(|id| matches!(world.revision(id), Seen::Unreadable(_)))
        .collect()
}

/// Is it unknown who leaves through a subnetwork, because a list of connectors in its region could not be read, or
/// the services that may use a connector on it?
pub(crate) fn users_unread(
    world: &World,
    subnetwork: &RegionalRef,
    connectors: &[&LiveConnector],
) -> bool {
    let failed = |wanted: &dyn Fn(&Scope) -> bool| {
        let mut readings = world.readings().iter();
        readings.any(|(scope, reading)| reading.is_err() && wanted(scope))
    };
    if failed(
        &|scope| matches!(scope, Scope::Connectors(_, region) if *region == subnetwork.region),
    ) {
        return true;
    }
    connectors.iter().any(|connector| {
        let RegionalRef {
            project, region, ..
        } = &connector.id;
        failed(&|scope| *scope == Scope::Services(project.clone(), region.clone()))
    })
}

/// A link that an annotation of ours remembers, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The source that carries the annotation.
    pub source: ServiceRef,
    /// What it says about the link.
    pub memory: crate::kinds::service_egress::LinkMemory,
}

/// All links that annotations of ours remember, on sources and on destinations.
///
/// A link that only a destination remembers has lost its source's annotation; it is listed with `None`.
pub fn remembered_links(
    world: &World,
    ours: &Installation,
) -> BTreeMap<LinkName, Option<Remembered>> {
    let mut links = BTreeMap::new();
    for (service, memory) in world.memories() {
        if let Some(ingress) = memory
            .ingress
            .this()
            .filter(|memory| memory.installation == *ours)
        {
            for name in ingress
                .links
                .iter()
                .filter_map(|name| name.parse::<LinkName>().ok())
            {
                links.entry(name).or_insert(None);
            }
        }
        if let Some(egress) = memory
            .egress
            .this()
            .filter(|memory| memory.installation == *ours)
        {
            for (name, link) in &egress.links {
                if let Ok(name) = name.parse::<LinkName>() {
                    links.insert(
                        name,
                        Some(Remembered {
                            source: service.clone(),
                            memory: link.clone(),
                        }),
                    );
                }
            }
        }
    }
    links
}

/// Everything that a remembered link has: the walk from its source to its destination.
pub fn closure(
    world: &World,
    link: &LinkName,
    remembered: Option<&Remembered>,
    ours: &Installation,
) -> BTreeSet<Id> {
    let mut held = BTreeSet::new();
    let name = link.to_string();
    let lists = |service: &ServiceRef| {
        let ingress = world.memory(service).ingress.this();
        ingress.is_some_and(|memory| memory.installation == *ours && memory.links.contains(&name))
    };
    let Some(remembered) = remembered else {
        // The source forgot the link, so every destination has to be asked.
        let destinations = world
            .memories()
            .map(|(service, _)| service)
            .filter(|service| lists(service));
        held.extend(destinations.cloned().map(Id::ServiceIngress));
        return held;
    };
    held.extend(
        service_of_path(&remembered.memory.to)
            .filter(lists)
            .map(Id::ServiceIngress),
    );
    held.insert(Id::ServiceEgress(remembered.source.clone()));
    if let Some(service) = world.service(&remembered.source).present() {
        for connector in connectors_in_use(service, world) {
            held.extend(behind_connector(world, &connector));
        }
    }
    let wrote = world
        .memory(&remembered.source)
        .egress
        .this()
        .and_then(|memory| memory.wrote.as_ref());
    if let Some(connector) = wrote.and_then(|wrote| connector_of_path(wrote.connector.as_deref()?))
    {
        held.extend(behind_connector(world, &connector));
    }
    held
}

/// A connector, its subnetwork, and the NAT entries, routers and addresses that serve it.
pub fn behind_connector(world: &World, connector: &RegionalRef) -> BTreeSet<Id> {
    let mut held = BTreeSet::from([Id::Connector(connector.clone())]);
    let live = world.connector(connector).present();
    let Some(subnetwork) = live.and_then(|connector| connector.subnetwork.as_ref()) else {
        return held;
    };
    held.insert(Id::Subnetwork(subnetwork.clone()));
    let Some(live) = world.subnetwork(subnetwork).present() else {
        return held;
    };
    for router in world.routers_of(&live.network, &subnetwork.region) {
        for nat in router.nats.iter().filter(|nat| nat.covers(subnetwork)) {
            held.extend(nat_with_router(router, nat));
        }
    }
    held
}

/// A NAT entry with its router and the addresses that it sends from.
pub(crate) fn nat_with_router(router: &LiveRouter, nat: &LiveNat) -> BTreeSet<Id> {
    let mut ids = BTreeSet::from([
        Id::Router(router.id.clone()),
        Id::Nat(NatRef {
            router: router.id.clone(),
            name: nat.name.clone(),
        }),
    ]);
    if let NatAddresses::Manual(names) = &nat.addresses {
        ids.extend(names.iter().map(|name| {
            Id::Address(RegionalRef {
                name: name.clone(),
                ..router.id.clone()
            })
        }));
    }
    ids
}
