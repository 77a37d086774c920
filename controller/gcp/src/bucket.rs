//! One budget of calls: tokens that come at a rate, and a gate that closes when Google asks us to slow down.
//!
//! While the gate is closed nobody sends. When the pause is over *one* call goes as a probe; only its answer opens
//! the gate again or closes it for longer. So however many calls wait, a storm of refusals costs one request per
//! pause, and pauses grow. After the storm tokens come at a part of the rate that grows with every answer, and do not
//! pile up until it is whole again: those who waited come back one after the other.
//!
//! Nothing here waits or reads the clock; [`crate::limiter`] does.

use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Patience;
use crate::rates::Rate;

/// The smallest part of its rate to which a bucket slows down.
const SLOWEST: f64 = 1.0 / 8.0;
/// How much of its rate a bucket gains with every answer that does not ask to slow down.
const GAIN: f64 = 1.0 / 50.0;

/// May a call be sent now?
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Entry {
    /// Yes.
    Admitted(Ticket),
    /// Not before this time has passed; ask again then.
    Later(Duration),
    /// Not before the probe is back; ask again then.
    AfterProbe,
    /// Google has refused for longer than we have patience.
    TooLong,
}

/// What a call that was let in has to show when it is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// How many times the gate had closed when it was let in.
    closures: u64,
    probe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Gate {
    Open,
    /// Closed until then.
    Closed(Instant),
    /// Closed until the probe is back.
    Probing,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    /// `None`: there is no limit but Google's.
    rate: Option<Rate>,
    /// May be below zero: then they are owed.
    tokens: f64,
    filled: Instant,
    /// The part of the rate at which tokens come, up to 1.
    pace: f64,
    gate: Gate,
    closures: u64,
    /// Refusals since the last answer, counting those of one moment once.
    refusals: u32,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Bucket {
    pub(crate) fn new(rate: Option<Rate>, now: Instant) -> Self {
        Self {
            rate,
            tokens: rate.map_or(0.0, Rate::burst),
            filled: now,
            pace: 1.0,
            gate: Gate::Open,
            closures: 0,
            refusals: 0,
            since: None,
        }
    }

    /// Lets a call in, or says when to ask again.
    pub(crate) fn enter(&mut self, now: Instant, patience: &Patience) -> Entry {
        let end = self.since.map(|since| since + patience.slow_down);
        let too_late = |time: Instant| end.is_some_and(|end| time > end);
        let probe = match self.gate {
            Gate::Open => false,
            Gate::Closed(until) if until <= now => true,
            Gate::Closed(until) if too_late(until) => return Entry::TooLong,
            Gate::Closed(until) => return Entry::Later(until - now),
            Gate::Probing if too_late(now) => return Entry::TooLong,
            Gate::Probing => return Entry::AfterProbe,
        };
        let missing = self.missing(now);
        if !missing.is_zero() {
            return Entry::Later(missing);
        }
        self.tokens -= 1.0;
        if probe {
            self.gate = Gate::Probing;
        }
        Entry::Admitted(Ticket {
            closures: self.closures,
            probe,
        })
    }

    /// Adds the tokens that have come; says how long it takes until there is a whole one.
    fn missing(&mut self, now: Instant) -> Duration {
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        let speed = rate.speed() * self.pace;
        let most = if self.pace < 1.0 { 1.0 } else { rate.burst() };
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * speed).min(most);
        self.filled = now;
        if self.tokens >= 1.0 {
            return Duration::ZERO;
        }
        let missing = Duration::try_from_secs_f64((1.0 - self.tokens) / speed);
        // Rounded up, so that the token is there when the time has passed.
        missing
            .unwrap_or(Duration::MAX / 2)
            .saturating_add(Duration::from_nanos(1))
    }

    /// The call came back with the request to slow down, and perhaps with how long; `chance` is between 0 and 1.
    pub(crate) fn refused(
        &mut self,
        ticket: Ticket,
        asked: Option<Duration>,
        (now, chance): (Instant, f64),
        patience: &Patience,
    ) {
        let asked = asked.unwrap_or_default();
        if ticket.closures != self.closures {
            // It was sent before the gate closed. That Google was asked too much is known already.
            if let Gate::Closed(until) = &mut self.gate {
                *until = (*until).max(now + asked);
            }
            return;
        }
        self.refusals += 1;
        self.closures += 1;
        self.since.get_or_insert(now);
        self.pace = (self.pace / 2.0).max(SLOWEST);
        self.tokens = self.tokens.min(0.0);
        let pause = asked.saturating_add(patience.slow_down_pause(self.refusals, chance));
        self.gate = Gate::Closed(now + pause);
    }

    /// The call was answered, in whatever way, and without the request to slow down.
    pub(crate) fn answered(&mut self, ticket: Ticket) {
        if ticket.closures != self.closures {
            return;
        }
        self.pace = (self.pace + GAIN).min(1.0);
        if ticket.probe {
            self.gate = Gate::Open;
            self.refusals = 0;
            self.since = None;
        }
    }

    /// Nobody knows what became of the call.
    pub(crate) fn lost(&mut self, ticket: Ticket, now: Instant) {
        if ticket.probe && ticket.closures == self.closures {
            self.gate = Gate::Closed(now);
        }
    }
}

#[cfg(test)]
mod tests;
