//! What sort of value a field holds: one that must be the same, or one that the server makes up, which has a form
//! and is bound.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::replay::bindings::Sort;

/// What sort of value a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Said by the caller or fixed by the API: must be the same.
    Said,
    /// The identifier of the object itself, or of an operation's target.
    Id,
    TargetId,
    /// A link that ends in the identifier.
    LinkWithId,
    /// A count as text.
    Count,
    Bound(Sort),
}

/// Constants that stand for made-up values in published recordings: the value is gone, its form is not.
const REDACTED: [&str; 9] = [
    "000000000000000000000",
    "111111111111111111111",
    "12345678901234",
    "2024-04-01T12:34:56.123456Z",
    "2025-01-01T00:00:00Z",
    // Stands for inner addresses, too.
    "8.8.8.8",
    "abcdef0123A=",
    "user@example.com",
    "${creatorID}",
];

pub(super) fn is_redacted(recorded: &str) -> bool {
    REDACTED.contains(&recorded)
}

pub(super) fn kind_of(name: &str, parent: &Map<String, Value>, text: &str) -> Kind {
    let operation = parent
        .get("kind")
        .is_some_and(|it| it == "compute#operation")
        || text.contains("/operations/");
    match name {
        // A list's is its path.
        "id" if text.contains('/') => Kind::Said,
        "id" => Kind::Id,
        "targetId" => Kind::TargetId,
        "selfLinkWithId" => Kind::LinkWithId,
        "generation" | "observedGeneration" => Kind::Count,
        "uid" => Kind::Bound(Sort::Uid),
        "etag" | "fingerprint" | "labelFingerprint" | "resourceVersion" => {
            Kind::Bound(Sort::Version)
        }
        "creator" | "lastModifier" | "user" => Kind::Bound(Sort::Caller),
        "address" | "IPAddress" | "internalIpv6Range" => Kind::Bound(Sort::Address),
        "uri" | "latestCreatedRevision" | "latestReadyRevision" => Kind::Bound(Sort::Name),
        "name" if operation => Kind::Bound(Sort::Name),
        _ if name.ends_with("/creator") || name.ends_with("/lastModifier") => {
            Kind::Bound(Sort::Caller)
        }
        _ if name.ends_with("Time") || name.ends_with("Timestamp") => Kind::Bound(Sort::Time),
        _ => Kind::Said,
    }
}

/// How long a made-up value stays what it is in answers about one object, whatever stands for it in the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    /// As long as the object is there.
    Always,
    /// Until something is written.
    Unwritten,
}

/// How long the field of an object keeps its value. When an operation begins and ends is settled once, too.
pub(super) fn lasting(name: &str) -> Lasting {
    match name {
        "uid" | "createTime" | "creationTimestamp" | "creator" | "insertTime" | "startTime"
        | "endTime" | "address" | "IPAddress" | "internalIpv6Range" => Lasting::Always,
        _ => Lasting::Unwritten,
    }
}

/// Whether a text is what the field can hold.
pub(super) fn has_form(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Said | Kind::LinkWithId => true,
        Kind::Id | Kind::TargetId | Kind::Count => {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        Kind::Bound(Sort::Time) => text.parse::<Timestamp>().is_ok(),
        Kind::Bound(Sort::Address) => text.contains(['.', ':']),
        Kind::Bound(Sort::Number | Sort::Uid | Sort::Version | Sort::Caller | Sort::Name) => {
            !text.is_empty()
        }
    }
}
