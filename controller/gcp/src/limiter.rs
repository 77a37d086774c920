//! Who may send when: one [`Bucket`] per API, kind of access, project and (Cloud Run, VPC Access) region, as Google
//! counts its quotas (`docs/reference/google-cloud.md#rate-limits`).
//!
//! Callers of one bucket are let in in the order of their arrival; those of another bucket know nothing of them.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use privatelink_core::ids::{ProjectId, Region};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::attempt::{Access, Api, Call};
use crate::backoff::Patience;
use crate::bucket::{Bucket, Entry, Ticket};
use crate::rates::{Rate, Rates};

/// Requests on their way at once, over all buckets: it bounds connections, and pages in memory.
const ON_THEIR_WAY: usize = 16;

impl Rates {
    fn of(&self, key: &Key) -> Rate {
        match (key.api, key.access) {
            (Api::Compute, Access::Read | Access::Write) => self.compute,
            (Api::Run, Access::Read) => self.run_reads,
            (Api::Run, Access::Write) => self.run_writes.unwrap_or(self.run_reads),
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
    fn of(call: &Call<'_>, rates: Option<&Rates>) -> Self {
        let together = rates.is_some_and(|rates| rates.run_writes.is_none());
        // Compute counts reads and writes of a project together, whatever the region.
        let (access, region) = match call.api {
            Api::Compute => (Access::Read, None),
            Api::Run if together => (Access::Read, call.region.cloned()),
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

/// A bucket, and those who wait for it.
#[derive(Debug)]
struct Queue {
    /// Whoever holds it is the next to be let in. It is handed on in the order of arrival.
    turn: tokio::sync::Mutex<()>,
    bucket: Mutex<Bucket>,
    /// A call came back.
    changed: Notify,
}

impl Queue {
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Google has asked to slow down for so long that the call was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong(pub(crate) Duration);

/// All buckets.
#[derive(Debug)]
pub(crate) struct Limiter {
    rates: Option<Rates>,
    patience: Patience,
    queues: Mutex<BTreeMap<Key, Arc<Queue>>>,
    on_their_way: Semaphore,
}

impl Limiter {
    /// A limiter that keeps to these rates; with `None` it only slows down when Google asks for it.
    pub(crate) fn new(rates: Option<Rates>, patience: Patience) -> Self {
        Self {
            rates,
            patience,
            queues: Mutex::default(),
            on_their_way: Semaphore::new(ON_THEIR_WAY),
        }
    }

    fn queue(&self, call: &Call<'_>) -> Arc<Queue> {
        let key = Key::of(call, self.rates.as_ref());
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&key) {
            return Arc::clone(queue);
        }
        let rate = self.rates.map(|rates| rates.of(&key));
        let queue = Arc::new(Queue {
            turn: tokio::sync::Mutex::default(),
            bucket: Mutex::new(Bucket::new(rate, Instant::now())),
            changed: Notify::new(),
        });
        queues.insert(key, Arc::clone(&queue));
        queue
    }

    /// Waits until the call may be made.
    pub(crate) async fn admit(&self, call: &Call<'_>) -> Result<Admission<'_>, TooLong> {
        let queue = self.queue(call);
        let turn = queue.turn.lock().await;
        loop {
            // Before the ticket, because it may take a while, and a ticket is for now. It is never closed.
            let place = self.on_their_way.acquire().await.ok();
            let mut changed = pin!(queue.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            let entry = queue.bucket().enter(Instant::now(), &self.patience);
            match entry {
                Entry::Admitted(ticket) => {
                    drop(turn);
                    return Ok(Admission {
                        queue: Arc::clone(&queue),
                        patience: self.patience,
                        ticket: Some(ticket),
                        _place: place,
                    });
                }
                Entry::TooLong => return Err(TooLong(self.patience.slow_down)),
                Entry::Later(wait) => {
                    drop(place);
                    tokio::time::sleep(wait).await;
                }
                Entry::AfterProbe => {
                    drop(place);
                    changed.await;
                }
            }
        }
    }
}

/// A call that was let in. Say how it came back; dropped without a word, nobody knows what became of it.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    queue: Arc<Queue>,
    patience: Patience,
    ticket: Option<Ticket>,
    _place: Option<SemaphorePermit<'a>>,
}

impl Admission<'_> {
    /// Google asked to slow down, and perhaps for how long.
    pub(crate) fn refused(mut self, asked: Option<Duration>) {
        if let Some(ticket) = self.ticket.take() {
            let now = (Instant::now(), rand::random());
            self.queue
                .bucket()
                .refused(ticket, asked, now, &self.patience);
        }
    }

    /// Google answered, in whatever other way.
    pub(crate) fn answered(mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.queue.bucket().answered(ticket);
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.queue.bucket().lost(ticket, Instant::now());
        }
        self.queue.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
