//! What a link changes of somebody else's with consent: the record of what was there, and the giving back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::guests;
use crate::hold;
use crate::ids::{LinkName, Region};
use crate::kinds::service_egress::{ANNOTATION, EgressAnnotation};
use crate::kinds::subnetwork::PRIVATE_GOOGLE_ACCESS;
use crate::kinds::{FieldChange, Id, LiveSubnetwork, NatRef, RegionalRef};
use crate::link::ServiceRef;
use crate::names::Installation;
use crate::nats::served_by_another;
use crate::plan::{Action, Step, egress, jobs, trail};
use crate::uses::entry_id;
use crate::world::{Remembered, Seen, World};

/// Former values of the things of others that this source's links change with consent: those recorded already on
/// any source (so that a source that joins later keeps them when the first one leaves), and new ones.
pub(super) fn adopted(
    context: &Context<'_>,
    node: &Node,
    source: &ServiceRef,
    memory: Option<&EgressAnnotation>,
) -> BTreeMap<String, Value> {
    let mut records = BTreeMap::new();
    for id in context.existing_subnetworks(node) {
        let path = id.compute("subnetworks");
        let known = memory
            .and_then(|memory| memory.adopted.get(&path))
            .or_else(|| context.recorded_elsewhere(&path))
            .cloned();
        if let Some(record) = known.or_else(|| new_record(context, node, &id)) {
            records.insert(path, record);
        }
    }
    for (path, record) in memory.into_iter().flat_map(|memory| &memory.adopted) {
        if !records.contains_key(path) && owed(context, source, path) {
            records.insert(path.clone(), record.clone());
        }
    }
    records
}

/// Is the subnetwork that a source has moved away from still without what it had, and this source's record of that
/// the only one?
fn owed(context: &Context<'_>, source: &ServiceRef, path: &str) -> bool {
    let Some(id) = subnetwork_of_path(path).filter(|id| credible(context, source, id)) else {
        return false;
    };
    let on = match context.world.subnetwork(&id) {
        Seen::Present(live) => live.private_google_access,
        Seen::Absent => false,
        Seen::Unreadable(_) => true,
    };
    let memories = context.world.memories();
    let mut others = memories.filter(|(other, _)| *other != source);
    let elsewhere = others.any(|(_, memory)| {
        let record = memory.egress.this();
        record.is_some_and(|m| m.installation == *context.ours && m.adopted.contains_key(path))
    });
    on && !elsewhere
}

/// The former values of things of others that records of ours name.
pub(crate) fn records(world: &World, ours: &Installation) -> BTreeMap<String, Value> {
    let memories = world
        .memories()
        .filter_map(|(_, memory)| memory.egress.this());
    let ours = memories.filter(|memory| memory.installation == *ours);
    ours.flat_map(|memory| {
        memory
            .adopted
            .iter()
            .map(|(path, value)| (path.clone(), value.clone()))
    })
    .collect()
}

fn new_record(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Option<Value> {
    let live = context.world.subnetwork(id).present()?;
    let effective = live.private_google_access || context.served_by_nat(live);
    (!effective && context.adopts_subnetwork(node, id))
        .then(|| json!({PRIVATE_GOOGLE_ACCESS: false}))
}

/// Does this source's record name a subnetwork that has to get back what it had?
pub(super) fn owes(context: &Context<'_>, source: &ServiceRef, memory: &EgressAnnotation) -> bool {
    let mut recorded = memory
        .adopted
        .keys()
        .filter_map(|path| subnetwork_of_path(path));
    recorded.any(|id| credible(context, source, &id))
}

/// May this subnetwork have been adopted for a link of this source? Whoever may edit the service may have written the
/// record. A connector serves its own region, and lives on a /28 or, made by somebody else, on what it is on still:
/// where only machines live, no record of ours is about it.
fn credible(context: &Context<'_>, source: &ServiceRef, id: &RegionalRef) -> bool {
    let live = context.world.subnetwork(id).present();
    let of_connectors = |live: &LiveSubnetwork| {
        live.cidr.is_some_and(|cidr| cidr.prefix_len() == 28)
            || !context.uses.connectors_on(&live.id).is_empty()
    };
    id.region == source.region && live.is_none_or(of_connectors)
}

/// Does a link have the adopted subnetwork still? That no connector is seen on it says nothing to the contrary: the one
/// that was there is gone, and this record is what leads to it.
fn needed(context: &Context<'_>, subnetwork: &Id) -> bool {
    context.graph.node(subnetwork).is_some() || context.held.contains(subnetwork)
}

/// The sources that are undone and have adopted something, with their records.
fn undone(context: &Context<'_>) -> Vec<(ServiceRef, EgressAnnotation)> {
    let memories = context.world.memories();
    let memories = memories.filter_map(|(id, memory)| Some((id, memory.egress.this()?)));
    let undone = memories.filter(|(id, memory)| {
        let node = Id::ServiceEgress((*id).clone());
        memory.installation == *context.ours
            && !memory.adopted.is_empty()
            && context.may_remove(&node)
            && context.graph.node(&node).is_none()
            && memory.links.keys().all(|name| !context.keeps(name))
    });
    undone
        .map(|(id, memory)| (id.clone(), memory.clone()))
        .collect()
}

/// The regions in which a source that is undone goes on owing something when this plan is carried out, and is found by
/// what is ours there alone.
pub(super) fn owing_regions(context: &Context<'_>) -> BTreeSet<Region> {
    let forgets = |source: &ServiceRef| {
        let step = context.steps.get(&Id::ServiceEgress(source.clone()));
        let write = step.and_then(|step| step.write.as_ref());
        matches!(write, Some(Write::PatchService(patch)) if !patch.annotations.contains_key(ANNOTATION))
    };
    let owing = undone(context).into_iter().filter(|(source, memory)| {
        let found = context.world.is_told_of_service(source);
        !found && !forgets(source) && owes(context, source, memory)
    });
    owing.map(|(source, _)| source.region).collect()
}

/// Gives adopted subnetworks back what they had, once the source that adopted them is detached.
pub(super) fn restore_adopted(context: &mut Context<'_>) {
    for (source, memory) in undone(context) {
        let Some(service) = context.world.service(&source).present() else {
            continue;
        };
        let detached = memory.links.is_empty();
        let mut left = memory.clone();
        for path in memory.adopted.keys() {
            let id = subnetwork_of_path(path).filter(|id| credible(context, &source, id));
            let Some(id) = id else {
                left.adopted.remove(path);
                continue;
            };
            let node = Id::Subnetwork(id.clone());
            let on = match context.world.subnetwork(&id) {
                Seen::Present(live) => live.private_google_access,
                Seen::Absent => false,
                // Whether it has what it had is not known, so the record stays.
                Seen::Unreadable(why) => {
                    let why = why.to_owned();
                    context
                        .steps
                        .entry(node)
                        .or_insert_with(|| Step::unreadable(&why));
                    continue;
                }
            };
            if needed(context, &node) || !on {
                // Somebody else of ours needs it, or it has what it had: the record has done its work.
                left.adopted.remove(path);
            } else if detached && !still_served(context, &id) {
                let why = "adopted, and the link is gone: it gets back what it had before";
                let step = given_back(context, id, why);
                context.steps.insert(node, step);
            }
        }
        if detached && left.adopted.is_empty() {
            left.networks = trail::behind(context, service, &left, &left.adopted);
            let stays = !left.networks.is_empty() || guests::keeps_record(context, service, &left);
            let left = Some(&left).filter(|_| stays);
            let fields = egress::annotation_change(Some(&memory), left);
            let fields = fields.into_iter().collect();
            let write = Write::PatchService(egress::patch(service, left, None));
            let step = Step::update("everything adopted has got back what it had", fields, write);
            context.steps.insert(Id::ServiceEgress(source), step);
        }
    }
}

/// Does a NAT of ours go on serving it? Google keeps Private Google Access on for as long.
fn still_served(context: &Context<'_>, id: &RegionalRef) -> bool {
    let mut entries = context.uses.ours_listing(id, context.ours);
    entries.any(|entry| {
        let step = context.steps.get(&Id::Nat(entry_id(*entry)));
        step.is_none_or(|step| !step.action.writes())
    })
}

/// The subnetwork that a path names.
pub(super) fn subnetwork_of_path(path: &str) -> Option<RegionalRef> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["projects", project, "regions", region, "subnetworks", name] => Some(RegionalRef {
            project: project.parse().ok()?,
            region: region.parse().ok()?,
            name: name.parse().ok()?,
        }),
        _ => None,
    }
}

/// Gives adopted subnetworks back what they had, once the source that adopted them has moved to another one.
pub(super) fn restore_left(context: &mut Context<'_>) {
    let mut steps = BTreeMap::new();
    for (source, node) in sources(context) {
        let Some(memory) = context.world.memory(source).egress.this() else {
            continue;
        };
        let moved = |step: &Step| step.action == Action::Nothing;
        let settled = context.steps.get(&Id::ServiceEgress(source.clone()));
        if memory.installation != *context.ours || !settled.is_some_and(moved) {
            continue;
        }
        let left = memory
            .adopted
            .keys()
            .filter_map(|path| subnetwork_of_path(path))
            .filter(|id| credible(context, source, id));
        let gone = |node: &Id| !needed(context, node) && context.may_remove(node);
        for id in left.filter(|id| gone(&Id::Subnetwork(id.clone()))) {
            let live = context.world.subnetwork(&id).present();
            if live.is_some_and(|live| live.private_google_access) && !serves(context, source, &id)
            {
                let why = "adopted, and no link needs it any more: it gets back what it had before";
                let step = Step {
                    links: node.clone(),
                    ..given_back(context, id.clone(), why)
                };
                steps.insert(Id::Subnetwork(id), step);
            }
        }
    }
    for (id, step) in steps {
        context.steps.entry(id).or_insert(step);
    }
}

/// The sources that links of this turn have, with those links.
fn sources<'a>(
    context: &'a Context<'_>,
) -> impl Iterator<Item = (&'a ServiceRef, &'a BTreeSet<LinkName>)> {
    let nodes = context.graph.nodes.iter();
    nodes.filter_map(|(id, node)| match id {
        Id::ServiceEgress(source) => Some((source, &node.links)),
        _ => None,
    })
}

/// Does a revision of this source still send its traffic through a connector on this subnetwork?
fn serves(context: &Context<'_>, source: &ServiceRef, id: &RegionalRef) -> bool {
    let Some(service) = context.world.service(source).present() else {
        return true;
    };
    let pinned = hold::connectors_pinned(service, context.world);
    let on = context.uses.connectors_on(id);
    on.iter().any(|connector| pinned.contains(&connector.id))
}

/// Gives a subnetwork back what it had, unless a source of another set goes that way, or may.
fn given_back(context: &Context<'_>, id: RegionalRef, why: &'static str) -> Step {
    let connectors = context.uses.connectors_on(&id);
    if hold::users_unread(context.world, &id, connectors) {
        return Step::wait(
            Code::ScopeUnreadable,
            "who else goes this way could not be read",
        );
    }
    if let Some(nat) = kept_on(context, &id) {
        let why = format!(
            "adopted, and {} serves it, which keeps Private Google Access on",
            Id::Nat(nat)
        );
        return Step::wait(Code::LeftForOthers, why)
            .help("it gets back what it had once that NAT, which is somebody else's, is gone");
    }
    if let Some(stays) = jobs::access_stays(context, &id) {
        return stays;
    }
    match relied_on(context, &id) {
        Some(why) => Step::wait(Code::LeftForOthers, why)
            .help("undo that link first, or declare it in this set, which needs it undone in the other one"),
        None => switched_off(context, id, why),
    }
}

/// A NAT of others that serves it: Google refuses to switch Private Google Access off for as long
/// (`docs/reference/google-cloud.md#effective-private-google-access`).
fn kept_on(context: &Context<'_>, id: &RegionalRef) -> Option<NatRef> {
    let live = context.world.subnetwork(id).present()?;
    served_by_another(context.world, &live.network, id, context.ours)
}

/// What says that a source leaves through this subnetwork by a link of another set, which may have found it as it
/// wished.
fn relied_on(context: &Context<'_>, id: &RegionalRef) -> Option<String> {
    let connectors = context.uses.connectors_on(id).iter();
    let users = connectors.filter_map(|live| context.uses.services().get(&live.id));
    let unread = context.uses.unread_in(&id.region);
    let unread = unread.map(|revision| &revision.service);
    users.flatten().chain(unread).find_map(|user| {
        let name = &user.name;
        match &context.world.memory(user).egress {
            Remembered::Nothing => None,
            Remembered::Unintelligible(_) => Some(format!(
                "adopted, and the record on {name}, which goes this way, cannot be read"
            )),
            Remembered::This(record) => {
                let Installation { owner, set } = &record.installation;
                let theirs = record.installation != *context.ours && !record.links.is_empty();
                theirs.then(|| {
                    format!(
                        "adopted, and {name} goes this way by a link of owner {owner}, set {set}"
                    )
                })
            }
        }
    })
}

/// Google keeps it on while a NAT serves the subnetwork (`docs/reference/google-cloud.md#effective-private-google-access`), so what
/// this plan takes out of a NAT goes first.
fn switched_off(context: &Context<'_>, id: RegionalRef, why: &'static str) -> Step {
    let serving = context.uses.listing(&id).iter();
    let serving = serving.map(|entry| Id::Nat(entry_id(*entry)));
    let writes = |nat: &Id| {
        context
            .steps
            .get(nat)
            .is_some_and(|step| step.action.writes())
    };
    let leaving: BTreeSet<Id> = serving.filter(writes).collect();
    let fields = vec![FieldChange::new(
        PRIVATE_GOOGLE_ACCESS,
        true.into(),
        false.into(),
    )];
    Step::update(why, fields, Write::SetPrivateGoogleAccess(id, false)).after(leaving)
}
