//! Steps for the things around the two services: what is there, whose it is, what differs.

use std::collections::BTreeSet;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::kinds::{Id, Resource};
use crate::link::NetworkRef;
use crate::names::Mark;
use crate::plan::addresses::address;
use crate::plan::connectors::{connector, existing_connector};
use crate::plan::nat_entries::{nat, within_reach};
use crate::plan::routers::{existing_router, router};
use crate::plan::subnetworks::{existing_subnetwork, subnetwork};
use crate::plan::{Action, Step, egress, ingress};
use crate::world::Seen;

/// The step for one node of the graph, before its needs are looked at.
pub fn step(context: &Context<'_>, node: &Node) -> Step {
    let step = match &node.resource {
        Resource::Network(id) => network(context, id),
        Resource::Subnetwork(wanted) => subnetwork(context, node, wanted),
        Resource::ExistingSubnetwork(id) => existing_subnetwork(context, node, id),
        Resource::Address(id) => address(context, node, id),
        Resource::Router(wanted) => router(context, node, wanted),
        Resource::ExistingRouter(wanted) => existing_router(context, wanted),
        Resource::Nat(wanted) => nat(context, &within_reach(context, node, wanted)),
        Resource::Connector(wanted) => connector(context, wanted),
        Resource::ExistingConnector(id) => existing_connector(context, node, id),
        Resource::ServiceEgress(wanted) => egress::step(context, node, wanted),
        Resource::ServiceIngress(wanted) => ingress::step(context, node, wanted),
    };
    Step {
        links: node.links.clone(),
        ..step
    }
}

pub(super) fn mark(context: &Context<'_>, node: &Node) -> Mark {
    match node.links.first() {
        Some(link) => Mark::new(context.ours, link),
        None => Mark {
            installation: context.ours.clone(),
            link: "none/none".into(),
        },
    }
}

pub(super) fn whose(mark: Option<&Mark>) -> String {
    match mark {
        Some(Mark { installation, link }) => {
            format!(
                "it belongs to owner {}, set {}, link {link}",
                installation.owner, installation.set
            )
        }
        None => "it carries no mark of ours".to_owned(),
    }
}

fn network(context: &Context<'_>, id: &NetworkRef) -> Step {
    match context.world.network(id) {
        Seen::Present(_) => Step::nothing("the network is there"),
        Seen::Absent => Step::refuse(
            Code::NetworkMissing,
            format!(
                "network {} does not exist in project {}",
                id.name, id.project
            ),
        )
        .help("check `network.name`; for a Shared VPC set `network.projectId` to the host project"),
        Seen::Unreadable(why) => Step::unreadable(why),
    }
}

/// Turns a step that would write into one that waits, when what it needs is not going to be there.
pub fn gate(context: &Context<'_>, id: &Id, node: &Node, step: Step) -> Step {
    if !step.action.writes() || (step.action == Action::Delete) || context.is_journal(&step) {
        return step;
    }
    if let Some(why) = context.all_blocked(&node.links) {
        return step.held_back(Action::Wait, Code::Waiting, why);
    }
    let mut after = BTreeSet::new();
    // What a NAT entry waits for has been settled when its subnetworks were chosen.
    let left_out = |need: &Id| match (&step.write, need) {
        (Some(Write::PutNat(nat)), Id::Subnetwork(id)) => {
            let comes = context
                .steps
                .get(need)
                .is_some_and(|step| match step.action {
                    Action::Nothing | Action::Create | Action::Update => true,
                    Action::Delete | Action::Wait | Action::Refuse => false,
                });
            !comes || !nat.subnetworks.contains(id)
        }
        _ => false,
    };
    for need in node.needs.iter().filter(|need| !left_out(need)) {
        match context.steps.get(need).map(|step| step.action) {
            Some(Action::Nothing) => {}
            Some(Action::Create | Action::Update) => {
                after.insert(need.clone());
            }
            Some(Action::Delete | Action::Wait | Action::Refuse) | None => {
                let why = format!("waits for {} {}", need.kind(), need.short());
                return step.held_back(Action::Wait, Code::Waiting, why);
            }
        }
    }
    debug_assert!(!after.contains(id));
    step.after(after)
}
