//! The far end of the path: does the destination admit what arrives, and is there an address to arrive at?

use std::collections::BTreeSet;

use crate::codes::Code;
use crate::kinds::{Attachment, IngressSetting, RegionalRef, Service, VpcAccess};
use crate::link::{Link, NetworkRef, ServiceRef};
use crate::path::{Finding, Verdict, fail, unknown};
use crate::world::{Seen, World};

/// Internal means: from a network of the destination's own project, or from the Shared VPC network that the
/// destination itself is attached to (`docs/reference/google-cloud.md#internal-ingress`).
pub(super) fn admission(network: &NetworkRef, destination: &ServiceRef, world: &World) -> Finding {
    if network.project == destination.project {
        return Ok("the network is in the destination's project".to_owned());
    }
    let service = match world.service(destination) {
        Seen::Present(service) => service,
        Seen::Absent => {
            return fail(
                Code::ServiceMissing,
                format!("service {} does not exist", destination.name),
            );
        }
        Seen::Unreadable(why) => return unknown(Code::PathUnknown, why),
    };
    let mut attached = BTreeSet::new();
    for access in serving_accesses(service, world)? {
        attached.insert(attached_network(access, world)?);
    }
    if attached == BTreeSet::from([Some(network.clone())]) {
        return Ok("the destination is attached to the same Shared VPC network".to_owned());
    }
    fail(
        Code::NetworkNotAdmitted,
        format!(
            "network {network} is in another project, and the destination is not attached to it"
        ),
    )
}

/// The networks that anything which serves requests to a service sends its own traffic to, and whether there may be
/// more that could not be read.
pub(crate) fn serving_networks(service: &Service, world: &World) -> (BTreeSet<NetworkRef>, bool) {
    let mut found: Vec<Finding<Option<NetworkRef>>> = Vec::new();
    if service.template_serves() {
        found.push(attached_network(service.vpc_access.as_ref(), world));
    } else {
        for id in service.serving_revisions() {
            found.push(match world.revision(&id) {
                Seen::Present(revision) => attached_network(revision.vpc_access.as_ref(), world),
                Seen::Absent => Ok(None),
                Seen::Unreadable(why) => unknown(Code::PathUnknown, why),
            });
        }
    }
    let unread = |it: &Finding<_>| matches!(it, Err((Verdict::Unknown, _, _)));
    let any_unread = found.iter().any(unread);
    let networks = found.into_iter().filter_map(Result::ok).flatten();
    (networks.collect(), any_unread)
}

/// Does the destination admit nothing at all, with nobody to open it? An ingress that the link manages is opened by it.
pub(super) fn left_closed(link: &Link, world: &World) -> Finding<()> {
    let closed = world
        .service(&link.destination)
        .present()
        .is_some_and(|service| service.ingress == IngressSetting::None);
    if closed && link.ingress.is_none() {
        let name = &link.destination.name;
        return fail(
            Code::IngressClosed,
            format!("the ingress of {name} admits nothing, and the link leaves it as it is"),
        );
    }
    Ok(())
}

/// How everything that serves requests to a service leaves: its template, or the revisions that serve by name.
fn serving_accesses<'a>(
    service: &'a Service,
    world: &'a World,
) -> Finding<Vec<Option<&'a VpcAccess>>> {
    if service.template_serves() {
        return Ok(vec![service.vpc_access.as_ref()]);
    }
    let read = |id: &crate::kinds::RevisionRef| match world.revision(id) {
        Seen::Present(revision) => Ok(revision.vpc_access.as_ref()),
        Seen::Absent => fail(
            Code::RevisionNotReady,
            format!("revision {} does not exist", id.name),
        ),
        Seen::Unreadable(why) => unknown(Code::PathUnknown, format!("revision {}: {why}", id.name)),
    };
    service.serving_revisions().iter().map(read).collect()
}

/// The connectors by which everything leaves that serves requests to a service, as far as its revisions were read.
pub(crate) fn connectors_of<'a>(service: &'a Service, world: &'a World) -> Vec<&'a RegionalRef> {
    let accesses = serving_accesses(service, world).unwrap_or_default();
    let connector = |access: &'a VpcAccess| match &access.attachment {
        Attachment::Connector(connector) => Some(connector),
        Attachment::Direct { .. } => None,
    };
    accesses
        .into_iter()
        .flatten()
        .filter_map(connector)
        .collect()
}

pub(crate) fn attached_network(
    access: Option<&VpcAccess>,
    world: &World,
) -> Finding<Option<NetworkRef>> {
    let connector = match access.map(|access| &access.attachment) {
        None => return Ok(None),
        Some(Attachment::Direct { network, .. }) => return Ok(network.clone()),
        Some(Attachment::Connector(connector)) => connector,
    };
    let subnetwork = match world.connector(connector) {
        // Admitted is the network that the destination sends traffic to, and through this one it sends none.
        Seen::Present(live) if !live.state.carries_traffic() => {
            let name = &connector.name;
            let found = format!("connector {name}, which the destination hangs on, is not ready");
            return fail(Code::ConnectorNotReady, found);
        }
        Seen::Present(live) => live.subnetwork.as_ref(),
        Seen::Absent => None,
        Seen::Unreadable(why) => return unknown(Code::PathUnknown, why),
    };
    match subnetwork.map(|subnetwork| world.subnetwork_of_path(subnetwork)) {
        Some(Seen::Present(live)) => Ok(Some(live.network.clone())),
        Some(Seen::Absent) | None => Ok(None),
        Some(Seen::Unreadable(why)) => unknown(Code::PathUnknown, why),
    }
}

pub(super) fn destination(link: &Link, world: &World) -> Finding {
    match world.service(&link.destination) {
        Seen::Unreadable(why) => unknown(Code::PathUnknown, why),
        Seen::Absent => fail(
            Code::ServiceMissing,
            format!("service {} does not exist", link.destination.name),
        ),
        Seen::Present(service) if service.default_uri_disabled => fail(
            Code::DefaultUrlDisabled,
            format!(
                "the default URL of {} is switched off",
                link.destination.name
            ),
        ),
        Seen::Present(service) => Ok(service
            .uri
            .as_deref()
            .map_or_else(|| "it has its default URL".to_owned(), str::to_owned)),
    }
}
