//! What each client does to each kind that is served, as the emulator saw it: kinds and methods come from the
//! emulator's own list, so that one without a client that asks for it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use privatelink_emulator::discovery;

use super::lives::{Asked, Client};

/// What can be done to a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Create,
    List,
    Describe,
    Update,
    Delete,
}

impl Deed {
    const ALL: [Self; 5] = [
        Self::Create,
        Self::List,
        Self::Describe,
        Self::Update,
        Self::Delete,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::List => "list",
            Self::Describe => "describe",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// What a method does, by the last word of its name; `None` for those that do something else, such as to wait.
    fn of(method: &str) -> Option<Self> {
        let word = method.rsplit('.').next().unwrap_or_default();
        let changes = ["expand", "patch", "replace", "set", "switchTo", "update"];
        match word {
            "create" | "insert" => Some(Self::Create),
            "aggregatedList" | "list" => Some(Self::List),
            "get" => Some(Self::Describe),
            "delete" => Some(Self::Delete),
            // A policy is no part of what it is about.
            "setIamPolicy" => None,
            _ => changes
                .iter()
                .any(|change| word.starts_with(change))
                .then_some(Self::Update),
        }
    }
}

/// The kind that a method is about: its API and its collection, whatever else is in the name.
fn kind(method: &str) -> String {
    let words: Vec<&str> = method.split('.').collect();
    let collection = words.iter().rev().nth(1).copied().unwrap_or_default();
    format!("{}.{collection}", words[0])
}

/// Why a client does not do what Google offers.
struct Reason {
    client: Client,
    kind: &'static str,
    deed: Deed,
    why: &'static str,
}

const NO_COMMAND: &str = "gcloud has no such command";

const REASONS: &[Reason] = &[
    of(
        Client::Gcloud,
        "compute.globalOperations",
        Deed::Delete,
        NO_COMMAND,
    ),
    of(
        Client::Gcloud,
        "compute.regionOperations",
        Deed::Delete,
        NO_COMMAND,
    ),
    of(Client::Gcloud, "run.operations", Deed::List, NO_COMMAND),
    of(Client::Gcloud, "run.operations", Deed::Describe, NO_COMMAND),
    of(Client::Gcloud, "run.operations", Deed::Delete, NO_COMMAND),
];

const fn of(client: Client, kind: &'static str, deed: Deed, why: &'static str) -> Reason {
    Reason {
        client,
        kind,
        deed,
        why,
    }
}

/// Where `gcloud` would have a command for a kind that something is said not to be there for.
const GROUPS: &[(&str, &str)] = &[
    ("compute.globalOperations", "compute operations"),
    ("compute.regionOperations", "compute operations"),
    ("run.operations", "run operations"),
];

/// The commands that `gcloud` is said not to have.
pub(crate) fn no_commands() -> BTreeSet<String> {
    let reasons = REASONS.iter().filter(|it| it.why == NO_COMMAND);
    let command = |it: &Reason| {
        let group = GROUPS.iter().find(|(kind, _)| *kind == it.kind);
        let (_, group) = group.unwrap_or_else(|| panic!("in which group would {} be?", it.kind));
        format!("{group} {}", it.deed.name())
    };
    reasons.map(command).collect()
}

/// Served methods that no library for Python asks for, and why.
const UNASKED: &[(&str, &str)] = &[];

/// What there is to say of one client, one kind and one deed.
pub(crate) enum Cell {
    Done,
    NotOffered,
    Excused(&'static str),
    Wrong(&'static str),
}

impl Cell {
    fn of(done: bool, offered: bool, reason: Option<&'static str>) -> Self {
        match (done, offered, reason) {
            (true, _, None) => Self::Done,
            (false, false, None) => Self::NotOffered,
            (false, true, Some(reason)) => Self::Excused(reason),
            (false, true, None) => Self::Wrong("not done, and nobody says why"),
            (true, _, Some(_)) => Self::Wrong("done, though there is a reason why not"),
            (false, false, Some(_)) => Self::Wrong("no such method, and there is a reason too"),
        }
    }

    fn text(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotOffered => "Google offers no such method",
            Self::Excused(why) | Self::Wrong(why) => why,
        }
    }
}

/// What one client did to each kind.
pub(crate) type Deeds = BTreeMap<String, [Cell; 5]>;

/// Prints what a client did to each kind, and gives it. Fails where it did not do what Google offers and nobody says
/// why, and where there is a reason too many. `asked` are the methods that the client asked for.
pub(crate) fn hold(client: Client, asked: &BTreeSet<Asked>) -> Deeds {
    let served: BTreeSet<&str> = privatelink_emulator::methods().collect();
    let kinds: BTreeSet<String> = served.iter().map(|method| kind(method)).collect();
    let wanted = asked.iter().filter(|it| is_wanted(client, it));
    let done = cells(wanted.map(|it| it.method.as_str()));
    // Where Google's descriptions cannot be had, what is served is all that is known to be offered, and the reasons
    // cannot be judged.
    let described = discovery::pinned().ok();
    let offered = match described {
        Some(description) => cells(description.methods()),
        None => cells(served.iter().copied()),
    };
    let deeds: Deeds = kinds
        .into_iter()
        .map(|kind| {
            let cells = Deed::ALL.map(|deed| {
                let place = (kind.clone(), deed);
                let is_offered = offered.contains(&place);
                let is_judged = is_offered || described.is_some();
                let reason = reason(client, &kind, deed).filter(|_| is_judged);
                Cell::of(done.contains(&place), is_offered, reason)
            });
            (kind, cells)
        })
        .collect();
    let (mut table, mut wrong) = (String::new(), 0);
    for (kind, cells) in &deeds {
        let _ = write!(table, "{} {kind}", client.name());
        for (deed, cell) in Deed::ALL.into_iter().zip(cells) {
            let _ = write!(table, "; {}: {}", deed.name(), cell.text());
            wrong += u32::from(matches!(cell, Cell::Wrong(_)));
        }
        table.push('\n');
    }
    println!("{table}");
    assert!(wrong == 0, "{wrong} of these are wrong:\n{table}");
    deeds
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/emulator.md");
const FROM: &str = "<!-- clients: written by the test -->\n";
const TO: &str = "<!-- /clients -->";

/// Holds the table of the page to what both clients did, or writes it.
pub(crate) fn is_on_the_page(gcloud: &Deeds, python: &Deeds) {
    let mut table = "| kind | create | list | describe | update | delete |\n".to_owned();
    table.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for (kind, cells) in gcloud {
        let _ = write!(table, "| `{kind}` |");
        for (of_gcloud, of_python) in cells.iter().zip(&python[kind]) {
            let _ = write!(table, " {} |", both(of_gcloud, of_python));
        }
        table.push('\n');
    }
    let text = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = text.split_once(FROM).unwrap();
    let (_, after) = rest.split_once(TO).unwrap();
    let fresh = format!("{before}{FROM}{table}{TO}{after}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &fresh).unwrap();
    } else {
        let refresh = "UPDATE=1 cargo test -p privatelink --test clients each_client";
        assert!(
            text == fresh,
            "{PAGE} is stale; refresh it with `{refresh}`"
        );
    }
}

/// What the page says of two cells.
fn both(gcloud: &Cell, python: &Cell) -> String {
    match (gcloud, python) {
        (Cell::Done, Cell::Done) => "both".to_owned(),
        (Cell::NotOffered, Cell::NotOffered) => "-".to_owned(),
        (Cell::Done, other) => format!("gcloud; {}", other.text()),
        (other, Cell::Done) => format!("Python; {}", other.text()),
        (one, other) => format!("{}; {}", one.text(), other.text()),
    }
}

/// Fails if the libraries for Python did not ask for each method that is served.
pub(crate) fn hold_methods(asked: &BTreeSet<Asked>) {
    let asked: BTreeSet<&str> = asked.iter().map(|it| it.method.as_str()).collect();
    let unasked: BTreeMap<&str, &str> = UNASKED.iter().copied().collect();
    let missing: Vec<&str> = privatelink_emulator::methods()
        .filter(|method| asked.contains(*method) == unasked.contains_key(method))
        .collect();
    assert!(missing.is_empty(), "nobody asks for {missing:#?}");
}

/// Whether a method was what its user wanted: `gcloud` looks at things also while it makes them.
fn is_wanted(client: Client, asked: &Asked) -> bool {
    let last = asked.command.rsplit('.').next().unwrap_or_default();
    match (client, Deed::of(&asked.method)) {
        (Client::Gcloud, Some(deed @ (Deed::List | Deed::Describe))) => last == deed.name(),
        (Client::Gcloud | Client::Python, _) => true,
    }
}

fn reason(client: Client, kind: &str, deed: Deed) -> Option<&'static str> {
    let mut reasons = REASONS
        .iter()
        .filter(|it| it.client == client && it.kind == kind && it.deed == deed);
    reasons.next().map(|it| it.why)
}

/// What these methods do, and to what.
fn cells<'a>(methods: impl Iterator<Item = &'a str>) -> BTreeSet<(String, Deed)> {
    methods
        .filter_map(|method| Some((kind(method), Deed::of(method)?)))
        .collect()
}
