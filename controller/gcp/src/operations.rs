//! Waiting for long-running operations. We look ourselves instead of using the SDK's pollers, because every
//! look has to be limited and counted, and Compute's poller knows no deadline
//! (`docs/reference/google-cloud.md#operations`).

use std::future::Future;
use std::time::Duration;

use google_cloud_compute_v1::model;
use google_cloud_compute_v1::model::operation::Status;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_longrunning::model::{Operation, operation};
use google_cloud_wkt::Any;
use privatelink_core::cloud::CloudError;
use privatelink_core::ids::{ProjectId, Region};
use tokio::time::Instant;

use crate::Google;
use crate::attempt::Call;
use crate::failure::Failure;

/// Most operations take seconds, the slowest of them less than a minute.
pub(crate) const SHORT: Duration = Duration::from_mins(5);
/// A connector's machines have to start, or to go away.
pub(crate) const CONNECTOR: Duration = Duration::from_mins(20);

impl Google {
    /// Waits for a Compute operation in a region, and for its success.
    pub(crate) async fn finish_compute(
        &self,
        call: &Call<'_>,
        mut operation: model::Operation,
        (project, region): (&ProjectId, &Region),
    ) -> Result<(), CloudError> {
        let look = call.on_the_way("compute.regionOperations.get");
        let end = Instant::now() + self.attempts.patience.scaled_wait(SHORT);
        for pause in self.attempts.patience.polls() {
            if operation.status == Some(Status::Done) {
                break;
            }
            wait(call, pause, end, SHORT).await?;
            let name = operation.name.clone().unwrap_or_default();
            operation = self
                .attempts
                .attempt(&look, || {
                    let request = self
                        .clients
                        .region_operations
                        .get()
                        .with_user_agent(&*self.user_agent);
                    request
                        .set_project(project.as_str())
                        .set_region(region.as_str())
                        .set_operation(&name)
                        .send()
                })
                .await
                .map_err(|failure| call.error(&failure))?;
        }
        match Failure::of_compute_operation(&operation) {
            Some(failure) => Err(call.error(&failure)),
            None => Ok(()),
        }
    }

    /// Waits for an operation of Cloud Run or VPC Access; `get` reads it again by name. Returns its response.
    pub(crate) async fn finish_long_running<F>(
        &self,
        call: &Call<'_>,
        look: &'static str,
        mut operation: Operation,
        deadline: Duration,
        get: impl Fn(String) -> F,
    ) -> Result<Result<Option<Any>, Failure>, CloudError>
    where
        F: Future<Output = google_cloud_gax::Result<Operation>>,
    {
        let look = call.on_the_way(look);
        let end = Instant::now() + self.attempts.patience.scaled_wait(deadline);
        for pause in self.attempts.patience.polls() {
            if operation.done {
                break;
            }
            wait(call, pause, end, deadline).await?;
            let name = operation.name.clone();
            let read = self.attempts.attempt(&look, || get(name.clone())).await;
            operation = read.map_err(|failure| call.error(&failure))?;
        }
        Ok(match operation.result {
            Some(operation::Result::Error(status)) => {
                Err(Failure::of_operation(&(&*status).into()))
            }
            Some(operation::Result::Response(response)) => Ok(Some(*response)),
            // The SDK's enum is open, and an operation may answer nothing.
            Some(_) | None => Ok(None),
        })
    }
}

/// Sleeps until the next look, unless that would be too late.
pub(crate) async fn wait(
    call: &Call<'_>,
    pause: Duration,
    end: Instant,
    deadline: Duration,
) -> Result<(), CloudError> {
    if Instant::now() + pause > end {
        return Err(call.overdue(deadline.as_secs() / 60));
    }
    tokio::time::sleep(pause).await;
    Ok(())
}
