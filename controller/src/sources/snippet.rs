//! Findings as a compiler shows them: the line, a caret, what is wrong and what to write instead.

use annotate_snippets::{AnnotationKind, Group, Level, Origin as Place, Renderer, Snippet, Title};
use privatelink_core::diagnostic::{Diagnostic, Origin, Severity};

use crate::printable::in_a_line;

/// The finding as text of several lines, without a line end.
pub(crate) fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let Diagnostic {
        severity,
        origin,
        code,
        link,
        field: _,
        message,
        help,
        snippet,
    } = diagnostic;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let place = origin.to_string();
    let place = in_a_line(&place);
    let title = level.primary_title(in_a_line(message)).id(code.number());
    let mut group = shown_at(title, origin, &place, snippet.as_deref());
    if let Some(link) = link.as_ref().filter(|link| link.to_string() != *place) {
        group = group.element(Level::NOTE.message(format!("in PrivateLink {link}")));
    }
    if let Some(help) = help {
        group = group.element(Level::HELP.message(in_a_line(help)));
    }
    let report: &[Group<'_>] = &[group];
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(report)
}

/// Beneath the title: the line itself with a caret when it was read, otherwise the place as far as it is known.
fn shown_at<'a>(
    title: Title<'a>,
    origin: &'a Origin,
    place: &'a str,
    snippet: Option<&'a str>,
) -> Group<'a> {
    match (origin, snippet) {
        (Origin::File { path, line, column }, Some(text)) => {
            // One character for one, so that columns stay.
            let text = in_a_line(text);
            let span = span(&text, *column);
            title.element(
                Snippet::source(text)
                    .path(in_a_line(path))
                    .line_start(*line as usize)
                    .annotation(AnnotationKind::Primary.span(span)),
            )
        }
        (Origin::File { path, line, column }, None) if *line > 0 => title.element(
            Place::path(in_a_line(path))
                .line(*line as usize)
                .char_column(*column as usize),
        ),
        (
            Origin::File { .. }
            | Origin::Object { .. }
            | Origin::CommandLine
            | Origin::Cloud { .. },
            _,
        ) => title.element(Place::path(place)),
    }
}

/// The bytes of the word or quoted text that starts at a column, counted in characters from 1.
fn span(line: &str, column: u32) -> std::ops::Range<usize> {
    let characters = column.saturating_sub(1) as usize;
    let start = line
        .char_indices()
        .nth(characters)
        .map_or(line.len(), |(start, _)| start);
    let rest = &line[start..];
    let length = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
        Some('{' | '[') => 1,
        Some(_) => word(rest),
        None => 0,
    };
    start..start + length
}

/// A plain scalar ends before a comment, the colon of a field, or what closes a flow.
fn word(rest: &str) -> usize {
    let ends = [": ", " #", ",", "}", "]"]
        .iter()
        .filter_map(|end| rest.find(end));
    let end = ends.min().unwrap_or(rest.len());
    let word = rest[..end].trim_end();
    word.strip_suffix(':').unwrap_or(word).len().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_covers_the_word_it_starts_at() {
        let covered = |line: &str, column| line[span(line, column)].to_owned();
        assert_eq!(covered("  netwrok: {name: prod}", 3), "netwrok");
        assert_eq!(covered("  cidr: 10.8.0.0/24  # too wide", 9), "10.8.0.0/24");
        assert_eq!(covered("x: {cidr: 'fd00::/28'}", 11), "'fd00::/28'");
        assert_eq!(covered("spec:", 1), "spec");
        assert_eq!(covered("", 1), "");
        assert_eq!(covered("é: ü", 4), "ü");
    }
}
