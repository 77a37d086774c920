//! What the how-to says that `gcloud` can do at the emulator, held to what it did there.

use std::collections::BTreeSet;

use super::lives::Asked;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/how-to/emulator-with-gcloud.md"
);

/// The columns of the page's table, which are commands.
const VERBS: [&str; 5] = ["create", "list", "describe", "update", "delete"];

/// Fails unless the page says *yes* of exactly the commands that were carried out. What it says in other words is how
/// something comes about without such a command, or why there is none.
pub(crate) fn are_on_the_page(asked: &BTreeSet<Asked>) {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let carried_out: BTreeSet<String> = asked
        .iter()
        .map(|it| it.command.clone())
        .filter(|command| {
            VERBS
                .iter()
                .any(|verb| command.ends_with(&format!(".{verb}")))
        })
        .filter(|command| !command.starts_with("gcloud.beta."))
        .collect();
    assert_eq!(promised(&page), carried_out, "{PAGE}, and what was done");
}

/// The commands of which the table says *yes*, as `gcloud` calls them: `gcloud.compute.routes.describe`.
fn promised(page: &str) -> BTreeSet<String> {
    let head = format!("| `gcloud ...` | {} |\n", VERBS.join(" | "));
    let (_, table) = page.split_once(&head).unwrap();
    let rows = table.lines().skip(1).take_while(|it| it.starts_with('|'));
    let mut commands = BTreeSet::new();
    for row in rows {
        let mut cells = row.trim_matches('|').split(" | ");
        // Two groups may share a row. An option is none.
        let groups = cells
            .next()
            .unwrap_or_default()
            .split('`')
            .skip(1)
            .step_by(2);
        let groups: Vec<&str> = groups.filter(|group| !group.starts_with("--")).collect();
        for (verb, cell) in VERBS.into_iter().zip(cells) {
            let promised = groups.iter().filter(|_| cell.trim() == "yes");
            let name = |group: &&str| format!("gcloud.{}.{verb}", group.replace(' ', "."));
            commands.extend(promised.map(name));
        }
    }
    commands
}

#[test]
fn a_row_promises_each_of_its_groups() {
    let page = "\
        | `gcloud ...` | create | list | describe | update | delete |\n\
        | --- | --- | --- | --- | --- | --- |\n\
        | `run services`, `run jobs`, with `--all` | `run deploy` | yes | no | never | yes |\n\
        \n\
        | `run revisions` | yes | yes | yes | yes | yes |\n";
    let promised: Vec<String> = promised(page).into_iter().collect();
    let expected = [
        "gcloud.run.jobs.delete",
        "gcloud.run.jobs.list",
        "gcloud.run.services.delete",
        "gcloud.run.services.list",
    ];
    assert_eq!(promised, expected);
}
