//! `apply`: show the plan, ask, carry it out.

use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::BoolishValueParser;
use privatelink_core::report::Report;

use super::options::{Declarations, Global, Planning, Time};
use super::{Failure, HELP};
use crate::render::{self, Answer, Output, Progress};
use crate::turn::{Declared, Run};

const EXAMPLES: &str = "\
Examples:
  privatelink apply links/                  show the plan, ask, carry it out
  privatelink apply --yes --prune links/    in a pipeline, for a whole set
  privatelink apply --yes -o json link.yaml
";

/// Carry out what is declared, after asking.
///
/// A run that is interrupted (SIGINT, SIGTERM) or whose time is up (`--timeout`) begins nothing new, waits up to nine
/// seconds for what is under way, and reports what is pending with exit code 5. What was begun at Google is found again
/// by the next run.
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
    time: Time,
}

/// Whether to ask.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Consent {
    /// Do not ask.
    #[arg(long, short, env = "PRIVATELINK_YES", value_parser = BoolishValueParser::new())]
    pub(super) yes: bool,
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        let declared = Declared::read(&self.declarations.paths);
        let run = Run::connect(declared, self.planning.orders(global), (global, self.time)).await;
        let asking = Asking {
            question: "Carry out this plan?".to_owned(),
            yes: self.consent.yes,
            possible: !global.no_input && !self.declarations.take_stdin(),
        };
        carry_out(&run, &asking, output).await
    }
}

/// How consent is asked for.
pub(super) struct Asking {
    pub(super) question: String,
    pub(super) yes: bool,
    pub(super) possible: bool,
}

/// Shows the plan, asks, carries it out and shows the end.
pub(super) async fn carry_out(run: &Run, asking: &Asking, output: Output) -> Result<u8, Failure> {
    // With consent given and nobody to show the plan to, one look at the world is enough.
    let mut asked = Duration::ZERO;
    if !asking.yes || output.shows_text() {
        let preview = run.preview().await;
        let writes = preview.summary.writes() > 0;
        // What only waits may go on when Google has finished what it is doing, and a turn waits for that.
        let waits = preview.summary.wait > 0 && asking.yes;
        if writes {
            output.show(&render::plan(&preview, run.links(), output.verbose))?;
        }
        if !writes && !waits {
            return finish(run, &preview, false, output);
        }
        if writes && !asking.yes {
            let question = Instant::now();
            if !consents(asking, output) {
                return finish(run, &preview, true, output);
            }
            asked = question.elapsed();
        }
    }
    let progress = Progress::new(output);
    let report = run.apply(&|step| progress.observe(step), asked).await;
    progress.finish();
    output.diagnostics(&report.diagnostics);
    output.document(&report, || render::summary(&report, progress.elapsed()))?;
    Ok(report.exit_code())
}

/// Ends a run that wrote nothing: because there was nothing to do, or because nobody said yes.
fn finish(run: &Run, report: &Report, declined: bool, output: Output) -> Result<u8, Failure> {
    output.diagnostics(&report.diagnostics);
    output.document(report, || {
        if declined {
            "Nothing was done.\n".to_owned()
        } else {
            render::plan(report, run.links(), output.verbose)
        }
    })?;
    Ok(if declined { 1 } else { report.exit_code() })
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
