//! Deciding: declarations and a snapshot become a plan, and a word about every link. Pure from end to end.

mod jobs;
mod left_behind;
mod losses;
mod served;

use std::collections::{BTreeMap, BTreeSet};

use crate::callers::{self, Aside, Callers};
use crate::cloud::Scope;
use crate::compile::compile;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::findings;
use crate::graph::Graph;
use crate::hold;
use crate::ids::LinkName;
use crate::kinds::{Id, Resource, VpcAccess};
use crate::link::{Link, Routing};
use crate::lint;
use crate::names::Installation;
use crate::nats::changes::Place;
use crate::path::{self, Trace};
use crate::plan::changing::changing;
use crate::plan::{Plan, adoption, nodes, removal, trail};
use crate::policy::{self, Policy};
use crate::scope::{self, Removal};
use crate::standing::{self, Standing, takes_part};
use crate::uses::Uses;
use crate::world::World;

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
    /// Which of the source's traffic each declared link has enter the network.
    pub routing: BTreeMap<LinkName, Routing>,
    /// Things that a destroy of this turn has in hand; the next pass goes on with them.
    pub in_hand: BTreeSet<Id>,
    /// Things that steps wait for and that Google is working on by itself.
    pub changing: BTreeSet<Id>,
    /// Where pinned revisions have to be read before more can be decided.
    pub undecided: BTreeSet<Place>,
    /// Lists of jobs that have to be read before what this plan takes away may go, or may be said to go.
    pub jobs_unasked: Vec<Scope>,
    /// Links that cannot become as declared, whatever the steps come to: something else has to be mended first.
    pub blocked: BTreeSet<LinkName>,
}

/// Decides one pass.
pub fn decide(wishes: &Wishes, orders: &Orders, world: &World, in_hand: &BTreeSet<Id>) -> Decision {
    decide_with(wishes, orders, world, in_hand, &|_| ())
}

/// As [`decide`], with a mistake made in the plan before its own safety check. Only tests make any, to see what that
/// check is good for.
pub(crate) fn decide_with(
    wishes: &Wishes,
    orders: &Orders,
    world: &World,
    in_hand: &BTreeSet<Id>,
    mistake: &dyn Fn(&mut Plan),
) -> Decision {
    let mut standings = standing::standings(wishes, orders);
    let mut diagnostics = Vec::new();
    let mut context = prepare(
        wishes,
        orders,
        world,
        in_hand,
        &mut standings,
        &mut diagnostics,
    );

    nodes::add(&mut context);
    removal::add(&mut context);
    callers::loosened_first(&mut context);
    diagnostics.extend(removal::left_over(&context));

    let reported = |link: &LinkName| standings.get(link) == Some(&Standing::Reported);
    let steps = std::mem::take(&mut context.steps);
    let jobs_unasked = jobs::unasked(&context, &steps);
    let mut plan = orders
        .policy
        .apply(policy::report_links(Plan { steps }, &reported));
    mistake(&mut plan);
    lint::check(&mut plan, world, &orders.ours);

    diagnostics.extend(findings::unreadable(world));
    diagnostics.extend(findings::refusals(&plan, &context));
    diagnostics.extend(findings::waiting::stuck(&plan, &context));
    diagnostics.extend(findings::broken_paths(&plan, &context));
    diagnostics.extend(findings::waiting::untold(&plan, &context, &diagnostics));
    diagnostics.sort();
    diagnostics.dedup();

    let applied = context.links.keys();
    let applied = applied.filter(|name| context.applied(name, &plan));
    Decision {
        standings,
        applied: applied.map(|name| (*name).clone()).collect(),
        routing: routing(wishes),
        changing: changing(&plan, &context),
        plan,
        traces: context.traces,
        undecided: context.undecided,
        jobs_unasked,
        blocked: context.blocked.into_keys().collect(),
        diagnostics,
        in_hand: match context.removal {
            Removal::WholeSet => BTreeSet::new(),
            Removal::Only(ids) => ids,
        },
    }
}

/// Compiles the links that take part, and gathers everything that steps are decided from.
fn prepare<'a>(
    wishes: &'a Wishes,
    orders: &'a Orders,
    world: &'a World,
    in_hand: &BTreeSet<Id>,
    standings: &mut BTreeMap<LinkName, Standing>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Context<'a> {
    let ours = &orders.ours;
    let remembered = hold::remembered_links(world, ours);
    standing::hold_protected(&remembered, standings);
    diagnostics.extend(standing::hold_moved(&remembered, wishes, world, standings));
    let compiled = compile(&taking_part(wishes, standings), world, ours);
    diagnostics.extend(compiled.diagnostics);
    let conflicting = compiled.conflicting.into_iter();
    standings.extend(conflicting.map(|link| (link, Standing::Conflicting)));
    let links = taking_part(wishes, standings);
    let links: BTreeMap<&LinkName, &Link> = links.iter().map(|link| (&link.name, *link)).collect();

    diagnostics.extend(standing::settle_forgotten(
        &remembered,
        wishes,
        orders,
        world,
        standings,
    ));
    let mut graph = compiled.graph;
    diagnostics.extend(scope::hear_held(&mut graph, world, &remembered, standings));

    let released = released(standings);
    let mut context = Context {
        world,
        ours,
        traces: traces(&links, &graph, world),
        callers: Callers::new(world, ours, &links, &released),
        aside: Aside::new(&wishes.links, standings, world, ours),
        released,
        records: adoption::records(world, ours),
        removal: scope::removal_scope(&remembered, wishes, orders, standings, world, in_hand),
        uses: Uses::new(world),
        held: scope::held(&remembered, standings, world, ours),
        out_of_sight: trail::out_of_sight(world, ours),
        graph,
        links,
        blocked: BTreeMap::new(),
        stays_put: BTreeMap::new(),
        nat_served: BTreeSet::new(),
        nat_goes: BTreeSet::new(),
        undecided: BTreeSet::new(),
        left: BTreeSet::new(),
        journaling: BTreeSet::new(),
        steps: BTreeMap::new(),
    };
    // Who would lose the internet depends on what NATs of ours serve.
    served::spread(&mut context, compiled.nats, diagnostics);
    losses::block(&mut context, &compiled.subnetworks, diagnostics);
    context
}

fn taking_part<'a>(wishes: &'a Wishes, standings: &BTreeMap<LinkName, Standing>) -> Vec<&'a Link> {
    let links = wishes.links.iter();
    links
        .filter(|link| takes_part(standings.get(&link.name)))
        .collect()
}

/// What every declared link resolves to.
pub fn routing(wishes: &Wishes) -> BTreeMap<LinkName, Routing> {
    let links = wishes.links.iter();
    links
        .map(|link| (link.name.clone(), link.routing))
        .collect()
}

fn traces(
    links: &BTreeMap<&LinkName, &Link>,
    graph: &Graph,
    world: &World,
) -> BTreeMap<LinkName, Trace> {
    let trace = |(name, link): (&&LinkName, &&Link)| {
        let wanted = wanted_access(graph, link)?;
        Some(((*name).clone(), path::trace(link, &wanted, world)))
    };
    links.iter().filter_map(trace).collect()
}

/// How a link's source shall leave.
fn wanted_access(graph: &Graph, link: &Link) -> Option<VpcAccess> {
    let node = graph.node(&Id::ServiceEgress(link.source.clone()))?;
    match &node.resource {
        Resource::ServiceEgress(wanted) => Some(wanted.vpc_access()),
        _ => None,
    }
}

fn released(standings: &BTreeMap<LinkName, Standing>) -> BTreeSet<String> {
    let released = standings
        .iter()
        .filter(|(_, standing)| **standing == Standing::Released);
    released.map(|(name, _)| name.to_string()).collect()
}
