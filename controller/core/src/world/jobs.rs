//! Which Cloud Run jobs leave through a connector. Google deletes one under them without a word, as it does under
//! services (`docs/reference/google-cloud.md#connector-in-use`), and they are of no other concern: so they are read only
//! where something is about to be taken away.

use crate::cloud::Scope;
use crate::kinds::{RegionalRef, VpcAccess};
use crate::world::World;

/// What is known of the jobs that leave through a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jobs<'a> {
    /// There is none.
    None,
    /// This one, and maybe others.
    One(&'a RegionalRef),
    /// Nobody asked yet.
    NotAsked,
    /// They could not be read, and why.
    Unreadable(&'a str),
}

impl World {
    /// The jobs of a connector's own project and region that leave through it.
    pub fn jobs_through(&self, connector: &RegionalRef) -> Jobs<'_> {
        let scope = Scope::Jobs(connector.project.clone(), connector.region.clone());
        match self.readings.get(&scope) {
            None => return Jobs::NotAsked,
            Some(Err(error)) => return Jobs::Unreadable(&error.message),
            Some(Ok(())) => {}
        }
        let through = |access: &VpcAccess| access.connector() == Some(connector);
        let mut jobs = self.jobs.values();
        let found = jobs.find(|job| job.vpc_access.as_ref().is_some_and(through));
        found.map_or(Jobs::None, |job| Jobs::One(&job.id))
    }
}
