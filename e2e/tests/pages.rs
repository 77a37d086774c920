//! Every command on every page works: the `sh` blocks of a page are run in one session, and a `console` block has to
//! occur in what the block before it printed.
//!
//! `UPDATE=1 cargo test -p privatelink --test pages` writes what was printed into `console` blocks that show it
//! whole; those with a line `...` leave something out and are edited by hand.

#![allow(clippy::unwrap_used, clippy::panic)]

mod pages {
    pub(crate) mod page;
    pub(crate) mod session;
}

use std::io::Write as _;
use std::path::{Path, PathBuf};

use pages::page::{Block, blocks, with_output};
use pages::session::run;

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Runs a page and compares what it shows.
fn works(page: &str) {
    let path = root().join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let blocks = blocks(&text);
    let commands: Vec<&str> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Commands(commands) => Some(commands.as_str()),
            Block::Output(_) => None,
        })
        .collect();
    assert!(!commands.is_empty(), "{page} has no commands");
    let printed = run(Path::new(BINARY), page, &commands);

    let mut number = 0;
    let mut shown = Vec::new();
    for block in &blocks {
        match block {
            Block::Commands(_) => number += 1,
            Block::Output(wanted) => {
                let found = &printed[number - 1];
                if std::env::var_os("UPDATE").is_none() {
                    let missing = wanted.missing_in(found);
                    assert!(
                        missing.is_none(),
                        "{page}: not printed:\n{}\n\nbut:\n{found}",
                        missing.unwrap()
                    );
                }
                shown.push(found.as_str());
            }
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, with_output(&text, &shown)).unwrap();
    }
}

#[test]
fn the_tutorial_works() {
    works("docs/tutorial.md");
}

#[test]
fn adopting_what_exists_works() {
    works("docs/how-to/adopt-what-exists.md");
}

#[test]
fn undoing_a_link_works() {
    works("docs/how-to/undo-a-link.md");
}

#[test]
fn running_in_ci_works() {
    works("docs/how-to/run-in-ci.md");
}

#[test]
fn checking_the_emulator_against_google_works() {
    works("docs/how-to/check-the-emulator-against-google.md");
}

#[test]
fn using_the_emulator_with_gcloud_works() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("gcloud").is_file()) {
        works("docs/how-to/emulator-with-gcloud.md");
        return;
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "gcloud not found, and with CI=true it must be there"
    );
    // Not by a macro, whose output is kept back for tests that pass.
    let said = "docs/how-to/emulator-with-gcloud.md skipped: gcloud not found\n";
    std::io::stderr().write_all(said.as_bytes()).unwrap();
}

#[test]
fn every_page_with_commands_is_run() {
    let here = std::fs::read_to_string(root().join("e2e/tests/pages.rs")).unwrap();
    let root = root();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let has_commands = blocks(&text)
                .iter()
                .any(|block| matches!(block, Block::Commands(_)));
            assert!(
                !has_commands || here.contains(&name),
                "{name} has commands that nobody runs"
            );
        }
    }
}
