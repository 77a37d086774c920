//! What the real process needs at most for inputs that want all of the memory, as the kernel counts it.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use privatelink_e2e::untold::untold;

use super::{BINARY, LINK, folder};

/// No input may make a run need more than this, in MiB.
const MOST: u64 = 256;

/// Validates, and gives the exit code, what was said, and the peak of the resident memory in MiB.
// There is no runtime here whose tasks would be stopped by a pause.
#[allow(clippy::disallowed_methods)]
fn validate(folder: &Path) -> (i32, String, u64) {
    let (out, err) = (folder.join("out"), folder.join("err"));
    let mut child = Command::new(BINARY)
        .args(["validate", "-q", "links"])
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        // The mark only grows; the last one that is read is the peak, or was so a moment before the end.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = mark.and_then(|mark| mark.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let [out, err] = [out, err].map(|file| fs::read_to_string(file).unwrap());
    untold(&out);
    untold(&err);
    (code, err, peak / 1024)
}

#[test]
fn no_declarations_make_a_run_need_more_than_its_share_of_memory() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        writeln!(bomb, "a{n}: &a{n} [{aliases}]").unwrap();
    }
    let keys = |count: usize| {
        (0..count).fold(LINK.to_owned(), |mut text, n| {
            writeln!(text, "k{n}: 1").unwrap();
            text
        })
    };
    let nodes = format!("{LINK}extra: [{}]\n", "[],".repeat(240_000));
    let twice = format!(
        "? {}\n:\n{}",
        "k".repeat(1_000_000),
        "  a: 1\n".repeat(100_000)
    );
    let huge = format!("{LINK}# {}", "x".repeat(4_000_000));
    for (what, files, text, code) in [
        (
            "a hundred MB in one file",
            1,
            "x".repeat(100_000_000),
            "PL0013",
        ),
        ("a hundred MB in many files", 25, huge, "PL0013"),
        ("aliases", 1, bomb, "PL0014"),
        (
            "ten thousand lists",
            1,
            format!("a: {}", "[".repeat(10_000)),
            "PL0014",
        ),
        (
            "ten thousand lists in blocks",
            1,
            "- ".repeat(10_000),
            "PL0014",
        ),
        (
            "a million documents",
            2,
            "1\n---\n".repeat(500_000),
            "PL0013",
        ),
        ("many mistakes", 3, keys(60_000), "PL0013"),
        ("many values", 1, nodes, "PL00"),
        ("a long name before many repetitions", 1, twice, "PL00"),
    ] {
        let folder = folder("memory");
        fs::create_dir(folder.join("links")).unwrap();
        for file in 0..files {
            fs::write(folder.join(format!("links/{file:02}.yaml")), &text).unwrap();
        }
        let (exit, said, peak) = validate(&folder);
        println!("{what}: {peak} MiB");
        let shown = &said[said.len().saturating_sub(600)..];
        assert_eq!(exit, 1, "{what}: {shown}");
        assert!(said.contains(code), "{what}: {shown}");
        assert!((1..=MOST).contains(&peak), "{what}: {peak} MiB");
        fs::remove_dir_all(folder).unwrap();
    }
}
