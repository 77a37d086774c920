//! Holds exchanges to Google's own description of its APIs: the discovery documents, as the Python package
//! `google-api-python-client` carries them.
//!
//! ```no_run
//! use privatelink_emulator::discovery::Held;
//! use privatelink_emulator::{Emulator, Options};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let held = Held::new();
//! let emulator = Emulator::start(Options { observers: held.observers(), ..Options::default() }).await?;
//! // What a test does with the emulator. When `held` goes, the test fails if anything that was sent or
//! // answered is not as Google describes it.
//! # drop(emulator);
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Of a request: that exactly one method is meant, that parameters and fields are known, of the right type
//! and in the right format, that enum values exist, and that what is required is there. Of an answer: the
//! same, and the shape of errors and of what an operation carries. What the check cannot see is in
//! `docs/reference/emulator.md`.

mod check;
mod description;
mod documents;
mod excuses;
mod formats;
mod har;
mod held;
mod matching;
mod messages;
mod numbers;
mod query;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
mod values;
mod violation;

pub use check::{Outcome, Strictness};
pub use description::Description;
pub use documents::{Missing, pinned};
pub(crate) use formats::is_duration;
pub use har::check_recordings;
pub use held::Held;
pub use violation::{Part, Violation};
