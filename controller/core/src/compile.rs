//! Compiling: links and facts become one graph. Equal wishes merge, limits take the largest, ingress the loosest;
//! a real contradiction is a conflict that names both links and the field, and disturbs no other link.

mod clash;

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::ids::LinkName;
use crate::kinds::{Connector, Id, RegionalRef, Resource, ServiceEgress, ServiceIngress};
use crate::link::{Instances, Link, NatChoice, NetworkRef};
use crate::modes;
use crate::names::Installation;
use crate::world::World;
use clash::{Clash, Field};

/// What compiling made of the links.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// What is wished, NAT entries excepted: they need to know what else stays in them.
    pub graph: Graph,
    /// Subnetworks that shall reach the internet by a NAT of ours, with the choice and the links.
    pub nats: BTreeMap<RegionalRef, NatWish>,
    /// The egress subnetwork of each link, as far as it is known.
    pub subnetworks: BTreeMap<LinkName, RegionalRef>,
    /// The connector of ours on each subnetwork, and the link that asked for it first.
    pub connectors: BTreeMap<RegionalRef, (RegionalRef, LinkName)>,
    /// Links that contradict another: they hold what they have.
    pub conflicting: BTreeSet<LinkName>,
    /// What was noticed.
    pub diagnostics: Vec<Diagnostic>,
}

/// A subnetwork that shall reach the internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatWish {
    /// Its network.
    pub network: NetworkRef,
    /// How.
    pub choice: NatChoice,
    /// Who wants it.
    pub links: BTreeSet<LinkName>,
}

/// Compiles the links that take part in this turn.
///
/// Links that clash are taken out and the rest is compiled again: taking links away never makes a new clash,
/// so this ends, and what remains is exactly what it would have been without them.
pub fn compile(links: &[&Link], world: &World, ours: &Installation) -> Compiled {
    let mut conflicting: BTreeSet<LinkName> = BTreeSet::new();
    let mut diagnostics = Vec::new();
    loop {
        let taking_part = links
            .iter()
            .copied()
            .filter(|link| !conflicting.contains(&link.name));
        match compile_agreeing(taking_part, world, ours) {
            Ok(mut compiled) => {
                compiled.conflicting = conflicting;
                diagnostics.append(&mut compiled.diagnostics);
                compiled.diagnostics = diagnostics;
                return compiled;
            }
            Err(clashes) => {
                for clash in clashes {
                    diagnostics.extend(clash.explain(links));
                    conflicting.extend(clash.links);
                }
            }
        }
    }
}

fn compile_agreeing<'a>(
    links: impl Iterator<Item = &'a Link>,
    world: &World,
    ours: &Installation,
) -> Result<Compiled, Vec<Clash>> {
    let mut compiled = Compiled::default();
    let mut clashes = Vec::new();
    for link in links {
        let needs = modes::needs(link, world, ours);
        if let Some(subnetwork) = needs.subnetwork {
            compiled.subnetworks.insert(link.name.clone(), subnetwork);
        }
        for (resource, after) in needs.resources {
            clashes.extend(second_connector(&mut compiled, &resource, link));
            clashes.extend(join(&mut compiled, resource, after, link));
        }
        if let Some((subnetwork, choice)) = needs.nat {
            clashes.extend(join_nat(&mut compiled, subnetwork, choice, link));
        }
    }
    if clashes.is_empty() {
        Ok(compiled)
    } else {
        Err(clashes)
    }
}

/// A subnetwork carries one connector (`docs/reference/google-cloud.md#connector-subnet`), and sources in two
/// projects of a Shared VPC have one each.
fn second_connector(compiled: &mut Compiled, resource: &Resource, link: &Link) -> Option<Clash> {
    let Resource::Connector(wanted) = resource else {
        return None;
    };
    let subnetwork = wanted.subnetwork.clone();
    let (first, by) = compiled
        .connectors
        .entry(subnetwork)
        .or_insert_with(|| (wanted.id.clone(), link.name.clone()));
    (*first != wanted.id).then(|| Clash {
        id: Id::Subnetwork(wanted.subnetwork.clone()),
        field: Field::SecondConnector,
        links: [by.clone(), link.name.clone()],
    })
}

/// Adds one link's wish to the graph, merging it with what others want of the same thing.
fn join(
    compiled: &mut Compiled,
    resource: Resource,
    after: BTreeSet<Id>,
    link: &Link,
) -> Option<Clash> {
    let id = resource.id();
    let Some(node) = compiled.graph.nodes.get_mut(&id) else {
        compiled
            .graph
            .add(resource, BTreeSet::from([link.name.clone()]), after);
        return None;
    };
    match merge(&mut node.resource, resource) {
        Merge::Equal => {}
        Merge::Settled(field, code, message) => {
            let help = "make them equal to silence this";
            let diagnostic = Diagnostic::new(code, link.origin.clone(), message);
            compiled
                .diagnostics
                .push(diagnostic.link(&link.name).field(field).help(help));
        }
        Merge::Clash(field) => {
            let first = node
                .links
                .first()
                .cloned()
                .unwrap_or_else(|| link.name.clone());
            return Some(Clash {
                id,
                field,
                links: [first, link.name.clone()],
            });
        }
    }
    node.links.insert(link.name.clone());
    node.needs.extend(after);
    None
}

enum Merge {
    Equal,
    Settled(&'static str, Code, String),
    Clash(Field),
}

/// What two wishes for one thing come to. A thing of ours and a thing of others never share an identity, because
/// ours are named by a hash; if they did, that would be a contradiction too.
fn merge(one: &mut Resource, other: Resource) -> Merge {
    match (one, other) {
        (Resource::Connector(a), Resource::Connector(b)) => merge_connectors(a, &b),
        (Resource::ServiceEgress(a), Resource::ServiceEgress(b)) => merge_egress(a, b),
        (Resource::ServiceIngress(a), Resource::ServiceIngress(b)) => merge_ingress(a, b),
        (a, b) if *a == b => Merge::Equal,
        (
            Resource::Network(_)
            | Resource::Subnetwork(_)
            | Resource::ExistingSubnetwork(_)
            | Resource::Address(_)
            | Resource::Router(_)
            | Resource::ExistingRouter(_)
            | Resource::Nat(_)
            | Resource::Connector(_)
            | Resource::ExistingConnector(_)
            | Resource::ServiceEgress(_)
            | Resource::ServiceIngress(_),
            _,
        ) => Merge::Clash(Field::Kind),
    }
}

fn merge_connectors(a: &mut Connector, b: &Connector) -> Merge {
    if a.machine_type != b.machine_type {
        return Merge::Clash(Field::MachineType);
    }
    if a.instances == b.instances {
        return Merge::Equal;
    }
    let (min, max) = (
        a.instances.min.max(b.instances.min),
        a.instances.max.max(b.instances.max),
    );
    a.instances = Instances { min, max };
    let name = &a.id.name;
    let message = format!(
        "links that share connector {name} ask for different instance limits; {min} to {max} are used"
    );
    Merge::Settled(
        "spec.egress.connector.managed",
        Code::LargestLimitsWin,
        message,
    )
}

fn merge_egress(a: &mut ServiceEgress, b: ServiceEgress) -> Merge {
    if a.connector != b.connector {
        return Merge::Clash(Field::Connector);
    }
    if a.routing != b.routing {
        return Merge::Clash(Field::Routing);
    }
    a.links.extend(b.links);
    Merge::Equal
}

fn merge_ingress(a: &mut ServiceIngress, b: ServiceIngress) -> Merge {
    a.links.extend(b.links);
    if a.ingress == b.ingress {
        return Merge::Equal;
    }
    a.ingress = a.ingress.max(b.ingress);
    let (service, ingress) = (&a.service.name, a.ingress);
    let message =
        format!("links ask for different ingress of {service}; the loosest, {ingress}, is used");
    Merge::Settled(
        "spec.destination.ingress",
        Code::LoosestIngressWins,
        message,
    )
}

fn join_nat(
    compiled: &mut Compiled,
    subnetwork: RegionalRef,
    choice: NatChoice,
    link: &Link,
) -> Option<Clash> {
    let id = Id::Subnetwork(subnetwork.clone());
    let Some(wish) = compiled.nats.get_mut(&subnetwork) else {
        let links = BTreeSet::from([link.name.clone()]);
        compiled.nats.insert(
            subnetwork,
            NatWish {
                network: link.network.clone(),
                choice,
                links,
            },
        );
        return None;
    };
    let field = if wish.choice.addresses != choice.addresses {
        Field::NatAddresses
    } else if wish.choice.min_ports_per_vm != choice.min_ports_per_vm {
        Field::NatPorts
    } else if wish.choice.router != choice.router {
        Field::NatRouter
    } else {
        wish.links.insert(link.name.clone());
        return None;
    };
    let first = wish
        .links
        .first()
        .cloned()
        .unwrap_or_else(|| link.name.clone());
    Some(Clash {
        id,
        field,
        links: [first, link.name.clone()],
    })
}
