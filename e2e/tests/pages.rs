//! Every command on every page works: the `sh` blocks of a page are run in one session, and a `console` block has to
//! occur in what the block before it printed.
//!
//! `UPDATE=1 cargo test -p privatelink --test pages` writes what was printed into `console` blocks that show it
//! whole; those with a line `...` leave something out and are edited by hand.

#![allow(clippy::unwrap_used, clippy::panic)]

mod pages {
    pub(crate) mod page;
    pub(crate) mod session;
    pub(crate) mod unrun;
}

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pages::page::{Block, blocks, fenced, with_output};
use pages::session::run;
use pages::unrun;
use privatelink_e2e::skipped::lacks;
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Programs of others that pages are run with; what every Unix has is taken for granted.
const OTHERS: [&str; 2] = ["curl", "gcloud"];

/// What has to be there for these commands: the shell that runs them, and what they call.
fn needed(commands: &[&str]) -> Vec<&'static str> {
    let calls = |program: &&str| {
        let mut words = commands
            .iter()
            .flat_map(|block| block.split(|c: char| c.is_whitespace() || "|;&()".contains(c)));
        words.any(|word| word == *program)
    };
    let called = OTHERS.iter().copied().filter(calls);
    std::iter::once("bash").chain(called).collect()
}

#[test]
fn a_page_needs_the_shell_and_what_its_commands_call() {
    let commands = ["privatelink plan | cat", "code=$(curl -s localhost)"];
    assert_eq!(needed(&commands), ["bash", "curl"]);
    assert_eq!(needed(&["echo curling"]), ["bash"]);
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
    if lacks(&needed(&commands)) {
        return;
    }
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
    works("docs/how-to/emulator-with-gcloud.md");
}

#[test]
fn the_storm_on_the_page_about_patience_works() {
    works("docs/concepts/patience.md");
}

/// What a command on a page is here: pages for people who have the sources run the binary by `cargo run`.
fn by_the_binary(command: &str) -> Option<String> {
    let words = command.split(" # ").next().unwrap().trim();
    let rest = words.strip_prefix("cargo run ")?;
    let rest = rest.strip_prefix("--locked ").unwrap_or(rest);
    Some(format!("privatelink {}", rest.strip_prefix("-- ")?))
}

/// Commands of pages that are not run here, and what runs them.
const RUN_ELSEWHERE: &[(&str, &str)] = &[(
    // It builds and runs everything, this test included.
    "cargo test --workspace",
    "cargo test --locked --workspace",
)];

#[test]
fn the_two_commands_of_the_readme_work() {
    let root = root();
    let ci = std::fs::read_to_string(root.join(".ci/run")).unwrap();
    let page = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (mut scripts, mut left) = (Vec::new(), Vec::new());
    for block in blocks(&page) {
        let Block::Commands(commands) = block else {
            panic!("README.md shows an output that nobody compares");
        };
        for command in commands.lines() {
            match by_the_binary(command) {
                Some(script) => scripts.push(script),
                None => left.push(command.split(" # ").next().unwrap().trim().to_owned()),
            }
        }
    }
    assert_eq!(scripts, ["privatelink demo"]);
    let elsewhere: Vec<&str> = RUN_ELSEWHERE.iter().map(|(command, _)| *command).collect();
    assert_eq!(left, elsewhere);
    for (_, as_ci_says_it) in RUN_ELSEWHERE {
        assert!(
            ci.contains(as_ci_says_it),
            ".ci/run does not run {as_ci_says_it}"
        );
    }
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    if lacks(&needed(&scripts)) {
        return;
    }
    let printed = run(Path::new(BINARY), "README.md", &scripts);
    assert!(
        printed[0].contains("Every promise was kept."),
        "{}",
        printed[0]
    );
}

/// What the README says that one can do, done to what it declares, in its order. It asks before it writes.
#[test]
fn what_the_readme_says_of_its_use_works() {
    let page = std::fs::read_to_string(root().join("README.md")).unwrap();
    let fenced = fenced(&page);
    let of = |language: &'static str| {
        let some = fenced.iter().filter(move |(found, _)| found == language);
        some.map(|(_, text)| text.as_str())
    };
    let declaration = of("yaml").next().unwrap();
    let lines = of("text").flat_map(str::lines);
    let uses: Vec<String> = lines
        .filter(|line| line.starts_with("privatelink "))
        .map(|line| line.split("  ").next().unwrap().to_owned())
        .map(|command| match command.split(' ').nth(1) {
            Some("apply" | "destroy") => format!("{command} --yes"),
            Some(_) | None => command,
        })
        .collect();
    assert!(uses.len() > 5, "{uses:?}");
    let state = json!({
        "compute": {"projects/acme-prod/global/networks/prod": {}},
        "run": {
            "projects/acme-prod/locations/europe-west1/services/orders": {},
            "projects/acme-prod/locations/europe-west1/services/billing": {},
        },
    });
    let begin = format!(
        "mkdir links\ncat > links/link.yaml <<'YAML'\n{declaration}YAML\necho '{state}' > state.json\n\
         privatelink emulator --listen 127.0.0.1:8085 --state state.json > emulator.log &\n\
         until grep -qs listening emulator.log; do sleep 0.1; done\n\
         export PRIVATELINK_ENDPOINT=http://127.0.0.1:8085\n"
    );
    let mut scripts = vec![begin.as_str()];
    scripts.extend(uses.iter().map(String::as_str));
    if lacks(&needed(&scripts)) {
        return;
    }
    let printed = run(Path::new(BINARY), "README.md#use-it", &scripts);
    for (command, printed) in uses.iter().zip(&printed[1..]) {
        assert!(!printed.trim().is_empty(), "{command} prints nothing");
    }
}

/// Every page of the repository, wherever it is.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Others' pages are built or fetched into these.
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// Somebody reads several pages in one shell: an emulator that goes on running has the port that the next page wants.
#[test]
fn a_page_that_starts_an_emulator_stops_it() {
    let (mut starting, mut left_running) = (0, Vec::new());
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks = blocks(&text);
        let commands = blocks.iter().filter_map(|block| match block {
            Block::Commands(commands) => Some(commands.as_str()),
            Block::Output(_) => None,
        });
        let commands = commands.collect::<String>();
        let Some(start) = commands.rfind("privatelink emulator --listen") else {
            continue;
        };
        starting += 1;
        if !commands[start..].contains("\nkill $!\n") {
            left_running.push(path);
        }
    }
    assert!(starting > 5, "{starting} pages start an emulator");
    assert!(left_running.is_empty(), "{left_running:?}");
}

/// Blocks that are not run hold no commands, or there is a reason.
#[test]
fn every_command_in_a_block_that_is_not_run_has_a_reason() {
    let (mut used, mut unexcused) = (BTreeSet::new(), Vec::new());
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let blocks = fenced(&text).into_iter();
        for (_, block) in blocks.filter(|(language, _)| !["sh", "console"].contains(&&**language)) {
            for line in unrun::commands(&block) {
                match unrun::excuse(&name, line) {
                    Some(place) => drop(used.insert(place)),
                    None => unexcused.push(format!("{name}: {line}")),
                }
            }
        }
    }
    assert!(unexcused.is_empty(), "nobody runs {unexcused:#?}");
    let unused = unrun::unused(&used);
    assert!(unused.is_empty(), "there is nothing to excuse: {unused:#?}");
}

#[test]
fn every_page_with_commands_is_run() {
    let here = std::fs::read_to_string(root().join("e2e/tests/pages.rs")).unwrap();
    let pages = pages();
    assert!(pages.len() > 100, "{} pages", pages.len());
    for known in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "manifests/README.md",
    ] {
        assert!(
            pages.contains(&root().join(known)),
            "{known} was not looked at"
        );
    }
    for path in pages {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        // A block that is indented would not be seen.
        let hidden = text
            .lines()
            .find(|line| line.starts_with(' ') && line.trim_start().starts_with("```"));
        assert_eq!(hidden, None, "{name}");
        let run = here.contains(&format!("works(\"{name}\")")) || name == "README.md";
        assert!(
            run || blocks(&text).is_empty(),
            "{name} has commands that nobody runs, or shows an output that nobody compares"
        );
    }
}
