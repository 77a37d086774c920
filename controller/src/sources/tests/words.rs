//! What is said of a mistake that everybody makes once.

use super::*;

/// What helps against the first mistake in a text.
fn help(test: &str, text: &str) -> String {
    let sources = Folder::new(test).write("a.yaml", text).read();
    let found = sources.diagnostics.into_iter().next().unwrap();
    assert!(found.is_error(), "{found:?}");
    found.help.unwrap()
}

#[test]
fn tabs_and_odd_indentation_are_answered_with_spaces() {
    for (test, before) in [
        ("tab", "\t"),
        ("tab_after", "  \t"),
        ("tab_before", "\t  "),
        ("odd_less", " "),
        ("odd_more", "   "),
    ] {
        for field in ["projectId", "region", "source"] {
            let text = PLAIN.replace(&format!("  {field}:"), &format!("{before}{field}:"));
            let help = help(test, &text);
            assert!(
                help.contains("use spaces"),
                "{field} after {before:?}: {help}"
            );
        }
    }
    let tabs = PLAIN.replace("  ", "\t");
    let all = "use spaces in front of a line: YAML takes no tabs there";
    assert_eq!(help("tabs", &tabs), all);
}

#[test]
fn a_name_that_kubernetes_does_not_accept_is_answered_with_one_that_it_does() {
    let metadata = "metadata: {name: orders-to-billing, namespace: payments}";
    assert!(PLAIN.contains(metadata));
    for (test, written, field, said) in [
        (
            "upper",
            "name: Orders_to.Billing",
            "metadata.name",
            "write `name: orders-to-billing`",
        ),
        (
            "signs",
            "name: '__'",
            "metadata.name",
            "write a name such as `name: orders-to-billing`",
        ),
        (
            "place",
            "name: a, namespace: Pay ments",
            "metadata.namespace",
            "write `namespace: pay-ments`",
        ),
    ] {
        let text = PLAIN.replace(metadata, &format!("metadata: {{{written}}}"));
        let sources = Folder::new(test).write("a.yaml", &text).read();
        let found = &sources.diagnostics[0];
        assert_eq!(found.code, Code::LinkNameInvalid);
        assert_eq!(found.field.as_deref(), Some(field));
        assert_eq!(found.help.as_deref(), Some(said));
    }
}

#[test]
fn where_nothing_is_piped_in_nobody_is_told_to_name_a_file() {
    let found = nothing_declared(&[PathOrStdin::Stdin]);
    assert_eq!(found.message, "no PrivateLink is declared in <stdin>");
    let help = found.help.unwrap();
    assert!(help.starts_with("what is piped in must print"), "{help}");
    let found = nothing_declared(&[PathOrStdin::Stdin, PathOrStdin::Path("links".into())]);
    assert_eq!(
        found.message,
        "no PrivateLink is declared in <stdin>, links"
    );
    let help = found.help.unwrap();
    assert!(help.starts_with("name a file"), "{help}");
}
