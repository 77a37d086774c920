//! What every step is decided from, and the questions that deciding asks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::callers::{self, Aside, Callers};
use crate::cloud::Write;
use crate::codes::Code;
use crate::graph::{Graph, Node};
use crate::ids::{LinkName, ProjectId};
use crate::kinds::service_egress::LinkMemory;
use crate::kinds::{
    ConnectorState, Id, IngressSetting, LiveSubnetwork, RegionalRef, Resource, VpcAccess,
};
use crate::link::{AdoptionKind, Link, Reconcile, ServiceRef};
use crate::names::{Installation, Mark};
use crate::nats::changes::Place;
use crate::path::Trace;
use crate::plan::{Plan, egress, trail};
use crate::scope::Removal;
use crate::uses::Uses;
use crate::world::{Remembered, World};

/// Why a destination is not closed yet, and the link that takes part and whose path is the reason, if it is one.
pub(crate) type Unproven = (Option<LinkName>, String);

/// Everything that steps are decided from.
pub struct Context<'a> {
    /// What is live.
    pub world: &'a World,
    /// Who we are.
    pub ours: &'a Installation,
    /// What is wished.
    pub graph: Graph,
    /// The steps decided so far, in order of identity, which is an order of dependency too.
    pub steps: BTreeMap<Id, crate::plan::Step>,
    pub(crate) links: BTreeMap<&'a LinkName, &'a Link>,
    pub(crate) blocked: BTreeMap<LinkName, String>,
    pub(crate) traces: BTreeMap<LinkName, Trace>,
    pub(crate) released: BTreeSet<String>,
    /// What links have that do not take part.
    pub(crate) held: BTreeSet<Id>,
    /// What something led to, and what may be of links that this run is not told of.
    pub(crate) out_of_sight: BTreeSet<Id>,
    pub(crate) removal: Removal,
    pub(crate) nat_served: BTreeSet<RegionalRef>,
    /// Sources that must not be moved now, and why.
    pub(crate) stays_put: BTreeMap<ServiceRef, String>,
    /// Subnetworks that a NAT of ours serves and whose sources do without.
    pub(crate) nat_goes: BTreeSet<RegionalRef>,
    pub(crate) undecided: BTreeSet<Place>,
    pub(crate) records: BTreeMap<String, Value>,
    pub(crate) uses: Uses<'a>,
    pub(crate) callers: Callers<'a>,
    pub(crate) aside: Aside,
    /// Projects in which something of ours is that nobody wants.
    pub(crate) left: BTreeSet<ProjectId>,
    /// Sources whose record is written before anything is made for them.
    pub(crate) journaling: BTreeSet<ServiceRef>,
}

impl<'a> Context<'a> {
    /// A link that takes part.
    pub fn link(&self, name: &LinkName) -> Option<&'a Link> {
        self.links.get(name).copied()
    }

    fn adopts(
        &self,
        node: &Node,
        kind: AdoptionKind,
        project: &str,
        region: &str,
        name: &str,
    ) -> bool {
        node.links
            .iter()
            .filter_map(|link| self.link(link))
            .any(|link| {
                link.adopt.iter().any(|adoption| {
                    adoption.kind == kind
                        && adoption.project.as_str() == project
                        && adoption.region.as_str() == region
                        && adoption.name.as_str() == name
                })
            })
    }

    /// May this source's egress be taken over?
    pub fn adopts_egress(&self, node: &Node, service: &ServiceRef) -> bool {
        let ServiceRef {
            project,
            region,
            name,
        } = service;
        self.adopts(
            node,
            AdoptionKind::ServiceEgress,
            project.as_str(),
            region.as_str(),
            name.as_str(),
        )
    }

    /// May this destination's ingress be taken over?
    pub fn adopts_ingress(&self, node: &Node, service: &ServiceRef) -> bool {
        let ServiceRef {
            project,
            region,
            name,
        } = service;
        self.adopts(
            node,
            AdoptionKind::ServiceIngress,
            project.as_str(),
            region.as_str(),
            name.as_str(),
        )
    }

    /// May Private Google Access of this subnetwork be switched on?
    pub fn adopts_subnetwork(&self, node: &Node, id: &RegionalRef) -> bool {
        let RegionalRef {
            project,
            region,
            name,
        } = id;
        self.adopts(
            node,
            AdoptionKind::Subnetwork,
            project.as_str(),
            region.as_str(),
            name.as_str(),
        )
    }

    /// Does some source's annotation hold the former value of this adopted subnetwork already?
    pub fn journaled(&self, id: &RegionalRef) -> bool {
        self.records.contains_key(&id.compute("subnetworks"))
    }

    /// A former value recorded on any source.
    pub fn recorded_elsewhere(&self, path: &str) -> Option<&Value> {
        self.records.get(path)
    }

    /// Will a NAT of ours serve this subnetwork?
    pub fn nat_wanted(&self, id: &RegionalRef) -> bool {
        self.nat_served.contains(id)
    }

    /// Is Private Google Access effective on this subnetwork, for as long as the wishes are what they are, although its
    /// own field says no? A public NAT that stays makes it so.
    pub fn served_by_nat(&self, live: &LiveSubnetwork) -> bool {
        let served = self.world.nat_covering(&live.network, &live.id).is_some();
        (served && !self.nat_goes.contains(&live.id)) || self.nat_wanted(&live.id)
    }

    /// May a NAT of ours let go of this subnetwork although it is in use? Private Google Access, which the NAT made
    /// effective, is on by itself first.
    pub(crate) fn nat_may_go(&self, id: &RegionalRef) -> bool {
        self.nat_goes.contains(id) && has_private_google_access(self.world, id)
    }

    /// The subnetworks of others that a source's traffic leaves from.
    pub fn existing_subnetworks(&self, node: &Node) -> Vec<RegionalRef> {
        node.needs
            .iter()
            .filter_map(|id| match &self.graph.node(id)?.resource {
                Resource::ExistingSubnetwork(id) => Some(id.clone()),
                _ => None,
            })
            .collect()
    }

    /// Does an annotation go on listing this link although no wish of this turn says so?
    pub fn keeps(&self, name: &str) -> bool {
        !self.released.contains(name) && !self.enforces(name)
    }

    /// Is this link part of the turn and enforced?
    pub fn enforces(&self, name: &str) -> bool {
        name.parse().is_ok_and(|name| self.is_enforced(&name))
    }

    /// The same for a name that is one.
    pub fn is_enforced(&self, name: &LinkName) -> bool {
        let link = self.link(name);
        link.is_some_and(|link| link.policy.reconcile == Reconcile::Enforce)
    }

    /// Does the source of any of these links remember that it was applied to this very destination, and that it wished
    /// for what is live there? What differs from that wish was not written for it.
    pub fn applied_before(&self, node: &Node, live: IngressSetting) -> bool {
        let mut links = node.links.iter().filter_map(|name| self.link(name));
        links.any(|link| {
            let memory = self.applied_memory(link);
            let wished = memory.and_then(|memory| memory.ingress);
            wished.is_some_and(|wished| IngressSetting::from(wished) == live)
        })
    }

    /// Has the source of one of these links lost its record? It leaves through a connector of ours, which it did not
    /// get without one.
    pub fn record_lost(&self, node: &Node) -> bool {
        let links = node.links.iter().filter_map(|name| self.link(name));
        let mut sources = links.filter_map(|link| self.world.service(&link.source).present());
        sources.any(|source| {
            let connector = source.vpc_access.as_ref().and_then(VpcAccess::connector);
            connector.is_some_and(|connector| self.ours.made(connector.name.as_str()))
                && self.world.memory(&source.id).egress == Remembered::Nothing
        })
    }

    /// The digest that the source's annotation holds for a link, if it was ever applied.
    fn digest(&self, link: &Link) -> Option<&str> {
        self.applied_memory(link)
            .map(|memory| memory.digest.as_str())
    }

    /// What the source's annotation holds for a link, if it was ever applied to this destination.
    fn applied_memory(&self, link: &Link) -> Option<&LinkMemory> {
        let memory = self.world.memory(&link.source).egress.this()?;
        let memory = (memory.installation == *self.ours)
            .then(|| memory.links.get(&link.name.to_string()))??;
        (memory.to == link.destination.to_string() && !memory.digest.is_empty()).then_some(memory)
    }

    /// Does the source of any enforced link of these remember that it was applied?
    pub(crate) fn was_applied(&self, node: &Node) -> bool {
        let enforced = node.links.iter().filter(|name| self.is_enforced(name));
        let mut links = enforced.filter_map(|name| self.link(name));
        links.any(|link| self.applied_memory(link).is_some())
    }

    /// Is this link's declaration the one last applied? Its digest says so; a link whose destination waits for the
    /// path to be proven or for consent, and was never recorded, is still being applied.
    pub(crate) fn applied(&self, name: &LinkName, plan: &Plan) -> bool {
        let Some(link) = self.link(name) else {
            return false;
        };
        let destination = Id::ServiceIngress(link.destination.clone());
        let waits = plan.steps.get(&destination).is_some_and(|step| {
            matches!(step.code, Some(Code::IngressHeld | Code::HeldBySomebody))
        });
        (self.is_remembered(link) || !waits) && self.digest(link) == Some(link.digest.as_str())
    }

    /// Does the destination of a link remember that it ends there?
    pub(crate) fn is_remembered(&self, link: &Link) -> bool {
        let listed = self.world.memory(&link.destination).ingress.this();
        listed.is_some_and(|memory| memory.links.contains(&link.name.to_string()))
    }

    /// Why ingress cannot be tightened yet, if any link to this destination has an unproven path, or one that
    /// this very plan moves: what was read then says nothing about what will be there. A link that does not say who may
    /// enter counts as well, and so does one that takes no part.
    pub(crate) fn unproven(&self, destination: &ServiceRef) -> Option<Unproven> {
        let declared = || Some((None, self.aside.unproven(destination)?));
        self.cut_off_by_closing(destination).or_else(declared)
    }

    /// Why closing a destination may cut off a link that takes part, or one that was applied.
    pub(crate) fn cut_off_by_closing(&self, destination: &ServiceRef) -> Option<Unproven> {
        let enforced = |link: &LinkName| self.is_enforced(link);
        // What is undone is carried out as well.
        let acts = |link: &LinkName| enforced(link) || self.released.contains(&link.to_string());
        let moves = |service: &ServiceRef| {
            let step = self.steps.get(&Id::ServiceEgress(service.clone()));
            step.is_some_and(|step| {
                step.moves_egress() && (step.links.is_empty() || step.links.iter().any(acts))
            })
        };
        let names = || self.callers.names(destination);
        let links = || names().filter_map(|name| self.link(&name.parse().ok()?));
        if let Some(link) = links().find(|link| moves(&link.source)) {
            return Some((None, format!("{}: egress is being changed", link.name)));
        }
        // It carries traffic while it grows, unless that fails: then it is in ERROR and carries nobody.
        let grows = |link: &&Link| {
            let source = self.graph.node(&Id::ServiceEgress(link.source.clone()));
            let needs = source.into_iter().flat_map(|node| &node.needs);
            let mut steps = needs.filter_map(|id| self.steps.get(id));
            steps.any(|step| {
                matches!(step.write, Some(Write::UpdateConnector(_)))
                    && step.links.iter().any(enforced)
            })
        };
        // By somebody else, too: what becomes of it is seen when that is over.
        let changes = |link: &&Link| {
            let source = self.world.service(&link.source).present();
            let connector = source.and_then(|source| source.vpc_access.as_ref()?.connector());
            let live = connector.and_then(|id| self.world.connector(id).present());
            live.is_some_and(|live| live.state == ConnectorState::Updating)
        };
        if let Some(link) = links().find(grows).or_else(|| links().find(changes)) {
            let why = format!("{}: its connector is being changed", link.name);
            return Some((None, why));
        }
        let broken = links().find_map(|link| {
            let hop = self.traces.get(&link.name)?.root_cause()?;
            let why = format!("{}: {}", link.name, hop.found);
            Some((Some(link.name.clone()), why))
        });
        broken.or_else(|| Some((None, callers::outside(self, destination)?)))
    }

    /// Why nothing is made for these links, if none of them can go on. One that is only reported makes nothing.
    pub fn all_blocked(&self, links: &BTreeSet<LinkName>) -> Option<String> {
        let any_enforced = links.iter().any(|link| self.is_enforced(link));
        let counted = |link: &&LinkName| !any_enforced || self.is_enforced(link);
        let mut reasons = links
            .iter()
            .filter(counted)
            .map(|link| self.blocked.get(link));
        if reasons.clone().any(|reason| reason.is_none()) {
            return None;
        }
        reasons.next().flatten().cloned()
    }

    /// Is this the annotation-only write that comes before what it records?
    pub fn is_journal(step: &crate::plan::Step) -> bool {
        step.why == egress::JOURNAL || step.why == trail::TRAIL
    }

    /// May this be removed in this run?
    pub fn may_remove(&self, id: &Id) -> bool {
        crate::scope::may_remove(&self.removal, id)
    }

    /// Does a link wish for it that may change it? One that is only reported writes nothing, and keeps nobody else's.
    pub fn wishes(&self, id: &Id) -> bool {
        let node = self.graph.node(id);
        node.is_some_and(|node| node.links.iter().any(|link| self.is_enforced(link)))
    }

    /// Does a link have it that does not take part, or may one?
    pub fn holds(&self, id: &Id) -> bool {
        self.held.contains(id) || self.out_of_sight.contains(id)
    }

    /// Is it wished by nobody, held by nobody, and within what this run may remove?
    pub fn unwanted(&self, id: &Id) -> bool {
        self.graph.node(id).is_none() && !self.holds(id) && self.may_remove(id)
    }

    /// Is this our mark?
    pub fn is_ours(&self, mark: Option<&Mark>) -> bool {
        mark.is_some_and(|mark| mark.installation == *self.ours)
    }

    /// Why the routers of a place are not known, if they are not.
    pub fn routers_unread(&self, near: &RegionalRef) -> Option<String> {
        match self.world.router(near) {
            crate::world::Seen::Unreadable(why) => Some(why.to_owned()),
            crate::world::Seen::Present(_) | crate::world::Seen::Absent => None,
        }
    }
}

/// Is Private Google Access switched on, NAT or not?
pub(crate) fn has_private_google_access(world: &World, id: &RegionalRef) -> bool {
    let live = world.subnetwork(id).present();
    live.is_some_and(|live| live.private_google_access)
}
