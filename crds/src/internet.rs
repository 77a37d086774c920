//! How the source reaches the internet once its traffic enters the network.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::formats;

/// How the source reaches the internet: exactly one of the fields.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.nat), has(self.existing), has(self.none)].filter(is, is).size() == 1").message("set exactly one of: nat, existing, none (PL0052)"))]
pub struct Internet {
    /// By Cloud NAT: one that already serves the subnetwork, or an entry that is made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat: Option<Nat>,
    /// By a Cloud NAT that somebody else keeps; without it the link is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingInternet>,
    /// Not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none: Option<NoInternet>,
}

/// A Cloud NAT entry.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Nat {
    /// The addresses that the internet sees.
    #[serde(default)]
    pub addresses: NatAddresses,
    /// Ports per virtual machine; Google's default when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 57344))]
    pub min_ports_per_vm: Option<i32>,
    /// Somebody else's router to put the entry on; a router is made when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = formats::RESOURCE))]
    pub router: Option<String>,
}

/// The addresses that the internet sees: exactly one of the fields.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.auto) != has(self.manual)").message("set exactly one of: auto, manual (PL0052)"))]
pub struct NatAddresses {
    /// Google chooses them and may change them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<AutoAddresses>,
    /// Reserved external addresses, for whoever must know them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manual: Option<ManualAddresses>,
}

impl Default for NatAddresses {
    fn default() -> Self {
        Self {
            auto: Some(AutoAddresses {}),
            manual: None,
        }
    }
}

/// Google's choice needs no settings.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
pub struct AutoAddresses {}

/// Reserved external addresses, in the network's project and the source's region.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ManualAddresses {
    /// The names of the addresses.
    #[schemars(length(min = 1, max = 16), inner(length(max = 63), regex(pattern = formats::RESOURCE)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub names: Vec<String>,
}

/// An existing Cloud NAT needs no settings.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
pub struct ExistingInternet {}

/// Having no internet needs no settings.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
pub struct NoInternet {}
