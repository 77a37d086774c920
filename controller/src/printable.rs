//! Texts of others on a terminal: nothing in them steers it, or turns the order of what is read.

use std::borrow::Cow;

/// A text of others, such as a description or an answer of Google, with a replacement character for everything
/// that would steer a terminal or turn the order of what is read: escapes and other control characters, and
/// marks of direction; and for line ends that are none to most programs. Ordinary line ends and tabs stay.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The same for a text that stands within a line of ours: its own line ends would begin lines that read as if we
/// had said them.
pub(crate) fn in_a_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| steers(c) || c == '\n';
    if text.chars().any(breaks) {
        Cow::Owned(text.replace(breaks, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The same for a text that carries colours of ours already: what begins a colour stays, no other escape does. A
/// text of others goes through one of the functions above before it stands in there, or it could choose colours too.
pub(crate) fn printable_in_colour(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let replaced = text.char_indices().map(|(at, c)| {
        let stays = !steers(c) || begins_a_colour(&text[at..]);
        if stays { c } else { '\u{fffd}' }
    });
    Cow::Owned(replaced.collect())
}

/// `ESC [ 1 ; 31 m` and its like.
fn begins_a_colour(text: &str) -> bool {
    text.strip_prefix("\u{1b}[").is_some_and(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
            .starts_with('m')
    })
}

fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() && !matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_replaced_and_all_else_stays() {
        assert_eq!(printable("a\tb\nü → ✓"), "a\tb\nü → ✓");
        assert_eq!(in_a_line("a\nb\tc"), "a\u{fffd}b\tc");
        for bad in [
            '\0', '\u{7f}', '\u{85}', '\u{200f}', '\u{61c}', '\u{2028}', '\u{1b}', '\u{7}', '\r',
            '\u{9b}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}',
        ] {
            assert_eq!(printable(&format!("a{bad}b")), "a\u{fffd}b");
            assert_eq!(in_a_line(&format!("a{bad}b")), "a\u{fffd}b");
        }
        assert_eq!(
            printable_in_colour("\u{1b}[1ma\u{202e}"),
            "\u{1b}[1ma\u{fffd}"
        );
        assert_eq!(
            printable_in_colour("\u{1b}[1;31mü\u{1b}[0m\u{1b}[2J\u{1b}]8;;m\u{1b}"),
            "\u{1b}[1;31mü\u{1b}[0m\u{fffd}[2J\u{fffd}]8;;m\u{fffd}"
        );
    }
}
