//! What was made and is not known to be gone.

use std::collections::BTreeMap;

use crate::conformance::thing::Thing;

/// How sure it is that a thing was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// Its creation has ended; if it is not seen, it is not there.
    Ended,
    /// The request was sent, and it may yet appear.
    Sent,
}

/// Things that are to be deleted, in the order in which they can be.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    things: BTreeMap<Thing, Entry>,
    order: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    certainty: Certainty,
    order: usize,
}

impl Ledger {
    /// Notes a thing before its creation is sent; false if it was there already.
    pub(crate) fn add(&mut self, thing: Thing, certainty: Certainty) -> bool {
        self.order += 1;
        let order = self.order;
        let before = self.things.len();
        self.things
            .entry(thing)
            .or_insert(Entry { certainty, order });
        self.things.len() > before
    }

    /// Its creation has ended.
    pub(crate) fn ended(&mut self, thing: &Thing) {
        if let Some(entry) = self.things.get_mut(thing) {
            entry.certainty = Certainty::Ended;
        }
    }

    /// It is not there, or never was.
    pub(crate) fn remove(&mut self, thing: &Thing) {
        self.things.remove(thing);
    }

    /// A mark: what is added from now on is [`Ledger::since`] it.
    pub(crate) fn mark(&self) -> usize {
        self.order
    }

    /// What was added after a mark and is still there.
    pub(crate) fn since(&self, mark: usize) -> Vec<(Thing, Certainty)> {
        let added = self.things.iter().filter(|(_, entry)| entry.order > mark);
        added
            .map(|(thing, entry)| (thing.clone(), entry.certainty))
            .collect()
    }
}
