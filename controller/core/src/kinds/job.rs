//! A Cloud Run job as it is. No link starts or ends at one; jobs are read only where a connector of ours is about to go,
//! or its NAT, because somebody's job may leave through it (`docs/reference/google-cloud.md#connector-in-use`).

use serde::Serialize;

use crate::kinds::{RegionalRef, VpcAccess};

/// A live job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Which one.
    pub id: RegionalRef,
    /// How the traffic of its next execution leaves; `None` when it does not enter a VPC.
    pub vpc_access: Option<VpcAccess>,
}
