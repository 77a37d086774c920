//! `destroy`: undo links, so that everything is as it was before them.

use std::collections::BTreeSet;

use clap::Args;
use privatelink_core::codes::Code;
use privatelink_core::ids::LinkName;

use super::apply::{Asking, Consent, Rehearsal, carry_out};
use super::options::{Declarations, Global, Time, orders};
use super::{Failure, HELP};
use crate::render::Output;
use crate::turn::{Declared, Run};

const EXAMPLES: &str = "\
Examples:
  privatelink destroy links/                undo every link declared there, after asking
  privatelink destroy --dry-run links/      what that would be
  privatelink destroy --yes link.yaml
";

/// Undo the declared links: give services back what they had, and remove what was made for them.
///
/// What other links still use stays. Links with `policy.deletion: Protect` are left alone.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    declarations: Declarations,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    rehearsal: Rehearsal,
    #[command(flatten)]
    time: Time,
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        let mut declared = Declared::read(&self.declarations.paths);
        // What a source loses by its link, it is given back.
        declared
            .diagnostics
            .retain(|found| found.code != Code::InternetCutOff);
        let links: BTreeSet<LinkName> = declared
            .wishes
            .links
            .iter()
            .map(|link| link.name.clone())
            .collect();
        let names: Vec<String> = links.iter().map(ToString::to_string).collect();
        let asking = Asking {
            question: format!("Undo {}?", names.join(", ")),
            undoing: Some(global.installation()),
            yes: self.consent.yes,
            dry_run: self.rehearsal.dry_run,
            possible: !global.no_input && !self.declarations.take_stdin(),
        };
        let run = Run::connect(declared, orders(global, links), (global, self.time)).await;
        let code = carry_out(&run, &asking, output).await;
        run.log_requests();
        code
    }
}
