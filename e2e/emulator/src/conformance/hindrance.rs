//! Answers that speak of the caller and not of what was asked: slow down, a quota is used up, a right is missing.
//! About a rule they say nothing.

use serde_json::Value;

use crate::conformance::exercise::Expect;
use crate::conformance::verdict::mismatch;
use crate::conformance::wire::Reply;

/// By these Compute asks to slow down with a 403, in its older form or its newer one
/// (`docs/reference/google-cloud.md#error-reasons`). Spelled as [`plain`] has them.
const SLOWER: [&str; 5] = [
    "ratelimitexceeded",
    "userratelimitexceeded",
    "concurrentlimitexceeded",
    "concurrentoperationsquotaexceeded",
    "insufficienttokens",
];

/// Compute's word for a thing that an operation is at work on (`docs/reference/google-cloud.md#compute-errors`).
const NOT_READY: &str = "resourcenotready";

/// A quota of things, which waiting does not cure.
const QUOTA: &str = "quotaexceeded";

/// An API that is off, or a project that is: no answer to a request that was let in.
const OFF: [&str; 3] = ["servicedisabled", "accessnotconfigured", "billingdisabled"];

/// A reason in one spelling: `rateLimitExceeded` and `RATE_LIMIT_EXCEEDED` are one.
fn plain(reason: &str) -> String {
    reason.replace('_', "").to_ascii_lowercase()
}

/// Every reason that an error gives, in whichever envelope.
fn reasons(body: &Value) -> impl Iterator<Item = String> {
    let error = &body["error"];
    let lists = [&error["errors"], &error["details"]];
    let entries = lists.into_iter().filter_map(Value::as_array).flatten();
    entries
        .flat_map(|entry| [&entry["reason"], &entry["code"]])
        .filter_map(Value::as_str)
        .map(plain)
}

/// Whether Google asks to slow down, or to wait for an operation that is at work on the thing. What it says that to was
/// not even begun.
pub(super) fn asks_to_wait(reply: &Reply) -> bool {
    let has = |wanted: &[&str]| reasons(&reply.body).any(|reason| wanted.contains(&&*reason));
    match reply.status {
        400 => has(&[NOT_READY]),
        403 => has(&SLOWER),
        429 => !has(&[QUOTA]),
        _ => false,
    }
}

/// Whether an answer, or the end of the operation that it began, says nothing about a rule: it tells of a right that is
/// missing or a quota that is used up, and that is not the very refusal that was expected.
pub(super) fn hinders(expected: &[Expect], status: u16, body: &Value) -> bool {
    let foreseen = |expect: &Expect| match expect {
        Expect::Refused(..) => mismatch(expect, status, body).is_none(),
        Expect::Shows(at, _) => {
            at.starts_with("/error") && mismatch(expect, status, body).is_none()
        }
        Expect::ShowsOther(..)
        | Expect::Has(_)
        | Expect::Lacks(_)
        | Expect::Among(..)
        | Expect::Says(_) => false,
    };
    is_shut_out(body) || (is_about_the_caller(status, body) && !expected.iter().any(foreseen))
}

/// Whether an error names a permission that the caller has not, or an API that is off. With a canonical status alone that
/// looks like any other refusal, and like one that was expected, too.
fn is_shut_out(body: &Value) -> bool {
    let details = body["error"]["details"].as_array().into_iter().flatten();
    let mut permissions = details.map(|detail| &detail["metadata"]["permission"]);
    permissions.any(Value::is_string) || reasons(body).any(|reason| OFF.contains(&reason.as_str()))
}

fn is_about_the_caller(status: u16, body: &Value) -> bool {
    let ended_so = || {
        // `google.rpc.Code`: a permission, a quota, credentials.
        let code = body["error"]["code"].as_u64();
        let http = body["httpErrorStatusCode"].as_u64();
        matches!(code, Some(7 | 8 | 16)) || matches!(http, Some(401 | 403 | 429))
    };
    matches!(status, 401 | 403)
        || (status == 200 && ended_so())
        || reasons(body).any(|reason| reason == QUOTA)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Expect, Reply, asks_to_wait, hinders};

    fn compute(status: u16, reason: &str) -> (u16, Value) {
        let errors = json!([{ "reason": reason, "message": "no" }]);
        (
            status,
            json!({ "error": { "code": status, "errors": errors } }),
        )
    }

    fn rpc(status: u16, code: &str, details: &Value) -> (u16, Value) {
        let error = json!({ "code": status, "status": code, "details": details });
        (status, json!({ "error": error }))
    }

    fn ended(error: &Value) -> (u16, Value) {
        (200, json!({ "done": true, "error": error }))
    }

    #[test]
    fn what_tells_of_the_caller_is_told_from_what_tells_of_the_request() {
        let none = json!(null);
        let permission =
            json!([{ "reason": "IAM_PERMISSION_DENIED", "metadata": { "permission": "a.b.c" } }]);
        let quota = json!({ "errors": [{ "code": "QUOTA_EXCEEDED", "message": "no" }] });
        let in_use = json!({ "errors": [{ "code": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE" }] });
        let mut forbidden = ended(&in_use);
        forbidden.1["httpErrorStatusCode"] = json!(403);
        for ((status, body), expected) in [
            (compute(401, "authError"), true),
            (compute(403, "forbidden"), true),
            (compute(403, "quotaExceeded"), true),
            (compute(400, "quotaExceeded"), true),
            (rpc(403, "PERMISSION_DENIED", &permission), true),
            (ended(&json!({ "code": 7, "message": "no" })), true),
            (ended(&json!({ "code": 8, "message": "no" })), true),
            (ended(&quota), true),
            (forbidden, true),
            (compute(400, "invalid"), false),
            (compute(404, "notFound"), false),
            // A limit may be what a rule is about.
            (compute(400, "limitExceeded"), false),
            (rpc(400, "FAILED_PRECONDITION", &none), false),
            (ended(&json!({ "code": 3, "message": "no" })), false),
            (ended(&in_use), false),
            ((200, json!({ "code": 7 })), false),
        ] {
            assert_eq!(hinders(&[], status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_that_was_expected_hinders_nothing_and_another_one_does() {
        let limit = [Expect::Refused(403, "quotaExceeded"), Expect::Says("no")];
        let (status, body) = compute(403, "quotaExceeded");
        assert!(!hinders(&limit, status, &body));
        let (status, body) = compute(403, "forbidden");
        assert!(hinders(&limit, status, &body));
        let denied = [Expect::Refused(403, "PERMISSION_DENIED")];
        let (status, body) = rpc(403, "PERMISSION_DENIED", &json!([]));
        assert!(!hinders(&denied, status, &body));
        // Google's word for it is the same; what it is about is not.
        let off = json!([{ "reason": "SERVICE_DISABLED", "metadata": { "service": "a" } }]);
        let (status, body) = rpc(403, "PERMISSION_DENIED", &off);
        assert!(hinders(&denied, status, &body));
        let permission =
            json!([{ "reason": "IAM_PERMISSION_DENIED", "metadata": { "permission": "a.b.c" } }]);
        let (status, body) = rpc(403, "PERMISSION_DENIED", &permission);
        assert!(hinders(&denied, status, &body));
        let code = |code: u64| [Expect::Shows("/error/code", json!(code))];
        let (status, body) = ended(&json!({ "code": 7, "message": "no" }));
        assert!(!hinders(&code(7), status, &body) && hinders(&code(3), status, &body));
    }

    #[test]
    fn compute_asks_to_wait_in_several_ways() {
        let slow = |(status, body): (u16, Value)| asks_to_wait(&Reply { status, body });
        let newer = json!([{ "reason": "RATE_LIMIT_EXCEEDED" }]);
        assert!(slow(compute(403, "rateLimitExceeded")));
        assert!(slow(compute(403, "userRateLimitExceeded")));
        assert!(slow(rpc(403, "PERMISSION_DENIED", &newer)));
        assert!(slow(rpc(429, "RESOURCE_EXHAUSTED", &json!(null))));
        assert!(slow(compute(400, "resourceNotReady")));
        // Waiting does not cure that.
        let quota = json!([{ "reason": "QUOTA_EXCEEDED" }]);
        assert!(!slow(rpc(429, "RESOURCE_EXHAUSTED", &quota)));
        assert!(!slow(compute(403, "quotaExceeded")));
        assert!(!slow(compute(403, "forbidden")));
        assert!(!slow(compute(400, "rateLimitExceeded")));
    }
}
