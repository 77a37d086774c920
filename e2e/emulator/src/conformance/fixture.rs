//! Things that several exercises need: made when the first of them runs, and kept until the end.

use serde_json::json;

use crate::conformance::exercise::{Exercise, Step};
use crate::conformance::exercises::plain_service;

/// A thing that is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fixture {
    /// Network `~`, without subnetworks of its own making.
    Network,
    /// Subnetwork `~-s` of network `~`, with a secondary range `pods`.
    Subnetwork,
    /// Service `~`, with Google's own sample image and no minimum of instances.
    Service,
}

impl Fixture {
    /// What it is, for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Fixture::Network => "a network",
            Fixture::Subnetwork => "a subnetwork of it",
            Fixture::Service => "a Cloud Run service that nobody calls",
        }
    }

    pub(crate) fn steps(self) -> Vec<Step> {
        let making = Exercise::new("fixture", self.title(), 0, &[]);
        let made = match self {
            Fixture::Network => making.make(
                "compute:global/networks",
                json!({ "name": "~", "autoCreateSubnetworks": false }),
            ),
            Fixture::Subnetwork => making.make(
                "compute:regions/{region}/subnetworks",
                json!({
                    "name": "~-s",
                    "network": "projects/{project}/global/networks/~",
                    "ipCidrRange": "10.200.0.0/28",
                    "secondaryIpRanges": [{ "rangeName": "pods", "ipCidrRange": "10.201.0.0/24" }],
                }),
            ),
            Fixture::Service => making.make("run:services?serviceId=~", plain_service()),
        };
        made.steps
    }
}
