//! What is said beside the answer: on standard error, and never at the expense of the run.

use std::borrow::Cow;
use std::io::Write as _;

use anstream::ColorChoice;

/// Says a text on standard error as it is, with the colours that a terminal gets.
///
/// What cannot be written, because the disk of a log is full or the reader of a pipe went away, is dropped: a turn
/// that stopped for it half way would leave services between two states.
pub(crate) fn say(text: &str) {
    let mut error = anstream::stderr().lock();
    let _dropped = error
        .write_all(text.as_bytes())
        .and_then(|()| error.flush());
}

/// The same with the end of a line.
pub(crate) fn say_line(line: &str) {
    say(&format!("{line}\n"));
}

/// Are there colours on standard error?
pub(crate) fn in_colour() -> bool {
    match anstream::AutoStream::choice(&std::io::stderr()) {
        ColorChoice::Never => false,
        ColorChoice::Auto | ColorChoice::AlwaysAnsi | ColorChoice::Always => true,
    }
}

/// A line with our colours, or without when there are none on standard error.
pub(crate) fn coloured(line: &str) -> Cow<'_, str> {
    if in_colour() {
        Cow::Borrowed(line)
    } else {
        Cow::Owned(anstream::adapter::strip_str(line).to_string())
    }
}
