//! A page's fenced blocks: commands, and what they print.

/// A block that matters here.
pub(crate) enum Block {
    /// `sh`: run.
    Commands(String),
    /// `console`: printed by the commands before it.
    Output(Shown),
}

/// What a page shows of an output.
pub(crate) struct Shown(String);

/// Stands for lines that are left out.
const LEFT_OUT: &str = "...";

impl Shown {
    /// The first part that the output does not have, in order. Parts are separated by lines left out.
    pub(crate) fn missing_in(&self, output: &str) -> Option<String> {
        let output: Vec<&str> = output.lines().map(str::trim_end).collect();
        let lines: Vec<&str> = self.0.lines().map(str::trim_end).collect();
        let mut from = 0;
        for part in lines
            .split(|line| line.trim() == LEFT_OUT)
            .filter(|part| !part.is_empty())
        {
            let place = (from..=output.len().saturating_sub(part.len()))
                .find(|start| output[*start..].starts_with(part));
            match place {
                Some(start) => from = start + part.len(),
                None => return Some(part.join("\n")),
            }
        }
        None
    }

    fn is_whole(text: &str) -> bool {
        text.lines().all(|line| line.trim() != LEFT_OUT)
    }
}

/// The blocks of a page.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    visit(text, |language, content| match language {
        "sh" => found.push(Block::Commands(content.to_owned())),
        "console" => found.push(Block::Output(Shown(content.to_owned()))),
        _ => {}
    });
    found
}

/// All fenced blocks of a page: the language, and the text.
pub(crate) fn fenced(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    visit(text, |language, content| {
        found.push((language.to_owned(), content.to_owned()));
    });
    found
}

/// The page with its whole outputs replaced by what was printed.
pub(crate) fn with_output(text: &str, printed: &[&str]) -> String {
    let mut printed = printed.iter();
    let mut page = text.to_owned();
    visit(text, |language, content| {
        if language == "console" {
            let now = printed.next().unwrap().trim_matches('\n').trim_end();
            if Shown::is_whole(content) {
                let before = format!("```console\n{content}```");
                page = page.replacen(&before, &format!("```console\n{now}\n```"), 1);
            }
        }
    });
    page
}

/// Calls back with the language and the content of each fenced block, in order.
fn visit(text: &str, mut each: impl FnMut(&str, &str)) {
    let mut rest = text;
    while let Some(start) = rest.find("\n```") {
        let (language, after) = rest[start + 4..].split_once('\n').unwrap();
        let end = after.find("```").unwrap();
        each(language.trim(), &after[..end]);
        rest = &after[end + 3..];
    }
}
