//! The hop in the middle: does the network lead to Google's addresses?

use crate::codes::Code;
use crate::kinds::VpcAccess;
use crate::kinds::route::{self, NextHop, Route};
use crate::link::Link;
use crate::path::{Finding, fail, unknown};
use crate::world::World;

/// The route that decides for what leaves like this, if all of it has one; an error when the routes were not read.
pub(super) fn deciding<'a>(
    link: &Link,
    wanted: &VpcAccess,
    world: &'a World,
) -> Result<Option<&'a Route>, &'a str> {
    let routes = world.routes(&link.network)?;
    Ok(route::deciding(routes.iter(), &tags(wanted)))
}

/// All of the internet, and Google's addresses with it, is to be had over the default internet gateway.
pub(super) fn default_route(link: &Link, wanted: &VpcAccess, world: &World) -> Finding {
    let route = match deciding(link, wanted, world) {
        Ok(Some(route)) => route,
        Ok(None) => {
            let name = &link.network.name;
            return fail(
                Code::NoDefaultRoute,
                format!("network {name} has no default route"),
            );
        }
        Err(why) => return unknown(Code::PathUnknown, why),
    };
    let name = &route.id.name;
    match &route.next_hop {
        NextHop::DefaultInternetGateway => {
            Ok(format!("{name} leads to the default internet gateway"))
        }
        NextHop::Other(hop) => {
            let what = match route.destination.prefix_len() {
                0 => "everything".to_owned(),
                _ => route.destination.to_string(),
            };
            let found = format!("route {name} sends {what} to {hop}");
            fail(Code::NoDefaultRoute, found)
        }
    }
}

/// The tags of the machines that traffic leaves from: a connector's own two, which nobody can add to
/// (`docs/reference/google-cloud.md#connector-tags`).
fn tags(wanted: &VpcAccess) -> Vec<String> {
    let connector = wanted.connector();
    let own = connector.map(|id| format!("vpc-connector-{}-{}", id.region, id.name));
    ["vpc-connector".to_owned()]
        .into_iter()
        .chain(own)
        .collect()
}
