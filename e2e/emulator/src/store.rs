//! What exists: one ordered tree of resources per API, keyed by resource path.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::Value;

use crate::call::Api;

#[derive(Debug)]
struct Entry {
    value: Value,
    /// False while the insert is under way: its name and its addresses are taken, but no read shows it.
    visible: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    trees: BTreeMap<Api, BTreeMap<String, Entry>>,
}

impl Store {
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
        self.trees
            .entry(api)
            .or_default()
            .insert(path.to_owned(), entry);
    }

    pub(crate) fn reveal(&mut self, api: Api, path: &str) {
        if let Some(entry) = self.trees.get_mut(&api).and_then(|tree| tree.get_mut(path)) {
            entry.visible = true;
        }
    }

    pub(crate) fn remove(&mut self, api: Api, path: &str) -> Option<Value> {
        Some(self.trees.get_mut(&api)?.remove(path)?.value)
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
