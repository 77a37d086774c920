//! `emulator`: the emulated Google Cloud, until somebody stops it; and how clients are pointed at it.

mod env;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::SignedDuration;
use privatelink_emulator::{Emulator, Options};

use super::{Failure, Global, HELP};
use crate::interrupt;
use crate::render::Output;

pub(crate) use env::EnvError;

const EXAMPLES: &str = "\
Examples:
  privatelink emulator --listen 127.0.0.1:8085
  privatelink emulator --faults storm.json --time-scale 0.01
  privatelink emulator --record session.har
  eval \"$(privatelink emulator env --listen 127.0.0.1:8085)\"
";

/// Run an emulated Google Cloud on loopback.
///
/// It speaks Cloud Run v2 and v1, Serverless VPC Access v1 and Compute Engine v1, all in memory. Prints
/// `listening on http://ADDRESS` on standard output when it is ready, and runs until SIGINT or SIGTERM.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen, on loopback; port 0 is the kernel's choice.
    #[arg(
        long,
        global = true,
        value_name = "ADDRESS",
        env = "PRIVATELINK_LISTEN",
        default_value = "127.0.0.1:0"
    )]
    listen: SocketAddr,
    /// How long a long-running operation takes.
    #[arg(long, value_name = "DURATION", env = "PRIVATELINK_OPERATION_LATENCY", default_value = "0s", value_parser = latency)]
    operation_latency: Duration,
    /// A file that keeps the state: read at the start if it is there, written after changes.
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_STATE")]
    state: Option<PathBuf>,
    /// A file with a list of faults, in force from the start.
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_FAULTS")]
    faults: Option<PathBuf>,
    /// What every wait is multiplied by: operations, latencies and spans of faults, Retry-After.
    #[arg(long, value_name = "NUMBER", env = "PRIVATELINK_TIME_SCALE", default_value = "1", value_parser = time_scale)]
    time_scale: f64,
    /// A HAR file for every request to an API and its answer; a folder gets a file for each process.
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_RECORD")]
    record: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Env(env::Arguments),
}

/// Reads `200ms`, `2s` or `1m 30s`.
fn latency(text: &str) -> Result<Duration, String> {
    let read = text
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    read.ok_or_else(|| "a duration is written like 200ms, 2s or 1m".to_owned())
}

/// Reads `0.01`.
fn time_scale(text: &str) -> Result<f64, String> {
    let read = text.parse::<f64>().ok();
    read.filter(|scale| scale.is_finite() && *scale >= 0.0)
        .ok_or_else(|| "a time scale is a number from 0 up, such as 0.01".to_owned())
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        if let Some(Command::Env(arguments)) = &self.command {
            let listen = (self.listen.port() != 0).then(|| format!("http://{}", self.listen));
            return arguments.run(global.endpoint.as_deref(), listen, output);
        }
        let options = Options {
            listen: self.listen,
            operation_latency: self.operation_latency,
            state: self.state.clone(),
            faults: self.faults.clone(),
            time_scale: self.time_scale,
            record: self.record.clone(),
            ..Options::default()
        };
        let interrupted = interrupt::signal();
        let emulator = Emulator::start(options).await.map_err(Failure::Emulator)?;
        output.data(&format!("listening on {}\n", emulator.url()))?;
        interrupted.await;
        emulator.shutdown().await;
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(latency("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(latency("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(latency("1m"), Ok(Duration::from_mins(1)));
        assert!(latency("soon").is_err() && latency("-1s").is_err());
    }

    #[test]
    fn time_cannot_run_backwards() {
        assert_eq!(time_scale("0.01"), Ok(0.01));
        for text in ["-1", "NaN", "inf", "fast"] {
            assert!(time_scale(text).is_err(), "{text}");
        }
    }
}
