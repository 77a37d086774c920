//! `docs`: the reference page of the command line, made from the very definitions that parse it.

use std::fmt::Write as _;

use clap::{Args, CommandFactory as _};

use super::{Cli, Failure};
use crate::render::Output;

/// Print docs/reference/cli.md.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

impl Arguments {
    #[allow(clippy::unused_self)] // Every command runs the same way.
    pub(super) fn run(&self, output: Output) -> Result<u8, Failure> {
        output.data(&page())?;
        Ok(0)
    }
}

const HEAD: &str = "\
# The command line

Generated from the program's own definitions; do not edit. Refresh it with
`cargo run -- docs > docs/reference/cli.md`.

Data goes to standard output, everything else to standard error. Every option but `--help`, `--version` and `--json` has
an environment variable, which the option itself overrides; `--json` is `-o json`, whose variable is `PRIVATELINK_OUTPUT`.
";

/// The page: the program's own help, then each command's.
fn page() -> String {
    // What this process has in its environment is no part of the page.
    let mut program = Cli::command()
        .term_width(100)
        .mut_args(|argument| argument.hide_env_values(true));
    program.build();
    let mut page = HEAD.to_owned();
    let mut section = |title: &str, command: &mut clap::Command| {
        let help = command.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(
            page,
            "\n## {title}\n\n```text\n{}\n```\n",
            lines.join("\n").trim_end()
        );
    };
    section("privatelink", &mut program.clone());
    // `help` says what the others' `--help` does, and has no options.
    let shown = |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
    for command in program.get_subcommands().filter(shown) {
        let title = format!("privatelink {}", command.get_name());
        section(&title, &mut alone(command));
        let parts = command.get_subcommands().filter(shown);
        for part in parts {
            section(&format!("{title} {}", part.get_name()), &mut alone(part));
        }
    }
    page
}

/// A command without the global options, which are told once.
fn alone(command: &clap::Command) -> clap::Command {
    let mut own = command
        .clone()
        .mut_args(|argument| argument.hide_env_values(true));
    for name in global_options() {
        own = own.mut_arg(name, |argument| argument.hide(true));
    }
    own
}

fn global_options() -> Vec<clap::Id> {
    let program = Cli::command();
    program
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.get_id().clone())
        .collect()
}

#[cfg(all(test, feature = "emulator"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_committed_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/cli.md");
        let current = page();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &current).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == current,
            "docs/reference/cli.md is stale; refresh it with `cargo run -- docs > docs/reference/cli.md`"
        );
    }
}
