//! Tests that need a program which is not everywhere.

use std::io::Write as _;

/// Whether a program can be found.
pub fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Skips what needs these programs, if one of them is not there, and says which.
///
/// # Panics
///
/// With `CI=true`: there the program has to be.
pub fn lacks(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !is_there(program));
    if let Some(program) = missing {
        skip(&format!("{program} not found"));
    }
    missing.is_some()
}

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
