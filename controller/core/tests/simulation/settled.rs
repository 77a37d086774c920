//! What has to be true when nothing goes wrong any more.

#[path = "settled/aside.rs"]
mod aside;
#[path = "settled/guests.rs"]
mod guests;
#[path = "settled/restored.rs"]
mod restored;
#[path = "settled/served.rs"]
mod served;

use std::collections::BTreeSet;

use privatelink_core::fake::State;
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::service_egress::EgressAnnotation;
use privatelink_core::kinds::{
    ConnectorState, IngressSetting, Job, LiveAddress, LiveNat, NatAddresses, Service, VpcAccess,
};
use privatelink_core::link::{
    ConnectorChoice, Egress, Ingress, Link, Routing, ServiceRef, SubnetworkChoice,
};
use privatelink_core::names::Mark;
use privatelink_core::report::{LinkReport, LinkState, Report};
use privatelink_core::standing::Standing;

pub(crate) use restored::restored;
use restored::used_by_others;
use served::as_served;

use crate::{universe::UNIVERSE, works::works};

type Fine = Result<(), String>;

/// Every link that says it is ready is as declared and works; one that does not say so has a reason.
/// A turn that does not see all, because nobody told it of a project that a path leads through, may not know that it works.
pub(crate) fn as_declared(
    state: &State,
    links: &[Link],
    report: &Report,
    plain: bool,
    sees_all: bool,
) -> Fine {
    let standing = |link: &Link| {
        report
            .links
            .iter()
            .find(|told| told.name == link.name)
            .map(|told| told.standing)
    };
    let takes_part = |link: &&Link| {
        matches!(
            standing(link),
            Some(Standing::Enforced | Standing::Reported)
        )
    };
    let held: BTreeSet<String> = report
        .links
        .iter()
        .filter(|told| {
            use Standing::{Enforced, Released, Reported};
            !matches!(told.standing, Enforced | Reported | Released)
        })
        .map(|told| told.name.to_string())
        .collect();
    let enforced = |told: &&LinkReport| told.standing == Standing::Enforced;
    for told in report.links.iter().filter(enforced) {
        let Some(link) = links.iter().find(|link| link.name == told.name) else {
            return Err(format!("{} is enforced and not declared", told.name));
        };
        let beside: Vec<&Link> = links.iter().filter(takes_part).collect();
        let reported = beside.iter().any(|other| {
            standing(other) == Some(Standing::Reported)
                && (other.destination == link.destination
                    || (other.network == link.network && other.region == link.region))
        });
        match told.state {
            LinkState::Ready => {
                made(state, link, &beside, &held)
                    .map_err(|what| format!("{} is not as declared: {what}", link.name))?;
                if !works(state, link) {
                    return Err(format!("{} says it is ready and does not work", link.name));
                }
            }
            LinkState::Unproven if sees_all && works(state, link) && settled(state, link) => {
                return Err(format!("{} works, and nobody says so", link.name));
            }
            LinkState::Unproven | LinkState::Waiting | LinkState::Refused | LinkState::Drifted
                if !plain || reported => {}
            LinkState::Waiting if aside::waits(state, link, links, report) => {}
            other => return Err(format!("{} ends as {other:?}", link.name)),
        }
    }
    Ok(())
}

/// A newest revision that failed, or one that serves by name and leaves another way, makes a path doubtful although
/// requests get through.
fn settled(state: &State, link: &Link) -> bool {
    state.services.get(&link.source).is_some_and(|service| {
        service.failed.is_none() && service.traffic.iter().all(|line| line.revision.is_none())
    })
}

fn made(state: &State, link: &Link, beside: &[&Link], held: &BTreeSet<String>) -> Fine {
    let service = state.services.get(&link.source).ok_or("no source")?;
    let access = service.vpc_access.as_ref().ok_or("not attached")?;
    let connector = access
        .connector()
        .and_then(|id| state.connectors.get(id))
        .ok_or("no connector")?;
    if access.routing != Routing::AllTraffic || connector.state != ConnectorState::Ready {
        return Err("routing or connector".to_owned());
    }
    let subnetwork = connector.subnetwork.clone().ok_or("no subnetwork")?;
    let live = state
        .subnetworks
        .get(&subnetwork)
        .ok_or("the subnetwork is gone")?;
    let Egress::Connector(choice) = &link.egress;
    let fits = match choice {
        ConnectorChoice::Existing(reference) => {
            connector.id.name.as_str() == reference.name.as_str()
        }
        ConnectorChoice::Managed {
            subnetwork,
            machine_type,
            instances,
        } => {
            let place = match subnetwork {
                SubnetworkChoice::Managed { cidr } => {
                    live.cidr == Some(*cidr) && live.network == link.network
                }
                SubnetworkChoice::Existing { name } => live.id.name == *name,
            };
            place
                && UNIVERSE.ours.made(connector.id.name.as_str())
                && connector.machine_type == machine_type.to_string()
                && connector.min_instances >= u32::from(instances.min)
                && connector.max_instances >= u32::from(instances.max)
        }
    };
    if !fits {
        return Err("connector or subnetwork".to_owned());
    }
    as_served(state, link, &subnetwork, beside)?;
    let memory = EgressAnnotation::read(service)
        .and_then(Result::ok)
        .ok_or("no annotation")?;
    if memory.installation != UNIVERSE.ours {
        // Another set keeps it, and it is as wished.
        return Ok(());
    }
    let digest = memory
        .links
        .get(&link.name.to_string())
        .map(|kept| kept.digest.as_str());
    if digest != Some(link.digest.as_str()) {
        return Err("its digest".to_owned());
    }
    if link.ingress.is_none() {
        return Ok(());
    }
    let destination = state
        .services
        .get(&link.destination)
        .ok_or("no destination")?;
    let wishes = beside
        .iter()
        .filter(|other| other.destination == link.destination);
    let held = held_wishes(state, &link.destination, held);
    match wishes.filter_map(|other| other.ingress).chain(held).max() {
        Some(loosest) if destination.ingress != IngressSetting::from(loosest) => {
            Err("its ingress".to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

/// Who the links that take no part want to reach a destination, as their sources remember it.
fn held_wishes(state: &State, destination: &ServiceRef, held: &BTreeSet<String>) -> Vec<Ingress> {
    let to = destination.to_string();
    let memories = state.services.values().filter_map(EgressAnnotation::read);
    let links = memories
        .filter_map(Result::ok)
        .flat_map(|memory| memory.links);
    links
        .filter(|(name, link)| link.to == to && held.contains(name))
        .filter_map(|(_, link)| link.ingress)
        .collect()
}

fn ours(name: &str) -> bool {
    UNIVERSE.ours.made(name)
}

fn through_ours(service: &Service, state: &State) -> bool {
    let accesses = state
        .serving(service)
        .into_iter()
        .filter_map(|revision| revision.vpc_access.as_ref());
    let mut connectors = accesses
        .chain(&service.vpc_access)
        .filter_map(VpcAccess::connector);
    connectors.any(|connector| ours(connector.name.as_str()))
}

fn runs_through_ours(job: &Job) -> bool {
    let connector = job.vpc_access.as_ref().and_then(VpcAccess::connector);
    connector.is_some_and(|connector| ours(connector.name.as_str()))
}

/// Does somebody's NAT send from it?
fn sent_from(state: &State, address: &LiveAddress) -> bool {
    let sends = |nat: &LiveNat| matches!(&nat.addresses, NatAddresses::Manual(names) if names.contains(&address.id.name));
    state
        .routers
        .values()
        .flat_map(|router| &router.nats)
        .any(sends)
}

/// Does a router hold entries of ours and of others, or ours for others?
fn guests(state: &State) -> bool {
    let nats = || state.routers.values().flat_map(|router| &router.nats);
    foreign_entry_in_ours(state)
        || nats().any(|nat| ours(nat.name.as_str()))
        || state
            .services
            .values()
            .any(|service| through_ours(service, state))
        || state.jobs.values().any(runs_through_ours)
}

fn foreign_entry_in_ours(state: &State) -> bool {
    let foreign = |nat: &LiveNat| !ours(nat.name.as_str());
    state
        .routers
        .values()
        .any(|router| ours(router.id.name.as_str()) && router.nats.iter().any(foreign))
}

/// Nothing of ours is left, unless others still use it.
pub(crate) fn undone(state: &State) -> Fine {
    let marked = |mark: &Option<Mark>| {
        mark.as_ref()
            .is_some_and(|mark| mark.installation == UNIVERSE.ours)
    };
    if state
        .services
        .values()
        .any(|service| through_ours(service, state))
        || state.jobs.values().any(runs_through_ours)
    {
        return Ok(());
    }
    if let Some(left) = state.connectors.keys().find(|id| ours(id.name.as_str())) {
        return Err(format!("connector {} is left", left.name));
    }
    // A NAT of ours stays for whom a link sent to somebody's connector; to all others it was a gift.
    let relied_on = |nat: &LiveNat| {
        let mut connectors = state.connectors.values().filter(|connector| {
            connector
                .subnetwork
                .as_ref()
                .is_some_and(|subnetwork| nat.covers(subnetwork))
        });
        connectors.any(|connector| guests::has_one_that_stays(state, &connector.id))
    };
    let mut entries = state.routers.values().flat_map(|router| &router.nats);
    if let Some(left) = entries.find(|nat| ours(nat.name.as_str()) && !relied_on(nat)) {
        return Err(format!("NAT {} is left", left.name));
    }
    let mut subnetworks = state.subnetworks.values();
    if let Some(left) =
        subnetworks.find(|live| marked(&live.mark) && !used_by_others(state, &live.id))
    {
        return Err(format!("subnetwork {} is left", left.id.name));
    }
    if state
        .routers
        .values()
        .flat_map(|router| &router.nats)
        .any(|nat| ours(nat.name.as_str()))
    {
        return Ok(());
    }
    let mut addresses = state.addresses.values();
    if let Some(left) = addresses.find(|live| marked(&live.mark) && !sent_from(state, live)) {
        return Err(format!("address {} is left", left.id.name));
    }
    if !foreign_entry_in_ours(state)
        && let Some(left) = state.routers.values().find(|live| marked(&live.mark))
    {
        return Err(format!("router {} is left", left.id.name));
    }
    let set = format!(r#""set":"{}""#, UNIVERSE.ours.set);
    for service in state.services.values() {
        let kept = service
            .annotations
            .iter()
            .find(|(key, text)| key.starts_with("privatelink.dev/") && text.contains(&set))
            .filter(|_| !leads_to_what_is_left(state, service))
            .filter(|_| !guests::waits_for_another_way(state, service));
        if let Some((key, text)) = kept {
            return Err(format!("{} keeps {key}: {text}", service.id.name));
        }
    }
    Ok(())
}

/// Does a source keep nothing but the way to projects in which something of ours has to stay for others?
pub(crate) fn leads_to_what_is_left(state: &State, service: &Service) -> bool {
    let Some(Ok(memory)) = EgressAnnotation::read(service) else {
        return false;
    };
    let marked = |mark: &Option<Mark>| {
        mark.as_ref()
            .is_some_and(|mark| mark.installation == UNIVERSE.ours)
    };
    let stays = |project: &ProjectId| {
        let mut subnetworks = state.subnetworks.values();
        let mut routers = state.routers.values();
        subnetworks.any(|live| live.id.project == *project && marked(&live.mark))
            || routers.any(|live| {
                let entry = live.nats.iter().any(|nat| ours(nat.name.as_str()));
                live.id.project == *project && (entry || marked(&live.mark))
            })
    };
    memory.links.is_empty() && !memory.networks.is_empty() && memory.networks.iter().all(stays)
}
