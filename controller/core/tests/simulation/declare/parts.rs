//! The parts that declarations are made of.

use super::*;

impl Declarations {
    /// Some source asks for more machines.
    pub(crate) fn grow_one(&mut self, rng: &mut Rng) {
        let sources: Vec<ServiceRef> = self
            .links
            .values()
            .map(|link| link.source.clone())
            .collect();
        if !sources.is_empty() {
            let source = rng.pick(&sources).clone();
            self.grow(&source);
        }
    }

    /// A source asks for more machines; its links and its taste change together.
    pub(super) fn grow(&mut self, source: &ServiceRef) {
        let wider = |egress: &mut Egress| {
            if let Egress::Connector(ConnectorChoice::Managed { instances, .. }) = egress {
                instances.max = 10.min(instances.max + 2);
            }
        };
        for link in self
            .links
            .values_mut()
            .filter(|link| link.source == *source)
        {
            wider(&mut link.egress);
            seal(link);
        }
        if let Some(taste) = self.tastes.get_mut(source) {
            wider(&mut taste.egress);
        }
        // Links that shared the connector ask for less now, and the largest wish counts.
        self.grew = true;
    }

    /// Everybody who leaves from the range of some link agrees on another NAT for it, or somebody forgets the others.
    pub(crate) fn renew_nat(&mut self, rng: &mut Rng) {
        let links: Vec<&Link> = self.links.values().collect();
        if links.is_empty() {
            return;
        }
        let link = rng.pick(&links);
        let here = place(&link.source, &link.network, &link.egress);
        let slot = rng.below(4);
        let manual = if self.plain { 0 } else { 20 };
        let renewed = Internet::Nat(nat_choice(rng, slot, self.plain, manual));
        let all = self.plain || rng.percent(80);
        for link in self.links.values_mut() {
            let shares = place(&link.source, &link.network, &link.egress) == here;
            let internet = matches!(link.internet, Internet::Nat(_));
            if shares && internet && (all || rng.percent(50)) {
                link.internet = renewed.clone();
                seal(link);
            }
        }
        for (source, taste) in &mut self.tastes {
            let shares = place(source, &taste.network, &taste.egress) == here;
            if shares && matches!(taste.internet, Internet::Nat(_)) {
                taste.internet = renewed.clone();
            }
        }
        // Who comes later makes the old choice, and has to agree too.
        if self.plain {
            self.agreed.insert(here, renewed);
        }
    }
}

/// What a source leaves from, whatever the size of the connector.
pub(crate) fn place(source: &ServiceRef, network: &NetworkRef, egress: &Egress) -> String {
    let Egress::Connector(choice) = egress;
    let from = match choice {
        ConnectorChoice::Managed { subnetwork, .. } => format!("{subnetwork:?}"),
        ConnectorChoice::Existing(connector) => format!("{connector:?}"),
    };
    format!("{network} {} {from}", source.region)
}

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
