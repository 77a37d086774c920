//! `crd`: the custom resource definition.

use clap::Args;

use super::{Failure, HELP};
use crate::render::Output;

const EXAMPLES: &str = "\
Examples:
  privatelink crd | kubectl apply --server-side -f -
";

/// Print the custom resource definition of `PrivateLink`.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {}

impl Arguments {
    #[allow(clippy::unused_self)] // Every command runs the same way.
    pub(super) fn run(&self, output: Output) -> Result<u8, Failure> {
        output.document(&privatelink_crds::crd(), privatelink_crds::crd_yaml)?;
        Ok(0)
    }
}
