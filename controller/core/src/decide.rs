//! Deciding: declarations and a snapshot become a plan, and a word about every link. Pure from end to end.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::compile::compile;
use crate::context::{Context, has_private_google_access};
use crate::diagnostic::{Diagnostic, Severity};
use crate::findings;
use crate::graph::Graph;
use crate::hold;
use crate::ids::LinkName;
use crate::kinds::{Id, RegionalRef, Resource, VpcAccess};
use crate::link::{Internet, Link, NetworkRef, Reconcile, Routing, ServiceRef};
use crate::lint;
use crate::names::{self, Installation};
use crate::nats::changes::{Changes, Place};
use crate::nats::{self, Nats};
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
    diagnostics.extend(removal::left_over(&context));

    let reported = |link: &LinkName| standings.get(link) == Some(&Standing::Reported);
    let steps = std::mem::take(&mut context.steps);
    let mut plan = orders
        .policy
        .apply(policy::report_links(Plan { steps }, &reported));
    mistake(&mut plan);
    lint::check(&mut plan, world, &orders.ours);

    diagnostics.extend(findings::unreadable(world));
    diagnostics.extend(findings::refusals(&plan, &context));
    diagnostics.extend(findings::stuck(&plan, &context));
    diagnostics.extend(findings::broken_paths(&plan, &context));
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
    diagnostics.extend(standing::hold_moved(&remembered, wishes, world, standings));
    let wanted = wishes
        .links
        .iter()
        .filter(|link| takes_part(standings.get(&link.name)));
    let wanted: Vec<&Link> = wanted.collect();
    let mut compiled = compile(&wanted, world, ours);
    diagnostics.append(&mut compiled.diagnostics);
    standings.extend(
        compiled
            .conflicting
            .iter()
            .map(|link| (link.clone(), Standing::Conflicting)),
    );
    let taking_part = wanted
        .iter()
        .filter(|link| takes_part(standings.get(&link.name)));
    let links: BTreeMap<&LinkName, &Link> = taking_part.map(|link| (&link.name, *link)).collect();

    diagnostics.extend(standing::settle_forgotten(
        &remembered,
        wishes,
        orders,
        world,
        standings,
    ));
    let mut held = scope::held(&remembered, standings, world, ours);
    held.extend(trail::out_of_sight(world, ours));
    let removal = scope::removal_scope(&remembered, wishes, orders, standings, world, in_hand);

    let uses = Uses::new(world);
    let mut graph = compiled.graph;
    let in_use = subnetworks_in_use(world, &uses, ours, &graph);
    diagnostics.extend(scope::hear_held(&mut graph, world, &remembered, standings));
    let changes = Changes {
        world,
        uses: &uses,
        ours,
        links: &links,
        graph: &graph,
    };
    let (nat_goes, undecided) = changes.not_served_any_more(&compiled.nats);
    let mut blocked = changes.hold_torn(&mut compiled.nats, &mut held, diagnostics);
    let stays = |subnetwork: &RegionalRef| {
        let id = Id::Subnetwork(subnetwork.clone());
        let goes = nat_goes.contains(subnetwork) && has_private_google_access(world, subnetwork);
        held.contains(&id)
            || (in_use.contains(subnetwork) && !goes)
            || hold::users_unread(world, subnetwork, uses.connectors_on(subnetwork))
            // What nobody of ours ever put there is somebody's addition to an entry of ours.
            || (names::follows_our_scheme(subnetwork.name.as_str()) && !scope::may_remove(&removal, &id))
    };
    let spread = Nats {
        world,
        ours,
        sources: &links,
        stays: &stays,
    };
    diagnostics.extend(nats::add_nats(&mut graph, &compiled.nats, &spread));
    // One of ours counts only while some link wants it: it goes with the last one.
    let ours_stays = nat_served(&graph);
    let kept = |network: &NetworkRef, subnetwork: &RegionalRef| {
        let covered = world.nat_covering(network, subnetwork).is_some();
        nats::served_by_another(world, network, subnetwork, ours).is_some()
            || (covered && ours_stays.contains(subnetwork))
    };

    let mut loses = without_internet(&links, &compiled.subnetworks, &kept, diagnostics);
    loses.extend(cut_off(&links, &graph, world, diagnostics));
    let stays_put = sources_that_stay(&links, &loses);
    blocked.extend(loses);

    Context {
        world,
        ours,
        traces: traces(&links, &graph, world),
        blocked,
        stays_put,
        nat_served: ours_stays.clone(),
        nat_goes,
        undecided,
        released: released(standings),
        records: adoption::records(world, ours),
        left: BTreeSet::new(),
        journaling: BTreeSet::new(),
        steps: BTreeMap::new(),
        graph,
        links,
        held,
        removal,
        uses,
    }
}

/// What every declared link resolves to.
pub fn routing(wishes: &Wishes) -> BTreeMap<LinkName, Routing> {
    let links = wishes.links.iter();
    links
        .map(|link| (link.name.clone(), link.routing))
        .collect()
}

/// The subnetworks that a NAT of ours will serve.
fn nat_served(graph: &Graph) -> BTreeSet<RegionalRef> {
    let entries = graph
        .nodes
        .values()
        .filter_map(|node| match &node.resource {
            Resource::Nat(nat) => Some(&nat.subnetworks),
            _ => None,
        });
    entries.flatten().cloned().collect()
}

/// Subnetworks whose connector carries traffic for whose sake a NAT of ours has to stay.
fn subnetworks_in_use(
    world: &World,
    uses: &Uses<'_>,
    ours: &Installation,
    graph: &Graph,
) -> BTreeSet<RegionalRef> {
    let services = uses.services();
    services
        .keys()
        .filter(|connector| {
            hold::nat_users(world, connector, services, ours, graph)
                .next()
                .is_some()
        })
        .filter_map(|connector| world.connector(connector).present()?.subnetwork.clone())
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

/// Links whose source would be cut off by being moved onto its path.
fn cut_off(
    links: &BTreeMap<&LinkName, &Link>,
    graph: &Graph,
    world: &World,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<LinkName, String> {
    let mut blocked = BTreeMap::new();
    for (name, link) in links {
        let wanted = wanted_access(graph, link);
        let Some((code, found)) = wanted.and_then(|wanted| path::cut_off(link, &wanted, world))
        else {
            continue;
        };
        let message = format!(
            "{} is not moved onto this path, because it would be cut off: {found}",
            link.source.name
        );
        // That the network is missing is told of the network.
        if code != Code::NetworkMissing {
            let diagnostic = Diagnostic::new(code, link.origin.clone(), message.clone());
            let diagnostic = diagnostic.severity(Severity::Error).link(name);
            diagnostics.push(diagnostic.field("spec.network.name").help(STAYS));
        }
        blocked.insert((*name).clone(), message);
    }
    blocked
}

const STAYS: &str = "mend that first; until then the source stays as it is";

/// Links that rely on a NAT of others which is not there: their source would lose the internet.
fn without_internet(
    links: &BTreeMap<&LinkName, &Link>,
    subnetworks: &BTreeMap<LinkName, RegionalRef>,
    kept: &dyn Fn(&NetworkRef, &RegionalRef) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<LinkName, String> {
    let mut blocked = BTreeMap::new();
    for (name, link) in links {
        let (Internet::Existing, Some(subnetwork)) = (&link.internet, subnetworks.get(*name))
        else {
            continue;
        };
        if !kept(&link.network, subnetwork) {
            let message = format!("no Cloud NAT serves {}", subnetwork.compute("subnetworks"));
            let help = "make one, or let the link make it with `internet: {nat: {}}`, or do without with `internet: {none: {}}`";
            diagnostics.push(
                Diagnostic::new(Code::NatMissing, link.origin.clone(), message.clone())
                    .link(name)
                    .field("spec.internet.existing")
                    .help(help),
            );
            blocked.insert((*name).clone(), message);
        }
    }
    blocked
}

/// Sources that would lose something by being moved, with what: one link's loss is the source's, whatever its other
/// links wish. A link that is only reported has no say.
fn sources_that_stay(
    links: &BTreeMap<&LinkName, &Link>,
    loses: &BTreeMap<LinkName, String>,
) -> BTreeMap<ServiceRef, String> {
    let losing = loses.iter().filter_map(|(name, why)| {
        let link = links.get(name)?;
        let enforced = link.policy.reconcile == Reconcile::Enforce;
        enforced.then(|| (link.source.clone(), format!("{name}: {why}")))
    });
    losing.collect()
}

fn released(standings: &BTreeMap<LinkName, Standing>) -> BTreeSet<String> {
    let released = standings
        .iter()
        .filter(|(_, standing)| **standing == Standing::Released);
    released.map(|(name, _)| name.to_string()).collect()
}
