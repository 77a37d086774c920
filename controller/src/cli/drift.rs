//! `drift`: what somebody changed since it was applied.

use std::collections::BTreeSet;

use clap::Args;

use super::options::{self, Declarations, Detailed, Global, Time};
use super::{Failure, HELP};
use crate::render::{self, Output};
use crate::turn::{Declared, Run};

const EXAMPLES: &str = "\
Examples:
  privatelink drift links/                  what somebody changed, the worst first
  privatelink drift --detailed-exitcode links/   exit 2 when there is any
";

/// Show what somebody changed since it was applied, the worst first; write nothing.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    declarations: Declarations,
    #[command(flatten)]
    detailed: Detailed,
    #[command(flatten)]
    time: Time,
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        let declared = Declared::read(&self.declarations.paths);
        let run = Run::connect(
            declared,
            options::orders(global, BTreeSet::new()),
            (global, self.time),
        )
        .await;
        let report = run.preview().await;
        run.log_requests();
        output.diagnostics(&report.diagnostics);
        output.document(&report, || render::drift(&report, output.detail()))?;
        let drifted = report.steps.iter().any(|step| step.drift.is_some());
        Ok(self.detailed.exit_code(&report, drifted))
    }
}
