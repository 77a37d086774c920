//! Asks the real Google Cloud what the emulator only assumes.
//!
//! Each rule that is documented or guessed has an exercise that provokes it on throwaway things, or stands
//! in [`UNPROBED`] with the reason. A [`Session`] runs exercises through a [`Wire`] that somebody else
//! brings: this crate knows neither credentials nor HTTP clients.
//!
//! ```text
//! exercises/    what is asked, as data        exercise.rs, fixture.rs    its words
//! session.rs    runs it and judges            course.rs      what steps know from those before them
//! sending.rs    until there is an answer      wire.rs        who sends
//! hindrance.rs  what is no answer to the question
//! cleanup.rs    deletes what was made         ledger.rs, thing.rs; found.rs: what others left
//! tape.rs       what was recorded             redaction.rs   without saying whose it was
//! ```
//!
//! Everything that is made has a name that begins with [`PREFIX`] and the run's own suffix, is noted before
//! its creation is sent, and is deleted by [`Session::clean_up`]. Nothing else is ever written to.

mod cleanup;
mod course;
mod exercise;
mod exercises;
mod fixture;
mod found;
mod hindrance;
mod ledger;
mod names;
mod redaction;
mod sending;
mod session;
mod tape;
mod thing;
mod unprobed;
mod verdict;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub use cleanup::Leftover;
pub use exercise::Exercise;
pub use exercises::exercises;
pub use names::{PREFIX, Place, SUFFIX, is_suffix};
pub use session::Session;
pub use tape::Tape;
pub use thing::{Kind, Thing};
pub use unprobed::{UNPROBED, Unprobed};
pub use verdict::{Mismatch, Verdict};
pub use wire::{NoAnswer, Reply, Request, Sending, Wire};
