//! What an API says with a status, where an order has no words of its own.

use crate::call::Api;

/// The reason that an API gives with a status.
pub(super) fn reason(api: Api, status: u16) -> &'static str {
    match api {
        Api::Compute => of_compute(status),
        Api::Run | Api::VpcAccess | Api::Knative => canonical(status),
    }
}

fn of_compute(status: u16) -> &'static str {
    match status {
        401 => "authError",
        403 => "forbidden",
        404 => "notFound",
        409 => "conflict",
        412 => "conditionNotMet",
        429 => "rateLimitExceeded",
        400..=499 => "invalid",
        _ => "backendError",
    }
}

/// The code that is sent as a status (`google/rpc/code.proto`); of several the one that is met most often.
fn canonical(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        // No code is sent as one of these; Google's clients read them so.
        402..=498 => "FAILED_PRECONDITION",
        _ => "INTERNAL",
    }
}

pub(super) fn message(status: u16) -> &'static str {
    match status {
        401 => "Request had invalid authentication credentials.",
        403 => "The caller does not have permission",
        404 => "Not found",
        409 => "The operation was aborted.",
        412 => "Precondition check failed.",
        429 => "Quota exceeded",
        499 => "The operation was cancelled.",
        400..=498 => "Request contains an invalid argument.",
        501 => "Operation is not implemented, or supported, or enabled.",
        503 => "The service is currently unavailable.",
        504 => "Deadline expired before operation could complete.",
        _ => "Internal error encountered.",
    }
}

#[cfg(test)]
mod tests {
    use super::reason;
    use crate::call::Api;

    #[test]
    fn a_status_has_the_code_that_is_sent_as_it() {
        for (status, code) in [
            (400, "INVALID_ARGUMENT"),
            (401, "UNAUTHENTICATED"),
            (412, "FAILED_PRECONDITION"),
            (499, "CANCELLED"),
            (500, "INTERNAL"),
            (501, "UNIMPLEMENTED"),
            (502, "INTERNAL"),
            (504, "DEADLINE_EXCEEDED"),
        ] {
            for api in [Api::Run, Api::VpcAccess, Api::Knative] {
                assert_eq!(reason(api, status), code, "{status}");
            }
        }
    }

    #[test]
    fn computes_reason_says_whose_fault_it_is() {
        for (status, word) in [
            (400, "invalid"),
            (409, "conflict"),
            (412, "conditionNotMet"),
            (413, "invalid"),
            (504, "backendError"),
        ] {
            assert_eq!(reason(Api::Compute, status), word, "{status}");
        }
    }
}
