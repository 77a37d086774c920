//! Does a path work? Written from the rules of the field alone, on what is really there: the judge of
//! `privatelink_core::path`, with nothing in common with it.

use privatelink_core::fake::State;
use privatelink_core::kinds::{
    Attachment, ConnectorState, IngressSetting, NextHop, RegionalRef, Revision, Service, VpcAccess,
};
use privatelink_core::link::{Link, NetworkRef, Routing};

/// Would a request from this link's source reach its destination although that admits only internal traffic?
///
/// 1. every revision that requests reach sends all traffic into a network, through something that carries it;
/// 2. Google's addresses are served there: Private Google Access is on, or a public NAT serves the range;
/// 3. the default route leads to the internet gateway;
/// 4. the network belongs to the destination's project, or the destination itself is attached to it;
/// 5. the destination has its default URL, and is not closed to everybody where the link leaves that as it is.
pub(crate) fn works(state: &State, link: &Link) -> bool {
    let (Some(source), Some(destination)) = (
        state.services.get(&link.source),
        state.services.get(&link.destination),
    ) else {
        return false;
    };
    let serving = state.serving(source);
    let closed = link.ingress.is_none() && destination.ingress == IngressSetting::None;
    !source.ambient
        && !closed
        && !destination.default_uri_disabled
        && !serving.is_empty()
        && serving
            .iter()
            .all(|revision| reaches(state, revision, destination))
}

fn reaches(state: &State, revision: &Revision, destination: &Service) -> bool {
    let Some(access) = &revision.vpc_access else {
        return false;
    };
    let Some(subnetwork) = carried_by(state, access) else {
        return false;
    };
    let Some(live) = state.subnetworks.get(&subnetwork) else {
        return false;
    };
    let served = live.private_google_access || state.nat_serving(&subnetwork).is_some();
    revision.not_ready.is_none()
        && access.routing == Routing::AllTraffic
        && served
        && leads_out(state, &live.network)
        && admits(state, destination, &live.network)
}

/// The subnetwork that traffic leaves from, while the connector carries it.
pub(crate) fn carried_by(state: &State, access: &VpcAccess) -> Option<RegionalRef> {
    let connector = state.connectors.get(access.connector()?)?;
    match connector.state {
        ConnectorState::Ready | ConnectorState::Updating => connector.subnetwork.clone(),
        ConnectorState::Creating
        | ConnectorState::Deleting
        | ConnectorState::Error
        | ConnectorState::Unknown => None,
    }
}

/// All routes of these worlds are default routes without tags.
fn leads_out(state: &State, network: &NetworkRef) -> bool {
    let routes = state
        .routes
        .iter()
        .filter(|route| route.network == *network);
    routes
        .min_by_key(|route| route.priority)
        .is_some_and(|route| route.next_hop == NextHop::DefaultInternetGateway)
}

fn admits(state: &State, destination: &Service, network: &NetworkRef) -> bool {
    if network.project == destination.id.project {
        return true;
    }
    let attached = |access: &VpcAccess| match &access.attachment {
        Attachment::Direct { network: named, .. } => named.as_ref() == Some(network),
        Attachment::Connector(_) => carried_by(state, access)
            .and_then(|subnetwork| state.subnetworks.get(&subnetwork))
            .is_some_and(|live| live.network == *network),
    };
    let serving = state.serving(destination);
    !serving.is_empty()
        && serving
            .iter()
            .all(|revision| revision.vpc_access.as_ref().is_some_and(attached))
}
