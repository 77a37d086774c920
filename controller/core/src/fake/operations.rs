//! What is on its way to the cloud, and what becomes of it in time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use serde::Serialize;

use crate::cloud::{CloudError, CloudErrorKind, Write};
use crate::fake::failures::UNFINISHED;
use crate::fake::rules::refuse;
use crate::fake::{Call, Fault, Faults, State, sort};
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

/// The cloud behind a lock.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) state: Arc<State>,
    pub(super) past: VecDeque<Arc<State>>,
    pub(super) now: u64,
    pub(super) latency: u64,
    pub(super) next: u64,
    pub(super) running: BTreeMap<(u64, u64), Running>,
    pub(super) ended: BTreeMap<u64, Result<Option<Live>, CloudError>>,
    /// Operations that nobody waits for any longer.
    pub(super) unending: Vec<Running>,
    /// Whoever waits for a thing, and not for an operation.
    pub(super) settling: Vec<Waker>,
    pub(super) faults: Faults,
    /// What was there when the faults were set.
    pub(super) begin: Arc<State>,
    pub(super) reads: usize,
    pub(super) writes: usize,
    pub(super) calls: Vec<Call>,
    pub(super) crashed: bool,
    pub(super) journal: Vec<Entry>,
    pub(super) meddler: Option<Meddler>,
    pub(super) rival: Option<Rival>,
}

/// Somebody else, acting in the middle of our turn.
pub(super) type Meddler = Box<dyn FnMut(&mut State) + Send>;

/// Somebody who wants the same as we do, or the opposite, a moment before us.
pub(super) type Rival = Box<dyn FnMut(&mut State, &Write) + Send>;

/// A write whose operation runs.
pub(super) struct Running {
    pub(super) asked: Arc<State>,
    pub(super) write: Write,
    pub(super) fault: Option<Fault>,
    pub(super) waker: Option<Waker>,
}

impl Inner {
    /// Takes a write on: its number, or the answer when it is refused at once.
    pub(super) fn begin(&mut self, write: &Write) -> Result<u64, CloudError> {
        // What somebody does while the request is on its way is nothing that the sender could know.
        let asked = self.state.clone();
        if self.faults.interference.contains(&self.writes) {
            self.meddle();
        }
        if self.faults.rivals.remove(sort(write)) {
            self.outrun(write);
        }
        let by_number = self.faults.writes.get(&self.writes);
        let fault = by_number
            .or_else(|| self.faults.sorts.get(sort(write)))
            .copied();
        self.writes += 1;
        self.calls.push(Call::Write(sort(write)));
        let refused = fault
            .map_or(Ok(()), |fault| fault.refuses(write))
            .and_then(|()| self.state.check(write));
        if refused.is_ok() && State::shows_progress(write) {
            self.change(|state| state.begin(write));
        }
        self.crashed |= fault == Some(Fault::Crash);
        if let Err(error) = refused {
            let there = self.state.clone();
            self.journal.push(Entry {
                asked,
                before: there.clone(),
                write: write.clone(),
                result: Err(error.clone()),
                after: there,
                fault,
            });
            return Err(error);
        }
        let running = Running {
            asked,
            write: write.clone(),
            fault,
            waker: None,
        };
        if fault == Some(Fault::Unending) {
            return self.begin_unending(running);
        }
        let number = self.next;
        self.next += 1;
        let ends = self.now + self.duration(number);
        self.running.insert((ends, number), running);
        Ok(number)
    }

    pub(super) fn meddle(&mut self) {
        if let Some(mut meddler) = self.meddler.take() {
            self.change(&mut *meddler);
            self.meddler = Some(meddler);
        }
    }

    fn outrun(&mut self, write: &Write) {
        if let Some(mut rival) = self.rival.take() {
            self.change(|state| rival(state, write));
            self.rival = Some(rival);
        }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut State)) {
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

    pub(super) fn finish_next(&mut self) -> Option<Waker> {
        let ((ends, number), mut running) = self.running.pop_first()?;
        self.now = ends;
        let (fault, waker) = (running.fault, running.waker.take());
        let result = self.end(running);
        let told = match fault {
            Some(Fault::LostReply) => refuse(CloudErrorKind::Transient, "the connection was lost"),
            Some(
                Fault::Transient
                | Fault::Denied
                | Fault::Quota
                | Fault::Crash
                | Fault::Overtaken
                | Fault::Fails
                | Fault::Breaks
                | Fault::Unending
                | Fault::LostUpdate,
            )
            | None => result,
        };
        self.ended.insert(number, told);
        Some(waker.unwrap_or_else(|| Waker::noop().clone()))
    }

    /// What a write leaves behind, into the journal.
    fn end(&mut self, running: Running) -> Result<Option<Live>, CloudError> {
        let Running {
            asked,
            write,
            fault,
            waker: _,
        } = running;
        let before = self.state.clone();
        let mut result = Ok(None);
        self.change(|state| result = state.end(&write, &asked, fault));
        self.journal.push(Entry {
            asked,
            before,
            write,
            result: result.clone(),
            after: self.state.clone(),
            fault,
        });
        result
    }

    /// Takes a write on whose end nobody waits for. A service shows it at once and rolls it out.
    fn begin_unending(&mut self, running: Running) -> Result<u64, CloudError> {
        if let Write::PatchService(patch) = &running.write {
            let before = self.state.clone();
            let mut result = Ok(None);
            self.change(|state| result = state.begin_rollout(patch));
            self.journal.push(Entry {
                asked: running.asked.clone(),
                before,
                write: running.write.clone(),
                result: result.clone(),
                after: self.state.clone(),
                fault: running.fault,
            });
        }
        self.unending.push(running);
        refuse(CloudErrorKind::Transient, UNFINISHED)
    }

    pub(super) fn end_unending(&mut self, running: Running) {
        match &running.write {
            Write::PatchService(patch) => self.change(|state| state.end_rollout(patch)),
            Write::CreateSubnetwork(..)
            | Write::SetPrivateGoogleAccess(..)
            | Write::DeleteSubnetwork(_)
            | Write::CreateAddress(..)
            | Write::DeleteAddress(_)
            | Write::CreateRouter(..)
            | Write::DeleteRouter(_)
            | Write::PutNat(_)
            | Write::PutNats(..)
            | Write::DeleteNat(_)
            | Write::CreateConnector(_)
            | Write::UpdateConnector(_)
            | Write::DeleteConnector(_) => {
                // Whoever sent it has been told already; the journal keeps what became of it.
                let _in_the_journal = self.end(running);
            }
        }
    }

    /// Does an operation on this thing run that will end?
    pub(super) fn works_on(&self, id: &Id) -> bool {
        let mut writes = self.running.values().map(|running| running.write.id());
        writes.any(|written| written.lock() == id.lock())
    }
}
