//! A whole history on the emulator: what it begins with is put there once; then everything that anybody does is done to
//! it in the same order, and after each thing the two clouds show the same.
//!
//! The simulation's operations overlap, and the emulator's are done one after the other, in the order in which the
//! simulation's ended. So what the emulator is held to is the simulation's own rules on the state just before that end,
//! without what operations under way show of themselves ([`settled`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use privatelink_core::cloud::{Cloud as _, CloudError, CloudErrorKind, Scope, ServicePatch, Write};
use privatelink_core::codes::Code;
use privatelink_core::fake::{Entry, Fault, State, sort};
use privatelink_core::kinds::{ConnectorState, Id, Live, RevisionRef};
use privatelink_e2e::cloud::Cloud;
use privatelink_gcp::Google;
use serde_json::{Value, json};

use crate::document;
use crate::history::Played;
use crate::orders::{Sending, operation, sending};
use crate::seen::{Revisions, scopes, seen};

/// How often what was done, with what trouble, and what it came to.
pub(crate) type Counts = BTreeMap<(String, String, String), usize>;

/// A history under way on the emulator.
pub(crate) struct Replay<'a> {
    pub(super) cloud: &'a Cloud,
    google: &'a Google,
    counts: &'a mut Counts,
    scopes: BTreeSet<Scope>,
    /// What the emulator calls a revision of the simulation, unless both call it the same.
    pub(super) names: BTreeMap<Arc<str>, Arc<str>>,
}

/// Replays a history until the clouds differ; how, if they do.
pub(crate) async fn replay(
    cloud: &Cloud,
    google: &Google,
    counts: &mut Counts,
    played: &Played,
) -> Result<(), String> {
    let origin = State::clone(&played.origin);
    cloud
        .put_state(&document::at_the_beginning(&origin))
        .await
        .map_err(|error| error.to_string())?;
    let mut replay = Replay {
        cloud,
        google,
        counts,
        scopes: scopes(&origin),
        names: BTreeMap::new(),
    };
    let mut there = origin;
    replay.compare(&there).await?;
    for (number, entry) in played.journal.iter().enumerate() {
        let told = |difference| {
            let write = serde_json::to_string(&entry.write).unwrap_or_default();
            format!("write {number}, {:?}: {difference}\n  {write}", entry.fault)
        };
        there = replay.entry(&there, entry).await.map_err(told)?;
    }
    Ok(())
}

/// A state without what operations under way show of themselves; `last` is what was there before they began.
fn settled(state: &State, last: &State) -> State {
    let mut settled = state.clone();
    for (id, live) in &state.connectors {
        let was = last.connectors.get(id);
        match (live.state, was) {
            (ConnectorState::Ready | ConnectorState::Error, _) => {}
            (_, Some(was)) => drop(settled.connectors.insert(id.clone(), was.clone())),
            (ConnectorState::Creating | ConnectorState::Unknown, None) => {
                settled.connectors.remove(id);
            }
            (ConnectorState::Updating | ConnectorState::Deleting, None) => {
                if let Some(live) = settled.connectors.get_mut(id) {
                    live.state = ConnectorState::Ready;
                }
            }
        }
    }
    for service in settled.services.values_mut() {
        if service.reconciling {
            service.reconciling = false;
            service.latest_ready.clone_from(&service.latest_created);
        }
    }
    settled
}

fn outcome<T>(result: &Result<T, CloudError>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{:?}", error.kind),
    }
}

impl Replay<'_> {
    pub(super) fn count(&mut self, what: &str, trouble: &str, came: &str) {
        let key = (what.to_owned(), trouble.to_owned(), came.to_owned());
        *self.counts.entry(key).or_default() += 1;
    }

    /// What others did since the last write, and this write; what is there then.
    async fn entry(&mut self, there: &State, entry: &Entry) -> Result<State, String> {
        let before = settled(&entry.before, there);
        self.others(there, &before).await?;
        let (write, fault) = (&entry.write, entry.fault);
        let trouble = fault.map_or("-".to_owned(), |fault| format!("{fault:?}"));
        let sending = sending(write, fault);
        if matches!(sending, Sending::Left) {
            self.count(sort(write), &trouble, "not sent");
            return Ok(before);
        }
        let mut after = before.clone();
        let mut wanted = after.carry_out(write, fault);
        // What Google's rules refuse is refused: nothing that comes later can go wrong with it.
        let refused = before.check(write).is_err() && fault.is_some_and(arrives);
        let effect = match sending {
            Sending::Disturbed(effect) if !refused => Some(effect),
            Sending::Disturbed(_) | Sending::Plain | Sending::Left => None,
        };
        let (found, struck) = self.send(&before, write, effect.as_ref()).await?;
        if effect.is_some() && !struck {
            // Everything was as wished, and nothing had to be sent that could go wrong.
            after = before.clone();
            wanted = after.carry_out(write, None);
        } else if effect.is_some() && matches!(fault, Some(Fault::LostReply | Fault::Crash)) {
            let (lost, code) = (CloudErrorKind::Transient, Code::ServerFailed);
            wanted = Err(CloudError::new(lost, code, "nobody hears of it"));
        }
        let trouble = match (effect.is_some(), struck) {
            (true, false) => "- (needless)".to_owned(),
            (true, true) | (false, _) => trouble,
        };
        if outcome(&wanted) != outcome(&found) {
            let said = |result: Result<Option<Live>, CloudError>| {
                result
                    .map(drop)
                    .map_err(|error| format!("{:?}: {error}", error.kind))
            };
            let (wanted, found) = (said(wanted), said(found));
            return Err(format!(
                "the simulation: {wanted:?}\n  the emulator: {found:?}"
            ));
        }
        self.learn_names(&before, &after).await?;
        self.compare(&after).await?;
        self.count(sort(write), &trouble, &outcome(&wanted));
        Ok(after)
    }

    /// Sends one write, and says whether the effect has struck.
    async fn send(
        &self,
        before: &State,
        write: &Write,
        effect: Option<&Value>,
    ) -> Result<(Result<Option<Live>, CloudError>, bool), String> {
        let write = self.with_live_version(before, write);
        let order = |effect: &Value| json!({"match": {"operation": operation(&write)}, "nth": 1, "effect": effect});
        let orders: Vec<Value> = effect.map(order).into_iter().collect();
        if !orders.is_empty() {
            self.order(&orders).await?;
        }
        let found = self.google.write(&write).await;
        let mut struck = false;
        if !orders.is_empty() {
            struck = self
                .cloud
                .struck()
                .await
                .map_err(|error| error.to_string())?
                > 0;
            self.order(&[]).await?;
        }
        Ok((found, struck))
    }

    pub(super) async fn order(&self, orders: &[Value]) -> Result<(), String> {
        let ordered = self.cloud.order(orders).await;
        ordered.map_err(|error| error.to_string())
    }

    /// Either cloud makes up its own versions: one that was current there is the current one here.
    fn with_live_version(&self, before: &State, write: &Write) -> Write {
        let Write::PatchService(patch) = write else {
            return write.clone();
        };
        let live = before.services.get(&patch.service);
        let current = live.is_some_and(|service| service.etag == patch.etag);
        let state = self.cloud.state();
        let found = state["run"][patch.service.to_string()]["etag"].as_str();
        let etag = match found {
            Some(found) if current => found.into(),
            Some(_) | None => patch.etag.clone(),
        };
        Write::PatchService(ServicePatch {
            etag,
            ..patch.clone()
        })
    }

    /// What the emulator calls a revision.
    pub(super) fn name(&self, revision: &Arc<str>) -> Arc<str> {
        self.names.get(revision).unwrap_or(revision).clone()
    }

    /// Learns what the emulator calls the revisions that were made, and looks whether they are the same.
    pub(super) async fn learn_names(
        &mut self,
        before: &State,
        after: &State,
    ) -> Result<(), String> {
        let made: Vec<&RevisionRef> = after
            .revisions
            .keys()
            .filter(|id| !before.revisions.contains_key(*id))
            .collect();
        let state = if made.is_empty() {
            Value::Null
        } else {
            self.cloud.state()
        };
        for id in made {
            let newest = &state["run"][id.service.to_string()]["latestCreatedRevision"];
            let newest = newest.as_str().and_then(|path| path.rsplit('/').next());
            let newest: Arc<str> = newest.unwrap_or_default().into();
            if self.names.values().any(|known| *known == newest) {
                return Err(format!("the emulator made no revision of {}", id.service));
            }
            self.names.insert(id.name.clone(), newest.clone());
            let there = Id::Revision(RevisionRef {
                name: newest,
                ..id.clone()
            });
            let found = self
                .google
                .get(&there)
                .await
                .map_err(|error| error.to_string())?;
            let Some(Live::Revision(found)) = found else {
                return Err(format!("the emulator has no revision {there}"));
            };
            let wanted = &after.revisions[id];
            let same = wanted.vpc_access == found.vpc_access
                && wanted.not_ready.is_some() == found.not_ready.is_some();
            if !same {
                return Err(format!(
                    "a revision\n  the simulation: {wanted:?}\n  the emulator: {found:?}"
                ));
            }
        }
        Ok(())
    }

    /// The state with the emulator's names of revisions.
    fn renamed(&self, state: &State) -> State {
        let mut state = state.clone();
        for service in state.services.values_mut() {
            let newest = [&mut service.latest_ready, &mut service.latest_created];
            let targets = service.traffic.iter_mut().map(|line| &mut line.revision);
            for name in newest.into_iter().chain(targets).flatten() {
                *name = self.name(name);
            }
        }
        state
    }

    /// Every list shows the same.
    pub(super) async fn compare(&self, wanted: &State) -> Result<(), String> {
        let wanted = self.renamed(wanted);
        let lists = self.scopes.iter().map(|scope| self.google.list(scope));
        let found = futures::future::join_all(lists).await;
        for (scope, found) in self.scopes.iter().zip(found) {
            let wanted = seen(wanted.list(scope).items, Revisions::Named);
            let found = found.map_err(|error| error.to_string())?;
            let found = seen(found.items, Revisions::Named);
            if wanted != found {
                let missing: Vec<_> = wanted.difference(&found).collect();
                let added: Vec<_> = found.difference(&wanted).collect();
                return Err(format!(
                    "{scope}\n  the simulation: {missing:#?}\n  the emulator: {added:#?}"
                ));
            }
        }
        Ok(())
    }
}

/// Does the request reach Google's rules with this fault?
fn arrives(fault: Fault) -> bool {
    match fault {
        Fault::Transient | Fault::Denied | Fault::Quota | Fault::Overtaken => false,
        Fault::LostReply
        | Fault::Crash
        | Fault::Fails
        | Fault::Breaks
        | Fault::Unending
        | Fault::LostUpdate => true,
    }
}
