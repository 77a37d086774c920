//! Waiting for what Google does by itself: a connector in the making, a service being rolled out. Begun by a run
//! that was killed, or by somebody else, so there is no operation whose name we know; we look at the thing.

use std::future::Future;

use privatelink_core::cloud::{Cloud, CloudError};
use privatelink_core::kinds::{Id, Live};
use tokio::time::Instant;

use crate::Google;
use crate::operations::{CONNECTOR, SHORT};

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
                    | Live::Revision(_),
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

    /// Looks until what has a name is there to be seen, or for as long as it takes to make it. A name is taken at once,
    /// and what has it may be shown only when it has been made (`docs/reference/google-cloud.md#operations`); it may be
    /// our own, of an earlier attempt or of a run that was killed.
    pub(crate) async fn shown<T, F>(&self, get: impl Fn() -> F) -> Result<Option<T>, CloudError>
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
