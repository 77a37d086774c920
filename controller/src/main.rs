//! privatelink: makes one Cloud Run service reach another privately, and keeps it that way.
//!
//! ```text
//! cli/       one file per command: what it asks of the pipeline, and its exit code
//! sources/   YAML files become declarations and findings
//! turn.rs    declarations become a report: read, validate, connect, preview or apply
//! render/    a report becomes text, JSON or YAML
//! ```
//!
//! What is decided, `privatelink-core` decides; who reaches Google, `privatelink-gcp` is.

mod cli;
mod interrupt;
mod printable;
mod record;
mod render;
mod say;
mod sources;
mod turn;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::main() {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            // The whole chain of causes, at the edge and nowhere else.
            let chain = format!("{:#}", anyhow::Error::from(failure));
            say::say_line(&format!("error: {}", printable::printable(&chain)));
            ExitCode::FAILURE
        }
    }
}
