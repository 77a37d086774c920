//! Token buckets: one per API, kind of access, project and (Cloud Run, VPC Access) region, as Google counts
//! its quotas (`docs/reference/google-cloud.md#rate-limits`).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use privatelink_core::ids::{ProjectId, Region};
use tokio::time::Instant;

use crate::attempt::{Access, Api, Call};

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests per minute in the long run; at least 1.
    pub per_minute: u32,
    /// Requests that may follow each other at once after a pause; at least 1.
    pub burst: u32,
}

/// The rates that we keep to. Quotas are shared with people and CI, so we stay below Google's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Compute Engine, per project.
    pub compute: Rate,
    /// Cloud Run reads, per project and region.
    pub run_reads: Rate,
    /// Cloud Run writes, per project and region. Google's default was seen to be 60.
    pub run_writes: Rate,
    /// Serverless VPC Access, per project and region.
    pub vpc_access: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            compute: Rate {
                per_minute: 1200,
                burst: 40,
            },
            run_reads: Rate {
                per_minute: 600,
                burst: 60,
            },
            run_writes: Rate {
                per_minute: 60,
                burst: 10,
            },
            vpc_access: Rate {
                per_minute: 300,
                burst: 20,
            },
        }
    }
}

impl Rates {
    fn of(&self, key: &Key) -> Rate {
        match (key.api, key.access) {
            (Api::Compute, Access::Read | Access::Write) => self.compute,
            (Api::Run, Access::Read) => self.run_reads,
            (Api::Run, Access::Write) => self.run_writes,
            (Api::VpcAccess, Access::Read | Access::Write) => self.vpc_access,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    api: Api,
    access: Access,
    project: ProjectId,
    region: Option<Region>,
}

impl Key {
    fn of(call: &Call<'_>) -> Self {
        // Compute counts reads and writes of a project together, whatever the region.
        let (access, region) = match call.api {
            Api::Compute => (Access::Read, None),
            Api::Run => (call.access, call.region.cloned()),
            Api::VpcAccess => (Access::Read, call.region.cloned()),
        };
        Self {
            api: call.api,
            access,
            project: call.project.clone(),
            region,
        }
    }
}

/// A bucket. Tokens may be owed: who takes one that is not there yet waits for it, in order of arrival.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Limiter {
    rates: Option<Rates>,
    buckets: Mutex<BTreeMap<Key, Bucket>>,
}

impl Limiter {
    /// A limiter that keeps to these rates; `None` limits nothing.
    pub(crate) fn new(rates: Option<Rates>) -> Self {
        Self {
            rates,
            buckets: Mutex::default(),
        }
    }

    /// Waits until the call may be made.
    pub(crate) async fn admit(&self, call: &Call<'_>) {
        let wait = self.reserve(call);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Google asked us to slow down: nobody sends to that scope before `pause` is over.
    pub(crate) fn hold(&self, call: &Call<'_>, pause: Duration) {
        let Some(rates) = &self.rates else { return };
        let key = Key::of(call);
        let per_second = f64::from(rates.of(&key).per_minute) / 60.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(&key) {
            bucket.tokens = bucket.tokens.min(-pause.as_secs_f64() * per_second);
        }
    }

    /// Takes a token and says how long to wait for it.
    fn reserve(&self, call: &Call<'_>) -> Duration {
        let Some(rates) = &self.rates else {
            return Duration::ZERO;
        };
        let key = Key::of(call);
        let Rate { per_minute, burst } = rates.of(&key);
        let (per_second, burst) = (f64::from(per_minute.max(1)) / 60.0, f64::from(burst.max(1)));
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key).or_insert(Bucket {
            tokens: burst,
            filled: now,
        });
        let since = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * per_second).min(burst) - 1.0;
        bucket.filled = now;
        Duration::from_secs_f64((-bucket.tokens / per_second).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn call<'a>(project: &'a ProjectId, region: &'a Region, access: Access) -> Call<'a> {
        Call {
            api: Api::Run,
            access,
            operation: "run.x",
            project,
            region: Some(region),
            doing: String::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_then_one_per_interval() {
        let (project, region) = (
            "acme-prod".parse().unwrap(),
            "europe-west1".parse().unwrap(),
        );
        let rate = Rate {
            per_minute: 60,
            burst: 2,
        };
        let limiter = Limiter::new(Some(Rates {
            run_writes: rate,
            ..Rates::default()
        }));
        let start = Instant::now();
        for _ in 0..4 {
            limiter.admit(&call(&project, &region, Access::Write)).await;
        }
        assert_eq!(start.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn another_region_and_reads_have_buckets_of_their_own() {
        let (project, region, other) = (
            "acme-prod".parse().unwrap(),
            "europe-west1".parse().unwrap(),
            "europe-west2".parse().unwrap(),
        );
        let rate = Rate {
            per_minute: 1,
            burst: 1,
        };
        let limiter = Limiter::new(Some(Rates {
            run_writes: rate,
            run_reads: rate,
            ..Rates::default()
        }));
        let start = Instant::now();
        limiter.admit(&call(&project, &region, Access::Write)).await;
        limiter.admit(&call(&project, &other, Access::Write)).await;
        limiter.admit(&call(&project, &region, Access::Read)).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_that_is_held_lets_nobody_through() {
        let (project, region) = (
            "acme-prod".parse().unwrap(),
            "europe-west1".parse().unwrap(),
        );
        let limiter = Limiter::new(Some(Rates::default()));
        let write = call(&project, &region, Access::Write);
        limiter.admit(&write).await;
        limiter.hold(&write, Duration::from_secs(10));
        let start = Instant::now();
        limiter.admit(&write).await;
        assert!(start.elapsed() >= Duration::from_secs(10));
    }
}
