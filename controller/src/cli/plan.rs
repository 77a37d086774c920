//! `plan`: what would be done, and why.

use clap::Args;

use super::options::{Declarations, Detailed, Global, Planning, Time};
use super::{Failure, HELP};
use crate::render::{self, Output};
use crate::turn::{Declared, Run};

const EXAMPLES: &str = "\
Examples:
  privatelink plan links/                   every step and its reason
  privatelink plan links/ --prune           what is no longer declared goes
  privatelink plan -o json links/ | jq .summary
  privatelink plan --detailed-exitcode links/   exit 2 when something would change
";

/// Show what would be done, and why; write nothing.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    declarations: Declarations,
    #[command(flatten)]
    planning: Planning,
    #[command(flatten)]
    detailed: Detailed,
    #[command(flatten)]
    time: Time,
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        let declared = Declared::read(&self.declarations.paths);
        let run = Run::connect(declared, self.planning.orders(global), (global, self.time)).await;
        let report = run.preview().await;
        run.log_requests();
        output.diagnostics(&report.diagnostics);
        output.document(&report, || {
            render::plan(&report, run.links(), output.detail(), None)
        })?;
        Ok(self.detailed.exit_code(&report, report.has_changes()))
    }
}
