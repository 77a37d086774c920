//! Carrying out a plan: ready steps at the same time, a failure skips what depends on it and names the cause.
//!
//! Doing without deciding: every step says what to send. Three things are looked at again on the way, because the
//! world may have moved since it was observed: a thing that is about to be deleted, with its mark; a destination that
//! its source is about to forget; and a service that an earlier step of the same plan has written, whose version has
//! changed by that.

pub mod queue;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::apply::queue::Queue;
use crate::cloud::{Cloud, CloudError, CloudErrorKind, ServicePatch, Write};
use crate::codes::Code;
use crate::kinds::service_ingress::IngressAnnotation;
use crate::kinds::{Id, Kind, Live, Service};
use crate::link::ServiceRef;
use crate::names::{Installation, Mark};
use crate::plan::{Action, Plan, Step};

/// Steps in flight at once. Google's own limits on concurrent operations are higher; more would only make the
/// progress harder to read.
pub const CONCURRENT_STEPS: usize = 16;

/// What became of a step. As a document: `outcome` is `done`, `failed`, `pending` or `skipped`, with the `error` or what
/// it was skipped `because` of.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Is it something that goes on by itself and only takes time, or that the next run will do?
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Failed { error } if error.kind == CloudErrorKind::InUse)
            || self.is_stopped()
    }

    /// Did the run end before it, at a signal or because its time was up?
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Failed { error } if matches!(error.code, Code::Interrupted | Code::TimeUp))
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(None)?;
        let word = match self {
            Self::Done => "done",
            Self::Failed { .. } if self.is_pending() => "pending",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
        };
        document.serialize_entry("outcome", word)?;
        match self {
            Self::Done => {}
            Self::Failed { error } => document.serialize_entry("error", error)?,
            Self::Skipped { because } => document.serialize_entry("because", because)?,
        }
        document.end()
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

type Running<'a> = BoxFuture<'a, (&'a Id, Action, Result<Option<Live>, CloudError>)>;

/// Carries out a plan. Steps that share an object at Google run one after the other.
pub async fn apply(
    cloud: &dyn Cloud,
    plan: &Plan,
    ours: &Installation,
    observer: Observer<'_>,
) -> BTreeMap<Id, Outcome> {
    let mut queue = queue(plan);
    let mut outcomes: BTreeMap<Id, Outcome> = BTreeMap::new();
    let mut services: BTreeMap<ServiceRef, Service> = BTreeMap::new();
    let mut running: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
    loop {
        while running.len() < CONCURRENT_STEPS {
            let Some((id, step, write)) = queue.begin().and_then(|id| writing(plan, id)) else {
                break;
            };
            observer(Progress::Started(id, step.action));
            let write = rebase(id, write, &services);
            running.push(Box::pin(async move {
                let result = carry_out(cloud, id, step, &write, ours).await;
                (id, step.action, result)
            }));
        }
        let Some((id, action, result)) = running.next().await else {
            break;
        };
        let mut stranded = Vec::new();
        let outcome = match result {
            Ok(live) => {
                if let Some(Live::Service(service)) = live {
                    services.insert(service.id.clone(), service);
                }
                queue.succeeded(&id);
                Outcome::Done
            }
            Err(error) => {
                stranded = queue.failed(&id);
                Outcome::Failed { error }
            }
        };
        observer(Progress::Finished(id, action, &outcome));
        outcomes.insert(id.clone(), outcome);
        for (skipped, step, _) in stranded.into_iter().filter_map(|id| writing(plan, id)) {
            let because = id.clone();
            let outcome = Outcome::Skipped { because };
            observer(Progress::Finished(skipped, step.action, &outcome));
            outcomes.insert(skipped.clone(), outcome);
        }
    }
    outcomes
}

/// The steps that write. What comes after a step that does not write never begins.
fn queue(plan: &Plan) -> Queue<&Id, Id> {
    let writes = plan.steps.keys().filter_map(|id| writing(plan, id));
    let steps = writes.map(|(id, step, _)| (id, step.after.iter().collect()));
    Queue::new(steps, |id| id.lock())
}

fn writing<'a>(plan: &'a Plan, id: &'a Id) -> Option<(&'a Id, &'a Step, &'a Write)> {
    let step = plan.steps.get(id).filter(|step| step.action.writes())?;
    Some((id, step, step.write.as_ref()?))
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
    step: &Step,
    write: &Write,
    ours: &Installation,
) -> Result<Option<Live>, CloudError> {
    for (service, link) in &step.forgets {
        forgotten_there(cloud, service, link, ours).await?;
    }
    if step.action == Action::Delete {
        match cloud.get(id).await? {
            None => return Ok(None),
            Some(live) => still_ours(id, &live, ours)?,
        }
    }
    cloud.write(write).await
}

/// Does this destination really carry no record of this link? The list that said so may have been behind.
async fn forgotten_there(
    cloud: &dyn Cloud,
    service: &ServiceRef,
    link: &str,
    ours: &Installation,
) -> Result<(), CloudError> {
    let live = cloud.get(&Id::ServiceIngress(service.clone())).await?;
    let Some(Live::Service(live)) = live else {
        return Ok(());
    };
    match IngressAnnotation::read(&live) {
        Some(Ok(memory)) if memory.installation == *ours && memory.links.contains(link) => {
            let message = format!(
                "service {} carries a record of {link} that its list did not show: it is not forgotten",
                service.name
            );
            let kind = CloudErrorKind::Conflict;
            Err(CloudError::new(kind, Code::ChangedMeanwhile, message))
        }
        Some(Ok(_) | Err(_)) | None => Ok(()),
    }
}

/// Is what is about to be deleted still there under our mark, and still nobody else's concern?
fn still_ours(id: &Id, live: &Live, ours: &Installation) -> Result<(), CloudError> {
    let marked = |mark: &Option<Mark>| mark.as_ref().is_some_and(|mark| mark.installation == *ours);
    let fine = match (id, live) {
        (Id::Subnetwork(_), Live::Subnetwork(live)) => marked(&live.mark),
        (Id::Address(_), Live::Address(live)) => marked(&live.mark),
        // Somebody's NAT entry or BGP session in our router would go with it.
        (Id::Router(_), Live::Router(live)) => {
            marked(&live.mark) && live.nats.is_empty() && !live.has_peers
        }
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
    let error = CloudError::new(CloudErrorKind::Conflict, Code::ChangedMeanwhile, message);
    Err(error.help(
        "nothing, if others are to have it; a later run deletes it when it is ours alone again",
    ))
}
