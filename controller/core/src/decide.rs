//! Deciding: declarations and a snapshot become a plan, and a word about every link. Pure from end to end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::codes::Code;
use crate::compile::{Compiled, compile};
use crate::diagnostic::{Diagnostic, Origin};
use crate::graph::{Graph, Node};
use crate::hold::{self, Remembered};
use crate::ids::LinkName;
use crate::kinds::{Id, RegionalRef, Resource};
use crate::link::{AdoptionKind, Deletion, Internet, Link, Reconcile, ServiceRef};
use crate::names::{Installation, Mark};
use crate::path::{self, Trace};
use crate::plan::{Action, Plan, egress, nodes, removal};
use crate::policy::{self, Policy};
use crate::world::World;
use crate::{lint, modes, nats};

/// What is declared.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The valid links.
    pub links: Vec<Link>,
    /// Links whose declaration is known by name and wrong: they hold what they have.
    pub broken: BTreeSet<LinkName>,
    /// Was every source read and understood? If not, nothing is pruned.
    pub complete: bool,
}

/// What this run may and shall do.
#[derive(Debug, Clone)]
pub struct Orders {
    /// Who we are.
    pub ours: Installation,
    /// What becomes of the plan.
    pub policy: Policy,
    /// Do these declarations stand for the whole set, so that what else carries its mark goes?
    pub prune: bool,
    /// May an empty source prune everything?
    pub allow_empty: bool,
    /// Declared links that shall be undone.
    pub destroy: BTreeSet<LinkName>,
}

/// What was decided.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The steps.
    pub plan: Plan,
    /// Every link's standing before the plan is carried out.
    pub standings: BTreeMap<LinkName, Standing>,
    /// The path of every link that takes part.
    pub traces: BTreeMap<LinkName, Trace>,
    /// Links whose declaration is the one last applied: what differs is drift, not a change.
    pub applied: BTreeSet<LinkName>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// Things that a destroy of this turn has in hand; the next pass goes on with them.
    pub in_hand: BTreeSet<Id>,
}

/// How a link takes part in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Standing {
    /// Its wishes are enforced.
    Enforced,
    /// Differences are said and not repaired.
    Reported,
    /// It is left alone.
    Suspended,
    /// Its declaration is wrong.
    Invalid,
    /// It contradicts another link.
    Conflicting,
    /// It is being undone.
    Released,
    /// It is gone from its source and protected from being undone.
    Protected,
    /// It is gone from its source, and what it made stays.
    Abandoned,
}

/// What may be removed in this run.
enum Removal {
    /// Everything of the set that nobody wants.
    WholeSet,
    /// Only these.
    Only(BTreeSet<Id>),
}

/// Everything that steps are decided from.
pub struct Context<'a> {
    /// What is live.
    pub world: &'a World,
    /// Who we are.
    pub ours: &'a Installation,
    /// What is wished.
    pub graph: Graph,
    /// The steps decided so far, in order of identity, which is an order of dependency too.
    pub steps: BTreeMap<Id, crate::plan::Step>,
    links: BTreeMap<&'a LinkName, &'a Link>,
    blocked: BTreeMap<LinkName, String>,
    traces: BTreeMap<LinkName, Trace>,
    released: BTreeSet<String>,
    held: BTreeSet<Id>,
    removal: Removal,
    nat_served: BTreeSet<RegionalRef>,
    records: BTreeMap<String, Value>,
}

/// Decides one pass.
pub fn decide(wishes: &Wishes, orders: &Orders, world: &World, in_hand: &BTreeSet<Id>) -> Decision {
    let mut diagnostics = Vec::new();
    let mut standings = standings(wishes, orders);
    let active: Vec<&Link> = wishes.links.iter().filter(|link| takes_part(standings.get(&link.name))).collect();
    let Compiled { mut graph, nats, subnetworks, conflicting, diagnostics: compiled } =
        compile(&active, world, &orders.ours);
    diagnostics.extend(compiled);
    for link in conflicting {
        standings.insert(link, Standing::Conflicting);
    }

    let remembered = hold::remembered_links(world, &orders.ours);
    diagnostics.extend(settle_forgotten(&remembered, wishes, orders, &mut standings));
    let held = held(&remembered, &standings, world, &orders.ours);
    let removal = removal_scope(&remembered, wishes, orders, &standings, world, in_hand);
    let in_use = subnetworks_in_use(world);
    let removable = |subnetwork: &RegionalRef| may_remove(&removal, &Id::Subnetwork(subnetwork.clone()));
    let stays = |subnetwork: &RegionalRef| {
        held.contains(&Id::Subnetwork(subnetwork.clone())) || in_use.contains(subnetwork) || !removable(subnetwork)
    };
    diagnostics.extend(nats::add_nats(&mut graph, &nats, world, &orders.ours, &stays));

    let links: BTreeMap<&LinkName, &Link> = active
        .iter()
        .filter(|link| takes_part(standings.get(&link.name)))
        .map(|link| (&link.name, *link))
        .collect();
    let traces = traces(&links, &graph, world);
    let blocked = without_internet(&links, &subnetworks, world, &mut diagnostics);
    let released = released(&standings);
    let nat_served = graph
        .nodes
        .values()
        .filter_map(|node| match &node.resource {
            Resource::Nat(nat) => Some(nat.subnetworks.iter().cloned()),
            _ => None,
        })
        .flatten()
        .collect();
    let records = records(world, &orders.ours);
    let mut context = Context {
        world,
        ours: &orders.ours,
        graph,
        steps: BTreeMap::new(),
        links,
        blocked,
        traces,
        released,
        held,
        removal,
        nat_served,
        records,
    };
    plan_nodes(&mut context);
    removal::add(&mut context);
    diagnostics.extend(removal::left_over(&context));

    let reported = |link: &LinkName| standings.get(link) == Some(&Standing::Reported);
    let mut plan = policy::report_links(Plan { steps: std::mem::take(&mut context.steps) }, &reported);
    plan = orders.policy.apply(plan);
    diagnostics.extend(lint::check(&mut plan, world, &orders.ours));
    diagnostics.extend(unreadable(world));
    diagnostics.extend(refusals(&plan, &context));
    let applied = context.links.keys().filter(|name| context.applied(name)).map(|name| (*name).clone()).collect();
    let in_hand = match context.removal {
        Removal::WholeSet => BTreeSet::new(),
        Removal::Only(ids) => ids,
    };
    diagnostics.sort();
    diagnostics.dedup();
    Decision { plan, standings, traces: context.traces, applied, diagnostics, in_hand }
}

fn takes_part(standing: Option<&Standing>) -> bool {
    matches!(standing, Some(Standing::Enforced | Standing::Reported))
}

fn standings(wishes: &Wishes, orders: &Orders) -> BTreeMap<LinkName, Standing> {
    let mut standings: BTreeMap<LinkName, Standing> =
        wishes.broken.iter().map(|name| (name.clone(), Standing::Invalid)).collect();
    for link in &wishes.links {
        let standing = if orders.destroy.contains(&link.name) {
            match link.policy.deletion {
                Deletion::Restore => Standing::Released,
                Deletion::Abandon => Standing::Abandoned,
                Deletion::Protect => Standing::Protected,
            }
        } else if link.policy.suspend {
            Standing::Suspended
        } else {
            match link.policy.reconcile {
                Reconcile::Enforce => Standing::Enforced,
                Reconcile::Report => Standing::Reported,
            }
        };
        standings.insert(link.name.clone(), standing);
    }
    standings
}

/// Decides about the links that annotations remember and no source declares any more.
fn settle_forgotten(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    wishes: &Wishes,
    orders: &Orders,
    standings: &mut BTreeMap<LinkName, Standing>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let forgotten: Vec<&LinkName> = remembered.keys().filter(|name| !standings.contains_key(*name)).collect();
    let may_prune = may_prune(wishes, orders);
    if orders.prune && !may_prune && !forgotten.is_empty() {
        let message = format!("{} links are no longer declared, and nothing is removed", forgotten.len());
        let help = if wishes.complete {
            "the source declares nothing at all; run with --allow-empty if that is meant"
        } else {
            "a part of the source could not be read or understood; mend it first"
        };
        diagnostics.push(Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message).help(help));
    }
    for name in forgotten {
        let deletion = remembered.get(name).and_then(Option::as_ref).and_then(|link| link.memory.deletion);
        if !may_prune {
            continue;
        }
        standings.insert(
            name.clone(),
            match deletion {
                None | Some(Deletion::Restore) => Standing::Released,
                Some(Deletion::Abandon) => Standing::Abandoned,
                Some(Deletion::Protect) => Standing::Protected,
            },
        );
    }
    for (name, standing) in standings.iter() {
        let origin = wishes
            .links
            .iter()
            .find(|link| link.name == *name)
            .map_or(Origin::Cloud { id: name.to_string() }, |link| link.origin.clone());
        diagnostics.extend(explain_standing(name, *standing, origin, remembered.contains_key(name)));
    }
    diagnostics
}

fn explain_standing(name: &LinkName, standing: Standing, origin: Origin, has_something: bool) -> Option<Diagnostic> {
    let say = |code, message: String| Some(Diagnostic::new(code, origin.clone(), message).link(name));
    match standing {
        Standing::Protected => say(Code::Protected, format!("{name} is protected and stays as it is"))
            .map(|it| it.help("set `policy.deletion: Restore` and apply once before taking it away")),
        Standing::Abandoned if has_something => say(Code::Abandoned, format!("{name} is abandoned: what it made stays")),
        Standing::Suspended => say(Code::Suspended, format!("{name} is suspended: nothing is done for it")),
        Standing::Reported => say(Code::ReportOnly, format!("{name} is only reported: differences are not repaired")),
        Standing::Invalid if has_something => say(Code::HeldAsItIs, format!("{name} keeps what it has until its declaration is mended")),
        Standing::Enforced
        | Standing::Conflicting
        | Standing::Released
        | Standing::Abandoned
        | Standing::Invalid => None,
    }
}

fn may_prune(wishes: &Wishes, orders: &Orders) -> bool {
    let empty = wishes.links.is_empty() && wishes.broken.is_empty();
    orders.prune && wishes.complete && (!empty || orders.allow_empty)
}

/// Everything that links have which do not take part and are not released.
fn held(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    standings: &BTreeMap<LinkName, Standing>,
    world: &World,
    ours: &Installation,
) -> BTreeSet<Id> {
    remembered
        .iter()
        .filter(|(name, _)| match standings.get(*name) {
            Some(Standing::Enforced | Standing::Released) => false,
            Some(
                Standing::Reported
                | Standing::Suspended
                | Standing::Invalid
                | Standing::Conflicting
                | Standing::Protected
                | Standing::Abandoned,
            )
            | None => true,
        })
        .flat_map(|(name, link)| hold::closure(world, name, link.as_ref(), ours))
        .collect()
}

fn removal_scope(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    wishes: &Wishes,
    orders: &Orders,
    standings: &BTreeMap<LinkName, Standing>,
    world: &World,
    in_hand: &BTreeSet<Id>,
) -> Removal {
    if may_prune(wishes, orders) {
        return Removal::WholeSet;
    }
    let mut scope = in_hand.clone();
    for link in wishes.links.iter().filter(|link| standings.get(&link.name) == Some(&Standing::Released)) {
        let memory = remembered.get(&link.name).and_then(Option::as_ref);
        scope.extend(hold::closure(world, &link.name, memory, &orders.ours));
        let needs = modes::needs(link, world, &orders.ours);
        for (resource, _) in &needs.resources {
            scope.insert(resource.id());
            if let Resource::Connector(connector) = resource {
                scope.extend(hold::behind_connector(world, &connector.id));
            }
        }
        if let Some(subnetwork) = &needs.subnetwork {
            scope.extend(serving(world, link, subnetwork));
        }
    }
    Removal::Only(scope)
}

/// Our routers in the link's network and region, with their entries and addresses: each goes only when empty.
fn serving(world: &World, link: &Link, subnetwork: &RegionalRef) -> BTreeSet<Id> {
    let mut ids = BTreeSet::new();
    for router in world.routers_of(&link.network, &subnetwork.region) {
        ids.insert(Id::Router(router.id.clone()));
        for nat in router.nats.iter().filter(|nat| nat.covers(subnetwork) || nat.listed().next().is_none()) {
            ids.insert(Id::Nat(crate::kinds::NatRef { router: router.id.clone(), name: nat.name.clone() }));
        }
    }
    if let Internet::Nat(nat) = &link.internet
        && let crate::link::Addresses::Manual(names) = &nat.addresses
    {
        let RegionalRef { project, region, .. } = subnetwork;
        ids.extend(names.iter().map(|name| {
            Id::Address(RegionalRef { project: project.clone(), region: region.clone(), name: name.clone() })
        }));
    }
    ids
}

fn may_remove(removal: &Removal, id: &Id) -> bool {
    match removal {
        Removal::WholeSet => true,
        Removal::Only(ids) => ids.contains(id),
    }
}

/// Subnetworks whose connector carries some service's traffic now.
fn subnetworks_in_use(world: &World) -> BTreeSet<RegionalRef> {
    hold::connector_users(world)
        .keys()
        .filter_map(|connector| world.connector(connector).present()?.subnetwork.clone())
        .collect()
}

fn traces(links: &BTreeMap<&LinkName, &Link>, graph: &Graph, world: &World) -> BTreeMap<LinkName, Trace> {
    links
        .iter()
        .filter_map(|(name, link)| {
            let node = graph.node(&Id::ServiceEgress(link.source.clone()))?;
            let Resource::ServiceEgress(wanted) = &node.resource else { return None };
            Some(((*name).clone(), path::trace(link, &wanted.vpc_access(), world)))
        })
        .collect()
}

/// Links that rely on a NAT of others which is not there: their source would lose the internet.
fn without_internet(
    links: &BTreeMap<&LinkName, &Link>,
    subnetworks: &BTreeMap<LinkName, RegionalRef>,
    world: &World,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<LinkName, String> {
    let mut blocked = BTreeMap::new();
    for (name, link) in links {
        let (Internet::Existing, Some(subnetwork)) = (&link.internet, subnetworks.get(*name)) else { continue };
        if world.nat_covering(&link.network, subnetwork).is_none() {
            let message = format!("no Cloud NAT serves {}", subnetwork.compute("subnetworks"));
            let help = "make one, or let the link make it with `internet: {nat: {}}`, or do without with `internet: {none: {}}`";
            diagnostics.push(Diagnostic::new(Code::NatMissing, link.origin.clone(), message.clone()).link(name).help(help));
            blocked.insert((*name).clone(), message);
        }
    }
    blocked
}

fn released(standings: &BTreeMap<LinkName, Standing>) -> BTreeSet<String> {
    let released = standings.iter().filter(|(_, standing)| **standing == Standing::Released);
    released.map(|(name, _)| name.to_string()).collect()
}

fn records(world: &World, ours: &Installation) -> BTreeMap<String, Value> {
    let memories = world.memories().filter_map(|(_, memory)| memory.egress.this());
    let ours = memories.filter(|memory| memory.installation == *ours);
    ours.flat_map(|memory| memory.adopted.iter().map(|(path, value)| (path.clone(), value.clone()))).collect()
}

/// Decides every node in order of identity, which has what is needed before what needs it.
fn plan_nodes(context: &mut Context<'_>) {
    let graph = std::mem::take(&mut context.graph);
    let graph = {
        context.graph = graph;
        std::mem::take(&mut context.graph)
    };
    context.graph = graph;
    block_refused(context);
    let ids: Vec<Id> = context.graph.nodes.keys().cloned().collect();
    for id in ids {
        let Some(node) = context.graph.nodes.get(&id) else { continue };
        let step = nodes::gate(context, &id, node, nodes::step(context, node));
        context.steps.insert(id, step);
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
        let step = nodes::step(context, node);
        if step.action == Action::Refuse {
            for link in &node.links {
                blocked.entry(link.clone()).or_insert_with(|| format!("waits for {} {}: {}", id.kind(), id.short(), step.why));
            }
        }
    }
    // A destination that nobody manages has no node, and still has to be there.
    for (name, link) in &context.links {
        if link.ingress.is_none() && context.world.service(&link.destination).present().is_none() {
            blocked.entry((*name).clone()).or_insert_with(|| format!("waits for service {}", link.destination.name));
        }
    }
    for (link, why) in blocked {
        context.blocked.entry(link).or_insert(why);
    }
}

/// One diagnostic per list or region that could not be read, however many links depend on it.
fn unreadable(world: &World) -> Vec<Diagnostic> {
    let failed = world.readings().iter().filter_map(|(scope, reading)| {
        let error = reading.as_ref().err()?;
        let origin = Origin::Cloud { id: scope.project().to_string() };
        let message = format!("the {scope} could not be read: {}", error.message);
        let diagnostic = Diagnostic::new(error.code, origin, message).severity(crate::diagnostic::Severity::Error);
        Some(match &error.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        })
    });
    let unreachable = world.unreachable().iter().map(|((scope, region), why)| {
        let origin = Origin::Cloud { id: scope.project().to_string() };
        let message = format!("the {scope} could not be read in {region}: {why}");
        Diagnostic::new(Code::ScopeUnreadable, origin, message)
            .help("run again later; nothing in that region is touched until it can be read")
    });
    failed.chain(unreachable).collect()
}

/// One diagnostic per refused step and link. What could not be read has been said per list.
fn refusals(plan: &Plan, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (id, step) in &plan.steps {
        let warns = matches!(step.code, Some(Code::FormerValueUnknown | Code::ConnectorReplaced));
        let refused = step.action == Action::Refuse && step.code != Some(Code::ScopeUnreadable);
        let Some(code) = step.code.filter(|_| refused || warns) else { continue };
        let message = format!("{} {}: {}", id.kind(), id.short(), step.why);
        let with_help = |diagnostic: Diagnostic| match &step.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        };
        let mut said = false;
        for link in step.links.iter().filter_map(|name| context.link(name)) {
            let diagnostic = Diagnostic::new(code, link.origin.clone(), message.clone()).link(&link.name);
            diagnostics.push(with_help(diagnostic));
            said = true;
        }
        if !said {
            diagnostics.push(with_help(Diagnostic::new(code, Origin::Cloud { id: id.to_string() }, message)));
        }
    }
    diagnostics
}

impl<'a> Context<'a> {
    /// A link that takes part.
    pub fn link(&self, name: &LinkName) -> Option<&'a Link> {
        self.links.get(name).copied()
    }

    fn adopts(&self, node: &Node, kind: AdoptionKind, project: &str, region: &str, name: &str) -> bool {
        node.links.iter().filter_map(|link| self.link(link)).any(|link| {
            link.adopt.iter().any(|adoption| {
                adoption.kind == kind
                    && adoption.project.as_str() == project
                    && adoption.region.as_str() == region
                    && adoption.name.as_str() == name
            })
        })
    }

    /// May this source's egress be taken over?
    pub fn adopts_egress(&self, node: &Node, service: &ServiceRef) -> bool {
        let ServiceRef { project, region, name } = service;
        self.adopts(node, AdoptionKind::ServiceEgress, project.as_str(), region.as_str(), name.as_str())
    }

    /// May this destination's ingress be taken over?
    pub fn adopts_ingress(&self, node: &Node, service: &ServiceRef) -> bool {
        let ServiceRef { project, region, name } = service;
        self.adopts(node, AdoptionKind::ServiceIngress, project.as_str(), region.as_str(), name.as_str())
    }

    /// May Private Google Access of this subnetwork be switched on?
    pub fn adopts_subnetwork(&self, node: &Node, id: &RegionalRef) -> bool {
        let RegionalRef { project, region, name } = id;
        self.adopts(node, AdoptionKind::Subnetwork, project.as_str(), region.as_str(), name.as_str())
    }

    /// Does some source's annotation hold the former value of this adopted subnetwork already?
    pub fn journaled(&self, _node: &Node, id: &RegionalRef) -> bool {
        self.records.contains_key(&id.compute("subnetworks"))
    }

    /// A former value recorded on any source.
    pub fn recorded_elsewhere(&self, path: &str) -> Option<&Value> {
        self.records.get(path)
    }

    /// Will a NAT of ours serve this subnetwork?
    pub fn nat_wanted(&self, id: &RegionalRef) -> bool {
        self.nat_served.contains(id)
    }

    /// The subnetworks of others that a source's traffic leaves from.
    pub fn existing_subnetworks(&self, node: &Node) -> Vec<RegionalRef> {
        node.needs
            .iter()
            .filter_map(|id| match &self.graph.node(id)?.resource {
                Resource::ExistingSubnetwork(id) => Some(id.clone()),
                _ => None,
            })
            .collect()
    }

    /// Does an annotation go on listing this link although no wish of this turn says so?
    pub fn keeps(&self, name: &str) -> bool {
        !self.released.contains(name) && !self.enforces(name)
    }

    /// Is this link part of the turn and enforced?
    pub fn enforces(&self, name: &str) -> bool {
        let link = name.parse::<LinkName>().ok().and_then(|name| self.link(&name));
        link.is_some_and(|link| link.policy.reconcile == Reconcile::Enforce)
    }

    /// Does the source of any of these links remember that it was applied to this very destination?
    pub fn applied_before(&self, node: &Node) -> bool {
        node.links.iter().filter_map(|name| self.link(name)).any(|link| self.digest(link).is_some())
    }

    /// The digest that the source's annotation holds for a link, if it was ever applied.
    fn digest(&self, link: &Link) -> Option<&str> {
        let memory = self.world.memory(&link.source).egress.this()?;
        let memory = (memory.installation == *self.ours).then(|| memory.links.get(&link.name.to_string()))??;
        (memory.to == link.destination.to_string() && !memory.digest.is_empty()).then_some(memory.digest.as_str())
    }

    /// Is this link's declaration the one last applied, up to and including its destination?
    fn applied(&self, name: &LinkName) -> bool {
        let Some(link) = self.link(name) else { return false };
        let reached = match link.ingress {
            None => true,
            Some(wanted) => {
                let listed = self.world.memory(&link.destination).ingress.this();
                listed.is_some_and(|memory| memory.links.contains(&name.to_string()))
                    || self.world.service(&link.destination).present().is_some_and(|service| {
                        listed.is_none() && service.ingress == crate::kinds::IngressSetting::from(wanted)
                    })
            }
        };
        reached && self.digest(link) == Some(link.digest.as_str())
    }

    /// Why ingress cannot be tightened yet, if any link to this destination has an unproven path.
    pub fn unproven(&self, node: &Node) -> Option<String> {
        node.links.iter().find_map(|name| {
            let hop = self.traces.get(name)?.root_cause()?;
            Some(format!("{name}: {}", hop.found))
        })
    }

    /// Why nothing is made for these links, if none of them can go on.
    pub fn all_blocked(&self, links: &BTreeSet<LinkName>) -> Option<String> {
        let mut reasons = links.iter().map(|link| self.blocked.get(link));
        if links.is_empty() || reasons.clone().any(|reason| reason.is_none()) {
            return None;
        }
        reasons.next().flatten().cloned()
    }

    /// Is this the annotation-only write that comes before what it records?
    pub fn is_journal(&self, step: &crate::plan::Step) -> bool {
        step.why == egress::JOURNAL
    }

    /// May this be removed in this run?
    pub fn may_remove(&self, id: &Id) -> bool {
        may_remove(&self.removal, id)
    }

    /// Does a link have it that does not take part?
    pub fn holds(&self, id: &Id) -> bool {
        self.held.contains(id)
    }

    /// Is it wished by nobody, held by nobody, and within what this run may remove?
    pub fn unwanted(&self, id: &Id) -> bool {
        self.graph.node(id).is_none() && !self.holds(id) && self.may_remove(id)
    }

    /// Is this our mark?
    pub fn is_ours(&self, mark: Option<&Mark>) -> bool {
        mark.is_some_and(|mark| mark.installation == *self.ours)
    }

    /// Why the users of a connector are not known, if they are not.
    pub fn services_unread(&self, connector: &RegionalRef) -> Option<String> {
        let scope = crate::cloud::Scope::Services(connector.project.clone(), connector.region.clone());
        match self.world.readings().get(&scope) {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(error.message.clone()),
            None => Some("they were not asked for".to_owned()),
        }
    }
}
