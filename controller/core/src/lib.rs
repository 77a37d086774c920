//! Everything that privatelink can decide without asking anyone.
//!
//! Declarations compile to a graph of desired resources; the graph is compared with a snapshot of what is live
//! and ours; the plan is carried out as far as it can be; what happened is one report, and everything that a
//! person or a machine sees is rendered from that report.
//!
//! ```text
//! declare -> validate -> observe -> compile -> plan -> policy -> lint -> apply -> report
//!    |          |           |          |        |                |        |         |
//! Declared    Link        World      Graph    Plan             Plan    Outcome    Report
//! ```
//!
//! * [`declare`], [`validate`]: what somebody wrote becomes a [`link::Link`] that can no longer be wrong on its own.
//! * [`observe`]: the lists that are needed become a [`world::World`]; what was not read is never taken for absent.
//! * [`compile`], [`modes`], [`nats`]: links become one [`graph::Graph`]; equal wishes merge, unequal ones conflict.
//! * [`plan`], [`hold`], [`path`]: the graph and the world become a [`plan::Plan`].
//! * [`policy`], [`lint`]: functions from a plan to a plan.
//! * `second_look`: what only a list calls unused waits for a second one.
//! * [`apply`]: the only effect, through the one port [`cloud::Cloud`].
//! * [`turn`]: all of it, in passes, until there is nothing left to do.
//! * [`forecast`]: what a turn will come to, told before the first write.
//!
//! No clock, no runtime, no client, no global state, no log calls: `docs/decisions/` says why.

pub mod apply;
mod callers;
pub mod cloud;
pub mod codes;
pub mod compile;
pub mod context;
pub mod decide;
pub mod declare;
pub mod diagnostic;
pub mod drift;
#[cfg(feature = "fake")]
pub mod fake;
mod findings;
pub mod forecast;
pub mod graph;
mod guests;
pub mod hold;
pub mod ids;
pub mod kinds;
pub mod link;
pub mod lint;
pub mod modes;
pub mod names;
pub mod nats;
mod near;
pub mod observe;
pub mod path;
pub mod plan;
pub mod policy;
pub mod report;
mod scope;
mod second_look;
pub mod standing;
pub mod turn;
mod uses;
pub mod validate;
pub mod world;
