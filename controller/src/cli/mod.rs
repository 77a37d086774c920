//! The command line: one file per command, and the list of them.

mod apply;
mod codes;
mod completion;
#[cfg(feature = "emulator")]
mod conformance;
mod crd;
#[cfg(feature = "emulator")]
mod demo;
mod destroy;
mod drift;
#[cfg(feature = "emulator")]
mod emulator;
mod options;
mod plan;
mod reference;
mod validate;

use std::borrow::Cow;
use std::io;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::printable::{in_a_line, printable};
use crate::render::Output;
use crate::say::say;
pub(crate) use options::{Global, Time};

/// Why a command ended without having its say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The tokio runtime.
    #[error("the asynchronous runtime cannot be started")]
    Runtime(#[source] io::Error),
    /// Standard output.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
    /// A document that does not become JSON.
    #[error("the report cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// A document that does not become YAML.
    #[error("the report cannot be written as YAML")]
    Yaml(#[source] serde_saphyr::ser::Error),
    /// The emulator.
    #[cfg(feature = "emulator")]
    #[error("the emulator cannot run")]
    Emulator(#[source] io::Error),
    /// Where the emulator is.
    #[cfg(feature = "emulator")]
    #[error("no client can be pointed at an emulator")]
    Env(#[source] emulator::EnvError),
    /// The recording of `conformance`.
    #[cfg(feature = "emulator")]
    #[error("there is no recording")]
    Recording(#[source] conformance::RecordingFailure),
    /// The demo.
    #[cfg(feature = "emulator")]
    #[error("the demo cannot go on")]
    Demo(#[source] demo::DemoError),
}

/// How help pages are laid out: examples before everything else that explains.
const HELP: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The program's examples; the first one only where it is there.
macro_rules! examples {
    ($($first:literal)?) => {
        concat!(
            "Examples:\n",
            $($first,)?
            "  privatelink validate links/               check declarations, offline\n",
            "  privatelink plan links/                   show what would be done, and why\n",
            "  privatelink apply links/                  do it, after asking\n",
            "  privatelink drift links/                  show what somebody changed since\n",
        )
    };
}

#[cfg(feature = "emulator")]
const EXAMPLES: &str = examples!(
    "  privatelink demo                          see all of it on an emulated Google Cloud\n"
);
#[cfg(not(feature = "emulator"))]
const EXAMPLES: &str = examples!();

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or nothing to do
  1  something was invalid (also the command line), refused or unreadable, or the answer could not
     be written; whatever else could be done was done, and 1 wins over 5 and 6
  2  changes or drift; only plan and drift, and only with --detailed-exitcode
  5  something is pending: run again later; or a path does not work, and only somebody else can
     mend it
  6  a write failed; wins over 5

Every option can be given as an environment variable too; an option on the command line wins.";

/// Makes one Cloud Run service reach another privately on Google Cloud, and keeps it that way.
#[derive(Debug, Parser)]
#[command(name = "privatelink", version, help_template = HELP, before_help = EXAMPLES, after_help = EXIT_CODES)]
#[command(propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Validate(validate::Arguments),
    Plan(plan::Arguments),
    Apply(apply::Arguments),
    Drift(drift::Arguments),
    Destroy(destroy::Arguments),
    #[cfg(feature = "emulator")]
    Demo(demo::Arguments),
    #[cfg(feature = "emulator")]
    Emulator(emulator::Arguments),
    #[cfg(feature = "emulator")]
    Conformance(conformance::Arguments),
    Crd(crd::Arguments),
    Codes(codes::Arguments),
    Completion(completion::Arguments),
    #[command(hide = true)]
    Docs(reference::Arguments),
}

/// Runs the command that this process was started with; the result is the exit code.
pub(crate) fn main() -> Result<u8, Failure> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return unparsed(&without_hidden(answer)),
    };
    let output = cli.global.output();
    cli.global.start_tracing();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let code = runtime.block_on(cli.command.run(&cli.global, output));
    // A prompt or a slow name server must not hold back the exit.
    runtime.shutdown_background();
    code
}

/// The same answer without hidden commands in the list of those that could have been written: help pages leave them
/// out, and this list does not.
fn without_hidden(mut answer: clap::Error) -> clap::Error {
    let program = Cli::command();
    let is_shown = |name: &String| {
        let command = program.find_subcommand(name);
        command.is_none_or(|command| !command.is_hide_set())
    };
    if let Some(ContextValue::Strings(names)) = answer.get(ContextKind::ValidSubcommand) {
        let shown = names
            .iter()
            .filter(|name| is_shown(name))
            .cloned()
            .collect();
        answer.insert(ContextKind::ValidSubcommand, ContextValue::Strings(shown));
    }
    answer
}

/// Says why the command line is wrong, or the help or the version that it asks for.
fn unparsed(answer: &clap::Error) -> Result<u8, Failure> {
    let wrong = answer.use_stderr();
    if answer.kind() == ErrorKind::InvalidUtf8 {
        say(&not_text());
        return Ok(1);
    }
    let plain = answer.render().to_string();
    match printable(&plain) {
        Cow::Borrowed(_) => match answer.print() {
            Err(error) if !wrong && error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Failure::Output(error));
            }
            // A pipe that is closed already has nobody left to tell.
            Ok(()) | Err(_) => {}
        },
        // It repeats an argument, or a variable of the environment, that speaks to the terminal.
        Cow::Owned(safe) => say(&safe),
    }
    Ok(u8::from(wrong))
}

/// Which arguments and variables are no text: the parser does not say.
fn not_text() -> String {
    let arguments = std::env::args_os()
        .enumerate()
        .skip(1)
        .filter(|(_, argument)| argument.to_str().is_none())
        .map(|(at, argument)| format!("argument {at}, `{}`,", argument.display()));
    let variables = std::env::vars_os()
        .filter(|(name, value)| {
            let ours = name
                .to_str()
                .is_some_and(|name| name.starts_with("PRIVATELINK_"));
            ours && value.to_str().is_none()
        })
        .map(|(name, _)| format!("the variable {}", name.display()));
    let lines = arguments
        .chain(variables)
        .map(|what| format!("error: {} is not UTF-8\n", in_a_line(&what)));
    format!(
        "{}Only paths of declarations may be anything else: is the terminal set to another encoding?\n",
        lines.collect::<String>()
    )
}

impl Command {
    async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        match self {
            Self::Validate(arguments) => arguments.run(global, output),
            Self::Plan(arguments) => arguments.run(global, output).await,
            Self::Apply(arguments) => arguments.run(global, output).await,
            Self::Drift(arguments) => arguments.run(global, output).await,
            Self::Destroy(arguments) => arguments.run(global, output).await,
            #[cfg(feature = "emulator")]
            Self::Demo(arguments) => arguments.run(output).await,
            #[cfg(feature = "emulator")]
            Self::Emulator(arguments) => arguments.run(global, output).await,
            #[cfg(feature = "emulator")]
            Self::Conformance(arguments) => arguments.run(global, output).await,
            Self::Crd(arguments) => arguments.run(output),
            Self::Codes(arguments) => arguments.run(output),
            Self::Completion(arguments) => arguments.run(output),
            Self::Docs(arguments) => arguments.run(output),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_has_an_environment_variable_of_its_own_name() {
        let mut program = Cli::command();
        program.build();
        let commands = program
            .get_subcommands()
            .flat_map(clap::Command::get_arguments);
        for option in program.get_arguments().chain(commands) {
            let Some(long) = option.get_long() else {
                continue;
            };
            // `--json` is short for `--output json`, which has one.
            if ["help", "version", "json"].contains(&long) {
                continue;
            }
            let expected = format!("PRIVATELINK_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(
                option.get_env().unwrap_or_default().to_str(),
                Some(&*expected),
                "--{long}"
            );
        }
    }

    #[test]
    fn every_command_opens_its_help_with_examples() {
        let program = Cli::command();
        let commands = program.get_subcommands();
        for command in commands
            .flat_map(|command| std::iter::once(command).chain(command.get_subcommands()))
            .filter(|command| !command.is_hide_set())
        {
            let examples = command
                .get_before_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                examples.starts_with("Examples:\n"),
                "{}",
                command.get_name()
            );
        }
    }

    #[test]
    fn whoever_names_no_command_is_told_of_none_that_is_hidden() {
        let answer = Cli::try_parse_from(["privatelink", "-q"]).unwrap_err();
        let said = without_hidden(answer).to_string();
        assert!(said.contains("codes, completion, help]"), "{said}");
    }

    #[test]
    fn a_mistyped_command_or_option_is_answered_with_the_right_one() {
        let said = |words: &[&str]| Cli::try_parse_from(words).unwrap_err().to_string();
        assert!(said(&["privatelink", "aply"]).contains("'apply'"));
        assert!(said(&["privatelink", "plan", "--scop", "x"]).contains("--scope"));
    }
}
