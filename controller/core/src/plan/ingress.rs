//! Steps for the destination: who may reach it. Loosened at once, tightened only when the path is proven.

use std::collections::BTreeSet;

use serde_json::json;

use crate::cloud::{ServicePatch, Write};
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::kinds::service_egress::{Former, VERSION};
use crate::kinds::service_ingress::{
    ANNOTATION, ANNOTATION_FIELD, INGRESS_FIELD, IngressAnnotation, google_ingress,
};
use crate::kinds::{FieldChange, IngressSetting, Service, ServiceIngress};
use crate::link::Ingress;
use crate::plan::Step;
use crate::plan::ownership::{Owner, missing, owner};
use crate::world::Seen;

/// The step for a wanted destination.
pub fn step(context: &Context<'_>, node: &Node, wanted: &ServiceIngress) -> Step {
    let service = match context.world.service(&wanted.service) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => return missing(context, &wanted.service),
        Seen::Present(service) => service,
    };
    let will = IngressSetting::from(wanted.ingress);
    let change = ingress_change(service.ingress, will);
    let fields = change.iter().cloned().collect();
    let memory = match owner(context, &context.world.memory(&service.id).ingress, fields) {
        Owner::Nobody => None,
        Owner::Us(memory) => Some(memory),
        Owner::Other(step) => return *step,
    };
    match change {
        None => as_wished(context, node, wanted, service, memory),
        Some(change) => differs(context, node, wanted, service, memory, change),
    }
}

/// The field is as wished: at most the annotation has to say so.
fn as_wished(
    context: &Context<'_>,
    node: &Node,
    wanted: &ServiceIngress,
    service: &Service,
    memory: Option<&IngressAnnotation>,
) -> Step {
    let nothing = Step::nothing("it admits what it shall");
    if memory.is_none() && wanted.ingress == Ingress::All {
        // Google's default, and nothing of ours to remember.
        return nothing;
    }
    let former = match memory {
        Some(memory) => memory.former.clone(),
        // A source that remembers a link here tells that we wrote this once, and that the record of what was
        // there before is lost. So does one that is on our connector and remembers nothing.
        None if context.applied_before(node, service.ingress) || context.record_lost(node) => {
            Former::Unknown
        }
        None => Former::Value(service.ingress),
    };
    let annotation = annotation(context, wanted, memory, former);
    if memory == Some(&annotation) {
        return nothing;
    }
    let fields = vec![annotation_change(memory, Some(&annotation))];
    let patch = patch(service, Some(&annotation), None);
    Step::update(
        "the annotation records which links end here",
        fields,
        Write::PatchService(patch),
    )
}

fn differs(
    context: &Context<'_>,
    node: &Node,
    wanted: &ServiceIngress,
    service: &Service,
    memory: Option<&IngressAnnotation>,
    change: FieldChange,
) -> Step {
    let will = IngressSetting::from(wanted.ingress);
    let default = service.ingress == IngressSetting::All;
    if memory.is_none() && !default && !context.adopts_ingress(node, &wanted.service) {
        return Step::refuse(
            Code::HeldBySomebody,
            format!(
                "somebody set its ingress to {}",
                google_ingress(service.ingress)
            ),
        )
        .showing(vec![change])
        .help(format!(
            "add `adopt: [{{kind: ServiceIngress, name: {}}}]` to take it over",
            wanted.service.name
        ));
    }
    let former = match (memory, service.ingress) {
        (Some(memory), _) => memory.former.clone(),
        (None, IngressSetting::Unknown) => Former::Unknown,
        (None, setting) => Former::Value(setting),
    };
    let annotation = annotation(context, wanted, memory, former);
    let mut fields = vec![change];
    if memory != Some(&annotation) {
        fields.push(annotation_change(memory, Some(&annotation)));
    }
    let tightens = will < service.ingress;
    if tightens && let Some((whose, reason)) = context.unproven(&wanted.service) {
        // Where nothing is recorded yet, there is no record that changes.
        if memory.is_none() {
            fields.truncate(1);
        }
        let waits = Step::wait(Code::IngressHeld, held(&reason)).showing(fields);
        return waits.held_by(whose);
    }
    let why = if tightens {
        format!(
            "the path is proven, so only {} traffic is admitted",
            describe(wanted.ingress)
        )
    } else {
        format!("{} traffic is admitted", describe(wanted.ingress))
    };
    Step::update(
        why,
        fields,
        Write::PatchService(patch(service, Some(&annotation), Some(will))),
    )
}

fn held(reason: &str) -> String {
    format!("ingress is tightened when the path is proven: {reason}")
}

pub(crate) fn describe(ingress: Ingress) -> &'static str {
    match ingress {
        Ingress::Internal => "internal",
        Ingress::InternalAndCloudLoadBalancing => "internal and load-balanced",
        Ingress::All => "all",
    }
}

fn annotation(
    context: &Context<'_>,
    wanted: &ServiceIngress,
    memory: Option<&IngressAnnotation>,
    former: Former<IngressSetting>,
) -> IngressAnnotation {
    let kept = memory
        .map(|memory| memory.links.clone())
        .unwrap_or_default();
    let mut links: BTreeSet<String> = kept
        .into_iter()
        .filter(|name| context.keeps(name))
        .collect();
    links.extend(
        wanted
            .links
            .iter()
            .filter(|name| context.enforces(name))
            .cloned(),
    );
    IngressAnnotation {
        v: VERSION,
        installation: context.ours.clone(),
        service: Some(wanted.service.to_string()),
        former,
        wrote: wanted.ingress,
        links,
    }
}

/// The change of the field, if it changes.
pub fn ingress_change(was: IngressSetting, will: IngressSetting) -> Option<FieldChange> {
    (was != will).then(|| {
        FieldChange::new(
            INGRESS_FIELD,
            json!(google_ingress(was)),
            json!(google_ingress(will)),
        )
    })
}

/// The change of the annotation as a field.
pub fn annotation_change(
    was: Option<&IngressAnnotation>,
    will: Option<&IngressAnnotation>,
) -> FieldChange {
    FieldChange::new(ANNOTATION_FIELD, json!(was), json!(will))
}

/// One PATCH: the annotation with every other one as it was, and the field if it changes.
pub fn patch(
    service: &Service,
    annotation: Option<&IngressAnnotation>,
    ingress: Option<IngressSetting>,
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
        vpc_access: None,
        ingress,
    }
}
