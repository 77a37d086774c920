//! What the schema cannot say of one link.

use ipnet::Ipv4Net;

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::link::{
    Adoption, AdoptionKind, ConnectorChoice, Egress, Internet, Link, Routing, SubnetworkChoice,
};

/// Everything worth saying about a link on its own.
pub(super) fn check(link: &Link) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    findings.extend(to_itself(link));
    findings.extend(public_range(link));
    findings.extend(internet_cut_off(link));
    findings.extend(
        link.adopt
            .iter()
            .filter_map(|adoption| adopts_nothing(link, adoption)),
    );
    findings
}

fn finding(link: &Link, code: Code, field: &str, message: String) -> Diagnostic {
    Diagnostic::new(code, link.origin.clone(), message)
        .link(&link.name)
        .field(field)
}

fn to_itself(link: &Link) -> Option<Diagnostic> {
    let message = format!("source and destination are both {}", link.source);
    (link.source == link.destination).then(|| {
        finding(
            link,
            Code::LinkToItself,
            "spec.destination.service",
            message,
        )
        .help("that works: its calls to its own URL go through the network; name another destination if it was not meant")
    })
}

/// Ranges that a subnetwork may have without hiding a part of the internet
/// (docs/reference/google-cloud.md#subnetwork-ranges).
const PRIVATE_RANGES: [&str; 11] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
];

fn public_range(link: &Link) -> Option<Diagnostic> {
    let cidr = managed_range(link)?;
    let private = PRIVATE_RANGES
        .iter()
        .filter_map(|range| range.parse::<Ipv4Net>().ok())
        .any(|range| range.contains(&cidr));
    (!private).then(|| {
        let field = "spec.egress.connector.managed.subnetwork.managed.cidr";
        let message = format!("{cidr} is not a private range");
        finding(link, Code::RangePublic, field, message)
            .help("choose a free /28 of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10")
    })
}

/// The range of the subnetwork that is made for a link.
pub(super) fn managed_range(link: &Link) -> Option<Ipv4Net> {
    match &link.egress {
        Egress::Connector(ConnectorChoice::Managed {
            subnetwork: SubnetworkChoice::Managed { cidr },
            machine_type: _,
            instances: _,
        }) => Some(*cidr),
        Egress::Connector(
            ConnectorChoice::Existing(_)
            | ConnectorChoice::Managed {
                subnetwork: SubnetworkChoice::Existing { .. },
                ..
            },
        ) => None,
    }
}

fn internet_cut_off(link: &Link) -> Option<Diagnostic> {
    match (link.routing, &link.internet) {
        (Routing::AllTraffic, Internet::None) => {
            let message = "all of the source's traffic enters the network, and nothing there leads to the internet";
            Some(
                finding(
                    link,
                    Code::InternetCutOff,
                    "spec.internet.none",
                    message.to_owned(),
                )
                .help(
                    "leave `internet` out to keep what the source has; Google APIs work either way",
                ),
            )
        }
        (Routing::AllTraffic, Internet::Nat(_) | Internet::Existing)
        | (Routing::PrivateRangesOnly, _) => None,
    }
}

fn adopts_nothing(link: &Link, adoption: &Adoption) -> Option<Diagnostic> {
    let Adoption {
        kind,
        project,
        region,
        name,
    } = adoption;
    let service = |service: &crate::link::ServiceRef| {
        service.project == *project
            && service.region == *region
            && service.name.as_str() == name.as_str()
    };
    let (is_used, uses) = match kind {
        AdoptionKind::ServiceEgress => (service(&link.source), link.source.to_string()),
        AdoptionKind::ServiceIngress => (
            link.ingress.is_some() && service(&link.destination),
            match link.ingress {
                Some(_) => link.destination.to_string(),
                None => "no ingress, which is Unmanaged".to_owned(),
            },
        ),
        AdoptionKind::Subnetwork => adopted_subnetwork(link, adoption),
    };
    (!is_used).then(|| {
        let message = format!("the link does not use {kind} `{name}` in {project}, {region}");
        finding(link, Code::AdoptsNothing, "spec.adopt", message).help(format!("it uses {uses}"))
    })
}

/// An existing connector's subnetwork is known only when it is read, so any in its network counts.
fn adopted_subnetwork(link: &Link, adoption: &Adoption) -> (bool, String) {
    let here = adoption.project == link.network.project && adoption.region == link.region;
    let place = format!("in {}, {}", link.network.project, link.region);
    match &link.egress {
        Egress::Connector(ConnectorChoice::Existing(_)) => (
            here,
            format!("the subnetwork of an existing connector {place}"),
        ),
        Egress::Connector(ConnectorChoice::Managed { subnetwork, .. }) => match subnetwork {
            SubnetworkChoice::Existing { name } => {
                (here && *name == adoption.name, format!("`{name}` {place}"))
            }
            SubnetworkChoice::Managed { .. } => (
                false,
                "a subnetwork of its own, which needs no adoption".to_owned(),
            ),
        },
    }
}
