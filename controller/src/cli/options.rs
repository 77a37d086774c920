//! Options that several commands share.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser as _};
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use privatelink_core::decide::Orders;
use privatelink_core::ids::{LinkName, ProjectId};
use privatelink_core::names::{Installation, InstallationError};
use privatelink_core::policy::Policy;
use privatelink_core::report::Report;
use privatelink_gcp::{self as gcp, MAX_LIST_ITEMS, Rate, Rates};
use tracing_subscriber::EnvFilter;

use crate::render::{Format, Output};
use crate::say::in_colour;
use crate::sources::PathOrStdin;

/// Options of every command.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own.
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Send every API to this base, such as an emulator; plain http on loopback gets no credentials.
    #[arg(long, global = true, value_name = "URL", env = "PRIVATELINK_ENDPOINT", value_parser = endpoint)]
    pub(crate) endpoint: Option<String>,
    /// Who runs this: one installation never touches what another one made.
    #[arg(
        long,
        global = true,
        value_name = "ID",
        env = "PRIVATELINK_OWNER",
        default_value = "privatelink"
    )]
    #[arg(value_parser = installation_part)]
    owner: String,
    /// The collection that the declarations belong to: what is removed is removed within it.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "PRIVATELINK_SET",
        default_value = "default"
    )]
    #[arg(value_parser = installation_part)]
    set: String,
    /// Projects to look at beside those that the declarations name.
    #[arg(
        long,
        global = true,
        value_name = "PROJECT,...",
        env = "PRIVATELINK_SCOPE",
        value_delimiter = ','
    )]
    scope: Vec<ProjectId>,
    /// How to answer.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FORMAT",
        env = "PRIVATELINK_OUTPUT",
        default_value = "text"
    )]
    output: OutputFormat,
    /// The same as `--output json`.
    #[arg(long, global = true)]
    json: bool,
    #[allow(clippy::doc_markdown)] // Help pages show backticks as they are.
    /// No colours; NO_COLOR and a missing terminal do the same.
    #[arg(long, global = true, env = "PRIVATELINK_NO_COLOR", value_parser = BoolishValueParser::new())]
    no_color: bool,
    /// Say only what is wrong.
    ///
    /// That is: errors, drift, and what is refused, failed or stuck. A JSON or YAML document is given all the same.
    #[arg(long, short, global = true, env = "PRIVATELINK_QUIET", value_parser = BoolishValueParser::new())]
    quiet: bool,
    /// Show also what stays as it is; twice: log every call, and their number at the end.
    #[arg(long, short, global = true, env = "PRIVATELINK_VERBOSE", action = clap::ArgAction::Count)]
    verbose: u8,
    /// The most calls in any second, for each API, project and region. Without it: the rates in the manual, and no limit
    /// against an emulator.
    #[arg(long, global = true, value_name = "NUMBER", env = "PRIVATELINK_CALLS_PER_SECOND", value_parser = calls_per_second)]
    calls_per_second: Option<Rate>,
    /// The longest list that is read; a longer one counts as unreadable.
    #[arg(long, global = true, value_name = "NUMBER", env = "PRIVATELINK_MAX_LIST_ITEMS", default_value_t = MAX_LIST_ITEMS)]
    pub(crate) max_list_items: usize,
    /// With an emulator: how many seconds a second lasts, such as 0.01. Given to both, waits, rates and operations
    /// are as with Google, only faster.
    #[arg(long, global = true, value_name = "NUMBER", env = "PRIVATELINK_TIME_SCALE", value_parser = time_scale)]
    pub(crate) time_scale: Option<f64>,
    /// Never ask; what would need an answer is not done.
    #[arg(long, global = true, env = "PRIVATELINK_NO_INPUT", value_parser = BoolishValueParser::new())]
    pub(crate) no_input: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputFormat {
    /// For people.
    Text,
    /// For programs: one document whose version is in `apiVersion`.
    Json,
    /// The same document as YAML.
    Yaml,
}

/// Nothing is not an endpoint: a script whose variable is unset would write to Google instead of its emulator.
fn endpoint(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err(
            "an endpoint is an address, such as http://127.0.0.1:8085; leave it out, or unset the variable, to reach Google",
        );
    }
    Ok(text.to_owned())
}

fn calls_per_second(text: &str) -> Result<Rate, String> {
    let read = text.parse().ok().and_then(Rate::per_second);
    read.ok_or_else(|| "a rate is a number above 0, such as 5 or 0.5".to_owned())
}

fn time_scale(text: &str) -> Result<f64, String> {
    let read = text.parse::<f64>().ok();
    read.filter(|scale| scale.is_finite() && *scale > 0.0)
        .ok_or_else(|| "a time scale is a number above 0, such as 0.01".to_owned())
}

/// Reads `200ms`, `2s` or `1m 30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let read = text
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    read.ok_or_else(|| "a duration is written like 200ms, 2s or 1m".to_owned())
}

fn installation_part(text: &str) -> Result<String, InstallationError> {
    Installation::new(text, text).map(|_| text.to_owned())
}

impl Global {
    /// How this run answers.
    pub(crate) fn output(&self) -> Output {
        if self.no_color {
            anstream::ColorChoice::Never.write_global();
        }
        let format = match (self.json, self.output) {
            (true, _) | (false, OutputFormat::Json) => Format::Json,
            (false, OutputFormat::Yaml) => Format::Yaml,
            (false, OutputFormat::Text) => Format::Text,
        };
        Output {
            format,
            quiet: self.quiet,
            verbose: self.verbose > 0,
        }
    }

    /// How to reach Google, or the emulator.
    pub(crate) fn connection(&self) -> gcp::Options {
        gcp::Options {
            endpoint: self.endpoint.clone(),
            rates: self.calls_per_second.map(Rates::uniform),
            time_scale: self.time_scale,
            max_list_items: self.max_list_items,
            ..gcp::Options::default()
        }
    }

    /// Sends what the program logs to standard error: warnings, and with `-vv` every call and how many there were.
    /// `RUST_LOG` says it more exactly.
    pub(crate) fn start_tracing(&self) {
        let level = match (self.quiet, self.verbose) {
            (true, _) => "error",
            (false, 0 | 1) => "warn",
            (false, _) => "info,privatelink=debug,privatelink_gcp=debug",
        };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(in_colour())
            // It would say on standard error that standard error cannot be written, and panic.
            .log_internal_errors(false)
            .with_target(false)
            .init();
    }

    /// Projects to look at beside those that are declared.
    pub(crate) fn scope(&self) -> BTreeSet<ProjectId> {
        self.scope.iter().cloned().collect()
    }

    /// Who we are.
    pub(crate) fn installation(&self) -> Installation {
        Installation {
            owner: self.owner.as_str().into(),
            set: self.set.as_str().into(),
        }
    }
}

/// Which declarations.
#[derive(Debug, Args)]
pub(crate) struct Declarations {
    /// Files, directories, or `-` for standard input.
    #[arg(required = true, value_name = "PATH", value_parser = clap::builder::OsStringValueParser::new().map(PathOrStdin::from))]
    pub(crate) paths: Vec<PathOrStdin>,
}

impl Declarations {
    /// Is standard input taken by declarations, so that no answer can come from it?
    pub(crate) fn take_stdin(&self) -> bool {
        self.paths.contains(&PathOrStdin::Stdin)
    }
}

/// How long a turn may take.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Time {
    /// The time for the run, such as 10m. When it is up nothing new is begun, what is under way gets 9 s to end, and
    /// the report says what is pending.
    #[arg(long, value_name = "DURATION", env = "PRIVATELINK_TIMEOUT", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
}

/// What a run may do.
#[derive(Debug, Args)]
pub(crate) struct Planning {
    /// The declarations are the whole set: what else carries its mark is removed.
    #[arg(long, env = "PRIVATELINK_PRUNE", value_parser = BoolishValueParser::new())]
    prune: bool,
    /// With --prune: a source that declares nothing removes everything of the set.
    #[arg(long, env = "PRIVATELINK_ALLOW_EMPTY", value_parser = BoolishValueParser::new())]
    allow_empty: bool,
    /// What becomes of the plan: all of it, all but deletes, or nothing.
    #[arg(
        long,
        value_name = "POLICY",
        env = "PRIVATELINK_POLICY",
        default_value = "sync"
    )]
    #[arg(value_parser = PossibleValuesParser::new(["sync", "no-delete", "report-only"]).try_map(|text| text.parse::<Policy>()))]
    policy: Policy,
}

impl Planning {
    /// The orders of a run with these options.
    pub(crate) fn orders(&self, global: &Global) -> Orders {
        Orders {
            ours: global.installation(),
            policy: self.policy,
            prune: self.prune,
            allow_empty: self.allow_empty,
            destroy: BTreeSet::new(),
        }
    }
}

/// The orders of a run that undoes these links and removes nothing else.
pub(crate) fn orders(global: &Global, destroy: BTreeSet<LinkName>) -> Orders {
    Orders {
        ours: global.installation(),
        policy: Policy::Sync,
        prune: false,
        allow_empty: false,
        destroy,
    }
}

/// Whether changes show in the exit code.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Detailed {
    /// Exit with 2 when there is something to report, and nothing is wrong.
    #[arg(long, env = "PRIVATELINK_DETAILED_EXITCODE", value_parser = BoolishValueParser::new())]
    detailed_exitcode: bool,
}

impl Detailed {
    /// The exit code of a run that only looked.
    pub(crate) fn exit_code(self, report: &Report, found: bool) -> u8 {
        match exit_code_of_a_look(report) {
            0 if self.detailed_exitcode && found => 2,
            code => code,
        }
    }
}

/// The exit code of a run that only looked. What waits for earlier steps of the same plan is not pending; what waits
/// although nothing is left to do first is.
pub(super) fn exit_code_of_a_look(report: &Report) -> u8 {
    match report.exit_code() {
        5 if report.summary.writes() > 0 => 0,
        code => code,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1m"), Ok(Duration::from_mins(1)));
        assert!(duration("soon").is_err() && duration("-1s").is_err());
    }

    #[test]
    fn rates_and_time_scales_are_above_nothing() {
        assert_eq!(time_scale("0.01"), Ok(0.01));
        assert_eq!(calls_per_second("0.5"), Ok(Rate::per_second(0.5).unwrap()));
        for text in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(time_scale(text).is_err(), "{text}");
            assert!(calls_per_second(text).is_err(), "{text}");
        }
    }
}
