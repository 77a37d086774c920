//! Would a source that works lose its destination, or everything, by being moved onto the declared path?
//!
//! What a plan makes itself, a connector, Private Google Access, a NAT, is there before the source moves. Two hops
//! are nobody's to make here: the route, and what the destination admits. When one of them fails, moving the source
//! would be an outage, so it is not moved.

use crate::codes::Code;
use crate::kinds::{IngressSetting, VpcAccess};
use crate::link::{Link, NetworkRef, ServiceRef};
use crate::path::routes::{self, default_route};
use crate::path::{Finding, Verdict, far_end};
use crate::world::{Seen, World};

/// The code and the sentence, when the move would cut something off, or may: without the routes nobody can tell. A
/// source that is on its path already has nothing to lose. What the destination admits is left to the proof when it
/// cannot be read.
pub fn cut_off(link: &Link, wanted: &VpcAccess, world: &World) -> Option<(Code, String)> {
    let source = world.service(&link.source).present()?;
    if source.vpc_access.as_ref() == Some(wanted) {
        return None;
    }
    if matches!(world.network(&link.network), Seen::Absent) {
        let found = format!("network {} does not exist", link.network.name);
        return Some((Code::NetworkMissing, found));
    }
    let route = match routes::deciding(link, wanted, world) {
        Ok(route) => route,
        Err(why) => {
            let found = format!(
                "the routes of {} could not be read: {why}",
                link.network.name
            );
            return Some((Code::ScopeUnreadable, found));
        }
    };
    if route.is_none() {
        return failed(default_route(link, wanted, world));
    }
    match world.service(&link.destination) {
        Seen::Absent => return None,
        // It is reached over a detour as well.
        Seen::Present(destination) if destination.ingress == IngressSetting::All => return None,
        // One that could not be read may be closed.
        Seen::Present(_) | Seen::Unreadable(_) => {}
    }
    let admission = || far_end::admission(&link.network, &link.destination, world);
    failed(default_route(link, wanted, world)).or_else(|| failed(admission()))
}

/// The same for a destination that a source reaches by another link than the one that moves it: does it admit the
/// network that the source is on, and not the one that it is led to, or may that be? `None` is a network that could not
/// be seen.
pub(crate) fn not_admitted_any_more(
    destination: &ServiceRef,
    before: Option<&NetworkRef>,
    after: &NetworkRef,
    world: &World,
) -> Option<(Code, String)> {
    match world.service(destination) {
        Seen::Absent => return None,
        Seen::Present(live) if live.ingress == IngressSetting::All => return None,
        // One that could not be read may be closed.
        Seen::Present(_) | Seen::Unreadable(_) => {}
    }
    let reached = before.is_none_or(|network| {
        let found = far_end::admission(network, destination, world);
        !matches!(found, Err((Verdict::Fail, _, _)))
    });
    if !reached {
        return None;
    }
    match far_end::admission(after, destination, world) {
        Err((Verdict::Unknown, _, why)) => {
            let found = format!("what {} admits could not be read: {why}", destination.name);
            Some((Code::ScopeUnreadable, found))
        }
        found => failed(found),
    }
}

fn failed(finding: Finding) -> Option<(Code, String)> {
    match finding {
        Err((Verdict::Fail, code, found)) => Some((code, found)),
        Err((Verdict::Pass | Verdict::Unknown | Verdict::NotReached, _, _)) | Ok(_) => None,
    }
}
