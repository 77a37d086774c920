//! Where a run was told to look, as opposed to where something led it.

use std::collections::BTreeSet;

use crate::ids::{ProjectId, Region};
use crate::link::ServiceRef;
use crate::world::World;

/// What declarations and `--scope` name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Projects of networks.
    pub(crate) networks: BTreeSet<ProjectId>,
    /// Projects and regions of services.
    pub(crate) services: BTreeSet<(ProjectId, Region)>,
    /// These, and those that marks in the networks told of lead to.
    pub(crate) found: BTreeSet<(ProjectId, Region)>,
}

impl World {
    /// Remembers where it was told to look.
    pub(crate) fn tell(&mut self, told: Told) {
        self.told = told;
    }

    /// Would the networks of this project be looked at if nothing led there?
    pub(crate) fn is_told_of_networks(&self, project: &ProjectId) -> bool {
        self.told.networks.contains(project)
    }

    /// Is this service where this run was told to look, or where a mark led it? What only somebody's record leads to is
    /// looked at for that record's sake.
    pub(crate) fn is_found(&self, id: &ServiceRef) -> bool {
        let place = (id.project.clone(), id.region.clone());
        self.told.found.contains(&place)
    }

    /// Would this service be looked at if nothing led there?
    pub(crate) fn is_told_of_service(&self, id: &ServiceRef) -> bool {
        let place = (id.project.clone(), id.region.clone());
        self.told.services.contains(&place)
    }
}
