//! Routes: read, never written. They decide whether traffic to Google's addresses leaves by the
//! default internet gateway, which Private Google Access needs although nothing leaves Google's network
//! (`docs/reference/google-cloud.md#default-route`).

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Serialize;

use crate::ids::{ProjectId, ResourceName};
use crate::link::NetworkRef;

/// Identity of a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RouteRef {
    /// The network's project.
    pub project: ProjectId,
    /// The route's own name.
    pub name: ResourceName,
}

/// A live IPv4 route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Which one.
    pub id: RouteRef,
    /// The network that it belongs to.
    pub network: NetworkRef,
    /// Where packets must be going for it to apply.
    pub destination: Ipv4Net,
    /// Where it sends them.
    pub next_hop: NextHop,
    /// Lower wins among equal prefixes.
    pub priority: u32,
    /// Instance tags it is limited to; empty means all.
    pub tags: Vec<String>,
}

/// Where a route sends packets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum NextHop {
    /// The default internet gateway: the one that Private Google Access and NAT work over.
    DefaultInternetGateway,
    /// Anything else, as Google prints it: an instance, a tunnel, a load balancer, a peering.
    Other(String),
}

/// Routes to longer prefixes than this are left out: they are about somebody's own addresses and not about the internet at
/// large. Private blocks, and public ones that companies use as if they were, are summarised in /6 to /8 at most.
const WIDE: u8 = 5;

/// Which route decides for the internet at large, seen from a machine with these tags.
///
/// A VPN or an appliance commonly captures everything with several wide routes, such as 0.0.0.0/1 and 128.0.0.0/1, so
/// every part of the internet is asked about by itself: longest prefix first, then priority. One route that leads
/// elsewhere than to the default internet gateway is the answer before all that lead there, and `None` where some part
/// has no route at all.
pub fn deciding<'a>(routes: impl Iterator<Item = &'a Route>, tags: &[String]) -> Option<&'a Route> {
    let wide: Vec<&Route> = routes
        .filter(|route| route.destination.prefix_len() <= WIDE)
        .filter(|route| route.tags.is_empty() || route.tags.iter().any(|tag| tags.contains(tag)))
        .collect();
    let leads_elsewhere = |route: &&Route| matches!(route.next_hop, NextHop::Other(_));
    let decide = |address: Ipv4Addr| {
        let there = wide
            .iter()
            .filter(|route| route.destination.contains(&address));
        // Of equals the one that leads elsewhere: it gets at least a part of the traffic.
        there.copied().min_by_key(|route| {
            (
                Reverse(route.destination.prefix_len()),
                route.priority,
                !leads_elsewhere(route),
            )
        })
    };
    let decided: Option<Vec<&Route>> = parts(&wide).into_iter().map(decide).collect();
    let decided = decided?;
    let elsewhere = decided.iter().copied().find(leads_elsewhere);
    elsewhere.or_else(|| decided.first().copied())
}

/// An address of each part of the internet that these routes tell apart.
fn parts(wide: &[&Route]) -> BTreeSet<Ipv4Addr> {
    let ends = wide.iter().flat_map(|route| {
        let behind = u32::from(route.destination.broadcast()).checked_add(1);
        [
            Some(route.destination.network()),
            behind.map(Ipv4Addr::from),
        ]
    });
    let addresses = ends.flatten().map(|address| match address.octets()[0] {
        // Nothing is at this network's own addresses; their neighbours belong to the same part.
        0 => Ipv4Addr::new(1, 0, 0, 0),
        _ => address,
    });
    let unicast = addresses.filter(|address| address.octets()[0] < 224);
    unicast.chain([Ipv4Addr::new(1, 0, 0, 0)]).collect()
}
