//! What came back instead of an answer, in one form for the SDK, raw requests and operations alike.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use google_cloud_compute_v1::model::Operation;
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::{Code, Status, StatusDetails};

use crate::words;

/// The nature of a failure; numbers are HTTP statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Google answered with this status.
    Refused(u16),
    /// Google began the work, and it ended in an error that would have had this status.
    Operation(u16),
    /// No connection, or it broke.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// An answer that is not what the API promises.
    Unparsable,
    /// A list with more items than are read.
    TooLong,
    /// No token could be had.
    Credentials,
    /// The request could not be made.
    NotSent,
}

/// A request without success.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) nature: Nature,
    /// Google's words, one neutralised line; our own where Google said nothing.
    pub(crate) message: String,
    /// Every reason that Google gave, in its own spellings.
    pub(crate) reasons: Vec<String>,
    /// What Google added: `permission`, `service`, `consumer` and the like.
    pub(crate) facts: BTreeMap<String, String>,
    /// How long Google asks us to wait.
    pub(crate) retry_after: Option<Duration>,
    /// An earlier attempt may have succeeded although its reply was lost.
    pub(crate) after_lost_reply: bool,
    /// The request was one that only reads.
    pub(crate) reading: bool,
    /// It was not sent, because Google has asked to slow down for too long already.
    pub(crate) held_back: bool,
}

impl Failure {
    pub(crate) fn new(nature: Nature, message: &str) -> Self {
        Self {
            nature,
            message: words::neutral(message),
            reasons: Vec::new(),
            facts: BTreeMap::new(),
            retry_after: None,
            after_lost_reply: false,
            reading: false,
            held_back: false,
        }
    }

    pub(crate) fn timed_out(limit: Duration) -> Self {
        Self::new(
            Nature::TimedOut,
            &format!("no answer within {} s", limit.as_secs()),
        )
    }

    /// Did Google give this reason? Compute says `rateLimitExceeded` or `RATE_LIMIT_EXCEEDED` for one thing,
    /// depending on the form of the answer (`docs/reference/google-cloud.md#error-reasons`).
    pub(crate) fn has_reason(&self, reason: &str) -> bool {
        let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
        let wanted = plain(reason);
        self.reasons.iter().any(|given| plain(given) == wanted)
    }

    /// Do Google's words contain these, in any case?
    pub(crate) fn says(&self, words: &str) -> bool {
        self.message
            .to_ascii_lowercase()
            .contains(&words.to_ascii_lowercase())
    }

    /// The status that Google gave, whichever way.
    pub(crate) fn status(&self) -> Option<u16> {
        match self.nature {
            Nature::Refused(status) | Nature::Operation(status) => Some(status),
            Nature::Unreachable
            | Nature::TimedOut
            | Nature::Unparsable
            | Nature::TooLong
            | Nature::Credentials
            | Nature::NotSent => None,
        }
    }

    /// Does Google say that the thing is not there? A project that is not there does not count: then nothing
    /// is known about what is in it.
    pub(crate) fn is_missing(&self) -> bool {
        self.nature == Nature::Refused(404) && !self.is_missing_project()
    }

    /// Does the project not exist, or hide from us?
    pub(crate) fn is_missing_project(&self) -> bool {
        let names_only_project = self.message.split('\'').nth(1).is_some_and(|path| {
            path.strip_prefix("projects/")
                .is_some_and(|name| !name.contains('/'))
        });
        self.has_reason("CONSUMER_INVALID")
            || self.says("not found or permission denied")
            || (names_only_project && self.status() == Some(404))
    }

    /// Does Google say that the thing is there already?
    pub(crate) fn is_already_there(&self) -> bool {
        self.status() == Some(409) && !self.is_in_use()
    }

    /// Is something still using it?
    pub(crate) fn is_in_use(&self) -> bool {
        self.has_reason("resourceInUseByAnotherResource")
            || self.has_reason("resourceInUse")
            || self.says("is already being used by")
    }

    /// Does Google ask us to slow down? Compute says that with 403, the others with 429; a quota of things
    /// rather than of requests per time is another matter, which a read cannot use up.
    pub(crate) fn is_rate_limit(&self) -> bool {
        const REASONS: [&str; 5] = [
            "rateLimitExceeded",
            "userRateLimitExceeded",
            "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED",
            "INSUFFICIENT_TOKENS",
            "concurrentLimitExceeded",
        ];
        REASONS.iter().any(|reason| self.has_reason(reason))
            || (self.is_quota() && self.names_a_rate())
            || (self.nature == Nature::Refused(429) && (self.reading || !self.details_a_quota()))
    }

    /// Is a quota the cause, of whatever sort?
    pub(crate) fn is_quota(&self) -> bool {
        self.details_a_quota()
            || (self.says("quota") && self.says("exceeded"))
            || self.nature == Nature::Operation(429)
    }

    /// Do the details, rather than the words alone, blame a quota?
    fn details_a_quota(&self) -> bool {
        self.has_reason("quotaExceeded")
            || self.has_reason("limitExceeded")
            || self.facts.keys().any(|key| key.starts_with("quota_"))
    }

    /// Is the limit one of requests in a time that soon passes, in any of Google's spellings: `per minute`,
    /// `PerMinutePerProject`, `1/min/{project}`, `per 100 seconds`?
    fn names_a_rate(&self) -> bool {
        std::iter::once(&self.message)
            .chain(self.facts.values())
            .any(|text| {
                let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
                let letters = letters.to_ascii_lowercase();
                letters.contains("perminute")
                    || letters.contains("persecond")
                    || text.starts_with("1/min/")
                    || text.starts_with("1/s/")
            })
    }

    /// May the very same request succeed a little later?
    pub(crate) fn is_worth_another_try(&self) -> bool {
        match self.nature {
            Nature::Unreachable | Nature::TimedOut => true,
            Nature::Refused(status) => {
                matches!(status, 500 | 502 | 503 | 504) || self.is_rate_limit() || self.is_busy()
            }
            Nature::Operation(_)
            | Nature::Unparsable
            | Nature::TooLong
            | Nature::Credentials
            | Nature::NotSent => false,
        }
    }

    /// May Google have done what was asked although we were not told?
    pub(crate) fn reply_was_lost(&self) -> bool {
        match self.nature {
            Nature::Unreachable | Nature::TimedOut | Nature::Unparsable => true,
            Nature::Refused(status) => status >= 500,
            Nature::Operation(_) | Nature::TooLong | Nature::Credentials | Nature::NotSent => false,
        }
    }

    fn add_status(&mut self, status: &Status) {
        if !matches!(status.code, Code::Unknown | Code::Ok) {
            self.reasons.push(status.code.name().to_owned());
        }
        let mut additions = Vec::new();
        for detail in &status.details {
            match detail {
                StatusDetails::ErrorInfo(info) => {
                    self.reasons.push(words::neutral(&info.reason));
                    let facts = info
                        .metadata
                        .iter()
                        .map(|(key, value)| (key.clone(), words::neutral(value)));
                    self.facts.extend(facts);
                }
                StatusDetails::BadRequest(bad) => additions.extend(
                    bad.field_violations
                        .iter()
                        .map(|v| format!("{}: {}", v.field, v.description)),
                ),
                StatusDetails::PreconditionFailure(failure) => additions.extend(
                    failure
                        .violations
                        .iter()
                        .map(|v| format!("{} {}", v.r#type, v.description)),
                ),
                StatusDetails::QuotaFailure(failure) => {
                    for violation in &failure.violations {
                        let subject = words::neutral(&violation.subject);
                        self.facts.insert("quota_subject".to_owned(), subject);
                        additions.push(violation.description.clone());
                    }
                }
                StatusDetails::RetryInfo(info) => {
                    let delay = info
                        .retry_delay
                        .as_ref()
                        .and_then(|delay| u64::try_from(delay.seconds()).ok());
                    self.retry_after = self.retry_after.or(delay.map(Duration::from_secs));
                }
                // The SDK's enum is open; the other details are for Google's own engineers, or help texts.
                _ => {}
            }
        }
        let mut message = status.message.clone();
        for addition in additions
            .iter()
            .filter(|addition| !status.message.contains(addition.as_str()))
        {
            message.push_str("; ");
            message.push_str(addition);
        }
        if !message.is_empty() {
            self.message = words::neutral(&message);
        }
    }

    /// The error in which an operation of Cloud Run or VPC Access ended.
    pub(crate) fn of_operation(status: &Status) -> Self {
        let mut failure = Self::new(
            Nature::Operation(http_status(status.code)),
            "the operation failed",
        );
        failure.add_status(status);
        failure
    }

    /// The error in which an operation of Compute ended, if it did
    /// (`docs/reference/google-cloud.md#operations`).
    pub(crate) fn of_compute_operation(operation: &Operation) -> Option<Self> {
        let errors = operation
            .error
            .as_ref()
            .map(|error| error.errors.as_slice())
            .unwrap_or_default();
        let status = operation
            .http_error_status_code
            .and_then(|status| u16::try_from(status).ok());
        let said = operation.http_error_message.as_deref();
        if errors.is_empty() && status.is_none() && said.is_none() && operation.error.is_none() {
            return None;
        }
        let messages: Vec<&str> = errors
            .iter()
            .filter_map(|error| error.message.as_deref())
            .collect();
        let message = if messages.is_empty() {
            said.unwrap_or("the operation failed").to_owned()
        } else {
            messages.join("; ")
        };
        let mut failure = Self::new(Nature::Operation(status.unwrap_or(400)), &message);
        for error in errors {
            failure
                .reasons
                .extend(error.code.as_deref().map(words::neutral));
            for info in error
                .error_details
                .iter()
                .filter_map(|detail| detail.error_info.as_ref())
            {
                failure
                    .reasons
                    .extend(info.reason.as_deref().map(words::neutral));
                failure.facts.extend(
                    info.metadatas
                        .iter()
                        .map(|(key, value)| (key.clone(), words::neutral(value))),
                );
            }
        }
        Some(failure)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let error = innermost(&error);
        let status = error.http_status_code();
        let nature = match status {
            Some(status) => Nature::Refused(status),
            None if error.is_authentication() => Nature::Credentials,
            None if error.is_deserialization() => Nature::Unparsable,
            None if error.is_timeout() => Nature::TimedOut,
            None if error.is_binding() || error.is_serialization() => Nature::NotSent,
            None => Nature::Unreachable,
        };
        let mut failure = Self::new(nature, &said(error));
        if let (Some(headers), Some(_)) = (error.http_headers(), status) {
            let seconds = headers
                .get("retry-after")
                .and_then(|value| value.to_str().ok()?.trim().parse().ok());
            failure.retry_after = seconds.map(Duration::from_secs);
        }
        if let Some(status) = error.status() {
            failure.add_status(status);
        }
        failure
    }
}

/// The SDK wraps the last error when its own loop gives up.
fn innermost(mut error: &Error) -> &Error {
    while error.is_exhausted() {
        match error
            .source()
            .and_then(|source| source.downcast_ref::<Error>())
        {
            Some(inner) => error = inner,
            None => break,
        }
    }
    error
}

/// What an error says when it holds no status of Google's: its first cause, or the text of a page that some
/// proxy sent.
fn said(error: &Error) -> String {
    if let (Some(status), Some(payload)) = (error.http_status_code(), error.http_payload()) {
        let text = String::from_utf8_lossy(payload);
        let page = text.trim_start().starts_with('<');
        return if page || text.trim().is_empty() {
            format!("HTTP status {status}")
        } else {
            text.into_owned()
        };
    }
    if error.is_authentication() {
        return words::token_failure(error);
    }
    // The first cause says it; those around it tell of our own client, with the address in full.
    let mut first = None;
    let mut cause = error.source();
    while let Some(next) = cause {
        first = Some(next);
        cause = next.source();
    }
    first.map_or_else(|| error.to_string(), ToString::to_string)
}

/// The HTTP status that goes with an RPC code.
fn http_status(code: Code) -> u16 {
    match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
        // The SDK's enum is open; `Unknown`, `Internal` and `DataLoss` are failures of the server.
        _ => 500,
    }
}

#[cfg(test)]
mod tests;
