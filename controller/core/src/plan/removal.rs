//! Steps for what is ours and not wished any more. The order of safety is in the order of the functions: who may
//! reach a destination is loosened first, then its sources are detached, then what carried them goes.
//!
//! Nothing is removed because something was not read, and nothing that a live service still uses: what is in use
//! by somebody who does not leave in this very plan waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::codes::Code;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Origin};
use crate::hold;
use crate::ids::Region;
use crate::kinds::Id;
use crate::link::ServiceRef;
use crate::plan::addresses::remove_address;
use crate::plan::adoption::{owing_regions, restore_adopted, restore_left};
use crate::plan::connectors::remove_connector;
use crate::plan::nat_entries::remove_nat;
use crate::plan::release::{release_egress, release_ingress};
use crate::plan::routers::remove_router;
use crate::plan::subnetworks::remove_subnetwork;
use crate::plan::{Action, Step, nat_moves};
use crate::uses::entry_id;
use crate::world::Seen;

/// Adds the steps of everything that goes.
pub fn add(context: &mut Context<'_>) {
    let destinations: Vec<ServiceRef> = context
        .world
        .memories()
        .map(|(service, _)| service.clone())
        .collect();
    for service in &destinations {
        if let Some(step) = release_ingress(context, service) {
            // It takes the place of what a link that is only reported would like.
            let id = Id::ServiceIngress(service.clone());
            context.steps.insert(id, step);
        }
    }
    for service in &destinations {
        add_step(
            context,
            Id::ServiceEgress(service.clone()),
            release_egress(context, service),
        );
    }
    // The snapshot outlives the context, so nothing of it is copied to go through it.
    let world = context.world;
    for live in world.connectors() {
        if context.ours.made(live.id.name.as_str()) {
            let step = remove_connector(context, live);
            add_step(context, Id::Connector(live.id.clone()), step);
        }
    }
    for router in world.routers() {
        for nat in &router.nats {
            if context.ours.made(nat.name.as_str()) {
                let id = entry_id((router, nat));
                let step = remove_nat(context, &id, nat);
                add_step(context, Id::Nat(id), step);
            }
        }
    }
    for router in world.routers() {
        let step = remove_router(context, router);
        add_step(context, Id::Router(router.id.clone()), step);
    }
    for live in world.addresses() {
        if context.is_ours(live.mark.as_ref()) {
            let step = remove_address(context, &live.id);
            add_step(context, Id::Address(live.id.clone()), step);
        }
    }
    for live in world.subnetworks() {
        if context.is_ours(live.mark.as_ref()) {
            let step = remove_subnetwork(context, &live.id);
            add_step(context, Id::Subnetwork(live.id.clone()), step);
        }
    }
    restore_adopted(context);
    restore_left(context);
    order_moves(context);
    records_first(context);
    look_again(context);
    nat_moves::before_traffic(context);
}

/// Nothing leads to a region in which nothing of ours is left. One thing of each therefore outlives the records on its
/// services, so that a record whose write fails is found again, and one that has to stay yet.
fn records_first(context: &mut Context<'_>) {
    let owing = owing_regions(context);
    let none = |region: &Region| (region.clone(), BTreeSet::new());
    let mut records: BTreeMap<Region, BTreeSet<Id>> = owing.iter().map(none).collect();
    for (id, step) in &context.steps {
        if let Id::ServiceEgress(service) | Id::ServiceIngress(service) = id
            && step.action.writes()
            && context.graph.node(id).is_none()
        {
            let region = service.region.clone();
            records.entry(region).or_default().insert(id.clone());
        }
    }
    for (region, records) in records {
        let last = context.steps.iter_mut().find(|(id, step)| {
            let leads_there = match id {
                Id::Subnetwork(live) | Id::Router(live) => live.region == region,
                Id::Network(_)
                | Id::Route(_)
                | Id::Address(_)
                | Id::Nat(_)
                | Id::Connector(_)
                | Id::Revision(_)
                | Id::ServiceEgress(_)
                | Id::ServiceIngress(_) => false,
            };
            leads_there && step.action == Action::Delete
        });
        if let Some((_, step)) = last {
            if owing.contains(&region) {
                let why = "a record of ours near it leads to what gets back what it had first";
                *step = step.clone().held_back(Action::Wait, Code::Waiting, why);
            } else {
                step.after.extend(records);
            }
        }
    }
}

/// A source forgets its old destination only after that one got back what it had.
fn order_moves(context: &mut Context<'_>) {
    let mut moves: Vec<(Id, ServiceRef)> = Vec::new();
    for id in context.graph.nodes.keys() {
        let Id::ServiceEgress(source) = id else {
            continue;
        };
        let Some(memory) = context.world.memory(source).egress.this() else {
            continue;
        };
        for (name, before) in &memory.links {
            let old =
                hold::service_of_path(&before.to).filter(|_| forgets(context, name, &before.to));
            moves.extend(old.map(|old| (id.clone(), old)));
        }
    }
    for (id, old) in moves {
        let loosened = Id::ServiceIngress(old.clone());
        let loosens = context
            .steps
            .get(&loosened)
            .is_some_and(|step| step.action.writes());
        // A record that comes before everything else still names the old destination.
        let writes = |step: &Step| step.action.writes() && !Context::is_journal(step);
        let Some(step) = context.steps.get_mut(&id).filter(|step| writes(step)) else {
            continue;
        };
        if let Seen::Unreadable(why) = context.world.service(&old) {
            let why = format!("the destination that it leaves could not be read: {why}");
            *step = step
                .clone()
                .held_back(Action::Wait, Code::ScopeUnreadable, why);
        } else if loosens {
            step.after.insert(loosened);
        }
    }
}

/// Does the source of a link forget that the link ended here? It ends elsewhere now, or it is being undone.
fn forgets(context: &Context<'_>, link: &str, to: &str) -> bool {
    match link.parse().ok().and_then(|name| context.link(&name)) {
        Some(declared) => declared.destination.to_string() != to,
        None => !context.keeps(link),
    }
}

/// A source's record is the only thing that leads to a destination in a region where nothing else of ours is. It
/// forgets one that seems to carry no record only after that one has been read by itself: a list may be behind.
fn look_again(context: &mut Context<'_>) {
    let mut forgotten: Vec<(Id, (ServiceRef, Arc<str>))> = Vec::new();
    for (source, memory) in context.world.memories() {
        let Some(memory) = memory.egress.this() else {
            continue;
        };
        for (name, before) in &memory.links {
            if before.ingress.is_none() || !forgets(context, name, &before.to) {
                continue;
            }
            let old = hold::service_of_path(&before.to)
                .filter(|old| !context.steps.contains_key(&Id::ServiceIngress(old.clone())));
            let old = old.map(|old| (old, Arc::from(name.as_str())));
            forgotten.extend(old.map(|old| (Id::ServiceEgress(source.clone()), old)));
        }
    }
    for (id, old) in forgotten {
        let step = context.steps.get_mut(&id);
        // A record that comes before everything else forgets nothing.
        if let Some(step) = step.filter(|step| !Context::is_journal(step)) {
            step.forgets.insert(old);
        }
    }
}

fn add_step(context: &mut Context<'_>, id: Id, step: Option<Step>) {
    if let Some(step) = step {
        context.steps.entry(id).or_insert(step);
    }
}

/// What could be removed but is not, because this run may not remove: said, so that nobody wonders.
pub fn left_over(context: &Context<'_>) -> Vec<Diagnostic> {
    let told = [not_removed(context), not_told_of(context)];
    told.into_iter()
        .flatten()
        .chain(without_mark(context))
        .collect()
}

/// Routers that are called as ours are and that nothing else says to be ours: somebody changed their descriptions.
fn without_mark(context: &Context<'_>) -> impl Iterator<Item = Diagnostic> {
    let routers = context.world.routers();
    let lost = routers.filter(|live| {
        let ours = context.ours.made(live.id.name.as_str()) && live.mark.is_none();
        ours && context.unwanted(&Id::Router(live.id.clone()))
    });
    lost.map(|live| {
        let id = Id::Router(live.id.clone()).to_string();
        let message = format!(
            "{id} is called as a router of ours is, but its description carries no mark of ours, so it is left alone"
        );
        let help = if live.nats.is_empty() {
            "if privatelink made it, delete it by hand"
        } else {
            "nothing to do while NAT entries are in it; if privatelink made it, delete it by hand when the last one is gone"
        };
        Diagnostic::new(Code::ForeignUnderOurName, Origin::Cloud { id }, message)
            .help(help)
            .severity(crate::diagnostic::Severity::Warning)
    })
}

/// What is left alone because it may be of links that this run is not told of.
fn not_told_of(context: &Context<'_>) -> Option<Diagnostic> {
    let ours = context.out_of_sight.iter().filter(|id| match id {
        Id::Subnetwork(id) => {
            let live = context.world.subnetwork(id).present();
            live.is_some_and(|live| context.is_ours(live.mark.as_ref()))
        }
        Id::Nat(_) => true,
        _ => false,
    });
    let left: Vec<String> = ours
        .map(|id| format!("{} {}", id.kind(), id.short()))
        .collect();
    (!left.is_empty()).then(|| {
        let message = format!(
            "set {} has things in a project that nothing declared names, perhaps of other links, and they are left alone: {}",
            context.ours.set,
            first_few(&left)
        );
        Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message)
            .help("`--scope PROJECT` looks there")
            .severity(crate::diagnostic::Severity::Info)
    })
}

/// What this run may not remove.
fn not_removed(context: &Context<'_>) -> Option<Diagnostic> {
    let connectors = context
        .world
        .connectors()
        .filter(|live| context.ours.made(live.id.name.as_str()));
    let subnetworks = context
        .world
        .subnetworks()
        .filter(|live| context.is_ours(live.mark.as_ref()));
    let left: Vec<String> = connectors
        .map(|live| Id::Connector(live.id.clone()))
        .chain(subnetworks.map(|live| Id::Subnetwork(live.id.clone())))
        .filter(|id| {
            context.graph.node(id).is_none() && !context.holds(id) && !context.may_remove(id)
        })
        .map(|id| format!("{} {}", id.kind(), id.short()))
        .collect();
    (!left.is_empty()).then(|| {
        let message = format!(
            "set {} has things that are not declared here and are left alone: {}",
            context.ours.set,
            first_few(&left)
        );
        Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message)
            .help("`apply --prune` with all declarations of the set removes them, and what serves them")
            .severity(crate::diagnostic::Severity::Info)
    })
}

/// As many as one reads, and how many more there are.
pub(crate) fn first_few(all: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = all[..all.len().min(SHOWN)].join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}
