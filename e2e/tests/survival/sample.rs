//! Which of all runs an ordinary test run takes.

use std::collections::BTreeSet;

use crate::product::{Prepared, Run};
use crate::stages::Stage;
use crate::trouble::{Trouble, kind};

/// A fixed sample: the first run of every cell of both tables, and one of so many of the rest. Stages with many
/// writes cost more per run and say the same again.
pub(crate) fn sample(prepared: &[Prepared<'_>], runs: &[Run]) -> Vec<bool> {
    let mut seen: BTreeSet<(String, Trouble)> = BTreeSet::new();
    let mut chosen = Vec::new();
    for run in runs {
        let Stage {
            scenario, title, ..
        } = prepared[run.stage].stage;
        let first = seen.insert((scenario.clone(), run.trouble))
            | seen.insert((kind(&run.call), run.trouble));
        let every = if prepared[run.stage].calls.len() > MANY_CALLS {
            RARELY
        } else {
            OFTEN
        };
        let place = format!("{title} {} {}", run.trouble.told().0, run.number);
        chosen.push(first || fnv(&place).is_multiple_of(every));
    }
    chosen
}

/// Calls of a stage from which on it is sampled rarely.
const MANY_CALLS: usize = 150;
const RARELY: u64 = 400;
const OFTEN: u64 = 5;

/// The same number for the same text on every machine.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
