//! Steps for the things around the two services: what is there, whose it is, what differs.

use std::collections::{BTreeMap, BTreeSet};

use crate::callers;
use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::ids::{LinkName, ProjectId};
use crate::kinds::network::Mode;
use crate::kinds::{Id, Kind, Resource};
use crate::link::NetworkRef;
use crate::names::Mark;
use crate::plan::addresses::address;
use crate::plan::connectors::{connector, existing_connector};
use crate::plan::nat_entries::{nat, within_reach};
use crate::plan::routers::{existing_router, router};
use crate::plan::subnetworks::{existing_subnetwork, subnetwork};
use crate::plan::{Action, Step, egress, ingress, meant, nat_moves, trail};
use crate::world::{Remembered, Seen};

/// Decides every node in order of identity, which has what is needed before what needs it.
pub(crate) fn add(context: &mut Context<'_>) {
    context.left = trail::left(context);
    block_refused(context);
    context.journaling = trail::journaling(context);
    let ids: Vec<Id> = context.graph.nodes.keys().cloned().collect();
    // NAT entries between which something moves are written together; what comes after them has to know.
    let served = ids.partition_point(|id| id.kind() <= Kind::Nat);
    let (before, after) = ids.split_at(served);
    for id in before {
        add_step(context, id);
    }
    nat_moves::join(context);
    hold_useless(context);
    for id in after {
        add_step(context, id);
    }
    trail::hold_idle(context);
    record_destinations_first(context);
}

/// A router and an address are there for an entry: none is made before one can be.
fn hold_useless(context: &mut Context<'_>) {
    let acts = |step: &Step| {
        step.action.writes() && step.links.iter().any(|link| context.is_enforced(link))
    };
    let mut idle: BTreeMap<Id, &Id> = BTreeMap::new();
    let mut of_use: BTreeSet<&Id> = BTreeSet::new();
    let nodes = context.graph.nodes.iter();
    for (nat, node) in nodes.filter(|(id, _)| id.kind() == Kind::Nat) {
        if context.steps.get(nat).is_some_and(acts) {
            of_use.extend(&node.needs);
        } else {
            idle.extend(node.needs.iter().map(|need| (need.clone(), nat)));
        }
    }
    idle.retain(|need, _| {
        let made = context
            .steps
            .get(need)
            .is_some_and(|step| acts(step) && step.action == Action::Create);
        matches!(need, Id::Router(_) | Id::Address(_)) && made && !of_use.contains(need)
    });
    let waits = |nat: &Id| format!("waits for {} {}", nat.kind(), nat.short());
    let idle: Vec<(Id, String)> = idle
        .into_iter()
        .map(|(need, nat)| (need, waits(nat)))
        .collect();
    for (need, why) in idle {
        if let Some(step) = context.steps.get_mut(&need) {
            *step = step.clone().held_back(Action::Wait, Code::Waiting, why);
        }
    }
}

/// What a destination admits already is written down before its source remembers the link: afterwards nobody could
/// tell a record that was never written from one that was lost.
fn record_destinations_first(context: &mut Context<'_>) {
    let mut records: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    for (name, link) in &context.links {
        let record = Id::ServiceIngress(link.destination.clone());
        let step = context.steps.get(&record);
        let written = step.is_some_and(|step| {
            // A step that is only reported writes nothing, and holds up no source on whose way others wait.
            first_record(context, &record, step)
                && step.links.iter().any(|l| context.is_enforced(l))
        });
        if written && context.is_enforced(name) {
            let source = Id::ServiceEgress(link.source.clone());
            records.entry(source).or_default().push(record);
        }
    }
    for (source, records) in records {
        let step = context.steps.get_mut(&source);
        if let Some(step) = step.filter(|step| step.action.writes()) {
            step.after.extend(records);
        }
    }
}

/// Does this step write down what a destination admits already, and change nothing else?
fn first_record(context: &Context<'_>, id: &Id, step: &Step) -> bool {
    let Id::ServiceIngress(service) = id else {
        return false;
    };
    matches!(&step.write, Some(Write::PatchService(patch)) if patch.ingress.is_none())
        && context.world.memory(service).ingress == Remembered::Nothing
}

/// Does the source of one of these links move or remember now, whatever holds up the link?
fn source_goes_ahead(context: &Context<'_>, links: &BTreeSet<LinkName>) -> bool {
    let mut links = links.iter().filter_map(|name| context.link(name));
    links.any(|link| {
        let source = context.steps.get(&Id::ServiceEgress(link.source.clone()));
        source.is_some_and(|step| step.action.writes())
    })
}

fn add_step(context: &mut Context<'_>, id: &Id) {
    if let Some(node) = context.graph.nodes.get(id) {
        let step = gate(context, id, node, step(context, node));
        context.steps.insert(id.clone(), step);
    }
}

/// A link whose source or destination is refused waits as a whole: nothing is made for it that may stay useless.
fn block_refused(context: &mut Context<'_>) {
    let mut blocked = BTreeMap::new();
    for (id, node) in &context.graph.nodes {
        let blocks = match id {
            Id::ServiceEgress(_) => true,
            Id::ServiceIngress(service) => context.world.service(service).present().is_none(),
            _ => false,
        };
        if !blocks {
            continue;
        }
        let step = step(context, node);
        if step.action == Action::Refuse {
            for link in &node.links {
                blocked.entry(link.clone()).or_insert_with(|| {
                    format!("waits for {} {}: {}", id.kind(), id.short(), step.why)
                });
            }
        }
    }
    // A destination that nobody manages has no node, and still has to be there.
    for (name, link) in &context.links {
        if link.ingress.is_none() && context.world.service(&link.destination).present().is_none() {
            blocked
                .entry((*name).clone())
                .or_insert_with(|| format!("waits for service {}", link.destination.name));
        }
    }
    for (link, why) in blocked {
        context.blocked.entry(link).or_insert(why);
    }
}

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

/// The mark of something that is made in this project. It tells when a connector that needs it is in another one.
pub(super) fn mark(context: &Context<'_>, node: &Node, project: &ProjectId) -> Mark {
    let mark = match node.links.first() {
        Some(link) => Mark::new(context.ours, link),
        None => Mark {
            installation: context.ours.clone(),
            link: "none/none".into(),
            connector: None,
        },
    };
    let links = node.links.iter().filter_map(|name| context.link(name));
    let mut elsewhere = links.filter(|link| link.source.project != *project);
    match elsewhere.next() {
        Some(link) => mark.with_connector_in(&link.source.project),
        None => mark,
    }
}

pub(super) fn whose(mark: Option<&Mark>) -> String {
    match mark {
        Some(Mark {
            installation, link, ..
        }) => {
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
        Seen::Present(live) if live.mode == Mode::Legacy => Step::refuse(
            Code::NetworkUnfit,
            "it is a legacy network, which has no subnetworks",
        )
        .help("name a network that has subnetworks: a connector needs one"),
        Seen::Present(_) => Step::nothing("the network is there"),
        Seen::Absent => Step::refuse(
            Code::NetworkMissing,
            format!(
                "network {} does not exist in project {}",
                id.name, id.project
            ),
        )
        .help(meant::network(
            context.world,
            id,
            "check `network.name`; for a Shared VPC set `network.projectId` to the host project",
        )),
        Seen::Unreadable(why) => Step::unreadable(why),
    }
}

/// Turns a step that would write into one that waits, when what it needs is not going to be there.
pub fn gate(context: &Context<'_>, id: &Id, node: &Node, step: Step) -> Step {
    if !step.action.writes() || (step.action == Action::Delete) || Context::is_journal(&step) {
        return step;
    }
    if let Id::ServiceIngress(service) = id
        && let Some(live) = context.world.service(service).present()
        && callers::loosens(context, &step, live).is_some()
        && context.was_applied(node)
    {
        // Nobody loses by that, and it may be what a move has to wait for. A link that is new waits as a whole.
        return step;
    }
    // A source that goes ahead for another link remembers this one too, so the record comes first all the same.
    let recorded = first_record(context, id, &step) && source_goes_ahead(context, &node.links);
    if let Some(why) = context.all_blocked(&node.links).filter(|_| !recorded) {
        return step.held_back(Action::Wait, Code::Waiting, why);
    }
    if let Some(why) = moved_against_a_link(context, id, &step) {
        return step.held_back(Action::Wait, Code::Waiting, why);
    }
    let made = step.action == Action::Create;
    let record = made
        .then(|| trail::comes_after(context, id, node))
        .flatten();
    let mut after: BTreeSet<Id> = record.into_iter().collect();
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

/// Why a source stays although this step would move it: one of its links would lose by that.
fn moved_against_a_link(context: &Context<'_>, id: &Id, step: &Step) -> Option<String> {
    let Id::ServiceEgress(source) = id else {
        return None;
    };
    let stays = context.stays_put.get(source);
    stays.filter(|_| step.moves_egress()).cloned()
}
