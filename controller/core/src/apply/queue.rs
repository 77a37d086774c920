//! Which step may begin next. What each step still waits for is counted, and the counts go down as steps end, so a
//! plan of any size is looked at once and not once per step.
//!
//! Steps come in order, whatever the order in which they end: equal plans are carried out alike.

use std::collections::{BTreeMap, BTreeSet};

/// What comes after what.
#[derive(Debug)]
pub struct Followers<K>(BTreeMap<K, Vec<K>>);

impl<K: Ord + Clone> Followers<K> {
    /// From steps, each with what comes before it.
    pub fn new(steps: impl IntoIterator<Item = (K, Vec<K>)>) -> Self {
        let mut followers: BTreeMap<K, Vec<K>> = BTreeMap::new();
        for (step, before) in steps {
            for earlier in before {
                followers.entry(earlier).or_default().push(step.clone());
            }
        }
        Self(followers)
    }

    /// The steps that come right after this one.
    pub fn of(&self, step: &K) -> &[K] {
        self.0.get(step).map_or(&[], Vec::as_slice)
    }

    /// Everything that comes after any of these, however far down, and these.
    pub fn closure(&self, roots: impl IntoIterator<Item = K>) -> BTreeSet<K> {
        let mut found: BTreeSet<K> = roots.into_iter().collect();
        let mut to_visit: Vec<K> = found.iter().cloned().collect();
        while let Some(step) = to_visit.pop() {
            for next in self.of(&step) {
                if found.insert(next.clone()) {
                    to_visit.push(next.clone());
                }
            }
        }
        found
    }
}

/// Steps that wait, are ready, or are being carried out. Those that share a lock run one after the other.
#[derive(Debug)]
pub struct Queue<K, L> {
    /// How many steps have to succeed before this one; gone as soon as it has begun or will never begin.
    unmet: BTreeMap<K, usize>,
    followers: Followers<K>,
    lock: fn(&K) -> L,
    ready: BTreeSet<K>,
    locked: BTreeSet<L>,
    /// Ready, up to a lock that another step holds.
    parked: BTreeMap<L, BTreeSet<K>>,
}

impl<K: Ord + Clone, L: Ord> Queue<K, L> {
    /// All steps, each with what has to succeed before it. A step after something that is no step never begins.
    pub fn new(steps: impl IntoIterator<Item = (K, Vec<K>)>, lock: fn(&K) -> L) -> Self {
        let steps: Vec<(K, Vec<K>)> = steps.into_iter().collect();
        let unmet: BTreeMap<K, usize> = steps
            .iter()
            .map(|(step, before)| (step.clone(), before.len()))
            .collect();
        let first = unmet.iter().filter(|(_, before)| **before == 0);
        Self {
            ready: first.map(|(step, _)| step.clone()).collect(),
            unmet,
            followers: Followers::new(steps),
            lock,
            locked: BTreeSet::new(),
            parked: BTreeMap::new(),
        }
    }

    /// Begins the first step that may begin, and takes its lock.
    pub fn begin(&mut self) -> Option<K> {
        while let Some(step) = self.ready.pop_first() {
            let lock = (self.lock)(&step);
            if self.locked.contains(&lock) {
                self.parked.entry(lock).or_default().insert(step);
            } else {
                self.locked.insert(lock);
                self.unmet.remove(&step);
                return Some(step);
            }
        }
        None
    }

    /// A step that had begun has succeeded.
    pub fn succeeded(&mut self, step: &K) {
        self.release(step);
        for next in self.followers.of(step) {
            if let Some(unmet) = self.unmet.get_mut(next) {
                *unmet -= 1;
                if *unmet == 0 {
                    self.ready.insert(next.clone());
                }
            }
        }
    }

    /// A step that had begun has failed. Answers, in order, everything that will never begin because of it.
    pub fn failed(&mut self, step: &K) -> Vec<K> {
        self.release(step);
        let mut stranded = self.followers.closure([step.clone()]);
        stranded.retain(|step| self.unmet.remove(step).is_some());
        stranded.into_iter().collect()
    }

    /// Gives a lock back. Of those that wait for it the first one gets its turn; the others would only park again.
    fn release(&mut self, step: &K) {
        let lock = (self.lock)(step);
        if let Some(waiting) = self.parked.get_mut(&lock) {
            self.ready.extend(waiting.pop_first());
        }
        self.locked.remove(&lock);
    }
}
