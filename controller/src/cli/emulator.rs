//! `emulator`: the emulated Google Cloud, until somebody stops it; and how clients are pointed at it.

mod env;
mod told;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use privatelink_emulator::{Emulator, Options};
use tokio::runtime::Runtime;

use super::options::duration;
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
/// `listening on http://ADDRESS` on standard output when it is ready, and runs until SIGINT, SIGTERM or SIGHUP.
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
        default_value = "127.0.0.1:0",
        value_parser = address
    )]
    listen: SocketAddr,
    /// How long a long-running operation takes.
    #[arg(long, value_name = "DURATION", env = "PRIVATELINK_OPERATION_LATENCY", default_value = "0s", value_parser = duration)]
    operation_latency: Duration,
    /// A file that keeps the state: read at the start if it is there, written after changes.
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_STATE")]
    state: Option<PathBuf>,
    /// A file with a list of faults, in force from the start.
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_FAULTS")]
    faults: Option<PathBuf>,
    /// A HAR file, not there yet, for every request to an API and its answer; a folder gets one for each process.
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_RECORD")]
    record: Option<PathBuf>,
}

/// An address and a port; `localhost` is 127.0.0.1, whatever a hosts file says.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    let example = "write an address and a port, such as 127.0.0.1:8085";
    numeric
        .parse()
        .map_err(|error| format!("{error}: {example}"))
}

#[derive(Debug, Subcommand)]
enum Command {
    Env(env::Arguments),
}

impl Arguments {
    pub(super) async fn run(&self, global: &Global, output: Output) -> Result<u8, Failure> {
        if let Some(Command::Env(arguments)) = &self.command {
            return arguments.run(output);
        }
        let options = Options {
            listen: self.listen,
            operation_latency: self.operation_latency,
            state: self.state.clone(),
            faults: self.faults.clone(),
            time_scale: global.time_scale.unwrap_or(1.0),
            record: self.record.clone(),
            ..Options::default()
        };
        let interrupted = interrupt::signal();
        // It has threads of its own: one that computes an answer hears no signal, and both could.
        let serving = tokio::runtime::Runtime::new().map_err(Failure::Runtime)?;
        let result = serve(&serving, options, output, interrupted).await;
        serving.shutdown_background();
        result
    }
}

async fn serve(
    serving: &Runtime,
    options: Options,
    output: Output,
    interrupted: impl Future<Output = ()>,
) -> Result<u8, Failure> {
    let started = serving.spawn(Emulator::start(options)).await;
    let emulator = started
        .map_err(|error| Failure::Emulator(error.into()))?
        .map_err(Failure::Emulator)?;
    output.data(&format!("listening on {}\n", emulator.url()))?;
    interrupted.await;
    emulator.shutdown().await;
    Ok(0)
}
