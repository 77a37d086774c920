//! What was probably meant by the name of a thing that is not there: one with a similar name, or its namesake elsewhere.

use crate::ids::{ProjectId, Region};
use crate::kinds::RegionalRef;
use crate::link::{NetworkRef, ServiceRef};
use crate::near::nearest;
use crate::world::World;

/// Where a thing is, and its name.
type Place<'a> = (&'a ProjectId, Option<&'a Region>, &'a str);

pub(super) fn service(world: &World, id: &ServiceRef) -> Option<String> {
    let there = world.services().map(|live| &live.id);
    let there = there.map(|id| (&id.project, Some(&id.region), id.name.as_str()));
    meant((&id.project, Some(&id.region), id.name.as_str()), there)
}

pub(super) fn network(world: &World, id: &NetworkRef) -> Option<String> {
    let there = world.networks().map(|live| &live.id);
    let there = there.map(|id| (&id.project, None, id.name.as_str()));
    meant((&id.project, None, id.name.as_str()), there)
}

pub(super) fn subnetwork(world: &World, id: &RegionalRef) -> Option<String> {
    meant(place(id), world.subnetworks().map(|live| place(&live.id)))
}

pub(super) fn connector(world: &World, id: &RegionalRef) -> Option<String> {
    meant(place(id), world.connectors().map(|live| place(&live.id)))
}

fn place(id: &RegionalRef) -> Place<'_> {
    (&id.project, Some(&id.region), id.name.as_str())
}

fn meant<'a>(
    (project, region, name): Place<'_>,
    there: impl Iterator<Item = Place<'a>> + Clone,
) -> Option<String> {
    let near = there
        .clone()
        .filter(|place| (place.0, place.1) == (project, region));
    if let Some(near) = nearest(name, near.map(|(_, _, name)| name)) {
        return Some(format!("did you mean `{near}`?"));
    }
    let mut there = there;
    let (project, region, _) = there.find(|place| place.2 == name)?;
    let region = region.map_or_else(String::new, |region| format!("{region} of "));
    Some(format!("there is one in {region}project {project}"))
}
