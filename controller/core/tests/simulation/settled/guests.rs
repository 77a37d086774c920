//! Sources that are undone and wait on somebody's connector.

use privatelink_core::fake::State;
use privatelink_core::kinds::service_egress::{EgressAnnotation, Former, VpcAccessMemory};
use privatelink_core::kinds::{RegionalRef, Service, VpcAccess};
use privatelink_core::link::Routing;

use super::ours;
use crate::universe::UNIVERSE;
use crate::works::carried_by;

/// Does a source leave through this connector of others for which a NAT of ours has to stay? Nobody knows what a record
/// says that cannot be read.
pub(crate) fn has_one_that_stays(state: &State, connector: &RegionalRef) -> bool {
    let unknown = |user: &Service| matches!(EgressAnnotation::read(user), Some(Err(_)));
    let users = state.users(connector).into_iter();
    let mut stay = users.filter(|user| unknown(user) || waits_for_another_way(state, user));
    stay.next().is_some()
}

/// Does a source of ours that is undone have its only internet by a NAT of ours behind somebody's connector, where it
/// did not go before us, as far as its record knows?
pub(crate) fn waits_for_another_way(state: &State, service: &Service) -> bool {
    let Some(Ok(memory)) = EgressAnnotation::read(service) else {
        return false;
    };
    let serving = state.serving(service).into_iter();
    let mut ways = serving
        .filter_map(|revision| revision.vpc_access.as_ref())
        .chain(&service.vpc_access);
    let theirs = |access: &VpcAccess| {
        let connector = access.connector();
        connector.is_some_and(|connector| !ours(connector.name.as_str()))
    };
    let as_before = |access: &VpcAccess| match &memory.former {
        Former::Value(former) => *former == Some(VpcAccessMemory::from(access)),
        Former::Unknown => false,
    };
    let by_our_nat = |access: &VpcAccess| {
        let subnetwork = carried_by(state, access);
        let served = subnetwork.and_then(|id| state.nat_serving(&id));
        served.is_some_and(|(_, nat)| ours(nat.name.as_str()))
    };
    memory.installation == UNIVERSE.ours
        && memory.links.is_empty()
        && ways.any(|access| {
            access.routing == Routing::AllTraffic
                && theirs(access)
                && !as_before(access)
                && by_our_nat(access)
        })
}
