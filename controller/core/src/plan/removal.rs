//! Steps for what is ours and not wished any more. The order of safety is in the order of the functions: who may
//! reach a destination is loosened first, then its sources are detached, then what carried them goes.
//!
//! Nothing is removed because something was not read, and nothing that a live service still uses: what is in use
//! by somebody who does not leave in this very plan waits.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Write;
use crate::codes::Code;
use crate::decide::Context;
use crate::diagnostic::{Diagnostic, Origin};
use crate::hold;
use crate::kinds::service_egress::{EgressAnnotation, Former, VpcAccessMemory, changes};
use crate::kinds::service_ingress::IngressAnnotation;
use crate::kinds::{
    Attachment, ConnectorState, Id, IngressSetting, LiveConnector, LiveNat, LiveRouter, Nat, NatAddresses, NatRef,
    NatSources, RegionalRef, Service, VpcAccess,
};
use crate::link::ServiceRef;
use crate::plan::{Action, Step, egress, ingress};

/// Adds the steps of everything that goes.
pub fn add(context: &mut Context<'_>) {
    let destinations: Vec<ServiceRef> = context.world.memories().map(|(service, _)| service.clone()).collect();
    for service in &destinations {
        add_step(context, Id::ServiceIngress(service.clone()), release_ingress(context, service));
    }
    for service in &destinations {
        add_step(context, Id::ServiceEgress(service.clone()), release_egress(context, service));
    }
    let users = hold::connector_users(context.world);
    let connectors: Vec<LiveConnector> =
        context.world.connectors().filter(|live| context.ours.made(live.id.name.as_str())).cloned().collect();
    for live in &connectors {
        add_step(context, Id::Connector(live.id.clone()), remove_connector(context, live, &users));
    }
    let routers: Vec<LiveRouter> = context.world.routers().cloned().collect();
    for router in &routers {
        for nat in router.nats.iter().filter(|nat| context.ours.made(nat.name.as_str())) {
            let id = NatRef { router: router.id.clone(), name: nat.name.clone() };
            add_step(context, Id::Nat(id.clone()), remove_nat(context, &id, nat));
        }
    }
    for router in &routers {
        add_step(context, Id::Router(router.id.clone()), remove_router(context, router));
    }
    let addresses: Vec<RegionalRef> = context
        .world
        .addresses()
        .filter(|live| context.is_ours(live.mark.as_ref()))
        .map(|live| live.id.clone())
        .collect();
    for id in addresses {
        add_step(context, Id::Address(id.clone()), remove_address(context, &id, &routers));
    }
    let subnetworks: Vec<RegionalRef> = context
        .world
        .subnetworks()
        .filter(|live| context.is_ours(live.mark.as_ref()))
        .map(|live| live.id.clone())
        .collect();
    for id in subnetworks {
        add_step(context, Id::Subnetwork(id.clone()), remove_subnetwork(context, &id, &connectors, &routers));
    }
    restore_adopted(context);
}

fn add_step(context: &mut Context<'_>, id: Id, step: Option<Step>) {
    if let Some(step) = step {
        context.steps.entry(id).or_insert(step);
    }
}

/// Gives a destination back what it had before us.
fn release_ingress(context: &Context<'_>, id: &ServiceRef) -> Option<Step> {
    if context.graph.node(&Id::ServiceIngress(id.clone())).is_some() {
        return None;
    }
    let memory = context.world.memory(id).ingress.this().filter(|memory| memory.installation == *context.ours)?;
    let service = context.world.service(id).present()?;
    let kept: BTreeSet<String> = memory.links.iter().filter(|name| context.keeps(name)).cloned().collect();
    if !kept.is_empty() || !context.may_remove(&Id::ServiceIngress(id.clone())) {
        if kept == memory.links || kept.is_empty() {
            return None;
        }
        let left = IngressAnnotation { links: kept, ..memory.clone() };
        let fields = vec![ingress::annotation_change(Some(memory), Some(&left))];
        let patch = ingress::patch(service, Some(&left), None);
        return Some(Step::update("a link that ended here is gone", fields, Write::PatchService(patch)));
    }
    let untouched = service.ingress == IngressSetting::from(memory.wrote);
    let restored = match memory.former {
        Former::Value(former) if untouched => Some(IngressSetting::from(former)),
        Former::Value(_) | Former::Unknown => None,
    };
    let change = restored.and_then(|former| ingress::ingress_change(service.ingress, former));
    let why = match (&memory.former, untouched) {
        (Former::Value(_), true) => "the link is gone: ingress gets back what it had before",
        (Former::Value(_), false) => "the link is gone: somebody changed ingress since, so it is left as it is",
        (Former::Unknown, _) => "the link is gone: what ingress was before is unknown, so it is left as it is",
    };
    let mut step = Step::update(
        why,
        change.iter().cloned().chain([ingress::annotation_change(Some(memory), None)]).collect(),
        Write::PatchService(ingress::patch(service, None, change.and(restored))),
    );
    if memory.former == Former::Unknown {
        step.code = Some(Code::FormerValueUnknown);
    }
    Some(step)
}

/// Detaches a source, or drops the links that are gone from its annotation.
fn release_egress(context: &Context<'_>, id: &ServiceRef) -> Option<Step> {
    if context.graph.node(&Id::ServiceEgress(id.clone())).is_some() {
        return None;
    }
    let memory = context.world.memory(id).egress.this().filter(|memory| memory.installation == *context.ours)?;
    let service = context.world.service(id).present()?;
    let kept: BTreeMap<_, _> =
        memory.links.iter().filter(|(name, _)| context.keeps(name)).map(|(n, l)| (n.clone(), l.clone())).collect();
    if !kept.is_empty() || !context.may_remove(&Id::ServiceEgress(id.clone())) {
        if kept.is_empty() || kept == memory.links {
            return None;
        }
        let left = EgressAnnotation { links: kept, ..memory.clone() };
        let fields = egress::annotation_change(Some(memory), Some(&left)).into_iter().collect();
        let patch = egress::patch(service, Some(&left), None);
        return Some(Step::update("a link that started here is gone", fields, Write::PatchService(patch)));
    }
    let destinations = memory.links.values().filter_map(|link| hold::service_of_path(&link.to));
    let after = destinations.map(Id::ServiceIngress).filter(|id| context.steps.get(id).is_some_and(|s| s.action.writes()));
    let step = detach(context, service, memory);
    Some(if step.action.writes() { step.after(after.collect::<Vec<_>>()) } else { step })
}

fn detach(context: &Context<'_>, service: &Service, memory: &EgressAnnotation) -> Step {
    let live = service.vpc_access.as_ref().map(VpcAccessMemory::from);
    let untouched = live == memory.wrote;
    let restored: Option<Option<VpcAccess>> = match &memory.former {
        Former::Value(former) if untouched && live != *former => Some(former.as_ref().and_then(vpc_access)),
        Former::Value(_) | Former::Unknown => None,
    };
    let pinned: Vec<RegionalRef> = hold::connectors_pinned(service, context.world)
        .into_iter()
        .filter(|connector| context.ours.made(connector.name.as_str()))
        .collect();
    // The annotation stays while a revision that serves still uses our connector, so that it is not taken for
    // unused, and while adopted things have not got back what they had.
    let stays = (!pinned.is_empty() && !service.template_serves()) || !memory.adopted.is_empty();
    let left = EgressAnnotation { links: BTreeMap::new(), wrote: restored_memory(memory, restored.as_ref()), ..memory.clone() };
    let annotation = stays.then_some(&left);
    let mut fields = match &restored {
        Some(access) => changes(service.vpc_access.as_ref(), access.as_ref()),
        None => Vec::new(),
    };
    fields.extend(egress::annotation_change(Some(memory), annotation));
    if fields.is_empty() {
        let pins = pinned.first().map_or_else(String::new, |connector| connector.name.to_string());
        return if pins.is_empty() {
            Step::wait(Code::Waiting, "adopted things get back what they had first")
        } else {
            Step::wait(Code::TrafficPinned, format!("a revision with traffic or a tag still uses connector {pins}"))
                .help("move traffic and tags to the latest revision")
        };
    }
    let why = match (&memory.former, untouched) {
        (Former::Value(_), true) => "the link is gone: egress gets back what it had before",
        (Former::Value(_), false) => "the link is gone: somebody changed egress since, so it is left as it is",
        (Former::Unknown, _) => "the link is gone: what egress was before is unknown, so it is left as it is",
    };
    let mut step = Step::update(why, fields, Write::PatchService(egress::patch(service, annotation, restored)));
    if memory.former == Former::Unknown {
        step.code = Some(Code::FormerValueUnknown);
    }
    step
}

fn restored_memory(memory: &EgressAnnotation, restored: Option<&Option<VpcAccess>>) -> Option<VpcAccessMemory> {
    match restored {
        Some(access) => access.as_ref().map(VpcAccessMemory::from),
        None => memory.wrote.clone(),
    }
}

fn vpc_access(memory: &VpcAccessMemory) -> Option<VpcAccess> {
    let attachment = match (&memory.connector, &memory.direct) {
        (Some(path), _) => Attachment::Connector(hold::connector_of_path(path)?),
        (None, Some(direct)) => Attachment::Direct {
            network: direct.network.as_deref().and_then(network_of_path),
            subnetwork: direct.subnetwork.clone(),
            tags: direct.tags.clone(),
        },
        (None, None) => return None,
    };
    Some(VpcAccess { attachment, routing: memory.egress })
}

fn network_of_path(path: &str) -> Option<crate::link::NetworkRef> {
    let (project, name) = path.strip_prefix("projects/")?.split_once("/global/networks/")?;
    Some(crate::link::NetworkRef { project: project.parse().ok()?, name: name.parse().ok()? })
}

/// The steps of this plan that take a connector's users away; `Err` names a user that stays.
fn users_leave(
    context: &Context<'_>,
    connector: &RegionalRef,
    users: &BTreeMap<RegionalRef, BTreeSet<ServiceRef>>,
) -> Result<BTreeSet<Id>, ServiceRef> {
    let mut after = BTreeSet::new();
    for user in users.get(connector).into_iter().flatten() {
        let id = Id::ServiceEgress(user.clone());
        let leaves = context.steps.get(&id).is_some_and(|step| match &step.write {
            Some(Write::PatchService(patch)) => patch
                .vpc_access
                .as_ref()
                .is_some_and(|access| access.as_ref().and_then(VpcAccess::connector) != Some(connector)),
            _ => false,
        });
        let pinned = context
            .world
            .service(user)
            .present()
            .is_none_or(|service| !service.template_serves() || hold::connectors_pinned(service, context.world).contains(connector));
        if !leaves || pinned {
            return Err(user.clone());
        }
        after.insert(id);
    }
    Ok(after)
}

fn remove_connector(
    context: &Context<'_>,
    live: &LiveConnector,
    users: &BTreeMap<RegionalRef, BTreeSet<ServiceRef>>,
) -> Option<Step> {
    let id = Id::Connector(live.id.clone());
    if !context.unwanted(&id) {
        return None;
    }
    if let Some(why) = context.services_unread(&live.id) {
        return Some(Step::wait(Code::ScopeUnreadable, format!("who uses it could not be read: {why}")));
    }
    if matches!(live.state, ConnectorState::Creating | ConnectorState::Updating | ConnectorState::Deleting) {
        return Some(Step::wait(Code::Waiting, "the connector is being worked on"));
    }
    Some(match users_leave(context, &live.id, users) {
        Ok(after) => {
            Step::delete("no link wants it any more", Write::DeleteConnector(live.id.clone())).after(after)
        }
        Err(user) => Step::wait(Code::UsedByService, format!("{user} still uses it")),
    })
}

fn remove_nat(context: &Context<'_>, id: &NatRef, live: &LiveNat) -> Option<Step> {
    if !context.unwanted(&Id::Nat(id.clone())) {
        return None;
    }
    let users = hold::connector_users(context.world);
    let mut after = BTreeSet::new();
    let mut stay = BTreeSet::new();
    for subnetwork in live.listed() {
        let connectors = context.world.connectors().filter(|c| c.subnetwork.as_ref() == Some(subnetwork));
        let mut leaving = BTreeSet::new();
        let all_leave = connectors.map(|c| users_leave(context, &c.id, &users)).all(|result| match result {
            Ok(steps) => {
                leaving.extend(steps);
                true
            }
            Err(_) => false,
        });
        if all_leave && !context.holds(&Id::Subnetwork(subnetwork.clone())) {
            after.extend(leaving);
        } else {
            stay.insert(subnetwork.clone());
        }
    }
    let listed: BTreeSet<RegionalRef> = live.listed().cloned().collect();
    if stay.is_empty() {
        return Some(Step::delete("no link wants it any more", Write::DeleteNat(id.clone())).after(after));
    }
    if stay == listed || !matches!(live.sources, NatSources::Listed(_)) {
        return Some(Step::wait(Code::LeftForOthers, "what it serves is still in use"));
    }
    let wanted = Nat {
        id: id.clone(),
        addresses: live.addresses.clone(),
        subnetworks: stay,
        min_ports_per_vm: live.min_ports_per_vm,
    };
    let fields = wanted.diff(live);
    Some(Step::update("some of what it served is gone", fields, Write::PutNat(wanted)).after(after))
}

fn remove_router(context: &Context<'_>, live: &LiveRouter) -> Option<Step> {
    let id = Id::Router(live.id.clone());
    if !context.is_ours(live.mark.as_ref()) || !context.unwanted(&id) {
        return None;
    }
    let mut after = BTreeSet::new();
    for nat in &live.nats {
        let entry = Id::Nat(NatRef { router: live.id.clone(), name: nat.name.clone() });
        match context.steps.get(&entry).map(|step| step.action) {
            Some(Action::Delete) => drop(after.insert(entry)),
            Some(_) | None => {
                return Some(Step::wait(Code::LeftForOthers, format!("NAT {} is still in it", nat.name)));
            }
        }
    }
    Some(Step::delete("no NAT of ours is left in it", Write::DeleteRouter(live.id.clone())).after(after))
}

fn remove_address(context: &Context<'_>, id: &RegionalRef, routers: &[LiveRouter]) -> Option<Step> {
    if !context.unwanted(&Id::Address(id.clone())) {
        return None;
    }
    let mut after = BTreeSet::new();
    for router in routers.iter().filter(|r| r.id.project == id.project && r.id.region == id.region) {
        for nat in &router.nats {
            let uses = matches!(&nat.addresses, NatAddresses::Manual(names) if names.contains(&id.name));
            let entry = Id::Nat(NatRef { router: router.id.clone(), name: nat.name.clone() });
            let goes = context.steps.get(&entry).is_some_and(|step| match &step.write {
                Some(Write::DeleteNat(_)) => true,
                Some(Write::PutNat(wanted)) => {
                    !matches!(&wanted.addresses, NatAddresses::Manual(names) if names.contains(&id.name))
                }
                _ => false,
            });
            match (uses, goes) {
                (false, _) => {}
                (true, true) => drop(after.insert(entry)),
                (true, false) => return Some(Step::wait(Code::LeftForOthers, format!("NAT {} still uses it", nat.name))),
            }
        }
    }
    Some(Step::delete("no link wants it any more", Write::DeleteAddress(id.clone())).after(after))
}

fn remove_subnetwork(
    context: &Context<'_>,
    id: &RegionalRef,
    connectors: &[LiveConnector],
    routers: &[LiveRouter],
) -> Option<Step> {
    if !context.unwanted(&Id::Subnetwork(id.clone())) {
        return None;
    }
    let mut after = BTreeSet::new();
    for connector in connectors.iter().filter(|connector| connector.subnetwork.as_ref() == Some(id)) {
        let step = Id::Connector(connector.id.clone());
        match context.steps.get(&step).map(|step| step.action) {
            Some(Action::Delete) => drop(after.insert(step)),
            Some(_) | None => {
                return Some(Step::wait(Code::LeftForOthers, format!("connector {} is still on it", connector.id.name)));
            }
        }
    }
    for router in routers {
        for nat in router.nats.iter().filter(|nat| nat.listed().any(|listed| listed == id)) {
            let entry = Id::Nat(NatRef { router: router.id.clone(), name: nat.name.clone() });
            let goes = context.steps.get(&entry).is_some_and(|step| match &step.write {
                Some(Write::DeleteNat(_)) => true,
                Some(Write::PutNat(wanted)) => !wanted.subnetworks.contains(id),
                _ => false,
            });
            if !goes {
                return Some(Step::wait(Code::LeftForOthers, format!("NAT {} still serves it", nat.name)));
            }
            after.insert(entry);
        }
    }
    Some(Step::delete("no link wants it any more", Write::DeleteSubnetwork(id.clone())).after(after))
}

/// Gives adopted subnetworks back what they had, once the source that adopted them is detached.
fn restore_adopted(context: &mut Context<'_>) {
    let released: Vec<(ServiceRef, EgressAnnotation)> = context
        .world
        .memories()
        .filter_map(|(id, memory)| Some((id.clone(), memory.egress.this()?.clone())))
        .filter(|(id, memory)| {
            memory.installation == *context.ours
                && !memory.adopted.is_empty()
                && context.may_remove(&Id::ServiceEgress(id.clone()))
                && context.graph.node(&Id::ServiceEgress(id.clone())).is_none()
                && memory.links.keys().all(|name| !context.keeps(name))
        })
        .collect();
    for (source, memory) in released {
        let Some(service) = context.world.service(&source).present() else { continue };
        let detached = memory.links.is_empty();
        let mut left = memory.clone();
        for path in memory.adopted.keys() {
            let Some(id) = subnetwork_of_path(path) else { continue };
            let node = Id::Subnetwork(id.clone());
            let live = context.world.subnetwork(&id).present();
            let on = live.is_some_and(|live| live.private_google_access);
            let wanted = context.graph.node(&node).is_some() || context.holds(&node);
            if wanted || !on {
                // Somebody else of ours needs it, or it has what it had: the record has done its work.
                left.adopted.remove(path);
            } else if detached {
                let fields = vec![crate::kinds::FieldChange::new(
                    crate::kinds::subnetwork::PRIVATE_GOOGLE_ACCESS,
                    true.into(),
                    false.into(),
                )];
                let write = Write::SetPrivateGoogleAccess(id, false);
                let why = "adopted, and the link is gone: it gets back what it had before";
                context.steps.insert(node, Step::update(why, fields, write));
            }
        }
        if detached && left.adopted.is_empty() {
            let fields = egress::annotation_change(Some(&memory), None).into_iter().collect();
            let write = Write::PatchService(egress::patch(service, None, None));
            let step = Step::update("everything adopted has got back what it had", fields, write);
            context.steps.insert(Id::ServiceEgress(source), step);
        }
    }
}

/// The subnetwork that a path names.
pub fn subnetwork_of_path(path: &str) -> Option<RegionalRef> {
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

/// What could be removed but is not, because this run may not remove: said, so that nobody wonders.
pub fn left_over(context: &Context<'_>) -> Option<Diagnostic> {
    let connectors = context.world.connectors().filter(|live| context.ours.made(live.id.name.as_str()));
    let subnetworks = context.world.subnetworks().filter(|live| context.is_ours(live.mark.as_ref()));
    let count = connectors.map(|live| Id::Connector(live.id.clone()))
        .chain(subnetworks.map(|live| Id::Subnetwork(live.id.clone())))
        .filter(|id| context.graph.node(id).is_none() && !context.holds(id) && !context.may_remove(id))
        .count();
    (count > 0).then(|| {
        let message = format!("{count} things of set {} are not declared here and are left alone", context.ours.set);
        Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message)
            .help("if these files declare the whole set, run with --prune")
            .severity(crate::diagnostic::Severity::Info)
    })
}
