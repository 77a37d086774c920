//! Steps for NAT entries: what shall be served and can be, and what nobody needs any more.

use std::collections::BTreeSet;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::guests;
use crate::hold;
use crate::ids::{LinkName, ResourceName};
use crate::kinds::nat::NATS_PER_ROUTER;
use crate::kinds::{Id, LiveNat, Nat, NatAddresses, NatRef, RegionalRef, Resource};
use crate::link::{NetworkRef, ServiceRef};
use crate::plan::connectors::users_leave;
use crate::plan::{Action, Step, jobs};
use crate::uses::entry_id;
use crate::world::Seen;

/// A NAT entry serves many links, and one of them that cannot go on must not hold up the others: a subnetwork that
/// is not going to be there in this plan is left out of the entry for now, and one of another network for good: Google
/// refuses it. That a connector leads there is told of the connector.
pub(super) fn within_reach(context: &Context<'_>, node: &Node, wanted: &Nat) -> Nat {
    let enforced = |links: &BTreeSet<LinkName>| links.iter().any(|link| context.is_enforced(link));
    let live = context.world.nat(&wanted.id).present();
    let listed = |id: &RegionalRef| live.is_some_and(|live| live.listed().any(|other| other == id));
    let comes = |id: &&RegionalRef| match context.steps.get(&Id::Subnetwork((*id).clone())) {
        None => true,
        Some(step) => match step.action {
            Action::Nothing => true,
            Action::Create | Action::Update => enforced(&step.links) || !enforced(&node.links),
            Action::Delete | Action::Wait | Action::Refuse => listed(id),
        },
    };
    let links = node.links.iter().filter_map(|name| context.link(name));
    // Once for all subnetworks: an entry can have fifty of them, and thousands of links.
    let networks: BTreeSet<&NetworkRef> = links.map(|link| &link.network).collect();
    let is_inside = |id: &&RegionalRef| {
        let live = context.world.subnetwork(id).present();
        live.is_none_or(|live| networks.iter().all(|network| **network == live.network))
    };
    let subnetworks = wanted.subnetworks.iter().filter(comes).filter(is_inside);
    let subnetworks = subnetworks.cloned().collect();
    Nat {
        subnetworks,
        ..wanted.clone()
    }
}

pub(super) fn nat(context: &Context<'_>, wanted: &Nat) -> Step {
    if wanted.subnetworks.is_empty() {
        return Step::wait(
            Code::Waiting,
            "none of the subnetworks that it shall serve is there yet",
        );
    }
    if let Some((subnetwork, other)) = served_elsewhere(context, wanted) {
        let why = format!("{} is still served by {}", subnetwork.name, Id::Nat(other));
        return Step::wait(Code::LeftForOthers, why).help(
            "a subnetwork is in one NAT at a time: declare another /28, and the source moves there",
        );
    }
    if let Some((address, user)) = address_taken(context, wanted) {
        let why = format!("NAT {user} sends from address {address} already");
        return Step::refuse(Code::AddressInUse, why).help(
            "an address serves one NAT at a time: declare another in `internet.nat.addresses`",
        );
    }
    match context.world.nat(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let entries = context
                .world
                .router(&wanted.id.router)
                .present()
                .map_or(0, |router| router.nats.len());
            if entries >= NATS_PER_ROUTER {
                return Step::refuse(
                    Code::NatLimitReached,
                    format!("the router has {entries} NAT entries already"),
                )
                .help("name another router of the network in `internet.nat.router`");
            }
            let why = "all of the source's traffic enters the network; the NAT gives it the internet back";
            Step::create(why, Write::PutNat(wanted.clone()))
        }
        Seen::Present(live) => {
            let changes = wanted.diff(live);
            if changes.is_empty() {
                return Step::nothing("the NAT serves what it shall");
            }
            Step::update(
                why_it_changes(wanted, live),
                changes,
                Write::PutNat(wanted.clone()),
            )
        }
    }
}

fn why_it_changes(wanted: &Nat, live: &LiveNat) -> &'static str {
    let shrinks = live.listed().count() > wanted.subnetworks.len();
    if shrinks && wanted.subnetworks.iter().all(|id| live.covers(id)) {
        "it lets go of what nobody wishes to be served any more"
    } else {
        "the NAT gives the source the internet back"
    }
}

/// A subnetwork that another entry lists, which Google allows once (`docs/reference/google-cloud.md#nat-sources`).
fn served_elsewhere<'a>(
    context: &Context<'_>,
    wanted: &'a Nat,
) -> Option<(&'a RegionalRef, NatRef)> {
    wanted.subnetworks.iter().find_map(|subnetwork| {
        let entries = context.uses.listing(subnetwork).iter();
        let mut others = entries
            .map(|entry| entry_id(*entry))
            .filter(|id| *id != wanted.id);
        let other = others.find(|id| !lets_go(context, id, subnetwork, wanted))?;
        Some((subnetwork, other))
    })
}

/// Does another entry of the same router leave the subnetwork to this one, so that both are written together?
fn lets_go(context: &Context<'_>, other: &NatRef, subnetwork: &RegionalRef, wanted: &Nat) -> bool {
    let node = context.graph.node(&Id::Nat(other.clone()));
    other.router == wanted.id.router
        && node.is_some_and(|node| match &node.resource {
            Resource::Nat(other) => !other.subnetworks.contains(subnetwork),
            _ => false,
        })
}

/// An address that another entry sends from (`docs/reference/google-cloud.md#nat-addresses`), with that entry.
fn address_taken<'a>(
    context: &Context<'_>,
    wanted: &'a Nat,
) -> Option<(&'a ResourceName, ResourceName)> {
    let NatAddresses::Manual(names) = &wanted.addresses else {
        return None;
    };
    names.iter().find_map(|name| {
        let address = RegionalRef {
            name: name.clone(),
            ..wanted.id.router.clone()
        };
        let entries = context.uses.sending(&address).iter();
        let other = entries
            .map(|entry| entry_id(*entry))
            .find(|id| *id != wanted.id)?;
        Some((name, other.name))
    })
}

/// The steps after which nobody needs a NAT of ours behind this connector any more; `None` when somebody stays.
fn nat_users_leave(context: &Context<'_>, connector: &RegionalRef) -> Option<BTreeSet<Id>> {
    if hold::serves_jobs(context.world, connector, context.ours) {
        return None;
    }
    if context.ours.made(connector.name.as_str()) {
        let users = context.uses.services().get(connector);
        return users_leave(context, connector, users.into_iter().flatten()).ok();
    }
    let released = |user: &ServiceRef| {
        let id = Id::ServiceEgress(user.clone());
        let step = context.steps.get(&id)?;
        // A source that is still declared needs it for as long as anything of it leaves this way.
        let leaves = match context.graph.node(&id) {
            Some(_) => users_leave(context, connector, [user]).is_ok(),
            None => guest_leaves(context, connector, user, step),
        };
        (step.action.writes() && leaves).then_some(id)
    };
    hold::nat_users(
        context.world,
        connector,
        &context.uses,
        context.ours,
        &context.graph,
    )
    .map(released)
    .collect()
}

/// Does nothing of a source that is undone go through this connector of others after its step, but what went that way
/// before us?
fn guest_leaves(
    context: &Context<'_>,
    connector: &RegionalRef,
    user: &ServiceRef,
    step: &Step,
) -> bool {
    let (Some(service), Some(memory)) = (
        context.world.service(user).present(),
        context.world.memory(user).egress.this(),
    ) else {
        return false;
    };
    let sent = guests::sent(service, memory).filter(|_| !step.moves_egress());
    let mut pinned = guests::pinned(service, memory, context.world);
    sent != Some(connector)
        && pinned.all(|pinned| pinned != connector)
        && !guests::unread(service, context.world)
}

fn why_it_goes(context: &Context<'_>, live: &LiveNat) -> &'static str {
    let declared = |user: &ServiceRef| {
        context
            .graph
            .nodes
            .contains_key(&Id::ServiceEgress(user.clone()))
    };
    let carries_some = |id: &RegionalRef| {
        let connectors = context.uses.connectors_on(id).iter();
        let mut users = connectors.filter_map(|live| context.uses.services().get(&live.id));
        users.any(|users| users.iter().any(declared))
    };
    let mut goes = live.listed().filter(|id| context.nat_goes.contains(*id));
    if goes.any(carries_some) {
        "its sources are declared to do without the internet"
    } else {
        "no link wants it any more"
    }
}

/// Takes an entry out that nobody needs any more, or out of it what nobody needs.
pub(super) fn remove_nat(context: &Context<'_>, id: &NatRef, live: &LiveNat) -> Option<Step> {
    let node = Id::Nat(id.clone());
    // An entry that another link holds still loses what is no longer served.
    if context.graph.node(&node).is_some() || !context.may_remove(&node) {
        return None;
    }
    let held = context.holds(&node);
    if let Some(why) = context
        .world
        .connectors_unread(&id.router.region)
        .filter(|_| !held)
    {
        let why = format!("what it serves could not be read: {why}");
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    let (mut stay, mut after) = (BTreeSet::new(), BTreeSet::new());
    for subnetwork in live.listed() {
        match steps_before_it_goes(context, subnetwork) {
            Some(steps) => after.extend(steps),
            None => {
                stay.insert(subnetwork.clone());
            }
        }
    }
    if stay.is_empty() {
        let why = why_it_goes(context, live);
        return (!held).then(|| Step::delete(why, Write::DeleteNat(id.clone())).after(after));
    }
    if live.listed().all(|subnetwork| stay.contains(subnetwork)) {
        let why = "what it serves is still in use";
        // What this run may not take away stays in any case.
        let may_go = |id: &&RegionalRef| context.may_remove(&Id::Subnetwork((*id).clone()));
        let for_jobs = jobs::nat_stays(context, stay.iter().filter(may_go));
        let stays = for_jobs.unwrap_or_else(|| Step::wait(Code::LeftForOthers, why));
        return (!held).then_some(stays);
    }
    Some(shrink(id, live, stay).after(after))
}

/// The steps after which a subnetwork may leave an entry that nobody wishes for; `None` when it stays.
fn steps_before_it_goes(context: &Context<'_>, subnetwork: &RegionalRef) -> Option<BTreeSet<Id>> {
    let mut leaving = BTreeSet::new();
    let mut connectors = context.uses.connectors_on(subnetwork).iter();
    let all_leave = connectors.all(|live| {
        // A connector whose users could not be read may carry anybody's traffic.
        let steps = match context.world.services_unread(&live.id) {
            None => nat_users_leave(context, &live.id),
            Some(_) => None,
        };
        steps.map(|steps| leaving.extend(steps)).is_some()
    });
    let served = Id::Subnetwork(subnetwork.clone());
    let goes = (all_leave || context.nat_may_go(subnetwork))
        && !context.holds(&served)
        && context.may_remove(&served);
    goes.then_some(leaving)
}

fn shrink(id: &NatRef, live: &LiveNat, stay: BTreeSet<RegionalRef>) -> Step {
    let wanted = Nat {
        id: id.clone(),
        addresses: live.addresses.clone(),
        subnetworks: stay,
        min_ports_per_vm: live.min_ports_per_vm,
    };
    let fields = wanted.diff(live);
    let why = "it lets go of what nobody wishes to be served any more";
    Step::update(why, fields, Write::PutNat(wanted))
}
