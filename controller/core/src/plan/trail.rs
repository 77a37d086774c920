//! The trail to a network's project: a source's record names the projects in which things are made for its links.
//!
//! Only a connector leads to the project of the network that it is in, and it goes before the rest. So a record names
//! that project before anything is made there, and when no declaration names it any more, for as long as something
//! of ours is left there: a run that ends half-way leaves nothing that the next one does not find.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cloud::Scope;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::hold;
use crate::ids::{LinkName, ProjectId};
use crate::kinds::service_egress::EgressAnnotation;
use crate::kinds::{Id, LiveSubnetwork, RegionalRef, Resource, Service};
use crate::link::{
    AdoptionKind, ConnectorChoice, Egress, Internet, Link, ServiceRef, SubnetworkChoice,
};
use crate::names::{Installation, Mark};
use crate::plan::adoption::subnetwork_of_path;
use crate::plan::{Action, egress};
use crate::uses::entry_id;
use crate::world::World;

/// How the step is known that writes the trail down: it must not wait for what it precedes.
pub(crate) const TRAIL: &str = "the network's project is recorded before anything is made there";

/// The projects, other than the source's own, in which the enforced links of a source have things made.
pub(super) fn wanted(context: &Context<'_>, node: &Node) -> BTreeSet<ProjectId> {
    let links = node.links.iter().filter(|name| context.is_enforced(name));
    let links = links.filter_map(|name| context.link(name));
    let elsewhere =
        links.filter(|link| link.network.project != link.source.project && makes_there(link));
    elsewhere.map(|link| link.network.project.clone()).collect()
}

/// May this link make or change something in the project of its network?
fn makes_there(link: &Link) -> bool {
    let Egress::Connector(choice) = &link.egress;
    let subnetwork = match choice {
        ConnectorChoice::Managed { subnetwork, .. } => Some(subnetwork),
        ConnectorChoice::Existing(_) => None,
    };
    let mut adopted = link.adopt.iter();
    matches!(subnetwork, Some(SubnetworkChoice::Managed { .. }))
        || matches!(link.internet, Internet::Nat(_))
        || adopted.any(|adoption| adoption.kind == AdoptionKind::Subnetwork)
}

/// The projects that nobody declares any more and that only this source leads to: something of ours is left there, or
/// it is not known whether there is. `adopted` is what its record will say of things of others.
pub(super) fn behind(
    context: &Context<'_>,
    service: &Service,
    memory: &EgressAnnotation,
    adopted: &BTreeMap<String, Value>,
) -> BTreeSet<ProjectId> {
    let owed: BTreeSet<ProjectId> = adopted
        .keys()
        .filter_map(|path| Some(subnetwork_of_path(path)?.project))
        .collect();
    let mut projects: BTreeSet<ProjectId> = memory.networks.clone();
    let wrote = memory
        .wrote
        .as_ref()
        .and_then(|wrote| wrote.connector.as_deref());
    let mut connectors = hold::connectors_in_use(service, context.world);
    connectors.extend(wrote.and_then(hold::connector_of_path));
    for connector in connectors
        .iter()
        .filter(|id| context.ours.made(id.name.as_str()))
    {
        let live = context.world.connector(connector).present();
        let subnetwork = live.and_then(|live| live.subnetwork.as_ref());
        projects.extend(subnetwork.map(|id| id.project.clone()));
    }
    projects.retain(|project| {
        let left = context.left.contains(project) || owed.contains(project);
        // What could not be read may be there still; it is no reason to begin a record.
        let unread = memory.networks.contains(project) && !read(context.world, project);
        leads_on(context.world, &service.id, project) && (left || unread)
    });
    projects
}

/// Is a source's record of use to find this project? Only where the source itself is found without it; and not for the
/// source's own project, where declarations say to look there anyway.
fn leads_on(world: &World, source: &ServiceRef, project: &ProjectId) -> bool {
    let told = *project == source.project && world.is_told_of_networks(project);
    world.is_told_of_service(source) && !told
}

/// What is in a project that something led to, and whose connector is where nobody looked: of other links of the set
/// perhaps, which this run is not told of. It is left alone.
pub(crate) fn out_of_sight(world: &World, ours: &Installation) -> BTreeSet<Id> {
    let led_to = |project: &ProjectId| !world.is_told_of_networks(project);
    let seen: BTreeSet<&RegionalRef> = world
        .connectors()
        .filter_map(|live| live.subnetwork.as_ref())
        .collect();
    let unseen = |live: &LiveSubnetwork| {
        let mark = live.mark.as_ref().filter(|mark| mark.installation == *ours);
        // Whose connector is on a subnetwork of others, nothing tells but the connector.
        let Some(mark) = mark else {
            return !seen.contains(&live.id);
        };
        let project = mark.connector.as_ref().unwrap_or(&live.id.project);
        let asked = Scope::Connectors(project.clone(), live.id.region.clone());
        !world.readings().contains_key(&asked)
    };
    let subnetworks = world.subnetworks().filter(|live| led_to(&live.id.project));
    let unseen: BTreeSet<&RegionalRef> = subnetworks
        .filter(|live| unseen(live))
        .map(|live| &live.id)
        .collect();
    let mut ids: BTreeSet<Id> = unseen
        .iter()
        .map(|id| Id::Subnetwork((*id).clone()))
        .collect();
    for router in world.routers().filter(|router| led_to(&router.id.project)) {
        let made = router
            .nats
            .iter()
            .filter(|nat| ours.made(nat.name.as_str()));
        for nat in made.filter(|nat| nat.listed().any(|id| unseen.contains(id))) {
            ids.extend(hold::nat_with_router(router, nat));
        }
    }
    ids
}

/// Were all lists read that would show what is left in a project?
fn read(world: &World, project: &ProjectId) -> bool {
    let scopes = [Scope::Subnetworks, Scope::Routers, Scope::Addresses];
    let whole = |scope: Scope| {
        let answered = matches!(world.readings().get(&scope), Some(Ok(())));
        answered && !world.unreachable().keys().any(|(part, _)| *part == scope)
    };
    scopes.iter().all(|scope| whole(scope(project.clone())))
}

/// The projects in which things of ours are that no link holds, and none wishes for that leads there itself.
pub(super) fn left(context: &Context<'_>) -> BTreeSet<ProjectId> {
    let world = context.world;
    let ours = |mark: &Option<Mark>| context.is_ours(mark.as_ref());
    let subnetworks = world.subnetworks().filter(|live| ours(&live.mark));
    let routers = world.routers().filter(|live| ours(&live.mark));
    let addresses = world.addresses().filter(|live| ours(&live.mark));
    let entries = world.routers().flat_map(|router| {
        let nats = router.nats.iter();
        let made = nats.filter(|nat| context.ours.made(nat.name.as_str()));
        made.map(move |nat| Id::Nat(entry_id((router, nat))))
    });
    let all = subnetworks
        .map(|live| Id::Subnetwork(live.id.clone()))
        .chain(routers.map(|live| Id::Router(live.id.clone())))
        .chain(addresses.map(|live| Id::Address(live.id.clone())))
        .chain(entries);
    let led_to = |id: &Id, project: &ProjectId| {
        let links = context
            .graph
            .node(id)
            .into_iter()
            .flat_map(|node| &node.links);
        let mut sources = enforced_sources(context, links);
        sources.any(|source| tells(context, source, project))
    };
    let left = all.filter_map(|id| {
        let project = place(&id)?.project.clone();
        (!context.holds(&id) && !led_to(&id, &project)).then_some(project)
    });
    left.collect()
}

/// The sources of those of these links that are enforced.
fn enforced_sources<'c>(
    context: &'c Context<'_>,
    links: impl Iterator<Item = &'c LinkName> + Clone,
) -> impl Iterator<Item = &'c ServiceRef> + Clone {
    let links = links.filter(|name| context.is_enforced(name));
    links.filter_map(|name| Some(&context.link(name)?.source))
}

/// Does this source lead to a project: because it is its own, or by its record?
fn tells(context: &Context<'_>, source: &ServiceRef, project: &ProjectId) -> bool {
    let memory = context.world.memory(source).egress.this();
    source.project == *project
        || memory.is_some_and(|memory| {
            memory.installation == *context.ours && memory.networks.contains(project)
        })
}

/// Where a thing of a network is.
fn place(id: &Id) -> Option<&RegionalRef> {
    match id {
        Id::Subnetwork(id) | Id::Address(id) | Id::Router(id) => Some(id),
        Id::Nat(nat) => Some(&nat.router),
        Id::Network(_)
        | Id::Route(_)
        | Id::Connector(_)
        | Id::Revision(_)
        | Id::ServiceEgress(_)
        | Id::ServiceIngress(_) => None,
    }
}

/// The sources whose record is to be written before anything is made in the project of their network.
pub(super) fn journaling(context: &Context<'_>) -> BTreeSet<ServiceRef> {
    let mut sources = BTreeSet::new();
    for node in context.graph.nodes.values() {
        let Resource::ServiceEgress(wished) = &node.resource else {
            continue;
        };
        let elsewhere = || !wanted(context, node).is_empty();
        if elsewhere() && Context::is_journal(&egress::step(context, node, wished)) {
            sources.insert(wished.service.clone());
        }
    }
    sources
}

/// What has to be on record before a thing is made: one source is enough, and one that tells already is best.
pub(super) fn comes_after(context: &Context<'_>, id: &Id, node: &Node) -> Option<Id> {
    let project = &place(id)?.project;
    let mut sources = enforced_sources(context, node.links.iter());
    if sources
        .clone()
        .any(|source| tells(context, source, project))
    {
        return None;
    }
    let journaling = sources.find(|source| context.journaling.contains(*source));
    journaling.cloned().map(Id::ServiceEgress)
}

/// A record that leads to nothing yet waits with what cannot be made.
pub(super) fn hold_idle(context: &mut Context<'_>) {
    let awaited: BTreeSet<&Id> = context
        .steps
        .values()
        .flat_map(|step| &step.after)
        .collect();
    let mut idle: Vec<(Id, String)> = Vec::new();
    for source in &context.journaling {
        let id = Id::ServiceEgress(source.clone());
        // The former value of something adopted has to be on record before that changes.
        if context.steps.get(&id).is_none_or(|step| step.why != TRAIL) {
            continue;
        }
        let needs = context
            .graph
            .node(&id)
            .into_iter()
            .flat_map(|node| &node.needs);
        let mut stuck = needs.filter(|need| {
            let step = context.steps.get(*need);
            step.is_some_and(|step| matches!(step.action, Action::Wait | Action::Refuse))
        });
        if let Some(need) = stuck.next().filter(|_| !awaited.contains(&id)) {
            let why = format!("waits for {} {}", need.kind(), need.short());
            idle.push((id, why));
        }
    }
    for (id, why) in idle {
        if let Some(step) = context.steps.get_mut(&id) {
            *step = step.clone().held_back(Action::Wait, Code::Waiting, why);
        }
    }
}
