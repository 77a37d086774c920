//! The one way out: every request to Google, by the SDK or raw, polls included, is sent by
//! [`Attempts::once`], which limits, counts, times out and traces it; [`Attempts::repeat`] decides whether a
//! failure is worth another try.
//!
//! All our calls may be repeated. Reads and deletes are idempotent by nature; a Compute write carries one
//! `requestId` over its repetitions (`docs/reference/google-cloud.md#request-id`), a Cloud Run patch an etag,
//! and a create has a name that is a function of the declaration. What a repetition can get wrong is its own
//! first success: "already exists", "etag does not match". [`Failure::after_lost_reply`] tells the caller
//! that this may be so; it then looks at what exists and counts it as success if it is what was sent.

use std::future::Future;
use std::time::Duration;

use privatelink_core::ids::{ProjectId, Region};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::backoff::Patience;
use crate::calls::Calls;
use crate::failure::Failure;
use crate::limiter::Limiter;

/// One of Google's APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Api {
    /// Compute Engine.
    Compute,
    /// Cloud Run Admin.
    Run,
    /// Serverless VPC Access.
    VpcAccess,
}

impl Api {
    /// Its name as `gcloud services enable` takes it; also its host.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Compute => "compute.googleapis.com",
            Self::Run => "run.googleapis.com",
            Self::VpcAccess => "vpcaccess.googleapis.com",
        }
    }

    /// Its name as people know it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Compute => "Compute Engine API",
            Self::Run => "Cloud Run Admin API",
            Self::VpcAccess => "Serverless VPC Access API",
        }
    }
}

/// Does a call change anything? Google counts the two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// It does not.
    Read,
    /// It does.
    Write,
}

/// What is about to be asked, for whom it is counted, and what an error will say about it.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) api: Api,
    pub(crate) access: Access,
    /// As Google's discovery document names it.
    pub(crate) operation: &'static str,
    pub(crate) project: &'a ProjectId,
    pub(crate) region: Option<&'a Region>,
    /// What we are about to do, as it follows "cannot": `list the routers of acme-prod`.
    pub(crate) doing: String,
}

impl<'a> Call<'a> {
    pub(crate) fn read(
        api: Api,
        operation: &'static str,
        project: &'a ProjectId,
        region: Option<&'a Region>,
        doing: String,
    ) -> Self {
        Self {
            api,
            access: Access::Read,
            operation,
            project,
            region,
            doing,
        }
    }

    pub(crate) fn write(
        api: Api,
        operation: &'static str,
        project: &'a ProjectId,
        region: &'a Region,
        doing: String,
    ) -> Self {
        Self {
            api,
            access: Access::Write,
            operation,
            project,
            region: Some(region),
            doing,
        }
    }

    /// A read in the course of this call, such as a look at its operation. Its errors speak of this call.
    pub(crate) fn on_the_way(&self, operation: &'static str) -> Self {
        Self {
            access: Access::Read,
            operation,
            ..self.clone()
        }
    }
}

tokio::task_local! {
    /// Which attempt the requests of this task belong to, from 1 on; only the log wants to know.
    static NUMBER: u32;
}

/// How a request ended, in a word for the log: an HTTP status, unless there was none.
fn status(failure: Option<&Failure>) -> String {
    match failure.map(|failure| (failure.status(), failure.nature)) {
        None => "ok".to_owned(),
        Some((Some(status), _)) => status.to_string(),
        Some((None, nature)) => format!("{nature:?}"),
    }
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Attempts {
    limiter: Limiter,
    patience: Patience,
    pub(crate) calls: Calls,
}

impl Attempts {
    pub(crate) fn new(limiter: Limiter, patience: Patience) -> Self {
        Self {
            limiter,
            patience,
            calls: Calls::default(),
        }
    }

    /// Sends a request, and again as long as that is worth it.
    pub(crate) async fn attempt<T, E, F>(
        &self,
        call: &Call<'_>,
        mut send: impl FnMut() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<Failure>,
    {
        self.repeat(call, || self.once(call, send())).await
    }

    /// Sends one request, once.
    pub(crate) async fn once<T, E: Into<Failure>>(
        &self,
        call: &Call<'_>,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        self.limiter.admit(call).await;
        self.calls.count(call.operation);
        let span = tracing::debug_span!(
            "google",
            operation = call.operation,
            project = %call.project,
            region = call.region.map(tracing::field::display),
        );
        let (limit, start) = (self.patience.attempt, Instant::now());
        let result = match tokio::time::timeout(limit, request)
            .instrument(span.clone())
            .await
        {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Failure::timed_out(limit)),
        }
        .map_err(|failure| Failure {
            reading: call.access == Access::Read,
            ..failure
        });
        // Google's words are left out here: they end in an error message, if it comes to that.
        tracing::debug!(
            parent: &span,
            status = %status(result.as_ref().err()),
            attempt = NUMBER.try_with(|number| *number).unwrap_or(1),
            milliseconds = start.elapsed().as_millis(),
            "called",
        );
        result
    }

    /// Carries out an attempt, and again as long as its failure is worth it. The attempt may consist of
    /// several requests when a later one depends on an earlier one.
    pub(crate) async fn repeat<T, F>(
        &self,
        call: &Call<'_>,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut start = None;
        let mut reply_lost = false;
        let mut number = 1;
        loop {
            let mut failure = match NUMBER.scope(number, attempt()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let started = *start.get_or_insert_with(Instant::now);
            failure.after_lost_reply = reply_lost;
            reply_lost |= failure.reply_was_lost();
            let Some(pause) = self.pause(&failure, number, started.elapsed()) else {
                return Err(failure);
            };
            if failure.is_rate_limit() {
                self.limiter.hold(call, pause);
            }
            tokio::time::sleep(pause).await;
            number += 1;
        }
    }

    /// How long to wait before trying again, if it is worth it.
    fn pause(&self, failure: &Failure, number: u32, elapsed: Duration) -> Option<Duration> {
        if !failure.is_worth_another_try() || number >= self.patience.attempts {
            return None;
        }
        let own = self
            .patience
            .pause(number, failure.is_rate_limit(), rand::random());
        let pause = failure.retry_after.map_or(own, |asked| asked.max(own));
        (elapsed + pause < self.patience.deadline).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::cell::Cell;

    use super::*;
    use crate::failure::Nature;

    async fn outcome(
        answers: &[Nature],
        retry_after: Option<Duration>,
    ) -> (Result<(), Failure>, usize, Duration) {
        let project = "acme-prod".parse().unwrap();
        let call = Call::read(
            Api::Compute,
            "compute.networks.list",
            &project,
            None,
            String::new(),
        );
        let attempts = Attempts::new(Limiter::new(None), Patience::default());
        let (number, start) = (Cell::new(0), Instant::now());
        let result = attempts
            .attempt(&call, || {
                let at = number.get();
                number.set(at + 1);
                let nature = answers.get(at).copied();
                async move {
                    nature.map_or(Ok(()), |nature| {
                        Err(Failure {
                            retry_after,
                            ..Failure::new(nature, "no")
                        })
                    })
                }
            })
            .await;
        assert_eq!(
            attempts.calls.counts()["compute.networks.list"],
            number.get() as u64
        );
        (result, number.get(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again() {
        for nature in [
            Nature::Refused(429),
            Nature::Refused(500),
            Nature::Refused(502),
            Nature::Refused(503),
            Nature::Refused(504),
            Nature::Unreachable,
            Nature::TimedOut,
        ] {
            let (result, sent, _) = outcome(&[nature], None).await;
            assert!(result.is_ok(), "{nature:?}");
            assert_eq!(sent, 2, "{nature:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_is_said_at_once() {
        for nature in [
            Nature::Refused(400),
            Nature::Refused(403),
            Nature::Refused(404),
            Nature::Refused(409),
            Nature::Refused(412),
            Nature::Operation(500),
            Nature::Unparsable,
            Nature::Credentials,
            Nature::NotSent,
        ] {
            assert_eq!(outcome(&[nature], None).await.1, 1, "{nature:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_attempts_are_enough() {
        let (result, sent, elapsed) = outcome(&[Nature::Refused(503); 9], None).await;
        assert_eq!(result.unwrap_err().nature, Nature::Refused(503));
        assert_eq!(sent, 5);
        assert!(elapsed < Duration::from_mins(1));
    }

    #[tokio::test(start_paused = true)]
    async fn google_is_waited_for_as_long_as_it_asks_but_not_past_the_deadline() {
        let (_, sent, elapsed) =
            outcome(&[Nature::Refused(429)], Some(Duration::from_secs(7))).await;
        assert_eq!((sent, elapsed.as_secs()), (2, 7));
        let (result, sent, elapsed) =
            outcome(&[Nature::Refused(429)], Some(Duration::from_mins(5))).await;
        assert!(result.is_err());
        assert_eq!((sent, elapsed.as_secs()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_after_a_lost_reply_says_so() {
        let (result, _, _) = outcome(&[Nature::Unreachable, Nature::Refused(409)], None).await;
        assert!(result.unwrap_err().after_lost_reply);
        let (result, _, _) = outcome(&[Nature::Refused(429), Nature::Refused(409)], None).await;
        assert!(!result.unwrap_err().after_lost_reply);
    }
}
