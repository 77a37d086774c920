//! NAT entries: written into a router's list. The SDK cannot do it: it drops `nats: []` from a PATCH, so the
//! last entry could never go.
//!
//! A router has no fingerprint, so two writers can overwrite each other
//! (`docs/reference/google-cloud.md#router-patch`). Within this process writes to one router wait for each
//! other. Against others the list is read right before the PATCH, every repetition of it included, and right
//! after: an entry that was there before and is not the same after is reported as lost. What somebody wrote
//! between our read and our PATCH shows in no list; it is found in the record of operations
//! ([`crate::router_writes`]), which is read around both.

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

/// One `requestId` per body: a repetition of the same list is the same request to Google, another list is not.
#[derive(Debug, Default)]
struct RequestIds(Mutex<Option<(String, Uuid)>>);

impl RequestIds {
    fn of(&self, body: &str) -> String {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((same, id)) if same == body => id.to_string(),
            Some(_) | None => last.insert((body.to_owned(), Uuid::new_v4())).1.to_string(),
        }
    }
}

/// A PATCH that Google took, and what was known just before.
struct Sent {
    before: Entries,
    /// The writes of the router that are in the list.
    known: BTreeSet<String>,
    operation: Operation,
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
        let ids = RequestIds::default();
        let sent = self
            .attempts
            .repeat(|| self.read_and_patch(call, change, &ids))
            .await;
        let Sent {
            before,
            known,
            operation,
        } = match sent {
            Ok(Some(sent)) => sent,
            Ok(None) => return Ok(Ok(())),
            Err(failure) => return Ok(Err(failure)),
        };
        let ours = operation.name.clone().unwrap_or_default();
        self.finish_compute(call, operation, (&router.project, &router.region))
            .await?;
        let after = self.attempts.repeat(|| async {
            let entries = self.entries(call, router).await?;
            Ok((entries, self.router_writes(call, router).await?))
        });
        let (after, writes) = match after.await {
            Ok(after) => after,
            Err(failure) => return Ok(Err(failure)),
        };
        verify(call, change, &before, &after)?;
        match overwritten(&known, &ours, &writes) {
            None => Ok(Ok(())),
            Some(theirs) => {
                let sentence = format!(
                    "it is written, but somebody wrote the router at the same time ({}), and what they changed in its \
                     NAT entries is overwritten: the entries are now {}",
                    theirs.whose(),
                    after.names()
                );
                Err(call.update_lost(&sentence))
            }
        }
    }

    /// The list, read while nobody was writing it, and the writes that are in it.
    async fn quiet_entries(
        &self,
        call: &Call<'_>,
        router: &RegionalRef,
    ) -> Result<(Entries, BTreeSet<String>), Failure> {
        let names = |writes: &[RouterWrite]| -> BTreeSet<String> {
            writes.iter().map(|write| write.name.clone()).collect()
        };
        let before = self.router_writes(call, router).await?;
        let entries = self.entries(call, router).await?;
        let after = self.router_writes(call, router).await?;
        if names(&before) == names(&after) && !after.iter().any(RouterWrite::goes_on) {
            return Ok((entries, names(&after)));
        }
        // As Google itself answers a write that comes too early.
        Err(Failure::busy("somebody is writing the router"))
    }

    /// One attempt: reads the list, and writes it unless it is as it shall be already.
    async fn read_and_patch(
        &self,
        call: &Call<'_>,
        change: Change<'_>,
        ids: &RequestIds,
    ) -> Result<Option<Sent>, Failure> {
        let unmapped = |why: Unmapped| Failure::from(&why);
        let router = &change.entry().router;
        let (before, known) = self.quiet_entries(call, router).await?;
        if change.is_done(&before).map_err(unmapped)? {
            return Ok(None);
        }
        let body = change.body(&before).map_err(unmapped)?;
        let request_id = ids.of(&body);
        let (path, query) = (path(router), [("requestId", request_id.as_str())]);
        let request = self
            .raw
            .send(Api::Compute, Method::PATCH, &path, &query, Some(body));
        let answer = self.attempts.once(call, request).await?;
        let operation = serde_json::from_str(&answer);
        let operation =
            operation.map_err(|error| Failure::new(Nature::Unparsable, &error.to_string()))?;
        Ok(Some(Sent {
            before,
            known,
            operation,
        }))
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

/// Has everything that was there before stayed, and is our change there?
fn verify(
    call: &Call<'_>,
    change: Change<'_>,
    before: &Entries,
    after: &Entries,
) -> Result<(), CloudError> {
    let ours = change.entry();
    if let Some(lost) = before.lost(after, change) {
        let sentence = format!(
            "somebody wrote at the same time, and their entry '{lost}' is not as it was just before"
        );
        return Err(call.update_lost(&sentence));
    }
    if !change.is_done(after).map_err(|why| call.unparsable(&why))? {
        let sentence = format!(
            "somebody wrote at the same time, and our change of '{}' was lost",
            ours.name
        );
        return Err(call.conflict(Code::ChangedMeanwhile, &sentence));
    }
    Ok(())
}
