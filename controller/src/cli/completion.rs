//! `completion`: scripts for shells.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Failure, HELP};
use crate::render::Output;

const EXAMPLES: &str = "\
Examples:
  privatelink completion bash > /etc/bash_completion.d/privatelink
  privatelink completion zsh > \"${fpath[1]}/_privatelink\"
";

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell.
    shell: Shell,
}

impl Arguments {
    pub(super) fn run(&self, output: Output) -> Result<u8, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "privatelink", &mut script);
        output.data(&String::from_utf8_lossy(&script))?;
        Ok(0)
    }
}
