//! Error answers, in the two envelopes that Google uses.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::call::Api;
use crate::rules::Say;

/// The canonical status codes that we answer with, for the APIs that use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidArgument,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    FailedPrecondition,
    Aborted,
    Unimplemented,
}

impl Code {
    pub(crate) fn http(self) -> u16 {
        match self {
            Code::InvalidArgument | Code::FailedPrecondition => 400,
            Code::PermissionDenied => 403,
            Code::NotFound => 404,
            Code::AlreadyExists | Code::Aborted => 409,
            Code::Unimplemented => 501,
        }
    }

    pub(crate) fn number(self) -> i64 {
        match self {
            Code::InvalidArgument => 3,
            Code::NotFound => 5,
            Code::AlreadyExists => 6,
            Code::PermissionDenied => 7,
            Code::FailedPrecondition => 9,
            Code::Aborted => 10,
            Code::Unimplemented => 12,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::Unimplemented => "UNIMPLEMENTED",
        }
    }
}

/// What an error says. It refuses nothing until it has a [`Cause`], so that no claim about Google Cloud goes without
/// a rule's id.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ErrorAnswer {
    pub(crate) http: u16,
    /// Compute's `reason` (`notFound`; empty for an error without one), or the canonical `status` (`NOT_FOUND`) of the others.
    pub(crate) reason: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) details: Vec<Value>,
    pub(crate) retry_after: Option<u64>,
    /// The body, where it is not in the usual envelope.
    pub(crate) whole: Option<Box<Value>>,
}

/// Why a request is answered with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// A rule has it so; shown in the `x-emulator-rule` header.
    Rule(&'static str),
    /// A fault was ordered.
    Ordered,
    /// The emulator does not serve it, which says nothing about Google.
    Unserved,
}

/// A request that is answered with an error.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// In a box, because every answer has room for a refusal.
    pub(crate) error: Box<ErrorAnswer>,
    cause: Cause,
}

impl ErrorAnswer {
    pub(crate) fn new(
        http: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> ErrorAnswer {
        ErrorAnswer {
            http,
            reason: reason.into(),
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
            whole: None,
        }
    }

    /// For Run and VPC Access.
    pub(crate) fn code(code: Code, message: impl Into<String>) -> ErrorAnswer {
        ErrorAnswer::new(code.http(), code.name(), message)
    }

    /// For Compute: a 400 with reason `invalid`.
    pub(crate) fn invalid(message: impl Into<String>) -> ErrorAnswer {
        ErrorAnswer::new(400, "invalid", message)
    }

    /// For Compute: `Invalid value for field 'resource.x': 'value'. why`.
    pub(crate) fn invalid_field(field: &str, value: &str, why: &str) -> ErrorAnswer {
        ErrorAnswer::invalid(format!(
            "Invalid value for field '{field}': '{value}'. {why}"
        ))
    }

    /// Adds a `google.rpc.BadRequest` that names one field.
    pub(crate) fn violating(mut self, field: &str) -> ErrorAnswer {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": field, "description": self.message }],
        }));
        self
    }

    /// The refusal that a rule has, which is in force.
    pub(crate) fn by(self, say: &Say) -> Refusal {
        self.caused(Cause::Rule(say.id()))
    }

    /// A refusal as another process told it, with the id of its rule.
    #[cfg(test)]
    pub(crate) fn told(self, rule: &'static str) -> Refusal {
        self.caused(Cause::Rule(rule))
    }

    /// The refusal that a fault has ordered.
    pub(crate) fn ordered(self) -> Refusal {
        self.caused(Cause::Ordered)
    }

    /// The refusal of what the emulator does not serve.
    pub(crate) fn unserved(self) -> Refusal {
        self.caused(Cause::Unserved)
    }

    fn caused(self, cause: Cause) -> Refusal {
        Refusal {
            error: Box::new(self),
            cause,
        }
    }

    pub(crate) fn body(&self, api: Api) -> Value {
        if let Some(whole) = &self.whole {
            return Value::clone(whole);
        }
        let mut error = json!({ "code": self.http, "message": self.message });
        match api {
            // What fails before Compute itself is reached has no reason.
            Api::Compute if self.reason.is_empty() => {}
            Api::Compute => {
                error["errors"] = json!([{
                    "message": self.message, "domain": "global", "reason": self.reason,
                }]);
            }
            Api::Run | Api::VpcAccess | Api::Knative => error["status"] = json!(self.reason),
        }
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({ "error": error })
    }
}

impl Refusal {
    pub(crate) fn body(&self, api: Api) -> Value {
        self.error.body(api)
    }

    /// The id of the rule behind it.
    pub(crate) fn rule(&self) -> Option<&'static str> {
        match self.cause {
            Cause::Rule(id) => Some(id),
            Cause::Ordered | Cause::Unserved => None,
        }
    }
}
