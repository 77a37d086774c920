//! Steps that give services back what they had before us: ingress first, then egress.

use std::collections::{BTreeMap, BTreeSet};

use crate::callers;
use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::guests;
use crate::hold;
use crate::kinds::service_egress::{
    EgressAnnotation, Former, LinkMemory, VpcAccessMemory, changes,
};
use crate::kinds::service_ingress::IngressAnnotation;
use crate::kinds::{Id, IngressSetting, Service, VpcAccess};
use crate::link::{Ingress, ServiceRef};
use crate::plan::adoption::owes;
use crate::plan::former_egress::{self, GivenBack, Kept};
use crate::plan::trail;
use crate::plan::{Step, egress, ingress};
use crate::world::{Remembered, Seen};

/// Gives a destination back what it had before us, or drops the links that are gone from its annotation.
pub(super) fn release_ingress(context: &Context<'_>, id: &ServiceRef) -> Option<Step> {
    let node = Id::ServiceIngress(id.clone());
    if context.wishes(&node) {
        return None;
    }
    let memory = context
        .world
        .memory(id)
        .ingress
        .this()
        .filter(|memory| memory.installation == *context.ours)?;
    let service = context.world.service(id).present()?;
    let kept: BTreeSet<String> = memory
        .links
        .iter()
        .filter(|name| context.keeps(name))
        .cloned()
        .collect();
    if kept.is_empty() && context.may_remove(&node) {
        give_ingress_back(context, service, memory, &node)
    } else {
        drop_links_to(service, memory, kept)
    }
}

/// Drops from a destination's annotation the links that do not end there any more.
fn drop_links_to(
    service: &Service,
    memory: &IngressAnnotation,
    kept: BTreeSet<String>,
) -> Option<Step> {
    // When none is left, the record stays until a run may give back what it holds.
    if kept == memory.links || kept.is_empty() {
        return None;
    }
    let left = IngressAnnotation {
        links: kept,
        ..memory.clone()
    };
    Some(Step::update(
        "a link that ended here is gone",
        vec![ingress::annotation_change(Some(memory), Some(&left))],
        Write::PatchService(ingress::patch(service, Some(&left), None)),
    ))
}

/// Takes our annotation away, and puts back the former ingress if it is known and nobody changed it since.
fn give_ingress_back(
    context: &Context<'_>,
    service: &Service,
    memory: &IngressAnnotation,
    node: &Id,
) -> Option<Step> {
    let untouched = service.ingress == IngressSetting::from(memory.wrote);
    let restored = match memory.former {
        Former::Value(former) if untouched => Some(former),
        Former::Value(_) | Former::Unknown => None,
    };
    // A link that is only reported keeps nobody else's record; but nothing is closed on a path that somebody looks at.
    let closes = restored.is_some_and(|former| former < service.ingress);
    // Who still arrives where this service is led is seen in the next look.
    let moves = callers::moves(context, &service.id);
    if closes && (moves || context.graph.node(node).is_some()) {
        return None;
    }
    if closes && let Some((whose, why)) = context.cut_off_by_closing(&service.id) {
        let why =
            format!("ingress gets back what it had before when nobody is cut off by it: {why}");
        return Some(Step::wait(Code::IngressHeld, why).held_by(whose));
    }
    let why = match (&memory.former, untouched) {
        (Former::Value(_), true) => "the link is gone: ingress gets back what it had before",
        (Former::Value(_), false) => {
            "the link is gone: somebody changed ingress since, so it is left as it is"
        }
        (Former::Unknown, _) => {
            "the link is gone: what ingress was before is unknown, so it is left as it is"
        }
    };
    let change = restored.and_then(|former| ingress::ingress_change(service.ingress, former));
    let patch = ingress::patch(service, None, change.as_ref().and(restored));
    let mut fields = Vec::from_iter(change);
    fields.push(ingress::annotation_change(Some(memory), None));
    let mut step = Step::update(why, fields, Write::PatchService(patch));
    if memory.former == Former::Unknown {
        step.code = Some(Code::FormerValueUnknown);
    }
    Some(step)
}

/// Detaches a source, or drops the links that are gone from its annotation.
pub(super) fn release_egress(context: &Context<'_>, id: &ServiceRef) -> Option<Step> {
    if context.graph.node(&Id::ServiceEgress(id.clone())).is_some() {
        return None;
    }
    let memory = context
        .world
        .memory(id)
        .egress
        .this()
        .filter(|memory| memory.installation == *context.ours)?;
    let service = context.world.service(id).present()?;
    let kept: BTreeMap<String, LinkMemory> = memory
        .links
        .iter()
        .filter(|(name, _)| context.keeps(name))
        .map(|(n, l)| (n.clone(), l.clone()))
        .collect();
    if !kept.is_empty() || !context.may_remove(&Id::ServiceEgress(id.clone())) {
        return drop_links_from(service, memory, kept);
    }
    let destinations = || {
        let links = memory.links.values();
        links.filter_map(|link| hold::service_of_path(&link.to))
    };
    // What cannot be read cannot be loosened, and who reaches it only from inside would be cut off.
    let unread = destinations().find_map(|id| match context.world.service(&id) {
        Seen::Unreadable(why) => Some(format!("destination {} could not be read: {why}", id.name)),
        Seen::Absent | Seen::Present(_) => None,
    });
    if let Some(why) = unread {
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    if let Some(refusal) = unintelligible(context, memory) {
        return Some(refusal);
    }
    if let Some(why) = guests::unread_near_our_nat(context, service) {
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    let detached = detach(context, service, memory);
    if let Some(refusal) = callers::keep_attached(context, service, &detached) {
        return Some(refusal);
    }
    let after = destinations()
        .map(Id::ServiceIngress)
        .filter(|id| context.steps.get(id).is_some_and(|s| s.action.writes()));
    let step = telling_lost_records(context, memory, detached);
    Some(if step.action.writes() {
        step.after(after.collect::<Vec<_>>())
    } else {
        step
    })
}

/// Drops from a source's annotation the links that do not start there any more.
fn drop_links_from(
    service: &Service,
    memory: &EgressAnnotation,
    kept: BTreeMap<String, LinkMemory>,
) -> Option<Step> {
    // When none is left, the record stays until a run may give back what it holds.
    if kept == memory.links || kept.is_empty() {
        return None;
    }
    let left = EgressAnnotation {
        links: kept,
        ..memory.clone()
    };
    let fields = egress::annotation_change(Some(memory), Some(&left));
    Some(Step::update(
        "a link that started here is gone",
        Vec::from_iter(fields),
        Write::PatchService(egress::patch(service, Some(&left), None)),
    ))
}

/// Refuses to detach a source while the record on one of its destinations cannot be read: what it admits could not be
/// loosened, and who reaches it only from inside would be cut off.
fn unintelligible(context: &Context<'_>, memory: &EgressAnnotation) -> Option<Step> {
    closed(memory).find_map(|(id, _)| match &context.world.memory(&id).ingress {
        Remembered::Unintelligible(why) => Some(
            Step::refuse(
                Code::OwnedByAnother,
                format!(
                    "our annotation on destination {} cannot be read: {why}",
                    id.name
                ),
            )
            .help(callers::FORGET),
        ),
        Remembered::Nothing | Remembered::This(_) => None,
    })
}

/// The destinations that links of this record may have closed, with whom they admit since.
fn closed(memory: &EgressAnnotation) -> impl Iterator<Item = (ServiceRef, Ingress)> {
    memory.links.values().filter_map(|link| {
        let wished = link.ingress.filter(|wished| *wished != Ingress::All)?;
        Some((hold::service_of_path(&link.to)?, wished))
    })
}

/// A destination whose record is lost keeps what it has. Its source is the last to know that we closed it, so it is
/// told with the source's step.
fn telling_lost_records(context: &Context<'_>, memory: &EgressAnnotation, step: Step) -> Step {
    let lost = closed(memory).find(|(id, wished)| {
        let live = context.world.service(id).present();
        live.is_some_and(|live| live.ingress == IngressSetting::from(*wished))
            && context.world.memory(id).ingress == Remembered::Nothing
            && context
                .graph
                .node(&Id::ServiceIngress(id.clone()))
                .is_none()
    });
    let Some((id, wished)) = lost.filter(|_| step.action.writes()) else {
        return step;
    };
    let why = format!(
        "{}; destination {} goes on admitting {} traffic only: our record of what it admitted before is lost",
        step.why,
        id.name,
        ingress::describe(wished)
    );
    Step {
        why: why.into(),
        code: Some(Code::FormerValueUnknown),
        ..step
    }
}

fn detach(context: &Context<'_>, service: &Service, memory: &EgressAnnotation) -> Step {
    let live = service.vpc_access.as_ref().map(VpcAccessMemory::from);
    let kept = Kept::by_others(live.as_ref(), memory.wrote.as_ref());
    let restored = former_egress::given_back(memory, live.as_ref(), kept);
    let restored = restored.map(|GivenBack(access)| access);
    // The annotation stays while something that serves has its way out by a connector or a NAT of ours, so that it is
    // not taken for unused, and while adopted things have not got back what they had.
    // It leads to what is left in a project that nobody declares any more, too.
    let networks = trail::behind(context, service, memory, &memory.adopted);
    let stays = (restored.is_some() && guests::leaves(context, service, memory))
        || guests::keeps_record(context, service, memory)
        || owes(context, &service.id, memory)
        || !networks.is_empty();
    let left = EgressAnnotation {
        links: BTreeMap::new(),
        wrote: restored_memory(memory, restored.as_ref()),
        networks: networks.clone(),
        ..memory.clone()
    };
    let annotation = stays.then_some(&left);
    let mut fields = match &restored {
        Some(access) => changes(service.vpc_access.as_ref(), access.as_ref()),
        None => Vec::new(),
    };
    fields.extend(egress::annotation_change(Some(memory), annotation));
    if fields.is_empty() {
        return waits(context, service, memory);
    }
    // An earlier write gave it back what it had, or left it.
    let detached = memory.links.is_empty() && restored.is_none();
    let write = Write::PatchService(egress::patch(service, annotation, restored));
    if detached {
        return Step::update(why_forgotten(memory, stays), fields, write);
    }
    let mut step = Step::update(why_detached(memory, kept), fields, write);
    if memory.former == Former::Unknown {
        step.code = Some(Code::FormerValueUnknown);
    }
    step
}

fn why_detached(memory: &EgressAnnotation, kept: Kept) -> &'static str {
    match (&memory.former, kept) {
        (Former::Value(Some(_)), Kept::Routing) => {
            "the link is gone: egress goes the way that it went before; somebody changed its routing since, so that is left"
        }
        (Former::Value(_), Kept::Nothing | Kept::Routing) => {
            "the link is gone: egress gets back what it had before"
        }
        (Former::Value(_), Kept::Way) => {
            "the link is gone: somebody changed egress since, so it is left as it is"
        }
        (Former::Unknown, _) => {
            "the link is gone: what egress was before is unknown, so it is left as it is"
        }
    }
}

fn why_forgotten(memory: &EgressAnnotation, stays: bool) -> &'static str {
    if stays {
        FORGETS
    } else if memory.networks.is_empty() {
        "the link is gone, and nothing leaves through its connector any more"
    } else {
        GONE
    }
}

/// The step for a source that is detached and whose record has to stay.
fn waits(context: &Context<'_>, service: &Service, memory: &EgressAnnotation) -> Step {
    if let Some(connector) = guests::needed(context, service, memory).first() {
        let name = &connector.name;
        let why = format!("a revision with traffic or a tag still uses connector {name}");
        let help = match service.failed {
            None => "move traffic and tags to the latest revision",
            Some(_) => "deploy a revision that starts, and move traffic and tags to it",
        };
        return Step::wait(Code::TrafficPinned, why).help(help);
    }
    if let Some(connector) = guests::left_on(context, service, memory) {
        let name = &connector.name;
        let why = format!(
            "what egress was before is unknown, and on connector {name} its internet is a NAT of ours"
        );
        return Step::wait(Code::FormerValueUnknown, why).help(SETTLE);
    }
    if owes(context, &service.id, memory) {
        return Step::wait(Code::Waiting, "adopted things get back what they had first");
    }
    Step::nothing(LEADS)
}

/// What to do about a source that is left on somebody's connector.
const SETTLE: &str = "set its egress by hand to what it should be; if that is what it has, without our NAT, remove the annotation privatelink.dev/egress";

/// What is said of a source that is detached, while its record leads to something that is left.
const LEADS: &str = "its record leads to what is left in the network's project";
/// What is said when there is nothing of the kind any more.
const GONE: &str = "the link is gone, and so is what the record led to";
/// What is said when there is nothing in one of several projects.
const FORGETS: &str = "its record forgets a project in which nothing of the link is left";

fn restored_memory(
    memory: &EgressAnnotation,
    restored: Option<&Option<VpcAccess>>,
) -> Option<VpcAccessMemory> {
    match restored {
        Some(access) => access.as_ref().map(VpcAccessMemory::from),
        None => memory.wrote.clone(),
    }
}
