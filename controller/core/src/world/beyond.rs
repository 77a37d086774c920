//! What is looked at only to tell a path. No step is ever made for what is seen there, and nothing of ours is looked for.

use crate::cloud::Scope;
use crate::kinds::{LiveSubnetwork, RegionalRef};
use crate::world::{Seen, World};

impl World {
    /// Where what is only looked at is kept.
    pub(crate) fn beyond(&mut self) -> &mut World {
        self.beyond.get_or_insert_default()
    }

    /// A subnetwork, also where only a path leads.
    pub(crate) fn subnetwork_of_path(&self, id: &RegionalRef) -> Seen<'_, LiveSubnetwork> {
        let scope = Scope::Subnetworks(id.project.clone());
        match &self.beyond {
            Some(beyond) if !self.readings.contains_key(&scope) => beyond.subnetwork(id),
            _ => self.subnetwork(id),
        }
    }
}
