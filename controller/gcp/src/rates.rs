//! The rates that calls keep to: defaults, and what a user may set instead.

use std::num::NonZeroU32;

/// How fast a bucket fills, and how much it holds. In every span of `t` seconds at most `burst + t * per_second`
/// calls are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    per_second: f64,
    burst: u32,
}

impl Rate {
    /// So many calls per minute in the long run, and at most `burst` that follow each other at once after a pause.
    pub fn per_minute(calls: NonZeroU32, burst: NonZeroU32) -> Self {
        Self {
            per_second: f64::from(calls.get()) / 60.0,
            burst: burst.get(),
        }
    }

    /// Never more than so many calls in any second, also after a pause: they are evenly apart. `None` unless it is a
    /// number above 0.
    pub fn per_second(calls: f64) -> Option<Self> {
        (calls.is_finite() && calls > 0.0).then_some(Self {
            per_second: calls,
            burst: 1,
        })
    }

    /// Calls per second in the long run.
    pub(crate) fn speed(self) -> f64 {
        self.per_second
    }

    /// Calls that may follow each other at once.
    pub(crate) fn burst(self) -> f64 {
        f64::from(self.burst)
    }

    /// The same where every second is `scale` seconds long.
    fn scaled(self, scale: f64) -> Self {
        Self {
            per_second: (self.per_second / scale).min(f64::from(u32::MAX)),
            ..self
        }
    }
}

/// The rates that we keep to. Quotas are shared with people and CI, so we stay below Google's defaults
/// (`docs/reference/google-cloud.md#rate-limits`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Compute Engine, per project.
    pub compute: Rate,
    /// Cloud Run reads, per project and region.
    pub run_reads: Rate,
    /// Cloud Run writes, per project and region. Google's default was seen to be 60 per minute. `None`: they are
    /// counted together with the reads.
    pub run_writes: Option<Rate>,
    /// Serverless VPC Access, per project and region.
    pub vpc_access: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        let rate = |calls, burst| {
            let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
            Rate::per_minute(positive(calls), positive(burst))
        };
        Self {
            compute: rate(1200, 40),
            run_reads: rate(600, 60),
            run_writes: Some(rate(60, 10)),
            vpc_access: rate(300, 20),
        }
    }
}

impl Rates {
    /// One rate for each API, project and region, whatever is called there. Compute's is for the whole project.
    pub fn uniform(rate: Rate) -> Self {
        Self {
            compute: rate,
            run_reads: rate,
            run_writes: None,
            vpc_access: rate,
        }
    }

    /// The same where every second is `scale` seconds long; above 0.
    pub(crate) fn scaled(self, scale: f64) -> Self {
        Self {
            compute: self.compute.scaled(scale),
            run_reads: self.run_reads.scaled(scale),
            run_writes: self.run_writes.map(|rate| rate.scaled(scale)),
            vpc_access: self.vpc_access.scaled(scale),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_rate_is_a_number_above_nothing() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::per_second(wrong), None, "{wrong}");
        }
        let slow = Rate::per_second(0.2).unwrap();
        assert_eq!((slow.speed(), slow.burst()), (0.2, 1.0));
        let fast = Rate::per_second(7.5).unwrap();
        assert_eq!((fast.speed(), fast.burst()), (7.5, 1.0));
    }

    #[test]
    fn where_seconds_are_shorter_more_fits_into_a_second() {
        let scaled = Rates::default().scaled(0.01).compute;
        assert_eq!(scaled.speed().round().to_string(), "2000");
        assert_eq!(scaled.burst().to_string(), "40");
    }
}
