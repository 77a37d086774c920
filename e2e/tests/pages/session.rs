//! One shell session: an empty directory, the binary on the path, a port of its own.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use privatelink_e2e::untold::untold;
use privatelink_emulator::discovery::{Held, check_recordings};

/// The port that pages name; each session gets a free one in its place.
const PORT_ON_PAGES: &str = "127.0.0.1:8085";

/// Separates what one block printed from what the next one did.
const END_OF_BLOCK: &str = "--- end of block ---";

/// A page is read in minutes and runs in seconds.
const DEADLINE: Duration = Duration::from_mins(2);

/// Runs the blocks in one session and returns what each printed, on both channels.
pub(crate) fn run(binary: &Path, page: &str, blocks: &[&str]) -> Vec<String> {
    let directory = std::env::temp_dir().join(format!(
        "privatelink-{}-{}",
        std::process::id(),
        page.replace(['/', '.', '#'], "-")
    ));
    let recordings = directory.with_extension("recordings");
    for folder in [&directory, &recordings] {
        let _leftover = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).unwrap();
    }
    let address = free_address();
    let end = format!("\necho '{END_OF_BLOCK}'\n");
    let script = format!("{}{end}", blocks.join(&end));
    let script = script.replace(PORT_ON_PAGES, &address);

    // Into a file and not a pipe, which a process in the background would keep open.
    let log = std::env::temp_dir().join(format!("{}.log", directory.display()));
    let output = File::create(&log).unwrap();
    let mut shell = Command::new("bash")
        .args(["-e", "-u", "-o", "pipefail", "-c", &script])
        .current_dir(&directory)
        .env("PATH", path_with(binary))
        .env("HOME", &directory)
        .env("NO_COLOR", "1")
        .env("PRIVATELINK_RECORD", &recordings)
        .env_remove("PRIVATELINK_ENDPOINT")
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .process_group(0)
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        match shell.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if start.elapsed() > DEADLINE => break None,
            None => std::thread::park_timeout(Duration::from_millis(20)),
        }
    };
    // What the page left in the background goes with it.
    let group = format!("-{}", shell.id());
    let _gone = Command::new("kill")
        .args(["-TERM", "--", &group])
        .stderr(Stdio::null())
        .status();
    let printed = std::fs::read_to_string(&log).unwrap();
    untold(&printed);
    let printed = printed.replace(&address, PORT_ON_PAGES);
    let printed = without_durations(&printed);
    match status {
        None => panic!("{page} did not end within {DEADLINE:?}:\n{printed}"),
        Some(status) => assert!(status.success(), "{page}: {status}:\n{printed}"),
    }
    let held = Held::new();
    let exchanges = check_recordings(&held, &recordings).unwrap();
    assert!(exchanges > 0, "{page} asked nothing of an emulator");
    std::fs::remove_file(&log).unwrap();
    for folder in [&directory, &recordings] {
        std::fs::remove_dir_all(folder).unwrap();
    }
    printed
        .split(&format!("{END_OF_BLOCK}\n"))
        .map(str::to_owned)
        .collect()
}

/// How long something took is different every time: `0.3 s` and `1.2 s` become `0.1 s`.
fn without_durations(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for place in 0..words.len().saturating_sub(1) {
        let seconds = words[place].contains('.') && words[place].parse::<f64>().is_ok();
        if seconds && words[place + 1].starts_with('s') {
            words[place] = "0.1";
        }
    }
    words.join(" ")
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn path_with(binary: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}", binary.parent().unwrap().display())
}
