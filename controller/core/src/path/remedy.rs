//! What to do about a path that does not work, or about what waits for somebody: one sentence per cause. The page of the code says more.

use crate::codes::Code;

const REMEDIES: [(Code, &str); 12] = [
    (
        Code::RevisionFailed,
        "look at the logs of the new revision and deploy the service again: Cloud Run does not try a failed revision again",
    ),
    (
        Code::RevisionNotReady,
        "wait until the service is rolled out and run again; if it stays, look at the logs of the revision",
    ),
    (
        Code::RevisionWithoutEgress,
        "the source is changed once what it leaves through is ready: see to what failed or is waited for, and run again",
    ),
    (
        Code::TrafficPinned,
        "send all of the source's traffic to its latest revision, and remove tags that nobody uses",
    ),
    (
        Code::ServiceMissing,
        "deploy it first, or correct its name, region or project",
    ),
    (
        Code::ConnectorNotReady,
        "wait until the connector is ready and run again",
    ),
    (
        Code::PrivateAccessOff,
        "switch Private Google Access on for the subnetwork, or adopt the subnetwork so that privatelink does",
    ),
    (
        Code::NoDefaultRoute,
        "give the network a route to 0.0.0.0/0 whose next hop is the default internet gateway, and take away or narrow a route that is named",
    ),
    (
        Code::NetworkNotAdmitted,
        "put source, network and destination into projects that internal ingress admits: one project, or one Shared VPC",
    ),
    (
        Code::DefaultUrlDisabled,
        "enable the destination's default URL: `gcloud run services update SERVICE --default-url`",
    ),
    (
        Code::UsedByService,
        "deploy that service again without the connector; where a revision failed, the one before it still serves through \
         the connector. A later run deletes it",
    ),
    (
        Code::SubnetworkMissing,
        "check which subnetwork the connector is on, and that it still exists",
    ),
];

/// What somebody can do about it, where that can be said without knowing more.
pub(crate) fn remedy(code: Code) -> Option<&'static str> {
    let found = REMEDIES.iter().find(|(about, _)| *about == code);
    found.map(|(_, remedy)| *remedy)
}
