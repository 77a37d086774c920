//! NAT entries: one element of a router's `nats` list. It gives a source the internet back when all of
//! its traffic enters the VPC, and makes Private Google Access effective on what it serves
//! (`docs/reference/google-cloud.md#effective-private-google-access`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::ids::ResourceName;
use crate::kinds::{FieldChange, RegionalRef};

/// NAT entries per router (`docs/reference/google-cloud.md#nat-limits`).
pub const NATS_PER_ROUTER: usize = 50;
/// Subnet ranges per NAT entry (`docs/reference/google-cloud.md#nat-limits`). One more needs a second entry.
pub const SUBNETWORKS_PER_NAT: usize = 50;

/// The fields of an entry that we manage.
pub const MANAGED: &[&str] = &[
    "natIpAllocateOption",
    "natIps",
    "sourceSubnetworkIpRangesToNat",
    "subnetworks",
    "minPortsPerVm",
];

/// Identity of a NAT entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NatRef {
    /// The router whose list it stands in.
    pub router: RegionalRef,
    /// Its name in that list.
    pub name: ResourceName,
}

/// Which external addresses an entry sends from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum NatAddresses {
    /// Google chooses and changes them.
    Auto,
    /// These reserved addresses, in the router's project and region.
    Manual(BTreeSet<ResourceName>),
}

/// A NAT entry as we want it. Always public, for the listed subnetworks only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Nat {
    /// Which one.
    pub id: NatRef,
    /// Where it sends from.
    pub addresses: NatAddresses,
    /// The subnetworks that it serves, all ranges of each; at most [`SUBNETWORKS_PER_NAT`].
    pub subnetworks: BTreeSet<RegionalRef>,
    /// `None` leaves Google's default.
    pub min_ports_per_vm: Option<u32>,
}

/// Which subnetworks a live entry serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum NatSources {
    /// Every range of every subnetwork of the network and region.
    AllRanges,
    /// The primary range of every subnetwork.
    AllPrimaryRanges,
    /// These, each with the ranges as Google spells them (`ALL_IP_RANGES`, `PRIMARY_IP_RANGE`, ...).
    Listed(BTreeMap<RegionalRef, BTreeSet<String>>),
}

/// A NAT entry as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveNat {
    /// Its name in the router's list.
    pub name: ResourceName,
    /// Private NAT translates between networks and gives nobody the internet; neither does one for proxies give it to
    /// anything else.
    pub public: bool,
    /// Where it sends from.
    pub addresses: NatAddresses,
    /// What it serves.
    pub sources: NatSources,
    /// As sent by whoever made it; `None` when never sent.
    pub min_ports_per_vm: Option<u32>,
}

impl LiveNat {
    /// Does it give this subnetwork's primary range the internet?
    pub fn covers(&self, subnetwork: &RegionalRef) -> bool {
        // One that only drains addresses accepts no new connection.
        let sends = self.addresses != NatAddresses::Manual(BTreeSet::new());
        self.public
            && sends
            && match &self.sources {
                NatSources::AllRanges | NatSources::AllPrimaryRanges => true,
                NatSources::Listed(listed) => listed.get(subnetwork).is_some_and(|ranges| {
                    ranges.contains("ALL_IP_RANGES") || ranges.contains("PRIMARY_IP_RANGE")
                }),
            }
    }

    /// The subnetworks it names, if it names any.
    pub fn listed(&self) -> impl Iterator<Item = &RegionalRef> {
        match &self.sources {
            NatSources::Listed(listed) => Some(listed.keys()),
            NatSources::AllRanges | NatSources::AllPrimaryRanges => None,
        }
        .into_iter()
        .flatten()
    }
}

impl Nat {
    /// What there is once it is put into a router that had no entry of its name.
    pub fn made(&self) -> LiveNat {
        let all = BTreeSet::from(["ALL_IP_RANGES".to_owned()]);
        let listed = self.subnetworks.iter().map(|id| (id.clone(), all.clone()));
        LiveNat {
            name: self.id.name.clone(),
            public: true,
            addresses: self.addresses.clone(),
            sources: NatSources::Listed(listed.collect()),
            min_ports_per_vm: self.min_ports_per_vm,
        }
    }

    /// What has to change in a live entry of this name. Fields that we do not manage are not looked at.
    pub fn diff(&self, live: &LiveNat) -> Vec<FieldChange> {
        let mut changes = Vec::new();
        let (was, will) = (option(&live.addresses), option(&self.addresses));
        if was != will {
            changes.push(FieldChange::new(
                "natIpAllocateOption",
                json!(was),
                json!(will),
            ));
        }
        if live.addresses != self.addresses && (names(&live.addresses) != names(&self.addresses)) {
            changes.push(FieldChange::new(
                "natIps",
                names(&live.addresses),
                names(&self.addresses),
            ));
        }
        let wanted: BTreeMap<RegionalRef, BTreeSet<String>> = self
            .subnetworks
            .iter()
            .map(|id| (id.clone(), BTreeSet::from(["ALL_IP_RANGES".to_owned()])))
            .collect();
        if !matches!(live.sources, NatSources::Listed(_)) {
            let was = json!(sources_option(&live.sources));
            changes.push(FieldChange::new(
                "sourceSubnetworkIpRangesToNat",
                was,
                json!("LIST_OF_SUBNETWORKS"),
            ));
        }
        if live.sources != NatSources::Listed(wanted) {
            let was: Vec<String> = live.listed().map(|id| id.compute("subnetworks")).collect();
            let will: Vec<String> = self
                .subnetworks
                .iter()
                .map(|id| id.compute("subnetworks"))
                .collect();
            changes.push(FieldChange::new("subnetworks", json!(was), json!(will)));
        }
        if live.min_ports_per_vm != self.min_ports_per_vm {
            changes.push(FieldChange::new(
                "minPortsPerVm",
                json!(live.min_ports_per_vm),
                json!(self.min_ports_per_vm),
            ));
        }
        changes
    }
}

fn option(addresses: &NatAddresses) -> &'static str {
    match addresses {
        NatAddresses::Auto => "AUTO_ONLY",
        NatAddresses::Manual(_) => "MANUAL_ONLY",
    }
}

fn names(addresses: &NatAddresses) -> Value {
    match addresses {
        NatAddresses::Auto => json!([]),
        NatAddresses::Manual(names) => json!(names),
    }
}

fn sources_option(sources: &NatSources) -> &'static str {
    match sources {
        NatSources::AllRanges => "ALL_SUBNETWORKS_ALL_IP_RANGES",
        NatSources::AllPrimaryRanges => "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES",
        NatSources::Listed(_) => "LIST_OF_SUBNETWORKS",
    }
}
