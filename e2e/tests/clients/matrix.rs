//! What each client does to each kind that is served, as the emulator saw it: kinds and methods come from the
//! emulator's own list, so that one without a client that asks for it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use privatelink_emulator::discovery;

use super::lives::Client;

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
const NOT_SERVED: &str = "the emulator does not serve it: its operations go when it ends";

const REASONS: &[Reason] = &[
    of(
        Client::Gcloud,
        "compute.globalOperations",
        Deed::Delete,
        NO_COMMAND,
    ),
    of(
        Client::Python,
        "compute.globalOperations",
        Deed::Delete,
        NOT_SERVED,
    ),
    of(
        Client::Gcloud,
        "compute.regionOperations",
        Deed::Delete,
        NO_COMMAND,
    ),
    of(
        Client::Python,
        "compute.regionOperations",
        Deed::Delete,
        NOT_SERVED,
    ),
    of(Client::Gcloud, "run.operations", Deed::List, NO_COMMAND),
    of(Client::Gcloud, "run.operations", Deed::Describe, NO_COMMAND),
    of(Client::Gcloud, "run.operations", Deed::Delete, NO_COMMAND),
    of(
        Client::Gcloud,
        "vpcaccess.operations",
        Deed::List,
        NO_COMMAND,
    ),
];

const fn of(client: Client, kind: &'static str, deed: Deed, why: &'static str) -> Reason {
    Reason {
        client,
        kind,
        deed,
        why,
    }
}

/// Served methods that no library for Python asks for, and why.
const UNASKED: &[(&str, &str)] = &[];

/// What there is to say of one client, one kind and one deed.
enum Cell {
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

/// Prints what a client did to each kind. Fails where it did not do what Google offers and nobody says why, and where
/// there is a reason too many. `asked` are the methods that the client asked for.
pub(crate) fn hold(client: Client, asked: &BTreeSet<String>) {
    let served: BTreeSet<&str> = privatelink_emulator::methods().collect();
    let kinds: BTreeSet<String> = served.iter().map(|method| kind(method)).collect();
    let done = cells(asked.iter().map(String::as_str));
    // Where Google's descriptions cannot be had, what is served is all that is known to be offered, and the reasons
    // cannot be judged.
    let described = discovery::pinned().ok();
    let offered = match described {
        Some(description) => cells(description.methods()),
        None => cells(served.iter().copied()),
    };
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for kind in &kinds {
        let _ = write!(table, "{} {kind}", client.name());
        for deed in Deed::ALL {
            let place = (kind.clone(), deed);
            let is_offered = offered.contains(&place);
            let reason = reason(client, kind, deed).filter(|_| is_offered || described.is_some());
            let cell = Cell::of(done.contains(&place), is_offered, reason);
            let _ = write!(table, "; {}: {}", deed.name(), cell.text());
            if let Cell::Wrong(why) = cell {
                wrong.push(format!("{} {kind} {}: {why}", client.name(), deed.name()));
            }
        }
        table.push('\n');
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}\n{table}");
}

/// Fails if the libraries for Python did not ask for each method that is served.
pub(crate) fn hold_methods(asked: &BTreeSet<String>) {
    let unasked: BTreeMap<&str, &str> = UNASKED.iter().copied().collect();
    let missing: Vec<&str> = privatelink_emulator::methods()
        .filter(|method| asked.contains(*method) == unasked.contains_key(method))
        .collect();
    assert!(missing.is_empty(), "nobody asks for {missing:#?}");
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
