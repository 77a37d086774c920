//! What became of each rule.

use std::fmt;

use serde_json::Value;

use crate::conformance::exercise::Expect;

/// One thing that an answer did not show as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The request.
    pub request: String,
    /// Where in the answer: a JSON pointer, or `status`.
    pub field: String,
    /// What the emulator would answer.
    pub expected: String,
    /// What was answered.
    pub got: String,
}

/// What was found out about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was as the emulator has it.
    Agrees,
    /// Something was not.
    Differs(Vec<Mismatch>),
    /// It did not come to that, and why.
    NotTried(String),
}

impl Verdict {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Agrees => "agrees",
            Verdict::Differs(_) => "differs",
            Verdict::NotTried(_) => "not tried",
        }
    }

    /// Both together: a difference outweighs what was not tried, and that outweighs agreement.
    pub(crate) fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Differs(mut one), Verdict::Differs(two)) => {
                one.extend(two);
                Verdict::Differs(one)
            }
            (differs @ Verdict::Differs(_), _) | (_, differs @ Verdict::Differs(_)) => differs,
            (not @ Verdict::NotTried(_), _) | (_, not @ Verdict::NotTried(_)) => not,
            (Verdict::Agrees, Verdict::Agrees) => Verdict::Agrees,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch {
            request,
            field,
            expected,
            got,
        } = self;
        write!(
            formatter,
            "{request}: {field}: expected {expected}, got {got}"
        )
    }
}

/// The reason of an error: Compute's, or the canonical status of the others.
fn reason(body: &Value) -> &str {
    let error = &body["error"];
    error["errors"][0]["reason"]
        .as_str()
        .or_else(|| error["status"].as_str())
        .unwrap_or_default()
}

/// In one line that is not too long.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 300;
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    let start: String = line.chars().take(MOST).collect();
    format!("{start}...")
}

/// What the error is called in which an operation ended: by Compute, or by `google.rpc.Code`, which is sent as a number.
fn failure(error: &Value) -> String {
    let by_compute = error["errors"][0]["code"].as_str().map(str::to_owned);
    by_compute.unwrap_or_else(|| match error["code"].as_u64() {
        Some(3) => "INVALID_ARGUMENT".to_owned(),
        Some(7) => "PERMISSION_DENIED".to_owned(),
        Some(8) => "RESOURCE_EXHAUSTED".to_owned(),
        Some(9) => "FAILED_PRECONDITION".to_owned(),
        Some(13) => "INTERNAL".to_owned(),
        Some(16) => "UNAUTHENTICATED".to_owned(),
        Some(code) => format!("code {code}"),
        None => "an error".to_owned(),
    })
}

/// What an error says, or what the answer is if it is none.
pub(crate) fn answered(status: u16, body: &Value) -> String {
    let error = &body["error"];
    if error.is_null() {
        return status.to_string();
    }
    let message = error["message"].as_str();
    let message = message.or_else(|| error["errors"][0]["message"].as_str());
    let message = message.unwrap_or_default();
    if status == 200 {
        return short(&format!("it ended in {}: {message}", failure(error)));
    }
    short(&format!("{status} {}: {message}", reason(body)))
}

/// Where an answer is not as expected: field, expected, got.
pub(crate) fn mismatch(
    expect: &Expect,
    status: u16,
    body: &Value,
) -> Option<(String, String, String)> {
    let shown = |at: &str| {
        body.pointer(at).map_or_else(
            || {
                if status == 200 {
                    "nothing".to_owned()
                } else {
                    answered(status, body)
                }
            },
            |value| short(&value.to_string()),
        )
    };
    let found = match expect {
        Expect::Refused(wanted, why) => {
            let as_expected = status == *wanted && reason(body) == *why;
            let got = || {
                (
                    "status".to_owned(),
                    format!("{wanted} {why}"),
                    answered(status, body),
                )
            };
            return (!as_expected).then(got);
        }
        Expect::Says(text) => {
            let said = body["error"]["message"].as_str().unwrap_or_default();
            let got = || {
                (
                    "/error/message".to_owned(),
                    format!("...{text}..."),
                    answered(status, body),
                )
            };
            return (!said.contains(text)).then(got);
        }
        Expect::Shows(at, value) => (body.pointer(at) == Some(value), *at, value.to_string()),
        Expect::ShowsOther(at, value) => {
            let other = body.pointer(at).is_some_and(|shown| shown != value);
            (other, *at, format!("something else than {value}"))
        }
        Expect::Has(at) => (body.pointer(at).is_some(), *at, "something".to_owned()),
        Expect::Lacks(at) => (
            status == 200 && body.pointer(at).is_none(),
            *at,
            "nothing".to_owned(),
        ),
        Expect::Among(at, item) => {
            let list = body.pointer(at).and_then(Value::as_array);
            let there = list.is_some_and(|list| list.iter().any(|shown| includes(shown, item)));
            (there, *at, format!("a list with {item}"))
        }
    };
    let (as_expected, at, expected) = found;
    (!as_expected).then(|| (at.to_owned(), expected, shown(at)))
}

/// Whether an object has the fields of another, with the same values.
fn includes(shown: &Value, part: &Value) -> bool {
    part.as_object().is_some_and(|part| {
        part.iter()
            .all(|(name, value)| shown.get(name) == Some(value))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Expect, Mismatch, Verdict, answered, mismatch};

    #[test]
    fn each_expectation_can_be_disappointed() {
        let error = json!({ "error": { "status": "ABORTED", "message": "no, x" } });
        let body = json!({ "a": 1, "list": [{ "type": "Ready", "status": "True" }] });
        let cases = [
            (Expect::Refused(409, "ABORTED"), 409, &error, true),
            (Expect::Refused(409, "NOT_FOUND"), 409, &error, false),
            (Expect::Refused(404, "ABORTED"), 409, &error, false),
            (Expect::Says("no, "), 409, &error, true),
            (Expect::Says("yes"), 409, &error, false),
            (Expect::Shows("/a", json!(1)), 200, &body, true),
            (Expect::Shows("/a", json!(2)), 200, &body, false),
            (Expect::ShowsOther("/a", json!(2)), 200, &body, true),
            (Expect::ShowsOther("/a", json!(1)), 200, &body, false),
            (Expect::Has("/list/0"), 200, &body, true),
            (Expect::Has("/list/1"), 200, &body, false),
            (Expect::Lacks("/b"), 200, &body, true),
            (Expect::Lacks("/a"), 200, &body, false),
            (Expect::Lacks("/b"), 409, &error, false),
            (
                Expect::Among("/list", json!({ "type": "Ready" })),
                200,
                &body,
                true,
            ),
            (
                Expect::Among("/list", json!({ "status": "False" })),
                200,
                &body,
                false,
            ),
        ];
        for (expect, status, body, as_expected) in cases {
            assert_eq!(
                mismatch(&expect, status, body).is_none(),
                as_expected,
                "{expect:?}"
            );
        }
    }

    #[test]
    fn an_error_is_told_by_name_also_where_an_operation_ended_in_it() {
        let quota = json!({ "errors": [{ "code": "QUOTA_EXCEEDED", "message": "Limit: 5" }] });
        let exhausted = json!({ "code": 8, "message": "no more" });
        let refused = json!({ "errors": [{ "reason": "forbidden" }], "message": "no" });
        for (status, error, told) in [
            (200, quota, "it ended in QUOTA_EXCEEDED: Limit: 5"),
            (200, exhausted, "it ended in RESOURCE_EXHAUSTED: no more"),
            (403, refused, "403 forbidden: no"),
        ] {
            assert_eq!(answered(status, &json!({ "error": error })), told);
        }
    }

    #[test]
    fn a_difference_outweighs_everything() {
        let differs = || {
            let text = || String::from("x");
            Verdict::Differs(vec![Mismatch {
                request: text(),
                field: text(),
                expected: text(),
                got: text(),
            }])
        };
        let not = || Verdict::NotTried("why".to_owned());
        assert_eq!(Verdict::Agrees.and(differs()).word(), "differs");
        assert_eq!(not().and(differs()).word(), "differs");
        assert_eq!(Verdict::Agrees.and(not()).word(), "not tried");
        assert_eq!(Verdict::Agrees.and(Verdict::Agrees).word(), "agrees");
    }
}
