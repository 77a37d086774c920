//! The parts that declarations are made of.

use super::*;

pub(crate) fn nat_choice(rng: &mut Rng, slot: usize, plain: bool, manual: usize) -> NatChoice {
    let addresses = if rng.percent(manual) {
        Addresses::Manual(BTreeSet::from([[
            "ip-one", "ip-two", "ip-three", "ip-four",
        ][slot]
            .parse()
            .unwrap()]))
    } else {
        Addresses::Auto
    };
    let foreign = !plain && rng.percent(10);
    NatChoice {
        addresses,
        min_ports_per_vm: *rng.pick(&[None, None, Some(64), Some(256)]),
        router: foreign.then(|| "team-router".parse().unwrap()),
    }
}

pub(crate) fn existing_connector() -> Egress {
    Egress::Connector(ConnectorChoice::Existing(ConnectorRef {
        project: UNIVERSE.prod.clone(),
        region: UNIVERSE.here.clone(),
        name: "team-conn".parse().unwrap(),
    }))
}

/// Ranges never meet across regions: that would be refused before anything is decided.
pub(crate) fn cidr(source: &ServiceRef, network: &NetworkRef, slot: usize) -> ipnet::Ipv4Net {
    let region = u8::from(source.region != UNIVERSE.here);
    let second = if *network == UNIVERSE.main { 8 } else { 16 };
    format!("10.{second}.{region}.{}/28", slot * 16)
        .parse()
        .unwrap()
}

pub(crate) fn adopt(rng: &mut Rng, link: &mut Link) {
    let mut take = |kind,
                    project: &privatelink_core::ids::ProjectId,
                    region: &privatelink_core::ids::Region,
                    name: &str| {
        if rng.percent(35) {
            link.adopt.insert(Adoption {
                kind,
                project: project.clone(),
                region: region.clone(),
                name: name.parse().unwrap(),
            });
        }
    };
    let (source, destination) = (link.source.clone(), link.destination.clone());
    take(
        AdoptionKind::ServiceEgress,
        &source.project,
        &source.region,
        source.name.as_str(),
    );
    take(
        AdoptionKind::ServiceIngress,
        &destination.project,
        &destination.region,
        destination.name.as_str(),
    );
    take(
        AdoptionKind::Subnetwork,
        &UNIVERSE.prod,
        &UNIVERSE.here,
        "team-net",
    );
    take(
        AdoptionKind::Subnetwork,
        &UNIVERSE.prod,
        &UNIVERSE.here,
        "spare",
    );
}

pub(crate) fn digest(text: &str) -> Digest {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).unwrap()
}

/// Gives a link the digest of what it wishes; its policy is not part of that.
pub(crate) fn seal(link: &mut Link) {
    let wish = format!(
        "{}{}{:?}{}{:?}{:?}{:?}",
        link.source,
        link.destination,
        link.ingress,
        link.network,
        link.egress,
        link.internet,
        link.adopt
    );
    link.digest = digest(&hash(16, &[&wish]));
}
