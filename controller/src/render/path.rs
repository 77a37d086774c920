//! The path of a link as a small picture.

use std::fmt::Write as _;

use privatelink_core::path::{Hop, Trace, Verdict};

use super::style::{DIM, of_verdict};
use crate::printable::in_a_line;

/// Which moment a path is of.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// As it is.
    Now,
    /// As it will be when everything is done.
    Then,
}

/// Appends the hops in one line, each with its mark, and beneath it what was found wrong; with `all`, everything
/// that was found.
pub(super) fn write(text: &mut String, when: When, trace: &Trace, all: bool) {
    let when = match when {
        When::Now => "path now ",
        When::Then => "path then",
    };
    let hops: Vec<String> = trace
        .hops
        .iter()
        .map(|hop| {
            let (mark, style) = of_verdict(hop.verdict);
            format!("{} {style}{mark}{style:#}", hop.name)
        })
        .collect();
    let _ = writeln!(text, "  {DIM}{when}{DIM:#}  {}", hops.join(" → "));
    for hop in trace.hops.iter().filter(|hop| shown(hop, all)) {
        let code = hop
            .code
            .map(|code| format!(" ({code})"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "             {DIM}{}: {}{code}{DIM:#}",
            hop.name,
            in_a_line(&hop.found)
        );
    }
}

fn shown(hop: &Hop, all: bool) -> bool {
    match hop.verdict {
        Verdict::Fail | Verdict::Unknown => true,
        Verdict::Pass => all,
        Verdict::NotReached => false,
    }
}
