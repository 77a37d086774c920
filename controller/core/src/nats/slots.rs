//! Spreading subnetworks over the numbered entries of one router.
//!
//! A subnetwork stays in the entry that lists it now unless its links wish for other settings than those of the
//! entry. Then it is the one that changes: who did not ask for anything is not moved, and an entry that all of its
//! subnetworks agree about is changed where it is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::nat::{NATS_PER_ROUTER, SUBNETWORKS_PER_NAT};
use crate::kinds::{LiveNat, NatAddresses, RegionalRef};
use crate::link::{Addresses, NatChoice};
use crate::nats::Group;

/// What the entries of a router shall list.
#[derive(Debug, Default)]
pub(super) struct Spread {
    /// By slot: the group whose settings the entry has, and what it lists.
    pub(super) entries: BTreeMap<usize, (usize, BTreeSet<RegionalRef>)>,
    /// Groups for which there was no room.
    pub(super) crowded: BTreeSet<usize>,
}

/// Spreads. `live` holds our entries by slot; `stays` tells what is listed and has to stay listed.
pub(super) fn spread(
    live: &BTreeMap<usize, &LiveNat>,
    groups: &[Group],
    stays: &dyn Fn(&RegionalRef) -> bool,
) -> Spread {
    let wishes: BTreeMap<&RegionalRef, usize> = groups
        .iter()
        .enumerate()
        .flat_map(|(index, group)| group.subnetworks.keys().map(move |id| (id, index)))
        .collect();
    let mut slots = Slots::as_listed(live, owners_of_slots(live, groups), &wishes, stays);
    let mut crowded = BTreeSet::new();
    for (subnetwork, group) in wishes {
        if slots.lists(subnetwork) {
            continue;
        }
        let slot = slots.room_for(group).or_else(|| {
            crowded.insert(group);
            slots.leaving.get(subnetwork).copied()
        });
        if let Some(slot) = slot {
            slots.put(subnetwork, slot);
        }
    }
    Spread {
        entries: slots.into_entries(),
        crowded,
    }
}

/// The entries of one router while subnetworks find their places in them.
struct Slots<'a> {
    /// The group whose settings each entry has.
    owners: BTreeMap<usize, usize>,
    /// What each entry lists.
    filled: BTreeMap<usize, BTreeSet<RegionalRef>>,
    /// What changes to another entry, with where it is. It keeps its place for this pass, so that it has somewhere to
    /// stay.
    leaving: BTreeMap<&'a RegionalRef, usize>,
    /// How many places of each entry are not to be had.
    taken: BTreeMap<usize, usize>,
    /// Slots without an entry, the first one last.
    free: Vec<usize>,
}

impl<'a> Slots<'a> {
    /// What stays in the entry that lists it now, and what leaves it.
    fn as_listed(
        live: &BTreeMap<usize, &'a LiveNat>,
        owners: BTreeMap<usize, usize>,
        wishes: &BTreeMap<&RegionalRef, usize>,
        stays: &dyn Fn(&RegionalRef) -> bool,
    ) -> Self {
        let free = (0..NATS_PER_ROUTER).rev();
        let mut slots = Self {
            filled: BTreeMap::new(),
            leaving: BTreeMap::new(),
            taken: BTreeMap::new(),
            free: free.filter(|slot| !live.contains_key(slot)).collect(),
            owners,
        };
        for (subnetwork, slot) in listed_in(live, &slots.owners) {
            match wishes.get(subnetwork) {
                Some(group) if slots.owners.get(&slot) != Some(group) => {
                    slots.leaving.insert(subnetwork, slot);
                }
                None if !stays(subnetwork) => continue,
                Some(_) | None => slots.put(subnetwork, slot),
            }
            *slots.taken.entry(slot).or_default() += 1;
        }
        slots
    }

    fn lists(&self, subnetwork: &RegionalRef) -> bool {
        self.filled.values().any(|ids| ids.contains(subnetwork))
    }

    /// Takes a place in an entry of the group, or in a new one for it.
    fn room_for(&mut self, group: usize) -> Option<usize> {
        let has_room = |slot: &usize| {
            let taken = self.taken.get(slot);
            taken.is_none_or(|count| *count < SUBNETWORKS_PER_NAT)
        };
        let of_group = self.owners.iter().filter(|(_, owner)| **owner == group);
        let mut of_group = of_group.map(|(slot, _)| *slot);
        let slot = of_group.find(has_room).or_else(|| self.free.pop())?;
        self.owners.insert(slot, group);
        *self.taken.entry(slot).or_default() += 1;
        Some(slot)
    }

    fn put(&mut self, subnetwork: &RegionalRef, slot: usize) {
        let ids = self.filled.entry(slot).or_default();
        ids.insert(subnetwork.clone());
    }

    fn into_entries(self) -> BTreeMap<usize, (usize, BTreeSet<RegionalRef>)> {
        let filled = self.filled.into_iter();
        filled
            .filter_map(|(slot, ids)| Some((slot, (*self.owners.get(&slot)?, ids))))
            .collect()
    }
}

/// The first entry with an owner that lists each subnetwork.
fn listed_in<'a>(
    live: &BTreeMap<usize, &'a LiveNat>,
    owners: &BTreeMap<usize, usize>,
) -> BTreeMap<&'a RegionalRef, usize> {
    let mut listed = BTreeMap::new();
    for slot in owners.keys() {
        for subnetwork in live.get(slot).into_iter().flat_map(|nat| nat.listed()) {
            listed.entry(subnetwork).or_insert(*slot);
        }
    }
    listed
}

/// A live entry belongs to the group that wishes for what it has, if any of that is in it; otherwise to the one most
/// of whose subnetworks it lists. One that lists none of anybody's, but sends from a group's own addresses, belongs
/// to that group, because no second entry could send from them (`docs/reference/google-cloud.md#nat-addresses`).
fn owners_of_slots(live: &BTreeMap<usize, &LiveNat>, groups: &[Group]) -> BTreeMap<usize, usize> {
    let rank = |nat: &LiveNat, group: &Group| {
        let listed = nat.listed();
        let shared = listed
            .filter(|id| group.subnetworks.contains_key(*id))
            .count();
        let same_addresses = match (&nat.addresses, &group.choice.addresses) {
            (NatAddresses::Manual(live), Addresses::Manual(wanted)) => !live.is_disjoint(wanted),
            (NatAddresses::Auto, _) | (_, Addresses::Auto) => false,
        };
        let as_wished = shared > 0 && as_it_is(nat, &group.choice);
        (as_wished, 2 * shared + usize::from(same_addresses))
    };
    live.iter()
        .filter_map(|(slot, nat)| {
            let best = (0..groups.len())
                .max_by_key(|index| (rank(nat, &groups[*index]), Reverse(*index)))?;
            (rank(nat, &groups[best]).1 > 0).then_some((*slot, best))
        })
        .collect()
}

fn as_it_is(nat: &LiveNat, choice: &NatChoice) -> bool {
    let addresses = match (&nat.addresses, &choice.addresses) {
        (NatAddresses::Manual(live), Addresses::Manual(wanted)) => live == wanted,
        (NatAddresses::Auto, Addresses::Auto) => true,
        (NatAddresses::Auto, Addresses::Manual(_)) | (NatAddresses::Manual(_), Addresses::Auto) => {
            false
        }
    };
    addresses && nat.min_ports_per_vm == choice.min_ports_per_vm
}
