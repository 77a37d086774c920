//! The graph of what is wished: one node per thing, however many links want it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::LinkName;
use crate::kinds::{Id, Resource};

/// What is wished, by identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes.
    pub nodes: BTreeMap<Id, Node>,
}

/// One wished thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// How it shall be.
    pub resource: Resource,
    /// The links that want it.
    pub links: BTreeSet<LinkName>,
    /// What has to be in place first.
    pub needs: BTreeSet<Id>,
}

impl Graph {
    /// Adds a wish, or joins it to an equal one. Unequal wishes for one thing have been settled before.
    pub fn add(&mut self, resource: Resource, links: BTreeSet<LinkName>, needs: BTreeSet<Id>) {
        match self.nodes.entry(resource.id()) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Node {
                    resource,
                    links,
                    needs,
                });
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let node = place.get_mut();
                node.links.extend(links);
                node.needs.extend(needs);
            }
        }
    }

    /// A node.
    pub fn node(&self, id: &Id) -> Option<&Node> {
        self.nodes.get(id)
    }
}
