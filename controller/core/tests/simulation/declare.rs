//! Declarations, and how people edit them.

#[path = "declare/parts.rs"]
mod parts;

pub(crate) use parts::*;
use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::decide::Wishes;
use privatelink_core::diagnostic::Origin;
use privatelink_core::ids::LinkName;
use privatelink_core::link::{
    Access, Addresses, Adoption, AdoptionKind, ConnectorChoice, ConnectorRef, Deletion, Digest,
    Egress, Ingress, Instances, Internet, Link, LinkPolicy, MachineType, NatChoice, NetworkRef,
    Reconcile, Routing, ServiceRef, SubnetworkChoice,
};
use privatelink_core::names::hash;

use crate::rng::Rng;
use crate::universe::UNIVERSE;

/// What one team wishes for its source: all of its links share it unless somebody errs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Taste {
    network: NetworkRef,
    egress: Egress,
    internet: Internet,
}

/// The declarations of a history as they change.
pub(crate) struct Declarations {
    /// Nobody errs and nothing of others is in the way: every link has to become ready.
    plain: bool,
    /// Most links do without the internet, so that Private Google Access is all they have.
    dry: bool,
    links: BTreeMap<LinkName, Link>,
    broken: BTreeSet<LinkName>,
    tastes: BTreeMap<ServiceRef, Taste>,
    machine: MachineType,
    nats: [NatChoice; 4],
    /// What was agreed on since for a place that sources leave from.
    agreed: BTreeMap<String, Internet>,
    born: usize,
    /// Has any link ever asked to stay after its declaration is gone?
    pub(crate) stays: bool,
    /// Has any link ever used a subnetwork of others? Then no aggregated list need show our mark in its region,
    /// and what is gone from the declarations is found only where something else is declared.
    unmarked: bool,
    /// Has any connector grown? One that shrinks again is refused.
    pub(crate) grew: bool,
}

impl Declarations {
    pub(crate) fn new(rng: &mut Rng, plain: bool, focus: &str) -> Self {
        let manual = if focus.ends_with("Address") { 60 } else { 20 };
        let mut nats = std::array::from_fn(|slot| nat_choice(rng, slot, plain, manual));
        if focus == "PutNat" {
            // All share an entry until somebody wishes otherwise.
            nats = std::array::from_fn(|_| NatChoice {
                addresses: Addresses::Auto,
                ..nats[0].clone()
            });
        }
        let mut made = Self {
            plain,
            dry: focus == "SetPrivateGoogleAccess",
            links: BTreeMap::new(),
            broken: BTreeSet::new(),
            tastes: BTreeMap::new(),
            machine: *rng.pick(&[MachineType::E2Micro, MachineType::F1Micro]),
            nats,
            agreed: BTreeMap::new(),
            born: 0,
            stays: false,
            unmarked: false,
            grew: false,
        };
        for _ in 0..=rng.below(4) {
            made.add(rng);
        }
        made
    }

    pub(crate) fn wishes(&self, complete: bool) -> Wishes {
        let valid = self
            .links
            .values()
            .filter(|link| !self.broken.contains(&link.name));
        Wishes {
            links: valid.cloned().collect(),
            broken: self.broken.clone(),
            complete,
        }
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Does everything leave our mark in its region, so that it is found without a declaration?
    pub(crate) fn marked(&self) -> bool {
        !self.unmarked
    }

    pub(crate) fn mend(&mut self) {
        self.broken.clear();
    }

    /// Everything is taken away, up to suspended links that only say where to look: at the sources, but not at every
    /// network that they were in, when it is `far`.
    pub(crate) fn clear(&mut self, rng: &mut Rng, far: bool) {
        let mut samples: Vec<Link> = if self.unmarked || !self.plain {
            self.anchors(rng)
        } else {
            Vec::new()
        };
        for link in samples.iter_mut().filter(|_| far) {
            link.network = UNIVERSE.main.clone();
        }
        self.links = samples
            .into_iter()
            .map(|link| (link.name.clone(), link))
            .collect();
        self.broken.clear();
    }

    fn anchors(&mut self, rng: &mut Rng) -> Vec<Link> {
        let services = &UNIVERSE.services;
        let pairs = [(0, 1), (4, 0), (5, 6)];
        let anchor = |(from, to): (usize, usize)| {
            let mut link = self.link(rng, services[from].clone(), services[to].clone());
            link.policy = LinkPolicy {
                reconcile: Reconcile::Enforce,
                deletion: Deletion::Restore,
                suspend: true,
            };
            link
        };
        pairs.map(anchor).into()
    }

    fn add(&mut self, rng: &mut Rng) {
        let services = if self.plain {
            &UNIVERSE.services[..5]
        } else {
            &UNIVERSE.services[..]
        };
        let source = rng.pick(services).clone();
        let destination = rng.pick(services).clone();
        if source != destination {
            let link = self.link(rng, source, destination);
            self.links.insert(link.name.clone(), link);
        }
    }

    fn link(&mut self, rng: &mut Rng, source: ServiceRef, destination: ServiceRef) -> Link {
        let taste = match self.tastes.get(&source) {
            Some(taste) if self.plain || rng.percent(93) => taste.clone(),
            Some(_) | None => self.taste(rng, &source),
        };
        self.tastes
            .entry(source.clone())
            .or_insert_with(|| taste.clone());
        self.born += 1;
        let name: LinkName = format!("sim/l{}", self.born).parse().unwrap();
        let policy = self.policy(rng);
        let ingress = rng.weighted(&[
            (60, Some(Ingress::Internal)),
            (15, Some(Ingress::InternalAndCloudLoadBalancing)),
            (10, Some(Ingress::All)),
            (15, None),
        ]);
        let mut link = Link {
            name,
            origin: Origin::CommandLine,
            project: source.project.clone(),
            region: source.region.clone(),
            source,
            destination,
            ingress,
            network: taste.network,
            egress: taste.egress,
            routing: Routing::AllTraffic,
            access: Access::PrivateGoogleAccess,
            internet: taste.internet,
            adopt: BTreeSet::new(),
            policy,
            digest: digest(""),
        };
        if !self.plain {
            adopt(rng, &mut link);
        }
        seal(&mut link);
        link
    }

    fn policy(&mut self, rng: &mut Rng) -> LinkPolicy {
        let deletion = rng.weighted(&[
            (90, Deletion::Restore),
            (5, Deletion::Abandon),
            (5, Deletion::Protect),
        ]);
        self.stays |= deletion != Deletion::Restore;
        LinkPolicy {
            reconcile: if rng.percent(93) {
                Reconcile::Enforce
            } else {
                Reconcile::Report
            },
            deletion,
            suspend: rng.percent(4),
        }
    }

    fn taste(&mut self, rng: &mut Rng, source: &ServiceRef) -> Taste {
        let at_home = source.project == UNIVERSE.prod;
        let network = if !self.plain && (!at_home || rng.percent(10)) {
            UNIVERSE.shared.clone()
        } else {
            UNIVERSE.main.clone()
        };
        let near = network == UNIVERSE.main && source.region == UNIVERSE.here;
        let slot = rng.below(3);
        let (egress, slot) = match rng.below(10) {
            0 | 1 if near => (existing_connector(), 3),
            2 if near => (
                self.managed(
                    rng,
                    SubnetworkChoice::Existing {
                        name: "spare".parse().unwrap(),
                    },
                ),
                3,
            ),
            _ => (
                self.managed(
                    rng,
                    SubnetworkChoice::Managed {
                        cidr: cidr(source, &network, slot),
                    },
                ),
                slot,
            ),
        };
        self.unmarked |= slot == 3;
        let mut internet = self.internet(rng, slot);
        if let (Internet::Nat(_), Some(agreed)) = (
            &internet,
            self.agreed.get(&place(source, &network, &egress)),
        ) {
            internet = agreed.clone();
        }
        Taste {
            network,
            egress,
            internet,
        }
    }

    fn managed(&self, rng: &mut Rng, subnetwork: SubnetworkChoice) -> Egress {
        let odd = !self.plain && rng.percent(5);
        Egress::Connector(ConnectorChoice::Managed {
            subnetwork,
            machine_type: if odd {
                MachineType::E2Standard4
            } else {
                self.machine
            },
            instances: if self.plain {
                // Links that share a connector agree: one that shrinks is refused.
                Instances { min: 2, max: 4 }
            } else {
                *rng.pick(&[
                    Instances { min: 2, max: 3 },
                    Instances { min: 2, max: 4 },
                    Instances { min: 3, max: 6 },
                ])
            },
        })
    }

    fn internet(&self, rng: &mut Rng, slot: usize) -> Internet {
        if self.dry && rng.percent(70) {
            return Internet::None;
        }
        match rng.below(if self.plain { 10 } else { 14 }) {
            0..=7 => Internet::Nat(self.nats[slot].clone()),
            8 | 9 => Internet::None,
            10 => Internet::Existing,
            _ => {
                let other = rng.below(4);
                Internet::Nat(self.nats[other].clone())
            }
        }
    }

    /// Somebody edits the declarations.
    pub(crate) fn edit(&mut self, rng: &mut Rng) -> &'static str {
        let names: Vec<LinkName> = self.links.keys().cloned().collect();
        if names.is_empty() {
            self.add(rng);
            return "add";
        }
        let name = rng.pick(&names).clone();
        match rng.below(15) {
            0..=2 => {
                self.add(rng);
                "add"
            }
            3 | 4 => {
                self.links.remove(&name);
                self.broken.remove(&name);
                "remove"
            }
            5 | 6 => {
                let source = self.links[&name].source.clone();
                let taste = self.taste(rng, &source);
                self.tastes.insert(source.clone(), taste.clone());
                for link in self.links.values_mut().filter(|link| link.source == source) {
                    link.network = taste.network.clone();
                    link.egress = taste.egress.clone();
                    link.internet = taste.internet.clone();
                    seal(link);
                }
                "move"
            }
            7 => {
                self.renew_nat(rng);
                "renew nat choice"
            }
            8 => {
                self.broken.insert(name);
                "break"
            }
            9 => {
                self.broken.clear();
                "mend"
            }
            12 | 13 => {
                let source = self.links[&name].source.clone();
                self.grow(&source);
                "grow"
            }
            14 => {
                self.links.clear();
                self.broken.clear();
                "remove all"
            }
            10 => {
                let policy = self.policy(rng);
                if let Some(link) = self.links.get_mut(&name) {
                    link.policy = policy;
                }
                "change policy"
            }
            _ => {
                let ingress = *rng.pick(&[
                    None,
                    Some(Ingress::Internal),
                    Some(Ingress::InternalAndCloudLoadBalancing),
                    Some(Ingress::All),
                ]);
                if let Some(link) = self.links.get_mut(&name) {
                    link.ingress = ingress;
                    seal(link);
                }
                "change ingress"
            }
        }
    }
}
