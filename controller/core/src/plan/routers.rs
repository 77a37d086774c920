//! Steps for routers: ours is one per network and region, and goes when nobody's NAT is left in it.

use std::collections::BTreeSet;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::kinds::router::ROUTERS_PER_NETWORK_AND_REGION;
use crate::kinds::{Id, LiveRouter, NatRef, Router};
use crate::plan::nodes::{mark, whose};
use crate::plan::{Action, Step};
use crate::world::Seen;

pub(super) fn router(context: &Context<'_>, node: &Node, wanted: &Router) -> Step {
    match context.world.router(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let there = context
                .world
                .routers_of(&wanted.network, &wanted.id.region)
                .count();
            if there >= ROUTERS_PER_NETWORK_AND_REGION {
                return Step::refuse(
                    Code::RouterLimitReached,
                    format!(
                        "{} has {there} routers in {}; Google allows no more",
                        wanted.network.name, wanted.id.region
                    ),
                )
                .help("name one of them in `internet.nat.router`");
            }
            Step::create(
                "the NAT needs a router",
                Write::CreateRouter(wanted.clone(), mark(context, node, &wanted.id.project)),
            )
        }
        Seen::Present(live)
            if live
                .mark
                .as_ref()
                .is_none_or(|mark| mark.installation != *context.ours) =>
        {
            let other = whose(live.mark.as_ref());
            let why = format!("a router of this name exists and {other}");
            let refusal = Step::refuse(Code::ForeignUnderOurName, why);
            if live.mark.is_some() {
                return refusal.help(OUT_OF_THE_WAY);
            }
            // A description can be changed, and then it is the name alone that tells.
            let mark = mark(context, node, &wanted.id.project);
            refusal.help(format!("if privatelink made it, put `{mark}` back into its description; otherwise {OUT_OF_THE_WAY}"))
        }
        Seen::Present(live) if live.network != wanted.network => Step::refuse(
            Code::ForeignUnderOurName,
            format!("the router of this name serves {}", live.network),
        ),
        Seen::Present(_) => Step::nothing("the router is there"),
    }
}

const OUT_OF_THE_WAY: &str = "delete or rename it, or use another --set";

pub(super) fn existing_router(context: &Context<'_>, wanted: &Router) -> Step {
    match context.world.router(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let path = wanted.id.compute("routers");
            Step::refuse(Code::RouterMissing, format!("{path} does not exist"))
                .help("check `internet.nat.router`")
        }
        // One of another network is not wanted: `nats::misplaced`.
        Seen::Present(_) => Step::nothing("the router is there"),
    }
}

pub(super) fn remove_router(context: &Context<'_>, live: &LiveRouter) -> Option<Step> {
    let id = Id::Router(live.id.clone());
    if !context.is_ours(live.mark.as_ref()) || !context.unwanted(&id) {
        return None;
    }
    if live.has_peers {
        return Some(
            Step::wait(
                Code::LeftForOthers,
                "somebody's interfaces or BGP sessions are in it",
            )
            .help("move them to a router of their own; a later run then deletes this one"),
        );
    }
    let mut after = BTreeSet::new();
    for nat in &live.nats {
        let entry = Id::Nat(NatRef {
            router: live.id.clone(),
            name: nat.name.clone(),
        });
        match context.steps.get(&entry).map(|step| step.action) {
            Some(Action::Delete) => drop(after.insert(entry)),
            // It serves what this run may not remove, which is told as such (PL0168): no later run of this sort gets
            // further, so there is nothing to wait for.
            None if context.ours.made(nat.name.as_str()) && !context.may_remove(&entry) => {
                return None;
            }
            Some(_) | None => {
                return Some(Step::wait(
                    Code::LeftForOthers,
                    format!("NAT {} is still in it", nat.name),
                ));
            }
        }
    }
    Some(
        Step::delete(
            "no NAT of ours is left in it",
            Write::DeleteRouter(live.id.clone()),
        )
        .after(after),
    )
}
