//! What is said of two links that contradict each other: what differs, in the words of the declarations.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::ids::{LinkName, ResourceName};
use crate::kinds::Id;
use crate::link::{
    Addresses, ConnectorChoice, Egress, Internet, Link, NatChoice, NetworkRef, ServiceRef,
    SubnetworkChoice,
};

/// Two links want one thing differently.
pub(super) struct Clash {
    pub(super) id: Id,
    pub(super) field: Field,
    /// The link that asked first, and the other.
    pub(super) links: [LinkName; 2],
}

/// What two links want differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The way of a source into its network.
    Connector,
    /// The machines of a connector.
    MachineType,
    /// Which traffic of a source enters the network.
    Routing,
    /// The connector of a subnetwork, which has one only.
    SecondConnector,
    /// The addresses of a NAT entry.
    NatAddresses,
    /// The ports of a NAT entry.
    NatPorts,
    /// The router of a NAT entry.
    NatRouter,
    /// Things of two kinds under one name.
    Kind,
}

/// A difference: the field of the declaration, and what the two links say there.
struct Difference {
    field: &'static str,
    values: Option<[String; 2]>,
}

impl Clash {
    /// One finding for both links, at the later one: each of them is named in it, and told twice it would only be
    /// mirrored.
    pub(super) fn explain(&self, links: &[&Link]) -> Option<Diagnostic> {
        let [one, other] = &self.links;
        let find = |name: &LinkName| links.iter().copied().find(|link| link.name == *name);
        let (first, second) = (find(one)?, find(other)?);
        let Difference { field, values } = self.field.difference(first, second);
        let thing = thing(&self.id);
        let message = match values {
            Some([a, b]) => format!(
                "{one} and {other} want different values of `{field}` for {thing}: {a} and {b}"
            ),
            None => format!("{one} and {other} want different values of `{field}` for {thing}"),
        };
        let help = format!(
            "make the two equal, or take one of them away ({one} is declared at {}); both keep what they have until then",
            first.origin
        );
        let found = Diagnostic::new(self.field.code(), second.origin.clone(), message);
        Some(found.link(other).field(field).help(help))
    }
}

impl Field {
    fn code(self) -> Code {
        match self {
            Self::Connector => Code::SourceOnTwoConnectors,
            Self::SecondConnector => Code::RangeForTwoThings,
            Self::MachineType
            | Self::Routing
            | Self::NatAddresses
            | Self::NatPorts
            | Self::NatRouter
            | Self::Kind => Code::LinksConflict,
        }
    }

    fn difference(self, one: &Link, other: &Link) -> Difference {
        let of = |field, value: &dyn Fn(&Link) -> Option<String>| Difference {
            field,
            values: value(one)
                .zip(value(other))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| [a, b]),
        };
        let nat = |field, value: &dyn Fn(&NatChoice) -> String| {
            of(field, &|link| nat_choice(link).map(value))
        };
        match self {
            Self::Connector => connectors(one, other),
            Self::MachineType => of("spec.egress.connector.managed.machineType", &machine_type),
            Self::Routing => of("spec.egress.routing", &|link| {
                Some(link.routing.to_string())
            }),
            Self::SecondConnector => of("spec.egress.connector.managed.subnetwork", &|link| {
                let source = &link.source;
                Some(format!("for a connector in project {}", source.project))
            }),
            Self::NatAddresses => nat("spec.internet.nat.addresses", &|choice| match &choice
                .addresses
            {
                Addresses::Auto => "auto".to_owned(),
                Addresses::Manual(names) => listed(names),
            }),
            Self::NatPorts => nat("spec.internet.nat.minPortsPerVm", &|choice| {
                or_none(choice.min_ports_per_vm.as_ref())
            }),
            Self::NatRouter => nat("spec.internet.nat.router", &|choice| {
                or_none(choice.router.as_ref())
            }),
            Self::Kind => of("spec.egress", &|_| None),
        }
    }
}

/// Why two links send one source through two connectors: the first reason of those that there may be.
fn connectors(one: &Link, other: &Link) -> Difference {
    if one.network != other.network {
        return Difference {
            field: "spec.network",
            values: Some(networks(&one.network, &other.network)),
        };
    }
    let (Egress::Connector(a), Egress::Connector(b)) = (&one.egress, &other.egress);
    let field = match (range_of(a), range_of(b)) {
        (Some(_), Some(_)) => "spec.egress.connector.managed.subnetwork.managed.cidr",
        (Some(_) | None, _) => "spec.egress.connector",
    };
    Difference {
        field,
        values: Some([connector(a), connector(b)]),
    }
}

/// The range of a connector that we make, where the subnetwork is ours too.
fn range_of(choice: &ConnectorChoice) -> Option<String> {
    match choice {
        ConnectorChoice::Managed {
            subnetwork: SubnetworkChoice::Managed { cidr },
            ..
        } => Some(cidr.to_string()),
        ConnectorChoice::Managed {
            subnetwork: SubnetworkChoice::Existing { .. },
            ..
        }
        | ConnectorChoice::Existing(_) => None,
    }
}

fn connector(choice: &ConnectorChoice) -> String {
    match choice {
        ConnectorChoice::Managed { subnetwork, .. } => match subnetwork {
            SubnetworkChoice::Managed { cidr } => cidr.to_string(),
            SubnetworkChoice::Existing { name } => format!("one on subnetwork {name}"),
        },
        ConnectorChoice::Existing(connector) => {
            format!("{} of project {}", connector.name, connector.project)
        }
    }
}

/// Two networks by their names, with their projects where these differ.
fn networks(one: &NetworkRef, other: &NetworkRef) -> [String; 2] {
    if one.project == other.project {
        return [one, other].map(|network| network.name.to_string());
    }
    [one, other].map(|network| format!("{} of project {}", network.name, network.project))
}

fn machine_type(link: &Link) -> Option<String> {
    let Egress::Connector(choice) = &link.egress;
    match choice {
        ConnectorChoice::Managed { machine_type, .. } => Some(machine_type.to_string()),
        ConnectorChoice::Existing(_) => None,
    }
}

fn nat_choice(link: &Link) -> Option<&NatChoice> {
    match &link.internet {
        Internet::Nat(choice) => Some(choice),
        Internet::Existing | Internet::None => None,
    }
}

fn listed(names: &BTreeSet<ResourceName>) -> String {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn or_none(value: Option<&impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// A thing as people call it.
fn thing(id: &Id) -> String {
    match id {
        Id::ServiceEgress(service) | Id::ServiceIngress(service) => {
            let ServiceRef {
                project,
                region,
                name,
            } = service;
            format!("service {name} ({project}, {region})")
        }
        Id::Subnetwork(id) => {
            format!("subnetwork {} ({}, {})", id.name, id.project, id.region)
        }
        Id::Connector(id) => format!("connector {} ({}, {})", id.name, id.project, id.region),
        Id::Network(_)
        | Id::Route(_)
        | Id::Address(_)
        | Id::Router(_)
        | Id::Nat(_)
        | Id::Revision(_) => id.to_string(),
    }
}
