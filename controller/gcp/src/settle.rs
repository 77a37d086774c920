//! Waiting for what Google does by itself: a connector in the making, a service being rolled out. Begun by a run
//! that was killed, or by somebody else, so there is no operation whose name we know; we look at the thing.

use std::future::Future;

use privatelink_core::cloud::{Cloud, CloudError};
use privatelink_core::codes::Code;
use privatelink_core::kinds::{Id, Live};
use tokio::time::Instant;

use crate::Google;
use crate::attempt::Call;
use crate::failure::{Failure, Nature};
use crate::operations::{CONNECTOR, SHORT};

/// Google's reason for it.
const BUSY: &str = "resourceNotReady";

impl Failure {
    /// What Google answers while somebody's operation is at work on a thing.
    pub(crate) fn busy(said: &str) -> Self {
        let mut busy = Self::new(Nature::Refused(400), said);
        busy.reasons.push(BUSY.to_owned());
        busy
    }

    /// Is somebody's operation at work on the thing? It ends by itself.
    pub(crate) fn is_busy(&self) -> bool {
        self.has_reason(BUSY)
    }
}

impl Google {
    /// Looks until the thing is no longer being changed, or for as long as the slowest of them takes.
    pub(crate) async fn settle_thing(&self, id: &Id) -> Result<(), CloudError> {
        let end = Instant::now() + self.attempts.patience.scaled_wait(CONNECTOR);
        for pause in self.attempts.patience.polls() {
            let changing = match self.get(id).await? {
                Some(Live::Connector(connector)) => connector.state.is_changing(),
                Some(Live::Service(service)) => service.reconciling,
                Some(
                    Live::Network(_)
                    | Live::Subnetwork(_)
                    | Live::Route(_)
                    | Live::Address(_)
                    | Live::Router(_)
                    | Live::Revision(_)
                    | Live::Job(_),
                )
                | None => false,
            };
            if !changing || Instant::now() + pause > end {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// What a create comes to whose name is taken. A name is taken at once, and what has it may be shown only when it has
    /// been made (`docs/reference/google-cloud.md#operations`), so this looks until it is. It is what was to be made
    /// if the reply to an earlier attempt was lost; otherwise the next look at the world says whose it is.
    pub(crate) async fn name_is_taken<T, F>(
        &self,
        call: &Call<'_>,
        failure: &Failure,
        get: impl Fn() -> F,
        is_made: impl FnOnce(&T) -> bool,
    ) -> Result<(), CloudError>
    where
        F: Future<Output = Result<Option<T>, CloudError>>,
    {
        match self.shown(get).await? {
            Some(found) if failure.after_lost_reply && is_made(&found) => Ok(()),
            Some(_) if failure.after_lost_reply => {
                Err(call.conflict(Code::ChangedMeanwhile, "another one has taken its name"))
            }
            Some(_) => Err(call.error(failure)),
            None => Err(call.error(&Failure::busy(
                "its name is taken, and nothing is shown under it",
            ))),
        }
    }

    /// The thing, as soon as it is there to be seen; `None` when that takes longer than making it can.
    async fn shown<T, F>(&self, get: impl Fn() -> F) -> Result<Option<T>, CloudError>
    where
        F: Future<Output = Result<Option<T>, CloudError>>,
    {
        let end = Instant::now() + self.attempts.patience.scaled_wait(SHORT);
        for pause in self.attempts.patience.polls() {
            let found = get().await?;
            if found.is_some() || Instant::now() + pause > end {
                return Ok(found);
            }
            tokio::time::sleep(pause).await;
        }
        Ok(None)
    }
}
