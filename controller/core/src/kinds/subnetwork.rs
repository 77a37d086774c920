//! Subnetworks: the /28 that a connector lives on, ours or somebody's.
//!
//! Its range and network cannot be changed in place, so they are part of its name. Private Google Access
//! can, with a call of its own (`docs/reference/google-cloud.md#private-google-access`).

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::json;

use crate::kinds::{FieldChange, RegionalRef};
use crate::link::NetworkRef;
use crate::names::Mark;

/// Google's name for the one field that we change in place.
pub const PRIVATE_GOOGLE_ACCESS: &str = "privateIpGoogleAccess";

/// The fields that we compare. A range grows and never shrinks: that it grew is told and left.
pub const MANAGED: &[&str] = &[PRIVATE_GOOGLE_ACCESS, RANGE];

/// Google's name for the range, which can only be made wider.
pub const RANGE: &str = "ipCidrRange";

/// A subnetwork as we want it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnetwork {
    /// Which one.
    pub id: RegionalRef,
    /// The network that it belongs to.
    pub network: NetworkRef,
    /// Its primary range.
    pub cidr: Ipv4Net,
}

/// A subnetwork as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveSubnetwork {
    /// Which one.
    pub id: RegionalRef,
    /// The network that it belongs to.
    pub network: NetworkRef,
    /// Its primary range; `None` for IPv6-only subnetworks, which no connector can use.
    pub cidr: Option<Ipv4Net>,
    /// The field as stored. A public NAT may make it effective although this is false.
    pub private_google_access: bool,
    /// The mark in its description, if it carries one.
    pub mark: Option<Mark>,
}

impl Subnetwork {
    /// What there is once it is made.
    pub fn made(&self, mark: &Mark) -> LiveSubnetwork {
        LiveSubnetwork {
            id: self.id.clone(),
            network: self.network.clone(),
            cidr: Some(self.cidr),
            private_google_access: true,
            mark: Some(mark.clone()),
        }
    }

    /// The range as a field, if what is there has another one.
    pub fn differs_in_range(&self, live: &LiveSubnetwork) -> Vec<FieldChange> {
        if live.cidr == Some(self.cidr) {
            return Vec::new();
        }
        vec![FieldChange::new(RANGE, json!(live.cidr), json!(self.cidr))]
    }
}

impl LiveSubnetwork {
    /// What has to change so that Google's addresses are reached from here without an external address.
    pub fn wants_private_google_access(&self) -> Vec<FieldChange> {
        if self.private_google_access {
            return Vec::new();
        }
        vec![FieldChange::new(
            PRIVATE_GOOGLE_ACCESS,
            json!(false),
            json!(true),
        )]
    }
}
