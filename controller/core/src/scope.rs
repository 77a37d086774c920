//! What may be removed in a run, and what links hold that do not take part in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::decide::{Orders, Wishes};
use crate::diagnostic::{Diagnostic, Origin};
use crate::graph::Graph;
use crate::hold::{self, Remembered};
use crate::ids::LinkName;
use crate::kinds::{Id, IngressSetting, RegionalRef, Resource, Service};
use crate::link::{Ingress, Internet, Link};
use crate::modes;
use crate::names::Installation;
use crate::standing::{Standing, may_prune};
use crate::world::World;

/// What may be removed in this run.
pub(crate) enum Removal {
    /// Everything of the set that nobody wants.
    WholeSet,
    /// Only these.
    Only(BTreeSet<Id>),
}

pub(crate) fn may_remove(removal: &Removal, id: &Id) -> bool {
    match removal {
        Removal::WholeSet => true,
        Removal::Only(ids) => ids.contains(id),
    }
}

/// Everything that links have which do not take part and are not released.
pub(crate) fn held(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    standings: &BTreeMap<LinkName, Standing>,
    world: &World,
    ours: &Installation,
) -> BTreeSet<Id> {
    remembered
        .iter()
        .filter(|(name, _)| match standings.get(*name) {
            Some(Standing::Enforced | Standing::Released) => false,
            Some(
                Standing::Reported
                | Standing::Suspended
                | Standing::Invalid
                | Standing::Conflicting
                | Standing::Protected
                | Standing::Abandoned,
            )
            | None => true,
        })
        .flat_map(|(name, link)| hold::closure(world, name, link.as_ref(), ours))
        .collect()
}

/// The loosest ingress wins also when the link that asks for it takes no part in this turn: it keeps what it has.
///
/// It keeps, and never opens further than what is live: what such a link asked for is read from the source's
/// annotation, which whoever may edit that service may write, and who may enter the destination is not theirs
/// to decide.
pub(crate) fn hear_held(
    graph: &mut Graph,
    world: &World,
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    standings: &BTreeMap<LinkName, Standing>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (name, link) in remembered {
        let heard = !matches!(
            standings.get(name),
            Some(Standing::Enforced | Standing::Reported | Standing::Released)
        );
        let Some(memory) = link.as_ref().map(|link| &link.memory).filter(|_| heard) else {
            continue;
        };
        let (Some(wish), Some(service)) = (memory.ingress, hold::service_of_path(&memory.to))
        else {
            continue;
        };
        let Some(live) = world.service(&service).present().and_then(admits) else {
            continue;
        };
        let wish = wish.min(live);
        let id = Id::ServiceIngress(service);
        let Some(Resource::ServiceIngress(wanted)) =
            graph.nodes.get_mut(&id).map(|node| &mut node.resource)
        else {
            continue;
        };
        if wish > wanted.ingress {
            wanted.ingress = wish;
            let message = format!("{name} takes no part in this run and keeps ingress at {wish}");
            let origin = Origin::Cloud { id: id.to_string() };
            diagnostics.push(Diagnostic::new(Code::LoosestIngressWins, origin, message));
        }
    }
    diagnostics
}

/// Whom a service admits as it is, if that can be declared.
fn admits(service: &Service) -> Option<Ingress> {
    match service.ingress {
        IngressSetting::Internal => Some(Ingress::Internal),
        IngressSetting::InternalAndCloudLoadBalancing => {
            Some(Ingress::InternalAndCloudLoadBalancing)
        }
        IngressSetting::All => Some(Ingress::All),
        IngressSetting::None | IngressSetting::Unknown => None,
    }
}

pub(crate) fn removal_scope(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    wishes: &Wishes,
    orders: &Orders,
    standings: &BTreeMap<LinkName, Standing>,
    world: &World,
    in_hand: &BTreeSet<Id>,
) -> Removal {
    if may_prune(wishes, orders) {
        return Removal::WholeSet;
    }
    let mut scope = in_hand.clone();
    scope.extend(left_behind(
        remembered,
        wishes,
        standings,
        world,
        &orders.ours,
    ));
    for link in wishes
        .links
        .iter()
        .filter(|link| standings.get(&link.name) == Some(&Standing::Released))
    {
        let memory = remembered.get(&link.name).and_then(Option::as_ref);
        scope.extend(hold::closure(world, &link.name, memory, &orders.ours));
        let needs = modes::needs(link, world, &orders.ours);
        for (resource, _) in &needs.resources {
            scope.insert(resource.id());
            if let Resource::Connector(connector) = resource {
                scope.extend(hold::behind_connector(world, &connector.id));
            }
        }
        if let Some(subnetwork) = &needs.subnetwork {
            scope.extend(serving(world, link, subnetwork));
        }
    }
    Removal::Only(scope)
}

/// What links leave behind that now start or end elsewhere. Their own declaration says so, so this is no prune.
fn left_behind(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    wishes: &Wishes,
    standings: &BTreeMap<LinkName, Standing>,
    world: &World,
    ours: &Installation,
) -> BTreeSet<Id> {
    let mut behind = BTreeSet::new();
    let enforced = |link: &&Link| standings.get(&link.name) == Some(&Standing::Enforced);
    for link in wishes.links.iter().filter(enforced) {
        if link.internet == Internet::None {
            behind.extend(nat_behind(world, link, ours));
        }
        let Some(before) = remembered.get(&link.name).and_then(Option::as_ref) else {
            continue;
        };
        if before.source != link.source {
            behind.extend(hold::closure(world, &link.name, Some(before), ours));
        }
        if before.memory.to != link.destination.to_string() {
            behind.extend(hold::service_of_path(&before.memory.to).map(Id::ServiceIngress));
        }
    }
    behind
}

/// The NAT that a link does without now, with the addresses that it sent from.
fn nat_behind(world: &World, link: &Link, ours: &Installation) -> BTreeSet<Id> {
    let Some(subnetwork) = modes::needs(link, world, ours).subnetwork else {
        return BTreeSet::new();
    };
    let mut ids = BTreeSet::from([Id::Subnetwork(subnetwork.clone())]);
    for router in world.routers_of(&link.network, &subnetwork.region) {
        let entries = router
            .nats
            .iter()
            .filter(|nat| ours.made(nat.name.as_str()));
        for nat in entries.filter(|nat| nat.covers(&subnetwork)) {
            ids.extend(hold::nat_with_router(router, nat));
        }
        // A run that was killed may have taken the last entry out and left the router.
        if router.nats.is_empty() && ours.made(router.id.name.as_str()) {
            ids.insert(Id::Router(router.id.clone()));
        }
    }
    ids
}

/// Our routers in the link's network and region, with their entries and addresses: each goes only when empty.
fn serving(world: &World, link: &Link, subnetwork: &RegionalRef) -> BTreeSet<Id> {
    let mut ids = BTreeSet::new();
    for router in world.routers_of(&link.network, &subnetwork.region) {
        ids.insert(Id::Router(router.id.clone()));
        for nat in router
            .nats
            .iter()
            .filter(|nat| nat.covers(subnetwork) || nat.listed().next().is_none())
        {
            ids.insert(Id::Nat(crate::kinds::NatRef {
                router: router.id.clone(),
                name: nat.name.clone(),
            }));
        }
    }
    if let Internet::Nat(nat) = &link.internet
        && let crate::link::Addresses::Manual(names) = &nat.addresses
    {
        let RegionalRef {
            project, region, ..
        } = subnetwork;
        ids.extend(names.iter().map(|name| {
            Id::Address(RegionalRef {
                project: project.clone(),
                region: region.clone(),
                name: name.clone(),
            })
        }));
    }
    ids
}
