//! Sources that links sent through connectors of others, where a NAT of ours gives them the internet.
//!
//! To whoever was on such a connector without us that NAT is a gift, and goes with the link that wanted it. A source
//! that a link moved there had another way out: as long as anything of it goes that way, it has no other internet.

use crate::cloud::Scope;
use crate::context::Context;
use crate::hold;
use crate::kinds::service_egress::{EgressAnnotation, Former, VpcAccessMemory};
use crate::kinds::{RegionalRef, Service, VpcAccess};
use crate::link::Routing;
use crate::world::{Seen, World};

/// Does anything of a source go through this connector of others because a link sent it there? `false` says that it
/// needs no NAT of ours once its links are gone.
pub(crate) fn relies_on(
    connector: &RegionalRef,
    service: &Service,
    memory: &EgressAnnotation,
    world: &World,
) -> bool {
    sent(service, memory) == Some(connector)
        || pinned(service, memory, world).any(|pinned| pinned == connector)
        || unread(service, world)
}

/// The connector that the template goes through since a link sent it there. What somebody changed since is their choice.
pub(crate) fn sent<'a>(service: &'a Service, memory: &EgressAnnotation) -> Option<&'a RegionalRef> {
    let access = service.vpc_access.as_ref()?;
    let wrote = memory.wrote == Some(VpcAccessMemory::from(access));
    access
        .connector()
        .filter(|_| wrote && is_new(access, memory))
}

/// The connectors of revisions that serve by name and do not go the way that the source went before us.
pub(crate) fn pinned<'a>(
    service: &Service,
    memory: &'a EgressAnnotation,
    world: &'a World,
) -> impl Iterator<Item = &'a RegionalRef> {
    let serving = service.serving_revisions().into_iter();
    let accesses = serving.filter_map(|id| world.revision(&id).present()?.vpc_access.as_ref());
    accesses
        .filter(|access| is_new(access, memory))
        .filter_map(VpcAccess::connector)
}

/// Is there a revision that serves by name and could not be read? It may leave through any connector near it.
pub(crate) fn unread(service: &Service, world: &World) -> bool {
    why_unread(service, world).is_some()
}

fn why_unread(service: &Service, world: &World) -> Option<String> {
    let mut serving = service.serving_revisions().into_iter();
    serving.find_map(|id| match world.revision(&id) {
        Seen::Unreadable(why) => Some(format!("revision {} could not be read: {why}", id.name)),
        Seen::Absent | Seen::Present(_) => None,
    })
}

/// Does all traffic go a way that is not the one from before us? What leaves for private ranges alone needs no NAT.
fn is_new(access: &VpcAccess, memory: &EgressAnnotation) -> bool {
    let before = match &memory.former {
        Former::Value(former) => *former == Some(VpcAccessMemory::from(access)),
        Former::Unknown => false,
    };
    access.routing == Routing::AllTraffic && !before
}

/// Is this somebody else's connector, with a NAT of ours behind it? What could not be read may be one.
pub(crate) fn has_our_nat(context: &Context<'_>, connector: &RegionalRef) -> bool {
    if context.ours.made(connector.name.as_str()) {
        return false;
    }
    let subnetwork = match context.world.connector(connector) {
        Seen::Present(live) => live.subnetwork.as_ref(),
        Seen::Absent => None,
        Seen::Unreadable(_) => return true,
    };
    subnetwork.is_some_and(|subnetwork| {
        let mut entries = context.uses.ours_listing(subnetwork, context.ours);
        entries.next().is_some() || routers_failed(context.world, subnetwork)
    })
}

/// Were the routers near a subnetwork asked for in vain?
fn routers_failed(world: &World, near: &RegionalRef) -> bool {
    let scope = Scope::Routers(near.project.clone());
    let failed = matches!(world.readings().get(&scope), Some(Err(_)));
    failed
        || world
            .unreachable()
            .contains_key(&(scope, near.region.clone()))
}

/// The connector of others on which a source is left, because nobody knows what its egress was before, and on which its
/// internet is a NAT of ours.
pub(crate) fn left_on<'a>(
    context: &Context<'_>,
    service: &'a Service,
    memory: &EgressAnnotation,
) -> Option<&'a RegionalRef> {
    let unknown = memory.former == Former::Unknown;
    sent(service, memory).filter(|connector| unknown && has_our_nat(context, connector))
}

/// The connectors that revisions which serve by name need, so that the record has to stay: ours, and those of others
/// through which they have the internet by a NAT of ours.
pub(crate) fn needed(
    context: &Context<'_>,
    service: &Service,
    memory: &EgressAnnotation,
) -> Vec<RegionalRef> {
    let ours = hold::connectors_pinned(service, context.world).into_iter();
    let ours = ours.filter(|connector| context.ours.made(connector.name.as_str()));
    let others = pinned(service, memory, context.world);
    let others = others.filter(|connector| has_our_nat(context, connector));
    ours.chain(others.cloned()).collect()
}

/// Does the record of a source that is undone stay, so that what its way out needs is not taken for unused?
pub(crate) fn keeps_record(
    context: &Context<'_>,
    service: &Service,
    memory: &EgressAnnotation,
) -> bool {
    let pinned = !service.template_serves() && !needed(context, service, memory).is_empty();
    pinned
        || left_on(context, service, memory).is_some()
        || unread_near_our_nat(context, service).is_some()
}

/// Why it is not known whether a source needs a NAT of ours behind a connector of others: a revision that serves by name
/// could not be read, and there is such a connector near it, or may be one.
pub(crate) fn unread_near_our_nat(context: &Context<'_>, service: &Service) -> Option<String> {
    let why = why_unread(service, context.world)?;
    let near = |id: &RegionalRef| id.region == service.id.region;
    let mut connectors = context.world.connectors().map(|live| &live.id);
    let unknown = context
        .world
        .connectors_unread(&service.id.region)
        .is_some();
    let guest = unknown || connectors.any(|id| near(id) && has_our_nat(context, id));
    guest.then_some(why)
}

/// Does a source leave a NAT of ours behind a connector of others when it is given back what it had? Whether the revision
/// that goes the other way starts is seen afterwards: until then the one before it serves, and the record stays.
pub(crate) fn leaves(context: &Context<'_>, service: &Service, memory: &EgressAnnotation) -> bool {
    sent(service, memory).is_some_and(|connector| has_our_nat(context, connector))
}
