//! VPC networks: read, never written. A link names one; it must exist.

use serde::Serialize;

use crate::link::NetworkRef;

/// A live network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Which one.
    pub id: NetworkRef,
    /// Auto mode networks bring a subnet per region from 10.128.0.0/9, which a declared range must not touch.
    pub auto_mode: bool,
}
