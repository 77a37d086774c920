//! One turn, from files to a report.
//!
//! ```text
//! Declared::read    files -> declarations -> valid links, and findings      nothing is asked
//! Run::connect      credentials, clients                                    Google is asked for a token
//! Run::preview      observe, decide                                         Google is read
//! Run::apply        observe, decide, carry out, until nothing is left       Google is written
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use privatelink_core::apply::{Observer, Progress};
use privatelink_core::codes::Code;
use privatelink_core::compile::compile;
use privatelink_core::decide::{Decision, Orders, Wishes, routing};
use privatelink_core::declare;
use privatelink_core::diagnostic::{Diagnostic, Origin, Severity};
use privatelink_core::ids::{LinkName, ProjectId};
use privatelink_core::link::Link;
use privatelink_core::names::Installation;
use privatelink_core::plan::Plan;
use privatelink_core::report::Report;
use privatelink_core::standing::standings;
use privatelink_core::turn::{preview, turn};
use privatelink_core::validate::validate;
use privatelink_core::world::World;
use privatelink_gcp::{ConnectError, Google, connect};
use tokio::time::Instant;

use crate::cli::{Global, Time};
use crate::interrupt::{self, Interruptible, Stop};
use crate::record::Record;
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
        Self::of(sources::read(paths))
    }

    /// Validates what was read.
    pub(crate) fn of(mut sources: Sources) -> Self {
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

    /// Finds the links that contradict each other, which takes no look at the cloud. Others want the same thing alike,
    /// or more of it.
    pub(crate) fn compare(&mut self, ours: &Installation) -> BTreeSet<LinkName> {
        let links = self.wishes.links.iter();
        let taking_part: Vec<&Link> = links.filter(|link| !link.policy.suspend).collect();
        let compiled = compile(&taking_part, &World::default(), ours);
        self.diagnostics.extend(compiled.diagnostics);
        self.sources.locate(&mut self.diagnostics);
        compiled.conflicting
    }

    /// That nothing is declared is meant, and no more than worth a word.
    fn allow_empty(&mut self) {
        let found = self.diagnostics.iter_mut();
        for diagnostic in found.filter(|it| it.code == Code::NothingDeclared) {
            diagnostic.severity = Severity::Warning;
        }
    }

    /// Validates declarations that were read already, all of them.
    fn validated(declarations: &[declare::Declared]) -> Self {
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
    /// How long the run may take, if that is limited, and since when it runs.
    time: Option<Duration>,
    begun: Instant,
}

impl Run {
    /// Connects, unless there is nothing to ask. A connection that fails is a finding like others.
    pub(crate) async fn connect(
        declared: Declared,
        orders: Orders,
        (global, time): (&Global, Time),
    ) -> Self {
        let scope = global.scope();
        let mut run = Self {
            declared,
            orders,
            scope,
            cloud: None,
            time: time.timeout,
            begun: Instant::now(),
        };
        if run.orders.allow_empty {
            run.declared.allow_empty();
        }
        run.declared.diagnostics.extend(nowhere_to_look(
            &run.declared.wishes,
            &run.orders,
            &run.scope,
        ));
        let something_to_ask =
            !run.declared.wishes.links.is_empty() || run.orders.prune && !run.scope.is_empty();
        if something_to_ask {
            match connect(global.connection()).await {
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
            time: None,
            begun: Instant::now(),
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

    /// Logs how many requests there were of each of Google's methods, retries and polls included.
    pub(crate) fn log_requests(&self) {
        for (operation, count) in self.cloud.iter().flat_map(Google::calls) {
            tracing::debug!(operation, count, "requests in all");
        }
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
            time: _,
            begun: _,
        } = self;
        let mut report = match cloud {
            Some(cloud) => {
                let record = Record::default();
                let cloud = Interruptible::new(cloud, &record);
                let mut looking = pin!(preview(&cloud, wishes, orders, scope));
                tokio::select! {
                    report = &mut looking => report,
                    () = self.time_up(Duration::ZERO) => {
                        cloud.stop(Stop::TimeUp);
                        looking.await
                    }
                }
            }
            None => unreached(wishes, orders),
        };
        sources.locate(&mut report.diagnostics);
        report.with(diagnostics.clone())
    }

    /// Does it. When the user interrupts or the time is up, nothing new is begun, and what is under way gets a while
    /// to end. The time that the user took to answer a question, `asked`, does not count.
    pub(crate) async fn apply(&self, observer: Observer<'_>, asked: Duration) -> Report {
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
            time: _,
            begun: _,
        } = self;
        let Some(cloud) = cloud else {
            return self.preview().await;
        };
        let record = Record::default();
        let cloud = Interruptible::new(cloud, &record);
        let watch = |progress: Progress<'_>| {
            record.take_in(progress);
            observer(progress);
        };
        let mut turn = pin!(turn(&cloud, wishes, orders, scope, &watch));
        let signal = interrupt::signal();
        let ended = tokio::select! {
            report = &mut turn => Ok(report),
            () = signal => Err(Stop::Interrupted),
            () = self.time_up(asked) => Err(Stop::TimeUp),
        };
        let mut report = match ended {
            Ok(report) => report,
            Err(why) => {
                cloud.stop(why);
                tokio::select! {
                    report = &mut turn => report,
                    () = cloud.wound_up(why) => record.abandoned(undecided(wishes, orders), why),
                }
            }
        };
        sources.locate(&mut report.diagnostics);
        report.with(diagnostics.clone())
    }

    /// Completes when the time is up; never without a limit.
    async fn time_up(&self, longer: Duration) {
        match self.time.and_then(|time| self.begun.checked_add(time)) {
            Some(end) => tokio::time::sleep_until(end + longer).await,
            None => std::future::pending().await,
        }
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

/// The report of a run that reached nobody: nothing is undone by it either.
fn unreached(wishes: &Wishes, orders: &Orders) -> Report {
    let orders = Orders {
        destroy: BTreeSet::new(),
        ..orders.clone()
    };
    Report::new(&World::default(), undecided(wishes, &orders), &[], 0)
}

/// The standing of every link when nothing was observed and nothing can be decided.
fn undecided(wishes: &Wishes, orders: &Orders) -> Decision {
    Decision {
        plan: Plan::default(),
        standings: standings(wishes, orders),
        traces: BTreeMap::new(),
        applied: BTreeSet::new(),
        diagnostics: Vec::new(),
        routing: routing(wishes),
        in_hand: BTreeSet::new(),
        changing: BTreeSet::new(),
        undecided: BTreeSet::new(),
        jobs_unasked: Vec::new(),
        blocked: BTreeSet::new(),
    }
}
