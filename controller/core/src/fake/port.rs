//! The port: what the core asks of the cloud, in virtual time and with faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use futures::future::BoxFuture;

use crate::cloud::{Cloud, CloudError, CloudErrorKind, Listing, Scope, Write};
use crate::fake::operations::{Entry, Inner};
use crate::fake::rules::refuse;
use crate::fake::{Call, Faults, ReadFault, State};
use crate::kinds::{Id, Live};

/// The cloud behind the port. A clone is another handle to the same cloud.
#[derive(Clone, Default)]
pub struct Fake {
    inner: Arc<Mutex<Inner>>,
}

/// What a read sees, and whether all of it.
struct Seen {
    state: Arc<State>,
    reachable: bool,
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
        inner.begin = inner.state.clone();
        (inner.reads, inner.writes) = (0, 0);
        inner.calls.clear();
    }

    /// Who acts before the reads that [`Faults::meddling`] names.
    pub fn set_meddler(&self, meddler: impl FnMut(&mut State) + Send + 'static) {
        self.lock().meddler = Some(Box::new(meddler));
    }

    /// Who acts before the writes that [`Faults::rivals`] names.
    pub fn set_rival(&self, rival: impl FnMut(&mut State, &Write) + Send + 'static) {
        self.lock().rival = Some(Box::new(rival));
    }

    /// Another cloud with the same things, past and latency in it, and nothing on its way.
    #[must_use]
    pub fn fork(&self) -> Self {
        let inner = self.lock();
        let (state, past) = (inner.state.clone(), inner.past.clone());
        let (now, next, latency) = (inner.now, inner.next, inner.latency);
        let inner = Inner {
            state,
            past,
            now,
            latency,
            next,
            ..Inner::default()
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// The calls since the last call of this or since faults were set, in their order.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.lock().calls)
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
        for running in std::mem::take(&mut inner.unending) {
            inner.end_unending(running);
        }
        inner.ended.clear();
        inner.crashed = false;
    }

    /// Another process begins at once: what was on its way goes on beside it.
    pub fn restart_at_once(&self) {
        let mut inner = self.lock();
        inner.ended.clear();
        inner.crashed = false;
    }

    /// Ends the operation that ends next. `None` when none runs.
    pub(super) fn advance(&self) -> Option<()> {
        let (waker, settling) = {
            let mut inner = self.lock();
            (inner.finish_next()?, std::mem::take(&mut inner.settling))
        };
        waker.wake();
        settling.into_iter().for_each(Waker::wake);
        Some(())
    }

    /// What a read sees.
    fn look(&self, call: Call) -> Poll<Result<Seen, CloudError>> {
        let mut inner = self.lock();
        let number = inner.reads;
        inner.reads += 1;
        let denied = matches!(&call, Call::List(scope) if inner.faults.unread.contains(scope));
        let behind = matches!(&call, Call::List(scope) if inner.faults.behind.contains(scope));
        let lists = matches!(call, Call::List(_));
        let waiting = matches!(call, Call::Settle(_));
        inner.calls.push(call);
        if inner.faults.meddling.contains(&number) {
            inner.meddle();
        }
        if denied {
            return Poll::Ready(refuse(CloudErrorKind::Denied, "the list is denied"));
        }
        let by_number = inner.faults.reads.get(&number).copied();
        let fault = by_number.or(inner.faults.settling.filter(|_| waiting));
        let state = match fault {
            None if behind => inner.begin.clone(),
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
                let behind = behind.min(inner.past.len());
                let index = inner.past.len() - behind;
                inner.past.get(index).unwrap_or(&inner.state).clone()
            }
            Some(ReadFault::Stale(_) | ReadFault::Unreachable) | None => inner.state.clone(),
        };
        let reachable = fault != Some(ReadFault::Unreachable);
        Poll::Ready(Ok(Seen { state, reachable }))
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

impl Cloud for Fake {
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>> {
        Box::pin(std::future::poll_fn(move |_| {
            let seen = self.look(Call::List(scope.clone()));
            seen.map_ok(|Seen { state, reachable }| {
                if reachable {
                    state.list(scope)
                } else {
                    state.list_unreachable(scope)
                }
            })
        }))
    }

    fn get<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(std::future::poll_fn(move |_| {
            let seen = self.look(Call::Get(id.clone()));
            seen.map_ok(|seen| seen.state.get(id))
        }))
    }

    fn settle<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            std::future::poll_fn(|_| self.look(Call::Settle(id.clone()))).await?;
            std::future::poll_fn(|context| {
                let mut inner = self.lock();
                if !inner.works_on(id) {
                    return Poll::Ready(Ok(()));
                }
                inner.settling.push(context.waker().clone());
                Poll::Pending
            })
            .await
        })
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            let number = self.lock().begin(write)?;
            std::future::poll_fn(|context| self.wait_for(number, context.waker())).await
        })
    }
}
