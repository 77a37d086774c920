//! Steps for the things around the two services: what is there, whose it is, what differs.

use std::collections::BTreeSet;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::ids::{LinkName, ResourceName};
use crate::kinds::nat::NATS_PER_ROUTER;
use crate::kinds::router::ROUTERS_PER_NETWORK_AND_REGION;
use crate::kinds::{
    Connector, ConnectorState, Id, LiveConnector, LiveSubnetwork, Nat, NatAddresses, RegionalRef,
    Resource, Router, Subnetwork,
};
use crate::link::NetworkRef;
use crate::names::Mark;
use crate::plan::{Action, Step, egress, ingress};
use crate::world::Seen;

/// The step for one node of the graph, before its needs are looked at.
pub fn step(context: &Context<'_>, node: &Node) -> Step {
    let step = match &node.resource {
        Resource::Network(id) => network(context, id),
        Resource::Subnetwork(wanted) => subnetwork(context, node, wanted),
        Resource::ExistingSubnetwork(id) => existing_subnetwork(context, node, id),
        Resource::Address(id) => address(context, node, id),
        Resource::Router(wanted) => router(context, node, wanted),
        Resource::ExistingRouter(wanted) => existing_router(context, wanted),
        Resource::Nat(wanted) => nat(context, &within_reach(context, node, wanted)),
        Resource::Connector(wanted) => connector(context, wanted),
        Resource::ExistingConnector(id) => existing_connector(context, node, id),
        Resource::ServiceEgress(wanted) => egress::step(context, node, wanted),
        Resource::ServiceIngress(wanted) => ingress::step(context, node, wanted),
    };
    Step {
        links: node.links.clone(),
        ..step
    }
}

fn mark(context: &Context<'_>, node: &Node) -> Mark {
    match node.links.first() {
        Some(link) => Mark::new(context.ours, link),
        None => Mark {
            installation: context.ours.clone(),
            link: "none/none".into(),
        },
    }
}

fn whose(mark: Option<&Mark>) -> String {
    match mark {
        Some(Mark { installation, link }) => {
            format!(
                "it belongs to owner {}, set {}, link {link}",
                installation.owner, installation.set
            )
        }
        None => "it carries no mark of ours".to_owned(),
    }
}

fn network(context: &Context<'_>, id: &NetworkRef) -> Step {
    match context.world.network(id) {
        Seen::Present(_) => Step::nothing("the network is there"),
        Seen::Absent => Step::refuse(
            Code::NetworkMissing,
            format!(
                "network {} does not exist in project {}",
                id.name, id.project
            ),
        )
        .help("check `network.name`; for a Shared VPC set `network.projectId` to the host project"),
        Seen::Unreadable(why) => Step::unreadable(why),
    }
}

fn subnetwork(context: &Context<'_>, node: &Node, wanted: &Subnetwork) -> Step {
    let live = match context.world.subnetwork(&wanted.id) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => return create_subnetwork(context, node, wanted),
        Seen::Present(live) => live,
    };
    if live
        .mark
        .as_ref()
        .is_none_or(|mark| mark.installation != *context.ours)
    {
        let whose = whose(live.mark.as_ref());
        return Step::refuse(
            Code::ForeignUnderOurName,
            format!("a subnetwork of this name exists and {whose}"),
        )
        .help("delete or rename it, or use another --set");
    }
    if live.network != wanted.network || live.cidr != Some(wanted.cidr) {
        return Step::refuse(
            Code::ForeignUnderOurName,
            "the subnetwork of this name has another network or range",
        );
    }
    let changes = live.wants_private_google_access();
    if changes.is_empty() {
        return Step::nothing("Private Google Access is on");
    }
    let write = Write::SetPrivateGoogleAccess(wanted.id.clone(), true);
    Step::update(
        "Google's addresses are reached from here without an external address",
        changes,
        write,
    )
}

fn create_subnetwork(context: &Context<'_>, node: &Node, wanted: &Subnetwork) -> Step {
    let overlaps = |live: &&LiveSubnetwork| {
        live.network == wanted.network
            && live
                .cidr
                .is_some_and(|cidr| cidr.contains(&wanted.cidr) || wanted.cidr.contains(&cidr))
    };
    if let Some(taken) = context.world.subnetworks().find(overlaps) {
        let path = taken.id.compute("subnetworks");
        let cidr = taken.cidr.map(|cidr| cidr.to_string()).unwrap_or_default();
        let ours = taken
            .mark
            .as_ref()
            .is_some_and(|mark| mark.installation == *context.ours);
        return if ours {
            Step::refuse(Code::RangeChangeImpossible, format!("{} overlaps {cidr} of our own {path}", wanted.cidr))
                .help("one range cannot be in two subnetworks at a time: declare another /28, apply, then change back")
        } else {
            Step::refuse(
                Code::RangeTaken,
                format!("{} overlaps {cidr} of {path}", wanted.cidr),
            )
            .help("declare a free /28 of this network")
        };
    }
    let why = format!(
        "the connector needs a /28 of its own: {}, with Private Google Access",
        wanted.cidr
    );
    Step::create(
        why,
        Write::CreateSubnetwork(wanted.clone(), mark(context, node)),
    )
}

fn existing_subnetwork(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Step {
    let live = match context.world.subnetwork(id) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => {
            return Step::refuse(
                Code::SubnetworkMissing,
                format!("{} does not exist", id.compute("subnetworks")),
            );
        }
        Seen::Present(live) => live,
    };
    let changes = live.wants_private_google_access();
    if changes.is_empty() {
        return Step::nothing("Private Google Access is on");
    }
    if context.world.nat_covering(&live.network, id).is_some() || context.nat_wanted(id) {
        return Step::nothing(
            "Private Google Access is effective, because a public NAT serves the subnetwork",
        );
    }
    if !context.adopts_subnetwork(node, id) {
        return Step::refuse(
            Code::HeldBySomebody,
            "Private Google Access is off, and the subnetwork is not ours",
        )
        .showing(changes)
        .help(format!(
            "switch it on, or add `adopt: [{{kind: Subnetwork, name: {}}}]`",
            id.name
        ));
    }
    if !context.journaled(node, id) {
        return Step::wait(
            Code::Waiting,
            "the source's annotation records the former value first",
        )
        .showing(changes);
    }
    let write = Write::SetPrivateGoogleAccess(id.clone(), true);
    Step::update(
        "adopted: Google's addresses are reached from here without an external address",
        changes,
        write,
    )
}

fn address(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Step {
    match context.world.address(id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let why = "the NAT sends from this address, which is not reserved yet";
            Step::create(why, Write::CreateAddress(id.clone(), mark(context, node)))
        }
        Seen::Present(live) if !live.external => Step::refuse(
            Code::AddressInUse,
            "a NAT sends from external addresses, and this one is internal",
        ),
        Seen::Present(_) => Step::nothing("the address is reserved"),
    }
}

fn router(context: &Context<'_>, node: &Node, wanted: &Router) -> Step {
    match context.world.router(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let there = context
                .world
                .routers_of(&wanted.network, &wanted.id.region)
                .count();
            if there >= ROUTERS_PER_NETWORK_AND_REGION {
                return Step::refuse(
                    Code::RouterLimitReached,
                    format!(
                        "{} has {there} routers in {}; Google allows no more",
                        wanted.network.name, wanted.id.region
                    ),
                )
                .help("name one of them in `internet.nat.router`");
            }
            Step::create(
                "the NAT needs a router",
                Write::CreateRouter(wanted.clone(), mark(context, node)),
            )
        }
        Seen::Present(live)
            if live
                .mark
                .as_ref()
                .is_none_or(|mark| mark.installation != *context.ours) =>
        {
            let whose = whose(live.mark.as_ref());
            Step::refuse(
                Code::ForeignUnderOurName,
                format!("a router of this name exists and {whose}"),
            )
            .help("delete or rename it, or use another --set")
        }
        Seen::Present(live) if live.network != wanted.network => Step::refuse(
            Code::ForeignUnderOurName,
            format!("the router of this name serves {}", live.network),
        ),
        Seen::Present(_) => Step::nothing("the router is there"),
    }
}

fn existing_router(context: &Context<'_>, wanted: &Router) -> Step {
    match context.world.router(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let path = wanted.id.compute("routers");
            Step::refuse(Code::RouterMissing, format!("{path} does not exist"))
                .help("check `internet.nat.router`")
        }
        Seen::Present(live) if live.network != wanted.network => Step::refuse(
            Code::NetworkUnfit,
            format!("the router serves {}, not {}", live.network, wanted.network),
        ),
        Seen::Present(_) => Step::nothing("the router is there"),
    }
}

/// A NAT entry serves many links, and one of them that cannot go on must not hold up the others: a subnetwork that
/// is not going to be there in this plan is left out of the entry for now.
fn within_reach(context: &Context<'_>, node: &Node, wanted: &Nat) -> Nat {
    let enforced =
        |links: &BTreeSet<LinkName>| links.iter().any(|link| context.enforces(&link.to_string()));
    let live = context.world.nat(&wanted.id).present();
    let listed = |id: &RegionalRef| live.is_some_and(|live| live.listed().any(|other| other == id));
    let comes = |id: &&RegionalRef| match context.steps.get(&Id::Subnetwork((*id).clone())) {
        None => true,
        Some(step) => match step.action {
            Action::Nothing => true,
            Action::Create | Action::Update => enforced(&step.links) || !enforced(&node.links),
            Action::Delete | Action::Wait | Action::Refuse => listed(id),
        },
    };
    let subnetworks = wanted.subnetworks.iter().filter(comes).cloned().collect();
    Nat {
        subnetworks,
        ..wanted.clone()
    }
}

fn nat(context: &Context<'_>, wanted: &Nat) -> Step {
    if wanted.subnetworks.is_empty() {
        return Step::wait(
            Code::Waiting,
            "none of the subnetworks that it shall serve is there yet",
        );
    }
    if let Some((address, user)) = address_taken(context, wanted) {
        let why = format!("NAT {user} sends from address {address} already");
        return Step::refuse(Code::AddressInUse, why).help(
            "an address serves one NAT at a time: declare another in `internet.nat.addresses`",
        );
    }
    match context.world.nat(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let entries = context
                .world
                .router(&wanted.id.router)
                .present()
                .map_or(0, |router| router.nats.len());
            if entries >= NATS_PER_ROUTER {
                return Step::refuse(
                    Code::NatLimitReached,
                    format!("the router has {entries} NAT entries already"),
                )
                .help("name another router of the network in `internet.nat.router`");
            }
            let why = "all of the source's traffic enters the network; the NAT gives it the internet back";
            Step::create(why, Write::PutNat(wanted.clone()))
        }
        Seen::Present(live) => {
            let changes = wanted.diff(live);
            if changes.is_empty() {
                return Step::nothing("the NAT serves what it shall");
            }
            Step::update(
                "the NAT gives the source the internet back",
                changes,
                Write::PutNat(wanted.clone()),
            )
        }
    }
}

/// An address that another entry sends from (`docs/reference/google-cloud.md#nat-addresses`), with that entry.
fn address_taken<'a>(
    context: &Context<'a>,
    wanted: &'a Nat,
) -> Option<(&'a ResourceName, &'a ResourceName)> {
    let NatAddresses::Manual(names) = &wanted.addresses else {
        return None;
    };
    let RegionalRef {
        project, region, ..
    } = &wanted.id.router;
    let near = context
        .world
        .routers()
        .filter(|router| router.id.project == *project && router.id.region == *region);
    near.flat_map(|router| router.nats.iter().map(move |nat| (router, nat)))
        .filter(|(router, nat)| router.id != wanted.id.router || nat.name != wanted.id.name)
        .find_map(|(_, nat)| match &nat.addresses {
            NatAddresses::Manual(taken) => Some((names.intersection(taken).next()?, &nat.name)),
            NatAddresses::Auto => None,
        })
}

fn connector(context: &Context<'_>, wanted: &Connector) -> Step {
    match context.world.connector(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let mut live = context.world.connectors();
            if let Some(other) =
                live.find(|live| live.subnetwork.as_ref() == Some(&wanted.subnetwork))
            {
                let why = format!(
                    "connector {} is on {} already",
                    other.id.name, wanted.subnetwork.name
                );
                return Step::refuse(Code::SubnetworkUnfit, why)
                    .help("a connector needs a /28 of its own: declare another subnetwork");
            }
            let why = "the source's traffic enters the network through it";
            Step::create(why, Write::CreateConnector(wanted.clone()))
        }
        Seen::Present(live) => live_connector(wanted, live),
    }
}

fn live_connector(wanted: &Connector, live: &LiveConnector) -> Step {
    if live.state != ConnectorState::Error && live.subnetwork.as_ref() != Some(&wanted.subnetwork) {
        return Step::refuse(
            Code::ForeignUnderOurName,
            "the connector of this name lives on another subnetwork",
        );
    }
    match live.state {
        ConnectorState::Error => Step {
            code: Some(Code::ConnectorReplaced),
            ..Step::delete(
                "the connector is in ERROR, which it never leaves: it is deleted now and made again next",
                Write::DeleteConnector(wanted.id.clone()),
            )
        },
        ConnectorState::Creating
        | ConnectorState::Updating
        | ConnectorState::Deleting
        | ConnectorState::Unknown => Step::wait(
            Code::Waiting,
            format!("the connector is {}", state(live.state)),
        ),
        ConnectorState::Ready => {
            let changes = wanted.diff(live);
            if changes.is_empty() {
                Step::nothing("the connector is ready")
            } else if wanted.shrinks(live) {
                Step::refuse(Code::ConnectorUnfit, "a connector grows in place and never shrinks")
                    .showing(changes)
                    .help("declare another /28: a new connector is made, the users move, and this one is deleted")
            } else {
                Step::update(
                    "the connector grows in place",
                    changes,
                    Write::UpdateConnector(wanted.clone()),
                )
            }
        }
    }
}

fn state(state: ConnectorState) -> &'static str {
    match state {
        ConnectorState::Ready => "ready",
        ConnectorState::Creating => "being made",
        ConnectorState::Updating => "being changed",
        ConnectorState::Deleting => "being deleted",
        ConnectorState::Error => "in ERROR",
        ConnectorState::Unknown => "in a state that this release does not know",
    }
}

fn existing_connector(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Step {
    let live = match context.world.connector(id) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => {
            return Step::refuse(
                Code::ConnectorMissing,
                format!("{} does not exist", id.location("connectors")),
            );
        }
        Seen::Present(live) => live,
    };
    match live.state {
        ConnectorState::Error => {
            return Step::refuse(
                Code::ConnectorFailed,
                "the connector is in ERROR, and it is not ours to replace",
            )
            .help("delete it and make it again; it never leaves this state");
        }
        ConnectorState::Creating | ConnectorState::Deleting | ConnectorState::Unknown => {
            return Step::wait(
                Code::Waiting,
                format!("the connector is {}", state(live.state)),
            );
        }
        ConnectorState::Ready | ConnectorState::Updating => {}
    }
    let Some(subnetwork) = &live.subnetwork else {
        return Step::refuse(
            Code::SubnetworkHidden,
            "Google made a hidden subnetwork for the connector, on which neither NAT nor Private Google Access can be set",
        )
        .help("use a connector with a /28 subnetwork of its own");
    };
    let networks: BTreeSet<&NetworkRef> = node
        .links
        .iter()
        .filter_map(|link| Some(&context.link(link)?.network))
        .collect();
    match context.world.subnetwork(subnetwork).present() {
        Some(live) if networks.iter().any(|network| **network != live.network) => Step::refuse(
            Code::ConnectorUnfit,
            format!("the connector leads into {}", live.network),
        )
        .help("name that network in the link, or another connector"),
        Some(_) | None => Step::nothing("the connector is ready"),
    }
}

/// Turns a step that would write into one that waits, when what it needs is not going to be there.
pub fn gate(context: &Context<'_>, id: &Id, node: &Node, step: Step) -> Step {
    if !step.action.writes() || (step.action == Action::Delete) || context.is_journal(&step) {
        return step;
    }
    if let Some(why) = context.all_blocked(&node.links) {
        return step.held_back(Action::Wait, Code::Waiting, why);
    }
    let mut after = BTreeSet::new();
    // What a NAT entry waits for has been settled when its subnetworks were chosen.
    let left_out = |need: &Id| match (&step.write, need) {
        (Some(Write::PutNat(nat)), Id::Subnetwork(id)) => {
            let comes = context
                .steps
                .get(need)
                .is_some_and(|step| match step.action {
                    Action::Nothing | Action::Create | Action::Update => true,
                    Action::Delete | Action::Wait | Action::Refuse => false,
                });
            !comes || !nat.subnetworks.contains(id)
        }
        _ => false,
    };
    for need in node.needs.iter().filter(|need| !left_out(need)) {
        match context.steps.get(need).map(|step| step.action) {
            Some(Action::Nothing) => {}
            Some(Action::Create | Action::Update) => {
                after.insert(need.clone());
            }
            Some(Action::Delete | Action::Wait | Action::Refuse) | None => {
                let why = format!("waits for {} {}", need.kind(), need.short());
                return step.held_back(Action::Wait, Code::Waiting, why);
            }
        }
    }
    debug_assert!(!after.contains(id));
    step.after(after)
}
