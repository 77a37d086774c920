//! Steps for what is ours and not wished any more. The order of safety is in the order of the functions: who may
//! reach a destination is loosened first, then its sources are detached, then what carried them goes.
//!
//! Nothing is removed because something was not read, and nothing that a live service still uses: what is in use
//! by somebody who does not leave in this very plan waits.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Origin};
use crate::hold;
use crate::kinds::{
    ConnectorState, Id, LiveConnector, LiveNat, LiveRouter, Nat, NatAddresses, NatRef, NatSources,
    RegionalRef, VpcAccess,
};
use crate::link::ServiceRef;
use crate::plan::release::{release_egress, release_ingress, restore_adopted};
use crate::plan::{Action, Step};

/// Adds the steps of everything that goes.
pub fn add(context: &mut Context<'_>) {
    let destinations: Vec<ServiceRef> = context
        .world
        .memories()
        .map(|(service, _)| service.clone())
        .collect();
    for service in &destinations {
        add_step(
            context,
            Id::ServiceIngress(service.clone()),
            release_ingress(context, service),
        );
    }
    for service in &destinations {
        add_step(
            context,
            Id::ServiceEgress(service.clone()),
            release_egress(context, service),
        );
    }
    let users = hold::connector_users(context.world);
    let connectors: Vec<LiveConnector> = context
        .world
        .connectors()
        .filter(|live| context.ours.made(live.id.name.as_str()))
        .cloned()
        .collect();
    for live in &connectors {
        add_step(
            context,
            Id::Connector(live.id.clone()),
            remove_connector(context, live, &users),
        );
    }
    let routers: Vec<LiveRouter> = context.world.routers().cloned().collect();
    for router in &routers {
        for nat in router
            .nats
            .iter()
            .filter(|nat| context.ours.made(nat.name.as_str()))
        {
            let id = NatRef {
                router: router.id.clone(),
                name: nat.name.clone(),
            };
            add_step(
                context,
                Id::Nat(id.clone()),
                remove_nat(context, &id, nat, &users),
            );
        }
    }
    for router in &routers {
        add_step(
            context,
            Id::Router(router.id.clone()),
            remove_router(context, router),
        );
    }
    let addresses: Vec<RegionalRef> = context
        .world
        .addresses()
        .filter(|live| context.is_ours(live.mark.as_ref()))
        .map(|live| live.id.clone())
        .collect();
    for id in addresses {
        add_step(
            context,
            Id::Address(id.clone()),
            remove_address(context, &id, &routers),
        );
    }
    let subnetworks: Vec<RegionalRef> = context
        .world
        .subnetworks()
        .filter(|live| context.is_ours(live.mark.as_ref()))
        .map(|live| live.id.clone())
        .collect();
    for id in subnetworks {
        add_step(
            context,
            Id::Subnetwork(id.clone()),
            remove_subnetwork(context, &id, &connectors, &routers),
        );
    }
    restore_adopted(context);
}

fn add_step(context: &mut Context<'_>, id: Id, step: Option<Step>) {
    if let Some(step) = step {
        context.steps.entry(id).or_insert(step);
    }
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
        let leaves = context
            .steps
            .get(&id)
            .is_some_and(|step| match &step.write {
                Some(Write::PatchService(patch)) => {
                    patch.vpc_access.as_ref().is_some_and(|access| {
                        access.as_ref().and_then(VpcAccess::connector) != Some(connector)
                    })
                }
                _ => false,
            });
        let pinned = context.world.service(user).present().is_none_or(|service| {
            !service.template_serves()
                || hold::connectors_pinned(service, context.world).contains(connector)
        });
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
        return Some(Step::wait(
            Code::ScopeUnreadable,
            format!("who uses it could not be read: {why}"),
        ));
    }
    if matches!(
        live.state,
        ConnectorState::Creating | ConnectorState::Updating | ConnectorState::Deleting
    ) {
        return Some(Step::wait(
            Code::Waiting,
            "the connector is being worked on",
        ));
    }
    Some(match users_leave(context, &live.id, users) {
        Ok(after) => Step::delete(
            "no link wants it any more",
            Write::DeleteConnector(live.id.clone()),
        )
        .after(after),
        Err(user) => Step::wait(Code::UsedByService, format!("{user} still uses it")),
    })
}

/// The steps after which nobody needs a NAT of ours behind this connector any more; `None` when somebody stays.
fn nat_users_leave(
    context: &Context<'_>,
    connector: &RegionalRef,
    users: &BTreeMap<RegionalRef, BTreeSet<ServiceRef>>,
) -> Option<BTreeSet<Id>> {
    if context.ours.made(connector.name.as_str()) {
        return users_leave(context, connector, users).ok();
    }
    let released = |user: &ServiceRef| {
        let step = Id::ServiceEgress(user.clone());
        context.steps.get(&step)?.action.writes().then_some(step)
    };
    hold::nat_users(context.world, connector, users, context.ours)
        .map(released)
        .collect()
}

fn remove_nat(
    context: &Context<'_>,
    id: &NatRef,
    live: &LiveNat,
    users: &BTreeMap<RegionalRef, BTreeSet<ServiceRef>>,
) -> Option<Step> {
    if !context.unwanted(&Id::Nat(id.clone())) {
        return None;
    }
    if let Some(why) = context.connectors_unread(&id.router.region) {
        let why = format!("what it serves could not be read: {why}");
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    let mut after = BTreeSet::new();
    let mut stay = BTreeSet::new();
    for subnetwork in live.listed() {
        let connectors = context
            .world
            .connectors()
            .filter(|c| c.subnetwork.as_ref() == Some(subnetwork));
        let mut leaving = BTreeSet::new();
        // A connector whose users could not be read may carry anybody's traffic.
        let all_leave = connectors
            .map(|c| match context.services_unread(&c.id) {
                None => nat_users_leave(context, &c.id, users),
                Some(_) => None,
            })
            .all(|steps| steps.map(|steps| leaving.extend(steps)).is_some());
        let node = Id::Subnetwork(subnetwork.clone());
        if all_leave && !context.holds(&node) && context.may_remove(&node) {
            after.extend(leaving);
        } else {
            stay.insert(subnetwork.clone());
        }
    }
    let listed: BTreeSet<RegionalRef> = live.listed().cloned().collect();
    if stay.is_empty() {
        return Some(
            Step::delete("no link wants it any more", Write::DeleteNat(id.clone())).after(after),
        );
    }
    if stay == listed || !matches!(live.sources, NatSources::Listed(_)) {
        return Some(Step::wait(
            Code::LeftForOthers,
            "what it serves is still in use",
        ));
    }
    let wanted = Nat {
        id: id.clone(),
        addresses: live.addresses.clone(),
        subnetworks: stay,
        min_ports_per_vm: live.min_ports_per_vm,
    };
    let fields = wanted.diff(live);
    Some(
        Step::update(
            "some of what it served is gone",
            fields,
            Write::PutNat(wanted),
        )
        .after(after),
    )
}

fn remove_router(context: &Context<'_>, live: &LiveRouter) -> Option<Step> {
    let id = Id::Router(live.id.clone());
    if !context.is_ours(live.mark.as_ref()) || !context.unwanted(&id) {
        return None;
    }
    let mut after = BTreeSet::new();
    for nat in &live.nats {
        let entry = Id::Nat(NatRef {
            router: live.id.clone(),
            name: nat.name.clone(),
        });
        match context.steps.get(&entry).map(|step| step.action) {
            Some(Action::Delete) => drop(after.insert(entry)),
            Some(_) | None => {
                return Some(Step::wait(
                    Code::LeftForOthers,
                    format!("NAT {} is still in it", nat.name),
                ));
            }
        }
    }
    Some(
        Step::delete(
            "no NAT of ours is left in it",
            Write::DeleteRouter(live.id.clone()),
        )
        .after(after),
    )
}

fn remove_address(context: &Context<'_>, id: &RegionalRef, routers: &[LiveRouter]) -> Option<Step> {
    if !context.unwanted(&Id::Address(id.clone())) {
        return None;
    }
    let mut after = BTreeSet::new();
    for router in routers
        .iter()
        .filter(|r| r.id.project == id.project && r.id.region == id.region)
    {
        for nat in &router.nats {
            let uses =
                matches!(&nat.addresses, NatAddresses::Manual(names) if names.contains(&id.name));
            let entry = Id::Nat(NatRef {
                router: router.id.clone(),
                name: nat.name.clone(),
            });
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
                (true, false) => {
                    return Some(Step::wait(
                        Code::LeftForOthers,
                        format!("NAT {} still uses it", nat.name),
                    ));
                }
            }
        }
    }
    Some(
        Step::delete(
            "no link wants it any more",
            Write::DeleteAddress(id.clone()),
        )
        .after(after),
    )
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
    if let Some(why) = context.connectors_unread(&id.region) {
        let why = format!("the connectors on it could not be read: {why}");
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    let mut after = BTreeSet::new();
    for connector in connectors
        .iter()
        .filter(|connector| connector.subnetwork.as_ref() == Some(id))
    {
        let step = Id::Connector(connector.id.clone());
        match context.steps.get(&step).map(|step| step.action) {
            Some(Action::Delete) => drop(after.insert(step)),
            Some(_) | None => {
                return Some(Step::wait(
                    Code::LeftForOthers,
                    format!("connector {} is still on it", connector.id.name),
                ));
            }
        }
    }
    for router in routers {
        for nat in router
            .nats
            .iter()
            .filter(|nat| nat.listed().any(|listed| listed == id))
        {
            let entry = Id::Nat(NatRef {
                router: router.id.clone(),
                name: nat.name.clone(),
            });
            let goes = context
                .steps
                .get(&entry)
                .is_some_and(|step| match &step.write {
                    Some(Write::DeleteNat(_)) => true,
                    Some(Write::PutNat(wanted)) => !wanted.subnetworks.contains(id),
                    _ => false,
                });
            if !goes {
                return Some(Step::wait(
                    Code::LeftForOthers,
                    format!("NAT {} still serves it", nat.name),
                ));
            }
            after.insert(entry);
        }
    }
    Some(
        Step::delete(
            "no link wants it any more",
            Write::DeleteSubnetwork(id.clone()),
        )
        .after(after),
    )
}

/// What could be removed but is not, because this run may not remove: said, so that nobody wonders.
pub fn left_over(context: &Context<'_>) -> Option<Diagnostic> {
    let connectors = context
        .world
        .connectors()
        .filter(|live| context.ours.made(live.id.name.as_str()));
    let subnetworks = context
        .world
        .subnetworks()
        .filter(|live| context.is_ours(live.mark.as_ref()));
    let count = connectors
        .map(|live| Id::Connector(live.id.clone()))
        .chain(subnetworks.map(|live| Id::Subnetwork(live.id.clone())))
        .filter(|id| {
            context.graph.node(id).is_none() && !context.holds(id) && !context.may_remove(id)
        })
        .count();
    (count > 0).then(|| {
        let message = format!(
            "{count} things of set {} are not declared here and are left alone",
            context.ours.set
        );
        Diagnostic::new(Code::PruneHeldBack, Origin::CommandLine, message)
            .help("if these files declare the whole set, run with --prune")
            .severity(crate::diagnostic::Severity::Info)
    })
}
