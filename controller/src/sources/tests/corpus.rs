//! Raw bytes: every kept input, and many that are changed from them. None may panic or hang; what is found wrong
//! has a place in the text; and what is shown of it steers no terminal.

use std::time::{Duration, Instant};

use super::*;

#[path = "../../../../e2e/corpus/mutate.rs"]
mod mutate;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/corpus/declarations");

/// Reads bytes as a file is read, validates, and gives everything that was found.
fn findings(reader: &mut documents::Reader, bytes: &[u8]) -> Vec<Diagnostic> {
    let text = match files::bounded(bytes) {
        Ok(text) => text,
        Err(error) => return vec![files::unreadable("a.yaml", &error)],
    };
    let mut sources = Sources::default();
    let path: Arc<str> = "a.yaml".into();
    reader.read(&path, &text, &mut sources);
    let mut found = std::mem::take(&mut sources.diagnostics);
    found.extend(privatelink_core::validate::validate(&sources.declared).diagnostics);
    sources.kept.insert(path, text);
    sources.locate(&mut found);
    found
}

fn check(reader: &mut documents::Reader, name: &str, bytes: &[u8]) {
    // To YAML, a carriage return alone ends a line too.
    let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count();
    for found in findings(reader, bytes) {
        let Origin::File { line, column, .. } = found.origin else {
            panic!("{name}: {found:?}");
        };
        let whole = found.message.contains("UTF-8");
        assert!(
            whole || (1..=lines + 1).contains(&(line as usize)),
            "{name}: {found:?}"
        );
        assert!(whole || column >= 1, "{name}: {found:?}");
        let shown = render(&found, false);
        let steers = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(steers, None, "{name}: {shown:?}");
    }
}

#[test]
fn no_bytes_make_the_reader_panic_or_hang() {
    let (mut tried, mut slowest) = (0, (Duration::ZERO, String::new()));
    // Rules take a while to be compiled, and one reader reads a bounded number of documents.
    let mut reader = documents::Reader::new();
    for (name, bytes) in mutate::inputs(Path::new(FOLDER), 1, mutate::cases(400)) {
        let begun = Instant::now();
        if tried % 200 == 199 {
            reader = documents::Reader::new();
        }
        let checked = std::panic::AssertUnwindSafe(|| check(&mut reader, &name, &bytes));
        let result = std::panic::catch_unwind(checked);
        assert!(
            result.is_ok(),
            "{name}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
        tried += 1;
        slowest = slowest.max((begun.elapsed(), name));
    }
    println!("{tried} inputs; the slowest took {slowest:?}");
    assert!(tried > 30, "the corpus is missing");
    assert!(slowest.0 < Duration::from_mins(1), "{slowest:?}");
}
