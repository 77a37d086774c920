//! Misbehaviour to order. A fault names the requests that it is for, which of them it strikes, and what
//! then happens.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Api, Fate};
use crate::operations::Failure;
use crate::refusal::Refusal;

/// A fault as it is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default, rename = "match")]
    matches: Matches,
    nth: Option<u64>,
    times: Option<u64>,
    effect: EffectOrder,
    /// What `GET` adds, so that its answer can be put back.
    #[serde(default, rename = "struck")]
    _struck: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Matches {
    method: Option<String>,
    /// May hold `*`.
    operation: Option<String>,
    /// Part of the path.
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EffectOrder {
    status: Option<u16>,
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
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationError {
    code: Value,
    message: String,
}

/// Whether the connection is cut before or after the request has its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    Before,
    After,
}

#[derive(Clone, Debug)]
enum Effect {
    Error {
        status: u16,
        reason: Option<String>,
        message: Option<String>,
        retry_after: Option<u64>,
    },
    Truncate,
    Body(String),
    Reset(When),
    Latency(Duration),
    Unreachable(String),
    OperationError(Failure),
    OperationNever,
}

/// Why a list of faults was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FaultError {
    #[error("this is no list of faults")]
    Shape(#[source] serde_json::Error),
    #[error("fault {0}: an effect is one of {EFFECTS}")]
    Effect(usize),
    #[error("fault {index}: \"{text}\" is no duration such as 200ms or 3s")]
    Duration { index: usize, text: String },
}

const EFFECTS: &str = "status (with reason, message, retryAfter), truncate, body, reset, latency, \
                       unreachable, operationError, operationNever";

#[derive(Debug)]
struct Fault {
    written: Value,
    matches: Matches,
    nth: u64,
    times: u64,
    effect: Effect,
    matched: u64,
    struck: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

/// What the faults do to one request.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) latency: Duration,
    pub(crate) error: Option<Refusal>,
    pub(crate) reset: Option<When>,
    pub(crate) truncate: bool,
    pub(crate) body: Option<String>,
    pub(crate) unreachable: Vec<String>,
    pub(crate) fate: Fate,
}

impl Faults {
    pub(crate) fn parse(list: &Value) -> Result<Faults, FaultError> {
        let orders: Vec<Value> = serde_json::from_value(list.clone()).map_err(FaultError::Shape)?;
        let faults = orders.into_iter().enumerate().map(|(index, written)| {
            let order: Order =
                serde_json::from_value(written.clone()).map_err(FaultError::Shape)?;
            let nth = order.nth.unwrap_or(1).max(1);
            let times = order
                .times
                .unwrap_or(if order.nth.is_some() { 1 } else { u64::MAX });
            let effect = effect(index, order.effect)?;
            Ok(Fault {
                written,
                matches: order.matches,
                nth,
                times,
                effect,
                matched: 0,
                struck: 0,
            })
        });
        faults.collect::<Result<_, _>>().map(Faults)
    }

    pub(crate) fn describe(&self) -> Value {
        let describe = |fault: &Fault| {
            let mut written = fault.written.clone();
            written["struck"] = json!(fault.struck);
            written
        };
        json!(self.0.iter().map(describe).collect::<Vec<_>>())
    }

    /// What happens to a request; counts it for every fault that it matches.
    pub(crate) fn judge(&mut self, api: Api, method: &str, operation: &str, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for fault in &mut self.0 {
            if !fault.matches.admit(method, operation, path) {
                continue;
            }
            fault.matched += 1;
            if fault.matched < fault.nth || fault.struck >= fault.times {
                continue;
            }
            fault.struck += 1;
            verdict.add(api, fault.effect.clone());
        }
        verdict
    }
}

impl Verdict {
    fn add(&mut self, api: Api, effect: Effect) {
        match effect {
            Effect::Error {
                status,
                reason,
                message,
                retry_after,
            } => {
                let reason = reason.unwrap_or_else(|| usual_reason(api, status).to_owned());
                let message = message.unwrap_or_else(|| usual_message(status).to_owned());
                let mut refusal = Refusal::new(status, reason, message);
                refusal.retry_after = retry_after;
                self.error = Some(refusal);
            }
            Effect::Truncate => self.truncate = true,
            Effect::Body(body) => self.body = Some(body),
            Effect::Reset(when) => self.reset = Some(when),
            Effect::Latency(latency) => self.latency += latency,
            Effect::Unreachable(scope) => self.unreachable.push(scope),
            Effect::OperationError(failure) => self.fate = Fate::Fails(failure),
            Effect::OperationNever => self.fate = Fate::NeverEnds,
        }
    }
}

impl Matches {
    fn admit(&self, method: &str, operation: &str, path: &str) -> bool {
        self.method
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self
                .operation
                .as_ref()
                .is_none_or(|pattern| glob(pattern, operation))
            && self.path.as_ref().is_none_or(|part| path.contains(part))
    }
}

/// `*` stands for any text, none included.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.any(|at| glob(tail, &rest[at..]))
        }),
    }
}

fn effect(index: usize, order: EffectOrder) -> Result<Effect, FaultError> {
    let EffectOrder {
        status,
        reason,
        message,
        retry_after,
        ..
    } = order;
    let error = status.map(|status| Effect::Error {
        status,
        reason,
        message,
        retry_after,
    });
    let latency = order.latency.map(|text| {
        let parsed = duration(&text).map(Effect::Latency);
        parsed.ok_or(FaultError::Duration { index, text })
    });
    let failure = order.operation_error.map(|error| {
        let reason = error
            .code
            .as_str()
            .map_or_else(|| error.code.to_string(), str::to_owned);
        let number = error.code.as_i64().unwrap_or(13);
        Effect::OperationError(Failure {
            reason,
            number,
            message: error.message,
        })
    });
    let mut given: Vec<Effect> = [
        error,
        order.truncate.filter(|on| *on).map(|_| Effect::Truncate),
        order.body.map(Effect::Body),
        order.reset.map(Effect::Reset),
        latency.transpose()?,
        order.unreachable.map(Effect::Unreachable),
        failure,
        order
            .operation_never
            .filter(|on| *on)
            .map(|_| Effect::OperationNever),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (given.pop(), given.is_empty()) {
        (Some(effect), true) => Ok(effect),
        (Some(_) | None, _) => Err(FaultError::Effect(index)),
    }
}

/// `200ms`, `3s`, or `0.5s`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

fn usual_reason(api: Api, status: u16) -> &'static str {
    match (api, status) {
        (Api::Compute, 400) => "invalid",
        (Api::Compute, 403) => "forbidden",
        (Api::Compute, 404) => "notFound",
        (Api::Compute, 429) => "rateLimitExceeded",
        (Api::Compute, _) => "backendError",
        (Api::Run | Api::VpcAccess, 400) => "INVALID_ARGUMENT",
        (Api::Run | Api::VpcAccess, 403) => "PERMISSION_DENIED",
        (Api::Run | Api::VpcAccess, 404) => "NOT_FOUND",
        (Api::Run | Api::VpcAccess, 409) => "ABORTED",
        (Api::Run | Api::VpcAccess, 429) => "RESOURCE_EXHAUSTED",
        (Api::Run | Api::VpcAccess, 503) => "UNAVAILABLE",
        (Api::Run | Api::VpcAccess, _) => "INTERNAL",
    }
}

fn usual_message(status: u16) -> &'static str {
    match status {
        403 => "The caller does not have permission",
        404 => "Not found",
        429 => "Quota exceeded",
        503 => "The service is currently unavailable.",
        _ => "Internal error encountered.",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{Faults, duration, glob};
    use crate::call::Api;

    #[test]
    fn the_nth_matching_request_is_struck() {
        let order = json!([{
            "match": { "operation": "compute.*.insert" }, "nth": 2, "effect": { "status": 403 },
        }]);
        let mut faults = Faults::parse(&order).unwrap();
        let mut strikes = |operation| {
            faults
                .judge(Api::Compute, "POST", operation, "/compute/v1")
                .error
                .is_some()
        };
        assert!(!strikes("compute.networks.insert") && !strikes("compute.networks.get"));
        assert!(strikes("compute.routers.insert") && !strikes("compute.routers.insert"));
        assert_eq!(faults.describe()[0]["struck"], 1);
        Faults::parse(&faults.describe()).unwrap();
    }

    #[test]
    fn an_effect_is_exactly_one() {
        let none = json!([{ "effect": {} }]);
        let two = json!([{ "effect": { "truncate": true, "body": "x" } }]);
        let unknown = json!([{ "effect": { "explode": true } }]);
        for order in [none, two, unknown] {
            assert!(Faults::parse(&order).is_err());
        }
    }

    #[test]
    fn patterns_and_durations_are_read() {
        assert!(glob("*", "") && glob("a.*.c", "a.b.c") && !glob("a.*", "b.a"));
        assert_eq!(duration("200ms").unwrap().as_millis(), 200);
        assert!(duration("soon").is_none() && duration("-1s").is_none());
    }
}
