//! How each link takes part: those that are declared, and those that only annotations remember.

use std::collections::BTreeMap;

use crate::codes::Code;
use crate::decide::{Orders, Wishes};
use crate::diagnostic::{Diagnostic, Origin, Severity};
use crate::hold::Remembered;
use crate::ids::LinkName;
use crate::link::{Deletion, Link, Reconcile, ServiceRef};
use crate::plan::removal::first_few;
use crate::world::World;

/// How a link takes part in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Standing {
    /// Its wishes are enforced.
    Enforced,
    /// Differences are said and not repaired.
    Reported,
    /// It is left alone.
    Suspended,
    /// Its declaration is wrong.
    Invalid,
    /// It contradicts another link.
    Conflicting,
    /// It is being undone.
    Released,
    /// It is gone from its source and protected from being undone.
    Protected,
    /// It is gone from its source, and what it made stays.
    Abandoned,
}

impl Standing {
    /// Of a link that shall be undone, or that is gone from its source.
    fn without_declaration(deletion: Deletion) -> Self {
        match deletion {
            Deletion::Restore => Self::Released,
            Deletion::Abandon => Self::Abandoned,
            Deletion::Protect => Self::Protected,
        }
    }
}

pub(crate) fn takes_part(standing: Option<&Standing>) -> bool {
    matches!(standing, Some(Standing::Enforced | Standing::Reported))
}

/// How every declared link takes part, by its declaration and these orders alone.
pub fn standings(wishes: &Wishes, orders: &Orders) -> BTreeMap<LinkName, Standing> {
    let mut standings: BTreeMap<LinkName, Standing> = wishes
        .broken
        .iter()
        .map(|name| (name.clone(), Standing::Invalid))
        .collect();
    for link in &wishes.links {
        let standing = if link.policy.suspend {
            Standing::Suspended
        } else if orders.destroy.contains(&link.name) {
            Standing::without_declaration(link.policy.deletion)
        } else {
            match link.policy.reconcile {
                Reconcile::Enforce => Standing::Enforced,
                Reconcile::Report => Standing::Reported,
            }
        };
        standings.insert(link.name.clone(), standing);
    }
    standings
}

/// Holds the links that were applied as protected, also where a declaration that was never applied has dropped that: it
/// may be one from another branch.
pub(crate) fn hold_protected(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    standings: &mut BTreeMap<LinkName, Standing>,
) {
    for (name, link) in remembered {
        let applied = link.as_ref().and_then(|link| link.memory.deletion);
        let undone =
            |standing: &&mut Standing| matches!(standing, Standing::Released | Standing::Abandoned);
        if applied == Some(Deletion::Protect)
            && let Some(standing) = standings.get_mut(name).filter(undone)
        {
            *standing = Standing::Protected;
        }
    }
}

/// Holds the links whose declaration names other ends than those between which they were applied. What is a new link under
/// the name of an old one would undo that one unasked, and before its own path is known to work.
pub(crate) fn hold_moved(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    wishes: &Wishes,
    world: &World,
    standings: &mut BTreeMap<LinkName, Standing>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for link in &wishes.links {
        let applied = remembered.get(&link.name).and_then(Option::as_ref);
        let Some(applied) = applied.filter(|_| takes_part(standings.get(&link.name))) else {
            continue;
        };
        let is_applied = |source: &ServiceRef, to: &str| {
            link.source == *source && link.destination.to_string() == to
        };
        let own = world.memory(&link.source).egress.this();
        let own = own.and_then(|record| record.links.get(&link.name.to_string()));
        if own.is_some_and(|record| is_applied(&link.source, &record.to))
            || is_applied(&applied.source, &applied.memory.to)
        {
            continue;
        }
        standings.insert(link.name.clone(), Standing::Invalid);
        let (message, field) = moved(link, applied);
        let found = Diagnostic::new(Code::FieldImmutable, link.origin.clone(), message);
        diagnostics.push(found.link(&link.name).field(field).help(
            "put it back, or declare a link of another name: `apply --prune` undoes the one that is not declared any more",
        ));
    }
    diagnostics
}

/// Which end of a link moved, from where to where; and the field that says so.
fn moved(link: &Link, applied: &Remembered) -> (String, &'static str) {
    let name = &link.name;
    let (was, is) = (&applied.source, &link.source);
    if was == is {
        let (was, is) = (&applied.memory.to, &link.destination);
        let message = format!(
            "{name} was applied to {was}, and is declared to {is}: the destination cannot change"
        );
        return (message, "spec.destination.service");
    }
    let message = format!(
        "{name} was applied from {was}, and is declared from {is}: the source cannot change"
    );
    let region_alone = (&was.project, &was.name) == (&is.project, &is.name);
    let field = if region_alone {
        "spec.region"
    } else {
        "spec.source"
    };
    (message, field)
}

/// Decides about the links that annotations remember and no source declares any more.
pub(crate) fn settle_forgotten(
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    wishes: &Wishes,
    orders: &Orders,
    world: &World,
    standings: &mut BTreeMap<LinkName, Standing>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let forgotten: Vec<&LinkName> = remembered
        .keys()
        .filter(|name| !standings.contains_key(*name))
        .filter(|name| is_of_this_run(name, remembered, world))
        .collect();
    if may_prune(wishes, orders) {
        for name in forgotten {
            let link = remembered.get(name).and_then(Option::as_ref);
            let deletion = link.and_then(|link| link.memory.deletion);
            let deletion = deletion.unwrap_or(Deletion::Restore);
            standings.insert(name.clone(), Standing::without_declaration(deletion));
        }
    } else if orders.prune && !forgotten.is_empty() {
        diagnostics.push(prune_held_back(forgotten.len(), wishes));
    } else if orders.destroy.is_empty() && !forgotten.is_empty() {
        diagnostics.push(not_declared_here(&forgotten, orders));
    }
    diagnostics.extend(explained(standings, wishes, remembered));
    diagnostics
}

/// Says that links are gone from their source and stay all the same, and what to do about it.
fn prune_held_back(count: usize, wishes: &Wishes) -> Diagnostic {
    let links = if count == 1 { "link is" } else { "links are" };
    let message = format!("{count} {links} no longer declared, and nothing is removed");
    let help = if wishes.complete {
        "the source declares nothing at all; run with --allow-empty if that is meant"
    } else {
        "a part of the source could not be read or understood; mend it first"
    };
    Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message).help(help)
}

/// Says which links of the set this run is not told of: they stay as they are, be they declared elsewhere or taken away.
fn not_declared_here(links: &[&LinkName], orders: &Orders) -> Diagnostic {
    let names: Vec<String> = links.iter().map(ToString::to_string).collect();
    let message = format!(
        "set {} has links that are not declared here and are left as they are: {}",
        orders.ours.set,
        first_few(&names)
    );
    Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message)
        .help("`--prune` with all declarations of the set undoes what is not declared any more")
        .severity(Severity::Info)
}

/// What there is to say of links that do not simply take part, at their declaration if they have one.
fn explained(
    standings: &BTreeMap<LinkName, Standing>,
    wishes: &Wishes,
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
) -> Vec<Diagnostic> {
    let declared = wishes.links.iter();
    let origins: BTreeMap<&LinkName, &Origin> =
        declared.map(|link| (&link.name, &link.origin)).collect();
    let explain = |(name, standing): (&LinkName, &Standing)| {
        let undeclared = || Origin::Cloud {
            id: name.to_string(),
        };
        let origin = origins.get(name);
        let origin = origin.map_or_else(undeclared, |origin| (*origin).clone());
        explain_standing(name, *standing, &origin, remembered.contains_key(name))
    };
    standings.iter().filter_map(explain).collect()
}

/// Is a link that only annotations remember one that this run was told of? Not when only somebody else's record leads to
/// its source, or to the only destination that remembers it.
fn is_of_this_run(
    name: &LinkName,
    remembered: &BTreeMap<LinkName, Option<Remembered>>,
    world: &World,
) -> bool {
    if let Some(link) = remembered.get(name).and_then(Option::as_ref) {
        return world.is_found(&link.source);
    }
    let name = name.to_string();
    let mut destinations = world.memories().filter(|(_, memory)| {
        let record = memory.ingress.this();
        record.is_some_and(|record| record.links.contains(&name))
    });
    destinations.any(|(service, _)| world.is_found(service))
}

fn explain_standing(
    name: &LinkName,
    standing: Standing,
    origin: &Origin,
    has_something: bool,
) -> Option<Diagnostic> {
    let say =
        |code, message: String| Some(Diagnostic::new(code, origin.clone(), message).link(name));
    match standing {
        Standing::Protected => say(
            Code::Protected,
            format!("{name} is protected and stays as it is"),
        )
        .map(|it| it.help("set `policy.deletion: Restore` and apply once before taking it away")),
        Standing::Abandoned if has_something => say(
            Code::Abandoned,
            format!("{name} is abandoned: what it made stays"),
        ),
        Standing::Suspended => say(
            Code::Suspended,
            format!("{name} is suspended: nothing is done for it"),
        )
        .map(|it| it.field("spec.policy.suspend")),
        Standing::Reported => say(
            Code::ReportOnly,
            format!("{name} is only reported: differences are not repaired"),
        )
        .map(|it| it.field("spec.policy.reconcile")),
        Standing::Invalid if has_something => say(
            Code::HeldAsItIs,
            format!("{name} keeps what it has until its declaration is mended"),
        ),
        Standing::Enforced
        | Standing::Conflicting
        | Standing::Released
        | Standing::Abandoned
        | Standing::Invalid => None,
    }
}

pub(crate) fn may_prune(wishes: &Wishes, orders: &Orders) -> bool {
    let empty = wishes.links.is_empty() && wishes.broken.is_empty();
    orders.prune && wishes.complete && (!empty || orders.allow_empty)
}
