//! The architecture, held by the build graph: who may depend on whom, what the core must not contain, and how
//! long a file may get. `docs/decisions/` says why; `deny.toml` and `clippy.toml` hold the rest. The bans of `deny.toml`
//! are held here too, for machines without cargo-deny.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Each of our crates, with those of ours that it may depend on. Dependencies point one way.
const MAY_DEPEND_ON: [(&str, &[&str]); 6] = [
    ("privatelink-crds", &[]),
    ("privatelink-core", &["privatelink-crds"]),
    ("privatelink-gcp", &["privatelink-core"]),
    // It knows Google's API and not us, so that a mistake cannot be made twice in the same place.
    ("privatelink-emulator", &[]),
    (
        "privatelink",
        &[
            "privatelink-crds",
            "privatelink-core",
            "privatelink-gcp",
            "privatelink-emulator",
        ],
    ),
    (
        "privatelink-e2e",
        &[
            "privatelink-crds",
            "privatelink-core",
            "privatelink-gcp",
            "privatelink-emulator",
        ],
    ),
];

/// What tests may use besides. The core's use nothing; the adapters' run against the emulator, and the tests of the
/// whole belong to the package that knows where the binary is.
const TESTS_MAY_ALSO_USE: [(&str, &str); 2] = [
    ("privatelink-gcp", "privatelink-emulator"),
    ("privatelink", "privatelink-e2e"),
];

/// Clients and runtimes. Types alone, such as those of `http`, which kube brings, are no way out.
const NOT_IN_THE_CORE: [&str; 8] = [
    "axum",
    "hyper",
    "hyper-util",
    "mio",
    "reqwest",
    "socket2",
    "tokio",
    "tower",
];

/// A file has one idea, and one idea fits in here.
const LONGEST_FILE: usize = 400;

fn metadata() -> Metadata {
    // Only what is built here has been downloaded, so the graph of other systems is left out.
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked", "--filter-platform", host].map(str::to_owned))
        .exec()
        .unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Names of the packages that a package of ours depends on directly.
fn direct(metadata: &Metadata, package: &str, tests: bool) -> BTreeSet<String> {
    let package = metadata
        .packages
        .iter()
        .find(|found| found.name == package)
        .unwrap();
    let kinds = |kind| matches!(kind, DependencyKind::Normal | DependencyKind::Build) != tests;
    package
        .dependencies
        .iter()
        .filter(|dependency| kinds(dependency.kind))
        .map(|dependency| dependency.name.clone())
        .collect()
}

/// Names of everything that is built for a package: with `tests`, also for its own tests.
fn closure(metadata: &Metadata, package: &str, tests: bool) -> BTreeSet<String> {
    let names: BTreeMap<&PackageId, String> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.to_string()))
        .collect();
    let nodes: BTreeMap<&PackageId, _> = metadata
        .resolve
        .as_ref()
        .unwrap()
        .nodes
        .iter()
        .map(|node| (&node.id, node))
        .collect();
    let start = names.iter().find(|(_, name)| *name == package).unwrap().0;
    let mut seen: BTreeSet<&PackageId> = BTreeSet::new();
    let mut to_visit = vec![*start];
    while let Some(id) = to_visit.pop() {
        for dependency in &nodes[id].deps {
            let built = dependency
                .dep_kinds
                .iter()
                .any(|found| found.kind != DependencyKind::Development || (tests && id == *start));
            if built && seen.insert(&dependency.pkg) {
                to_visit.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| names[id].clone()).collect()
}

fn is_googles(name: &str) -> bool {
    name.starts_with("google-cloud-") || name == "gcp_auth" || name.starts_with("google-apis")
}

#[test]
fn our_crates_depend_on_each_other_in_one_direction() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = MAY_DEPEND_ON.iter().map(|(name, _)| *name).collect();
    let members: BTreeSet<String> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    assert_eq!(
        members,
        ours.iter().map(|name| (*name).to_owned()).collect(),
        "a new crate needs a place"
    );
    for (package, allowed) in MAY_DEPEND_ON {
        for dependency in direct(&metadata, package, false) {
            let fits =
                !ours.contains(dependency.as_str()) || allowed.contains(&dependency.as_str());
            assert!(fits, "{package} must not depend on {dependency}");
        }
        for dependency in direct(&metadata, package, true) {
            // Its own features, such as the core's in-memory cloud, are no other crate.
            let fits = !ours.contains(dependency.as_str())
                || dependency == package
                || allowed.contains(&dependency.as_str())
                || TESTS_MAY_ALSO_USE.contains(&(package, dependency.as_str()));
            assert!(fits, "the tests of {package} must not use {dependency}");
        }
    }
}

#[test]
fn the_core_contains_no_client_no_runtime_and_no_sdk() {
    let built = closure(&metadata(), "privatelink-core", true);
    assert!(
        built.contains("serde_json"),
        "the graph was not read: {built:?}"
    );
    let forbidden: Vec<&String> = built
        .iter()
        .filter(|name| NOT_IN_THE_CORE.contains(&name.as_str()) || is_googles(name))
        .collect();
    assert!(
        forbidden.is_empty(),
        "privatelink-core must not contain {forbidden:?}"
    );
}

#[test]
fn only_the_adapters_name_googles_sdk() {
    let metadata = metadata();
    for (package, _) in MAY_DEPEND_ON {
        let mut used = direct(&metadata, package, false);
        used.extend(direct(&metadata, package, true));
        let sdk: Vec<&String> = used.iter().filter(|name| is_googles(name)).collect();
        assert!(
            package == "privatelink-gcp" || sdk.is_empty(),
            "{package} must not name {sdk:?}"
        );
    }
}

#[test]
fn the_emulator_contains_no_sdk_and_none_of_our_crates() {
    let built = closure(&metadata(), "privatelink-emulator", true);
    let forbidden: Vec<&String> = built
        .iter()
        .filter(|name| is_googles(name) || name.starts_with("privatelink"))
        .collect();
    assert!(
        forbidden.is_empty(),
        "privatelink-emulator must not contain {forbidden:?}"
    );
}

#[test]
fn nothing_brings_a_second_tls_or_an_abandoned_crate() {
    let metadata = metadata();
    let banned = [
        "aws-lc-rs",
        "aws-lc-sys",
        "backoff",
        "native-tls",
        "openssl-sys",
        "serde_yaml",
        "serde_yml",
    ];
    let found: Vec<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .filter(|name| banned.contains(&name.as_str()))
        .collect();
    assert!(
        found.is_empty(),
        "{found:?} came back, perhaps with somebody's default features"
    );
}

/// The quoted words of a text between one place and the next such character.
fn quoted<'a>(text: &'a str, from: &str, to: char) -> Vec<&'a str> {
    let (_, rest) = text.split_once(from).unwrap_or_default();
    let words = rest.split(to).next().unwrap_or_default();
    words.split('"').skip(1).step_by(2).collect()
}

/// The crates that `deny.toml` bans, each with those that may depend on it directly all the same.
fn bans(deny: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let bans = deny.split("[[bans.deny]]").skip(1);
    bans.map(|ban| {
        let wrappers = quoted(ban, "\nwrappers = [", ']');
        (
            quoted(ban, "\ncrate = ", '\n')[0],
            BTreeSet::from_iter(wrappers),
        )
    })
    .collect()
}

#[test]
fn what_is_banned_is_named_by_its_wrappers_alone() {
    let (metadata, deny) = (
        metadata(),
        std::fs::read_to_string(root().join("deny.toml")).unwrap(),
    );
    let bans = bans(&deny);
    assert_eq!(bans["axum"], BTreeSet::from(["privatelink-emulator"]));
    assert_eq!(bans["aws-lc-sys"], BTreeSet::new());
    let names: BTreeMap<&PackageId, &str> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect();
    let mut complaints = Vec::new();
    for node in &metadata.resolve.as_ref().unwrap().nodes {
        let user = names[&node.id];
        for dependency in &node.deps {
            let name = names[&dependency.pkg];
            if bans.get(name).is_some_and(|may| !may.contains(user)) {
                complaints.push(format!("{user} must not depend on {name}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn yaml_is_read_in_one_folder_and_written_in_one_place() {
    let names_it = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        text.contains("serde_saphyr")
    };
    let is_elsewhere = |name: &String| {
        let product = name.contains("/src/") && !name.starts_with("e2e/");
        product && !name.starts_with("controller/src/sources/")
    };
    let found: Vec<String> = rust_files(&root())
        .into_iter()
        .filter(names_it)
        .map(|file| file.strip_prefix(root()).unwrap().display().to_string())
        .filter(is_elsewhere)
        .collect();
    // The second writes, and the first says why that failed.
    assert_eq!(
        found,
        ["controller/src/cli/mod.rs", "controller/src/render/mod.rs"]
    );
}

#[test]
fn every_crate_takes_versions_and_lints_from_the_workspace() {
    for (package, _) in MAY_DEPEND_ON {
        let metadata = metadata();
        let found = metadata
            .packages
            .iter()
            .find(|found| found.name == package)
            .unwrap();
        let manifest = std::fs::read_to_string(&found.manifest_path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{}",
            found.manifest_path
        );
        let own: Vec<&str> = manifest
            .lines()
            .skip_while(|line| !line.contains("dependencies]"))
            .filter(|line| line.contains("version = \"") || has_version(line))
            .collect();
        assert!(
            own.is_empty(),
            "{}: versions belong in the root: {own:?}",
            found.manifest_path
        );
    }
}

/// `name = "1.2"`, the short form of a dependency.
fn has_version(line: &str) -> bool {
    line.split_once(" = \"").is_some_and(|(_, rest)| {
        rest.starts_with(|c: char| c.is_ascii_digit() || "^~=*".contains(c))
    })
}

#[test]
fn no_file_is_longer_than_one_idea_and_none_is_unfinished() {
    // In two halves, so that this file does not find itself.
    let unfinished = ["TO", "FIX", "unimplemented", "to"]
        .into_iter()
        .zip(["DO", "ME", "!(", "do!("]);
    let unfinished: Vec<String> = unfinished
        .map(|(start, end)| format!("{start}{end}"))
        .collect();
    let mut complaints = Vec::new();
    for file in rust_files(&root()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display();
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            complaints.push(format!(
                "{name} has {lines} lines, more than {LONGEST_FILE}"
            ));
        }
        let found = unfinished
            .iter()
            .filter(|word| text.contains(word.as_str()));
        complaints.extend(found.map(|word| format!("{name} contains {word}")));
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["crds", "controller", "e2e"]
        .iter()
        .map(|name| root.join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(files.len() > 50, "the files were not found");
    files
}
