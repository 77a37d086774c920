//! One turn: observe, decide, apply, until there is nothing left to do. The job is one call of it; a daemon is a
//! timer and triggers around it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use crate::apply::{Observer, Outcome, Progress, apply};
use crate::cloud::{Cloud, Write};
use crate::decide::{Decision, Orders, Wishes, decide};
use crate::drift::{self, Rank};
use crate::findings;
use crate::forecast::forecast;
use crate::hold;
use crate::ids::{LinkName, ProjectId, Region};
use crate::kinds::{Id, RevisionRef};
use crate::observe::{Territory, observe, read, revisions};
use crate::path::Trace;
use crate::plan::connectors::UNREAD;
use crate::plan::{Plan, Step};
use crate::report::Report;
use crate::second_look;
use crate::standing::Standing;
use crate::world::World;

/// Passes of one turn. The longest honest chain is eight: record what is adopted or where the network is, build, tighten,
/// look whether what was replaced is unused, clear it away, look again, forget where it was, and look again. The rest is room for others who write at the same time.
pub const MAX_PASSES: usize = 10;

/// Conflicts on one thing that are enough for one turn.
const CONFLICTS: usize = 3;

/// A step that was carried out, or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performed {
    /// What it was about.
    pub id: Id,
    /// What it was.
    pub step: Step,
    /// What became of it.
    pub outcome: Outcome,
    /// In which pass, from 1.
    pub pass: usize,
    /// What it repaired, when somebody had changed what was applied.
    pub drift: Option<Rank>,
}

/// Observes and decides, tells what a turn would come to, and writes nothing.
pub async fn preview(
    cloud: &dyn Cloud,
    wishes: &Wishes,
    orders: &Orders,
    extra: &BTreeSet<ProjectId>,
) -> Report {
    let mut world = first_look(cloud, wishes, orders, extra).await;
    loop {
        let decision = decided(cloud, &mut world, wishes, orders, &BTreeSet::new()).await;
        let mut foreseen = forecast(wishes, orders, &world, &decision);
        let jobs = std::mem::take(&mut foreseen.jobs_unasked);
        if jobs.is_empty() {
            return Report::new(&world, decision, &[], 1).foresee(foreseen);
        }
        read(cloud, &mut world, jobs).await;
    }
}

/// One whole turn.
///
/// Each pass observes afresh, so a thing that was not there yet is there in the next. The turn ends when a pass
/// has nothing to write, or when what it would write has just failed for a reason that another pass cannot mend.
pub async fn turn(
    cloud: &dyn Cloud,
    wishes: &Wishes,
    orders: &Orders,
    extra: &BTreeSet<ProjectId>,
    observer: Observer<'_>,
) -> Report {
    turn_with(cloud, wishes, orders, extra, observer, &|_, _| ()).await
}

/// As [`turn`], with a mistake made in the plan of each pass. Only simulations make any, to see that they would be
/// found in ours.
pub(crate) async fn turn_with(
    cloud: &dyn Cloud,
    wishes: &Wishes,
    orders: &Orders,
    extra: &BTreeSet<ProjectId>,
    observer: Observer<'_>,
    mistake: &(dyn Fn(&mut Plan, &World) + Sync),
) -> Report {
    let mut performed: Vec<Performed> = Vec::new();
    let mut in_hand = BTreeSet::new();
    let mut waited_for: BTreeSet<Id> = BTreeSet::new();
    // A link that was undone is told of although nothing remembers it in the last pass.
    let mut standings: BTreeMap<LinkName, Standing> = BTreeMap::new();
    // A link that this very turn applies has not drifted.
    let mut applied_before: Option<BTreeSet<LinkName>> = None;
    let mut unused: BTreeMap<Id, Write> = BTreeMap::new();
    let mut pass = 0;
    loop {
        pass += 1;
        let (world, mut decision) = look(cloud, wishes, orders, extra, &in_hand).await;
        in_hand.clone_from(&decision.in_hand);
        standings.append(&mut decision.standings);
        decision.standings.clone_from(&standings);
        let applied = applied_before.get_or_insert_with(|| decision.applied.clone());
        let mut plan = without_failed(&decision.plan, &performed);
        mistake(&mut plan, &world);
        if pass > MAX_PASSES {
            return Report::new(&world, decision, &performed, pass);
        }
        let looks_again = second_look::confirm(&mut plan, &world, &mut unused);
        if !plan.writes() {
            if looks_again {
                continue;
            }
            // Each thing is waited for once; the pass after that sees what became of it.
            let changing: Vec<Id> = decision.changing.difference(&waited_for).cloned().collect();
            if changing.is_empty() {
                return Report::new(&world, decision, &performed, pass);
            }
            // That it did not settle shows in the next pass, which reads it again.
            let _told_by_the_next_pass = join_all(changing.iter().map(|id| cloud.settle(id))).await;
            waited_for.extend(changing);
            continue;
        }
        observer(Progress::Planned(&plan));
        let outcomes = apply(cloud, &plan, &orders.ours, observer).await;
        performed.extend(record(&plan, outcomes, pass, applied, &decision.traces));
    }
}

async fn look(
    cloud: &dyn Cloud,
    wishes: &Wishes,
    orders: &Orders,
    extra: &BTreeSet<ProjectId>,
    in_hand: &BTreeSet<Id>,
) -> (World, Decision) {
    let mut world = first_look(cloud, wishes, orders, extra).await;
    let decision = decided(cloud, &mut world, wishes, orders, in_hand).await;
    (world, decision)
}

async fn first_look(
    cloud: &dyn Cloud,
    wishes: &Wishes,
    orders: &Orders,
    extra: &BTreeSet<ProjectId>,
) -> World {
    let removes = orders.prune || !orders.destroy.is_empty();
    let territory = Territory::new(wishes.links.iter(), extra, removes);
    observe(cloud, &territory, &orders.ours).await
}

/// Decides, and reads on until what the decision rests on is known.
async fn decided(
    cloud: &dyn Cloud,
    world: &mut World,
    wishes: &Wishes,
    orders: &Orders,
    in_hand: &BTreeSet<Id>,
) -> Decision {
    loop {
        let mut decision = decide(wishes, orders, world, in_hand);
        // Only what takes something away needs to know of every pinned revision and of jobs, so they are read only then.
        let unread = unread(&decision, world);
        let jobs = std::mem::take(&mut decision.jobs_unasked);
        if unread.is_empty() && jobs.is_empty() {
            let others = findings::undone_by_others(world, wishes, orders);
            decision.diagnostics.extend(others);
            let standings = &decision.standings;
            let lost = findings::lost::undone_without_record(world, wishes, orders, standings);
            decision.diagnostics.extend(lost);
            return decision;
        }
        revisions(cloud, world, unread).await;
        read(cloud, world, jobs).await;
    }
}

/// The revisions that steps wait for and that nobody has asked for yet.
fn unread(decision: &Decision, world: &World) -> Vec<RevisionRef> {
    let steps = decision.plan.steps.iter();
    let waiting = steps.filter(|(_, step)| step.why == UNREAD);
    let mut near: BTreeSet<(&ProjectId, &Region)> = waiting
        .filter_map(|(id, _)| match id {
            Id::Connector(connector) => Some((&connector.project, &connector.region)),
            _ => None,
        })
        .collect();
    near.extend(
        decision
            .undecided
            .iter()
            .map(|(project, region)| (project, region)),
    );
    if near.is_empty() {
        return Vec::new();
    }
    let mut wanted = hold::unread_revisions(world);
    wanted
        .retain(|id| near.contains(&(&id.service.project, &id.service.region)) && !world.asked(id));
    wanted.sort();
    wanted.dedup();
    wanted
}

fn record(
    plan: &Plan,
    outcomes: BTreeMap<Id, Outcome>,
    pass: usize,
    applied: &BTreeSet<LinkName>,
    traces: &BTreeMap<LinkName, Trace>,
) -> Vec<Performed> {
    outcomes
        .into_iter()
        .filter_map(|(id, outcome)| {
            let step = plan.steps.get(&id)?.clone();
            let drift = drift::repaired(&id, &step, applied, traces);
            Some(Performed {
                id,
                step,
                outcome,
                pass,
                drift,
            })
        })
        .collect()
}

/// Takes out what failed earlier in this turn for good, with everything that comes after it. A conflict is worth
/// another try, because the plan is a new one, up to [`CONFLICTS`].
fn without_failed(plan: &Plan, performed: &[Performed]) -> Plan {
    let mut tries: BTreeMap<&Id, usize> = BTreeMap::new();
    for done in performed {
        if let Outcome::Failed { .. } = done.outcome {
            let weight = if done.outcome.is_conflict() {
                1
            } else {
                CONFLICTS
            };
            *tries.entry(&done.id).or_default() += weight;
        }
    }
    let hopeless = tries.into_iter().filter(|(_, tries)| *tries >= CONFLICTS);
    plan.without(&hopeless.map(|(id, _)| id.clone()).collect())
}
