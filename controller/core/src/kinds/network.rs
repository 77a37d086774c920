//! VPC networks: read, never written. A link names one; it must exist.

use ipnet::Ipv4Net;
use serde::Serialize;

use crate::link::NetworkRef;

/// A live network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Which one.
    pub id: NetworkRef,
    /// Who makes its subnetworks.
    pub mode: Mode,
}

/// Where a network's subnetworks come from (`docs/reference/google-cloud.md#subnetwork-ranges`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// People make them.
    Custom,
    /// Google makes one in each region, out of [`Network::auto_ranges`]; people may add others outside of it.
    Auto,
    /// There are none: one range for all regions, as it was before there were subnetworks.
    Legacy,
}

impl Network {
    /// What Google keeps for the subnetworks that it makes itself, if it makes any here.
    pub fn auto_ranges(&self) -> Option<Ipv4Net> {
        match self.mode {
            Mode::Auto => Some(AUTO_RANGES),
            Mode::Custom | Mode::Legacy => None,
        }
    }
}

/// `10.128.0.0/9`.
const AUTO_RANGES: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 128, 0, 0), 9);
