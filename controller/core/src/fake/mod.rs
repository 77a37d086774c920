//! The in-memory cloud: Google Cloud as far as this crate can see it, in virtual time.
//!
//! It stands behind the port [`Cloud`](crate::cloud::Cloud) in simulations and in differential tests, and is no
//! part of the product: the feature `fake` brings it in. [`State`] is what is there and knows what Google accepts
//! and what becomes of it; [`Fake`] adds time, faults, crashes and a journal; [`run`] drives a future over it.
//! Nothing here sleeps, and nothing is random: equal inputs make equal histories.

mod checks;
mod clock;
mod failures;
mod faults;
mod mistaken;
mod operations;
mod port;
mod rules;
mod services;
mod state;

pub use clock::{Ended, run};
pub use faults::{Call, Fault, Faults, LOST_ENTRY, OTHER_WRITER, ReadFault, sort};
pub use mistaken::{mistaken_decision, mistaken_turn};
pub use operations::Entry;
pub use port::Fake;
pub use state::State;
