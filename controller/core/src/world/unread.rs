//! What is not known, because a list could not be read.

use crate::cloud::Scope;
use crate::ids::Region;
use crate::kinds::RegionalRef;
use crate::world::World;

impl World {
    /// Why it is not known which connectors are on the subnetworks of a region, if it is not.
    pub fn connectors_unread(&self, region: &Region) -> Option<&str> {
        let here = |scope: &Scope| matches!(scope, Scope::Connectors(_, there) if there == region);
        let mut readings = self.readings.iter().filter(|(scope, _)| here(scope));
        readings.find_map(|(_, reading)| Some(reading.as_ref().err()?.message.as_str()))
    }

    /// Why the users of a connector are not known, if they are not.
    pub fn services_unread(&self, connector: &RegionalRef) -> Option<&str> {
        let scope = Scope::Services(connector.project.clone(), connector.region.clone());
        match self.readings.get(&scope) {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(&error.message),
            None => Some("they were not asked for"),
        }
    }
}
