//! Colours and small words. Text always carries its colours; standard output strips them where no terminal is.

use std::borrow::Cow;

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
        LinkState::Released => ("undone", DIM),
        LinkState::Protected => ("protected", WORTH_A_LOOK),
        LinkState::Abandoned => ("abandoned", DIM),
    }
}

/// `1 step waits`, `2 steps wait`: the number and the words that go with it.
pub(crate) fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A text of others, such as a description or an answer of Google, with a replacement character for everything
/// that would steer a terminal or turn the order of what is read: escapes and other control characters, and
/// marks of direction. Line ends and tabs stay.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The same for a text that carries colours of ours already: escapes stay.
pub(crate) fn printable_in_colour(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c != '\u{1b}' && steers(c);
    if text.chars().any(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() && !matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_replaced_and_all_else_stays() {
        assert_eq!(printable("a\tb\nü → ✓"), "a\tb\nü → ✓");
        for bad in [
            '\u{1b}', '\u{7}', '\r', '\u{9b}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}',
        ] {
            assert_eq!(printable(&format!("a{bad}b")), "a\u{fffd}b");
        }
        assert_eq!(
            printable_in_colour("\u{1b}[1ma\u{202e}"),
            "\u{1b}[1ma\u{fffd}"
        );
    }
}
