//! The fields of a subnetwork, as Compute's API describes them.

use crate::compute;
use crate::fields::{Field, Fields};

const LOG_CONFIG: Fields = &[
    (
        "aggregationInterval",
        Field::Word(&[
            "INTERVAL_10_MIN",
            "INTERVAL_15_MIN",
            "INTERVAL_1_MIN",
            "INTERVAL_30_SEC",
            "INTERVAL_5_MIN",
            "INTERVAL_5_SEC",
        ]),
    ),
    ("enable", Field::Bool),
    ("filterExpr", Field::Text),
    ("flowSampling", Field::Real),
    (
        "metadata",
        Field::Word(&[
            "CUSTOM_METADATA",
            "EXCLUDE_ALL_METADATA",
            "INCLUDE_ALL_METADATA",
        ]),
    ),
    ("metadataFields", Field::Texts),
];

const SECONDARY_RANGE: Fields = &[
    ("ipCidrRange", Field::Text),
    ("ipCollection", Field::Text),
    (
        "ipVersion",
        Field::Word(&["IPV4", "IPV6", "IP_VERSION_UNSPECIFIED"]),
    ),
    ("rangeName", Field::Text),
    ("reservedInternalRange", Field::Text),
];

/// `Subnetwork`.
pub(super) const FIELDS: Fields = &[
    ("allowSubnetCidrRoutesOverlap", Field::Bool),
    ("creationTimestamp", Field::Output),
    ("description", Field::Text),
    ("enableFlowLogs", Field::Bool),
    ("externalIpv6Prefix", Field::Text),
    ("fingerprint", Field::Text),
    ("gatewayAddress", Field::Output),
    ("id", Field::Output),
    ("internalIpv6Prefix", Field::Text),
    ("ipCidrRange", Field::Text),
    ("ipCollection", Field::Text),
    ("ipv6AccessType", Field::Word(&["EXTERNAL", "INTERNAL"])),
    ("ipv6CidrRange", Field::Output),
    ("ipv6GceEndpoint", Field::Output),
    ("kind", Field::Output),
    ("logConfig", Field::Object(LOG_CONFIG)),
    ("name", Field::Text),
    ("network", Field::Text),
    ("params", compute::PARAMS),
    ("privateIpGoogleAccess", Field::Bool),
    (
        "privateIpv6GoogleAccess",
        Field::Word(&[
            "DISABLE_GOOGLE_ACCESS",
            "ENABLE_BIDIRECTIONAL_ACCESS_TO_GOOGLE",
            "ENABLE_OUTBOUND_VM_ACCESS_TO_GOOGLE",
        ]),
    ),
    (
        "purpose",
        Field::Word(&[
            "GLOBAL_MANAGED_PROXY",
            "INTERNAL_HTTPS_LOAD_BALANCER",
            "PEER_MIGRATION",
            "PRIVATE",
            "PRIVATE_NAT",
            "PRIVATE_RFC_1918",
            "PRIVATE_SERVICE_CONNECT",
            "REGIONAL_MANAGED_PROXY",
        ]),
    ),
    ("region", Field::Output),
    ("reservedInternalRange", Field::Text),
    (
        "resolveSubnetMask",
        Field::Word(&[
            "ARP_ALL_RANGES",
            "ARP_BROADCAST_PRIMARY_RANGE",
            "ARP_BROADCAST_PRIMARY_RANGE_WITH_LEARNING",
            "ARP_PRIMARY_RANGE",
        ]),
    ),
    ("role", Field::Word(&["ACTIVE", "BACKUP"])),
    ("secondaryIpRanges", Field::List(SECONDARY_RANGE)),
    ("selfLink", Field::Output),
    (
        "stackType",
        Field::Word(&["IPV4_IPV6", "IPV4_ONLY", "IPV6_ONLY"]),
    ),
    ("state", Field::Output),
    ("systemReservedExternalIpv6Ranges", Field::Output),
    ("systemReservedInternalIpv6Ranges", Field::Output),
    ("utilizationDetails", Field::Output),
];
