//! Who uses what: the references of the snapshot, followed backwards. Built once per pass, because asking every
//! thing about every other takes hours where there are ten thousand of each.

use std::collections::{BTreeMap, BTreeSet};

use crate::hold;
use crate::ids::{ProjectId, Region};
use crate::kinds::{
    LiveConnector, LiveNat, LiveRouter, NatAddresses, NatRef, RegionalRef, RevisionRef,
};
use crate::link::ServiceRef;
use crate::names::Installation;
use crate::world::World;

/// A NAT entry, and the router that it stands in.
pub(crate) type Entry<'a> = (&'a LiveRouter, &'a LiveNat);

/// The identity of an entry.
pub(crate) fn entry_id((router, nat): Entry<'_>) -> NatRef {
    NatRef {
        router: router.id.clone(),
        name: nat.name.clone(),
    }
}

/// The references of a snapshot, by what they point to.
pub(crate) struct Uses<'a> {
    services: BTreeMap<RegionalRef, BTreeSet<ServiceRef>>,
    connectors: BTreeMap<&'a RegionalRef, Vec<&'a LiveConnector>>,
    listing: BTreeMap<&'a RegionalRef, Vec<Entry<'a>>>,
    sending: BTreeMap<RegionalRef, Vec<Entry<'a>>>,
    unread: BTreeMap<(ProjectId, Region), Vec<RevisionRef>>,
}

impl<'a> Uses<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let mut uses = Self {
            services: hold::connector_users(world),
            connectors: BTreeMap::new(),
            listing: BTreeMap::new(),
            sending: BTreeMap::new(),
            unread: BTreeMap::new(),
        };
        for connector in world.connectors() {
            if let Some(subnetwork) = &connector.subnetwork {
                let on = uses.connectors.entry(subnetwork).or_default();
                on.push(connector);
            }
        }
        for router in world.routers() {
            for nat in &router.nats {
                uses.insert(router, nat);
            }
        }
        for id in hold::unread_revisions(world) {
            let place = (id.service.project.clone(), id.service.region.clone());
            uses.unread.entry(place).or_default().push(id);
        }
        uses
    }

    fn insert(&mut self, router: &'a LiveRouter, nat: &'a LiveNat) {
        for subnetwork in nat.listed() {
            let listing = self.listing.entry(subnetwork).or_default();
            listing.push((router, nat));
        }
        let NatAddresses::Manual(names) = &nat.addresses else {
            return;
        };
        for name in names {
            let address = RegionalRef {
                name: name.clone(),
                ..router.id.clone()
            };
            self.sending.entry(address).or_default().push((router, nat));
        }
    }

    /// The services that use each connector: by their template, or by a revision that still serves.
    pub(crate) fn services(&self) -> &BTreeMap<RegionalRef, BTreeSet<ServiceRef>> {
        &self.services
    }

    /// The connectors on a subnetwork; Google allows one, and a race may leave more.
    pub(crate) fn connectors_on(&self, subnetwork: &RegionalRef) -> &[&'a LiveConnector] {
        let on = self.connectors.get(subnetwork);
        on.map_or(&[], Vec::as_slice)
    }

    /// The NAT entries, anybody's, that name a subnetwork.
    pub(crate) fn listing(&self, subnetwork: &RegionalRef) -> &[Entry<'a>] {
        let listing = self.listing.get(subnetwork);
        listing.map_or(&[], Vec::as_slice)
    }

    /// The entries of ours that name a subnetwork.
    pub(crate) fn ours_listing<'u>(
        &'u self,
        subnetwork: &RegionalRef,
        ours: &'u Installation,
    ) -> impl Iterator<Item = &'u Entry<'a>> {
        let listing = self.listing(subnetwork).iter();
        listing.filter(|(_, nat)| ours.made(nat.name.as_str()))
    }

    /// Every subnetwork that an entry of ours names.
    pub(crate) fn listed_in_ours<'u>(
        &'u self,
        ours: &'u Installation,
    ) -> impl Iterator<Item = &'a RegionalRef> {
        let listed = self.listing.keys().copied();
        listed.filter(|subnetwork| self.ours_listing(subnetwork, ours).next().is_some())
    }

    /// The NAT entries, anybody's, that send from an address.
    pub(crate) fn sending(&self, address: &RegionalRef) -> &[Entry<'a>] {
        let sending = self.sending.get(address);
        sending.map_or(&[], Vec::as_slice)
    }

    /// Revisions of a region that serve by name and were not read: each may leave through a connector there, also in
    /// another project.
    pub(crate) fn unread_in<'u>(
        &'u self,
        region: &'u Region,
    ) -> impl Iterator<Item = &'u RevisionRef> {
        let there = self.unread.iter();
        let there = there.filter(move |((_, other), _)| other == region);
        there.flat_map(|(_, revisions)| revisions)
    }

    /// Revisions near a connector that serve by name and were not read: each may leave through it.
    pub(crate) fn unread_revisions(&self, near: &RegionalRef) -> &[RevisionRef] {
        let place = (near.project.clone(), near.region.clone());
        self.unread.get(&place).map_or(&[], Vec::as_slice)
    }
}
