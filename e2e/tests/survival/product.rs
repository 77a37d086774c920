//! The product: each stage undisturbed, and then once for every call and everything that can go wrong there.

use std::collections::BTreeSet;

use privatelink_core::apply::Outcome;
use privatelink_core::cloud::CloudError;
use privatelink_core::codes::Code;
use privatelink_core::diagnostic::Diagnostic;
use privatelink_core::fake::{
    Call, Entry, Fake, Fault, Faults, OTHER_WRITER, ReadFault, State, sort,
};
use privatelink_core::kinds::Id;
use privatelink_core::plan::Plan;
use privatelink_core::report::StepReport;

use crate::essence::{differences, essence, without_unused};
use crate::others::{Other, Repaired};
use crate::process::{Process, Turn, Weather, judged, ready};
use crate::stages::Stage;
use crate::trouble::Trouble;

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
    repaired: Repaired,
    /// The writes that the next process waits for, if ours is killed at one of them: by number, from 0.
    awaited: BTreeSet<usize>,
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
            awaited: awaited(&fake, stage, &first.calls)?,
            stage,
            fake,
            calls: first.calls,
            plan: first.plan,
            goal,
            repaired: if enforces {
                Repaired::of(ready(stage, &report), &after.state())
            } else {
                Repaired::default()
            },
            after,
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
                Call::List(_) | Call::Get(_) | Call::Settle(_) => &mut reads,
                Call::Write(_) => &mut writes,
            };
            let number = *counter;
            *counter += 1;
            for trouble in Trouble::ALL.iter().copied() {
                let idle = match trouble.other() {
                    Some(Other::Undoes) => self.repaired.links.is_empty(),
                    Some(Other::Resizes) => self.repaired.connectors.is_empty(),
                    Some(Other::Deploys | Other::AddsNat) | None => false,
                };
                let unsettled = matches!(trouble, Trouble::KilledAndUnsettled(_));
                let idle = idle || unsettled && !self.awaited.contains(&number);
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
            let repaired = self.repaired.clone();
            fake.set_meddler(move |state| other.act(state, &repaired));
        }
        let unfinished = trouble == Trouble::Write(Fault::Unending);
        let stale = matches!(trouble, Trouble::Read(ReadFault::Stale(_)));
        let weather = Weather {
            faults: trouble.at(run.number, &run.call),
            loose: stale || trouble.other().is_some(),
            goes_on: unfinished || trouble.goes_on(),
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
        if let Trouble::KilledAndUnsettled(fault) = trouble {
            judged(&fake, self.stage, process, unsettled(fault))?;
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

/// What is under way cannot be waited for.
fn unsettled(fault: ReadFault) -> Weather {
    let faults = Faults {
        settling: Some(fault),
        ..Faults::default()
    };
    Weather {
        faults,
        goes_on: true,
        ..Weather::calm()
    }
}

/// The writes that the next process waits for, if a process is killed at one of them. Which those are is the core's to
/// decide: it does not wait for what it can do without, or what has ended by the time that it would.
fn awaited(fake: &Fake, stage: &Stage, calls: &[Call]) -> Result<BTreeSet<usize>, String> {
    let writes = calls.iter().filter(|call| matches!(call, Call::Write(_)));
    let may_wait = Trouble::KilledAndUnsettled(ReadFault::Unreadable);
    let mut awaited = BTreeSet::new();
    for (number, call) in writes.enumerate() {
        if !may_wait.can_meet(call) {
            continue;
        }
        let fake = fake.fork();
        let killed = Weather {
            faults: may_wait.at(number, call),
            goes_on: true,
            ..Weather::calm()
        };
        judged(&fake, stage, Process(None), killed)?;
        let next = judged(&fake, stage, Process(None), unsettled(ReadFault::Crash))?;
        let waits = next
            .calls
            .iter()
            .any(|call| matches!(call, Call::Settle(_)));
        awaited.extend(waits.then_some(number));
    }
    Ok(awaited)
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
        | Trouble::KilledAndUnsettled(_)
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
