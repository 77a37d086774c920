//! A turn while it runs: a spinner per step on a terminal, a line per finished step otherwise.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use privatelink_core::apply::{Outcome, Progress as Step};
use privatelink_core::kinds::Id;
use privatelink_core::plan::Action;

use super::Output;
use super::style::{BAD, DIM, GOOD, WORTH_A_LOOK, of_action};
use crate::printable::in_a_line;
use crate::say::{coloured, say_line};

/// Shows a turn on standard error.
pub(crate) struct Progress {
    bars: Option<MultiProgress>,
    quiet: bool,
    begun: Instant,
    running: Mutex<BTreeMap<Id, (Instant, Option<ProgressBar>)>>,
}

impl Progress {
    /// Begins to watch.
    pub(crate) fn new(output: Output) -> Self {
        let terminal = std::io::stderr().is_terminal() && !output.quiet;
        Self {
            // On a terminal that cannot move its cursor (`TERM=dumb`) finished steps are lines, as in a file.
            bars: terminal
                .then(MultiProgress::new)
                .filter(|bars| !bars.is_hidden()),
            quiet: output.quiet,
            begun: Instant::now(),
            running: Mutex::default(),
        }
    }

    /// How long it has been.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Shows what happens.
    pub(crate) fn observe(&self, step: Step<'_>) {
        if self.quiet {
            return;
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Planned(_) => {}
            Step::Started(id, action) => {
                let bar = self.bars.as_ref().map(|bars| spinner(bars, id, action));
                running.insert(id.clone(), (Instant::now(), bar));
            }
            Step::Finished(id, action, outcome) => {
                let (since, bar) = running.remove(id).unwrap_or((Instant::now(), None));
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                self.say(&finished(id, action, outcome, since.elapsed()));
            }
        }
    }

    /// Clears what is still shown.
    pub(crate) fn finish(&self) {
        if let Some(bars) = &self.bars {
            // A terminal that went away has nothing to clear.
            let _ = bars.clear();
        }
    }

    fn say(&self, line: &str) {
        match &self.bars {
            // Beside the spinners; a terminal that went away is no reason to stop.
            Some(bars) => drop(bars.println(coloured(line))),
            None => say_line(line),
        }
    }
}

fn spinner(bars: &MultiProgress, id: &Id, action: Action) -> ProgressBar {
    let bar = bars.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(format!("{} {} {}", action.word(), id.kind(), id.short()));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn finished(id: &Id, action: Action, outcome: &Outcome, took: Duration) -> String {
    let style = of_action(action);
    let thing = format!(
        "{style}{}{style:#} {} {}",
        action.sign(),
        id.kind(),
        id.short()
    );
    let seconds = took.as_secs_f64();
    match outcome {
        Outcome::Done => format!("  {thing}  {GOOD}done{GOOD:#} {DIM}{seconds:.1} s{DIM:#}"),
        Outcome::Failed { .. } if outcome.is_conflict() => {
            format!("  {thing}  {WORTH_A_LOOK}changed meanwhile, looking again{WORTH_A_LOOK:#}")
        }
        Outcome::Failed { error } if outcome.is_pending() => {
            format!(
                "  {thing}  {WORTH_A_LOOK}pending{WORTH_A_LOOK:#}: {}",
                in_a_line(&error.message)
            )
        }
        Outcome::Failed { error } => {
            format!(
                "  {thing}  {BAD}failed{BAD:#}: {}",
                in_a_line(&error.message)
            )
        }
        Outcome::Skipped { because } => {
            format!(
                "  {thing}  {WORTH_A_LOOK}not tried{WORTH_A_LOOK:#}, because of {} {}",
                because.kind(),
                because.short()
            )
        }
    }
}
