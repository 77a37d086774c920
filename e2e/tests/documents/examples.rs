//! What the pages of the codes show, held to what the program says: to an output that a test keeps, or else to the
//! words that the code puts a message together from.

use std::path::{Path, PathBuf};

use privatelink_core::codes::Code;
use privatelink_core::kinds::Kind;

use super::files::{Page, files, root};

/// What each line says that a page shows under its own number, without severity and number.
pub(crate) fn examples(code: Code) -> Vec<String> {
    let shown = section(code.page(), "\n## How it looks\n");
    let blocks = shown.split("```text\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    let number = code.number();
    lines
        .filter_map(|line| {
            let said = match line.split_once(&format!("[{number}]: ")) {
                Some((_, said)) => said,
                None => in_a_plan(line.strip_suffix(&format!(" ({number})"))?),
            };
            Some(said.to_owned())
        })
        .collect()
}

fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(heading).unwrap_or_default();
    rest.split("\n## ").next().unwrap_or_default()
}

/// The reason in a line of a plan, which stands behind columns or behind the name of a hop.
fn in_a_plan(line: &str) -> &str {
    let line = line.trim_start();
    match line.rsplit_once("  ") {
        Some((_, reason)) => reason,
        None => line.split_once(": ").map_or(line, |(_, reason)| reason),
    }
}

/// Lines of outputs that tests compare letter by letter: of scenarios, of disturbed runs, and snapshots.
pub(crate) fn recorded() -> Vec<String> {
    let outputs = files(&["e2e/scenarios", "e2e/tests/disturbed/told"], &["txt"]);
    let snapshots = files(&["controller", "crds"], &["snap"]);
    let all = outputs.iter().chain(&snapshots);
    all.flat_map(|path| {
        let text = Page::read(path).text;
        text.lines().map(short_names).collect::<Vec<_>>()
    })
    .collect()
}

/// Names that are made of digests are the same to a reader.
pub(crate) fn short_names(text: &str) -> String {
    let mut parts = text.split("pl-");
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        short.push_str("pl-");
        short.push_str(&part[end.unwrap_or(part.len())..]);
    }
    short
}

/// The words around the holes of a message.
pub(crate) struct Template(Vec<String>);

/// Letters that a template has to have of its own: with fewer, nearly everything would fit into its holes.
const LETTERS: usize = 9;

impl Template {
    fn of(literal: &str) -> Option<Self> {
        let mut words = vec![String::new()];
        let mut hole = false;
        for c in literal
            .replace("{{", "\u{1}")
            .replace("}}", "\u{2}")
            .chars()
        {
            match (c, hole) {
                ('{', _) => hole = true,
                ('}', _) => {
                    hole = false;
                    words.push(String::new());
                }
                (_, true) => {}
                ('\u{1}', _) => words.last_mut()?.push('{'),
                ('\u{2}', _) => words.last_mut()?.push('}'),
                (other, false) => words.last_mut()?.push(other),
            }
        }
        let own: String = words.concat();
        let letters = own.chars().filter(|c| c.is_alphabetic()).count();
        (letters >= LETTERS && own.contains(' ')).then_some(Self(words))
    }

    /// Is this text the template with something in each of its holes?
    pub(crate) fn fits(&self, text: &str) -> bool {
        let (first, rest) = self.0.split_first().expect("it has words");
        let Some(mut text) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some((last, between)) = rest.split_last() else {
            return text.is_empty();
        };
        for words in between {
            match text.split_once(words.as_str()) {
                Some((_, after)) => text = after,
                None => return false,
            }
        }
        text.ends_with(last.as_str())
    }
}

/// Every text in the code of the product that a message can be made of.
pub(crate) fn templates() -> Vec<Template> {
    let folders = [
        "controller/core/src",
        "controller/gcp/src",
        "controller/src",
        "crds/src",
    ];
    let sources = files(&folders, &["rs"]);
    let product = sources.iter().filter(|path| speaks(path));
    product
        .flat_map(|path| literals(&Page::read(path).text))
        .filter_map(|literal| {
            // Rules of the schema carry their number in their text.
            let said = literal.split(" (PL").next().unwrap_or_default();
            Template::of(said)
        })
        .collect()
}

/// Not the in-memory cloud, not a test, and not the titles of the codes.
fn speaks(path: &Path) -> bool {
    let inside: PathBuf = path.strip_prefix(root()).unwrap().to_path_buf();
    let text = inside.to_string_lossy();
    !["/fake/", "tests", "codes.rs"]
        .iter()
        .any(|part| text.contains(part))
}

/// The texts between quotation marks, outside of comments.
fn literals(source: &str) -> Vec<String> {
    let code: Vec<&str> = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n").replace("'\"'", "");
    let mut found = Vec::new();
    let mut characters = code.chars();
    while characters.any(|c| c == '"') {
        let mut literal = String::new();
        while let Some(c) = characters.next() {
            match c {
                '"' => break,
                '\\' => match characters.next() {
                    // The line goes on, without what indents it.
                    Some('\n') => literal.push('\u{3}'),
                    Some(escaped) => literal.push(escaped),
                    None => {}
                },
                other => literal.push(other),
            }
        }
        let mut lines = literal.split('\u{3}');
        let first = lines.next().unwrap_or_default().to_owned();
        found.push(lines.fold(first, |text, line| text + line.trim_start()));
    }
    found
}

/// Is this text made of one of the templates, or is what is left of it behind what it is about: a thing, a field, what
/// was being done, or a sentence of its own?
pub(crate) fn built(templates: &[Template], said: &str) -> bool {
    let fits = |text: &str| templates.iter().any(|template| template.fits(text));
    let Some((subject, rest)) = said.split_once(": ") else {
        return fits(said);
    };
    let word = subject.split(' ').next().unwrap_or_default();
    let about = || {
        Kind::ALL.iter().any(|kind| kind.name() == word)
            || ["`", "projects/", "cannot", "create"]
                .iter()
                .any(|start| word.starts_with(start))
            || fits(subject)
    };
    fits(said) || (about() && built(templates, rest))
}
