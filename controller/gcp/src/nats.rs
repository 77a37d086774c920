//! NAT entries: written into a router's list. The SDK cannot do it: it drops `nats: []` from a PATCH, so the
//! last entry could never go.
//!
//! A router has no fingerprint, so two writers can overwrite each other
//! (`docs/reference/google-cloud.md#router-patch`). Within this process writes to one router wait for each
//! other. Against others the list is read right before the PATCH, every repetition of it included, and right
//! after: an entry that was there before and is not the same after is reported as lost. What somebody wrote
//! between our read and our PATCH shows in no list; it is found in the record of operations
//! ([`crate::router_writes`]), which is read around both; by its `requestId` our own write is found there also when its
//! reply was lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use google_cloud_compute_v1::model::Operation;
use privatelink_core::cloud::CloudError;
use privatelink_core::codes::Code;
use privatelink_core::kinds::{Nat, NatRef, RegionalRef};
use reqwest::Method;
use uuid::Uuid;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::failure::{Failure, Nature};
use crate::nat_entries::{Change, Entries};
use crate::references::Unmapped;
use crate::router_writes::{RouterWrite, overwritten};

/// One lock per router.
#[derive(Debug, Default)]
pub(crate) struct RouterLocks(Mutex<BTreeMap<RegionalRef, Arc<tokio::sync::Mutex<()>>>>);

impl RouterLocks {
    fn of(&self, router: &RegionalRef) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.entry(router.clone()).or_default().clone()
    }
}

/// A list that was sent, and what was known just before.
#[derive(Debug)]
struct Sent {
    body: String,
    /// One per body: a repetition of the same list is the same request to Google, another list is not.
    request_id: String,
    /// What Google called the write, if its answer arrived.
    operation: Option<String>,
    before: Entries,
    /// The writes of the router that are in the list before.
    known: BTreeSet<String>,
}

impl Sent {
    fn is(&self, write: &RouterWrite) -> bool {
        self.operation.as_ref() == Some(&write.name) || write.client_operation_id == self.request_id
    }
}

/// Everything that was sent for one change: a list can be taken although its answer is lost, and what it overwrote
/// is lost all the same.
#[derive(Debug, Default)]
struct Sendings(Mutex<Vec<Sent>>);

impl Sendings {
    /// Notes what is about to be sent, and gives its `requestId`.
    fn add(&self, body: &str, before: Look) -> String {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = all.pop_if(|last| last.body == body);
        let request_id = same.map_or_else(|| Uuid::new_v4().to_string(), |sent| sent.request_id);
        all.push(Sent {
            body: body.to_owned(),
            request_id: request_id.clone(),
            operation: None,
            known: names(&before.writes),
            before: before.entries,
        });
        request_id
    }

    /// Google has taken the last one.
    fn taken(&self, operation: &Operation) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = all.last_mut() {
            last.operation = Some(operation.name.clone().unwrap_or_default());
        }
    }

    fn into_inner(self) -> Vec<Sent> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The list, and the writes of the router that Google remembers.
struct Look {
    entries: Entries,
    writes: Vec<RouterWrite>,
}

fn names(writes: &[RouterWrite]) -> BTreeSet<String> {
    writes.iter().map(|write| write.name.clone()).collect()
}

/// What an attempt came to.
enum Came {
    /// The list is as it shall be, without another write.
    Done(Look),
    /// Google has taken a list.
    Sent(Box<Operation>),
}

impl Google {
    /// All of them stand in the router of the first one.
    pub(crate) async fn put_nats(&self, wanted: &Nat, others: &[Nat]) -> Result<(), CloudError> {
        let NatRef { router, name } = &wanted.id;
        let doing = format!(
            "write the NAT entry {name} into {}",
            router.compute("routers")
        );
        let call = Call::write(
            Api::Compute,
            "compute.routers.patch",
            &router.project,
            &router.region,
            doing,
        );
        let sent = self.write_entry(&call, Change::Put(wanted, others)).await?;
        sent.map_err(|failure| call.error(&failure))
    }

    /// An entry is also gone when its router is.
    pub(crate) async fn delete_nat(&self, id: &NatRef) -> Result<(), CloudError> {
        let NatRef { router, name } = id;
        let doing = format!(
            "take the NAT entry {name} out of {}",
            router.compute("routers")
        );
        let call = Call::write(
            Api::Compute,
            "compute.routers.patch",
            &router.project,
            &router.region,
            doing,
        );
        match self.write_entry(&call, Change::Delete(id)).await? {
            Err(failure) if !failure.is_missing() => Err(call.error(&failure)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The inner failure is that of the reads and the PATCH themselves.
    async fn write_entry(
        &self,
        call: &Call<'_>,
        change: Change<'_>,
    ) -> Result<Result<(), Failure>, CloudError> {
        let router = &change.entry().router;
        let lock = self.router_locks.of(router);
        let _alone = lock.lock().await;
        let sendings = Sendings::default();
        let came = self
            .attempts
            .repeat(|| self.read_and_patch(call, change, &sendings))
            .await;
        let found = match came {
            Ok(Came::Done(there)) => Ok(there),
            Ok(Came::Sent(operation)) => {
                self.finish_compute(call, *operation, (&router.project, &router.region))
                    .await?;
                let reading = || async {
                    let entries = self.entries(call, router).await?;
                    let writes = self.router_writes(call, router).await?;
                    Ok(Look { entries, writes })
                };
                self.attempts.repeat(reading).await
            }
            Err(failure) => Err(failure),
        };
        match found {
            Ok(after) => verify(call, change, &sendings.into_inner(), &after).map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }

    /// The list, read while nobody was writing it, and the writes that are in it.
    async fn quiet_entries(&self, call: &Call<'_>, router: &RegionalRef) -> Result<Look, Failure> {
        let before = self.router_writes(call, router).await?;
        let entries = self.entries(call, router).await?;
        let writes = self.router_writes(call, router).await?;
        if names(&before) == names(&writes) && !writes.iter().any(RouterWrite::goes_on) {
            return Ok(Look { entries, writes });
        }
        // As Google itself answers a write that comes too early.
        Err(Failure::busy("somebody is writing the router"))
    }

    /// One attempt: reads the list, and writes it unless it is as it shall be already.
    async fn read_and_patch(
        &self,
        call: &Call<'_>,
        change: Change<'_>,
        sendings: &Sendings,
    ) -> Result<Came, Failure> {
        let unmapped = |why: Unmapped| Failure::from(&why);
        let router = &change.entry().router;
        let look = self.quiet_entries(call, router).await?;
        if change.is_done(&look.entries).map_err(unmapped)? {
            return Ok(Came::Done(look));
        }
        let body = change.body(&look.entries).map_err(unmapped)?;
        let request_id = sendings.add(&body, look);
        let (path, query) = (path(router), [("requestId", request_id.as_str())]);
        let request = self
            .raw
            .send(Api::Compute, Method::PATCH, &path, &query, Some(body));
        let answer = self.attempts.once(call, request).await?;
        let operation = serde_json::from_str(&answer);
        let operation =
            operation.map_err(|error| Failure::new(Nature::Unparsable, &error.to_string()))?;
        sendings.taken(&operation);
        Ok(Came::Sent(Box::new(operation)))
    }

    async fn entries(&self, call: &Call<'_>, router: &RegionalRef) -> Result<Entries, Failure> {
        let read = call.on_the_way("compute.routers.get");
        let path = path(router);
        let request = self.raw.send(Api::Compute, Method::GET, &path, &[], None);
        let body = self.attempts.once(&read, request).await?;
        Entries::read(&body).map_err(|why| Failure::from(&why))
    }
}

fn path(router: &RegionalRef) -> String {
    format!("/compute/v1/{}", router.compute("routers"))
}

/// Has everything that was there before stayed, is our change there, and has no list of ours overwritten somebody's?
fn verify(
    call: &Call<'_>,
    change: Change<'_>,
    sendings: &[Sent],
    after: &Look,
) -> Result<(), CloudError> {
    if let Some(answered) = sendings.iter().find(|sent| sent.operation.is_some()) {
        stayed(call, change, &answered.before, &after.entries)?;
    }
    let ours = |write: &RouterWrite| sendings.iter().any(|sent| sent.is(write));
    for sent in sendings {
        let this = after.writes.iter().find(|write| sent.is(write));
        if let Some(theirs) = overwritten(&sent.known, this, ours, &after.writes) {
            let sentence = format!(
                "it is written, but somebody wrote the router at the same time ({}), and what they changed in its \
                 NAT entries is overwritten: the entries are now {}",
                theirs.whose(),
                after.entries.names()
            );
            return Err(call.update_lost(&sentence));
        }
    }
    Ok(())
}

fn stayed(
    call: &Call<'_>,
    change: Change<'_>,
    before: &Entries,
    after: &Entries,
) -> Result<(), CloudError> {
    if let Some(lost) = before.lost(after, change) {
        let sentence = format!(
            "somebody wrote at the same time, and their entry '{lost}' is not as it was just before"
        );
        return Err(call.update_lost(&sentence));
    }
    if !change.is_done(after).map_err(|why| call.unparsable(&why))? {
        let sentence = format!(
            "somebody wrote at the same time, and our change of '{}' was lost",
            change.entry().name
        );
        return Err(call.conflict(Code::ChangedMeanwhile, &sentence));
    }
    Ok(())
}
