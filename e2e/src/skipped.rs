//! Tests that need a program which is not everywhere.

use std::io::Write as _;

/// Says by name why the running test is skipped, also where the output of passing tests is not shown.
///
/// # Panics
///
/// With `CI=true`: there the program has to be.
pub fn skip(why: &str) {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!in_ci, "{why}, and with CI=true it must be there");
    let thread = std::thread::current();
    // In one write, so that lines of tests that run at the same time do not mix.
    let said = format!("{} skipped: {why}\n", thread.name().unwrap_or_default());
    drop(std::io::stderr().write_all(said.as_bytes()));
}
