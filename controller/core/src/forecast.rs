//! What a turn will come to if everything works out: told before the first write, believed by nothing.
//!
//! A plan is one pass, and a turn takes several: a destination is closed only when the path was proven on what was
//! read back. So the plan alone does not tell whether the link will work in the end. The forecast goes through the
//! passes on a copy of the snapshot, in which each write has worked out. No write is ever decided from it
//! (`docs/decisions/0017-path-on-what-is-live.md`).

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Scope;
use crate::decide::{Decision, Orders, Wishes, decide};
use crate::diagnostic::Diagnostic;
use crate::ids::LinkName;
use crate::kinds::Id;
use crate::path::Trace;
use crate::plan::Step;
use crate::turn::MAX_PASSES;
use crate::world::World;

/// What a turn will come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The path of every link that takes part, as the turn would leave it. Empty when it would change nothing.
    pub traces: BTreeMap<LinkName, Trace>,
    /// What later passes write of which the plan itself shows nothing, in their order: a field that changes only once what
    /// it had before is on record, say. Changes of our own records are left out.
    pub later: Vec<(Id, Step)>,
    /// What will then have to be said and cannot be said yet: a path that does not work although everything that
    /// we can do is done.
    pub diagnostics: Vec<Diagnostic>,
    /// Lists of jobs that have to be read before it can be said that what later passes take away goes.
    pub jobs_unasked: Vec<Scope>,
}

/// Goes through the passes of a turn that begins with this decision.
pub fn forecast(wishes: &Wishes, orders: &Orders, world: &World, first: &Decision) -> Forecast {
    let mut waited_for: BTreeSet<Id> = BTreeSet::new();
    let Some(mut world) = next(world, first, &mut waited_for) else {
        return Forecast::default();
    };
    let mut last = decide(wishes, orders, &world, &first.in_hand);
    let mut later = Later::than(first);
    let mut unasked: BTreeSet<Scope> = BTreeSet::new();
    for _ in 1..MAX_PASSES {
        later.take_in(&last);
        unasked.extend(last.jobs_unasked.iter().cloned());
        match next(&world, &last, &mut waited_for) {
            None => break,
            Some(later) => world = later,
        }
        last = decide(wishes, orders, &world, &last.in_hand);
    }
    let told: BTreeSet<&Diagnostic> = first.diagnostics.iter().collect();
    let news = last
        .diagnostics
        .into_iter()
        .filter(|found| !told.contains(found) && !found.is_error());
    let diagnostics = news.map(|found| Diagnostic {
        message: format!("when the rest is done: {}", found.message),
        ..found
    });
    Forecast {
        traces: last.traces,
        later: later.steps,
        diagnostics: diagnostics.collect(),
        jobs_unasked: unasked.into_iter().collect(),
    }
}

/// What later passes do that nobody was told of yet.
struct Later<'a> {
    first: &'a Decision,
    told: BTreeSet<(Id, String)>,
    steps: Vec<(Id, Step)>,
}

impl<'a> Later<'a> {
    fn than(first: &'a Decision) -> Self {
        let told = first.plan.steps.iter();
        Self {
            first,
            told: told.flat_map(|(id, step)| effects(id, step)).collect(),
            steps: Vec::new(),
        }
    }

    fn take_in(&mut self, pass: &Decision) {
        for (id, step) in pass
            .plan
            .steps
            .iter()
            .filter(|(_, step)| step.action.writes())
        {
            let effects = effects(id, step);
            if !self.shows_whole(id, step) && effects.iter().any(|it| !self.told.contains(it)) {
                self.told.extend(effects);
                self.steps.push((id.clone(), step.clone()));
            }
        }
    }

    /// Does the plan itself show all there is to this step? It has no fields, and the plan does the same with the same
    /// thing. What it waits with and the same run then does all the same is told: who consents sees all that goes.
    fn shows_whole(&self, id: &Id, step: &Step) -> bool {
        let shown = self.first.plan.steps.get(id);
        step.changes.is_empty() && shown.is_some_and(|shown| shown.action == step.action)
    }
}

/// What a step changes, apart from our own records.
fn effects(id: &Id, step: &Step) -> Vec<(Id, String)> {
    if step.changes.is_empty() {
        return vec![(id.clone(), step.action.word().to_owned())];
    }
    let fields = step.changes.iter().map(|change| change.field.to_string());
    let fields = fields.filter(|field| !field.starts_with("annotations["));
    fields.map(|field| (id.clone(), field)).collect()
}

/// The world after one pass; `None` when the pass changes nothing.
fn next(world: &World, decision: &Decision, waited_for: &mut BTreeSet<Id>) -> Option<World> {
    let writes = || {
        decision
            .plan
            .steps
            .values()
            .filter_map(|step| step.write.as_ref())
    };
    let settled: Vec<Id> = if writes().next().is_some() {
        Vec::new()
    } else {
        decision.changing.difference(waited_for).cloned().collect()
    };
    if settled.is_empty() && writes().next().is_none() {
        return None;
    }
    let mut world = world.clone();
    writes().for_each(|write| world.assume(write));
    for id in &settled {
        world.assume_settled(id);
    }
    waited_for.extend(settled);
    Some(world)
}
