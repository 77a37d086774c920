//! Inputs that want to hang us, fill the memory, or read what is none of theirs.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use super::*;

fn messages(sources: &Sources) -> Vec<&str> {
    let found = &sources.diagnostics;
    found.iter().map(|found| &*found.message).collect()
}

/// Makes a named pipe.
fn pipe(folder: &Folder, name: &str) -> PathBuf {
    let pipe = folder.0.join(name);
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    pipe
}

#[test]
fn pipes_and_devices_are_refused_without_being_opened() {
    let folder = Folder::new("pipe").write("a.yaml", PLAIN);
    pipe(&folder, "pipe.yaml");
    let sources = folder.read();
    assert_eq!(codes(&sources), [Code::SourceUnreadable]);
    assert!(messages(&sources)[0].ends_with("pipe.yaml` is neither a file nor a directory"));
    assert_eq!((sources.complete, sources.declared.len()), (false, 1));
    for path in ["/dev/zero", "/dev/tty"] {
        let named = read(&[PathOrStdin::Path(path.into())]);
        assert_eq!(codes(&named), [Code::SourceUnreadable], "{path}");
    }
}

/// As `privatelink validate <(make-links)` names one.
#[test]
fn a_pipe_that_is_named_itself_is_read() {
    let folder = Folder::new("named-pipe");
    let pipe = pipe(&folder, "pipe");
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, PLAIN)
    });
    let sources = read(&[PathOrStdin::Path(pipe)]);
    writer.join().unwrap().unwrap();
    assert_eq!(codes(&sources), []);
    assert_eq!((sources.complete, sources.declared.len()), (true, 1));
}

#[test]
fn links_in_circles_end() {
    let folder = Folder::new("circle").write("below/a.yaml", PLAIN);
    symlink("..", folder.0.join("below/up")).unwrap();
    symlink(".", folder.0.join("here")).unwrap();
    symlink("self.yaml", folder.0.join("self.yaml")).unwrap();
    let sources = folder.read();
    assert_eq!(codes(&sources), [Code::SourceUnreadable]);
    assert!(messages(&sources)[0].contains("self.yaml` cannot be read: "));
    assert_eq!(sources.declared.len(), 1);
}

#[test]
fn a_link_that_leads_out_of_the_directory_is_not_followed() {
    let outside = Folder::new("outside").write("secret.yaml", "token: [ya29.secret\n");
    let folder = Folder::new("inside").write("real/a.yaml", PLAIN);
    let link = |name: &str| symlink(outside.0.join("secret.yaml"), folder.0.join(name)).unwrap();
    link("b.yaml");
    symlink(&outside.0, folder.0.join("c")).unwrap();
    // What leads elsewhere within it is followed: Kubernetes mounts its volumes in this way.
    symlink("real/a.yaml", folder.0.join("a.yaml")).unwrap();
    let sources = folder.read();
    assert_eq!(codes(&sources), [Code::SourceUnreadable; 2]);
    for found in &sources.diagnostics {
        let shown = render(found, false);
        assert!(shown.contains("leads out of the directory that was named"));
        assert!(!shown.contains("ya29"), "{shown}");
    }
    assert_eq!((sources.complete, sources.declared.len()), (false, 1));
    // Whoever names both means both.
    let named = read(&[
        PathOrStdin::Path(folder.0.clone()),
        PathOrStdin::Path(outside.0.clone()),
    ]);
    assert_eq!(codes(&named), [Code::NotYaml]);
}

#[test]
fn all_sources_together_have_a_limit() {
    let mut folder = Folder::new("together");
    let comment = format!("# {}\n", "x".repeat(4 * 1024 * 1024 - 3));
    for file in 0..16 {
        folder = folder.write(&format!("{file:02}.yaml"), &comment);
    }
    assert_eq!(codes(&folder.read()), [Code::NothingDeclared]);
    let folder = folder.write("16.yaml", PLAIN).write("17.yaml", PLAIN);
    let sources = folder.read();
    assert_eq!(codes(&sources), [Code::TooLarge]);
    assert_eq!(
        messages(&sources),
        ["the sources are longer than 64 MiB together"]
    );
    assert!(!sources.complete && sources.declared.is_empty());
}

#[test]
fn a_million_tiny_documents_are_not_read_to_their_end() {
    let folder = Folder::new("million")
        .write("a.yaml", "1\n---\n".repeat(600_000))
        .write("b.yaml", PLAIN);
    let sources = folder.read();
    let said = messages(&sources);
    assert!(said.len() <= MOST_KEPT + 2, "{}", said.len());
    let stop = "from here on, documents are not read: there are more than 100000";
    assert!(said.contains(&stop));
    assert!(!sources.complete && sources.declared.is_empty());
}

#[test]
fn findings_without_number_are_counted_and_not_kept() {
    let mut folder = Folder::new("findings");
    for file in 0..2 {
        let unknown: String = (0..51_000).map(|n| format!("k{n}: 1\n")).collect();
        folder = folder.write(&format!("{file}.yaml"), format!("{PLAIN}{unknown}"));
    }
    let sources = folder.read();
    let said = messages(&sources);
    assert!(
        said.contains(&"2000 more findings are not shown"),
        "{said:?}"
    );
    assert!(sources.diagnostics.iter().any(Diagnostic::is_error));
}

#[test]
fn a_long_name_before_many_repetitions_is_not_repeated_with_each() {
    let again = "  a: 1\n".repeat(100_000);
    let text = format!("? {}\n:\n{again}", "k".repeat(1_000_000));
    let sources = Folder::new("repeated").write("a.yaml", text).read();
    for found in &sources.diagnostics {
        let length = found.message.len() + found.field.as_ref().map_or(0, String::len);
        assert!(length < 3_000, "{length}");
    }
}

#[test]
fn a_line_without_end_is_told_of_and_not_shown() {
    let long = "x".repeat(1_500_000);
    let sources = Folder::new("line")
        .write("a.yaml", PLAIN.replace("acme-prod", &long))
        .write("b.yaml", format!("apiVersion: {long}\nkind: {long}\n"))
        .write("c.yaml", format!("{long}: [\n"))
        .read();
    let mut found = sources.diagnostics.clone();
    let mut validated = privatelink_core::validate::validate(&sources.declared).diagnostics;
    sources.locate(&mut validated);
    found.append(&mut validated);
    assert!(found.len() >= 3, "{}", found.len());
    for found in &found {
        let shown = render(found, false);
        assert!(shown.len() < 4_000, "{}", shown.len());
        assert!(shown.contains(".yaml:"), "{shown}");
    }
}

#[test]
fn a_text_that_is_not_utf_8_is_told_where() {
    let sources = Folder::new("latin")
        .write("a.yaml", b"# one\n# two\nname: caf\xe9\n")
        .read();
    assert_eq!(codes(&sources), [Code::NotYaml]);
    assert!(messages(&sources)[0].ends_with("is not a UTF-8 text: see line 3"));
}

#[test]
fn one_range_in_many_regions_is_not_told_of_each_to_each() {
    let link = |n: usize, region: &str| {
        let text = PLAIN.replace("europe-west1", region);
        format!("---\n{}", text.replace("orders", &format!("orders-{n}")))
    };
    let letter = |n: usize| char::from(b"abcdefghijklmnopqrstuvwxyz"[n]);
    let text: String = (0..300)
        .map(|n| link(n, "europe-west1"))
        .chain(
            (300..600).map(|n| link(n, &format!("europe-{}{}1", letter(n / 26), letter(n % 26)))),
        )
        .collect();
    let sources = Folder::new("regions").write("a.yaml", text).read();
    let found = privatelink_core::validate::validate(&sources.declared).diagnostics;
    let overlaps = found.iter().filter(|it| it.code == Code::RangesOverlap);
    assert_eq!(overlaps.count(), 600);
}

#[test]
fn deep_and_wide_directories_are_walked_in_one_go() {
    let folder = Folder::new("deep_directories");
    let mut below = folder.0.clone();
    for _ in 0..900 {
        below.push("a");
    }
    fs::create_dir_all(&below).unwrap();
    for number in 0..1_000 {
        fs::write(below.join(format!("{number}.yaml")), "").unwrap();
    }
    // What leads back up is followed once, from wherever it is met.
    symlink(&folder.0, below.join("up")).unwrap();
    symlink("0.yaml", below.join("again.yaml")).unwrap();
    let begun = std::time::Instant::now();
    let sources = folder.read();
    assert_eq!(codes(&sources), [Code::NothingDeclared]);
    // Asking the system for the real place of each file takes half a minute, and this a fraction of a second.
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
