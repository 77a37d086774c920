//! Changes kept inputs a little, the same way each time: what a test does with `#[path]` that feeds raw bytes to a
//! parser. A case is told by its seed and number, so that one which fails can be kept as a file of its own.

use std::path::Path;

/// Choices that follow from a seed.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        // No state may be zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One of the numbers below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or_default() % end
    }
}

/// Bytes that mean something to YAML, JSON, HTTP or UTF-8, so that most changes are felt.
const TELLING: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b": ",
    b",",
    b"&a ",
    b"*a",
    b"!",
    b"|",
    b">",
    b"%",
    b"@",
    b"`",
    b"'",
    b"\"",
    b"#",
    b"-",
    b"- ",
    b"---\n",
    b"? ",
    b"\n",
    b"\r",
    b"\t",
    b" ",
    b"  ",
    b"\0",
    b"\x1b[",
    b"\x7f",
    b"\x80",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"\xff",
    b"~",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"/",
    b"..",
    b"?",
    b"=",
    b"+",
    b"%00",
    b"%2F",
    b"%",
    b"$",
    b"${a}",
    b"(",
    b")",
    b"*",
    b".",
    b"\\",
    b"\\u0000",
    b"\\ud800",
];

/// The entry with a few changes; some take a piece out of the other.
pub(crate) fn mutate(choices: &mut Choices, entry: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = entry.to_vec();
    for _ in 0..=choices.below(4) {
        let at = choices.below(bytes.len() + 1);
        let end = at + choices.below((bytes.len() - at).min(40) + 1);
        match choices.below(7) {
            0 => {
                let piece = TELLING[choices.below(TELLING.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            1 => {
                let piece = TELLING[choices.below(TELLING.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].repeat(1 + choices.below(3));
                bytes.splice(at..at, piece);
            }
            4 if at < bytes.len() => bytes[at] ^= 1 << choices.below(8),
            5 => bytes.truncate(at),
            _ => {
                let from = choices.below(other.len() + 1);
                let to = from + choices.below((other.len() - from).min(80) + 1);
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

/// The files of a folder with their names, in order.
pub(crate) fn corpus(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut entries: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let bytes = std::fs::read(entry.path()).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), bytes))
        })
        .collect();
    entries.sort();
    entries
}

/// How many changed inputs are tried; `CORPUS_CASES` says it for a longer search.
pub(crate) fn cases(usual: usize) -> usize {
    let asked = std::env::var("CORPUS_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// The entries as they are, then changed ones, each with its name.
pub(crate) fn inputs(
    folder: &Path,
    seed: u64,
    cases: usize,
) -> impl Iterator<Item = (String, Vec<u8>)> {
    let entries = corpus(folder);
    let mut choices = Choices::new(seed);
    let kept = entries.clone();
    let changed = (0..cases).filter_map(move |case| {
        let count = entries.len();
        let (name, entry) = entries.get(choices.below(count.max(1)))?;
        let (_, other) = entries.get(choices.below(count.max(1)))?;
        let bytes = mutate(&mut choices, entry, other);
        Some((format!("{name}, seed {seed}, case {case}"), bytes))
    });
    kept.into_iter().chain(changed)
}
