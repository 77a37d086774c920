//! Steps for the source: how its traffic leaves, and the annotation that remembers.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cloud::{ServicePatch, Write};
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::guests;
use crate::kinds::service_egress::{
    ANNOTATION, ANNOTATION_FIELD, EgressAnnotation, Former, LinkMemory, VERSION, VpcAccessMemory,
    changes,
};
use crate::kinds::{FieldChange, Service, ServiceEgress, VpcAccess};
use crate::plan::Step;
use crate::plan::adoption::adopted;
use crate::plan::ownership::{Owner, missing, owner};
use crate::plan::trail::{self, TRAIL};
use crate::world::Seen;

/// The step for a wanted source.
pub fn step(context: &Context<'_>, node: &Node, wanted: &ServiceEgress) -> Step {
    let service = match context.world.service(&wanted.service) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => return missing(context, &wanted.service),
        Seen::Present(service) => service,
    };
    let desired = wanted.vpc_access();
    let fields = changes(service.vpc_access.as_ref(), Some(&desired));
    let memory = match owner(context, &context.world.memory(&service.id).egress, fields) {
        Owner::Nobody => None,
        Owner::Us(memory) => Some(memory),
        Owner::Other(step) => return *step,
    };
    let applied = memory.is_some_and(EgressAnnotation::was_applied);
    if !applied && let Some(refusal) = without_consent(context, node, service, &desired) {
        return refusal;
    }
    write(context, node, wanted, service, memory, &desired)
}

/// Refuses when the field holds somebody's value and nobody allowed us to take it.
fn without_consent(
    context: &Context<'_>,
    node: &Node,
    service: &Service,
    desired: &VpcAccess,
) -> Option<Step> {
    let live = service.vpc_access.as_ref()?;
    if live == desired || through_ours(context, service) || context.adopts_egress(node, &service.id)
    {
        return None;
    }
    let holder = match live.connector() {
        Some(connector) => format!("connector {}", connector.name),
        None => "a Direct VPC interface".to_owned(),
    };
    Some(
        Step::refuse(
            Code::HeldBySomebody,
            format!("its traffic leaves through {holder} already"),
        )
        .showing(changes(Some(live), Some(desired)))
        .help(format!(
            "add `adopt: [{{kind: ServiceEgress, name: {}}}]` to take it over",
            service.id.name
        )),
    )
}

fn write(
    context: &Context<'_>,
    node: &Node,
    wanted: &ServiceEgress,
    service: &Service,
    memory: Option<&EgressAnnotation>,
    desired: &VpcAccess,
) -> Step {
    let annotation = record(context, node, wanted, service, memory);
    if let Some(why) = comes_first(context, node, service, memory, &annotation) {
        return journal(why, service, memory, annotation);
    }
    let mut fields = changes(service.vpc_access.as_ref(), Some(desired));
    let moves = !fields.is_empty();
    fields.extend(annotation_change(memory, Some(&annotation)));
    if fields.is_empty() {
        return Step::nothing("all of its traffic enters the network through the connector");
    }
    let why = if moves {
        format!(
            "its traffic enters the network through connector {}",
            wanted.connector.name
        )
    } else {
        "the annotation records the links as applied".to_owned()
    };
    let patch = patch(
        service,
        Some(&annotation),
        moves.then(|| Some(desired.clone())),
    );
    Step::update(why, fields, Write::PatchService(patch))
}

/// What a source that has all it shall have remembers.
fn record(
    context: &Context<'_>,
    node: &Node,
    wanted: &ServiceEgress,
    service: &Service,
    memory: Option<&EgressAnnotation>,
) -> EgressAnnotation {
    let live = service.vpc_access.as_ref();
    let made_by_us = through_ours(context, service);
    let former = match memory {
        Some(memory) if made_by_us || memory.was_applied() || still_unknown(service, memory) => {
            memory.former.clone()
        }
        None if made_by_us || lost(context, node, service, &wanted.vpc_access()) => Former::Unknown,
        Some(_) | None => Former::Value(live.map(VpcAccessMemory::from)),
    };
    let mut links = kept_links(context, memory);
    let keeps = !links.is_empty();
    links.extend(enforced(context, wanted));
    let adopted = adopted(context, node, &wanted.service, memory);
    let mut networks = trail::wanted(context, node);
    if let Some(memory) = memory {
        networks.extend(trail::behind(context, service, memory, &adopted));
        // Which of them a link needs that takes no part is not known.
        networks.extend(memory.networks.iter().filter(|_| keeps).cloned());
    }
    EgressAnnotation {
        v: VERSION,
        installation: context.ours.clone(),
        service: Some(wanted.service.to_string()),
        former,
        wrote: Some(VpcAccessMemory::from(&wanted.vpc_access())),
        links,
        adopted,
        networks,
    }
}

/// Is egress what we wrote, and unknown what it was before?
fn still_unknown(service: &Service, memory: &EgressAnnotation) -> bool {
    let live = service.vpc_access.as_ref().map(VpcAccessMemory::from);
    memory.former == Former::Unknown && live == memory.wrote
}

/// Has a source on a connector of others lost its record? It is as a link wishes, with a NAT of ours behind it, and the
/// destination of that link remembers it.
fn lost(context: &Context<'_>, node: &Node, service: &Service, desired: &VpcAccess) -> bool {
    let as_wished = service.vpc_access.as_ref() == Some(desired);
    let served = desired.connector();
    let served = served.is_some_and(|connector| guests::has_our_nat(context, connector));
    let mut links = node.links.iter().filter_map(|name| context.link(name));
    as_wished && served && links.any(|link| context.is_remembered(link))
}

/// Does its traffic leave through a connector of ours?
fn through_ours(context: &Context<'_>, service: &Service) -> bool {
    let live = service.vpc_access.as_ref().and_then(VpcAccess::connector);
    live.is_some_and(|connector| context.ours.made(connector.name.as_str()))
}

/// Why this record has to be written before anything else is done for the source, if it has to.
fn comes_first(
    context: &Context<'_>,
    node: &Node,
    service: &Service,
    memory: Option<&EgressAnnotation>,
    record: &EgressAnnotation,
) -> Option<&'static str> {
    // Former values of adopted things are written down before those things change.
    let adopted = memory.map(|memory| &memory.adopted);
    if !record.adopted.is_empty() && adopted != Some(&record.adopted) {
        return Some(JOURNAL);
    }
    // A source that leaves through its connector already leads there by that.
    let live = service.vpc_access.as_ref().map(VpcAccessMemory::from);
    let arrived = through_ours(context, service) && live == record.wrote;
    let led_to = |project| memory.is_some_and(|memory| memory.networks.contains(project));
    let leads = arrived || record.networks.iter().all(led_to);
    (!leads && context.all_blocked(&node.links).is_none()).then_some(TRAIL)
}

/// An annotation-only write that comes before anything it speaks of. The links carry no digest yet.
fn journal(
    why: &'static str,
    service: &Service,
    memory: Option<&EgressAnnotation>,
    annotation: EgressAnnotation,
) -> Step {
    // What is gone is forgotten by a later write: nothing has been undone yet.
    let gone = memory.into_iter().flat_map(|memory| &memory.links);
    let gone = gone.filter(|(name, _)| !annotation.links.contains_key(*name));
    let gone: Vec<(String, LinkMemory)> = gone.map(|(n, l)| (n.clone(), l.clone())).collect();
    let links = annotation.links.iter().map(|(name, link)| {
        let known = memory.and_then(|memory| memory.links.get(name)).cloned();
        (
            name.clone(),
            known.unwrap_or_else(|| LinkMemory {
                digest: String::new(),
                ..link.clone()
            }),
        )
    });
    let live = service.vpc_access.as_ref();
    let wrote = match memory {
        Some(memory) => memory.wrote.clone(),
        None => live.map(VpcAccessMemory::from),
    };
    let first = EgressAnnotation {
        links: links.chain(gone).collect(),
        wrote,
        ..annotation
    };
    let fields = annotation_change(memory, Some(&first));
    let recording = Write::PatchService(patch(service, Some(&first), None));
    Step::update(why, fields.into_iter().collect(), recording)
}

/// How a journal step is known: it must not wait for what it precedes.
pub const JOURNAL: &str = "the former values of adopted things are recorded before they change";

/// Links of this annotation that are not part of this turn's wishes and are not released either.
fn kept_links(
    context: &Context<'_>,
    memory: Option<&EgressAnnotation>,
) -> BTreeMap<String, LinkMemory> {
    let links = memory
        .map(|memory| memory.links.clone())
        .unwrap_or_default();
    links
        .into_iter()
        .filter(|(name, _)| context.keeps(name))
        .collect()
}

/// The wishes of links that are enforced; those that are only reported leave no trace.
fn enforced(context: &Context<'_>, wanted: &ServiceEgress) -> BTreeMap<String, LinkMemory> {
    wanted
        .links
        .iter()
        .filter(|(name, _)| context.enforces(name))
        .map(|(n, l)| (n.clone(), l.clone()))
        .collect()
}

/// The change of the annotation as a field, if it changes.
pub fn annotation_change(
    was: Option<&EgressAnnotation>,
    will: Option<&EgressAnnotation>,
) -> Option<FieldChange> {
    (was != will).then(|| FieldChange::new(ANNOTATION_FIELD, json!(was), json!(will)))
}

/// One PATCH: the annotation with every other one as it was, and the field if it changes.
pub fn patch(
    service: &Service,
    annotation: Option<&EgressAnnotation>,
    vpc_access: Option<Option<VpcAccess>>,
) -> ServicePatch {
    let mut annotations = service.annotations.clone();
    match annotation {
        Some(annotation) => drop(annotations.insert(ANNOTATION.to_owned(), annotation.text())),
        None => drop(annotations.remove(ANNOTATION)),
    }
    ServicePatch {
        service: service.id.clone(),
        etag: service.etag.clone(),
        annotations,
        vpc_access,
        ingress: None,
    }
}
