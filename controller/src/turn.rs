//! One turn, from files to a report.
//!
//! ```text
//! Declared::read    files -> declarations -> valid links, and findings      nothing is asked
//! Run::connect      credentials, clients                                    Google is asked for a token
//! Run::preview      observe, decide                                         Google is read
//! Run::apply        observe, decide, carry out, until nothing is left       Google is written
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use privatelink_core::apply::{Observer, Outcome, Progress};
use privatelink_core::cloud::{CloudError, CloudErrorKind};
use privatelink_core::codes::Code;
use privatelink_core::decide::{Decision, Orders, Wishes};
use privatelink_core::declare;
use privatelink_core::diagnostic::{Diagnostic, Origin, Severity};
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::Id;
use privatelink_core::link::{Link, Reconcile};
use privatelink_core::plan::{Plan, Step};
use privatelink_core::report::Report;
use privatelink_core::standing::Standing;
use privatelink_core::turn::{Performed, preview, turn};
use privatelink_core::validate::validate;
use privatelink_core::world::World;
use privatelink_gcp::{ConnectError, Google, Options, connect};

use crate::cli::Global;
use crate::interrupt::{self, Interruptible};
use crate::sources::{self, PathOrStdin, Sources};

/// What is declared, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) wishes: Wishes,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// How many documents mean to be declarations; those that are not among the links are wrong.
    pub(crate) documents: usize,
    /// What was read, to find the lines of fields in: what is found in the cloud is often the matter of one field.
    pub(crate) sources: Sources,
}

impl Declared {
    /// Reads and validates files, directories and standard input.
    pub(crate) fn read(paths: &[PathOrStdin]) -> Self {
        let mut sources = sources::read(paths);
        let mut declared = Self::validated(&sources.declared);
        sources.locate(&mut declared.diagnostics);
        declared
            .wishes
            .broken
            .extend(std::mem::take(&mut sources.named_broken));
        // A broken declaration may have the name of a right one; then neither is acted on.
        let Wishes {
            links,
            broken,
            complete,
        } = &mut declared.wishes;
        links.retain(|link| !broken.contains(&link.name));
        *complete = sources.complete;
        declared.documents = sources.documents;
        declared.diagnostics.append(&mut sources.diagnostics);
        declared.sources = sources.texts();
        declared.diagnostics.sort();
        declared.diagnostics.dedup();
        declared
    }

    /// Validates declarations that were read already, all of them.
    pub(crate) fn validated(declarations: &[declare::Declared]) -> Self {
        let validated = validate(declarations);
        let broken = validated.broken.into_iter().collect();
        let wishes = Wishes {
            links: validated.links,
            broken,
            complete: true,
        };
        Self {
            wishes,
            diagnostics: validated.diagnostics,
            documents: declarations.len(),
            sources: Sources::default(),
        }
    }
}

/// A connection to the cloud, and what this run is to do there.
pub(crate) struct Run {
    declared: Declared,
    orders: Orders,
    scope: BTreeSet<ProjectId>,
    /// Absent when there is nothing to ask, or nobody who answers; the findings say so then.
    cloud: Option<Google>,
}

impl Run {
    /// Connects, unless there is nothing to ask. A connection that fails is a finding like others.
    pub(crate) async fn connect(declared: Declared, orders: Orders, global: &Global) -> Self {
        let scope = global.scope();
        let mut run = Self {
            declared,
            orders,
            scope,
            cloud: None,
        };
        run.declared.diagnostics.extend(nowhere_to_look(
            &run.declared.wishes,
            &run.orders,
            &run.scope,
        ));
        let something_to_ask =
            !run.declared.wishes.links.is_empty() || run.orders.prune && !run.scope.is_empty();
        if something_to_ask {
            match connect(Options {
                endpoint: global.endpoint.clone().filter(|url| !url.is_empty()),
                ..Options::default()
            })
            .await
            {
                Ok(google) => run.cloud = Some(google),
                Err(error) => run.declared.diagnostics.insert(0, unconnected(&error)),
            }
        }
        run
    }

    /// A run on a connection that is there already.
    #[cfg(feature = "emulator")]
    pub(crate) fn on(cloud: Google, declared: Declared, orders: Orders) -> Self {
        Self {
            declared,
            orders,
            scope: BTreeSet::new(),
            cloud: Some(cloud),
        }
    }

    /// The same connection and declarations under other orders.
    #[cfg(feature = "emulator")]
    pub(crate) fn ordered(self, orders: Orders) -> Self {
        Self { orders, ..self }
    }

    /// The valid links.
    pub(crate) fn links(&self) -> &[Link] {
        &self.declared.wishes.links
    }

    /// What would be done.
    pub(crate) async fn preview(&self) -> Report {
        let Self {
            declared:
                Declared {
                    wishes,
                    diagnostics,
                    documents: _,
                    sources,
                },
            orders,
            scope,
            cloud,
        } = self;
        let mut report = match cloud {
            Some(cloud) => preview(cloud, wishes, orders, scope).await,
            None => Report::new(&World::default(), undecided(wishes), &[], 0),
        };
        sources.locate(&mut report.diagnostics);
        report.with(diagnostics.clone())
    }

    /// Does it. When the user interrupts, nothing new is begun, and what is under way gets a while to end.
    pub(crate) async fn apply(&self, observer: Observer<'_>) -> Report {
        let Self {
            declared:
                Declared {
                    wishes,
                    diagnostics,
                    documents: _,
                    sources,
                },
            orders,
            scope,
            cloud,
        } = self;
        let Some(cloud) = cloud else {
            return self.preview().await;
        };
        let cloud = Interruptible::new(cloud);
        let record = Record::default();
        let watch = |progress: Progress<'_>| {
            record.take_in(progress);
            observer(progress);
        };
        let mut report = tokio::select! {
            report = turn(&cloud, wishes, orders, scope, &watch) => report,
            () = cloud.out_of_patience(interrupt::signal()) => record.abandoned(wishes),
        };
        sources.locate(&mut report.diagnostics);
        report.with(diagnostics.clone())
    }
}

/// A source that declares nothing names no project either, so what is to be removed has to be looked for
/// where the user says.
fn nowhere_to_look(
    wishes: &Wishes,
    orders: &Orders,
    scope: &BTreeSet<ProjectId>,
) -> Option<Diagnostic> {
    let empty = wishes.links.is_empty() && wishes.broken.is_empty();
    let message =
        "nothing is declared, so no project is known to look in for what is to be removed";
    (orders.prune && orders.allow_empty && empty && scope.is_empty()).then(|| {
        Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message)
            .severity(Severity::Error)
            .help("name the projects with --scope PROJECT")
    })
}

pub(crate) fn unconnected(error: &ConnectError) -> Diagnostic {
    let mut message = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        message = format!("{message}: {cause}");
    }
    Diagnostic::new(error.code(), Origin::CommandLine, message).help(error.help())
}

/// The standing of every link when nothing was observed and nothing can be decided.
fn undecided(wishes: &Wishes) -> Decision {
    let broken = wishes
        .broken
        .iter()
        .map(|name| (name.clone(), Standing::Invalid));
    let links = wishes.links.iter().map(|link| {
        let standing = match (link.policy.suspend, link.policy.reconcile) {
            (true, _) => Standing::Suspended,
            (false, Reconcile::Enforce) => Standing::Enforced,
            (false, Reconcile::Report) => Standing::Reported,
        };
        (link.name.clone(), standing)
    });
    Decision {
        plan: Plan::default(),
        standings: broken.chain(links).collect(),
        traces: BTreeMap::new(),
        applied: BTreeSet::new(),
        diagnostics: Vec::new(),
        in_hand: BTreeSet::new(),
        changing: BTreeSet::new(),
    }
}

/// What has been seen of a turn so far: all that is left to report when it has to be abandoned.
#[derive(Default)]
struct Record(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    pass: usize,
    planned: BTreeMap<Id, Step>,
    running: BTreeSet<Id>,
    performed: Vec<Performed>,
}

impl Record {
    fn take_in(&self, progress: Progress<'_>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Planned(plan) => {
                seen.pass += 1;
                let writes = plan.steps.iter().filter(|(_, step)| step.action.writes());
                seen.planned = writes
                    .map(|(id, step)| (id.clone(), step.clone()))
                    .collect();
            }
            Progress::Started(id, _) => drop(seen.running.insert(id.clone())),
            Progress::Finished(id, _, outcome) => {
                seen.running.remove(id);
                seen.perform(id, outcome.clone());
            }
        }
    }

    /// The report of a turn that was given up: what was done, what was under way, and what was never begun.
    fn abandoned(self, wishes: &Wishes) -> Report {
        let mut seen = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let left: Vec<Id> = seen.planned.keys().cloned().collect();
        for id in left {
            let message = if seen.running.contains(&id) {
                "it was under way when the run was interrupted, and may yet happen"
            } else {
                "it was not begun, because the run was interrupted"
            };
            let error = CloudError::new(CloudErrorKind::Transient, Code::Interrupted, message)
                .help(interrupt::HELP);
            seen.perform(&id, Outcome::Failed { error });
        }
        let performed = std::mem::take(&mut seen.performed);
        Report::new(&World::default(), undecided(wishes), &performed, seen.pass)
    }
}

impl Seen {
    fn perform(&mut self, id: &Id, outcome: Outcome) {
        if let Some(step) = self.planned.remove(id) {
            let done = Performed {
                id: id.clone(),
                step,
                outcome,
                pass: self.pass,
                // Nothing was decided at the end, so nobody can tell.
                drift: None,
            };
            self.performed.push(done);
        }
    }
}
