//! Who reaches a service only because that service is attached to their network.
//!
//! A closed service admits the network of another project for as long as it sends its own traffic there
//! (`docs/reference/google-cloud.md#internal-ingress`). What attaches it is its egress, which belongs to the links that
//! start at it: when those are undone, or lead elsewhere, the links that end at it would be cut off.

use crate::cloud::{ServicePatch, Write};
use crate::codes::Code;
use crate::context::Context;
use crate::kinds::{Id, IngressSetting, Service, VpcAccess};
use crate::link::{NetworkRef, ServiceRef};
use crate::path::{self, Verdict};
use crate::plan::Step;
use crate::world::{Remembered, World};

/// The link that could not reach a service, or not as privately as it wishes, if everything of that service left through
/// `after` from now on.
pub(crate) fn cut_off(
    context: &Context<'_>,
    service: &Service,
    after: Option<&NetworkRef>,
) -> Option<String> {
    // What serves by name goes on as it is.
    let attached = Attached::of(service, context.world).filter(|_| service.serves_newest())?;
    let over_it = |network: &NetworkRef| match &attached {
        Attached::To(now) => network == now,
        Attached::Unknown => network.project != service.id.project && after != Some(network),
    };
    if after.is_some_and(|after| attached == Attached::To(after.clone())) {
        return None;
    }
    let closed = is_closed(service.ingress);
    let mut links = context.links.values();
    let declared = links.find(|link| {
        let arrives =
            || over_it(&link.network) || leaves_over(&link.source, context.world, over_it);
        let wishes = link.ingress.is_some_and(|wished| is_closed(wished.into()));
        link.destination == service.id && (closed || wishes) && arrives()
    });
    declared
        .map(|link| link.name.to_string())
        .or_else(|| held(context, service).filter(|_| closed))
}

/// Does it matter over which network a request comes? Otherwise everybody arrives, or nobody.
fn is_closed(ingress: IngressSetting) -> bool {
    match ingress {
        IngressSetting::Internal
        | IngressSetting::InternalAndCloudLoadBalancing
        | IngressSetting::Unknown => true,
        IngressSetting::All | IngressSetting::None => false,
    }
}

/// The network of another project that a service sends its traffic to.
#[derive(PartialEq)]
enum Attached {
    To(NetworkRef),
    /// There may be one.
    Unknown,
}

impl Attached {
    fn of(service: &Service, world: &World) -> Option<Self> {
        match path::attached_networks(service, world) {
            Ok(networks) => match networks.into_iter().collect::<Vec<_>>().as_slice() {
                [Some(now)] if now.project != service.id.project => Some(Self::To(now.clone())),
                // Through several, or none, nobody arrives.
                _ => None,
            },
            Err((Verdict::Fail, _, _)) => None,
            Err((Verdict::Unknown | Verdict::NotReached | Verdict::Pass, _, _)) => {
                Some(Self::Unknown)
            }
        }
    }
}

/// Is this where a caller is now, whatever its link wishes? One that stays put arrives over the network that it had.
fn leaves_over(caller: &ServiceRef, world: &World, over_it: impl Fn(&NetworkRef) -> bool) -> bool {
    let live = world.service(caller).present();
    let network = live.and_then(|live| network_of(live.vpc_access.as_ref(), world));
    network.is_some_and(|network| over_it(&network))
}

/// A link that takes no part in this turn keeps what it has; which network it comes over is not known.
fn held(context: &Context<'_>, service: &Service) -> Option<String> {
    let memory = match &context.world.memory(&service.id).ingress {
        Remembered::This(memory) if memory.installation == *context.ours => memory,
        // Whom it was closed for is not known, and it cannot be opened.
        Remembered::Unintelligible(_) => return Some("somebody".to_owned()),
        Remembered::This(_) | Remembered::Nothing => return None,
    };
    let mut links = memory.links.iter();
    let takes_part = |name: &str| name.parse().is_ok_and(|name| context.link(&name).is_some());
    links
        .find(|name| context.keeps(name) && !takes_part(name))
        .cloned()
}

/// The network that traffic enters this way, if that can be seen.
fn network_of(access: Option<&VpcAccess>, world: &World) -> Option<NetworkRef> {
    path::attached_network(access, world).ok().flatten()
}

/// Refuses to take a service out of the network over which a link that stays reaches it.
pub(crate) fn keep_attached(
    context: &Context<'_>,
    service: &Service,
    detached: &Step,
) -> Option<Step> {
    let Some(Write::PatchService(ServicePatch {
        vpc_access: Some(restored),
        ..
    })) = &detached.write
    else {
        return None;
    };
    let after = network_of(restored.as_ref(), context.world);
    let link = cut_off(context, service, after.as_ref())?;
    let why = format!(
        "it is attached to the network over which {link} reaches it, and that link would be cut off"
    );
    Some(Step::refuse(Code::AttachedForCallers, why).help(ATTACH))
}

/// What to do about a service that is attached for the sake of its callers.
const ATTACH: &str =
    "attach it to that network by hand, in another way, or undo the links that end there as well";

/// Has a service that leaves a network of another project opened before: should that fail, its callers still arrive.
pub(crate) fn loosened_first(context: &mut Context<'_>) {
    let loosened = context.steps.iter().filter_map(|(id, step)| {
        let Some(Write::PatchService(patch)) = &step.write else {
            return None;
        };
        let live = context.world.service(&patch.service).present()?;
        let loosens = patch.ingress.is_some_and(|it| it > live.ingress);
        let attached = Attached::of(live, context.world).filter(|_| loosens);
        attached.map(|_| (id.clone(), live.id.clone()))
    });
    let loosened: Vec<(Id, ServiceRef)> = loosened.collect();
    for (before, service) in loosened {
        if let Some(step) = context.steps.get_mut(&Id::ServiceEgress(service))
            && step.action.writes()
        {
            *step = step.clone().after([before]);
        }
    }
}
