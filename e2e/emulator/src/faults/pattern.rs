//! Patterns for the names of operations, in which `*` stands for any text, none included.

/// How long a pattern may be, in bytes; the longest name of an operation has less than half of it.
pub(super) const LONGEST: usize = 200;

/// True if the pattern is for this text. A star that took too little takes one more byte, and those before it keep
/// what they have: whatever they could take more, the last one can take as well. So there are never more steps than
/// the product of the two lengths.
pub(crate) fn admits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // Where to go on after the last star, and up to where that star has taken the text.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            star = Some((at, read));
        } else if pattern.get(at) == text.get(read) {
            at += 1;
            read += 1;
        } else if let Some((after, taken)) = star {
            at = after;
            read = taken + 1;
            star = Some((after, read));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc;
    use std::time::Duration;

    use super::{LONGEST, admits};

    #[test]
    fn a_star_stands_for_any_text() {
        let yes = [
            ("*", ""),
            ("**", "a"),
            ("", ""),
            ("a.*.c", "a.b.c"),
            ("a.*.c", "a.b.c.c"),
            ("*b*", "abc"),
            ("compute.*", "compute.networks.list"),
            ("*.list", "a.list.list"),
            ("a*", "a"),
            ("*é*", "caf\u{e9}s"),
        ];
        for (pattern, text) in yes {
            assert!(admits(pattern, text), "{pattern} {text}");
        }
        let no = [
            ("", "a"),
            ("a", ""),
            ("a.*", "b.a"),
            ("a.*.c", "a.c"),
            ("*.list", "a.list.get"),
            ("a*a", "a"),
            ("*ab", "aba"),
        ];
        for (pattern, text) in no {
            assert!(!admits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn no_number_of_stars_takes_long() {
        let (done, ended) = mpsc::channel();
        std::thread::spawn(move || {
            let text = "run.projects.locations.services.revisions.list";
            let stars = format!("{}x", "*".repeat(LONGEST - 1));
            let letters = format!("{}x", "*s".repeat(LONGEST / 2 - 1));
            done.send((admits(&stars, text), admits(&letters, text)))
        });
        let found = ended.recv_timeout(Duration::from_mins(1));
        assert_eq!(found.unwrap(), (false, false));
    }
}
