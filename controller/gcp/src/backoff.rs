//! How long to wait, and how often to try: for answers, and for operations to end.

use std::time::Duration;

/// How hard a call is tried. All pauses are random between nothing and their length ("full jitter"), so that
/// many callers do not come back at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts per call, the first included.
    pub attempts: u32,
    /// No attempt starts later than this after the first one.
    pub deadline: Duration,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// The longest first pause; each further one is twice as long. Rate limits wait four times as long.
    pub first_pause: Duration,
    /// No pause is longer than this, unless Google asks for it.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 5,
            deadline: Duration::from_mins(1),
            attempt: Duration::from_secs(30),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(16),
        }
    }
}

impl Patience {
    /// For a stand-in on loopback, which nobody else loads and which is there or is not.
    pub fn brisk() -> Self {
        Self {
            first_pause: Duration::from_millis(20),
            longest_pause: Duration::from_millis(200),
            ..Self::default()
        }
    }

    /// The pause after attempt number `attempt` (from 1); `chance` is between 0 and 1.
    pub(crate) fn pause(&self, attempt: u32, rate_limited: bool, chance: f64) -> Duration {
        let first = if rate_limited {
            self.first_pause * 4
        } else {
            self.first_pause
        };
        let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        doubled
            .min(self.longest_pause)
            .mul_f64(chance.clamp(0.0, 1.0))
    }
}

/// The pauses between looks at a long-running operation: the first is short, because most operations on
/// small things end at once; then 0.2 s doubling to 5 s.
pub(crate) fn poll_pauses() -> impl Iterator<Item = Duration> {
    let doubling = (0..5).map(|power| Duration::from_millis(200 << power));
    std::iter::once(Duration::from_millis(50))
        .chain(doubling)
        .chain(std::iter::repeat(Duration::from_secs(5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let patience = Patience::default();
        let seconds: Vec<f64> = (1..=7)
            .map(|n| patience.pause(n, false, 1.0).as_secs_f64())
            .collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0]);
        assert_eq!(patience.pause(1, true, 1.0), Duration::from_secs(2));
        assert_eq!(patience.pause(3, false, 0.0), Duration::ZERO);
    }

    #[test]
    fn polls_start_fast_and_end_at_five_seconds() {
        let millis: Vec<u128> = poll_pauses()
            .take(8)
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(millis, [50, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
