//! Bugs on purpose. Each is a process that differs from ours in one place, by lying about the cloud or by
//! changing the plan; the simulation has to find every one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use futures::future::BoxFuture;
use privatelink_core::cloud::{
    Cloud, CloudError, CloudErrorKind, Listing, Scope, ServicePatch, Write,
};
use privatelink_core::decide::{Orders, Wishes};
use privatelink_core::fake::{Fake, mistaken_turn};
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::kinds::{Id, IngressSetting, Live, VpcAccess};
use privatelink_core::names::Mark;
use privatelink_core::plan::{Action, Plan};
use privatelink_core::policy::Policy;
use privatelink_core::report::Report;
use privatelink_core::world::World;

use crate::universe::UNIVERSE;

/// One mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    TightenBeforeTheProof,
    DeleteWithoutReadingAgain,
    DeleteUnmarked,
    DropSomebodysNat,
    NatGoesBeforeEgressDetaches,
    EgressSwitchesBeforeItsNat,
    PruneWhatWasNotRead,
    PruneAnUnreadSource,
    PruneBrokenLinks,
    DetachBeforeLoosening,
    ForgetFormerValues,
    OverwriteAnnotations,
    OverwriteNewerServices,
    IgnorePinnedRevisions,
    CreateAgainUnderAnotherName,
    DeleteConnectorsUnderOthers,
    DeleteConnectorsUnderJobs,
    TakeWithoutConsent,
    NeverRecordLinks,
    DeleteUnderNoDelete,
    WriteUnderReportOnly,
}

impl Bug {
    /// All of them, each with the history that found it when somebody last looked: that one is played first.
    pub(crate) const ALL: &[(Self, u64)] = &[
        (Self::TightenBeforeTheProof, 1),
        (Self::DeleteWithoutReadingAgain, 864),
        (Self::DeleteUnmarked, 0),
        (Self::DropSomebodysNat, 45),
        (Self::NatGoesBeforeEgressDetaches, 29),
        (Self::EgressSwitchesBeforeItsNat, 14),
        (Self::PruneWhatWasNotRead, 304),
        (Self::PruneAnUnreadSource, 11),
        (Self::PruneBrokenLinks, 18),
        (Self::DetachBeforeLoosening, 10),
        (Self::ForgetFormerValues, 2),
        (Self::OverwriteAnnotations, 1),
        (Self::OverwriteNewerServices, 101),
        (Self::IgnorePinnedRevisions, 188),
        (Self::CreateAgainUnderAnotherName, 3),
        (Self::DeleteConnectorsUnderOthers, 17),
        (Self::DeleteConnectorsUnderJobs, 229),
        (Self::TakeWithoutConsent, 17),
        (Self::NeverRecordLinks, 2),
        (Self::DeleteUnderNoDelete, 141),
        (Self::WriteUnderReportOnly, 6),
    ];
}

/// A turn of a process with this bug, or of ours.
pub(crate) async fn turn(
    fake: &Fake,
    wishes: &Wishes,
    orders: &Orders,
    extra: &BTreeSet<ProjectId>,
    bug: Option<Bug>,
) -> Report {
    let cloud = Crooked {
        fake,
        bug,
        seen: Mutex::default(),
    };
    let mut wishes = wishes.clone();
    match bug {
        Some(Bug::PruneAnUnreadSource) => wishes.complete = true,
        Some(Bug::PruneBrokenLinks) => wishes.broken.clear(),
        _ => {}
    }
    let mut orders = orders.clone();
    match (bug, orders.policy) {
        (Some(Bug::DeleteUnderNoDelete), Policy::NoDelete)
        | (Some(Bug::WriteUnderReportOnly), Policy::ReportOnly) => orders.policy = Policy::Sync,
        _ => {}
    }
    let mistake = |plan: &mut Plan, world: &World| {
        if let Some(bug) = bug {
            change(plan, world, bug);
        }
    };
    mistaken_turn(&cloud, &wishes, &orders, extra, &mistake).await
}

/// Mistakes in the plan.
fn change(plan: &mut Plan, world: &World, bug: Bug) {
    match bug {
        Bug::TightenBeforeTheProof => tighten(plan, world),
        Bug::NatGoesBeforeEgressDetaches => {
            let nats = plan
                .steps
                .iter_mut()
                .filter(|(id, _)| matches!(id, Id::Nat(_)));
            for (_, step) in nats.filter(|(_, step)| step.action == Action::Delete) {
                step.after.clear();
            }
        }
        Bug::EgressSwitchesBeforeItsNat => {
            for (_, step) in plan
                .steps
                .iter_mut()
                .filter(|(id, _)| matches!(id, Id::ServiceEgress(_)))
            {
                step.after.retain(|id| !matches!(id, Id::Nat(_)));
            }
        }
        Bug::DetachBeforeLoosening => {
            for (_, step) in plan
                .steps
                .iter_mut()
                .filter(|(id, _)| matches!(id, Id::ServiceEgress(_)))
            {
                step.after.retain(|id| !matches!(id, Id::ServiceIngress(_)));
            }
        }
        _ => {}
    }
}

fn tighten(plan: &mut Plan, world: &World) {
    for (id, step) in &mut plan.steps {
        let Id::ServiceIngress(service) = id else {
            continue;
        };
        let Some(live) = world
            .service(service)
            .present()
            .filter(|_| step.action == Action::Wait)
        else {
            continue;
        };
        let will = step
            .changes
            .iter()
            .find_map(|change| match change.to.as_str() {
                Some("INGRESS_TRAFFIC_INTERNAL_ONLY") => Some(IngressSetting::Internal),
                Some("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER") => {
                    Some(IngressSetting::InternalAndCloudLoadBalancing)
                }
                _ => None,
            });
        let Some(will) = will else { continue };
        step.action = Action::Update;
        step.write = Some(Write::PatchService(ServicePatch {
            service: service.clone(),
            etag: live.etag.clone(),
            annotations: live.annotations.clone(),
            vpc_access: None,
            ingress: Some(will),
        }));
    }
}

/// A cloud that is not quite as it says.
struct Crooked<'a> {
    fake: &'a Fake,
    bug: Option<Bug>,
    seen: Mutex<BTreeMap<Id, Live>>,
}

impl Crooked<'_> {
    fn distort(&self, live: &mut Live) {
        let ours = || {
            Some(Mark {
                installation: UNIVERSE.ours.clone(),
                link: "sim/l1".into(),
                connector: None,
            })
        };
        match (self.bug, live) {
            (Some(Bug::DeleteUnmarked), Live::Subnetwork(live)) => live.mark = ours(),
            (Some(Bug::DeleteUnmarked), Live::Router(live)) => live.mark = ours(),
            (Some(Bug::DeleteUnmarked), Live::Address(live)) => live.mark = ours(),
            (Some(Bug::IgnorePinnedRevisions), Live::Service(live)) => live.traffic.clear(),
            (Some(Bug::DeleteConnectorsUnderOthers), Live::Service(live)) => {
                let unmarked = |key: &String| !key.starts_with("privatelink.dev/");
                if live.annotations.keys().all(unmarked) {
                    live.vpc_access = None;
                }
            }
            (Some(Bug::DeleteConnectorsUnderJobs), Live::Job(live)) => live.vpc_access = None,
            (Some(Bug::TakeWithoutConsent), Live::Service(live))
                if !live.annotations.contains_key(EGRESS) =>
            {
                live.vpc_access = None;
            }
            _ => {}
        }
    }

    fn send(&self, write: &Write) -> Write {
        let Write::PatchService(patch) = write else {
            return write.clone();
        };
        let mut patch = patch.clone();
        match self.bug {
            Some(Bug::OverwriteAnnotations) => {
                patch
                    .annotations
                    .retain(|key, _| key.starts_with("privatelink.dev/"));
            }
            Some(Bug::OverwriteNewerServices) => {
                if let Some(live) = self.fake.state().services.get(&patch.service) {
                    patch.etag = live.etag.clone();
                }
            }
            Some(Bug::ForgetFormerValues) => {
                for text in patch.annotations.values_mut() {
                    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(text) else {
                        continue;
                    };
                    if value.get("former").is_some() {
                        value["former"] = serde_json::json!({"Value": value["wrote"]});
                        *text = value.to_string();
                    }
                }
            }
            Some(Bug::NeverRecordLinks) => {
                patch.annotations.remove(EGRESS);
            }
            _ => {}
        }
        Write::PatchService(patch)
    }
}

fn identity(live: &Live) -> Option<Id> {
    Some(match live {
        Live::Subnetwork(live) => Id::Subnetwork(live.id.clone()),
        Live::Router(live) => Id::Router(live.id.clone()),
        Live::Address(live) => Id::Address(live.id.clone()),
        Live::Connector(live) => Id::Connector(live.id.clone()),
        Live::Network(_) | Live::Route(_) | Live::Service(_) | Live::Revision(_) | Live::Job(_) => {
            return None;
        }
    })
}

/// The same write under another name, as a process does that invents names.
fn renamed(write: &Write) -> Option<Write> {
    let mut write = write.clone();
    match &mut write {
        Write::CreateConnector(wanted) => wanted.id.name = "pl-again".parse().ok()?,
        Write::CreateRouter(wanted, _) => wanted.id.name = "pl-again".parse().ok()?,
        _ => return None,
    }
    Some(write)
}

impl Cloud for Crooked<'_> {
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>> {
        Box::pin(async move {
            let answer = self.fake.list(scope).await;
            let mut listing = match answer {
                Err(_) if self.bug == Some(Bug::PruneWhatWasNotRead) => Listing::default(),
                answer => answer?,
            };
            for live in &mut listing.items {
                self.distort(live);
                if self.bug == Some(Bug::DeleteWithoutReadingAgain)
                    && let Some(id) = identity(live)
                {
                    self.seen.lock().unwrap().insert(id, live.clone());
                }
            }
            Ok(listing)
        })
    }

    fn get<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            if let Some(live) = self.seen.lock().unwrap().get(&id.lock()) {
                return Ok(Some(live.clone()));
            }
            let mut answer = self.fake.get(id).await?;
            if let Some(live) = &mut answer {
                self.distort(live);
            }
            Ok(answer)
        })
    }

    fn settle<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<(), CloudError>> {
        self.fake.settle(id)
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            let sent = self.send(write);
            let answer = self.fake.write(&sent).await;
            let unheard = answer
                .as_ref()
                .is_err_and(|error| error.kind == CloudErrorKind::Transient);
            if self.bug == Some(Bug::CreateAgainUnderAnotherName)
                && unheard
                && let Some(again) = renamed(&sent)
            {
                return self.fake.write(&again).await;
            }
            if let (
                Some(Bug::DropSomebodysNat),
                Write::PutNat(wanted) | Write::PutNats(wanted, _),
            ) = (self.bug, &sent)
            {
                self.fake.change(|state| {
                    if let Some(router) = state.routers.get_mut(&wanted.id.router) {
                        router
                            .nats
                            .retain(|nat| UNIVERSE.ours.made(nat.name.as_str()));
                    }
                });
            }
            if let (Some(Bug::TakeWithoutConsent), Ok(Some(Live::Service(live)))) =
                (self.bug, &answer)
                && live
                    .vpc_access
                    .as_ref()
                    .and_then(VpcAccess::connector)
                    .is_none()
            {
                return Ok(None);
            }
            answer
        })
    }
}
