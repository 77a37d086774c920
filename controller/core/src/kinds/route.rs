//! Routes: read, never written. They decide whether traffic to Google's addresses leaves by the
//! default internet gateway, which Private Google Access needs although nothing leaves Google's network
//! (`docs/reference/google-cloud.md#default-route`).

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

/// Which route decides for the internet at large, seen from a machine with these tags.
///
/// The halves 0.0.0.0/1 and 128.0.0.0/1 are looked at besides 0.0.0.0/0, because a VPN or an appliance
/// commonly captures everything with the two of them. Longest prefix first, then priority.
pub fn deciding<'a>(routes: impl Iterator<Item = &'a Route>, tags: &[String]) -> Option<&'a Route> {
    routes
        .filter(|route| route.destination.prefix_len() <= 1)
        .filter(|route| route.tags.is_empty() || route.tags.iter().any(|tag| tags.contains(tag)))
        .min_by_key(|route| {
            let other = matches!(route.next_hop, NextHop::Other(_));
            (
                std::cmp::Reverse(route.destination.prefix_len()),
                route.priority,
                other,
            )
        })
}
