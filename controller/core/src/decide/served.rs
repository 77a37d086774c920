//! Which subnetworks NATs of ours serve: those that links wish for, and those that cannot do without yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::NatWish;
use crate::context::{Context, has_private_google_access};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::hold;
use crate::kinds::{Id, RegionalRef, Resource};
use crate::names;
use crate::nats::changes::Changes;
use crate::nats::{self, Nats, misplaced};
use crate::scope;

/// Spreads the wishes over NAT entries. Those that can never come true are taken out, and block their links.
pub(super) fn spread(
    context: &mut Context<'_>,
    mut wishes: BTreeMap<RegionalRef, NatWish>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let changes = Changes {
        world: context.world,
        uses: &context.uses,
        ours: context.ours,
        links: &context.links,
        graph: &context.graph,
    };
    (context.nat_goes, context.undecided) = changes.not_served_any_more(&wishes);
    context.blocked = changes.hold_torn(&mut wishes, &mut context.held, diagnostics);
    let (world, ours) = (context.world, context.ours);
    misplaced::take_out(world, &context.uses, ours, &mut wishes, &mut context.held);
    let in_use = subnetworks_in_use(context);
    let stays = |subnetwork: &RegionalRef| {
        let id = Id::Subnetwork(subnetwork.clone());
        let connectors = context.uses.connectors_on(subnetwork);
        let goes = context.nat_goes.contains(subnetwork)
            && has_private_google_access(context.world, subnetwork);
        context.held.contains(&id)
            || (in_use.contains(subnetwork) && !goes)
            || hold::users_unread(context.world, subnetwork, connectors)
            // What nobody of ours ever put there is somebody's addition to an entry of ours.
            || (names::follows_our_scheme(subnetwork.name.as_str())
                && !scope::may_remove(&context.removal, &id))
    };
    let nats = Nats {
        world: context.world,
        ours: context.ours,
        sources: &context.links,
        stays: &stays,
    };
    diagnostics.extend(nats::add_nats(&mut context.graph, &wishes, &nats));
    context.nat_served = nat_served(&context.graph);
}

/// The subnetworks that a NAT of ours will serve.
fn nat_served(graph: &Graph) -> BTreeSet<RegionalRef> {
    let entries = graph
        .nodes
        .values()
        .filter_map(|node| match &node.resource {
            Resource::Nat(nat) => Some(&nat.subnetworks),
            _ => None,
        });
    entries.flatten().cloned().collect()
}

/// Subnetworks in NATs of ours whose connector carries traffic for whose sake one of them has to stay.
fn subnetworks_in_use(context: &Context<'_>) -> BTreeSet<RegionalRef> {
    let Context {
        world,
        ours,
        graph,
        uses,
        ..
    } = context;
    let carries = |subnetwork: &RegionalRef| {
        let mut connectors = uses.connectors_on(subnetwork).iter();
        connectors.any(|live| {
            let mut users = hold::nat_users(world, &live.id, uses, ours, graph);
            users.next().is_some() || hold::serves_jobs(world, &live.id, ours)
        })
    };
    let listed = uses.listed_in_ours(ours);
    listed
        .filter(|subnetwork| carries(subnetwork))
        .cloned()
        .collect()
}
