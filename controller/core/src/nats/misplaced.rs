//! Wishes for a NAT in a router of another network. They can never come true, and must not be mixed up with those of
//! links that name the same router rightly.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::NatWish;
use crate::hold;
use crate::kinds::{Id, RegionalRef};
use crate::link::{NatChoice, NetworkRef};
use crate::names::Installation;
use crate::nats::{router_id, served_by_another};
use crate::uses::Uses;
use crate::world::World;

/// What is wrong with the router that is named for this subnetwork, if it serves another network.
pub(crate) fn why(
    world: &World,
    network: &NetworkRef,
    subnetwork: &RegionalRef,
    choice: &NatChoice,
    ours: &Installation,
) -> Option<String> {
    choice.router.as_ref()?;
    if served_by_another(world, network, subnetwork, ours).is_some() {
        return None;
    }
    let router = router_id(network, subnetwork, choice, ours);
    let live = world.router(&router).present()?;
    let name = &router.name;
    (live.network != *network)
        .then(|| format!("router {name} serves {}, not {network}", live.network))
}

/// Takes them out. What their subnetworks have is held.
pub(crate) fn take_out(
    world: &World,
    uses: &Uses<'_>,
    ours: &Installation,
    wishes: &mut BTreeMap<RegionalRef, NatWish>,
    held: &mut BTreeSet<Id>,
) {
    wishes.retain(|subnetwork, wish| {
        let misplaced = why(world, &wish.network, subnetwork, &wish.choice, ours).is_some();
        if misplaced {
            let connectors = uses.connectors_on(subnetwork).iter();
            let behind = connectors.map(|live| hold::behind_connector(world, &live.id));
            held.extend(behind.flatten());
        }
        !misplaced
    });
}
