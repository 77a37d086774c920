//! Steps for subnetworks: ours are made and go, somebody else's are used as they are unless adopted.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::kinds::{Id, LiveSubnetwork, RegionalRef, Subnetwork};
use crate::names::Installation;
use crate::plan::nodes::{mark, whose};
use crate::plan::{Action, Step, meant};
use crate::uses::entry_id;
use crate::world::Seen;

pub(super) fn subnetwork(context: &Context<'_>, node: &Node, wanted: &Subnetwork) -> Step {
    let live = match context.world.subnetwork(&wanted.id) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => return create_subnetwork(context, node, wanted),
        Seen::Present(live) => live,
    };
    if live
        .mark
        .as_ref()
        .is_none_or(|mark| mark.installation != *context.ours)
    {
        let whose = whose(live.mark.as_ref());
        return Step::refuse(
            Code::ForeignUnderOurName,
            format!("a subnetwork of this name exists and {whose}"),
        )
        .help("delete or rename it, or use another --set");
    }
    let holds = |cidr: Ipv4Net| cidr.contains(&wanted.cidr);
    if live.network != wanted.network || !live.cidr.is_some_and(holds) {
        return Step::refuse(
            Code::ForeignUnderOurName,
            "our subnetwork of this name was made anew in another network or with another range",
        )
        .showing(wanted.differs_in_range(live))
        .help("delete it, or declare another /28");
    }
    let changes = live.wants_private_google_access();
    let wider = wanted.differs_in_range(live);
    if changes.is_empty() && !wider.is_empty() {
        // The connector goes on working, and Google makes no range narrower.
        return Step { code: Some(Code::RangeChangeImpossible), ..Step::nothing(WIDER) }
            .showing(wider)
            .help("declare another /28: a new connector is made on it, the users move, and this one is deleted");
    }
    if changes.is_empty() {
        return Step::nothing("Private Google Access is on");
    }
    let write = Write::SetPrivateGoogleAccess(wanted.id.clone(), true);
    Step::update(
        "Google's addresses are reached from here without an external address",
        changes,
        write,
    )
}

/// A subnetwork that somebody expanded.
const WIDER: &str =
    "its range is wider than declared and stays so: a range grows and never shrinks";

fn create_subnetwork(context: &Context<'_>, node: &Node, wanted: &Subnetwork) -> Step {
    let overlaps = |live: &&LiveSubnetwork| {
        live.network == wanted.network
            && live
                .cidr
                .is_some_and(|cidr| cidr.contains(&wanted.cidr) || wanted.cidr.contains(&cidr))
    };
    if let Some(taken) = context.world.subnetworks().find(overlaps) {
        return taken_by(context, wanted, taken);
    }
    if let Some(kept) = kept_by_google(context, wanted) {
        let why = format!(
            "{} keeps {kept} for the subnetworks that Google makes in it",
            wanted.network
        );
        return Step::refuse(Code::NetworkUnfit, why)
            .help(format!("declare a free /28 outside of {kept}"));
    }
    let why = format!(
        "the connector needs a /28 of its own: {}, with Private Google Access",
        wanted.cidr
    );
    let mark = mark(context, node, &wanted.id.project);
    Step::create(why, Write::CreateSubnetwork(wanted.clone(), mark))
}

/// The refusal of a range that a live subnetwork has.
fn taken_by(context: &Context<'_>, wanted: &Subnetwork, taken: &LiveSubnetwork) -> Step {
    let path = taken.id.compute("subnetworks");
    let cidr = taken.cidr.map(|cidr| cidr.to_string()).unwrap_or_default();
    let installation = taken.mark.as_ref().map(|mark| &mark.installation);
    if installation == Some(context.ours) {
        return Step::refuse(
            Code::RangeChangeImpossible,
            format!("{} overlaps {cidr} of our own {path}", wanted.cidr),
        )
        .help("one range cannot be in two subnetworks at a time: declare another /28, apply, then change back");
    }
    let why = format!("{} overlaps {cidr} of {path}", wanted.cidr);
    let free = "declare a free /28 of this network";
    let Some(installation) = installation else {
        return Step::refuse(Code::RangeTaken, why).help(free);
    };
    let Installation { owner, set } = installation;
    let whose = if *owner == context.ours.owner {
        format!("this installation's other set {set}")
    } else {
        format!("owner {owner}, set {set}")
    };
    Step::refuse(Code::RangeTaken, format!("{why}, which is of {whose}"))
        .help(format!("{}, or {free}", installation.run_as(context.ours)))
}

/// The part of an automatic network that a subnetwork of ours would be in.
fn kept_by_google(context: &Context<'_>, wanted: &Subnetwork) -> Option<Ipv4Net> {
    let live = context.world.network(&wanted.network).present()?;
    let kept = live.auto_ranges()?;
    kept.contains(&wanted.cidr).then_some(kept)
}

/// What to do about one that is not there.
const CORRECT: &str = "correct its name, which is one in the source's region, or let privatelink make one with `managed: {cidr: ...}`";

pub(super) fn existing_subnetwork(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Step {
    let live = match context.world.subnetwork(id) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => {
            let why = format!("{} does not exist", id.compute("subnetworks"));
            return Step::refuse(Code::SubnetworkMissing, why).help(meant::subnetwork(
                context.world,
                id,
                CORRECT,
            ));
        }
        Seen::Present(live) => live,
    };
    let changes = live.wants_private_google_access();
    if changes.is_empty() {
        return Step::nothing("Private Google Access is on");
    }
    if context.served_by_nat(live) {
        return Step::nothing(
            "Private Google Access is effective, because a public NAT serves the subnetwork",
        );
    }
    if !context.adopts_subnetwork(node, id) {
        return Step::refuse(
            Code::HeldBySomebody,
            "Private Google Access is off, and the subnetwork is not ours",
        )
        .showing(changes)
        .help(format!(
            "switch it on, or add `adopt: [{{kind: Subnetwork, name: {}}}]`",
            id.name
        ));
    }
    if !context.journaled(id) {
        return Step::wait(
            Code::Waiting,
            "the source's annotation records the former value first",
        )
        .showing(changes);
    }
    let write = Write::SetPrivateGoogleAccess(id.clone(), true);
    Step::update(
        "adopted: Google's addresses are reached from here without an external address",
        changes,
        write,
    )
}

pub(super) fn remove_subnetwork(context: &Context<'_>, id: &RegionalRef) -> Option<Step> {
    if !context.unwanted(&Id::Subnetwork(id.clone())) {
        return None;
    }
    if let Some(why) = context.routers_unread(id) {
        let why = format!("which NAT uses it could not be read: {why}");
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    if let Some(why) = context.world.connectors_unread(&id.region) {
        let why = format!("the connectors on it could not be read: {why}");
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    let mut after = BTreeSet::new();
    for connector in context.uses.connectors_on(id) {
        let step = Id::Connector(connector.id.clone());
        match context.steps.get(&step).map(|step| step.action) {
            Some(Action::Delete) => drop(after.insert(step)),
            Some(_) | None => {
                return Some(Step::wait(
                    Code::LeftForOthers,
                    format!("connector {} is still on it", connector.id.name),
                ));
            }
        }
    }
    for user in context.uses.listing(id) {
        let entry = Id::Nat(entry_id(*user));
        let goes = context
            .steps
            .get(&entry)
            .is_some_and(|step| match &step.write {
                Some(Write::DeleteNat(_)) => true,
                Some(write) => {
                    let put = write.puts_as(&entry_id(*user));
                    put.is_some_and(|wanted| !wanted.subnetworks.contains(id))
                }
                None => false,
            });
        if !goes {
            let why = format!("NAT {} still serves it", user.1.name);
            return Some(Step::wait(Code::LeftForOthers, why));
        }
        after.insert(entry);
    }
    Some(
        Step::delete(
            "no link wants it any more",
            Write::DeleteSubnetwork(id.clone()),
        )
        .after(after),
    )
}
