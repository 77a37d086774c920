//! Declarations are read by the program's own reader, which lives in the binary's crate.

#[path = "../../../controller/src/sources/documents.rs"]
mod documents;
#[allow(dead_code)] // Places are for people; here nobody reads them.
#[path = "../../../controller/src/sources/positions.rs"]
mod positions;
#[path = "../../../controller/src/sources/text.rs"]
mod text;

use std::path::Path;

use privatelink_core::decide::Wishes;
use privatelink_core::declare::Declared;
use privatelink_core::diagnostic::Diagnostic;
use privatelink_core::ids::LinkName;
use privatelink_core::validate::validate;

/// What the reader fills.
#[derive(Default)]
pub(crate) struct Sources {
    declared: Vec<Declared>,
    named_broken: Vec<LinkName>,
    diagnostics: Vec<Diagnostic>,
    complete: bool,
    documents: usize,
}

impl Sources {
    fn add(&mut self, finding: Diagnostic) {
        self.diagnostics.push(finding);
    }
}

/// What files of a folder declare, right or wrong.
pub(crate) fn wishes(folder: &Path, files: &[String]) -> Wishes {
    let mut reader = documents::Reader::new();
    let mut sources = Sources {
        complete: true,
        ..Sources::default()
    };
    for file in files {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        reader.read(&file.as_str().into(), &text, &mut sources);
    }
    let validated = validate(&sources.declared);
    let mut links = validated.links;
    let mut broken: std::collections::BTreeSet<LinkName> = validated.broken.into_iter().collect();
    broken.extend(sources.named_broken);
    // A broken declaration may have the name of a right one; then neither is acted on.
    links.retain(|link| !broken.contains(&link.name));
    Wishes {
        links,
        broken,
        complete: sources.complete,
    }
}
