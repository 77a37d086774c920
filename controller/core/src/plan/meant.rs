//! What was probably meant by the name of a thing that is not there: its namesake elsewhere, or one with a similar name.
//! It comes before the usual advice, which may be right all the same.

use crate::ids::{ProjectId, Region};
use crate::kinds::RegionalRef;
use crate::link::{NetworkRef, ServiceRef};
use crate::names::follows_our_scheme;
use crate::near::nearest;
use crate::world::World;

/// Where a thing is, and its name.
type Place<'a> = (&'a ProjectId, Option<&'a Region>, &'a str);

pub(super) fn service(world: &World, id: &ServiceRef, usual: &str) -> String {
    let there = world.services().map(|live| &live.id);
    let there = there.map(|id| (&id.project, Some(&id.region), id.name.as_str()));
    let wanted = (&id.project, Some(&id.region), id.name.as_str());
    meant(wanted, there, usual)
}

pub(super) fn network(world: &World, id: &NetworkRef, usual: &str) -> String {
    let there = world.networks().map(|live| &live.id);
    let there = there.map(|id| (&id.project, None, id.name.as_str()));
    meant((&id.project, None, id.name.as_str()), there, usual)
}

pub(super) fn subnetwork(world: &World, id: &RegionalRef, usual: &str) -> String {
    let there = world.subnetworks().map(|live| place(&live.id));
    meant(place(id), there, usual)
}

pub(super) fn connector(world: &World, id: &RegionalRef, usual: &str) -> String {
    let there = world.connectors().map(|live| place(&live.id));
    meant(place(id), there, usual)
}

fn place(id: &RegionalRef) -> Place<'_> {
    (&id.project, Some(&id.region), id.name.as_str())
}

fn meant<'a>(
    (project, region, name): Place<'_>,
    there: impl Iterator<Item = Place<'a>> + Clone,
    usual: &str,
) -> String {
    let mut elsewhere = there.clone().filter(|place| place.2 == name);
    if let Some((project, region, _)) = elsewhere.next() {
        let region = region.map_or_else(String::new, |region| format!("{region} of "));
        return format!("there is one in {region}project {project}; if that is not meant, {usual}");
    }
    // What we made ourselves nobody names.
    let near = there
        .filter(|place| (place.0, place.1) == (project, region) && !follows_our_scheme(place.2));
    match nearest(name, near.map(|(_, _, name)| name)) {
        Some(near) => format!("did you mean `{near}`? If not, {usual}"),
        None => usual.to_owned(),
    }
}
