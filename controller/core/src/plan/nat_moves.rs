//! Subnetworks that change from one NAT entry of a router to another.
//!
//! Google takes a subnetwork in one entry only, and judges the list of a PATCH as a whole
//! (`docs/reference/google-cloud.md#nat-sources`). So the entries between which something changes are written in one
//! PATCH: the first of their steps carries all of them, and the others come after it and find their work done.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::kinds::{Id, LiveNat, Nat, NatRef, RegionalRef, Resource};
use crate::link::Internet;
use crate::plan::{Action, Step};
use crate::uses::entry_id;

/// What both entries say of it.
const MOVES: &str = "subnetworks change from one entry to another in one write: their connections through the NAT are cut once, and at no moment is one without a NAT";

/// A subnetwork that one step takes in and that is still in another entry.
struct Move {
    from: NatRef,
    to: NatRef,
    subnetwork: RegionalRef,
}

/// Joins the steps between which something moves, after holding back every half of a move whose other half will not
/// be carried out.
pub(crate) fn join(context: &mut Context<'_>) {
    let entries: Vec<NatRef> = context
        .steps
        .keys()
        .filter_map(|id| match id {
            Id::Nat(nat) => Some(nat.clone()),
            _ => None,
        })
        .collect();
    // Each round takes a write away or leaves more in an entry, so there is an end.
    while entries.iter().any(|entry| hold_back(context, entry)) {}
    let moves: Vec<Move> = entries
        .iter()
        .flat_map(|to| moves_into(context, to))
        .collect();
    for group in groups(&moves) {
        write_together(context, &group);
    }
}

/// The entry as this plan makes it, if that will be carried out.
fn made<'c>(context: &'c Context<'_>, id: &NatRef) -> Option<&'c Nat> {
    let step = context.steps.get(&Id::Nat(id.clone()))?;
    let enforced = step.links.iter().any(|link| context.is_enforced(link));
    step.write.as_ref().filter(|_| enforced)?.puts_as(id)
}

fn moves_into(context: &Context<'_>, to: &NatRef) -> Vec<Move> {
    let served = made(context, to)
        .into_iter()
        .flat_map(|nat| &nat.subnetworks);
    let found = served.flat_map(|subnetwork| {
        let listing = context
            .uses
            .listing(subnetwork)
            .iter()
            .map(|entry| entry_id(*entry));
        let others = listing.filter(|from| from != to && from.router == to.router);
        others.map(|from| Move {
            from,
            to: to.clone(),
            subnetwork: subnetwork.clone(),
        })
    });
    found.collect()
}

/// Does the graph place this subnetwork in an entry of this router?
fn placed<'c>(
    context: &'c Context<'_>,
    router: &RegionalRef,
    subnetwork: &RegionalRef,
) -> Option<&'c NatRef> {
    context
        .graph
        .nodes
        .values()
        .find_map(|node| match &node.resource {
            Resource::Nat(nat)
                if nat.id.router == *router && nat.subnetworks.contains(subnetwork) =>
            {
                Some(&nat.id)
            }
            _ => None,
        })
}

/// Holds back what this entry cannot do alone; answers whether that changed anything.
fn hold_back(context: &mut Context<'_>, entry: &NatRef) -> bool {
    let stuck = moves_into(context, entry).into_iter().find(|moving| {
        made(context, &moving.from).is_none_or(|nat| nat.subnetworks.contains(&moving.subnetwork))
    });
    if let Some(Move {
        from, subnetwork, ..
    }) = stuck
    {
        let why = format!("{} is still served by {}", subnetwork.name, Id::Nat(from));
        if let Some(step) = context.steps.get_mut(&Id::Nat(entry.clone())) {
            *step = step.clone().held_back(Action::Wait, Code::Waiting, why);
        }
        return true;
    }
    let keeps = stranded(context, entry);
    if keeps.is_empty() {
        return false;
    }
    let Some(live) = context.world.nat(entry).present() else {
        return false;
    };
    let Some(step) = context.steps.get_mut(&Id::Nat(entry.clone())) else {
        return false;
    };
    if let Some(Write::PutNat(wanted)) = &mut step.write {
        wanted.subnetworks.extend(keeps);
        step.changes = wanted.diff(live);
        if step.changes.is_empty() {
            *step = Step {
                links: step.links.clone(),
                ..Step::nothing("the NAT serves what it shall")
            };
        }
    }
    true
}

/// What this entry would let go although the entry that shall take it does not.
fn stranded(context: &Context<'_>, entry: &NatRef) -> BTreeSet<RegionalRef> {
    let step = context.steps.get(&Id::Nat(entry.clone()));
    let Some(Write::PutNat(wanted)) = step.and_then(|step| step.write.as_ref()) else {
        return BTreeSet::new();
    };
    let live = context.world.nat(entry).present();
    let dropped = live
        .into_iter()
        .flat_map(LiveNat::listed)
        .filter(|id| !wanted.subnetworks.contains(*id));
    let homeless = |id: &&RegionalRef| {
        let to = placed(context, &entry.router, id).filter(|to| *to != entry);
        to.is_some_and(|to| made(context, to).is_none_or(|nat| !nat.subnetworks.contains(*id)))
    };
    dropped.filter(homeless).cloned().collect()
}

/// Entries that hang together by moves.
fn groups(moves: &[Move]) -> Vec<BTreeSet<NatRef>> {
    let mut groups: Vec<BTreeSet<NatRef>> = Vec::new();
    for Move { from, to, .. } in moves {
        let (mut joined, rest): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|group| group.contains(from) || group.contains(to));
        let mut one: BTreeSet<NatRef> = joined.drain(..).flatten().collect();
        one.extend([from.clone(), to.clone()]);
        groups = rest;
        groups.push(one);
    }
    groups
}

fn write_together(context: &mut Context<'_>, group: &BTreeSet<NatRef>) {
    let ids: BTreeSet<Id> = group.iter().cloned().map(Id::Nat).collect();
    let mut puts: BTreeMap<&NatRef, Nat> = BTreeMap::new();
    let mut before: BTreeSet<Id> = BTreeSet::new();
    for id in group {
        let Some(nat) = made(context, id).cloned() else {
            return;
        };
        puts.insert(id, nat);
        let step = context.steps.get(&Id::Nat(id.clone()));
        before.extend(step.into_iter().flat_map(|step| step.after.iter().cloned()));
    }
    let Some((first, nat)) = puts.pop_first() else {
        return;
    };
    let first = Id::Nat(first.clone());
    let together = Write::PutNats(nat, puts.into_values().collect());
    before.retain(|id| !ids.contains(id));
    for id in &ids {
        let Some(step) = context.steps.get_mut(id) else {
            continue;
        };
        step.why = MOVES.into();
        if *id == first {
            step.write = Some(together.clone());
            step.after.clone_from(&before);
        } else {
            step.after.retain(|id| !ids.contains(id));
            step.after.insert(first.clone());
        }
    }
}

/// What sends traffic through a subnetwork comes after the NAT that takes it in: a source that moves there, and a
/// connector that a live service points at already. A link that only relies on a NAT being there has no other tie to
/// one that this very plan puts in the place of another; and while the old one goes and the new one has to wait,
/// nothing is sent that way.
pub(crate) fn before_traffic(context: &mut Context<'_>) {
    let Served { taken_in, let_go } = served(context);
    let mut changed: Vec<(Id, Step)> = Vec::new();
    for (id, step) in &context.steps {
        let Some(subnetwork) = brings_traffic(context, step) else {
            continue;
        };
        let nats = taken_in.get(&subnetwork).into_iter().flatten();
        let mut before = nats.filter(|nat| {
            let nat = context.steps.get(*nat);
            nat.is_some_and(|nat| !nat.after.contains(id))
        });
        if let Some(first) = before.next() {
            let before = before.chain([first]).cloned();
            changed.push((id.clone(), step.clone().after(before)));
        } else if wishes_internet(context, step)
            && let Some(nat) = let_go.get(&subnetwork)
        {
            let why = format!(
                "waits for a NAT that takes in {}: {} lets go of it",
                subnetwork.name,
                nat.short()
            );
            let waits = step.clone().held_back(Action::Wait, Code::Waiting, why);
            changed.push((id.clone(), waits));
        }
    }
    context.steps.extend(changed);
}

/// Which entries this plan puts each subnetwork into, and which one it takes it out of. Made once: looking through all
/// steps for each source would take longer than everything else.
#[derive(Default)]
struct Served {
    taken_in: BTreeMap<RegionalRef, BTreeSet<Id>>,
    let_go: BTreeMap<RegionalRef, Id>,
}

fn served(context: &Context<'_>) -> Served {
    let mut served = Served::default();
    for (id, step) in &context.steps {
        // What is only reported is not written.
        let written =
            step.links.is_empty() || step.links.iter().any(|link| context.is_enforced(link));
        let (Id::Nat(nat), Some(write), true) = (id, &step.write, written) else {
            continue;
        };
        for subnetwork in write.puts().flat_map(|wanted| &wanted.subnetworks) {
            let entries = served.taken_in.entry(subnetwork.clone()).or_default();
            entries.insert(id.clone());
        }
        let left = match write {
            Write::DeleteNat(_) => Some(&BTreeSet::new()),
            write => write.puts_as(nat).map(|wanted| &wanted.subnetworks),
        };
        let live = context.world.nat(nat).present();
        let listed = live.into_iter().flat_map(LiveNat::listed);
        let gone = listed.filter(|id| left.is_some_and(|left| !left.contains(*id)));
        served
            .let_go
            .extend(gone.map(|subnetwork| (subnetwork.clone(), id.clone())));
    }
    served
}

fn wishes_internet(context: &Context<'_>, step: &Step) -> bool {
    let mut links = step.links.iter().filter_map(|name| context.link(name));
    links.any(|link| link.internet != Internet::None)
}

/// The subnetwork that traffic of a source enters by this step.
fn brings_traffic(context: &Context<'_>, step: &Step) -> Option<RegionalRef> {
    match step.write.as_ref()? {
        Write::PatchService(patch) => {
            let connector = patch.vpc_access.as_ref()?.as_ref()?.connector()?;
            let wanted = context.graph.node(&Id::Connector(connector.clone()));
            let made = wanted.and_then(|node| match &node.resource {
                Resource::Connector(wanted) => Some(&wanted.subnetwork),
                _ => None,
            });
            let live = context.world.connector(connector).present();
            made.or_else(|| live?.subnetwork.as_ref()).cloned()
        }
        Write::CreateConnector(wanted) => {
            let users = context.uses.services().get(&wanted.id);
            users.map(|_| wanted.subnetwork.clone())
        }
        _ => None,
    }
}
