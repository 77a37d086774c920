//! Now, and how Google writes it down.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Where the time comes from: the machine, or a test or a replay that moves it by hand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    Stopped(Timestamp),
}

impl Clock {
    pub(crate) fn now(self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Stopped(at) => at,
        }
    }
}

/// The latest time there is stands in for sums beyond it.
pub(crate) fn later(time: Timestamp, by: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

/// A wait, multiplied; the longest there is stands in for products beyond it.
pub(crate) fn scaled(wait: Duration, by: f64) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() * by).unwrap_or(Duration::MAX)
}

/// RFC 3339 as Compute writes it: milliseconds and California's offset, never `Z`.
/// We use the summer offset all year.
pub(crate) fn compute_time(time: Timestamp) -> String {
    let zone = TimeZone::fixed(Offset::constant(-7));
    time.to_zoned(zone)
        .strftime("%Y-%m-%dT%H:%M:%S%.3f-07:00")
        .to_string()
}

/// RFC 3339 as Cloud Run writes it: microseconds and `Z`.
pub(crate) fn utc_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
