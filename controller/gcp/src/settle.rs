//! Waiting for what Google does by itself: a connector in the making, a service being rolled out. Begun by a run
//! that was killed, or by somebody else, so there is no operation whose name we know; we look at the thing.

use privatelink_core::cloud::{Cloud, CloudError};
use privatelink_core::kinds::{Id, Live};
use tokio::time::Instant;

use crate::Google;
use crate::operations::CONNECTOR;

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
}
