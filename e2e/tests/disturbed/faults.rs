//! Every way in which Google misbehaves to order (`docs/reference/emulator.md`), from one list, and for each
//! operation that a fault is not for, the reason.

use serde_json::{Value, json};

use crate::meddling;
use crate::operations::Sort;

/// A fault of the reference. `ALL` has them in the order of their columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    ApiDisabled,
    PermissionDenied,
    RateLimitExceeded,
    TooManyRequests,
    RetryAfter,
    QuotaExceeded,
    InternalError,
    Unavailable,
    Refused,
    Latency,
    ResetBefore,
    ResetAfter,
    Truncate,
    Body,
    ClockSkew,
    OperationError,
    OperationNever,
    ConnectorError,
    Unreachable,
    /// A few writes behind.
    StaleList,
    /// Behind by more time than a run takes.
    StaleListSeconds,
    LosePage,
    OtherWriter,
}

impl Fault {
    pub(crate) const ALL: [Self; 23] = [
        Self::ApiDisabled,
        Self::PermissionDenied,
        Self::RateLimitExceeded,
        Self::TooManyRequests,
        Self::RetryAfter,
        Self::QuotaExceeded,
        Self::InternalError,
        Self::Unavailable,
        Self::Refused,
        Self::Latency,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::Truncate,
        Self::Body,
        Self::ClockSkew,
        Self::OperationError,
        Self::OperationNever,
        Self::ConnectorError,
        Self::Unreachable,
        Self::StaleList,
        Self::StaleListSeconds,
        Self::LosePage,
        Self::OtherWriter,
    ];

    /// As files and tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiDisabled => "api-disabled",
            Self::PermissionDenied => "permission-denied",
            Self::RateLimitExceeded => "rate-limit-exceeded",
            Self::TooManyRequests => "too-many-requests",
            Self::RetryAfter => "retry-after",
            Self::QuotaExceeded => "quota-exceeded",
            Self::InternalError => "internal-error",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::Latency => "latency",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::Truncate => "truncate",
            Self::Body => "body",
            Self::ClockSkew => "clock-skew",
            Self::OperationError => "operation-error",
            Self::OperationNever => "operation-never",
            Self::ConnectorError => "connector-error",
            Self::Unreachable => "unreachable",
            Self::StaleList => "stale-list",
            Self::StaleListSeconds => "stale-list-seconds",
            Self::LosePage => "lose-page",
            Self::OtherWriter => "other-writer",
        }
    }

    /// What the emulator is told, for a request of this operation.
    pub(crate) fn effect(self, operation: &str) -> Value {
        match self {
            Self::ApiDisabled => json!({"preset": "apiDisabled"}),
            Self::PermissionDenied => json!({"preset": "permissionDenied"}),
            Self::RateLimitExceeded => json!({"preset": "rateLimitExceeded"}),
            Self::TooManyRequests => json!({"preset": "tooManyRequests"}),
            // The shortest that Google can ask for: whole seconds are what the header has.
            Self::RetryAfter => json!({"preset": "tooManyRequests", "retryAfter": 1}),
            Self::QuotaExceeded => json!({"preset": "quotaExceeded"}),
            Self::InternalError => json!({"preset": "internalError"}),
            Self::Unavailable => json!({"preset": "unavailable"}),
            Self::Refused => {
                json!({"status": 400, "message": "Invalid value for field: it is not one of those allowed."})
            }
            Self::Latency => json!({"latency": "150ms"}),
            Self::ResetBefore => json!({"reset": "before"}),
            Self::ResetAfter => json!({"reset": "after"}),
            Self::Truncate => json!({"truncate": true}),
            Self::Body => json!({"body": "<html><h1>502 Bad Gateway</h1></html>"}),
            Self::ClockSkew => json!({"clockSkew": "-5m"}),
            Self::OperationError => operation_error(operation),
            Self::OperationNever => json!({"operationNever": true}),
            Self::ConnectorError => json!({"preset": "connectorError"}),
            Self::Unreachable => json!({"unreachable": "regions/europe-west1"}),
            Self::StaleList => json!({"staleList": {"writes": 3}}),
            // Nothing that the run has written shows in it, however slow the machine is.
            Self::StaleListSeconds => json!({"staleList": {"seconds": 3600}}),
            // Nothing on the first page, so that each list has a second one to lose.
            Self::LosePage => json!({"losePage": {"size": 0}}),
            Self::OtherWriter => meddling::effect(operation),
        }
    }

    /// Does it show a list as it was before something was written?
    pub(crate) fn is_stale(self) -> bool {
        matches!(self, Self::StaleList | Self::StaleListSeconds)
    }

    /// Why this fault is not for this operation; `None` when it is.
    pub(crate) fn left_out(self, operation: &str) -> Option<&'static str> {
        let sort = Sort::of(operation);
        match self {
            Self::ApiDisabled
            | Self::PermissionDenied
            | Self::RateLimitExceeded
            | Self::TooManyRequests
            | Self::RetryAfter
            | Self::QuotaExceeded
            | Self::InternalError
            | Self::Unavailable
            | Self::Refused
            | Self::Latency
            | Self::ResetBefore
            | Self::ResetAfter
            | Self::Truncate
            | Self::Body
            | Self::ClockSkew => None,
            Self::OperationError | Self::OperationNever => {
                (!sort.begins_an_operation()).then_some("it begins no long-running operation")
            }
            Self::ConnectorError => {
                let of_connectors = operation.contains(".connectors.");
                (!of_connectors || !sort.begins_an_operation())
                    .then_some("only an operation that makes, changes or deletes a connector can leave one in the state ERROR")
            }
            Self::Unreachable => (sort != Sort::AggregatedList).then_some(
                "only aggregated lists leave a scope out; a list of one place fails as a whole",
            ),
            Self::StaleList | Self::StaleListSeconds if operation.ends_with("Operations.list") => {
                Some(
                    "the emulator keeps no past of operations, so that their lists are never stale",
                )
            }
            Self::StaleList | Self::StaleListSeconds | Self::LosePage => {
                (!sort.is_list()).then_some("it is no list")
            }
            Self::OtherWriter => match sort {
                Sort::List | Sort::AggregatedList => Some(
                    "it is about many objects; a change after it is a change before the next request",
                ),
                Sort::Poll => Some("operations are written by Google alone"),
                Sort::Create => Some("the object is not there yet"),
                Sort::Get | Sort::Write if operation.contains(".revisions.") => {
                    Some("a revision cannot be changed")
                }
                Sort::Get | Sort::Write => None,
            },
        }
    }
}

fn operation_error(operation: &str) -> Value {
    let code = if operation.starts_with("compute.") {
        json!("RESOURCE_OPERATION_RATE_EXCEEDED")
    } else {
        json!(13)
    };
    json!({"operationError": {"code": code, "message": "Operation failed: an internal error occurred."}})
}
