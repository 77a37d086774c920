//! Carrying out a plan: ready steps at the same time, a failure skips what depends on it and names the cause.
//!
//! Doing without deciding: every step says what to send. Two things are looked at again on the way, because the
//! world may have moved since it was observed: a thing that is about to be deleted, with its mark; and a service
//! that an earlier step of the same plan has written, whose version has changed by that.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use serde::Serialize;

use crate::cloud::{Cloud, CloudError, CloudErrorKind, ServicePatch, Write};
use crate::codes::Code;
use crate::kinds::{Id, Kind, Live, Service};
use crate::link::ServiceRef;
use crate::names::{Installation, Mark};
use crate::plan::{Action, Plan, Step};

/// Steps in flight at once. Google's own limits on concurrent operations are higher; more would only make the
/// progress harder to read.
pub const CONCURRENT_STEPS: usize = 16;

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// It was tried and did not work out.
    Failed {
        /// What went wrong.
        error: CloudError,
    },
    /// It was not tried, because something before it did not work out.
    Skipped {
        /// What did not work out.
        because: Id,
    },
}

impl Outcome {
    /// Is the world not as it was when this was decided, so that another pass may get further?
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Failed { error } if error.kind == CloudErrorKind::Conflict)
    }

    /// Is it something that goes on by itself and only takes time?
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Failed { error } if error.kind == CloudErrorKind::InUse)
    }
}

/// Something that an observer may want to show.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A pass begins with this plan.
    Planned(&'a Plan),
    /// A step begins.
    Started(&'a Id, Action),
    /// A step has ended.
    Finished(&'a Id, Action, &'a Outcome),
}

/// Watches a turn.
pub type Observer<'a> = &'a (dyn Fn(Progress<'_>) + Send + Sync);

type Running<'a> = BoxFuture<'a, (Id, Result<Option<Live>, CloudError>)>;

/// Carries out a plan. Steps that share an object at Google run one after the other.
pub async fn apply(
    cloud: &dyn Cloud,
    plan: &Plan,
    ours: &Installation,
    observer: Observer<'_>,
) -> BTreeMap<Id, Outcome> {
    let mut todo: BTreeMap<&Id, &Step> = plan
        .steps
        .iter()
        .filter(|(_, step)| step.action.writes())
        .collect();
    let mut outcomes: BTreeMap<Id, Outcome> = BTreeMap::new();
    let mut locked: BTreeSet<Id> = BTreeSet::new();
    let mut services: BTreeMap<ServiceRef, Service> = BTreeMap::new();
    let mut running: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
    loop {
        skip_stranded(&mut todo, &mut outcomes, observer);
        while running.len() < CONCURRENT_STEPS {
            let Some((id, step)) = next_ready(&todo, &outcomes, &locked) else {
                break;
            };
            todo.remove(id);
            let Some(write) = &step.write else { continue };
            locked.insert(id.lock());
            observer(Progress::Started(id, step.action));
            let write = rebase(id, write, &services);
            running.push(Box::pin(async move {
                let result = carry_out(cloud, id, step.action, &write, ours).await;
                (id.clone(), result)
            }));
        }
        let Some((id, result)) = running.next().await else {
            break;
        };
        locked.remove(&id.lock());
        let outcome = match result {
            Ok(live) => {
                if let Some(Live::Service(service)) = live {
                    services.insert(service.id.clone(), service);
                }
                Outcome::Done
            }
            Err(error) => Outcome::Failed { error },
        };
        let action = plan
            .steps
            .get(&id)
            .map_or(Action::Nothing, |step| step.action);
        observer(Progress::Finished(&id, action, &outcome));
        outcomes.insert(id, outcome);
    }
    outcomes
}

/// Marks everything that comes after a failure as skipped, so that nothing waits for what will not come.
fn skip_stranded(
    todo: &mut BTreeMap<&Id, &Step>,
    outcomes: &mut BTreeMap<Id, Outcome>,
    observer: Observer<'_>,
) {
    loop {
        let stranded = todo.iter().find_map(|(id, step)| {
            let because = step
                .after
                .iter()
                .find(|before| match outcomes.get(*before) {
                    Some(Outcome::Failed { .. } | Outcome::Skipped { .. }) => true,
                    Some(Outcome::Done) | None => false,
                })?;
            let root = match outcomes.get(because) {
                Some(Outcome::Skipped { because }) => because.clone(),
                Some(Outcome::Failed { .. } | Outcome::Done) | None => because.clone(),
            };
            Some(((*id).clone(), step.action, root))
        });
        let Some((id, action, because)) = stranded else {
            return;
        };
        todo.remove(&id);
        let outcome = Outcome::Skipped { because };
        observer(Progress::Finished(&id, action, &outcome));
        outcomes.insert(id, outcome);
    }
}

fn next_ready<'a>(
    todo: &BTreeMap<&'a Id, &'a Step>,
    outcomes: &BTreeMap<Id, Outcome>,
    locked: &BTreeSet<Id>,
) -> Option<(&'a Id, &'a Step)> {
    todo.iter()
        .find(|(id, step)| {
            let ready = step
                .after
                .iter()
                .all(|before| outcomes.get(before) == Some(&Outcome::Done));
            ready && !locked.contains(&id.lock())
        })
        .map(|(id, step)| (*id, *step))
}

/// A patch that follows another patch of the same service starts from what that one left.
fn rebase(id: &Id, write: &Write, services: &BTreeMap<ServiceRef, Service>) -> Write {
    let Write::PatchService(patch) = write else {
        return write.clone();
    };
    let Some(service) = services.get(&patch.service) else {
        return write.clone();
    };
    let key = if id.kind() == Kind::ServiceIngress {
        crate::kinds::service_ingress::ANNOTATION
    } else {
        crate::kinds::service_egress::ANNOTATION
    };
    let mut annotations = service.annotations.clone();
    match patch.annotations.get(key) {
        Some(value) => drop(annotations.insert(key.to_owned(), value.clone())),
        None => drop(annotations.remove(key)),
    }
    Write::PatchService(ServicePatch {
        etag: service.etag.clone(),
        annotations,
        ..patch.clone()
    })
}

async fn carry_out(
    cloud: &dyn Cloud,
    id: &Id,
    action: Action,
    write: &Write,
    ours: &Installation,
) -> Result<Option<Live>, CloudError> {
    if action == Action::Delete {
        match cloud.get(id).await? {
            None => return Ok(None),
            Some(live) => still_ours(id, &live, ours)?,
        }
    }
    cloud.write(write).await
}

/// Is what is about to be deleted still there under our mark, and still nobody else's concern?
fn still_ours(id: &Id, live: &Live, ours: &Installation) -> Result<(), CloudError> {
    let marked = |mark: &Option<Mark>| mark.as_ref().is_some_and(|mark| mark.installation == *ours);
    let fine = match (id, live) {
        (Id::Subnetwork(_), Live::Subnetwork(live)) => marked(&live.mark),
        (Id::Address(_), Live::Address(live)) => marked(&live.mark),
        // Somebody's NAT entry in our router would go with it.
        (Id::Router(_), Live::Router(live)) => marked(&live.mark) && live.nats.is_empty(),
        (Id::Nat(nat), Live::Router(_)) => ours.made(nat.name.as_str()),
        (Id::Connector(connector), Live::Connector(_)) => ours.made(connector.name.as_str()),
        (
            Id::Network(_)
            | Id::Subnetwork(_)
            | Id::Route(_)
            | Id::Address(_)
            | Id::Router(_)
            | Id::Nat(_)
            | Id::Connector(_)
            | Id::Revision(_)
            | Id::ServiceEgress(_)
            | Id::ServiceIngress(_),
            _,
        ) => false,
    };
    if fine {
        return Ok(());
    }
    let message =
        format!("{id} is no longer ours alone: it was read again just before the delete, and left");
    Err(CloudError::new(
        CloudErrorKind::Conflict,
        Code::ChangedMeanwhile,
        message,
    ))
}
