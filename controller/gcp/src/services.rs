//! Cloud Run services: read, and patched. A service belongs to its team: a patch names the fields it is
//! about in its mask, carries the etag of what was read, and holds nothing else
//! (`docs/reference/google-cloud.md#run-update-mask`).

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_run_v2::model;
use privatelink_core::cloud::{CloudError, Listing, ServicePatch};
use privatelink_core::codes::Code;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::{Live, Service};
use privatelink_core::link::ServiceRef;
use tokio::time::Instant;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::failure::Failure;
use crate::operations::{SHORT, wait};
use crate::references::{Place, Unmapped};
use crate::service_mapping::service;
use crate::service_patch::{body, holds, mask};

impl Google {
    pub(crate) async fn list_services(
        &self,
        project: &ProjectId,
        region: &Region,
    ) -> Result<Listing, CloudError> {
        let operation = "run.projects.locations.services.list";
        let doing = format!("list the services of {project} in {region}");
        let call = Call::read(Api::Run, operation, project, Some(region), doing);
        let path = format!("/v2/projects/{project}/locations/{region}/services");
        let map = |found| Ok(Live::Service(service(found, Place { project, region })?));
        self.all_pages(&call, &path, split, map).await
    }

    pub(crate) async fn get_service(&self, id: &ServiceRef) -> Result<Option<Service>, CloudError> {
        let operation = "run.projects.locations.services.get";
        let call = Call::read(
            Api::Run,
            operation,
            &id.project,
            Some(&id.region),
            format!("read {id}"),
        );
        self.look_at_service(&call, id).await
    }

    pub(crate) async fn patch_service(&self, patch: &ServicePatch) -> Result<Service, CloudError> {
        let id = &patch.service;
        let operation = "run.projects.locations.services.patch";
        let call = Call::write(
            Api::Run,
            operation,
            &id.project,
            &id.region,
            format!("change {id}"),
        );
        let body = body(patch).map_err(|failure| call.error(&failure))?;
        let sent = self
            .attempts
            .attempt(&call, || {
                let request = self
                    .clients
                    .services
                    .update_service()
                    .with_user_agent(&*self.user_agent);
                request
                    .set_service(body.clone())
                    .set_update_mask(mask(patch))
                    .send()
            })
            .await;
        let operation = match sent {
            Ok(operation) => operation,
            // The etag may have moved because our own first attempt was carried out.
            Err(failure) if failure.after_lost_reply && failure.is_already_there() => {
                let found = self.settled(&call, id).await?;
                return if holds(&found, patch) {
                    Ok(found)
                } else {
                    Err(call.error(&failure))
                };
            }
            Err(failure) => return Err(call.error(&failure)),
        };
        let get = |name: String| {
            self.clients
                .services
                .get_operation()
                .with_user_agent(&*self.user_agent)
                .set_name(name)
                .send()
        };
        let look = "run.projects.locations.operations.get";
        match self
            .finish_long_running(&call, look, operation, SHORT, get)
            .await?
        {
            // The operation's own copy may be older than its end, and its etag with it.
            Ok(_) => self.settled(&call, id).await,
            Err(failure) => Err(failed(&call, &failure, patch)),
        }
    }

    /// The service, once Google has stopped working on it.
    async fn settled(&self, call: &Call<'_>, id: &ServiceRef) -> Result<Service, CloudError> {
        let look = call.on_the_way("run.projects.locations.services.get");
        let end = Instant::now() + self.attempts.patience.scaled_wait(SHORT);
        for pause in self.attempts.patience.polls() {
            match self.look_at_service(&look, id).await? {
                Some(found) if !found.reconciling => return Ok(found),
                Some(_) => wait(call, pause, end, SHORT).await?,
                None => return Err(call.conflict(Code::ChangedMeanwhile, "it is no longer there")),
            }
        }
        Err(call.overdue(SHORT.as_secs() / 60))
    }

    async fn look_at_service(
        &self,
        call: &Call<'_>,
        id: &ServiceRef,
    ) -> Result<Option<Service>, CloudError> {
        let name = id.to_string();
        let found = self
            .ask_if_there(call, || {
                self.clients
                    .services
                    .get_service()
                    .with_user_agent(&*self.user_agent)
                    .set_name(&name)
                    .send()
            })
            .await?;
        let place = Place {
            project: &id.project,
            region: &id.region,
        };
        found
            .map(|found| service(found, place))
            .transpose()
            .map_err(|why| call.unparsable(&why))
    }
}

fn split(page: model::ListServicesResponse) -> Result<(Vec<model::Service>, String), Unmapped> {
    if page.unreachable.is_empty() {
        return Ok((page.services, page.next_page_token));
    }
    let regions = page.unreachable.join(", ");
    Err(Unmapped::Partial(crate::words::neutral(&regions)))
}

/// A patch of the template makes a revision; when nothing more particular is known, that is what failed.
fn failed(call: &Call<'_>, failure: &Failure, patch: &ServicePatch) -> CloudError {
    let mut error = call.error(failure);
    if error.code == Code::OperationFailed && patch.vpc_access.is_some() {
        error.code = Code::RevisionFailed;
        error.help = Some(
            "requests still go to the revision before it; look at the new revision's logs"
                .to_owned(),
        );
    }
    error
}
