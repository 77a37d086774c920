//! The fields of what a router speaks BGP with. They are kept, and do nothing: no traffic is carried.

use crate::fields::{Field, Fields};

const RANGE: Fields = &[("description", Field::Text), ("range", Field::Text)];

/// `RouterBgp`.
pub(super) const BGP: Fields = &[
    ("advertiseMode", Field::Word(&["CUSTOM", "DEFAULT"])),
    ("advertisedGroups", Field::Words(&["ALL_SUBNETS"])),
    ("advertisedIpRanges", Field::List(RANGE)),
    ("asn", Field::Int),
    ("identifierRange", Field::Text),
    ("keepaliveInterval", Field::Int),
];

const BFD: Fields = &[
    ("minReceiveInterval", Field::Int),
    ("minTransmitInterval", Field::Int),
    ("multiplier", Field::Int),
    (
        "sessionInitializationMode",
        Field::Word(&["ACTIVE", "DISABLED", "PASSIVE"]),
    ),
];

/// `RouterBgpPeer`.
pub(super) const PEER: Fields = &[
    ("advertiseMode", Field::Word(&["CUSTOM", "DEFAULT"])),
    ("advertisedGroups", Field::Words(&["ALL_SUBNETS"])),
    ("advertisedIpRanges", Field::List(RANGE)),
    ("advertisedRoutePriority", Field::Int),
    ("bfd", Field::Object(BFD)),
    (
        "customLearnedIpRanges",
        Field::List(&[("range", Field::Text)]),
    ),
    ("customLearnedRoutePriority", Field::Int),
    ("enable", Field::Word(&["FALSE", "TRUE"])),
    ("enableIpv4", Field::Bool),
    ("enableIpv6", Field::Bool),
    ("exportPolicies", Field::Texts),
    ("importPolicies", Field::Texts),
    ("interfaceName", Field::Text),
    ("ipAddress", Field::Text),
    ("ipv4NexthopAddress", Field::Text),
    ("ipv6NexthopAddress", Field::Text),
    ("managementType", Field::Output),
    ("md5AuthenticationKeyName", Field::Text),
    ("name", Field::Text),
    ("peerAsn", Field::Int),
    ("peerIpAddress", Field::Text),
    ("peerIpv4NexthopAddress", Field::Text),
    ("peerIpv6NexthopAddress", Field::Text),
    ("routerApplianceInstance", Field::Text),
];

/// `RouterInterface`.
pub(super) const INTERFACE: Fields = &[
    ("ipRange", Field::Text),
    ("ipVersion", Field::Word(&["IPV4", "IPV6"])),
    ("linkedInterconnectAttachment", Field::Text),
    ("linkedVpnTunnel", Field::Text),
    ("managementType", Field::Output),
    ("name", Field::Text),
    ("privateIpAddress", Field::Text),
    ("redundantInterface", Field::Text),
    ("subnetwork", Field::Text),
];

/// `RouterMd5AuthenticationKey`.
pub(super) const KEY: Fields = &[("key", Field::Text), ("name", Field::Text)];
