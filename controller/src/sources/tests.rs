#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::similar_names,
    clippy::format_push_string,
    clippy::format_collect
)]

use std::fs;
use std::path::Path;

use super::*;

mod corpus;
#[cfg(unix)]
mod hostile;
mod joined;
mod words;

const PLAIN: &str = "\
apiVersion: privatelink.dev/v1alpha1
kind: PrivateLink
metadata: {name: orders-to-billing, namespace: payments}
spec:
  projectId: acme-prod
  region: europe-west1
  source: {service: {name: orders}}
  destination: {service: {name: billing}, ingress: Internal}
  network: {name: prod}
  egress:
    connector: {managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}
";

/// A folder of its own for each test, removed when it passes.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("privatelink-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn read(&self) -> Sources {
        read(&[PathOrStdin::Path(self.0.clone())])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _kept_by_nobody = fs::remove_dir_all(&self.0);
    }
}

/// Reads one text, validates it, and shows everything that was found as a person sees it.
fn shown(test: &str, text: &str) -> String {
    let folder = Folder::new(test).write("a.yaml", text);
    let sources = folder.read();
    let mut found = privatelink_core::validate::validate(&sources.declared).diagnostics;
    sources.locate(&mut found);
    helpful(sources.diagnostics.iter().chain(&found));
    let found: Vec<String> = sources
        .diagnostics
        .iter()
        .chain(&found)
        .map(|found| render(found, false))
        .collect();
    found
        .join("\n\n")
        .replace(&format!("{}/", folder.0.display()), "")
}

/// Each error says what to write instead.
fn helpful<'a>(found: impl Iterator<Item = &'a Diagnostic>) {
    for found in found.filter(|found| found.is_error()) {
        assert!(found.help.is_some(), "{found:#?}");
    }
}

fn codes(sources: &Sources) -> Vec<Code> {
    helpful(sources.diagnostics.iter());
    sources.diagnostics.iter().map(|found| found.code).collect()
}

#[test]
fn the_plain_declaration_is_read_with_its_place() {
    let sources = Folder::new("plain").write("a.yaml", PLAIN).read();
    assert_eq!(sources.diagnostics, []);
    assert!(sources.complete);
    assert_eq!(
        sources.declared[0].name.to_string(),
        "payments/orders-to-billing"
    );
    assert!(
        sources.declared[0]
            .origin
            .to_string()
            .ends_with("a.yaml:1:1")
    );
}

#[test]
fn a_spec_that_is_misspelled_is_told_once() {
    let told = |text: String| {
        let sources = Folder::new("misspelled").write("a.yaml", text).read();
        assert_eq!(sources.named_broken.len(), 1);
        codes(&sources)
    };
    assert_eq!(told(PLAIN.replace("spec:", "sepc:")), [Code::UnknownField]);
    let only_the_head = PLAIN.split("spec:").next().unwrap().to_owned();
    assert_eq!(told(only_the_head), [Code::MissingField]);
}

const NOT_OURS: &str = "apiVersion: k/v1\nkind: K\n---\na: b\n---\na: c\n";

#[test]
fn folders_are_read_recursively_and_only_yaml_that_is_not_hidden() {
    let named = |name: &str| PLAIN.replace("orders-to-billing", name);
    let folder = Folder::new("folders")
        .write("b.yml", named("b"))
        .write("below/a.yaml", named("a"))
        .write(".hidden/c.yaml", named("c"))
        .write(".d.yaml", named("d"))
        .write("README.md", "# not YAML: {")
        .write("kustomization.yaml", NOT_OURS);
    let twice = PathOrStdin::Path(folder.0.join("b.yml"));
    let sources = read(&[PathOrStdin::Path(folder.0.clone()), twice]);
    let names: Vec<_> = sources
        .declared
        .iter()
        .map(|found| found.name.name())
        .collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(codes(&sources), [Code::OtherKindSkipped]);
    let told = &sources.diagnostics[0].message;
    assert!(told.ends_with("and 2 more documents here are not"));
    assert!(sources.complete);
}

#[test]
fn a_list_and_several_documents_are_read_one_by_one() {
    let item: String = PLAIN
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect::<String>()
        .replacen("    ", "  - ", 1);
    let list =
        format!("# exported\n---\napiVersion: v1\nkind: List\nitems:\n{item}---\n{PLAIN}---\n");
    let list = list.replacen("orders-to-billing", "first", 1);
    let sources = Folder::new("list").write("a.yaml", list).read();
    assert_eq!(sources.diagnostics, []);
    let places: Vec<_> = sources
        .declared
        .iter()
        .map(|found| found.origin.to_string())
        .collect();
    assert!(
        places[0].ends_with(":6:1") && places[1].ends_with(":18:1"),
        "{places:?}"
    );
}

#[test]
fn a_mistake_in_one_document_does_not_hide_the_others() {
    let text = format!(
        "{PLAIN}---\nspec: {{a: [}}\n---\n{}",
        PLAIN.replace("orders-to", "carts-to")
    );
    let sources = Folder::new("isolation").write("a.yaml", text).read();
    assert_eq!(sources.declared.len(), 2);
    assert_eq!(codes(&sources), [Code::NotYaml]);
    assert!(
        !sources.complete,
        "nobody knows what the broken document declares"
    );
}

#[test]
fn what_is_not_yaml_is_shown_with_its_line() {
    insta::assert_snapshot!(shown(
        "not_yaml",
        &PLAIN.replace("{name: prod}", "{name: prod")
    ));
    insta::assert_snapshot!(shown("tabs", &PLAIN.replace("  region", "\tregion")));
}

#[test]
fn every_mistake_in_a_declaration_is_shown_at_once() {
    let text = PLAIN
        .replace("network: {name: prod}", "netwrok: {name: prod}")
        .replace("ingress: Internal", "ingress: internal")
        .replace("region: europe-west1", "region: 7")
        .replace("projectId: acme-prod", "projectId: Acme");
    insta::assert_snapshot!(shown("every_mistake", &text));
}

#[test]
fn mistakes_in_values_point_at_the_value() {
    insta::assert_snapshot!(shown("cidr", &PLAIN.replace("10.8.0.0/28", "10.8.0.0/24")));
    let adopt =
        format!("# a comment first\n\n{PLAIN}  adopt:\n    - {{kind: Subnetwork, name: Own}}\n");
    insta::assert_snapshot!(shown("adopt", &adopt));
}

#[test]
fn a_reserved_field_is_told_apart_from_an_unknown_one() {
    let text = PLAIN.replace(
        "connector: {managed",
        "directVpc: {subnetwork: {existing: {name: s}}}\n    connector: {managed",
    );
    insta::assert_snapshot!(shown("reserved", &text));
}

#[test]
fn a_missing_field_says_what_to_write() {
    insta::assert_snapshot!(shown("missing", &PLAIN.replace(", ingress: Internal", "")));
}

#[test]
fn a_field_written_twice_is_refused_and_the_rest_still_checked() {
    let text = PLAIN.replace(
        "  network: {name: prod}\n",
        "  network: {name: prod}\n  network: {name: test}\n  typo: 1\n",
    );
    let sources = Folder::new("twice").write("a.yaml", &text).read();
    assert_eq!(sources.named_broken.len(), 1);
    assert!(sources.complete);
    insta::assert_snapshot!(shown("twice", &text));
}

#[test]
fn kinds_versions_and_names_that_are_not_ours_are_said() {
    let check = |test: &str, from: &str, to: &str| {
        let sources = Folder::new(test)
            .write("a.yaml", PLAIN.replace(from, to))
            .read();
        (
            codes(&sources),
            sources.named_broken.len(),
            sources.complete,
        )
    };
    let kind = check("kind", "kind: PrivateLink", "kind: PrivatLink");
    assert_eq!(kind, (vec![Code::UnknownKind], 1, true));
    let version = check("version", "v1alpha1", "v1");
    assert_eq!(version, (vec![Code::UnknownVersion], 1, true));
    let no_kind = check("no_kind", "kind: PrivateLink\n", "");
    assert_eq!(no_kind, (vec![Code::KindMissing], 1, true));
    let no_api = check("no_api", "apiVersion: privatelink.dev/v1alpha1\n", "");
    assert_eq!(no_api, (vec![Code::KindMissing], 1, true));
    let no_name = check("no_name", "name: orders-to-billing, ", "");
    assert_eq!(no_name, (vec![Code::NameMissing], 0, false));
    let bad_name = check("bad_name", "orders-to-billing", "Orders_to");
    assert_eq!(bad_name, (vec![Code::LinkNameInvalid], 0, false));
    let top = check("top", "metadata:", "extra: 1\nmetadata:");
    assert_eq!(top, (vec![Code::UnknownField], 1, true));
    let no_spec = Folder::new("no_spec")
        .write("a.yaml", PLAIN.split("spec:").next().unwrap())
        .read();
    assert_eq!(codes(&no_spec), [Code::MissingField]);
}

#[test]
fn a_written_null_counts_as_left_out() {
    let text = format!("{PLAIN}  access:\n  internet: ~\n");
    let sources = Folder::new("null").write("a.yaml", text).read();
    assert_eq!(sources.diagnostics, []);
    assert_eq!(sources.declared.len(), 1);
}

#[test]
fn what_cannot_be_read_is_said_and_forbids_pruning() {
    let sources = read(&[PathOrStdin::Path("/nowhere/links.yaml".into())]);
    assert_eq!(codes(&sources), [Code::SourceUnreadable]);
    assert!(!sources.complete);
    let large = Folder::new("large")
        .write("a.yaml", vec![b'#'; 5 * 1024 * 1024])
        .read();
    assert_eq!(
        (codes(&large), large.complete),
        (vec![Code::TooLarge], false)
    );
    let binary = Folder::new("binary")
        .write("a.yaml", [0xff, 0xfe, 0x00])
        .read();
    assert_eq!(
        (codes(&binary), binary.complete),
        (vec![Code::NotYaml], false)
    );
}

#[test]
fn deep_nesting_and_alias_bombs_are_refused_quickly() {
    let deep = format!("a: {}1{}\n", "[".repeat(5_000), "]".repeat(5_000));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{aliases}]\n"));
    }
    for (test, text) in [("deep", deep), ("bomb", bomb)] {
        let start = std::time::Instant::now();
        let sources = Folder::new(test).write("a.yaml", text).read();
        assert_eq!(
            codes(&sources),
            [Code::TooComplex],
            "{:?}",
            sources.diagnostics
        );
        assert!(!sources.complete);
        assert!(start.elapsed().as_secs() < 5, "{test}");
    }
}

#[test]
fn an_empty_source_is_an_error_and_says_that_it_is_empty() {
    let sources = Folder::new("empty")
        .write("a.yaml", "# nothing\n---\n---\n")
        .read();
    assert_eq!(codes(&sources), [Code::NothingDeclared]);
    assert!(sources.is_empty());
}

#[test]
fn carriage_returns_a_mark_and_a_directive_change_nothing() {
    let text = format!("\u{feff}%YAML 1.2\n---\n{PLAIN}...\n").replace('\n', "\r\n");
    let sources = Folder::new("crlf").write("a.yaml", text).read();
    assert_eq!(sources.diagnostics, []);
    assert_eq!(sources.declared.len(), 1);
}

#[test]
fn ten_thousand_documents_are_read_quickly() {
    let mut folder = Folder::new("many");
    for file in 0..10 {
        let document = |n: usize| {
            format!(
                "---\n{}",
                PLAIN.replace("orders", &format!("orders-{}", file * 1000 + n))
            )
        };
        folder = folder.write(
            &format!("{file}.yaml"),
            (0..1000).map(document).collect::<String>(),
        );
    }
    let start = std::time::Instant::now();
    let sources = folder.read();
    let time = start.elapsed();
    println!("10,000 documents read in {time:?}");
    assert_eq!(
        (sources.declared.len(), sources.diagnostics.len()),
        (10_000, 0)
    );
    // Optimised it takes about half a second; this only notices a mistake of another order.
    assert!(time.as_secs() < 60, "{time:?}");
}

#[test]
fn the_path_of_a_finding_is_the_path_that_was_given() {
    let folder = Folder::new("path").write("a.yaml", PLAIN.replace("prod}", "Prod}"));
    let sources = folder.read();
    let Origin::File { path, .. } = &sources.declared[0].origin else {
        panic!()
    };
    assert_eq!(Path::new(&**path), folder.0.join("a.yaml"));
}

#[test]
fn many_mistakes_in_one_document_are_found_in_one_go_and_the_first_are_shown() {
    let begun = std::time::Instant::now();
    let unknown: String = (0..20_000).map(|n| format!("k{n}: 1\n")).collect();
    let sources = Folder::new("many_mistakes")
        .write("a.yaml", format!("{PLAIN}{unknown}"))
        .read();
    assert_eq!(sources.diagnostics.len(), 21);
    assert!(sources.diagnostics[19].message.contains("`k19`"));
    assert_eq!(
        sources.diagnostics[20].message,
        "19980 more findings in this document, from here on, are not shown"
    );
    // A scan of the text for each of them would take minutes.
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

#[test]
fn many_documents_are_placed_in_one_go() {
    let begun = std::time::Instant::now();
    let folder = Folder::new("foreign").write("a.yaml", "---\nspec: {}\n".repeat(50_000));
    let sources = folder.read();
    assert!(sources.diagnostics.len() > 50_000);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
