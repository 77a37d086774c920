//! Deletes what was made, whatever became of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::conformance::hindrance::asks_to_wait;
use crate::conformance::ledger::Certainty;
use crate::conformance::sending::Trouble;
use crate::conformance::session::Session;
use crate::conformance::thing::Thing;
use crate::conformance::verdict::answered;
use crate::conformance::wire::Request;

/// How often it is tried between two exercises, and at the end. What another thing still uses is tried
/// again after that one has gone.
pub(super) const BETWEEN: u32 = 3;
const AT_THE_END: u32 = 30;
/// How long between two tries.
const PAUSE: Duration = Duration::from_secs(10);
/// How often a thing whose creation was not seen to end has to be missing before it counts as gone.
const MISSING: u32 = 5;

/// Something that could not be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// What it is.
    pub thing: Thing,
    /// Why it is still there, as far as that is known.
    pub why: String,
    /// What a person types to delete it.
    pub command: String,
}

/// What a try to delete something came to.
enum Try {
    Gone,
    /// It was not there, but it may yet appear.
    Missing,
    Again(Trouble),
    Hopeless(Trouble),
}

impl Session<'_> {
    /// Deletes everything that was made and is still there, what uses before what is used, and again while
    /// something is in use. What is left is what could not be deleted.
    pub async fn clean_up(&self) -> Vec<Leftover> {
        self.delete_since(0, AT_THE_END).await
    }

    pub(super) async fn delete_since(&self, mark: usize, tries: u32) -> Vec<Leftover> {
        let mut why = BTreeMap::new();
        let mut hopeless = BTreeSet::new();
        let mut missing = BTreeMap::<Thing, u32>::new();
        for tried in 1..=tries {
            // Not within the loop's head, which would keep the ledger locked.
            let there = self.ledger().since(mark);
            for (thing, certainty) in there {
                if hopeless.contains(&thing) {
                    continue;
                }
                match self.delete(&thing, certainty).await {
                    Try::Gone => self.ledger().remove(&thing),
                    Try::Missing => {
                        let count = missing.entry(thing.clone()).or_default();
                        *count += 1;
                        if *count >= MISSING {
                            self.ledger().remove(&thing);
                        }
                        why.insert(thing, "its creation was not seen to end".to_owned());
                    }
                    Try::Again(trouble) => drop(why.insert(thing, trouble)),
                    Try::Hopeless(trouble) => {
                        hopeless.insert(thing.clone());
                        why.insert(thing, trouble);
                    }
                }
            }
            let left = self.ledger().since(mark);
            if tried == tries || left.iter().all(|(thing, _)| hopeless.contains(thing)) {
                break;
            }
            self.wire.pause(PAUSE).await;
        }
        let left = self.ledger().since(mark);
        left.into_iter()
            .map(|(thing, _)| Leftover {
                why: why
                    .remove(&thing)
                    .unwrap_or_else(|| "it was not tried".to_owned()),
                command: thing.deletion(&self.place.project, &self.place.region),
                thing,
            })
            .collect()
    }

    /// What would be left if nothing more were done.
    pub fn left(&self) -> Vec<Leftover> {
        let things = self.ledger().since(0);
        things
            .into_iter()
            .map(|(thing, _)| Leftover {
                why: "the clean-up was broken off".to_owned(),
                command: thing.deletion(&self.place.project, &self.place.region),
                thing,
            })
            .collect()
    }

    async fn delete(&self, thing: &Thing, certainty: Certainty) -> Try {
        let request = Request {
            method: "DELETE",
            url: self.place.url(thing),
            body: Value::Null,
        };
        let reply = match self.wire.send(&request).await {
            Ok(reply) => reply,
            Err(error) => return Try::Again(error.to_string()),
        };
        let said = answered(reply.status, &reply.body);
        match (reply.status, certainty) {
            (200, _) => {}
            (404, Certainty::Ended) => return Try::Gone,
            (404, Certainty::Sent) => return Try::Missing,
            (401 | 403, _) if !asks_to_wait(&reply) => return Try::Hopeless(said),
            _ => return Try::Again(said),
        }
        // Where the recording does not show that it was made, nothing would be there to be deleted.
        if self.tape_of_run().shows_making_of(thing) {
            self.record(&request, &reply, false);
        }
        match self.finish(&request, &reply, &[]).await {
            Ok(end) if end["error"].is_null() => Try::Gone,
            Ok(end) => Try::Again(answered(reply.status, &end)),
            Err(why) => Try::Again(why),
        }
    }
}
