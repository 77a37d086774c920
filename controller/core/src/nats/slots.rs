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
    let mut owners = owners_of_slots(live, groups);
    let wishes: BTreeMap<&RegionalRef, usize> = groups
        .iter()
        .enumerate()
        .flat_map(|(index, group)| group.subnetworks.keys().map(move |id| (id, index)))
        .collect();
    let mut listed: BTreeMap<&RegionalRef, usize> = BTreeMap::new();
    for slot in owners.keys() {
        for subnetwork in live.get(slot).into_iter().flat_map(|nat| nat.listed()) {
            listed.entry(subnetwork).or_insert(*slot);
        }
    }
    let mut filled: BTreeMap<usize, BTreeSet<RegionalRef>> = BTreeMap::new();
    // What changes to another entry keeps its place for this pass, so that it has somewhere to stay.
    let mut leaving: BTreeMap<&RegionalRef, usize> = BTreeMap::new();
    for (subnetwork, slot) in listed {
        match wishes.get(subnetwork) {
            Some(group) if owners.get(&slot) != Some(group) => {
                leaving.insert(subnetwork, slot);
            }
            None if !stays(subnetwork) => {}
            Some(_) | None => {
                filled.entry(slot).or_default().insert(subnetwork.clone());
            }
        }
    }
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let placed = filled.iter().map(|(slot, ids)| (*slot, ids.len()));
    for (slot, count) in placed.chain(leaving.values().map(|slot| (*slot, 1))) {
        *taken.entry(slot).or_default() += count;
    }
    let mut free: Vec<usize> = (0..NATS_PER_ROUTER)
        .rev()
        .filter(|slot| !live.contains_key(slot))
        .collect();
    let mut crowded = BTreeSet::new();
    for (subnetwork, group) in wishes {
        if filled.values().any(|ids| ids.contains(subnetwork)) {
            continue;
        }
        let room = owners.iter().find(|(slot, owner)| {
            **owner == group
                && taken
                    .get(*slot)
                    .is_none_or(|count| *count < SUBNETWORKS_PER_NAT)
        });
        let slot = match (
            room.map(|(slot, _)| *slot).or_else(|| free.pop()),
            leaving.get(subnetwork),
        ) {
            (Some(slot), _) => {
                owners.insert(slot, group);
                *taken.entry(slot).or_default() += 1;
                slot
            }
            (None, stays_in) => {
                crowded.insert(group);
                let Some(slot) = stays_in else { continue };
                *slot
            }
        };
        filled.entry(slot).or_default().insert(subnetwork.clone());
    }
    let entries = filled
        .into_iter()
        .filter_map(|(slot, ids)| Some((slot, (*owners.get(&slot)?, ids))));
    Spread {
        entries: entries.collect(),
        crowded,
    }
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
