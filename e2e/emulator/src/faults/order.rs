//! Faults as they are written down, and what they mean.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use crate::call::{Route, Verb};
use crate::clock;
use crate::faults::disturbance::{self, OtherWriter, Staleness};
use crate::faults::pattern;
use crate::faults::presets::Preset;
use crate::operations::Failure;
use crate::resources;

/// A fault as it is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    #[serde(default, rename = "match")]
    pub(super) matches: Matches,
    pub(super) nth: Option<u64>,
    pub(super) times: Option<u64>,
    /// Of the requests that it could strike, how many it does: 0 to 1.
    pub(super) probability: Option<f64>,
    #[serde(default)]
    pub(super) seed: u64,
    /// How long it strikes, from when it was ordered on.
    #[serde(rename = "for")]
    pub(super) lasts: Option<String>,
    pub(super) effect: EffectOrder,
    /// What `GET` adds, so that its answer can be put back.
    #[serde(default, rename = "struck")]
    _struck: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matches {
    pub(super) method: Option<String>,
    /// May hold `*`.
    pub(super) operation: Option<String>,
    /// Part of the path.
    pub(super) path: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EffectOrder {
    status: Option<u16>,
    preset: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    retry_after: Option<u64>,
    truncate: Option<bool>,
    body: Option<String>,
    reset: Option<When>,
    latency: Option<String>,
    unreachable: Option<String>,
    operation_error: Option<OperationError>,
    operation_never: Option<bool>,
    stale_list: Option<StaleList>,
    lose_page: Option<LosePage>,
    other_writer: Option<Writer>,
    clock_skew: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationError {
    code: Value,
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StaleList {
    seconds: Option<f64>,
    writes: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LosePage {
    size: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Writer {
    #[serde(default)]
    merge: Value,
    #[serde(default)]
    append: Value,
}

/// Whether the connection is cut before or after the request has its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    Before,
    After,
}

#[derive(Clone, Debug)]
pub(super) enum Effect {
    Error {
        status: u16,
        reason: Option<String>,
        message: Option<String>,
        retry_after: Option<u64>,
    },
    Preset(Preset, Option<u64>),
    Truncate,
    Body(String),
    Reset(When),
    Latency(Duration),
    Unreachable(String),
    OperationError(Failure),
    OperationNever,
    StaleList(Staleness),
    LosePage(usize),
    OtherWriter(OtherWriter),
    ClockSkew(SignedDuration),
}

impl Effect {
    /// Whether there is anything for it to do to a request of this method; `has_object` says whether that is about an
    /// object that there is.
    pub(super) fn finds_work(&self, method: &str, has_object: impl Fn() -> bool) -> bool {
        match self {
            Effect::Unreachable(_) => disturbance::is_aggregated(method),
            Effect::StaleList(_) => disturbance::has_a_past(method),
            Effect::LosePage(_) => disturbance::is_list(method),
            Effect::OtherWriter(_) => has_object(),
            Effect::OperationError(_) | Effect::OperationNever => {
                disturbance::begins_an_operation(method)
            }
            Effect::Preset(preset, _) => preset.finds_work(method),
            Effect::Error { .. }
            | Effect::Truncate
            | Effect::Body(_)
            | Effect::Reset(_)
            | Effect::Latency(_)
            | Effect::ClockSkew(_) => true,
        }
    }
}

/// Why a list of faults was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FaultError {
    #[error("this is no list of faults")]
    Shape(#[source] serde_json::Error),
    #[error("fault {0}: an effect is one of {EFFECTS}")]
    Effect(usize),
    #[error("fault {index}: \"{text}\" is no duration such as 200ms, 3s or 5m")]
    Duration { index: usize, text: String },
    #[error(
        "fault {index}: there is no preset \"{name}\"; there are {}",
        presets()
    )]
    Preset { index: usize, name: String },
    #[error("fault {0}: a probability is between 0 and 1")]
    Probability(usize),
    #[error("fault {0}: a stale list is so many seconds or so many writes behind")]
    Staleness(usize),
    #[error("fault {index}: a status is that of a refusal, 400 to 599, and {status} is none")]
    Status { index: usize, status: u16 },
    #[error("fault {index}: {field} is 1 or more")]
    Zero { index: usize, field: &'static str },
    #[error(
        "fault {index}: match.operation is at most {} bytes long, and this one has {length}",
        pattern::LONGEST
    )]
    Pattern { index: usize, length: usize },
    #[error(
        "fault {index}: no method that is served is called \"{pattern}\"; they are called as in \
         compute.networks.list and run.projects.locations.services.patch, and * stands for any text"
    )]
    Operation { index: usize, pattern: String },
    #[error("fault {0}: no request that matches is one that its effect can do anything to")]
    Idle(usize),
    #[error("fault {index}: there is no HTTP method \"{method}\" here; there are {METHODS:?}")]
    Method { index: usize, method: String },
    #[error(
        "there are {count} faults, and at most {} can be in force",
        super::MOST
    )]
    TooMany { count: usize },
}

const EFFECTS: &str = "status (with reason, message, retryAfter), preset (with retryAfter), truncate, body, \
                       reset, latency, unreachable, operationError, operationNever, staleList, losePage, \
                       otherWriter, clockSkew";

fn presets() -> String {
    let names: Vec<&str> = Preset::ALL.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// Refuses a pattern that is too long, and one that no method has: it would never strike, and whoever tests with it
/// would take that for a program that copes.
pub(super) fn refuse_pattern(index: usize, pattern: &str) -> Result<(), FaultError> {
    let length = pattern.len();
    if length > pattern::LONGEST {
        return Err(FaultError::Pattern { index, length });
    }
    let mut methods = resources::operations();
    if methods.any(|method| pattern::admits(pattern, method)) {
        return Ok(());
    }
    let pattern = pattern.to_owned();
    Err(FaultError::Operation { index, pattern })
}

/// Refuses an effect that can do nothing to any request that is for it, for the same reason.
pub(super) fn refuse_idle(
    index: usize,
    matches: &Matches,
    effect: &Effect,
) -> Result<(), FaultError> {
    let verb = matches.method.as_ref();
    let verb = verb.and_then(|it| Verb::parse(&it.to_ascii_uppercase()));
    let is_for = |route: &&Route| {
        let pattern = matches.operation.as_ref();
        verb.is_none_or(|verb| route.verb == verb)
            && pattern.is_none_or(|it| pattern::admits(it, route.operation))
    };
    let mut routes = resources::routes().filter(is_for);
    if routes.any(|route| effect.finds_work(route.operation, || true)) {
        return Ok(());
    }
    Err(FaultError::Idle(index))
}

/// The HTTP methods that anything is served by.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Refuses an HTTP method that no request has, for the same reason.
pub(super) fn refuse_method(index: usize, method: &str) -> Result<(), FaultError> {
    if METHODS.iter().any(|it| it.eq_ignore_ascii_case(method)) {
        return Ok(());
    }
    let method = method.to_owned();
    Err(FaultError::Method { index, method })
}

/// Refuses a count that starts at one and is nought.
pub(super) fn refuse_zero(
    index: usize,
    field: &'static str,
    count: Option<u64>,
) -> Result<(), FaultError> {
    if count == Some(0) {
        return Err(FaultError::Zero { index, field });
    }
    Ok(())
}

/// What an effect means, with its waits multiplied by `scale`.
pub(super) fn effect(index: usize, order: EffectOrder, scale: f64) -> Result<Effect, FaultError> {
    let span = |text: String| {
        let parsed = duration(&text).map(|duration| clock::scaled(duration, scale));
        parsed.ok_or(FaultError::Duration { index, text })
    };
    let retry_after = order
        .retry_after
        .map(|seconds| scaled_seconds(seconds, scale));
    let preset = order.preset.map(|name| {
        let preset = Preset::named(&name).ok_or(FaultError::Preset { index, name });
        preset.map(|preset| Effect::Preset(preset, retry_after))
    });
    if let Some(status) = order.status.filter(|it| !(400..=599).contains(it)) {
        return Err(FaultError::Status { index, status });
    }
    let error = order.status.map(|status| Effect::Error {
        status,
        reason: order.reason,
        message: order.message,
        retry_after,
    });
    let behind = order.stale_list.map(|list| staleness(index, &list, scale));
    let writer = order.other_writer.map(|writer| OtherWriter {
        merge: writer.merge,
        append: writer.append,
    });
    let skew = order.clock_skew.map(|text| {
        signed(&text)
            .map(Effect::ClockSkew)
            .ok_or(FaultError::Duration { index, text })
    });
    let mut given: Vec<Effect> = [
        error,
        preset.transpose()?,
        order.truncate.filter(|on| *on).map(|_| Effect::Truncate),
        order.body.map(Effect::Body),
        order.reset.map(Effect::Reset),
        order.latency.map(span).transpose()?.map(Effect::Latency),
        order.unreachable.map(Effect::Unreachable),
        order.operation_error.map(failure),
        order
            .operation_never
            .filter(|on| *on)
            .map(|_| Effect::OperationNever),
        behind.transpose()?.map(Effect::StaleList),
        order.lose_page.map(|page| Effect::LosePage(page.size)),
        writer.map(Effect::OtherWriter),
        skew.transpose()?,
    ]
    .into_iter()
    .flatten()
    .collect();
    match (given.pop(), given.is_empty()) {
        (Some(effect), true) => Ok(effect),
        (Some(_) | None, _) => Err(FaultError::Effect(index)),
    }
}

fn failure(error: OperationError) -> Effect {
    let reason = error
        .code
        .as_str()
        .map_or_else(|| error.code.to_string(), str::to_owned);
    let number = error.code.as_i64().unwrap_or(13);
    Effect::OperationError(Failure {
        reason,
        number,
        breaks: false,
        message: error.message,
    })
}

fn staleness(index: usize, list: &StaleList, scale: f64) -> Result<Staleness, FaultError> {
    match (list.seconds, list.writes) {
        (Some(seconds), None) => Duration::try_from_secs_f64(seconds * scale)
            .map(Staleness::Time)
            .map_err(|_| FaultError::Staleness(index)),
        (None, Some(writes)) => Ok(Staleness::Writes(writes)),
        (Some(_), Some(_)) | (None, None) => Err(FaultError::Staleness(index)),
    }
}

/// Whole seconds, rounded up: a client that is told to wait is not told to wait nought.
fn scaled_seconds(seconds: u64, scale: f64) -> u64 {
    let scaled = clock::scaled(Duration::from_secs(seconds), scale);
    scaled
        .as_secs()
        .saturating_add(u64::from(scaled.subsec_nanos() > 0))
}

/// `200ms`, `3s`, `0.5s`, `5m` or `1h`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

/// As [`duration`], with a sign.
fn signed(text: &str) -> Option<SignedDuration> {
    let (back, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let span = SignedDuration::try_from(duration(rest)?).ok()?;
    Some(if back { -span } else { span })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{duration, scaled_seconds, signed};

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("200ms").unwrap().as_millis(), 200);
        assert_eq!(duration("5m").unwrap().as_secs(), 300);
        assert!(duration("soon").is_none() && duration("-1s").is_none());
        assert_eq!(signed("-5m").unwrap().as_secs(), -300);
        assert_eq!(signed("+2s"), signed("2s"));
    }

    #[test]
    fn a_scaled_wait_is_never_none() {
        assert_eq!(scaled_seconds(7, 0.01), 1);
        assert_eq!(scaled_seconds(7, 1.0), 7);
        assert_eq!(scaled_seconds(7, 0.0), 0);
    }
}
