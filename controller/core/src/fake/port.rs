//! The port: what the core asks of the cloud, in virtual time and with faults.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use futures::future::BoxFuture;
use serde::Serialize;

use crate::cloud::{Cloud, CloudError, CloudErrorKind, Listing, Scope, Write};
use crate::fake::rules::refuse;
use crate::fake::{Fault, Faults, ReadFault, State, sort};
use crate::kinds::{Id, Live};

/// States that stale lists may still show.
const REMEMBERED_STATES: usize = 4;

/// One write that the cloud took on: enough to do it again elsewhere and to compare.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// What was there when the write was sent.
    pub asked: Arc<State>,
    /// What was there when the write ended, just before its effect.
    pub before: Arc<State>,
    /// The write.
    pub write: Write,
    /// What the caller was told, or would have been.
    pub result: Result<Option<Live>, CloudError>,
    /// What was there afterwards.
    pub after: Arc<State>,
    /// What went wrong with the call itself.
    pub fault: Option<Fault>,
}

/// The cloud behind the port. A clone is another handle to the same cloud.
#[derive(Clone, Default)]
pub struct Fake {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    state: Arc<State>,
    past: VecDeque<Arc<State>>,
    now: u64,
    latency: u64,
    next: u64,
    running: BTreeMap<(u64, u64), Running>,
    ended: BTreeMap<u64, Result<Option<Live>, CloudError>>,
    faults: Faults,
    reads: usize,
    writes: usize,
    crashed: bool,
    journal: Vec<Entry>,
    meddler: Option<Meddler>,
}

/// Somebody else, acting in the middle of our turn.
type Meddler = Box<dyn FnMut(&mut State) + Send>;

struct Running {
    asked: Arc<State>,
    write: Write,
    fault: Option<Fault>,
    waker: Option<Waker>,
}

impl Fake {
    /// A cloud with this in it. `latency` is how long writes take, in virtual seconds: equal ones make equal
    /// histories, different ones different interleavings.
    pub fn new(state: State, latency: u64) -> Self {
        let inner = Inner {
            state: Arc::new(state),
            latency,
            ..Inner::default()
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is there now.
    pub fn state(&self) -> Arc<State> {
        self.lock().state.clone()
    }

    /// Somebody else changes something.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        self.lock().change(change);
    }

    /// What shall go wrong from now on; calls are counted afresh.
    pub fn set_faults(&self, faults: Faults) {
        let mut inner = self.lock();
        inner.faults = faults;
        (inner.reads, inner.writes) = (0, 0);
    }

    /// Who acts before the reads that [`Faults::meddling`] names.
    pub fn set_meddler(&self, meddler: impl FnMut(&mut State) + Send + 'static) {
        self.lock().meddler = Some(Box::new(meddler));
    }

    /// The writes that arrived since the last call of this, in the order in which they ended.
    pub fn take_journal(&self) -> Vec<Entry> {
        std::mem::take(&mut self.lock().journal)
    }

    /// Has our process ended in the middle of a call?
    pub fn crashed(&self) -> bool {
        self.lock().crashed
    }

    /// Another process begins: everything that was on its way ends first.
    pub fn restart(&self) {
        let mut inner = self.lock();
        while inner.finish_next().is_some() {}
        inner.ended.clear();
        inner.crashed = false;
    }

    /// Ends the operation that ends next. `None` when none runs.
    pub(super) fn advance(&self) -> Option<()> {
        let waker = self.lock().finish_next()?;
        waker.wake();
        Some(())
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T, lists: bool) -> Poll<Result<T, CloudError>> {
        let mut inner = self.lock();
        let number = inner.reads;
        inner.reads += 1;
        if inner.faults.meddling.contains(&number) {
            inner.meddle();
        }
        let state = match inner.faults.reads.get(&number) {
            Some(ReadFault::Unreadable) => {
                return Poll::Ready(refuse(
                    CloudErrorKind::Transient,
                    "the list could not be read",
                ));
            }
            Some(ReadFault::Crash) => {
                inner.crashed = true;
                return Poll::Pending;
            }
            Some(ReadFault::Stale(behind)) if lists => {
                let behind = (*behind).min(inner.past.len());
                let index = inner.past.len() - behind;
                inner.past.get(index).unwrap_or(&inner.state).clone()
            }
            Some(ReadFault::Stale(_)) | None => inner.state.clone(),
        };
        Poll::Ready(Ok(read(&state)))
    }

    /// Takes a write on: its number, or the answer when it is refused at once.
    fn begin(&self, write: &Write) -> Result<u64, CloudError> {
        let mut inner = self.lock();
        // What somebody does while the request is on its way is nothing that the sender could know.
        let asked = inner.state.clone();
        if inner.faults.interference.contains(&inner.writes) {
            inner.meddle();
        }
        let by_number = inner.faults.writes.get(&inner.writes);
        let fault = by_number
            .or_else(|| inner.faults.sorts.get(sort(write)))
            .copied();
        inner.writes += 1;
        let refused = match fault {
            Some(Fault::Transient) => refuse(CloudErrorKind::Transient, "the server failed"),
            Some(Fault::Denied) => refuse(CloudErrorKind::Denied, "a permission is missing"),
            Some(Fault::Quota) => refuse(CloudErrorKind::Quota, "a quota is used up"),
            Some(Fault::Overtaken) => overtaken(write),
            Some(Fault::LostReply | Fault::Crash) | None => {
                let result = inner.state.check(write);
                if result.is_ok() && State::shows_progress(write) {
                    inner.change(|state| state.begin(write));
                }
                result
            }
        };
        inner.crashed |= fault == Some(Fault::Crash);
        if let Err(error) = refused {
            let there = inner.state.clone();
            inner.journal.push(Entry {
                asked,
                before: there.clone(),
                write: write.clone(),
                result: Err(error.clone()),
                after: there,
                fault,
            });
            return Err(error);
        }
        let number = inner.next;
        inner.next += 1;
        let ends = inner.now + inner.duration(number);
        let running = Running {
            asked,
            write: write.clone(),
            fault,
            waker: None,
        };
        inner.running.insert((ends, number), running);
        Ok(number)
    }

    fn wait_for(&self, number: u64, waker: &Waker) -> Poll<Result<Option<Live>, CloudError>> {
        let mut inner = self.lock();
        if inner.crashed {
            return Poll::Pending;
        }
        if let Some(result) = inner.ended.remove(&number) {
            return Poll::Ready(result);
        }
        if let Some((_, running)) = inner.running.iter_mut().find(|((_, n), _)| *n == number) {
            running.waker = Some(waker.clone());
        }
        Poll::Pending
    }
}

fn overtaken(write: &Write) -> Result<(), CloudError> {
    let kind = match write {
        Write::DeleteSubnetwork(_) | Write::DeleteAddress(_) | Write::DeleteRouter(_) => {
            CloudErrorKind::InUse
        }
        Write::CreateSubnetwork(..)
        | Write::SetPrivateGoogleAccess(..)
        | Write::CreateAddress(..)
        | Write::CreateRouter(..)
        | Write::PutNat(_)
        | Write::DeleteNat(_)
        | Write::CreateConnector(_)
        | Write::UpdateConnector(_)
        | Write::DeleteConnector(_)
        | Write::PatchService(_) => CloudErrorKind::Conflict,
    };
    refuse(kind, "somebody was faster")
}

impl Inner {
    fn meddle(&mut self) {
        if let Some(mut meddler) = self.meddler.take() {
            self.change(&mut *meddler);
            self.meddler = Some(meddler);
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut State)) {
        self.past.push_back(self.state.clone());
        if self.past.len() > REMEMBERED_STATES {
            self.past.pop_front();
        }
        change(Arc::make_mut(&mut self.state));
    }

    /// Writes that begin together end in an order that depends on the latency.
    fn duration(&self, number: u64) -> u64 {
        1 + (number
            .wrapping_mul(2_654_435_761)
            .wrapping_add(self.latency * 40_503)
            >> 7)
            % (self.latency + 1)
    }

    fn finish_next(&mut self) -> Option<Waker> {
        let ((ends, number), running) = self.running.pop_first()?;
        self.now = ends;
        let before = self.state.clone();
        let mut result = Ok(None);
        self.change(|state| result = state.finish(&running.write));
        let Running {
            asked,
            write,
            fault,
            waker,
        } = running;
        let after = self.state.clone();
        self.journal.push(Entry {
            asked,
            before,
            write,
            result: result.clone(),
            after,
            fault,
        });
        let told = match fault {
            Some(Fault::LostReply) => refuse(CloudErrorKind::Transient, "the connection was lost"),
            Some(
                Fault::Transient | Fault::Denied | Fault::Quota | Fault::Crash | Fault::Overtaken,
            )
            | None => result,
        };
        self.ended.insert(number, told);
        Some(waker.unwrap_or_else(|| Waker::noop().clone()))
    }
}

impl Cloud for Fake {
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>> {
        Box::pin(std::future::poll_fn(move |_| {
            self.read(|state| state.list(scope), true)
        }))
    }

    fn get<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(std::future::poll_fn(move |_| {
            self.read(|state| state.get(id), false)
        }))
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            let number = self.begin(write)?;
            std::future::poll_fn(|context| self.wait_for(number, context.waker())).await
        })
    }
}
