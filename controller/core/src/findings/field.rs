//! Which field of a declaration speaks of a thing: where a person who reads of it has to look.

use crate::codes::Code;
use crate::kinds::Id;
use crate::link::{ConnectorChoice, Egress, Internet, Link, SubnetworkChoice};

/// The fields that name the ends of the path, and the codes that put the blame there.
const HOPS: &[(&str, &[Code])] = &[
    (
        "spec.source.service.name",
        &[
            Code::RevisionWithoutEgress,
            Code::RevisionNotReady,
            Code::RevisionFailed,
            Code::RoutingTooNarrow,
            Code::TrafficPinned,
            Code::AmbientNetworking,
        ],
    ),
    (
        "spec.network.name",
        &[
            Code::NoDefaultRoute,
            Code::NetworkNotAdmitted,
            Code::WrongNetwork,
        ],
    ),
    (
        "spec.egress.connector",
        &[
            Code::ConnectorNotReady,
            Code::PrivateAccessOff,
            Code::SubnetworkHidden,
        ],
    ),
    (
        "spec.destination.service.name",
        &[Code::DefaultUrlDisabled, Code::IngressClosed],
    ),
];

/// The field that names what a hop of the path fails at.
pub(super) fn of_hop(code: Code) -> Option<&'static str> {
    let hop = HOPS.iter().find(|(_, codes)| codes.contains(&code));
    hop.map(|(field, _)| *field)
}

/// The field of this link that names or shapes this thing, if one clearly does.
pub(super) fn of(link: &Link, id: &Id, code: Code) -> Option<&'static str> {
    let Egress::Connector(choice) = &link.egress;
    match id {
        Id::Network(_) => Some("spec.network.name"),
        Id::Subnetwork(_) => Some(match choice {
            ConnectorChoice::Existing(_) => "spec.egress.connector.existing.name",
            ConnectorChoice::Managed { subnetwork, .. } => match subnetwork {
                SubnetworkChoice::Managed { .. } => {
                    "spec.egress.connector.managed.subnetwork.managed.cidr"
                }
                SubnetworkChoice::Existing { .. } => {
                    "spec.egress.connector.managed.subnetwork.existing.name"
                }
            },
        }),
        Id::Connector(_) => Some(match choice {
            ConnectorChoice::Existing(_) => "spec.egress.connector.existing.name",
            ConnectorChoice::Managed { .. } => "spec.egress.connector.managed",
        }),
        Id::Router(_) => match &link.internet {
            Internet::Nat(nat) if nat.router.is_some() => Some("spec.internet.nat.router"),
            Internet::Nat(_) | Internet::Existing | Internet::None => None,
        },
        Id::Nat(_) if code == Code::AddressInUse => {
            Some("spec.internet.nat.addresses.manual.names")
        }
        Id::Nat(_) => Some("spec.internet.nat"),
        Id::Address(_) => Some("spec.internet.nat.addresses.manual.names"),
        Id::ServiceEgress(_) => Some("spec.source.service.name"),
        Id::ServiceIngress(_) if code == Code::HeldBySomebody => Some("spec.destination.ingress"),
        Id::ServiceIngress(_) => Some("spec.destination.service.name"),
        Id::Route(_) | Id::Revision(_) => None,
    }
}
