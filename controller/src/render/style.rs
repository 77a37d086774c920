//! Colours and small words. Text always carries its colours; standard output strips them where no terminal is.

use anstyle::{AnsiColor, Style};
use privatelink_core::drift::Rank;
use privatelink_core::path::Verdict;
use privatelink_core::plan::Action;
use privatelink_core::report::LinkState;

/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What is said beside the point.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What somebody should look at.
pub(crate) const WORTH_A_LOOK: Style = AnsiColor::Yellow.on_default();
/// What is wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// The colour of a step.
pub(crate) fn of_action(action: Action) -> Style {
    match action {
        Action::Create => GOOD,
        Action::Update | Action::Wait => WORTH_A_LOOK,
        Action::Delete | Action::Refuse => BAD,
        Action::Nothing => DIM,
    }
}

/// The colour of drift.
pub(crate) fn of_rank(rank: Rank) -> Style {
    match rank {
        Rank::Broken | Rank::Exposed => BAD,
        Rank::Degraded => WORTH_A_LOOK,
        Rank::Cosmetic => DIM,
    }
}

/// The mark of a hop, with its colour.
pub(crate) fn of_verdict(verdict: Verdict) -> (char, Style) {
    match verdict {
        Verdict::Pass => ('✓', GOOD),
        Verdict::Fail => ('✗', BAD),
        Verdict::Unknown => ('?', WORTH_A_LOOK),
        Verdict::NotReached => ('·', DIM),
    }
}

/// The word and the colour of a link's state.
pub(crate) fn of_state(state: LinkState) -> (&'static str, Style) {
    match state {
        LinkState::Ready => ("ready", GOOD),
        LinkState::Unproven => ("unproven", WORTH_A_LOOK),
        LinkState::Changed => ("to be changed", WORTH_A_LOOK),
        LinkState::Drifted => ("drifted", BAD),
        LinkState::Waiting => ("waiting", WORTH_A_LOOK),
        LinkState::Failed => ("failed", BAD),
        LinkState::Refused => ("refused", BAD),
        LinkState::Conflicting => ("conflicting", BAD),
        LinkState::Invalid => ("invalid", BAD),
        LinkState::Suspended => ("suspended", DIM),
        LinkState::Releasing => ("being undone", WORTH_A_LOOK),
        LinkState::Released => ("undone", DIM),
        LinkState::Protected => ("protected", WORTH_A_LOOK),
        LinkState::Abandoned => ("abandoned", DIM),
    }
}

/// `1 step waits`, `2 steps wait`: the number and the words that go with it.
pub(crate) fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
