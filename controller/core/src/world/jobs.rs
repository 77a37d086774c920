//! Which Cloud Run jobs leave through a connector. Google deletes one under them without a word, as it does under
//! services (`docs/reference/google-cloud.md#connector-in-use`), and they are of no other concern: so they are read only
//! where a plan would take something away ([`crate::decide::Decision::jobs_unasked`]).

use crate::cloud::Scope;
use crate::kinds::{RegionalRef, VpcAccess};
use crate::world::World;

/// What keeps a connector, and what is behind it, for the sake of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jobs<'a> {
    /// This one leaves through it, and maybe others.
    One(&'a RegionalRef),
    /// They could not be read, and why.
    Unreadable(&'a str),
}

/// The list that shows the jobs of a connector. Jobs elsewhere can use it too, where its project is the host of a Shared
/// VPC.
pub(crate) fn list_of(connector: &RegionalRef) -> Scope {
    Scope::Jobs(connector.project.clone(), connector.region.clone())
}

impl World {
    /// The jobs that leave through a connector. `None` also where nobody asked yet: a plan that takes something away on
    /// the strength of that is made again when they were read.
    pub fn jobs_through(&self, connector: &RegionalRef) -> Option<Jobs<'_>> {
        if let Err(error) = self.readings.get(&list_of(connector))? {
            return Some(Jobs::Unreadable(&error.message));
        }
        let through = |access: &VpcAccess| access.connector() == Some(connector);
        let mut jobs = self.jobs.values();
        let found = jobs.find(|job| job.vpc_access.as_ref().is_some_and(through))?;
        Some(Jobs::One(&found.id))
    }
}
