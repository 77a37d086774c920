//! Google Cloud behind [`privatelink_core::cloud::Cloud`].
//!
//! This is the only crate that names Google's SDK, and nothing of the SDK leaves it: what goes out is the
//! core's own structs and errors, in boxed futures. A kind is one file: the calls it needs, and the pure
//! mapping from Google's object to the core's.
//!
//! ```text
//! connect.rs        credentials, clients                   endpoint.rs, proxy.rs
//! attempt.rs        EVERY request goes through here        backoff.rs, calls.rs
//! limiter.rs        who may send when                      bucket.rs, rates.rs
//! failure.rs        what came back instead of an answer    from the SDK, raw requests and operations
//! classify.rs       Failure -> CloudError, once            words.rs, redact.rs
//! operations.rs     waiting for long-running operations; settle.rs for what Google does by itself
//! lists.rs          pages, and aggregated answers
//! references.rs     links in any spelling -> the core's references
//! raw.rs            what the SDK cannot say; verbatim.rs, what we have no words for
//! networks.rs routes.rs subnetworks.rs addresses.rs routers.rs revisions.rs
//! nats.rs           with nat_entries.rs: the list of others and us, as text; router_writes.rs: who else wrote it
//! connectors.rs     with connector_mapping.rs
//! services.rs       with service_mapping.rs, service_patch.rs; jobs.rs
//! ```
//!
//! The SDK's own retries and pollers are off: they retry too little (no 429, no 500, no `Retry-After`), they
//! cannot be counted or limited from outside, and Compute's poller ignores deadlines.

mod addresses;
mod attempt;
mod backoff;
mod bucket;
mod calls;
mod classify;
mod connect;
mod connector_mapping;
mod connectors;
mod endpoint;
mod failure;
mod jobs;
mod limiter;
mod lists;
mod nat_entries;
mod nats;
mod networks;
mod operations;
mod proxy;
mod rates;
mod raw;
mod redact;
mod references;
mod revisions;
mod router_writes;
mod routers;
mod routes;
mod service_mapping;
mod service_patch;
mod services;
mod settle;
mod subnetworks;
mod verbatim;
mod words;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use privatelink_core::cloud::{Cloud, CloudError, Listing, Scope, Write};
use privatelink_core::kinds::{Id, Live};
use reqwest::Method;
use serde::de::DeserializeOwned;

use crate::attempt::Call;
use crate::failure::Failure;
use crate::lists::{PAGE, PageToken};
use crate::references::Unmapped;

pub use backoff::Patience;
pub use connect::{ConnectError, MAX_LIST_ITEMS, Options, connect};
pub use endpoint::EndpointError;
pub use rates::{Rate, Rates};
pub use verbatim::{Answered, Verbatim};

/// Google Cloud, reached through its official SDK. Made by [`connect`], once per process.
pub struct Google {
    clients: connect::Clients,
    raw: raw::Raw,
    attempts: attempt::Attempts,
    router_locks: nats::RouterLocks,
    max_list_items: usize,
    user_agent: String,
}

impl Google {
    /// Requests sent so far, by operation as Google's discovery documents name it
    /// (`compute.routers.aggregatedList`): retries and polls included.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.attempts.calls.counts()
    }

    /// Asks for something that has to be there.
    async fn ask<T, E, F>(&self, call: &Call<'_>, send: impl FnMut() -> F) -> Result<T, CloudError>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<Failure>,
    {
        self.attempts
            .attempt(call, send)
            .await
            .map_err(|failure| call.error(&failure))
    }

    /// Reads a list of Cloud Run's or VPC Access' to its end: `split` makes of a page its items and the token of the next
    /// one, `map` of an item what the core knows.
    async fn all_pages<T: DeserializeOwned, I>(
        &self,
        call: &Call<'_>,
        path: &str,
        split: impl Fn(T) -> Result<(Vec<I>, String), Unmapped>,
        map: impl Fn(I) -> Result<Live, Unmapped>,
    ) -> Result<Listing, CloudError> {
        let (mut listing, mut token) = (Listing::default(), PageToken::start(self.max_list_items));
        loop {
            let page = self.page(call, path, &token).await?;
            let goes_on = split(page).and_then(|(items, next)| {
                token.count(items.len())?;
                for item in items {
                    listing.items.push(map(item)?);
                }
                token.advance(Some(next))
            });
            if !goes_on.map_err(|why| call.unparsable(&why))? {
                return Ok(listing);
            }
        }
    }

    /// Asks for a page of a list of Cloud Run's or VPC Access', where an empty list is `{}`. The SDK makes the same of
    /// an answer without a body (status 204), which is no list: something stands between us and Google. So the text is
    /// read here.
    async fn page<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        path: &str,
        token: &PageToken,
    ) -> Result<T, CloudError> {
        let size = PAGE.to_string();
        let query = [("pageSize", size.as_str()), ("pageToken", token.text())];
        let page = self.ask(call, || {
            self.raw.send(call.api, Method::GET, path, &query, None)
        });
        serde_json::from_str(&page.await?)
            .map_err(|error| call.unparsable(&Unmapped::Json(error.to_string())))
    }

    /// Asks for something that may not be there: reads it, or deletes what is gone already.
    async fn ask_if_there<T, E, F>(
        &self,
        call: &Call<'_>,
        send: impl FnMut() -> F,
    ) -> Result<Option<T>, CloudError>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<Failure>,
    {
        match self.attempts.attempt(call, send).await {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(call.error(&failure)),
        }
    }
}

impl Cloud for Google {
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>> {
        Box::pin(async move {
            match scope {
                Scope::Networks(project) => self.list_networks(project).await,
                Scope::Routes(project) => self.list_routes(project).await,
                Scope::Subnetworks(project) => self.list_subnetworks(project).await,
                Scope::Addresses(project) => self.list_addresses(project).await,
                Scope::Routers(project) => self.list_routers(project).await,
                Scope::Connectors(project, region) => self.list_connectors(project, region).await,
                Scope::Services(project, region) => self.list_services(project, region).await,
                Scope::Jobs(project, region) => self.list_jobs(project, region).await,
            }
        })
    }

    fn get<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            Ok(match id {
                Id::Network(id) => self.get_network(id).await?.map(Live::Network),
                Id::Subnetwork(id) => self.get_subnetwork(id).await?.map(Live::Subnetwork),
                Id::Route(id) => self.get_route(id).await?.map(Live::Route),
                Id::Address(id) => self.get_address(id).await?.map(Live::Address),
                Id::Router(id) => self.get_router(id).await?.map(Live::Router),
                Id::Nat(id) => self.get_router(&id.router).await?.map(Live::Router),
                Id::Connector(id) => self.get_connector(id).await?.map(Live::Connector),
                Id::Revision(id) => self.get_revision(id).await?.map(Live::Revision),
                Id::ServiceEgress(id) | Id::ServiceIngress(id) => {
                    self.get_service(id).await?.map(Live::Service)
                }
            })
        })
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            match write {
                Write::CreateSubnetwork(wanted, mark) => {
                    self.create_subnetwork(wanted, mark).await?;
                }
                Write::SetPrivateGoogleAccess(id, on) => {
                    self.set_private_google_access(id, *on).await?;
                }
                Write::DeleteSubnetwork(id) => self.delete_subnetwork(id).await?,
                Write::CreateAddress(id, mark) => self.create_address(id, mark).await?,
                Write::DeleteAddress(id) => self.delete_address(id).await?,
                Write::CreateRouter(wanted, mark) => self.create_router(wanted, mark).await?,
                Write::DeleteRouter(id) => self.delete_router(id).await?,
                Write::PutNat(wanted) => self.put_nats(wanted, &[]).await?,
                Write::PutNats(wanted, others) => self.put_nats(wanted, others).await?,
                Write::DeleteNat(id) => self.delete_nat(id).await?,
                Write::CreateConnector(wanted) => self.create_connector(wanted).await?,
                Write::UpdateConnector(wanted) => self.update_connector(wanted).await?,
                Write::DeleteConnector(id) => self.delete_connector(id).await?,
                Write::PatchService(patch) => {
                    return self
                        .patch_service(patch)
                        .await
                        .map(|service| Some(Live::Service(service)));
                }
            }
            Ok(None)
        })
    }

    fn settle<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(self.settle_thing(id))
    }
}
