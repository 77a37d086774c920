//! Words that were probably meant by others: what is a few slips of the keyboard away.

/// The word of the choice that is a few slips away at most; of equals the first by name.
pub(crate) fn nearest<'a>(written: &str, choice: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let near = choice.filter_map(|word| {
        let bound = 1 + word.len() / 4;
        // Comparing takes time and room for each letter.
        if written.len().abs_diff(word.len()) > bound {
            return None;
        }
        let slips = edits(&written, &word.to_lowercase());
        // Something of it has to be there: every single letter is one slip away from every other.
        (slips <= bound && slips < word.len()).then_some((slips, word))
    });
    near.min().map(|(_, word)| word)
}

/// Is this the word with a slip or two?
pub fn is_near(written: &str, word: &str) -> bool {
    written.len().abs_diff(word.len()) <= 2
        && edits(&written.to_lowercase(), &word.to_lowercase()) <= 2
}

/// How many letters must be added, dropped, replaced or swapped with their neighbour.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}
