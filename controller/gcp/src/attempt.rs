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
use crate::failure::{Failure, Nature};
use crate::limiter::{Admission, Limiter, TooLong};
use crate::rates::Rates;

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
    pub(crate) patience: Patience,
    pub(crate) calls: Calls,
}

impl Attempts {
    /// Calls that keep to these rates, if any, and are tried that hard.
    pub(crate) fn new(rates: Option<Rates>, patience: Patience) -> Self {
        Self {
            limiter: Limiter::new(rates, patience),
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
        self.repeat(|| self.once(call, send())).await
    }

    /// Sends one request, once.
    pub(crate) async fn once<T, E: Into<Failure>>(
        &self,
        call: &Call<'_>,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        let admission = self.limiter.admit(call).await;
        let admission = admission.map_err(held_back)?;
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
        account(admission, result.as_ref().err());
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
    pub(crate) async fn repeat<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tries = Tries::default();
        loop {
            let mut failure = match NUMBER.scope(tries.number(), attempt()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            failure.after_lost_reply = tries.reply_lost;
            let Some(pause) = tries.after(&failure, &self.patience) else {
                return Err(tries.last_word(failure));
            };
            tokio::time::sleep(pause).await;
        }
    }
}

/// The failure of a call that was not sent.
fn held_back(TooLong(limit): TooLong) -> Failure {
    let message = format!("it has done so for {} s", limit.as_secs());
    Failure {
        held_back: true,
        ..Failure::new(Nature::Refused(429), &message)
    }
}

/// Tells the limiter how a call came back.
fn account(admission: Admission<'_>, failure: Option<&Failure>) {
    match failure {
        Some(failure) if failure.is_rate_limit() => admission.refused(failure.retry_after),
        // Not a word of Google's, so nothing is known about its patience.
        Some(failure) if failure.status().is_none() => drop(admission),
        Some(_) | None => admission.answered(),
    }
}

/// The attempts of one call so far.
#[derive(Debug, Default)]
struct Tries {
    /// Failed ones, but for those below.
    failed: u32,
    /// When the first of them failed, since Google last asked to slow down.
    first_failed: Option<Instant>,
    /// Attempts that came while somebody's operation was at work on the thing, such as one of a run of ours that was
    /// killed, and when the first of them did.
    busy: u32,
    first_busy: Option<Instant>,
    /// Attempts that Google answered with the request to slow down, and when it did so first.
    refused: u32,
    first_refused: Option<Instant>,
    /// The last of these answers.
    refusal: Option<Failure>,
    /// An attempt may have succeeded although its reply was lost.
    reply_lost: bool,
}

impl Tries {
    /// The number of the next attempt, from 1.
    fn number(&self) -> u32 {
        self.failed + self.busy + self.refused + 1
    }

    /// How long to wait before trying again, if it is worth it. After the request to slow down it is the limiter
    /// who waits, for all callers alike.
    fn after(&mut self, failure: &Failure, patience: &Patience) -> Option<Duration> {
        self.reply_lost |= failure.reply_was_lost();
        if failure.held_back || !failure.is_worth_another_try() {
            return None;
        }
        let now = Instant::now();
        if failure.is_rate_limit() {
            self.refused += 1;
            (self.first_failed, self.first_busy) = (None, None);
            self.refusal = Some(failure.clone());
            let since = now - *self.first_refused.get_or_insert(now);
            return (since < patience.slow_down).then_some(Duration::ZERO);
        }
        if failure.is_busy() {
            self.busy += 1;
            let pause = patience.pause(self.busy, rand::random());
            let since = now - *self.first_busy.get_or_insert(now);
            return (since + pause < patience.deadline).then_some(pause);
        }
        self.failed += 1;
        if self.failed >= patience.attempts {
            return None;
        }
        let own = patience.pause(self.failed, rand::random());
        let pause = failure.retry_after.map_or(own, |asked| asked.max(own));
        let since = now - *self.first_failed.get_or_insert(now);
        (since + pause < patience.deadline).then_some(pause)
    }

    /// What to say in the end: Google's own words rather than that it was not asked again.
    fn last_word(self, failure: Failure) -> Failure {
        match self.refusal {
            Some(refusal) if failure.held_back => Failure {
                after_lost_reply: failure.after_lost_reply,
                ..refusal
            },
            Some(_) | None => failure,
        }
    }
}

#[cfg(test)]
mod tests;
