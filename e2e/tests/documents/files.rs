//! The repository's pages, and its code as text.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file and what is in it.
pub(crate) struct Page {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The whole of it.
    pub(crate) text: String,
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Every Markdown page.
pub(crate) fn pages() -> Vec<Page> {
    let mut found = files(&["docs", "manifests", "e2e"], &["md"]);
    let top = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    found.extend(top.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    found.iter().map(|path| Page::read(path)).collect()
}

/// Every source file and every settings file that may name a page.
pub(crate) fn code() -> Vec<Page> {
    let mut found = files(&["crds", "controller", "e2e"], &["rs", "toml"]);
    found.extend(
        ["Cargo.toml", "clippy.toml", "deny.toml", ".ci/run"].map(|name| root().join(name)),
    );
    found
        .iter()
        .filter(|path| path.exists())
        .map(|path| Page::read(path))
        .collect()
}

/// Files with these extensions, in these folders and all of theirs.
pub(crate) fn files(folders: &[&str], extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut to_visit: Vec<PathBuf> = folders.iter().map(|name| root().join(name)).collect();
    while let Some(folder) = to_visit.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                to_visit.push(path);
            } else if path
                .extension()
                .is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

impl Page {
    /// Reads one.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            path: path.to_path_buf(),
            text,
        }
    }

    /// Where it lies, which its links start from.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap()
    }

    /// What is outside of fenced blocks, line by line.
    fn prose(&self) -> impl Iterator<Item = &str> {
        let mut fenced = false;
        self.text.lines().filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
    }

    /// Targets of its links into the repository.
    pub(crate) fn links(&self) -> Vec<String> {
        let targets = self.prose().flat_map(|line| line.split("](").skip(1));
        targets
            .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
            .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
            .collect()
    }

    /// What its headings can be linked by.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let headings = self
            .prose()
            .filter_map(|line| Some(line.trim_start_matches('#')).filter(|rest| *rest != line));
        headings.map(|heading| anchor(heading.trim())).collect()
    }

    /// Sections under a heading of the third level, with their anchors.
    pub(crate) fn sections(&self) -> Vec<(String, String)> {
        let mut sections = Vec::new();
        for part in self.text.split("\n### ").skip(1) {
            let (heading, text) = part.split_once('\n').unwrap();
            let text = text.split("\n## ").next().unwrap();
            sections.push((anchor(heading), text.to_owned()));
        }
        sections
    }
}

/// A heading as hosts of Markdown link it: lower case, hyphens for spaces, nothing but words.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
