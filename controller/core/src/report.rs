//! The report: the only thing that leaves a turn. What people read, what machines parse and the exit code are
//! rendered from it.

mod links;
mod outcomes;
mod steps;
mod undone;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::apply::Outcome;
use crate::cloud::Scope;
use crate::codes::Code;
use crate::decide::Decision;
use crate::diagnostic::Diagnostic;
use crate::drift::Rank;
use crate::forecast::Forecast;
use crate::ids::LinkName;
use crate::kinds::{FieldChange, Id, Kind};
use crate::link::Routing;
use crate::path::{Trace, Verdict};
use crate::plan::{self, Action, Summary};
use crate::report::outcomes::{is_write_failure, with_outcomes};
use crate::standing::Standing;
use crate::turn::Performed;
use crate::world::World;

/// The version of the JSON document. Fields are added under it; none changes its meaning.
pub const API_VERSION: &str = "privatelink.dev/report/v1";

/// Everything that a turn found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use = "an unread report is of no use to anybody"]
pub struct Report {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// Where was looked, and what could not be read.
    pub scope: ScopeReport,
    /// How many steps of each action.
    pub summary: Summary,
    /// The steps: those carried out in their order, then what is left of the last plan.
    pub steps: Vec<StepReport>,
    /// What a plan cannot do at once and shows nothing of above: a later pass of the same turn does it, if everything
    /// works out. Only in a plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<StepReport>,
    /// Every link.
    pub links: Vec<LinkReport>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// How many times the world was observed.
    pub passes: usize,
}

/// Where was looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeReport {
    /// Projects.
    pub projects: BTreeSet<String>,
    /// Regions whose services were read.
    pub regions: BTreeSet<String>,
    /// Lists, or regions of lists, that could not be read.
    pub unreadable: Vec<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// The thing, as Google prints it.
    pub id: Id,
    /// What sort of thing.
    pub kind: Kind,
    /// What.
    pub action: Action,
    /// Why.
    pub why: String,
    /// The page that says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// What has to come first.
    pub after: BTreeSet<Id>,
    /// The links that want it.
    pub links: BTreeSet<LinkName>,
    /// What it does to the path, when somebody changed what was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Rank>,
    /// What became of it, when it was carried out or tried.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// It failed or was skipped, and a later look of the same turn got further all the same: the world had moved, or
    /// only the reply was lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mended: bool,
}

/// How a link stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum LinkState {
    /// As declared, and the path is proven.
    Ready,
    /// As declared, and the path is not proven.
    Unproven,
    /// Something is to be done.
    Changed,
    /// Somebody changed what was applied.
    Drifted,
    /// Something else has to come first.
    Waiting,
    /// Something was tried and did not work out.
    Failed,
    /// Something will not be done.
    Refused,
    /// It contradicts another link.
    Conflicting,
    /// Its declaration is wrong.
    Invalid,
    /// It is left alone.
    Suspended,
    /// It is to be undone, or that has begun.
    Releasing,
    /// It is undone.
    Released,
    /// It is protected from being undone.
    Protected,
    /// What it made stays.
    Abandoned,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkReport {
    /// Namespace and name.
    pub name: LinkName,
    /// How it stands.
    pub state: LinkState,
    /// Enforced, reported, suspended, ...
    pub standing: Standing,
    /// Which of the source's traffic enters the network, as declared or, when the declaration leaves it out, as the way of
    /// access needs. Nothing for a link that no valid declaration speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,
    /// The worst that somebody's changes do to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Rank>,
    /// Does the path work now?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Verdict>,
    /// The path, hop by hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// Will the path work when everything is done? Only in plans that change something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_forecast: Option<Verdict>,
    /// The path as a turn will leave it, hop by hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_forecast: Option<Trace>,
}

impl StepReport {
    /// Is it about something that has grown beyond what is declared, and is told and left?
    pub fn stays_larger(&self) -> bool {
        plan::stays_larger(self.action, self.code)
    }
}

impl LinkReport {
    fn routed(self, routing: Option<Routing>) -> Self {
        Self { routing, ..self }
    }
}

impl Report {
    /// The report of a turn that ended with this decision, after these steps.
    pub fn new(world: &World, decision: Decision, performed: &[Performed], passes: usize) -> Self {
        let Decision {
            plan,
            standings,
            traces,
            applied,
            diagnostics,
            routing,
            in_hand: _,
            changing: _,
            undecided: _,
            jobs_unasked: _,
            blocked,
        } = decision;
        let mut steps = steps::carried_out(performed, &plan, world);
        let left = steps::left(&plan, performed, &applied, &traces);
        let summary = steps::summary(performed, &left);
        steps.extend(left);
        let own = steps::by_link(&steps);
        let link = |(name, standing): (&LinkName, &Standing)| {
            let own = own.get(name).map_or(&[][..], Vec::as_slice);
            links::link_report(
                name,
                *standing,
                own,
                traces.get(name),
                blocked.contains(name),
                !performed.is_empty(),
            )
            .routed(routing.get(name).copied())
        };
        let links = standings.iter().map(link).collect();
        let mut report = Self {
            api_version: API_VERSION,
            scope: ScopeReport::new(world),
            summary,
            steps,
            later: Vec::new(),
            links,
            diagnostics: with_outcomes(diagnostics, performed, &plan, world),
            passes,
        };
        report.tell_undone();
        report
    }

    /// Adds what was found before the turn, while reading and validating.
    pub fn with(mut self, earlier: Vec<Diagnostic>) -> Self {
        self.diagnostics.extend(earlier);
        self.diagnostics.sort();
        self.diagnostics.dedup();
        self.tell_undone();
        self
    }

    /// Adds what a turn would come to.
    pub fn foresee(mut self, forecast: Forecast) -> Self {
        let Forecast {
            mut traces,
            later,
            diagnostics,
            jobs_unasked: _,
        } = forecast;
        let later = later.iter();
        self.later = later
            .map(|(id, step)| StepReport::new(id, step, None, None))
            .collect();
        for link in &mut self.links {
            link.trace_forecast = traces.remove(&link.name);
            link.path_forecast = link.trace_forecast.as_ref().map(Trace::verdict);
        }
        self.with(diagnostics)
    }

    /// The exit code: 1 if anything was invalid, refused or unreadable; else 6 if a write failed; else 5 if
    /// something is pending; else 0, whatever else was applied.
    pub fn exit_code(&self) -> u8 {
        let refused = self.summary.refuse > 0
            || self
                .diagnostics
                .iter()
                .any(|d| d.is_error() && !is_write_failure(d));
        if refused || !self.scope.unreadable.is_empty() {
            return 1;
        }
        let tried = self.steps.iter().filter(|step| step.outcome.is_some());
        let mut last: BTreeMap<&Id, &StepReport> = tried.map(|step| (&step.id, step)).collect();
        last.retain(|_, step| !step.mended);
        let last: Vec<&Outcome> = last
            .values()
            .filter_map(|step| step.outcome.as_ref())
            .collect();
        if last
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Failed { .. }) && !outcome.is_pending())
        {
            return 6;
        }
        let pending = last.iter().any(|outcome| !matches!(outcome, Outcome::Done));
        let pending = pending || self.ended_early();
        // Nothing is left to do here, and the path still does not work: somebody else has to act.
        let pending = pending || self.links.iter().any(LinkReport::is_broken);
        if pending || self.summary.wait > 0 {
            5
        } else {
            0
        }
    }

    /// Did the run end before it had looked at what came of it?
    pub fn ended_early(&self) -> bool {
        let mut found = self.diagnostics.iter();
        found.any(|found| matches!(found.code, Code::Interrupted | Code::TimeUp))
    }

    /// Is anything to be done, or different from what was applied?
    pub fn has_changes(&self) -> bool {
        self.summary.writes() > 0
            || self.summary.wait > 0
            || self.steps.iter().any(|step| step.drift.is_some())
            || self.links.iter().any(LinkReport::is_broken)
    }
}

impl LinkReport {
    /// Is it enforced as declared, and does its path not work all the same?
    fn is_broken(&self) -> bool {
        self.state == LinkState::Unproven && self.standing == Standing::Enforced
    }
}

impl ScopeReport {
    fn new(world: &World) -> Self {
        let mut scope = Self {
            projects: BTreeSet::new(),
            regions: BTreeSet::new(),
            unreadable: Vec::new(),
        };
        for (read, answer) in world.readings() {
            scope.projects.insert(read.project().to_string());
            if let Scope::Services(_, region) = read {
                scope.regions.insert(region.to_string());
            }
            if answer.is_err() {
                scope.unreadable.push(read.to_string());
            }
        }
        scope.unreadable.extend(
            world
                .unreachable()
                .keys()
                .map(|(read, region)| format!("{read} in {region}")),
        );
        scope
    }
}
