//! The path from a source to its destination, hop by hop, judged on what is live.
//!
//! Ingress is tightened only when every hop passes. Each hop that fails has a code, and the first one is the
//! reason that people read. The rules are `docs/reference/google-cloud.md#path-rules`.

mod cut_off;
mod far_end;
pub(crate) mod remedy;
mod routes;

use serde::Serialize;

use crate::codes::Code;
use crate::kinds::{RegionalRef, RevisionRef, Service, VpcAccess};
use crate::link::{Link, ServiceRef};
use crate::world::{Seen, World};

pub use cut_off::cut_off;
pub(crate) use cut_off::not_admitted_any_more;
pub(crate) use far_end::{attached_network, connectors_of, serving_networks};

/// How one hop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Verdict {
    /// Traffic gets through.
    Pass,
    /// It does not.
    Fail,
    /// Nobody can tell.
    Unknown,
    /// A hop before it fails.
    NotReached,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What traffic passes through.
    pub name: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// The page that says more, unless it passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What was found.
    pub found: String,
}

/// The hops beyond the network, in their order.
const ADMISSION: &str = "admission";
const DESTINATION: &str = "destination";

impl Hop {
    /// Is it where the destination takes traffic in?
    pub(crate) fn is_far_end(&self) -> bool {
        [ADMISSION, DESTINATION].contains(&self.name)
    }
}

/// The whole path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// From the source to the destination.
    pub hops: Vec<Hop>,
}

impl Trace {
    /// Does every hop pass?
    pub fn proven(&self) -> bool {
        self.hops.iter().all(|hop| hop.verdict == Verdict::Pass)
    }

    /// The verdict on the whole.
    pub fn verdict(&self) -> Verdict {
        let first = self.hops.iter().find(|hop| hop.verdict != Verdict::Pass);
        first.map_or(Verdict::Pass, |hop| hop.verdict)
    }

    /// The first hop that does not pass: the reason.
    pub fn root_cause(&self) -> Option<&Hop> {
        self.hops.iter().find(|hop| hop.verdict != Verdict::Pass)
    }
}

pub(crate) type Finding<T = String> = Result<T, (Verdict, Code, String)>;

fn fail<T>(code: Code, found: impl Into<String>) -> Finding<T> {
    Err((Verdict::Fail, code, found.into()))
}

fn unknown<T>(code: Code, found: impl Into<String>) -> Finding<T> {
    Err((Verdict::Unknown, code, found.into()))
}

/// Follows a link's path through the live world. `wanted` is how its source's traffic shall leave.
pub fn trace(link: &Link, wanted: &VpcAccess, world: &World) -> Trace {
    let mut hops: Vec<Hop> = Vec::new();
    let mut broken = false;
    let mut add = |name: &'static str, judge: &mut dyn FnMut() -> Finding| {
        let hop = if broken {
            Hop {
                name,
                verdict: Verdict::NotReached,
                code: None,
                found: String::new(),
            }
        } else {
            match judge() {
                Ok(found) => Hop {
                    name,
                    verdict: Verdict::Pass,
                    code: None,
                    found,
                },
                Err((verdict, code, found)) => {
                    broken |= verdict == Verdict::Fail;
                    Hop {
                        name,
                        verdict,
                        code: Some(code),
                        found,
                    }
                }
            }
        };
        hops.push(hop);
    };
    add("source", &mut || source(&link.source, wanted, world));
    add("connector", &mut || connector(wanted, world));
    add("subnetwork", &mut || subnetwork(link, wanted, world));
    add("route", &mut || routes::default_route(link, wanted, world));
    add(ADMISSION, &mut || {
        far_end::left_closed(link, world)?;
        far_end::admission(&link.network, &link.destination, world)
    });
    add(DESTINATION, &mut || far_end::destination(link, world));
    Trace { hops }
}

/// Does everything that serves of a source leave like this, through a connector that carries it? That is as far as a
/// record tells of a link that takes no part.
pub(crate) fn leaves(id: &ServiceRef, wanted: &VpcAccess, world: &World) -> Finding {
    source(id, wanted, world)?;
    connector(wanted, world)
}

/// Every revision with traffic or a tag carries the egress and is ready.
fn source(id: &ServiceRef, wanted: &VpcAccess, world: &World) -> Finding {
    let service = match world.service(id) {
        Seen::Present(service) => service,
        Seen::Absent => {
            return fail(
                Code::ServiceMissing,
                format!("service {} does not exist", id.name),
            );
        }
        Seen::Unreadable(why) => return unknown(Code::PathUnknown, why),
    };
    if service.ambient {
        return unknown(
            Code::AmbientNetworking,
            "ambient networking intercepts what leaves",
        );
    }
    carries(service.vpc_access.as_ref(), wanted, "the template")?;
    if service.template_serves() {
        return Ok(format!(
            "all of its traffic leaves as declared ({})",
            service.latest_ready.as_deref().unwrap_or("no revision yet")
        ));
    }
    let revisions = service.serving_revisions();
    for id in &revisions {
        revision(id, service, wanted, world)?;
    }
    settled(service)?;
    Ok(format!(
        "{} serving revisions leave as declared",
        revisions.len()
    ))
}

/// A revision with traffic or a tag carries the egress and is ready.
fn revision(id: &RevisionRef, service: &Service, wanted: &VpcAccess, world: &World) -> Finding<()> {
    let revision = match world.revision(id) {
        Seen::Present(revision) => revision,
        Seen::Absent => {
            return fail(
                Code::RevisionNotReady,
                format!("revision {} does not exist", id.name),
            );
        }
        Seen::Unreadable(why) => {
            return unknown(Code::PathUnknown, format!("revision {}: {why}", id.name));
        }
    };
    let whose = format!("revision {}", id.name);
    if let Err((verdict, _, found)) = carries(revision.vpc_access.as_ref(), wanted, &whose) {
        return why_it_serves(id, service).and_then(|code| Err((verdict, code, found)));
    }
    match &revision.not_ready {
        Some(why) => fail(
            Code::RevisionNotReady,
            format!("revision {} is not ready: {why}", id.name),
        ),
        None => Ok(()),
    }
}

/// Why a revision serves that does not carry the egress, although the template does. That a rollout failed or is not
/// over yet comes first.
fn why_it_serves(id: &RevisionRef, service: &Service) -> Finding<Code> {
    let stuck = service.latest_ready != service.latest_created;
    match &service.failed {
        Some(why) if stuck => fail(
            Code::RevisionFailed,
            format!("the new revision did not become ready: {why}"),
        ),
        // The revision before serves until the new one is ready, although nobody asked for it by name.
        Some(_) | None if !service.names(&id.name) => {
            settled(service).map(|()| Code::RevisionWithoutEgress)
        }
        Some(_) | None => Ok(Code::TrafficPinned),
    }
}

fn settled(service: &Service) -> Finding<()> {
    if service.reconciling {
        return fail(
            Code::RevisionNotReady,
            "Google is still rolling out the last change",
        );
    }
    match &service.failed {
        Some(why) => fail(
            Code::RevisionFailed,
            format!("the last change did not work out: {why}"),
        ),
        None => Ok(()),
    }
}

fn carries(live: Option<&VpcAccess>, wanted: &VpcAccess, whose: &str) -> Finding<()> {
    let Some(live) = live else {
        return fail(
            Code::RevisionWithoutEgress,
            format!("{whose} does not enter any network"),
        );
    };
    if live.attachment != wanted.attachment {
        return fail(
            Code::RevisionWithoutEgress,
            format!("{whose} leaves through something else"),
        );
    }
    if live.routing != wanted.routing {
        return fail(
            Code::RoutingTooNarrow,
            format!("{whose} sends {} into the network", live.routing),
        );
    }
    Ok(())
}

fn connector(wanted: &VpcAccess, world: &World) -> Finding {
    let Some(id) = wanted.connector() else {
        return Ok("an interface of its own".to_owned());
    };
    match world.connector(id) {
        Seen::Unreadable(why) => unknown(Code::PathUnknown, why),
        Seen::Absent => fail(
            Code::ConnectorNotReady,
            format!("connector {} does not exist", id.name),
        ),
        Seen::Present(live) if live.state.carries_traffic() => {
            Ok(format!("connector {} carries traffic", id.name))
        }
        Seen::Present(_) => fail(
            Code::ConnectorNotReady,
            format!("connector {} is not ready", id.name),
        ),
    }
}

/// The subnetwork that traffic leaves from, as far as it can be named.
pub fn egress_subnetwork<'a>(wanted: &VpcAccess, world: &'a World) -> Option<&'a RegionalRef> {
    world
        .connector(wanted.connector()?)
        .present()?
        .subnetwork
        .as_ref()
}

fn subnetwork(link: &Link, wanted: &VpcAccess, world: &World) -> Finding {
    let Some(id) = egress_subnetwork(wanted, world) else {
        return unknown(
            Code::SubnetworkHidden,
            "the connector's subnetwork cannot be seen",
        );
    };
    match world.subnetwork(id) {
        Seen::Unreadable(why) => unknown(Code::PathUnknown, why),
        Seen::Absent => fail(
            Code::SubnetworkMissing,
            format!("subnetwork {} does not exist", id.name),
        ),
        Seen::Present(live) if live.network != link.network => fail(
            Code::WrongNetwork,
            format!("subnetwork {} belongs to {}", id.name, live.network),
        ),
        Seen::Present(live) if live.private_google_access => {
            Ok(format!("Private Google Access is on for {}", id.name))
        }
        Seen::Present(live) => match world.nat_covering(&live.network, id) {
            Some(nat) => Ok(format!(
                "Private Google Access is effective, because NAT {} serves {}",
                nat.name, id.name
            )),
            None => fail(
                Code::PrivateAccessOff,
                format!("Private Google Access is off for {}", id.name),
            ),
        },
    }
}
