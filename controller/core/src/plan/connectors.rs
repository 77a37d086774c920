//! Steps for connectors: made, grown in place, made again out of ERROR, and removed when nobody uses them.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::hold;
use crate::kinds::{Connector, ConnectorState, Id, LiveConnector, RegionalRef, VpcAccess};
use crate::link::{NetworkRef, ServiceRef};
use crate::plan::{Step, jobs, meant};
use crate::world::Seen;

pub(super) fn connector(context: &Context<'_>, wanted: &Connector) -> Step {
    match context.world.connector(&wanted.id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            if let Some(other) = context.uses.connectors_on(&wanted.subnetwork).first() {
                let why = format!(
                    "connector {} is on {} already",
                    other.id.name, wanted.subnetwork.name
                );
                return Step::refuse(Code::SubnetworkUnfit, why)
                    .help("a connector needs a /28 of its own: declare another subnetwork");
            }
            if let Some(range) = no_28(context, &wanted.subnetwork) {
                let why = format!("{} is {range}, and no /28", wanted.subnetwork.name);
                return Step::refuse(Code::SubnetworkUnfit, why)
                    .help("a connector needs a /28 of its own: declare another subnetwork");
            }
            let why = "the source's traffic enters the network through it";
            Step::create(why, Write::CreateConnector(wanted.clone()))
        }
        Seen::Present(live) => live_connector(wanted, live),
    }
}

/// The range of a subnetwork in which no connector can be made (`docs/reference/google-cloud.md#connector-subnet`). One
/// that lives there already goes on when somebody makes the subnetwork larger.
fn no_28(context: &Context<'_>, subnetwork: &RegionalRef) -> Option<Ipv4Net> {
    let live = context.world.subnetwork(subnetwork).present()?;
    live.cidr.filter(|range| range.prefix_len() != 28)
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
            let grown = wanted.grown(live);
            let growth = grown.diff(live);
            if !growth.is_empty() {
                return Step::update(
                    "the connector grows in place",
                    growth,
                    Write::UpdateConnector(grown),
                );
            }
            let smaller = wanted.diff(live);
            if smaller.is_empty() {
                return Step::nothing("the connector is ready");
            }
            // Carrying more than was asked for harms nobody; refusing would hold up every link that shares it.
            Step { code: Some(Code::ConnectorUnfit), ..Step::nothing(LARGER) }
                .showing(smaller)
                .help("declare another /28: a new connector is made, the users move, and this one is deleted")
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

/// What to do about one that is not there.
const CORRECT: &str =
    "correct its name, region or `projectId`, or let privatelink make one with `managed`";

pub(super) fn existing_connector(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Step {
    let live = match context.world.connector(id) {
        Seen::Unreadable(why) => return Step::unreadable(why),
        Seen::Absent => {
            let why = format!("{} does not exist", id.location("connectors"));
            return Step::refuse(Code::ConnectorMissing, why).help(meant::connector(
                context.world,
                id,
                CORRECT,
            ));
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

/// A connector that Google will not make smaller.
const LARGER: &str =
    "it is larger than declared and stays so: a connector grows in place and never shrinks";

/// How a step is known that only waits for revisions to be read.
pub const UNREAD: &str =
    "pinned revisions near it are read first: one of them may leave through it";

/// The steps of this plan that take a connector's users away; `Err` names a user that stays.
pub(super) fn users_leave<'a>(
    context: &Context<'_>,
    connector: &RegionalRef,
    users: impl IntoIterator<Item = &'a ServiceRef>,
) -> Result<BTreeSet<Id>, ServiceRef> {
    if let Some(unread) = context.uses.unread_revisions(connector).first() {
        return Err(unread.service.clone());
    }
    let mut after = BTreeSet::new();
    for user in users {
        let id = Id::ServiceEgress(user.clone());
        let leaves = context
            .steps
            .get(&id)
            .is_some_and(|step| match &step.write {
                Some(Write::PatchService(patch)) => {
                    patch.vpc_access.as_ref().is_some_and(|access| {
                        access.as_ref().and_then(VpcAccess::connector) != Some(connector)
                    })
                }
                _ => false,
            });
        let pinned = context.world.service(user).present().is_none_or(|service| {
            !service.template_serves()
                || hold::connectors_pinned(service, context.world).contains(connector)
        });
        if !leaves || pinned {
            return Err(user.clone());
        }
        after.insert(id);
    }
    Ok(after)
}

pub(super) fn remove_connector(context: &Context<'_>, live: &LiveConnector) -> Option<Step> {
    let id = Id::Connector(live.id.clone());
    if !context.unwanted(&id) {
        return None;
    }
    if let Some(why) = context.world.services_unread(&live.id) {
        return Some(Step::wait(
            Code::ScopeUnreadable,
            format!("who uses it could not be read: {why}"),
        ));
    }
    if !context.uses.unread_revisions(&live.id).is_empty() {
        return Some(Step::wait(Code::Waiting, UNREAD));
    }
    if matches!(
        live.state,
        ConnectorState::Creating | ConnectorState::Updating | ConnectorState::Deleting
    ) {
        return Some(Step::wait(
            Code::Waiting,
            "the connector is being worked on",
        ));
    }
    let users = context.uses.services().get(&live.id);
    let after = match users_leave(context, &live.id, users.into_iter().flatten()) {
        Ok(after) => after,
        Err(user) => {
            let why = format!("{user} still uses it");
            return Some(Step::wait(Code::UsedByService, why));
        }
    };
    let stays = jobs::connector_stays(context, &live.id);
    Some(stays.unwrap_or_else(|| {
        let why = "no link wants it any more";
        Step::delete(why, Write::DeleteConnector(live.id.clone())).after(after)
    }))
}
