//! How long to wait, and how often to try: for answers, and for operations to end.

use std::time::Duration;

/// How hard a call is tried. Pauses are random, so that many callers do not come back at the same moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// Attempts per call, the first included. Those that Google answered with the request to slow down do not count,
    /// nor those that came while somebody's operation was at work on the thing.
    pub attempts: u32,
    /// No attempt starts later than this after the first one that failed.
    pub deadline: Duration,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// The longest first pause; each further one is twice as long. When Google asks to slow down it is four times
    /// as long.
    pub first_pause: Duration,
    /// No pause is longer than this, unless Google asks for it.
    pub longest_pause: Duration,
    /// How long Google may go on asking to slow down.
    pub slow_down: Duration,
    /// What the waits for long-running operations are multiplied by.
    pub scale: f64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 5,
            deadline: Duration::from_mins(1),
            attempt: Duration::from_secs(30),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(16),
            slow_down: Duration::from_mins(10),
            scale: 1.0,
        }
    }
}

impl Patience {
    /// For a stand-in on loopback, which nobody else loads and which is there or is not: pauses are a good deal
    /// shorter.
    pub fn brisk() -> Self {
        Self {
            first_pause: Duration::from_millis(20),
            longest_pause: Duration::from_millis(200),
            slow_down: Duration::from_secs(15),
            ..Self::default()
        }
    }

    /// The same where every second is `scale` seconds long. How long an answer may take stays: it is about the
    /// machine and the network, whose seconds are as long as ever.
    #[must_use]
    pub fn scaled(self, scale: f64) -> Self {
        let scaled = |time: Duration| {
            Duration::try_from_secs_f64(time.as_secs_f64() * scale).unwrap_or(Duration::MAX)
        };
        Self {
            attempts: self.attempts,
            deadline: scaled(self.deadline),
            attempt: self.attempt,
            first_pause: scaled(self.first_pause),
            longest_pause: scaled(self.longest_pause),
            slow_down: scaled(self.slow_down),
            scale: self.scale * scale,
        }
    }

    /// The pause after attempt number `attempt` (from 1), between nothing and its length; `chance` is between 0
    /// and 1.
    pub(crate) fn pause(&self, attempt: u32, chance: f64) -> Duration {
        self.doubled(self.first_pause, attempt)
            .mul_f64(chance.clamp(0.0, 1.0))
    }

    /// The pause after as many refusals (from 1) in a row with the request to slow down: at least half its length,
    /// because only a pause gives Google what it asks for.
    pub(crate) fn slow_down_pause(&self, refusals: u32, chance: f64) -> Duration {
        self.doubled(self.first_pause * 4, refusals)
            .mul_f64(f64::midpoint(1.0, chance.clamp(0.0, 1.0)))
    }

    fn doubled(&self, first: Duration, number: u32) -> Duration {
        first
            .saturating_mul(1 << number.saturating_sub(1).min(16))
            .min(self.longest_pause)
    }

    /// A time for a long-running operation, scaled.
    pub(crate) fn scaled_wait(&self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() * self.scale).unwrap_or(Duration::MAX)
    }

    /// The pauses between looks at a long-running operation: the first is short, because most operations on
    /// small things end at once; then 0.2 s doubling to 5 s.
    pub(crate) fn polls(self) -> impl Iterator<Item = Duration> {
        let doubling = (0..5).map(|power| Duration::from_millis(200 << power));
        std::iter::once(Duration::from_millis(50))
            .chain(doubling)
            .chain(std::iter::repeat(Duration::from_secs(5)))
            .map(move |pause| self.scaled_wait(pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let patience = Patience::default();
        let seconds: Vec<f64> = (1..=7)
            .map(|n| patience.pause(n, 1.0).as_secs_f64())
            .collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0]);
        assert_eq!(patience.pause(3, 0.0), Duration::ZERO);
    }

    #[test]
    fn who_asks_to_slow_down_gets_at_least_half_of_a_longer_pause() {
        let patience = Patience::default();
        assert_eq!(patience.slow_down_pause(1, 1.0), Duration::from_secs(2));
        assert_eq!(patience.slow_down_pause(1, 0.0), Duration::from_secs(1));
        assert_eq!(patience.slow_down_pause(99, 0.0), Duration::from_secs(8));
    }

    #[test]
    fn polls_start_fast_and_end_at_five_seconds() {
        let millis: Vec<u128> = Patience::default()
            .polls()
            .take(8)
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(millis, [50, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn where_seconds_are_shorter_so_are_waits_but_not_answers() {
        let patience = Patience::default().scaled(0.01);
        assert_eq!(patience.slow_down, Duration::from_secs(6));
        assert_eq!(patience.longest_pause, Duration::from_millis(160));
        assert_eq!(patience.attempt, Duration::from_secs(30));
        assert_eq!(patience.polls().nth(6), Some(Duration::from_millis(50)));
    }
}
