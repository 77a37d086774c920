//! `apply`: show the plan, ask, carry it out.

use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::BoolishValueParser;
use privatelink_core::diagnostic::Diagnostic;
use privatelink_core::names::Installation;
use privatelink_core::report::Report;

use super::options::{Declarations, Global, Planning, Time, exit_code_of_a_look};
use super::{Failure, HELP};
use crate::render::{self, Answer, Detail, Output, Progress};
use crate::turn::{Declared, Run};

const EXAMPLES: &str = "\
Examples:
  privatelink apply links/                  show the plan, ask, carry it out
  privatelink apply --yes --prune links/    in a pipeline, for a whole set
  privatelink apply --yes -o json link.yaml
  privatelink apply --dry-run links/        the same as plan
";

/// Carry out what is declared, after asking.
///
/// A run that is interrupted (SIGINT, SIGTERM, SIGHUP) or whose time is up (`--timeout`) begins nothing new, waits up to
/// nine seconds for what is under way, and reports what is pending with exit code 5. What was begun at Google is found
/// again by the next run. While it only looks and has written nothing yet, a signal simply ends it.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    declarations: Declarations,
    #[command(flatten)]
    planning: Planning,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    rehearsal: Rehearsal,
    #[command(flatten)]
    time: Time,
}

/// Whether to ask.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Consent {
    /// Do not ask.
    #[arg(long, short, env = "PRIVATELINK_YES", value_parser = BoolishValueParser::new())]
    pub(super) yes: bool,
}

/// Whether to stop at the plan.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Rehearsal {
    /// Show what would be done, and why, and stop there: nothing is asked and nothing is written.
    #[arg(long, env = "PRIVATELINK_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(super) dry_run: bool,
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        let declared = Declared::read(&self.declarations.paths);
        let run = Run::connect(declared, self.planning.orders(global), (global, self.time)).await;
        let asking = Asking {
            question: "Carry out this plan?".to_owned(),
            undoing: None,
            yes: self.consent.yes,
            dry_run: self.rehearsal.dry_run,
            possible: !global.no_input && !self.declarations.take_stdin(),
        };
        let code = carry_out(&run, &asking, output).await;
        run.log_requests();
        code
    }
}

/// How consent is asked for.
pub(super) struct Asking {
    pub(super) question: String,
    /// Whose links are undone, when that is what the plan is for.
    pub(super) undoing: Option<Installation>,
    pub(super) yes: bool,
    /// Only the plan is shown.
    pub(super) dry_run: bool,
    pub(super) possible: bool,
}

/// Shows the plan, asks, carries it out and shows the end.
pub(super) async fn carry_out(run: &Run, asking: &Asking, output: Output) -> Result<u8, Failure> {
    if asking.dry_run {
        let preview = run.preview().await;
        show(run, &preview, asking, output)?;
        return Ok(exit_code_of_a_look(&preview));
    }
    // With consent given and nobody to show the plan to, one look at the world is enough.
    let mut asked = Duration::ZERO;
    let mut told: Vec<Diagnostic> = Vec::new();
    if !asking.yes || output.shows_text() {
        let preview = run.preview().await;
        let writes = preview.summary.writes() > 0;
        // What only waits may go on when Google has finished what it is doing, and a turn waits for that.
        let waits = preview.summary.wait > 0 && asking.yes;
        if writes {
            // A warning is of use before the answer, and before what it warns of.
            output.diagnostics(&preview.diagnostics);
            told.clone_from(&preview.diagnostics);
        }
        // What only waits now may be carried out after a later look, and what will have been written is to be seen.
        if writes || waits {
            // Whoever is asked has to see what for.
            let detail = match output.detail() {
                Detail::Wrong | Detail::Changes => Detail::Changes,
                Detail::All => Detail::All,
            };
            let undoing = asking.undoing.as_ref();
            output.show(&render::plan(&preview, run.links(), detail, undoing))?;
        }
        if !writes && !waits {
            show(run, &preview, asking, output)?;
            return Ok(preview.exit_code());
        }
        if writes && !asking.yes {
            let question = Instant::now();
            if !consents(asking, output) {
                return decline(&preview, output);
            }
            asked = question.elapsed();
        }
    }
    let progress = Progress::new(output);
    let report = run.apply(&|step| progress.observe(step), asked).await;
    progress.finish();
    output.diagnostics(&untold(&report, &told));
    output.document(&report, || {
        render::summary(&report, progress.elapsed(), output.detail())
    })?;
    Ok(report.exit_code())
}

/// Shows what would be done, to which a run that writes nothing comes.
fn show(run: &Run, report: &Report, asking: &Asking, output: Output) -> Result<(), Failure> {
    output.diagnostics(&report.diagnostics);
    let undoing = asking.undoing.as_ref();
    output.document(report, || {
        render::plan(report, run.links(), output.detail(), undoing)
    })
}

/// What was found and not told yet.
fn untold(report: &Report, told: &[Diagnostic]) -> Vec<Diagnostic> {
    let found = report.diagnostics.iter();
    found.filter(|it| !told.contains(it)).cloned().collect()
}

/// Ends a run because nobody said yes.
fn decline(report: &Report, output: Output) -> Result<u8, Failure> {
    output.document(report, || "Nothing was done.\n".to_owned())?;
    Ok(1)
}

pub(super) fn consents(asking: &Asking, output: Output) -> bool {
    let answer = if asking.possible {
        output.ask(&asking.question)
    } else {
        Answer::NobodyToAsk
    };
    match answer {
        Answer::Yes => true,
        Answer::No => false,
        Answer::NobodyToAsk => {
            output.problem(
                "this asks before it writes, and there is nobody to ask: add --yes to go ahead",
            );
            false
        }
    }
}
