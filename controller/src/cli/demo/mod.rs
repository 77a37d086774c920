//! `demo`: the main job from beginning to end on the embedded emulator, through the real SDK.
//!
//! The story is in `story`; where it plays, and what anybody else would do there by bare HTTP, in `stage`.

mod stage;
mod story;

use std::io;
use std::path::PathBuf;

use clap::Args;
use privatelink_gcp::ConnectError;

use super::{Failure, HELP};
use crate::render::Output;

const EXAMPLES: &str = "\
Examples:
  privatelink demo
  privatelink demo --record demo.har
";

/// Show the main job on an emulated Google Cloud: no network, no credentials, a few seconds.
///
/// Two services and one link: planned, applied, tampered with, repaired and undone. Exits with 1 when anything
/// is not as promised.
#[derive(Debug, Args)]
#[command(help_template = HELP, before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A HAR file for every request and its answer; a folder gets a file for each process.
    #[arg(long, value_name = "FILE", env = "PRIVATELINK_RECORD")]
    record: Option<PathBuf>,
}

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// The emulator.
    #[error("the emulator does not start")]
    Start(#[source] io::Error),
    /// The client.
    #[error("the emulator cannot be reached")]
    Connect(#[source] ConnectError),
    /// A request beside the client.
    #[error("the emulator does not answer")]
    Request(#[source] reqwest::Error),
    /// The client of those requests.
    #[error("{0} is refused: {1}")]
    Refused(String, String),
    /// Something that the plan made is not there.
    #[error("there is no {0} to tamper with")]
    Missing(&'static str),
    /// The declaration inside the program.
    #[error("the declaration of the demo is not valid: {0}")]
    Invalid(String),
}

impl Arguments {
    pub(super) async fn run(&self, output: Output) -> Result<u8, Failure> {
        let kept = story::tell(output, self.record.as_deref()).await?;
        Ok(u8::from(!kept))
    }
}
