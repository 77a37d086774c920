//! The core's unit tests: about values, and each about one file of `src` that it is named after.
//!
//! They stand here and not below the code because the core would be built a second time for them, and that is most
//! of what a test run after a change costs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_collect,
    clippy::disallowed_methods,
    clippy::disallowed_macros
)]

mod codes;
mod diagnostic;
mod ids;
mod kinds;
mod managed;
mod names;
mod nat;
mod queue;
mod route;
mod validate;
mod violation;
