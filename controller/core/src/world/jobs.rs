//! Which Cloud Run jobs leave through a connector. Google deletes one under them without a word, as it does under
//! services (`docs/reference/google-cloud.md#connector-in-use`), and they are of no other concern: so they are read only
//! where a plan would take something away ([`crate::decide::Decision::jobs_unasked`]).

use crate::cloud::Scope;
use crate::kinds::{RegionalRef, VpcAccess};
use crate::link::Routing;
use crate::world::World;

/// What keeps a connector, and what is behind it, for the sake of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jobs<'a> {
    /// These leave through it, one at least.
    Here(Vec<&'a RegionalRef>),
    /// They could not be read, and why.
    Unreadable(&'a str),
}

/// The list that shows the jobs of a connector. Jobs elsewhere can use it too, where its project is the host of a Shared
/// VPC.
pub(crate) fn list_of(connector: &RegionalRef) -> Scope {
    Scope::Jobs(connector.project.clone(), connector.region.clone())
}

impl World {
    /// The jobs that leave through a connector, with whatever traffic. `None` also where nobody asked yet: a plan that
    /// takes something away on the strength of that is made again when they were read.
    pub fn jobs_through(&self, connector: &RegionalRef) -> Option<Jobs<'_>> {
        self.jobs_that(connector, |access| access.connector() == Some(connector))
    }

    /// Those of them that reach the internet through it, and so by the NAT behind it.
    pub fn jobs_out_through(&self, connector: &RegionalRef) -> Option<Jobs<'_>> {
        self.jobs_that(connector, |access| {
            access.connector() == Some(connector) && access.routing == Routing::AllTraffic
        })
    }

    fn jobs_that(
        &self,
        connector: &RegionalRef,
        leave: impl Fn(&VpcAccess) -> bool,
    ) -> Option<Jobs<'_>> {
        if let Err(error) = self.readings.get(&list_of(connector))? {
            return Some(Jobs::Unreadable(&error.message));
        }
        let jobs = self.jobs.values();
        let here = jobs.filter(|job| job.vpc_access.as_ref().is_some_and(&leave));
        let here: Vec<&RegionalRef> = here.map(|job| &job.id).collect();
        (!here.is_empty()).then_some(Jobs::Here(here))
    }
}
