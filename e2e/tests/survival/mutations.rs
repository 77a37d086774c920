//! Bugs on purpose. Each is our process behind a port that is not quite what it says; the product has to find
//! every one of them, and none of them shows while nothing goes wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures::future::BoxFuture;
use privatelink_core::cloud::{
    Cloud, CloudError, CloudErrorKind, Listing, Scope, ServicePatch, Write,
};
use privatelink_core::fake::{Fake, Fault, ReadFault};
use privatelink_core::kinds::{ConnectorState, Id, Live};

use crate::others::Other;
use crate::trouble::Trouble;

/// One mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// After a lost reply nothing is read again: what was sent is taken for done.
    UnheardIsDone,
    /// A list that failed is an empty one.
    UnreadIsEmpty,
    /// Regions that an aggregated list calls unreachable have nothing in them.
    UnreachableIsEmpty,
    /// A patch is sent with whatever version the service has by now.
    AnyVersionWillDo,
    /// What is deleted is not read again, but remembered from the list.
    NoLookBeforeTheDelete,
    /// A connector in ERROR carries traffic.
    ErrorIsReady,
    /// What was not heard of is made again under another name.
    AgainUnderAnotherName,
    /// Somebody was faster, so it must be there.
    OvertakenIsDone,
    /// An operation that failed is not heard of.
    FailedIsDone,
}

impl Mutation {
    pub(crate) const ALL: &[Self] = &[
        Self::UnheardIsDone,
        Self::UnreadIsEmpty,
        Self::UnreachableIsEmpty,
        Self::AnyVersionWillDo,
        Self::NoLookBeforeTheDelete,
        Self::ErrorIsReady,
        Self::AgainUnderAnotherName,
        Self::OvertakenIsDone,
        Self::FailedIsDone,
    ];
}

impl Mutation {
    /// What has to go wrong for it to show.
    pub(crate) fn shown_by(self) -> &'static [Trouble] {
        match self {
            Self::UnheardIsDone => &[
                Trouble::Write(Fault::Transient),
                Trouble::Write(Fault::LostReply),
                Trouble::Write(Fault::Unending),
            ],
            Self::UnreadIsEmpty => &[Trouble::Read(ReadFault::Unreadable), Trouble::LastingUnread],
            Self::UnreachableIsEmpty => &[Trouble::Read(ReadFault::Unreachable)],
            Self::AnyVersionWillDo => &[
                Trouble::BeforeRead(Other::Deploys),
                Trouble::BeforeWrite(Other::Deploys),
            ],
            Self::NoLookBeforeTheDelete => &[
                Trouble::BeforeRead(Other::AddsNat),
                Trouble::BeforeWrite(Other::AddsNat),
            ],
            Self::ErrorIsReady => &[Trouble::Write(Fault::Breaks)],
            Self::AgainUnderAnotherName => &[Trouble::Write(Fault::LostReply)],
            Self::OvertakenIsDone => &[Trouble::Write(Fault::Overtaken)],
            Self::FailedIsDone => &[Trouble::Write(Fault::Fails)],
        }
    }
}

/// A port with a mistake in it.
pub(crate) struct Crooked<'a> {
    fake: &'a Fake,
    mutation: Mutation,
    listed: Mutex<BTreeMap<Id, Live>>,
}

impl<'a> Crooked<'a> {
    pub(crate) fn new(fake: &'a Fake, mutation: Mutation) -> Self {
        Self {
            fake,
            mutation,
            listed: Mutex::default(),
        }
    }

    fn distort(&self, live: &mut Live) {
        if self.mutation == Mutation::ErrorIsReady
            && let Live::Connector(connector) = live
            && connector.state == ConnectorState::Error
        {
            connector.state = ConnectorState::Ready;
        }
        if self.mutation == Mutation::NoLookBeforeTheDelete
            && let Some(id) = identity(live)
        {
            self.listed.lock().unwrap().insert(id, live.clone());
        }
    }

    fn sent(&self, write: &Write) -> Write {
        match write {
            Write::PatchService(patch) if self.mutation == Mutation::AnyVersionWillDo => {
                let state = self.fake.state();
                let live = state.services.get(&patch.service);
                let etag = live.map_or_else(|| patch.etag.clone(), |live| live.etag.clone());
                Write::PatchService(ServicePatch {
                    etag,
                    ..patch.clone()
                })
            }
            other => other.clone(),
        }
    }

    fn believes(&self, kind: CloudErrorKind) -> bool {
        match self.mutation {
            Mutation::UnheardIsDone => kind == CloudErrorKind::Transient,
            Mutation::OvertakenIsDone => kind == CloudErrorKind::Conflict,
            Mutation::FailedIsDone => kind == CloudErrorKind::Invalid,
            Mutation::UnreadIsEmpty
            | Mutation::UnreachableIsEmpty
            | Mutation::AnyVersionWillDo
            | Mutation::NoLookBeforeTheDelete
            | Mutation::ErrorIsReady
            | Mutation::AgainUnderAnotherName => false,
        }
    }
}

fn identity(live: &Live) -> Option<Id> {
    match live {
        Live::Subnetwork(live) => Some(Id::Subnetwork(live.id.clone())),
        Live::Router(live) => Some(Id::Router(live.id.clone())),
        Live::Address(live) => Some(Id::Address(live.id.clone())),
        Live::Connector(live) => Some(Id::Connector(live.id.clone())),
        Live::Network(_) | Live::Route(_) | Live::Service(_) | Live::Revision(_) | Live::Job(_) => {
            None
        }
    }
}

/// The same write under another name, as a process does that invents names.
fn renamed(write: &Write) -> Option<Write> {
    let mut write = write.clone();
    match &mut write {
        Write::CreateConnector(wanted) => wanted.id.name = "pl-again".parse().ok()?,
        Write::CreateRouter(wanted, _) => wanted.id.name = "pl-again".parse().ok()?,
        _ => return None,
    }
    Some(write)
}

impl Cloud for Crooked<'_> {
    fn list<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, Result<Listing, CloudError>> {
        Box::pin(async move {
            let mut listing = match self.fake.list(scope).await {
                Err(_) if self.mutation == Mutation::UnreadIsEmpty => Listing::default(),
                answer => answer?,
            };
            if self.mutation == Mutation::UnreachableIsEmpty {
                listing.unreadable.clear();
            }
            for live in &mut listing.items {
                self.distort(live);
            }
            Ok(listing)
        })
    }

    fn get<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            let mut answer = self.fake.get(id).await?;
            if let Some(listed) = self.listed.lock().unwrap().get(&id.lock()) {
                return Ok(Some(listed.clone()));
            }
            if let Some(live) = &mut answer {
                self.distort(live);
            }
            Ok(answer)
        })
    }

    fn write<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<Option<Live>, CloudError>> {
        Box::pin(async move {
            let sent = self.sent(write);
            match self.fake.write(&sent).await {
                Err(error) if self.believes(error.kind) => Ok(None),
                Err(error)
                    if self.mutation == Mutation::AgainUnderAnotherName
                        && error.kind == CloudErrorKind::Transient =>
                {
                    match renamed(&sent) {
                        Some(again) => self.fake.write(&again).await,
                        None => Err(error),
                    }
                }
                answer => answer,
            }
        })
    }

    fn settle<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<(), CloudError>> {
        self.fake.settle(id)
    }
}
