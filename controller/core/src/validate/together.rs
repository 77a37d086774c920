//! What can only be seen of several links.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;

use super::alone::managed_range;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::ids::{LinkName, Region};
use crate::link::{Link, NetworkRef, ServiceRef};

/// Everything worth saying about links together; each finding names its link.
pub(super) fn check(links: &BTreeMap<LinkName, Link>) -> Vec<Diagnostic> {
    let mut findings = overlapping_ranges(links);
    findings.extend(unattached_destinations(links));
    findings
}

/// One range in one region is one subnetwork that links share. The same range in two regions, or
/// two that overlap, cannot be (docs/reference/google-cloud.md#subnetwork-ranges).
fn overlapping_ranges(links: &BTreeMap<LinkName, Link>) -> Vec<Diagnostic> {
    type Subnetwork<'a> = (Ipv4Net, &'a Region);
    let mut networks: BTreeMap<&NetworkRef, BTreeMap<Subnetwork<'_>, Vec<&Link>>> = BTreeMap::new();
    for link in links.values() {
        if let Some(cidr) = managed_range(link) {
            let subnetworks = networks.entry(&link.network).or_default();
            subnetworks
                .entry((cidr, &link.region))
                .or_default()
                .push(link);
        }
    }
    let mut findings = Vec::new();
    for subnetworks in networks.values() {
        // In order of their first address, ranges either nest or are apart, so the widest that is
        // still open meets every overlap.
        let mut widest: Option<(&Subnetwork<'_>, &Vec<&Link>)> = None;
        // Links with the wider range hear of the first that it overlaps; those within it all hear of the wider
        // one. Telling everybody of everybody would be as many findings as the product of the two.
        let mut told = false;
        for (subnetwork, users) in subnetworks {
            match widest {
                Some((other, others)) if other.0.contains(&subnetwork.0) => {
                    findings.extend(
                        users
                            .iter()
                            .map(|link| overlap(link, *subnetwork, others[0])),
                    );
                    if !told {
                        findings.extend(others.iter().map(|link| overlap(link, *other, users[0])));
                        told = true;
                    }
                }
                Some(_) | None => (widest, told) = (Some((subnetwork, users)), false),
            }
        }
    }
    findings
}

fn overlap(link: &Link, (cidr, region): (Ipv4Net, &Region), other: &Link) -> Diagnostic {
    let message = format!(
        "{cidr} in {region} overlaps the range that {} declares in {} of the same network",
        other.name, other.region
    );
    Diagnostic::new(Code::RangesOverlap, link.origin.clone(), message)
        .link(&link.name)
        .field("spec.egress.connector.managed.subnetwork.managed.cidr")
        .help("a range can be in one region of a network only; choose another free /28 for one of them")
}

/// A network that is not of the destination's project is internal to the destination only as a
/// Shared VPC that the destination itself sends traffic to
/// (docs/reference/google-cloud.md#internal-ingress). Whether a host project's network is attached
/// shows when the destination is read; a network of the source's own project is refused here,
/// unless another link attaches the destination to it.
fn unattached_destinations(links: &BTreeMap<LinkName, Link>) -> Vec<Diagnostic> {
    let attached: BTreeSet<(&ServiceRef, &NetworkRef)> = links
        .values()
        .map(|link| (&link.source, &link.network))
        .collect();
    links
        .values()
        .filter(|link| {
            link.network.project == link.source.project
                && link.network.project != link.destination.project
                && !attached.contains(&(&link.destination, &link.network))
        })
        .map(unattached)
        .collect()
}

fn unattached(link: &Link) -> Diagnostic {
    let Link {
        network,
        destination,
        ..
    } = link;
    let message = format!(
        "{destination} is in another project than {network}, so traffic from that network is not internal to it"
    );
    Diagnostic::new(Code::CrossProjectUnattached, link.origin.clone(), message)
        .link(&link.name)
        .field("spec.destination.service")
        .help("use a network of the destination's project, or that of a Shared VPC host project which both are attached to; or declare a link that starts at the destination and leads over this network")
}
