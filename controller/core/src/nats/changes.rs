//! What changes about the NATs that serve subnetworks in use: some shall have none any more, and some shall have one
//! in another router.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::compile::NatWish;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::hold;
use crate::ids::{LinkName, ProjectId, Region};
use crate::kinds::{Id, LiveConnector, NatRef, RegionalRef, Resource};
use crate::link::{Internet, Link, Reconcile, ServiceRef};
use crate::names::Installation;
use crate::nats::{router_id, served_by_another};
use crate::uses::{Uses, entry_id};
use crate::world::World;

/// What telling needs to know.
pub(crate) struct Changes<'a> {
    pub(crate) world: &'a World,
    pub(crate) uses: &'a Uses<'a>,
    pub(crate) ours: &'a Installation,
    pub(crate) links: &'a BTreeMap<&'a LinkName, &'a Link>,
    pub(crate) graph: &'a Graph,
}

/// Where services and connectors are.
pub(crate) type Place = (ProjectId, Region);

/// A subnetwork in use whose links wish for a NAT in another router than the one that serves it.
struct Torn {
    subnetwork: RegionalRef,
    /// The connector that goes on using it.
    connector: RegionalRef,
    served_by: NatRef,
}

impl Changes<'_> {
    /// Subnetworks that an entry of ours serves for sources all of whose links do without the internet; and where
    /// pinned revisions have to be read before that is known, because one of them may leave through another.
    pub(crate) fn not_served_any_more(
        &self,
        wishes: &BTreeMap<RegionalRef, NatWish>,
    ) -> (BTreeSet<RegionalRef>, BTreeSet<Place>) {
        let (mut goes, mut undecided) = (BTreeSet::new(), BTreeSet::new());
        let listed = self.uses.listed_in_ours(self.ours);
        let unwished = listed.filter(|id| !wishes.contains_key(*id));
        for subnetwork in unwished.filter(|id| self.is_done_without(id)) {
            let mut unread = self.unread_near(subnetwork).peekable();
            if unread.peek().is_none() {
                goes.insert(subnetwork.clone());
            }
            undecided.extend(unread);
        }
        (goes, undecided)
    }

    fn unread_near(&self, subnetwork: &RegionalRef) -> impl Iterator<Item = Place> {
        let connectors = self.uses.connectors_on(subnetwork).iter();
        connectors
            .filter(|live| !self.uses.unread_revisions(&live.id).is_empty())
            .map(|live| (live.id.project.clone(), live.id.region.clone()))
    }

    fn is_done_without(&self, subnetwork: &RegionalRef) -> bool {
        if self.world.connectors_unread(&subnetwork.region).is_some() {
            return false;
        }
        let connectors = self.uses.connectors_on(subnetwork);
        !connectors.is_empty()
            && connectors
                .iter()
                .all(|live| self.carries_nobody_who_needs_it(live))
    }

    fn carries_nobody_who_needs_it(&self, connector: &LiveConnector) -> bool {
        let id = &connector.id;
        !hold::serves_jobs(self.world, id, self.ours)
            && self.world.services_unread(id).is_none()
            && self.nat_users(id).all(|user| self.does_without(user))
    }

    fn nat_users<'s>(&'s self, connector: &'s RegionalRef) -> impl Iterator<Item = &'s ServiceRef> {
        hold::nat_users(self.world, connector, self.uses, self.ours, self.graph)
    }

    /// A source does without the internet when every link of it says so and is enforced.
    fn does_without(&self, source: &ServiceRef) -> bool {
        let node = self.graph.node(&Id::ServiceEgress(source.clone()));
        node.is_some_and(|node| {
            node.links.iter().all(|name| {
                self.links.get(name).is_some_and(|link| {
                    link.internet == Internet::None && link.policy.reconcile == Reconcile::Enforce
                })
            })
        })
    }

    /// Takes out the wishes that can never come true: a subnetwork is in one NAT at a time, and only the entries of
    /// one router are written together. Their links are told, hold what they have, and go no further: answers why.
    pub(crate) fn hold_torn(
        &self,
        wishes: &mut BTreeMap<RegionalRef, NatWish>,
        held: &mut BTreeSet<Id>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> BTreeMap<LinkName, String> {
        let mut blocked = BTreeMap::new();
        wishes.retain(|subnetwork, wish| {
            let Some(torn) = self.torn(subnetwork, wish) else {
                return true;
            };
            held.extend(hold::behind_connector(self.world, &torn.connector));
            let links = wish.links.iter().filter_map(|name| self.links.get(name));
            diagnostics.extend(links.map(|link| torn.diagnostic(link)));
            let why = |link: &LinkName| (link.clone(), torn.message());
            blocked.extend(wish.links.iter().map(why));
            false
        });
        blocked
    }

    fn torn(&self, subnetwork: &RegionalRef, wish: &NatWish) -> Option<Torn> {
        if served_by_another(self.world, &wish.network, subnetwork, self.ours).is_some() {
            return None;
        }
        let router = router_id(&wish.network, subnetwork, &wish.choice, self.ours);
        let mut entries = self.uses.ours_listing(subnetwork, self.ours);
        let elsewhere = entries.find(|entry| entry.0.id != router)?;
        Some(Torn {
            subnetwork: subnetwork.clone(),
            served_by: entry_id(*elsewhere),
            connector: self.goes_on(subnetwork)?,
        })
    }

    /// A connector on it that one of its users is declared to go on using.
    fn goes_on(&self, subnetwork: &RegionalRef) -> Option<RegionalRef> {
        let connectors = self.uses.connectors_on(subnetwork).iter();
        connectors
            .map(|live| &live.id)
            .find(|id| {
                let mut users = self.nat_users(id);
                users.any(|user| {
                    let node = self.graph.node(&Id::ServiceEgress(user.clone()));
                    node.is_some_and(|node| match &node.resource {
                        Resource::ServiceEgress(wanted) => wanted.connector == **id,
                        _ => false,
                    })
                })
            })
            .cloned()
    }
}

impl Torn {
    fn message(&self) -> String {
        let served_by = Id::Nat(self.served_by.clone());
        let name = &self.subnetwork.name;
        format!(
            "subnetwork {name} is in use and served by {served_by}; Google serves it in one router at a time"
        )
    }

    fn diagnostic(&self, link: &Link) -> Diagnostic {
        let help = "declare another subnetwork or connector together with the router, and the source moves there without a gap; or accept one: apply `internet: {none: {}}` first";
        Diagnostic::new(Code::NatRouterChange, link.origin.clone(), self.message())
            .link(&link.name)
            .field("spec.internet.nat.router")
            .help(help)
    }
}
