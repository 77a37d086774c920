//! What may never happen, judged write by write on what was really there.

#[path = "judge/brought.rs"]
mod brought;
#[path = "judge/jobs.rs"]
mod jobs;
#[path = "judge/services.rs"]
mod services;

pub(crate) use brought::Brought;
pub(crate) use services::*;
use std::collections::BTreeSet;

use privatelink_core::cloud::{ServicePatch, Write};
use privatelink_core::fake::{Entry, State};
use privatelink_core::ids::LinkName;
use privatelink_core::kinds::service_egress::{ANNOTATION as EGRESS, EgressAnnotation, Former};
use privatelink_core::kinds::service_ingress::{ANNOTATION as INGRESS, IngressAnnotation};
use privatelink_core::kinds::{
    ConnectorState, Id, IngressSetting, LiveNat, NatRef, RegionalRef, Service, VpcAccess,
};
use privatelink_core::link::{AdoptionKind, Internet, Link, Reconcile, Routing};
use privatelink_core::names::Mark;
use privatelink_core::policy::Policy;

use crate::universe::UNIVERSE;
use crate::works::{carried_by, works};

/// What a turn was meant to do, as far as judging needs it.
pub(crate) struct Brief<'a> {
    /// Every link that is declared, whatever becomes of it.
    pub(crate) links: &'a [Link],
    /// Those that take part: enforced or reported, and contradicting nobody.
    pub(crate) active: BTreeSet<LinkName>,
    /// Every name that shall stay.
    pub(crate) declared: BTreeSet<String>,
    /// Is a link that is not declared undone?
    pub(crate) undoes: bool,
    /// What the turn may carry out of its plan.
    pub(crate) policy: Policy,
    /// The world as it was when the history began.
    pub(crate) origin: &'a State,
    /// The ways out that are there because of us.
    pub(crate) brought: Brought,
    /// Did others act in the middle of the turn, or were lists out of date? Then what was decided on an older
    /// world cannot be held against the newer one.
    pub(crate) loose: bool,
}

type Verdict = Result<(), String>;

fn broken<T>(what: impl Into<String>) -> Result<T, String> {
    Err(what.into())
}

/// Judges one write.
pub(crate) fn judge(entry: &Entry, brief: &Brief<'_>) -> Verdict {
    let Entry {
        asked,
        before,
        write,
        after,
        ..
    } = entry;
    ownership(asked, write, brief)?;
    policy_is_kept(entry, brief.policy)?;
    if entry.result.is_ok() {
        others_entries_stay(before, after, write)?;
        if !brief.loose {
            internet_stays(before, after, write, brief)?;
            connector_is_free(asked, write)?;
            jobs::keep_their_way(before, write)?;
        }
    }
    if let Write::PatchService(patch) = write
        && let (Some(was), Some(will)) = (
            before.services.get(&patch.service),
            after.services.get(&patch.service),
        )
    {
        service_keeps_the_rest(was, will)?;
        consent(was, will, patch, brief)?;
        declared_links_stay(was, will, brief)?;
        if !brief.loose {
            callers_are_kept(entry, was, will, brief)?;
            tightened_only_when_proven(before, was, will, brief)?;
            internet_before_egress(before, was, will, brief)?;
            loosened_before_detached(before, was, will, brief)?;
        }
    }
    Ok(())
}

/// A turn without deletes sends none and leaves nothing gone; one that only reports sends nothing. Whoever acts in
/// the middle of the turn changes nothing about that: nobody else's doing makes a delete out of what is none.
fn policy_is_kept(entry: &Entry, policy: Policy) -> Verdict {
    match policy {
        Policy::Sync => Ok(()),
        Policy::ReportOnly => broken("written although the turn only reports"),
        Policy::NoDelete if deletes(&entry.write) => {
            broken("deleted although the policy is no-delete")
        }
        Policy::NoDelete => {
            let there = things(&entry.after);
            match things(&entry.before)
                .into_iter()
                .find(|id| !there.contains(id))
            {
                Some(gone) => broken(format!("{gone} is gone although the policy is no-delete")),
                None => Ok(()),
            }
        }
    }
}

fn deletes(write: &Write) -> bool {
    match write {
        Write::DeleteSubnetwork(_)
        | Write::DeleteAddress(_)
        | Write::DeleteRouter(_)
        | Write::DeleteNat(_)
        | Write::DeleteConnector(_) => true,
        Write::CreateSubnetwork(..)
        | Write::SetPrivateGoogleAccess(..)
        | Write::CreateAddress(..)
        | Write::CreateRouter(..)
        | Write::PutNat(_)
        | Write::PutNats(..)
        | Write::CreateConnector(_)
        | Write::UpdateConnector(_)
        | Write::PatchService(_) => false,
    }
}

/// Everything that a delete could take away, NAT entries one by one: a list can be put without one of them.
fn things(state: &State) -> BTreeSet<Id> {
    let nats = state.routers.values().flat_map(|router| {
        let entry = |nat: &LiveNat| NatRef {
            router: router.id.clone(),
            name: nat.name.clone(),
        };
        router.nats.iter().map(entry)
    });
    let subnetworks = state.subnetworks.keys().cloned().map(Id::Subnetwork);
    let addresses = state.addresses.keys().cloned().map(Id::Address);
    let routers = state.routers.keys().cloned().map(Id::Router);
    let connectors = state.connectors.keys().cloned().map(Id::Connector);
    let all = subnetworks
        .chain(addresses)
        .chain(routers)
        .chain(connectors);
    all.chain(nats.map(Id::Nat)).collect()
}

fn is_ours(mark: Option<&Mark>) -> bool {
    mark.is_some_and(|mark| mark.installation == UNIVERSE.ours)
}

fn made(name: &str) -> bool {
    UNIVERSE.ours.made(name)
}

/// No write without our mark or somebody's consent; nothing is made under a name that is not ours.
fn ownership(asked: &State, write: &Write, brief: &Brief<'_>) -> Verdict {
    let fine = match write {
        Write::CreateSubnetwork(wanted, mark) => {
            made(wanted.id.name.as_str()) && is_ours(Some(mark))
        }
        Write::CreateRouter(wanted, mark) => made(wanted.id.name.as_str()) && is_ours(Some(mark)),
        Write::CreateConnector(wanted) => made(wanted.id.name.as_str()),
        Write::UpdateConnector(wanted) => made(wanted.id.name.as_str()),
        Write::DeleteConnector(id) => made(id.name.as_str()),
        Write::CreateAddress(id, mark) => {
            let names = |link: &Link| match &link.internet {
                Internet::Nat(nat) => match &nat.addresses {
                    privatelink_core::link::Addresses::Manual(names) => names.contains(&id.name),
                    privatelink_core::link::Addresses::Auto => false,
                },
                Internet::Existing | Internet::None => false,
            };
            is_ours(Some(mark)) && brief.links.iter().any(names)
        }
        Write::DeleteAddress(id) => asked
            .addresses
            .get(id)
            .is_none_or(|live| is_ours(live.mark.as_ref())),
        Write::DeleteSubnetwork(id) => asked
            .subnetworks
            .get(id)
            .is_none_or(|live| is_ours(live.mark.as_ref())),
        Write::DeleteRouter(id) => asked.routers.get(id).is_none_or(|live| {
            is_ours(live.mark.as_ref()) && live.nats.iter().all(|nat| made(nat.name.as_str()))
        }),
        Write::PutNat(_) | Write::PutNats(..) => write.puts().all(|wanted| {
            made(wanted.id.name.as_str()) && may_hold_our_entry(asked, &wanted.id, brief)
        }),
        Write::DeleteNat(id) => made(id.name.as_str()),
        Write::SetPrivateGoogleAccess(id, on) => may_switch(asked, id, *on, brief),
        Write::PatchService(_) => true,
    };
    if fine {
        Ok(())
    } else {
        broken(format!("not ours to write: {write:?}"))
    }
}

/// Our entry goes into our router, into one that a link names, or stays where it is.
fn may_hold_our_entry(asked: &State, id: &NatRef, brief: &Brief<'_>) -> bool {
    // Only what is deleted is read again first.
    if brief.loose {
        return true;
    }
    let Some(router) = asked.routers.get(&id.router) else {
        return true;
    };
    let named = |link: &Link| match &link.internet {
        Internet::Nat(nat) => nat.router.as_ref() == Some(&id.router.name),
        Internet::Existing | Internet::None => false,
    };
    is_ours(router.mark.as_ref())
        || router.nats.iter().any(|nat| nat.name == id.name)
        || brief.links.iter().any(named)
}

fn may_switch(asked: &State, id: &RegionalRef, on: bool, brief: &Brief<'_>) -> bool {
    let Some(live) = asked.subnetworks.get(id) else {
        return true;
    };
    let adopts = |link: &&Link| {
        link.adopt
            .iter()
            .any(|adoption| adoption.kind == AdoptionKind::Subnetwork && adoption.name == id.name)
    };
    // Only what is deleted is read again first.
    if brief.loose {
        return true;
    }
    if on {
        return is_ours(live.mark.as_ref()) || brief.links.iter().any(|link| adopts(&link));
    }
    // It gets back what a record says that it had.
    let path = id.compute("subnetworks");
    let recorded = asked
        .services
        .values()
        .filter_map(egress_memory)
        .any(|memory| memory.adopted.contains_key(&path));
    live.mark.is_none() && recorded
}

/// Other people's NAT entries, wherever they stand.
pub(crate) fn others_entries(state: &State) -> Vec<&LiveNat> {
    let nats = state.routers.values().flat_map(|router| &router.nats);
    nats.filter(|nat| !made(nat.name.as_str())).collect()
}

/// Other people's NAT entries stay as they are, wherever they stand.
fn others_entries_stay(before: &State, after: &State, write: &Write) -> Verdict {
    let router = match write {
        Write::PutNat(wanted) | Write::PutNats(wanted, _) => &wanted.id.router,
        Write::DeleteNat(id) => &id.router,
        _ => return Ok(()),
    };
    let foreign = |state: &State| -> Vec<LiveNat> {
        let nats = state
            .routers
            .get(router)
            .map(|live| live.nats.clone())
            .unwrap_or_default();
        nats.into_iter()
            .filter(|nat| !made(nat.name.as_str()))
            .collect()
    };
    if foreign(before) == foreign(after) {
        Ok(())
    } else {
        broken("somebody's NAT entry changed")
    }
}

/// The ways out that carry all traffic of something of a service, each with the subnetwork that it leaves from.
fn ways_out(state: &State) -> Vec<(RegionalRef, &Service, &VpcAccess)> {
    let ways = state.services.values().flat_map(|service| {
        let serving = state.serving(service).into_iter();
        let serving = serving.filter_map(|revision| revision.vpc_access.as_ref());
        let all = serving.chain(&service.vpc_access);
        all.filter(|access| access.routing == Routing::AllTraffic)
            .filter_map(move |access| Some((carried_by(state, access)?, service, access)))
    });
    ways.collect()
}

/// A NAT goes only after everybody whose internet it is has left.
fn internet_stays(before: &State, after: &State, write: &Write, brief: &Brief<'_>) -> Verdict {
    if !matches!(
        write,
        Write::PutNat(_) | Write::PutNats(..) | Write::DeleteNat(_) | Write::DeleteRouter(_)
    ) {
        return Ok(());
    }
    // A source all of whose links say that it does without; one of them alone does not speak for the others.
    let does_without = |service: &Service| {
        let own = brief.links.iter().filter(|link| link.source == service.id);
        let mut active = own
            .filter(|link| brief.active.contains(&link.name))
            .peekable();
        active.peek().is_some() && active.all(|link| link.internet == Internet::None)
    };
    jobs::keep_the_internet(before, after)?;
    // A template and each revision that serves go their own way, and are judged by that one.
    for (subnetwork, service, access) in ways_out(before) {
        // What goes the way that it went before us has what it had.
        let before_us = brief.origin.services.get(&service.id);
        let back = before_us.is_some_and(|origin| origin.vpc_access.as_ref() == Some(access));
        // Behind somebody's connector ours was a gift to all of its users, and goes with the link that wanted it; but
        // whom a link of ours sent there had another way out.
        let connector = access.connector();
        let a_guest = connector.is_some_and(|connector| !made(connector.name.as_str()))
            && !brief.brought.by_us(&service.id, access)
            && !brief
                .links
                .iter()
                .any(|link| link.source == service.id && brief.active.contains(&link.name));
        if does_without(service) || back || a_guest {
            continue;
        }
        if before.nat_serving(&subnetwork).is_some() && after.nat_serving(&subnetwork).is_none() {
            return broken(format!(
                "{} lost the internet on {}",
                service.id.name, subnetwork.name
            ));
        }
    }
    Ok(())
}

/// A connector goes only after everybody left it; one in ERROR carries nobody.
fn connector_is_free(asked: &State, write: &Write) -> Verdict {
    let Write::DeleteConnector(id) = write else {
        return Ok(());
    };
    let carries = asked
        .connectors
        .get(id)
        .is_some_and(|live| live.state != ConnectorState::Error);
    let services = asked.users(id).into_iter().map(|user| user.id.to_string());
    let jobs = asked.jobs_through(id).map(|job| job.id.location("jobs"));
    match services.chain(jobs).next() {
        Some(user) if carries => broken(format!("the connector was deleted under {user}")),
        Some(_) | None => Ok(()),
    }
}

/// Everything of a service that is not ours to manage stays byte for byte.
fn service_keeps_the_rest(was: &Service, will: &Service) -> Verdict {
    let rest = |service: &Service| {
        let mut rest = service.clone();
        rest.annotations
            .retain(|key, _| key != EGRESS && key != INGRESS);
        rest.etag = "".into();
        rest.ingress = IngressSetting::All;
        rest.vpc_access = None;
        (rest.latest_ready, rest.latest_created, rest.failed) = (None, None, None);
        rest.reconciling = false;
        rest
    };
    if rest(was) == rest(will) {
        Ok(())
    } else {
        broken("a part of a service that is not ours changed")
    }
}
