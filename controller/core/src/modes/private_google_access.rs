//! Private Google Access: the destination's default URL, reached from a subnetwork on which Google's own
//! addresses are served without an external address (`docs/reference/google-cloud.md#path-rules`, row 3).
//!
//! Source -> connector on its own /28 -> all traffic into the VPC -> Private Google Access -> the destination's
//! run.app URL, whose ingress is internal; and a NAT, so that the source keeps the internet.

use std::collections::BTreeSet;

use crate::ids::ResourceName;
use crate::kinds::{
    Connector, Id, RegionalRef, Resource, ServiceEgress, ServiceIngress, Subnetwork,
};
use crate::link::{ConnectorChoice, Egress, Internet, Link, SubnetworkChoice};
use crate::modes::Needs;
use crate::names::Installation;
use crate::world::World;

/// What a link needs in this mode.
pub(super) fn needs(link: &Link, world: &World, ours: &Installation) -> Needs {
    let mut needs = Needs::default();
    let network = Id::Network(link.network.clone());
    needs
        .resources
        .push((Resource::Network(link.network.clone()), BTreeSet::new()));

    let Egress::Connector(choice) = &link.egress;
    let connector = match choice {
        ConnectorChoice::Managed {
            subnetwork,
            machine_type,
            instances,
        } => {
            let subnetwork = egress_subnetwork(link, subnetwork, &network, ours, &mut needs);
            let connector = Connector {
                id: connector_id(link, &subnetwork, ours),
                subnetwork: subnetwork.clone(),
                machine_type: *machine_type,
                instances: *instances,
            };
            let id = connector.id.clone();
            needs.resources.push((
                Resource::Connector(connector),
                BTreeSet::from([Id::Subnetwork(subnetwork.clone())]),
            ));
            needs.subnetwork = Some(subnetwork);
            id
        }
        ConnectorChoice::Existing(reference) => {
            let id = RegionalRef {
                project: reference.project.clone(),
                region: reference.region.clone(),
                name: ResourceName::trusted(reference.name.as_str()),
            };
            needs
                .resources
                .push((Resource::ExistingConnector(id.clone()), BTreeSet::new()));
            needs.subnetwork = world
                .connector(&id)
                .present()
                .and_then(|live| live.subnetwork.clone());
            if let Some(subnetwork) = &needs.subnetwork {
                let existing = Resource::ExistingSubnetwork(subnetwork.clone());
                needs
                    .resources
                    .push((existing, BTreeSet::from([network.clone()])));
            }
            id
        }
    };
    if let (Internet::Nat(nat), Some(subnetwork)) = (&link.internet, &needs.subnetwork) {
        needs.nat = Some((subnetwork.clone(), nat.clone()));
    }
    needs
        .resources
        .push(egress(link, connector, needs.subnetwork.as_ref()));
    needs.resources.extend(ingress(link));
    needs
}

/// The subnetwork that a connector of ours lives on.
fn egress_subnetwork(
    link: &Link,
    choice: &SubnetworkChoice,
    network: &Id,
    ours: &Installation,
    needs: &mut Needs,
) -> RegionalRef {
    let place = |name| RegionalRef {
        project: link.network.project.clone(),
        region: link.region.clone(),
        name,
    };
    let after = BTreeSet::from([network.clone()]);
    match choice {
        SubnetworkChoice::Managed { cidr } => {
            let first = cidr.network().to_string();
            let name = ours.name(&[
                "subnetwork",
                &link.network.to_string(),
                link.region.as_str(),
                &first,
            ]);
            let wanted = Subnetwork {
                id: place(name),
                network: link.network.clone(),
                cidr: *cidr,
            };
            let id = wanted.id.clone();
            needs.resources.push((Resource::Subnetwork(wanted), after));
            id
        }
        SubnetworkChoice::Existing { name } => {
            let id = place(name.clone());
            needs
                .resources
                .push((Resource::ExistingSubnetwork(id.clone()), after));
            id
        }
    }
}

/// A connector's subnetwork cannot be changed, so it is part of its name.
fn connector_id(link: &Link, subnetwork: &RegionalRef, ours: &Installation) -> RegionalRef {
    let path = subnetwork.compute("subnetworks");
    let name = ours.name(&[
        "connector",
        link.source.project.as_str(),
        link.region.as_str(),
        &path,
    ]);
    RegionalRef {
        project: link.source.project.clone(),
        region: link.region.clone(),
        name,
    }
}

fn egress(
    link: &Link,
    connector: RegionalRef,
    subnetwork: Option<&RegionalRef>,
) -> (Resource, BTreeSet<Id>) {
    let mut after = BTreeSet::from([Id::Connector(connector.clone())]);
    after.extend(subnetwork.cloned().map(Id::Subnetwork));
    let links = std::collections::BTreeMap::from([(
        link.name.to_string(),
        crate::kinds::service_egress::LinkMemory {
            digest: link.digest.to_string(),
            to: link.destination.to_string(),
            ingress: link.ingress,
            deletion: match link.policy.deletion {
                crate::link::Deletion::Restore => None,
                deletion @ (crate::link::Deletion::Abandon | crate::link::Deletion::Protect) => {
                    Some(deletion)
                }
            },
        },
    )]);
    let wanted = ServiceEgress {
        service: link.source.clone(),
        connector,
        routing: link.routing,
        links,
    };
    (Resource::ServiceEgress(wanted), after)
}

fn ingress(link: &Link) -> Option<(Resource, BTreeSet<Id>)> {
    let wanted = ServiceIngress {
        service: link.destination.clone(),
        ingress: link.ingress?,
        links: BTreeSet::from([link.name.to_string()]),
    };
    Some((Resource::ServiceIngress(wanted), BTreeSet::new()))
}
