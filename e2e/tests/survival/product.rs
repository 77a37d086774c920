//! The product: each stage undisturbed, and then once for every call and everything that can go wrong there.

use std::collections::BTreeSet;

use privatelink_core::apply::Outcome;
use privatelink_core::cloud::CloudError;
use privatelink_core::codes::Code;
use privatelink_core::diagnostic::Diagnostic;
use privatelink_core::fake::{Call, Entry, Fake, Fault, OTHER_WRITER, ReadFault, State, sort};
use privatelink_core::kinds::Id;
use privatelink_core::link::Link;
use privatelink_core::plan::Plan;
use privatelink_core::report::StepReport;

use crate::essence::{differences, essence, without_unused};
use crate::others::Other;
use crate::process::{Process, Turn, Weather, judged, ready};
use crate::stages::Stage;
use crate::trouble::{Trouble, kind};

/// A stage whose end is known.
pub(crate) struct Prepared<'a> {
    pub(crate) stage: &'a Stage,
    /// The cloud that the command meets, with its past.
    fake: Fake,
    /// The cloud that it leaves.
    after: Fake,
    pub(crate) calls: Vec<Call>,
    plan: Option<Plan>,
    /// The world that every run has to come to.
    goal: State,
    /// What is repaired when somebody undoes it.
    ready: Vec<Link>,
}

/// One run: a stage, and what goes wrong in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) stage: usize,
    pub(crate) trouble: Trouble,
    /// Which read, or which write, from 0.
    pub(crate) number: usize,
    pub(crate) call: Call,
}

impl<'a> Prepared<'a> {
    /// Plays the stage with nothing going wrong. `before` is the stage before this one, whose writes stale lists
    /// may still show.
    pub(crate) fn new(stage: &'a Stage, before: Option<&Self>) -> Result<Self, String> {
        let fake = match before {
            // What was there in between is known only when nothing went wrong in the folder.
            Some(before) if before.stage.end.is_some() => before.after.fork(),
            Some(before) => before.fake.fork(),
            None => Fake::new(stage.start.clone(), 3),
        };
        fake.change(|state| *state = stage.start.clone());
        let after = fake.fork();
        let first = judged(&after, stage, Process(None), Weather::calm())?;
        let goal = essence(&after.state());
        let again = judged(&after, stage, Process(None), Weather::calm())?;
        silent(&again)?;
        if let Some(end) = &stage.end {
            same(&essence(end), &goal)
                .map_err(|what| format!("the emulator ends otherwise\n{what}"))?;
        }
        let report = again.report.ok_or("the undisturbed process was killed")?;
        let enforces = stage.orders.destroy.is_empty();
        Ok(Self {
            stage,
            fake,
            after,
            calls: first.calls,
            plan: first.plan,
            goal,
            ready: if enforces {
                ready(stage, &report)
            } else {
                Vec::new()
            },
        })
    }

    /// Does a process come to the same end when nothing goes wrong?
    pub(crate) fn undisturbed(&self, process: Process) -> Result<(), String> {
        let fake = self.fake.fork();
        self.turn(&fake, process, Weather::calm())?;
        same(&self.goal, &essence(&fake.state()))
    }

    /// Everything that can go wrong.
    pub(crate) fn runs(&self, stage: usize) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut lasting: BTreeSet<(Trouble, &Call)> = BTreeSet::new();
        let (mut reads, mut writes) = (0, 0);
        for call in &self.calls {
            let counter = match call {
                Call::List(_) | Call::Get(_) => &mut reads,
                Call::Write(_) => &mut writes,
            };
            let number = *counter;
            *counter += 1;
            for trouble in Trouble::ALL.iter().copied() {
                let idle = trouble.other() == Some(Other::Undoes) && self.ready.is_empty();
                let again = trouble.lasts() && !lasting.insert((trouble, call));
                if trouble.can_meet(call) && !idle && !again {
                    let call = call.clone();
                    runs.push(Run {
                        stage,
                        trouble,
                        number,
                        call,
                    });
                }
            }
        }
        runs
    }

    /// Something goes wrong once, or for a turn; then nothing does. What is wrong with how that ends, if anything.
    pub(crate) fn survive(&self, run: &Run, process: Process) -> Result<(), String> {
        let fake = self.fake.fork();
        let trouble = run.trouble;
        if let Some(other) = trouble.other() {
            let ready = self.ready.clone();
            fake.set_meddler(move |state| other.act(state, &ready));
        }
        let unfinished = trouble == Trouble::Write(Fault::Unending);
        let stale = matches!(trouble, Trouble::Read(ReadFault::Stale(_)));
        let weather = Weather {
            faults: trouble.at(run.number, &run.call),
            loose: stale || trouble.other().is_some(),
            goes_on: unfinished || trouble == Trouble::KilledAtOnce,
        };
        let disturbed = judged(&fake, self.stage, process, weather)?;
        if process.0.is_none() {
            told(trouble, &disturbed)?;
        }
        if trouble.lasts() {
            self.rest_goes_on(&disturbed)?;
        }
        if let Some(other) = trouble.other() {
            fake.change(|state| other.leave(state));
        }
        if unfinished {
            let weather = Weather {
                goes_on: true,
                ..Weather::calm()
            };
            self.turn(&fake, process, weather)
                .map_err(|what| format!("while it still runs: {what}"))?;
            fake.restart();
        }
        if trouble == Trouble::Write(Fault::Fails) && run.call == Call::Write("PatchService") {
            self.turn(&fake, process, Weather::calm())
                .map_err(|what| format!("with a failed revision: {what}"))?;
            fake.change(deploy_what_failed);
        }
        self.turn(&fake, process, Weather::calm())?;
        self.comes_to_its_end(&fake.state(), stale)?;
        silent(&self.turn(&fake, process, Weather::calm())?)
    }

    /// A list that shows where a source has been before shows what it left behind there, too: undone together with its
    /// link, that goes as well, which otherwise is left to `--prune`.
    fn comes_to_its_end(&self, found: &State, stale: bool) -> Result<(), String> {
        let found = essence(found);
        let undoes = !self.stage.orders.destroy.is_empty();
        if stale && undoes && without_unused(&self.goal) == found {
            return Ok(());
        }
        same(&self.goal, &found)
    }

    fn turn(&self, fake: &Fake, process: Process, weather: Weather) -> Result<Turn, String> {
        judged(fake, self.stage, process, weather)
            .map_err(|what| format!("in a turn without faults: {what}"))
    }

    /// What does not depend on what failed is done all the same.
    fn rest_goes_on(&self, disturbed: &Turn) -> Result<(), String> {
        let Some(plan) = &self.plan else {
            return Ok(());
        };
        // A list that is denied changes the plan itself; what may depend on it is the planner's to say.
        let faulty = disturbed
            .journal
            .iter()
            .filter(|entry| entry.fault.is_some());
        let sorts: BTreeSet<&str> = faulty.map(|entry| sort(&entry.write)).collect();
        if sorts.is_empty() {
            return Ok(());
        }
        let held = held_by(plan, &sorts);
        // Both aspects of a service are written with the same sort of patch, one after the other.
        let done = |id: &Id| {
            let mut entries = disturbed
                .journal
                .iter()
                .filter(|entry| entry.result.is_ok());
            entries.any(|entry| {
                let written = entry.write.id();
                written == *id || matches!(id, Id::ServiceIngress(_)) && written.lock() == id.lock()
            })
        };
        let free = plan.steps.iter().filter(|(id, step)| {
            step.write.is_some() && step.action.writes() && !held.contains(id)
        });
        match free.map(|(id, _)| id).find(|id| !done(id)) {
            Some(id) => Err(format!(
                "{id} does not depend on what failed, and was not done"
            )),
            None => Ok(()),
        }
    }
}

/// A fixed sample: the first run of every cell of both tables, and one of so many of the rest. Stages with many
/// writes cost more per run and say the same again.
pub(crate) fn sample(prepared: &[Prepared<'_>], runs: &[Run]) -> Vec<bool> {
    let mut seen: BTreeSet<(String, Trouble)> = BTreeSet::new();
    let mut chosen = Vec::new();
    for run in runs {
        let Stage {
            scenario, title, ..
        } = prepared[run.stage].stage;
        let first = seen.insert((scenario.clone(), run.trouble))
            | seen.insert((kind(&run.call), run.trouble));
        let every = if prepared[run.stage].calls.len() > MANY_CALLS {
            RARELY
        } else {
            OFTEN
        };
        let place = format!("{title} {} {}", run.trouble.told().0, run.number);
        chosen.push(first || fnv(&place).is_multiple_of(every));
    }
    chosen
}

/// Calls of a stage from which on it is sampled rarely.
const MANY_CALLS: usize = 150;
const RARELY: u64 = 400;
const OFTEN: u64 = 5;

/// The same number for the same text on every machine.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The steps that write something of these sorts, and all that come after them.
fn held_by<'p>(plan: &'p Plan, sorts: &BTreeSet<&str>) -> BTreeSet<&'p Id> {
    let own = plan.steps.iter().filter(|(_, step)| {
        step.write
            .as_ref()
            .is_some_and(|write| sorts.contains(sort(write)))
    });
    let mut held: BTreeSet<&Id> = own.map(|(id, _)| id).collect();
    loop {
        let more = plan.steps.iter().filter(|(id, step)| {
            !held.contains(id) && step.after.iter().any(|before| held.contains(before))
        });
        let more: Vec<&Id> = more.map(|(id, _)| id).collect();
        if more.is_empty() {
            return held;
        }
        held.extend(more);
    }
}

/// The report says what went wrong.
fn told(trouble: Trouble, turn: &Turn) -> Result<(), String> {
    let Some(report) = &turn.report else {
        return Ok(());
    };
    let failed = || report.steps.iter().filter_map(failure);
    match trouble {
        Trouble::LastingUnread if report.exit_code() != 1 || report.scope.unreadable.is_empty() => {
            return Err("a list is denied, and the report does not say so".to_owned());
        }
        Trouble::Write(_) | Trouble::Lasting(_) if failed().next().is_none() => {
            return Err("a write failed, and no step says so".to_owned());
        }
        Trouble::Read(_)
        | Trouble::BeforeRead(_)
        | Trouble::Write(_)
        | Trouble::KilledAtOnce
        | Trouble::BeforeWrite(_)
        | Trouble::Lasting(_)
        | Trouble::LastingUnread
        | Trouble::LastingStale => {}
    }
    let mut steps = report.steps.iter().filter(|step| !step.mended);
    if report.exit_code() == 0
        && let Some(error) = steps.find_map(failure)
    {
        return Err(format!("a write failed ({error}), and the exit code is 0"));
    }
    let lost = |entry: &Entry| {
        let code = entry.result.as_ref().err().map(|error| error.code);
        code == Some(Code::UpdateLost)
    };
    let says_so = |found: &Diagnostic| found.message.contains(OTHER_WRITER);
    if turn.journal.iter().any(lost) && !report.diagnostics.iter().any(says_so) {
        return Err("somebody's entry is lost, and no diagnostic tells whose".to_owned());
    }
    Ok(())
}

fn failure(step: &StepReport) -> Option<&CloudError> {
    match &step.outcome {
        Some(Outcome::Failed { error }) => Some(error),
        Some(Outcome::Done | Outcome::Skipped { .. }) | None => None,
    }
}

fn silent(turn: &Turn) -> Result<(), String> {
    match turn.journal.first() {
        Some(entry) => Err(format!(
            "one turn did not suffice, the next did {:?}",
            entry.write
        )),
        None => Ok(()),
    }
}

fn same(wanted: &State, found: &State) -> Result<(), String> {
    if wanted == found {
        return Ok(());
    }
    Err(format!(
        "it does not come to the same end\n    {}",
        differences(wanted, found).join("\n    ")
    ))
}

/// Every team whose revision did not start deploys again.
fn deploy_what_failed(state: &mut State) {
    let failed = state
        .services
        .values()
        .filter(|service| service.failed.is_some());
    let failed: Vec<_> = failed
        .map(|service| (service.id.clone(), service.vpc_access.clone()))
        .collect();
    for (id, access) in failed {
        state.deploy(&id, access, None);
        state.touch(&id);
    }
}
