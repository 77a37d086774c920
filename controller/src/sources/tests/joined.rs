//! Several documents in one text, as joining files leaves them.

use super::*;

#[test]
fn joined_files_with_their_marks_and_ends_are_read_one_by_one() {
    let named = |name: &str| PLAIN.replace("orders-to-billing", name);
    let (one, two, three) = (named("one"), named("two"), named("three"));
    for (test, text, lines) in [
        (
            "boms",
            format!("\u{feff}---\n{one}\u{feff}---\n{two}"),
            [2, 14],
        ),
        ("bom_after_end", format!("{one}...\n\u{feff}{two}"), [1, 13]),
        (
            "bom_in_comments",
            format!("# a\n\u{feff}# b\n---\n{one}---\n{two}"),
            [4, 16],
        ),
        (
            "empty_first",
            format!("---\n...\n---\n{one}---\n---\n{two}"),
            [4, 17],
        ),
        (
            "ends",
            format!("---\n{one}... # done\n\n%YAML 1.2\n---\n{two}...\n...\n"),
            [2, 17],
        ),
    ] {
        let sources = Folder::new(test).write("a.yaml", &text).read();
        assert_eq!(sources.diagnostics, [], "{test}");
        let found: Vec<_> = sources
            .declared
            .iter()
            .map(|it| it.origin.clone())
            .collect();
        let at = lines.map(|line| format!(":{line}:1"));
        assert_eq!(found.len(), 2, "{test}");
        for (origin, at) in found.iter().zip(&at) {
            assert!(origin.to_string().ends_with(at), "{test}: {origin}");
        }
    }
    let mistake = format!("---\n...\n\u{feff}---\n{}", three.replace("prod}", "Prod}"));
    let shown = shown("joined", &mistake);
    assert!(shown.contains("a.yaml:12:19"), "{shown}");
}

#[test]
fn what_follows_the_end_of_a_document_is_refused_in_our_words() {
    let sources = Folder::new("after_end")
        .write("a.yaml", format!("{PLAIN}... kind: more\n"))
        .read();
    assert_eq!(codes(&sources), [Code::NotYaml]);
    assert!(!sources.complete);
    let message = &sources.diagnostics[0].message;
    assert!(!message.contains("from_str"), "{message}");
    // Nothing, said in a word.
    let sources = Folder::new("null_document")
        .write("a.yaml", format!("{PLAIN}...\nnull\n"))
        .read();
    assert_eq!((sources.diagnostics.len(), sources.declared.len()), (0, 1));
}
