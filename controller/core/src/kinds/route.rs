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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn route(name: &str, destination: &str, gateway: bool, priority: u32, tags: &[&str]) -> Route {
        Route {
            id: RouteRef {
                project: "acme-prod".parse().unwrap(),
                name: name.parse().unwrap(),
            },
            network: NetworkRef {
                project: "acme-prod".parse().unwrap(),
                name: "prod".parse().unwrap(),
            },
            destination: destination.parse().unwrap(),
            next_hop: if gateway {
                NextHop::DefaultInternetGateway
            } else {
                NextHop::Other("vpn".into())
            },
            priority,
            tags: tags.iter().map(ToString::to_string).collect(),
        }
    }

    fn winner(routes: &[Route], tags: &[&str]) -> Option<String> {
        let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
        deciding(routes.iter(), &tags).map(|route| route.id.name.to_string())
    }

    #[test]
    fn the_longest_prefix_wins_then_the_lowest_priority() {
        let default = route("default", "0.0.0.0/0", true, 1000, &[]);
        assert_eq!(
            winner(std::slice::from_ref(&default), &[]),
            Some("default".into())
        );
        let half = route("half", "0.0.0.0/1", false, 2000, &[]);
        assert_eq!(winner(&[default.clone(), half], &[]), Some("half".into()));
        let better = route("better", "0.0.0.0/0", false, 900, &[]);
        assert_eq!(winner(&[default, better], &[]), Some("better".into()));
    }

    #[test]
    fn a_tagged_route_decides_only_for_its_tags() {
        let tagged = route("tagged", "0.0.0.0/0", false, 1, &["vpc-connector"]);
        let default = route("default", "0.0.0.0/0", true, 1000, &[]);
        assert_eq!(
            winner(&[default.clone(), tagged.clone()], &[]),
            Some("default".into())
        );
        assert_eq!(
            winner(&[default, tagged], &["vpc-connector"]),
            Some("tagged".into())
        );
    }

    #[test]
    fn a_narrow_route_decides_nothing_about_the_internet() {
        assert_eq!(
            winner(&[route("narrow", "10.0.0.0/8", false, 1, &[])], &[]),
            None
        );
    }
}
