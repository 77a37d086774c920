//! Drift: the declaration is the one last applied, and the plan is not empty all the same. Somebody changed
//! something. Ranked by what it does to the path.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize as _, Serialize};

use crate::codes::Code;
use crate::ids::LinkName;
use crate::kinds::service_ingress::{self as ingress, INGRESS_FIELD, google_ingress};
use crate::kinds::{FieldChange, Id, IngressSetting, Kind};
use crate::link::Ingress;
use crate::names::follows_our_scheme;
use crate::path::Trace;
use crate::plan::{Action, Step};

/// What drift does to the path, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Rank {
    /// Requests do not arrive any more.
    Broken,
    /// Requests arrive that should not.
    Exposed,
    /// The path works, and something beside it is lost.
    Degraded,
    /// Only our own records differ.
    Cosmetic,
}

impl Rank {
    /// The word that reports use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Broken => "Broken",
            Self::Exposed => "Exposed",
            Self::Degraded => "Degraded",
            Self::Cosmetic => "Cosmetic",
        }
    }
}

/// What a step repairs, given the links whose declaration is the one last applied. `None` when it carries out a
/// change of the declaration, or nothing.
///
/// `traces` are the paths as they were when the step was decided: what gave Private Google Access its effect is more than
/// something beside the path.
pub fn repaired(
    id: &Id,
    step: &Step,
    applied: &BTreeSet<LinkName>,
    traces: &BTreeMap<LinkName, Trace>,
) -> Option<Rank> {
    let concerned = step.links.iter().any(|link| applied.contains(link));
    // What several links share changes with each of them: a link that is new here, or gone from here, explains it.
    let explained = match id.kind() {
        Kind::Nat | Kind::Router | Kind::Address | Kind::Connector => {
            step.links.iter().any(|link| !applied.contains(link)) || only_drops_ours(step)
        }
        Kind::Network
        | Kind::Subnetwork
        | Kind::Route
        | Kind::Revision
        | Kind::ServiceEgress
        | Kind::ServiceIngress => false,
    };
    let rank = (concerned && !explained).then(|| rank(id, step)).flatten();
    let cut_off = || {
        let mut traces = step.links.iter().filter_map(|link| traces.get(link));
        traces.any(|trace| {
            let hop = trace.root_cause();
            hop.is_some_and(|hop| hop.code == Some(Code::PrivateAccessOff))
        })
    };
    match id.kind() {
        Kind::Nat | Kind::Router if rank.is_some() && cut_off() => Some(Rank::Broken),
        _ => rank,
    }
}

/// Does a NAT only lose subnetworks that some link of ours had once?
fn only_drops_ours(step: &Step) -> bool {
    !step.changes.is_empty()
        && step.changes.iter().all(|change| {
            let (was, will) = (names(&change.from), names(&change.to));
            let ours = |path: &&str| path.rsplit('/').next().is_some_and(follows_our_scheme);
            change.field == "subnetworks"
                && will.is_subset(&was)
                && was != will
                && was.difference(&will).all(ours)
        })
}

/// The names in a list.
fn names(value: &serde_json::Value) -> BTreeSet<&str> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(serde_json::Value::as_str).collect()
}

/// How much a step that repairs drift matters. `None` when there is nothing to repair.
pub fn rank(id: &Id, step: &Step) -> Option<Rank> {
    let differs = match step.action {
        Action::Create | Action::Update => true,
        Action::Wait | Action::Refuse | Action::Nothing => !step.changes.is_empty(),
        Action::Delete => id.kind() == Kind::Connector && !step.links.is_empty(),
    };
    if !differs {
        return None;
    }
    if step.changes.is_empty() {
        return Some(rank_missing(id.kind()));
    }
    // What only grows, and has grown, is told where it is and cannot be given back.
    if step.stays_larger() {
        return None;
    }
    // Which links a record lists changes with the declarations, and the projects that it leads to become fewer with what is
    // left there; nobody tampered when only that differs.
    let fewer = |change: &FieldChange| {
        let (was, will) = (
            names(&change.from["networks"]),
            names(&change.to["networks"]),
        );
        will.is_subset(&was) && was != will
    };
    let ours = |change: &&FieldChange| {
        change.field.starts_with("annotations[")
            && change.from.is_object()
            && (change.from["links"] != change.to["links"] || fewer(change))
    };
    // Nor where ingress is what we wrote last: then the declarations of others than these links have changed.
    let as_written = |change: &&FieldChange| {
        change.field == INGRESS_FIELD && last_written(step) == change.from.as_str()
    };
    let changes = step.changes.iter();
    let changes = changes.filter(|change| !ours(change) && !as_written(change));
    changes
        .map(|change| rank_field(id.kind(), &change.field, step))
        .min()
}

/// The ingress that we wrote last, as Google spells it, where a step changes the record that tells.
fn last_written(step: &Step) -> Option<&'static str> {
    let mut changes = step.changes.iter();
    let record = changes.find(|change| change.field == ingress::ANNOTATION_FIELD)?;
    let wrote = Ingress::deserialize(&record.from["wrote"]).ok()?;
    Some(google_ingress(IngressSetting::from(wrote)))
}

fn rank_missing(kind: Kind) -> Rank {
    match kind {
        Kind::Network
        | Kind::Subnetwork
        | Kind::Route
        | Kind::Connector
        | Kind::Revision
        | Kind::ServiceEgress
        | Kind::ServiceIngress => Rank::Broken,
        Kind::Address | Kind::Router | Kind::Nat => Rank::Degraded,
    }
}

fn rank_field(kind: Kind, field: &str, step: &Step) -> Rank {
    if field.starts_with("annotations[") {
        return Rank::Cosmetic;
    }
    match kind {
        Kind::ServiceIngress if field == INGRESS_FIELD => {
            let mut changes = step.changes.iter();
            let tightened = changes.any(|change| {
                change.field == INGRESS_FIELD && openness(&change.from) < openness(&change.to)
            });
            // Whoever was declared to come in, and comes by a way that is closed now, does not arrive.
            if tightened {
                Rank::Broken
            } else {
                Rank::Exposed
            }
        }
        Kind::Network
        | Kind::Subnetwork
        | Kind::Route
        | Kind::Revision
        | Kind::ServiceEgress
        | Kind::ServiceIngress => Rank::Broken,
        Kind::Address | Kind::Router | Kind::Nat | Kind::Connector => Rank::Degraded,
    }
}

/// The setting that a field holds, in the order of how much each admits.
fn openness(field: &serde_json::Value) -> IngressSetting {
    use IngressSetting::{All, Internal, InternalAndCloudLoadBalancing, None, Unknown};
    let mut settings = [None, Internal, InternalAndCloudLoadBalancing, All].into_iter();
    settings
        .find(|setting| field == google_ingress(*setting))
        .unwrap_or(Unknown)
}
