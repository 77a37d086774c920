//! The adapter against the emulator, through the real SDK and over a real socket: every list, every write,
//! and what it does when answers fail. What was sent is pinned by golden request logs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names)]

mod bounds;
mod description;
mod errors;
mod lists;
mod nats;
mod nothing;
mod place;
mod refusals;
mod verbatim;
mod writes;
