//! Who reaches a service only because that service is attached to their network.
//!
//! A closed service admits the network of another project for as long as it sends its own traffic there
//! (`docs/reference/google-cloud.md#internal-ingress`). What attaches it is its egress, which belongs to the links that
//! start at it: when those are undone, or lead elsewhere, the links that end at it would be cut off.

mod aside;

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::{ServicePatch, Write};
use crate::codes::Code;
use crate::context::Context;
use crate::hold;
use crate::ids::LinkName;
use crate::kinds::service_egress::EgressAnnotation;
use crate::kinds::{Id, IngressSetting, Resource, Service};
use crate::link::{Link, NetworkRef, Reconcile, ServiceRef};
use crate::names::Installation;
use crate::path;
use crate::plan::{Step, ingress};
use crate::world::{Remembered, Seen, World};

pub(crate) use aside::{Aside, outside};

/// The links that lead to each service and stay: those that take part, and what the records on sources tell of others.
pub(crate) struct Callers<'a>(BTreeMap<ServiceRef, Vec<Caller<'a>>>);

struct Caller<'a> {
    link: String,
    source: &'a ServiceRef,
    /// The network that the source is led over, if this turn carries that out.
    leads_over: Option<&'a NetworkRef>,
    /// What tells of it, if it takes no part.
    record: Option<&'a EgressAnnotation>,
}

impl<'a> Callers<'a> {
    pub(crate) fn new(
        world: &'a World,
        ours: &Installation,
        links: &BTreeMap<&'a LinkName, &'a Link>,
        released: &BTreeSet<String>,
    ) -> Self {
        let mut callers = Self(BTreeMap::new());
        for link in links.values() {
            let enforced = link.policy.reconcile == Reconcile::Enforce;
            let caller = Caller {
                link: link.name.to_string(),
                source: &link.source,
                leads_over: enforced.then_some(&link.network),
                record: None,
            };
            callers.add(link.destination.clone(), caller);
        }
        for (source, memory) in world.memories() {
            let Some(memory) = memory.egress.this() else {
                continue;
            };
            let takes_part = |name: &str| {
                name.parse()
                    .is_ok_and(|name: LinkName| links.contains_key(&name))
            };
            let ours = memory.installation == *ours;
            for (name, link) in &memory.links {
                if let Some(destination) = hold::service_of_path(&link.to)
                    && !(ours && (released.contains(name) || takes_part(name)))
                {
                    let caller = Caller {
                        link: name.clone(),
                        source,
                        leads_over: None,
                        record: Some(memory),
                    };
                    callers.add(destination, caller);
                }
            }
        }
        callers
    }

    fn add(&mut self, destination: ServiceRef, caller: Caller<'a>) {
        self.0.entry(destination).or_default().push(caller);
    }

    /// The names of the links that take part and lead to a service.
    pub(crate) fn names(&self, destination: &ServiceRef) -> impl Iterator<Item = &str> {
        let callers = self.of(destination).iter();
        let taking_part = callers.filter(|caller| caller.record.is_none());
        taking_part.map(|caller| caller.link.as_str())
    }

    fn of(&self, destination: &ServiceRef) -> &[Caller<'a>] {
        self.0.get(destination).map_or(&[], Vec::as_slice)
    }
}

/// What a service would lose that leaves a network.
pub(crate) enum Loss {
    /// This link could not reach it any more, or not as privately as it wishes.
    Link(String),
    /// The same, until that link has led its source elsewhere, which is under way.
    Until(String),
    /// Whether it would could not be read.
    Perhaps(String),
    /// Our record on the service, which names the links that end there, cannot be read.
    Unintelligible(String),
}

impl Loss {
    /// What is told, and under which code.
    pub(crate) fn told(&self) -> (Code, String) {
        match self {
            Self::Link(link) => {
                let why = format!(
                    "it is attached to the network over which {link} reaches it, and that link would be cut off"
                );
                (Code::AttachedForCallers, why)
            }
            Self::Until(link) => {
                let why = format!("{link} leaves the network first, over which it still comes");
                (Code::Waiting, why)
            }
            Self::Perhaps(link) => {
                let why = format!(
                    "whether {link} reaches it over the network that it is attached to could not be read"
                );
                (Code::ScopeUnreadable, why)
            }
            Self::Unintelligible(why) => {
                let why =
                    format!("our annotation privatelink.dev/ingress on it cannot be read: {why}");
                (Code::OwnedByAnother, why)
            }
        }
    }

    /// What to do, if there is anything but waiting; for a link that is undone, or that leads elsewhere.
    pub(crate) fn help(&self, undone: bool) -> Option<&'static str> {
        match self {
            Self::Link(_) if undone => Some(ATTACH),
            Self::Link(_) => Some(ONE_NETWORK),
            Self::Until(_) => None,
            Self::Perhaps(_) => Some(LOOK),
            Self::Unintelligible(_) => Some(FORGET),
        }
    }
}

/// What to do about a service that is attached for the sake of its callers.
const ATTACH: &str =
    "attach it to that network by hand, in another way, or undo the links that end there as well";
const ONE_NETWORK: &str = "a service is attached to one network, so let both links lead over it; to move both, declare `ingress: All` for that service until they are moved";
const LOOK: &str =
    "have this run see where that link starts (`--scope PROJECT`), or undo that link as well";
pub(crate) const FORGET: &str =
    "use the release that wrote it, or remove the annotation privatelink.dev/ingress";

/// What would be lost if whatever of a service is not called by name left through `after` from now on.
pub(crate) fn cut_off(
    context: &Context<'_>,
    service: &Service,
    after: Option<&NetworkRef>,
) -> Option<Loss> {
    let left = Left::of(service, after, context.world)?;
    let closed = is_closed(service.ingress) && !opens(context, service);
    let shall_be = shall_be_closed(context, service);
    if !closed && !shall_be {
        return None;
    }
    let callers = context.callers.of(&service.id);
    let of_caller = |caller: &Caller<'_>| {
        let link = caller.link.clone();
        let led = caller.leads_over.map(|network| left.holds(network));
        // While it is open, who follows its link may still do so.
        let now = if closed || (shall_be && caller.leads_over.is_none()) {
            left.is_way_of(caller.source, context.world)
        } else {
            Holds::No
        };
        match (led, now) {
            (Some(Holds::Yes), _) | (None, Holds::Yes) => Some(Loss::Link(link)),
            (Some(Holds::No), Holds::Yes | Holds::Perhaps) => Some(Loss::Until(link)),
            (Some(Holds::Perhaps), _) | (None, Holds::Perhaps) => Some(Loss::Perhaps(link)),
            (Some(Holds::No) | None, Holds::No) => None,
        }
    };
    // A service that calls itself arrives from wherever it is.
    let others = callers.iter().filter(|caller| *caller.source != service.id);
    let losses = others.filter_map(of_caller);
    let worst = losses.min_by_key(|loss| match loss {
        Loss::Link(_) => 0,
        Loss::Perhaps(_) | Loss::Unintelligible(_) => 1,
        Loss::Until(_) => 2,
    });
    worst.or_else(|| unseen(context, service, callers).filter(|_| closed))
}

/// A link that the service itself remembers, with a source that nothing tells of.
fn unseen(context: &Context<'_>, service: &Service, callers: &[Caller<'_>]) -> Option<Loss> {
    let memory = match &context.world.memory(&service.id).ingress {
        Remembered::This(memory) => memory,
        Remembered::Unintelligible(why) => return Some(Loss::Unintelligible(why.clone())),
        Remembered::Nothing => return None,
    };
    let ours = memory.installation == *context.ours;
    let known: BTreeSet<&str> = callers.iter().map(|caller| caller.link.as_str()).collect();
    let mut links = memory.links.iter();
    let link = links.find(|name| {
        let stays = !ours || !context.released.contains(*name);
        stays && !known.contains(name.as_str())
    });
    link.cloned().map(Loss::Perhaps)
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

/// Do the links that end at a service close it, once their paths are proven? Or does this plan, giving back what was?
fn shall_be_closed(context: &Context<'_>, service: &Service) -> bool {
    let id = Id::ServiceIngress(service.id.clone());
    let write = context.steps.get(&id).and_then(|step| step.write.as_ref());
    if let Some(Write::PatchService(patch)) = write
        && patch.ingress.is_some_and(is_closed)
    {
        return true;
    }
    let node = context.graph.node(&id);
    let node = node.filter(|node| node.links.iter().any(|link| context.is_enforced(link)));
    node.is_some_and(|node| match &node.resource {
        Resource::ServiceIngress(wanted) => is_closed(wanted.ingress.into()),
        _ => false,
    })
}

/// Does this plan lead a service over another way? Nothing is closed on it before that has been seen.
pub(crate) fn moves(context: &Context<'_>, service: &ServiceRef) -> bool {
    let step = context.steps.get(&Id::ServiceEgress(service.clone()));
    step.is_some_and(Step::moves_egress)
}

/// Does this very plan open a service to everybody? What comes after that cuts nobody off.
fn opens(context: &Context<'_>, service: &Service) -> bool {
    let id = Id::ServiceIngress(service.id.clone());
    if let Some(step) = context.steps.get(&id) {
        return loosens(context, step, service).is_some_and(|to| !is_closed(to));
    }
    let node = context.graph.node(&id);
    let Some(node) = node.filter(|node| context.was_applied(node)) else {
        return false;
    };
    match &node.resource {
        Resource::ServiceIngress(wanted) => {
            let step = Step {
                links: node.links.clone(),
                ..ingress::step(context, node, wanted)
            };
            loosens(context, &step, service).is_some_and(|to| !is_closed(to))
        }
        _ => false,
    }
}

/// What a step makes a service admit that it does not yet, if the step is carried out.
pub(crate) fn loosens(
    context: &Context<'_>,
    step: &Step,
    service: &Service,
) -> Option<IngressSetting> {
    let Some(Write::PatchService(patch)) = &step.write else {
        return None;
    };
    let acts = step.links.is_empty() || step.links.iter().any(|link| context.is_enforced(link));
    patch.ingress.filter(|to| acts && *to > service.ingress)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    No,
    Perhaps,
    Yes,
}

/// The networks of other projects that a service would leave.
struct Left<'a> {
    service: &'a Service,
    after: Option<&'a NetworkRef>,
    networks: BTreeSet<NetworkRef>,
    /// There may be more.
    unread: bool,
}

impl<'a> Left<'a> {
    fn of(service: &'a Service, after: Option<&'a NetworkRef>, world: &World) -> Option<Self> {
        let (now, unread) = path::serving_networks(service, world);
        let networks = now
            .into_iter()
            .filter(|network| network.project != service.id.project && after != Some(network));
        let left = Self {
            service,
            after,
            networks: networks.collect(),
            unread,
        };
        let any = left.unread || !left.networks.is_empty();
        (any && service.serves_newest()).then_some(left)
    }

    fn holds(&self, network: &NetworkRef) -> Holds {
        let other = network.project != self.service.id.project && self.after != Some(network);
        match (self.networks.contains(network), self.unread && other) {
            (true, _) => Holds::Yes,
            (false, true) => Holds::Perhaps,
            (false, false) => Holds::No,
        }
    }

    /// Is this how anything of a caller comes now, whatever its link wishes? One that stays put, or of which an older
    /// revision serves, arrives over the network that it had.
    fn is_way_of(&self, caller: &ServiceRef, world: &World) -> Holds {
        let (networks, unread) = match world.service(caller) {
            Seen::Present(caller) => path::serving_networks(caller, world),
            Seen::Absent => return Holds::No,
            Seen::Unreadable(_) => (BTreeSet::new(), true),
        };
        let seen = networks.iter().map(|network| self.holds(network)).max();
        seen.max(unread.then_some(Holds::Perhaps))
            .unwrap_or(Holds::No)
    }
}

/// The step for a service that would be taken out of the network over which a link that stays reaches it.
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
    let after = path::attached_network(restored.as_ref(), context.world);
    let loss = cut_off(context, service, after.ok().flatten().as_ref())?;
    let (code, why) = loss.told();
    let step = match loss {
        Loss::Link(_) | Loss::Unintelligible(_) => Step::refuse(code, why),
        Loss::Until(_) | Loss::Perhaps(_) => Step::wait(code, why),
    };
    Some(match loss.help(true) {
        Some(help) => step.help(help),
        None => step,
    })
}

/// Has a service that leaves a network opened before: should that fail, its callers still arrive.
pub(crate) fn loosened_first(context: &mut Context<'_>) {
    let mut loosened = Vec::new();
    for (id, step) in &context.steps {
        let Id::ServiceIngress(service) = id else {
            continue;
        };
        let Some(live) = context.world.service(service).present() else {
            continue;
        };
        if loosens(context, step, live).is_some() && Left::of(live, None, context.world).is_some() {
            loosened.push((id.clone(), Id::ServiceEgress(service.clone())));
        }
    }
    for (before, egress) in loosened {
        if let Some(step) = context.steps.get_mut(&egress)
            && step.moves_egress()
        {
            *step = step.clone().after([before]);
        }
    }
}
