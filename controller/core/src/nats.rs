//! Which NAT entry serves which subnetwork.
//!
//! A subnetwork that a NAT of somebody else covers needs nothing. The others are grouped by router and by how
//! they shall reach the internet, and spread over entries of at most fifty ([`slots`]). Spreading is *sticky*: a
//! subnetwork stays in the entry that lists it now as long as its links wish for what that entry has, because moving
//! it cuts its connections, and a new one takes the first free place. So entries are numbered slots, and their names
//! are functions of the slot.
//!
//! An entry also keeps what is listed and not yet free to go: subnetworks that a held link uses, and those whose
//! connector still carries a service's traffic. Egress is detached before its NAT goes.

pub(crate) mod changes;
pub(crate) mod misplaced;
mod slots;

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::compile::NatWish;
use crate::diagnostic::{Diagnostic, Origin};
use crate::graph::Graph;
use crate::ids::LinkName;
use crate::kinds::nat::NATS_PER_ROUTER;
use crate::kinds::{Id, LiveNat, Nat, NatAddresses, NatRef, RegionalRef, Resource, Router};
use crate::link::{Addresses, Link, NatChoice, NetworkRef};
use crate::names::Installation;
use crate::world::World;

/// The subnetworks of one router that are to be served alike.
#[derive(Debug, Clone)]
struct Group {
    choice: NatChoice,
    subnetworks: BTreeMap<RegionalRef, BTreeSet<LinkName>>,
}

/// What spreading needs to know.
pub struct Nats<'a> {
    /// What is live.
    pub world: &'a World,
    /// Who we are.
    pub ours: &'a Installation,
    /// The source of each link.
    pub sources: &'a BTreeMap<&'a LinkName, &'a Link>,
    /// Does a subnetwork that nobody wishes to be served any more have to stay all the same?
    pub stays: &'a dyn Fn(&RegionalRef) -> bool,
}

/// Adds routers, addresses and NAT entries to the graph.
pub fn add_nats(
    graph: &mut Graph,
    wishes: &BTreeMap<RegionalRef, NatWish>,
    nats: &Nats<'_>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut routers: BTreeMap<(RegionalRef, NetworkRef), Vec<Group>> = BTreeMap::new();
    for (subnetwork, wish) in wishes {
        if let Some(nat) = served_by_another(nats.world, &wish.network, subnetwork, nats.ours) {
            diagnostics.extend(used(&nat, subnetwork, wish));
            continue;
        }
        let router = router_id(&wish.network, subnetwork, &wish.choice, nats.ours);
        let groups = routers.entry((router, wish.network.clone())).or_default();
        let place = groups
            .iter()
            .position(|group| group.choice == wish.choice)
            .unwrap_or_else(|| {
                groups.push(Group {
                    choice: wish.choice.clone(),
                    subnetworks: BTreeMap::new(),
                });
                groups.len() - 1
            });
        groups[place]
            .subnetworks
            .insert(subnetwork.clone(), wish.links.clone());
    }
    for ((router, network), groups) in routers {
        diagnostics.extend(nats.add_router(graph, &router, &network, &groups));
    }
    diagnostics
}

/// Says that somebody else's NAT is used, and which settings of the declaration have no effect for that reason.
fn used(nat: &NatRef, subnetwork: &RegionalRef, wish: &NatWish) -> Vec<Diagnostic> {
    let id = Id::Nat(nat.clone()).to_string();
    let served = subnetwork.compute("subnetworks");
    let about = |code: Code, message: String| {
        let diagnostic = Diagnostic::new(code, Origin::Cloud { id: id.clone() }, message);
        match wish.links.first() {
            Some(link) => diagnostic.link(link),
            None => diagnostic,
        }
    };
    let message = format!("{id} serves {served} already and is used as it is");
    let mut told = vec![about(Code::ExistingNatUsed, message)];
    for field in without_effect(&wish.choice, nat) {
        let message = format!("{field} has no effect: {id} serves {served} already");
        let help = format!("leave {field} out, or ask whoever keeps that NAT to change it");
        let diagnostic = about(Code::ExistingWithoutEffect, message);
        told.push(diagnostic.field(format!("spec.{field}")).help(help));
    }
    told
}

/// The settings that a NAT of somebody else does not heed.
fn without_effect(choice: &NatChoice, nat: &NatRef) -> Vec<&'static str> {
    let elsewhere = choice
        .router
        .as_ref()
        .is_some_and(|it| *it != nat.router.name);
    let settings = [
        (
            "internet.nat.addresses",
            choice.addresses != Addresses::Auto,
        ),
        (
            "internet.nat.minPortsPerVm",
            choice.min_ports_per_vm.is_some(),
        ),
        ("internet.nat.router", elsewhere),
    ];
    let given = settings.into_iter().filter(|(_, given)| *given);
    given.map(|(field, _)| field).collect()
}

/// A public NAT that is not ours and covers the subnetwork.
pub(crate) fn served_by_another(
    world: &World,
    network: &NetworkRef,
    subnetwork: &RegionalRef,
    ours: &Installation,
) -> Option<NatRef> {
    world
        .routers_of(network, &subnetwork.region)
        .find_map(|router| {
            let nat = router
                .nats
                .iter()
                .find(|nat| nat.covers(subnetwork) && !ours.made(nat.name.as_str()))?;
            Some(NatRef {
                router: router.id.clone(),
                name: nat.name.clone(),
            })
        })
}

/// Ours is one per network and region, unless the link names another's.
pub(crate) fn router_id(
    network: &NetworkRef,
    subnetwork: &RegionalRef,
    choice: &NatChoice,
    ours: &Installation,
) -> RegionalRef {
    let name = choice.router.clone().unwrap_or_else(|| {
        ours.name(&["router", &network.to_string(), subnetwork.region.as_str()])
    });
    RegionalRef {
        project: network.project.clone(),
        region: subnetwork.region.clone(),
        name,
    }
}

fn slot_name(router: &RegionalRef, slot: usize, ours: &Installation) -> NatRef {
    let name = ours.name(&["nat", &router.compute("routers"), &slot.to_string()]);
    NatRef {
        router: router.clone(),
        name,
    }
}

fn no_room(router: &RegionalRef, group: &Group) -> Diagnostic {
    let id = Id::Router(router.clone()).to_string();
    let message = format!("{id} has {NATS_PER_ROUTER} NAT entries; Google allows no more");
    let help = "name another router of the network in `internet.nat.router`";
    let diagnostic =
        Diagnostic::new(Code::NatLimitReached, Origin::Cloud { id }, message).help(help);
    match group.subnetworks.values().flatten().next() {
        Some(link) => diagnostic.link(link),
        None => diagnostic,
    }
}

impl Nats<'_> {
    fn add_router(
        &self,
        graph: &mut Graph,
        router: &RegionalRef,
        network: &NetworkRef,
        groups: &[Group],
    ) -> Vec<Diagnostic> {
        let links: BTreeSet<LinkName> = groups
            .iter()
            .flat_map(|g| g.subnetworks.values().flatten().cloned())
            .collect();
        let wanted = Router {
            id: router.clone(),
            network: network.clone(),
        };
        let named = groups.iter().any(|group| group.choice.router.is_some());
        let resource = if named {
            Resource::ExistingRouter(wanted)
        } else {
            Resource::Router(wanted)
        };
        graph.add(
            resource,
            links,
            BTreeSet::from([Id::Network(network.clone())]),
        );

        // Names are hashes, so they are asked for only while entries of ours are still to be found.
        let made = |nat: &&LiveNat| self.ours.made(nat.name.as_str());
        let there = self.world.router(router).present();
        let entries = there.map_or(0, |live| live.nats.iter().filter(made).count());
        let live: BTreeMap<usize, &LiveNat> = (0..NATS_PER_ROUTER)
            .filter_map(|slot| {
                let name = slot_name(router, slot, self.ours);
                Some((slot, self.world.nat(&name).present()?))
            })
            .take(entries)
            .collect();
        let spread = slots::spread(&live, groups, self.stays);
        for (slot, (group, subnetworks)) in spread.entries {
            self.add_entry(graph, router, slot, &groups[group], subnetworks);
        }
        let crowded = spread.crowded.into_iter();
        crowded
            .map(|group| no_room(router, &groups[group]))
            .collect()
    }

    fn add_entry(
        &self,
        graph: &mut Graph,
        router: &RegionalRef,
        slot: usize,
        group: &Group,
        subnetworks: BTreeSet<RegionalRef>,
    ) {
        let id = slot_name(router, slot, self.ours);
        let links: BTreeSet<LinkName> = subnetworks
            .iter()
            .filter_map(|id| group.subnetworks.get(id))
            .flatten()
            .cloned()
            .collect();
        let mut needs = BTreeSet::from([Id::Router(router.clone())]);
        needs.extend(
            subnetworks
                .iter()
                .filter(|id| group.subnetworks.contains_key(*id))
                .cloned()
                .map(Id::Subnetwork),
        );
        let addresses = match &group.choice.addresses {
            Addresses::Auto => NatAddresses::Auto,
            Addresses::Manual(names) => NatAddresses::Manual(names.clone()),
        };
        if let NatAddresses::Manual(names) = &addresses {
            for name in names {
                let place = RegionalRef {
                    project: router.project.clone(),
                    region: router.region.clone(),
                    name: name.clone(),
                };
                needs.insert(Id::Address(place.clone()));
                graph.add(Resource::Address(place), links.clone(), BTreeSet::new());
            }
        }
        // A NAT exists before the egress of its sources switches.
        for source in links.iter().filter_map(|link| self.sources.get(link)) {
            if let Some(node) = graph
                .nodes
                .get_mut(&Id::ServiceEgress(source.source.clone()))
            {
                node.needs.insert(Id::Nat(id.clone()));
            }
        }
        let wanted = Nat {
            id,
            addresses,
            subnetworks,
            min_ports_per_vm: group.choice.min_ports_per_vm,
        };
        graph.add(Resource::Nat(wanted), links, needs);
    }
}
