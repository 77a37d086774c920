//! Commands that pages show and that no test runs from there, each with the reason.

/// What a line begins with that somebody could type.
const PROGRAMS: [&str; 16] = [
    "cargo",
    "curl",
    "docker",
    "eval",
    "export",
    "gcloud",
    "git",
    "helm",
    "just",
    "kubectl",
    "kustomize",
    "pip",
    "privatelink",
    "python3",
    "rustup",
    "terraform",
];

/// The page, how the lines begin (all of them, if empty), and why they are not run from there.
const EXCUSED: &[(&str, &str, &str)] = &[
    (
        "docs/reference/cli.md",
        "",
        "help texts, which a test of the program itself holds to what it prints",
    ),
    (
        "README.md",
        "privatelink ",
        "what_the_readme_says_of_its_use_works takes these lines and runs them",
    ),
    (
        "docs/tutorial.md",
        "cargo build",
        "builds the very program that the session has on its path",
    ),
    (
        "docs/tutorial.md",
        "export PATH=$PWD/target/debug:$PATH",
        "the session has the program on its path",
    ),
    (
        "docs/how-to/check-the-emulator-against-google.md",
        "gcloud auth application-default login",
        "asks a person to log in to Google",
    ),
    (
        "docs/how-to/check-the-emulator-against-google.md",
        "privatelink conformance --project my-spare-project",
        "makes things in the real Google Cloud",
    ),
    (
        "manifests/README.md",
        "gcloud iam roles create",
        "IAM is no part of the emulator; documents::permissions holds the files to what is sent",
    ),
    (
        "manifests/README.md",
        "gcloud projects add-iam-policy-binding",
        "IAM is no part of the emulator",
    ),
];

/// The lines of a block that somebody could type.
pub(crate) fn commands(block: &str) -> Vec<&str> {
    let is_command = |line: &&str| {
        let words = line.trim_start().trim_start_matches("$ ").split(' ');
        // A variable for one command stands before it.
        let mut words = words.skip_while(|word| {
            let name = word.split_once('=').map(|(name, _)| name);
            name.is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        });
        words.next().is_some_and(|word| PROGRAMS.contains(&word))
    };
    block.lines().filter(is_command).collect()
}

/// The place in the list of the excuse for a line, if there is one.
pub(crate) fn excuse(page: &str, line: &str) -> Option<usize> {
    EXCUSED
        .iter()
        .position(|(of, begins, _)| *of == page && line.starts_with(begins))
}

/// Excuses that these are none of.
pub(crate) fn unused(used: &std::collections::BTreeSet<usize>) -> Vec<&'static str> {
    let unused = (0..EXCUSED.len()).filter(|place| !used.contains(place));
    unused.map(|place| EXCUSED[place].2).collect()
}
