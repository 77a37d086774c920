//! What exists: one ordered tree of resources per API, keyed by resource path.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use jiff::Timestamp;
use serde_json::Value;

use crate::call::Api;

/// How many changes can be looked behind.
const REMEMBERED: usize = 10_000;

#[derive(Clone, Debug)]
struct Entry {
    value: Value,
    /// False while the insert is under way: its name and its addresses are taken, but no read shows it.
    visible: bool,
}

/// When a change was made: the time, and how many mutating requests there had been.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) time: Timestamp,
    pub(crate) writes: u64,
}

/// What was at a path before a change.
#[derive(Debug)]
struct Change {
    api: Api,
    path: String,
    before: Option<Entry>,
    mark: Mark,
}

/// What is to be put back after a look at the past.
#[derive(Debug)]
pub(crate) struct Present(Vec<(Api, String, Option<Entry>)>);

#[derive(Debug, Default)]
pub(crate) struct Store {
    trees: BTreeMap<Api, BTreeMap<String, Entry>>,
    /// Oldest first.
    history: VecDeque<Change>,
    mark: Mark,
}

impl Store {
    /// Changes from now on carry this mark.
    pub(crate) fn mark(&mut self, mark: Mark) {
        self.mark = mark;
    }

    /// What is there now was there for ever, as far as anybody looks behind.
    pub(crate) fn begin_history(&mut self) {
        self.history.clear();
    }

    /// Goes back to what was there before every change whose mark is `recent`, as far as is remembered.
    pub(crate) fn go_back(&mut self, recent: impl Fn(Mark) -> bool) -> Present {
        let mut present = Vec::new();
        let history = std::mem::take(&mut self.history);
        for change in history
            .iter()
            .rev()
            .take_while(|change| recent(change.mark))
        {
            let now = self.swap(change.api, &change.path, change.before.clone());
            present.push((change.api, change.path.clone(), now));
        }
        self.history = history;
        Present(present)
    }

    /// Returns from [`Store::go_back`].
    pub(crate) fn come_back(&mut self, present: Present) {
        for (api, path, entry) in present.0.into_iter().rev() {
            self.swap(api, &path, entry);
        }
    }

    /// Puts an entry, or none, at a path; gives what was there.
    fn swap(&mut self, api: Api, path: &str, entry: Option<Entry>) -> Option<Entry> {
        let tree = self.trees.entry(api).or_default();
        match entry {
            Some(entry) => tree.insert(path.to_owned(), entry),
            None => tree.remove(path),
        }
    }

    fn remember(&mut self, api: Api, path: &str, before: Option<Entry>) {
        if self.history.len() == REMEMBERED {
            self.history.pop_front();
        }
        self.history.push_back(Change {
            api,
            path: path.to_owned(),
            before,
            mark: self.mark,
        });
    }

    /// A resource that reads show.
    pub(crate) fn get(&self, api: Api, path: &str) -> Option<&Value> {
        let entry = self.trees.get(&api)?.get(path)?;
        entry.visible.then_some(&entry.value)
    }

    /// A resource, shown or still being inserted.
    pub(crate) fn any(&self, api: Api, path: &str) -> Option<&Value> {
        Some(&self.trees.get(&api)?.get(path)?.value)
    }

    /// A shown resource, to be changed in place.
    pub(crate) fn get_mut(&mut self, api: Api, path: &str) -> Option<&mut Value> {
        let before = self.trees.get(&api)?.get(path)?.clone();
        self.remember(api, path, Some(before));
        let entry = self.trees.get_mut(&api)?.get_mut(path)?;
        entry.visible.then_some(&mut entry.value)
    }

    pub(crate) fn put(&mut self, api: Api, path: &str, value: Value) {
        self.enter(
            api,
            path,
            Entry {
                value,
                visible: true,
            },
        );
    }

    pub(crate) fn put_hidden(&mut self, api: Api, path: &str, value: Value) {
        self.enter(
            api,
            path,
            Entry {
                value,
                visible: false,
            },
        );
    }

    fn enter(&mut self, api: Api, path: &str, entry: Entry) {
        let before = self.swap(api, path, Some(entry));
        self.remember(api, path, before);
    }

    pub(crate) fn reveal(&mut self, api: Api, path: &str) {
        if let Some(entry) = self.trees.get_mut(&api).and_then(|tree| tree.get_mut(path)) {
            let before = entry.clone();
            entry.visible = true;
            self.remember(api, path, Some(before));
        }
    }

    pub(crate) fn remove(&mut self, api: Api, path: &str) -> Option<Value> {
        let removed = self.trees.get_mut(&api)?.remove(path)?;
        self.remember(api, path, Some(removed.clone()));
        Some(removed.value)
    }

    /// Every resource whose path begins with `prefix`, those being inserted included.
    pub(crate) fn within<'a, 'p>(
        &'a self,
        api: Api,
        prefix: &'p str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a, 'p> {
        self.range(api, prefix, None)
            .map(|(path, entry)| (path, &entry.value))
    }

    /// The shown resources directly below `prefix` (which ends in `/`), from after `after` on.
    pub(crate) fn list<'a, 'p>(
        &'a self,
        api: Api,
        prefix: &'p str,
        after: Option<&'p str>,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a, 'p> {
        self.range(api, prefix, after)
            .filter(|(path, entry)| entry.visible && !path[prefix.len()..].contains('/'))
            .map(|(path, entry)| (path, &entry.value))
    }

    /// The shown resources anywhere below `prefix`, from after `after` on.
    pub(crate) fn list_below<'a, 'p>(
        &'a self,
        api: Api,
        prefix: &'p str,
        after: Option<&'p str>,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a, 'p> {
        self.range(api, prefix, after)
            .filter(|(_, entry)| entry.visible)
            .map(|(path, entry)| (path, &entry.value))
    }

    /// Every shown resource of an API.
    pub(crate) fn shown(&self, api: Api) -> impl Iterator<Item = (&str, &Value)> {
        self.range(api, "", None)
            .filter(|(_, entry)| entry.visible)
            .map(|(path, entry)| (path, &entry.value))
    }

    fn range<'a, 'p>(
        &'a self,
        api: Api,
        prefix: &'p str,
        after: Option<&'p str>,
    ) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a, 'p> {
        let start = match after {
            Some(after) if after > prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        self.trees
            .get(&api)
            .into_iter()
            .flat_map(move |tree| tree.range::<str, _>((start, Bound::Unbounded)))
            .map(|(path, entry)| (path.as_str(), entry))
            .take_while(move |(path, _)| path.starts_with(prefix))
    }
}
