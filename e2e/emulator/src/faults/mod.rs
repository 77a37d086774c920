//! Misbehaviour to order. A fault names the requests that it is for, which of them it strikes, and what
//! then happens. `docs/reference/emulator.md` has them all.

pub(crate) mod disturbance;
mod order;
mod pattern;
mod presets;
pub(crate) mod skew;
mod usual;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::call::Fate;
use crate::clock;
use crate::identity;
use crate::refusal::{ErrorAnswer, Refusal};

pub(crate) use disturbance::Disturbance;
pub(crate) use order::{FaultError, When, duration};
#[cfg(test)]
pub(crate) use pattern::admits;
pub(crate) use presets::Request;

use order::{Effect, Matches, Order};

#[derive(Debug)]
struct Fault {
    written: Value,
    matches: Matches,
    nth: u64,
    times: u64,
    probability: f64,
    seed: u64,
    until: Option<Instant>,
    effect: Effect,
    matched: u64,
    struck: u64,
}

/// How many faults can be in force: each of them looks at every request.
const MOST: usize = 1_000;

/// The faults that were ordered.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    ordered: Vec<Fault>,
    /// Pages that are lost when they are asked for, and how often: the path of the list, and the token.
    doomed: BTreeMap<(String, String), u64>,
}

/// What the faults do to one request.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) latency: Duration,
    pub(crate) error: Option<Refusal>,
    pub(crate) reset: Option<When>,
    pub(crate) truncate: bool,
    /// As `truncate`, for the page of a list that comes after this one, and for this one if it is not the first.
    pub(crate) lose_page: bool,
    pub(crate) body: Option<String>,
    pub(crate) fate: Fate,
    pub(crate) disturbance: Disturbance,
    pub(crate) skew: Option<SignedDuration>,
}

impl Faults {
    /// Reads a list of faults; its waits are multiplied by `scale`.
    pub(crate) fn parse(list: &Value, scale: f64) -> Result<Faults, FaultError> {
        let orders: Vec<Value> = serde_json::from_value(list.clone()).map_err(FaultError::Shape)?;
        if orders.len() > MOST {
            return Err(FaultError::TooMany {
                count: orders.len(),
            });
        }
        let faults = orders.into_iter().enumerate();
        faults
            .map(|(index, written)| fault(index, written, scale))
            .collect::<Result<_, _>>()
            .map(|ordered| Faults {
                ordered,
                doomed: BTreeMap::new(),
            })
    }

    pub(crate) fn describe(&self) -> Value {
        let describe = |fault: &Fault| {
            let mut written = fault.written.clone();
            written["struck"] = json!(fault.struck);
            written
        };
        json!(self.ordered.iter().map(describe).collect::<Vec<_>>())
    }

    /// What happens to a request; counts it for every fault that it matches. `has_object` says whether it is
    /// about an object that there is.
    pub(crate) fn judge(
        &mut self,
        method: &str,
        request: Request<'_>,
        has_object: impl Fn() -> bool,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        for fault in &mut self.ordered {
            let is_for = fault.matches.admit(method, request)
                && fault.effect.finds_work(request.operation, &has_object);
            if is_for && fault.strikes() {
                verdict.add(request, fault.effect.clone());
            }
        }
        verdict
    }

    /// The reply with this page of the list at `path` is lost, once more.
    pub(crate) fn doom(&mut self, path: &str, token: &str) {
        let page = (path.to_owned(), token.to_owned());
        *self.doomed.entry(page).or_default() += 1;
    }

    /// Is this a page that is to be lost? Once less after this.
    pub(crate) fn loses(&mut self, path: &str, token: &str) -> bool {
        let page = (path.to_owned(), token.to_owned());
        let Some(times) = self.doomed.get_mut(&page) else {
            return false;
        };
        *times -= 1;
        if *times == 0 {
            self.doomed.remove(&page);
        }
        true
    }
}

fn fault(index: usize, written: Value, scale: f64) -> Result<Fault, FaultError> {
    let order: Order = serde_json::from_value(written.clone()).map_err(FaultError::Shape)?;
    order::refuse_zero(index, "nth", order.nth)?;
    order::refuse_zero(index, "times", order.times)?;
    if let Some(pattern) = &order.matches.operation {
        order::refuse_pattern(index, pattern)?;
    }
    if let Some(method) = &order.matches.method {
        order::refuse_method(index, method)?;
    }
    let times = if order.nth.is_some() { 1 } else { u64::MAX };
    let probability = order.probability.unwrap_or(1.0);
    if !(0.0..=1.0).contains(&probability) {
        return Err(FaultError::Probability(index));
    }
    let lasts = order.lasts.map(|text| {
        let lasts = duration(&text).map(|lasts| clock::scaled(lasts, scale));
        lasts.ok_or(FaultError::Duration { index, text })
    });
    let effect = order::effect(index, order.effect, scale)?;
    order::refuse_idle(index, &order.matches, &effect)?;
    Ok(Fault {
        written,
        matches: order.matches,
        nth: order.nth.unwrap_or(1),
        times: order.times.unwrap_or(times),
        probability,
        seed: order.seed,
        until: lasts
            .transpose()?
            .and_then(|lasts| Instant::now().checked_add(lasts)),
        effect,
        matched: 0,
        struck: 0,
    })
}

impl Fault {
    /// Counts a request that matches, and says whether it is struck.
    fn strikes(&mut self) -> bool {
        self.matched += 1;
        let over = self.until.is_some_and(|until| Instant::now() >= until);
        if over || self.matched < self.nth || self.struck >= self.times {
            return false;
        }
        // The same seed strikes the same requests again.
        let parts = [self.seed.to_string(), self.matched.to_string()];
        let drawn = identity::fraction(&["fault", &parts[0], &parts[1]]);
        let strikes = drawn < self.probability;
        self.struck += u64::from(strikes);
        strikes
    }
}

impl Verdict {
    fn add(&mut self, request: Request<'_>, effect: Effect) {
        match effect {
            Effect::Error {
                status,
                reason,
                message,
                retry_after,
            } => {
                let usual = || usual::reason(request.api, status).to_owned();
                let message = message.unwrap_or_else(|| usual::message(status).to_owned());
                let mut error = ErrorAnswer::new(status, reason.unwrap_or_else(usual), message);
                error.retry_after = retry_after;
                self.error = Some(error.ordered());
            }
            Effect::Preset(preset, retry_after) => {
                if let Some(mut error) = preset.error(request) {
                    error.retry_after = retry_after;
                    self.error = Some(error.ordered());
                } else {
                    self.fate = preset.fate();
                }
            }
            Effect::Truncate => self.truncate = true,
            Effect::Body(body) => self.body = Some(body),
            Effect::Reset(when) => self.reset = Some(when),
            Effect::Latency(latency) => self.latency += latency,
            Effect::Unreachable(scope) => self.disturbance.unreachable.push(scope),
            Effect::OperationError(failure) => self.fate = Fate::Fails(failure),
            Effect::OperationNever => self.fate = Fate::NeverEnds,
            Effect::StaleList(staleness) => self.disturbance.staleness = Some(staleness),
            Effect::LosePage(size) => {
                self.disturbance.page_size = Some(size);
                self.lose_page = true;
            }
            Effect::OtherWriter(writer) => self.disturbance.other_writer = Some(writer),
            Effect::ClockSkew(by) => self.skew = Some(by),
        }
    }
}

impl Matches {
    fn admit(&self, method: &str, request: Request<'_>) -> bool {
        let (operation, path) = (request.operation, request.path);
        let method = self
            .method
            .as_ref()
            .is_none_or(|it| it.eq_ignore_ascii_case(method));
        let operation = self
            .operation
            .as_ref()
            .is_none_or(|it| pattern::admits(it, operation));
        method && operation && self.path.as_ref().is_none_or(|part| path.contains(part))
    }
}

#[cfg(test)]
mod tests;
