//! What a link's subnetwork has the internet by.

use privatelink_core::fake::State;
use privatelink_core::kinds::service_egress::EgressAnnotation;
use privatelink_core::kinds::{NatAddresses, RegionalRef, Service};
use privatelink_core::link::{
    Addresses, ConnectorChoice, Egress, Internet, Link, Reconcile, SubnetworkChoice,
};

use super::{Fine, ours};

/// The subnetwork of a link's own connector.
fn leaves_from(link: &Link) -> Option<&SubnetworkChoice> {
    let Egress::Connector(choice) = &link.egress;
    match choice {
        ConnectorChoice::Managed { subnetwork, .. } => Some(subnetwork),
        ConnectorChoice::Existing(_) => None,
    }
}

/// The subnetwork has the internet that its links wish for, with their settings, and none if nobody wishes for it.
pub(super) fn as_served(
    state: &State,
    link: &Link,
    subnetwork: &RegionalRef,
    beside: &[&Link],
) -> Fine {
    let Some((router, nat)) = state.nat_serving(subnetwork) else {
        return match link.internet {
            Internet::None => Ok(()),
            Internet::Nat(_) | Internet::Existing => Err("no internet".to_owned()),
        };
    };
    let mut serving = state.routers.values().flat_map(|router| &router.nats);
    if serving.any(|nat| nat.covers(subnetwork) && !ours(nat.name.as_str())) {
        return Ok(());
    }
    match &link.internet {
        Internet::Nat(wanted) => {
            let addresses = match &wanted.addresses {
                Addresses::Auto => NatAddresses::Auto,
                Addresses::Manual(names) => NatAddresses::Manual(names.clone()),
            };
            let place = match &wanted.router {
                Some(name) => router.id.name == *name,
                None => ours(router.id.name.as_str()),
            };
            if nat.addresses != addresses
                || nat.min_ports_per_vm != wanted.min_ports_per_vm
                || !place
            {
                return Err(format!("its NAT is {nat:?} in {}", router.id.name));
            }
            Ok(())
        }
        Internet::Existing => Ok(()),
        Internet::None => {
            // Whoever else leaves this way may need it.
            let connectors = state.connectors.values();
            let mut users = connectors
                .filter(|live| live.subnetwork.as_ref() == Some(subnetwork))
                .flat_map(|live| state.users(&live.id));
            let named = |name: &String| beside.iter().any(|other| other.name.to_string() == *name);
            let without = |service: &Service| {
                let mut own = beside
                    .iter()
                    .filter(|other| other.source == service.id)
                    .peekable();
                // A link that is held, protected, only reported or gone astray keeps what it has.
                let memory = EgressAnnotation::read(service).and_then(Result::ok);
                let held = memory.is_some_and(|memory| !memory.links.keys().all(named));
                !held
                    && own.peek().is_some()
                    && own.all(|other| {
                        other.internet == Internet::None
                            && other.policy.reconcile == Reconcile::Enforce
                    })
            };
            let wished = |other: &&Link| {
                other.internet != Internet::None
                    && (other.network == link.network && other.region == link.region)
                    && leaves_from(other) == leaves_from(link)
            };
            let connectors = state.connectors.values();
            let jobs = connectors
                .filter(|live| live.subnetwork.as_ref() == Some(subnetwork))
                .flat_map(|live| state.jobs_through(&live.id));
            if users.all(without) && jobs.count() == 0 && !beside.iter().any(wished) {
                return Err("it has a NAT that nobody wishes for".to_owned());
            }
            Ok(())
        }
    }
}
