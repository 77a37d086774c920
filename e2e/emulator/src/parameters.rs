//! Which query parameters a method takes, and what each of them holds: all others are refused.

use std::collections::BTreeSet;

use crate::call::{Api, Call};
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::{Rule, RuleBook};

pub(crate) static UNKNOWN: Rule = Rule::documented(
    "request.parameter.unknown",
    "docs/reference/google-cloud.md#unknown-fields-are-refused",
    "A query parameter that the method does not take is refused with its name.",
);

pub(crate) static WRONG_TYPE: Rule = Rule::guessed(
    "request.parameter.type",
    "text unrecorded",
    "A query parameter whose value is not of its type, or that is there twice and is no list, is refused.",
);

pub(crate) static RULES: &[&Rule] = &[&UNKNOWN, &WRONG_TYPE];

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// `true` or `false`; gcloud writes `True`.
    Flag,
    Int32,
    Uint32,
    Int64,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Paths of fields, with commas between them.
    Mask,
}

/// Is it one of those that all of Google's front ends take, though the documents do not have them: `$alt`, `$fields`?
pub(crate) fn is_of_the_system(name: &str) -> bool {
    name.starts_with('$')
}

/// What every method takes.
const EVERYWHERE: [&str; 11] = [
    "$.xgafv",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
];

/// What every method of Compute takes besides.
const OF_COMPUTE: &str = "userIp";

/// What gcloud's own clients know for every list of Compute, and send with aggregated ones: Google takes it, though the
/// documents only speak of it.
pub(crate) const OF_GCLOUD: &str = "returnPartialSuccess";

/// What every method of an API takes.
pub(crate) fn of_every_method(api: Api) -> impl Iterator<Item = &'static str> {
    let more = (api == Api::Compute).then_some(OF_COMPUTE);
    EVERYWHERE.into_iter().chain(more)
}

/// What a method takes besides: `compute.networks.list` and the like.
pub(crate) fn of(api: Api, operation: &str) -> impl Iterator<Item = &'static str> {
    let mut words = operation.rsplit('.');
    let (method, kind) = (words.next(), words.next());
    let (kind, method) = (kind.unwrap_or_default(), method.unwrap_or_default());
    let lists: [&[&str]; 2] = match api {
        Api::Compute => [of_compute(kind, method), more_of_compute(kind, method)],
        Api::Run => [of_run(kind, method), &[]],
        Api::VpcAccess => [of_vpc_access(kind, method), &[]],
        Api::Knative => [of_knative(method), &[]],
    };
    lists.into_iter().flatten().copied()
}

fn of_compute(kind: &str, method: &str) -> &'static [&'static str] {
    match (kind, method) {
        (_, "aggregatedList") => &[
            "filter",
            "includeAllScopes",
            "maxResults",
            "orderBy",
            "pageToken",
            OF_GCLOUD,
            "serviceProjectNumber",
        ],
        (_, "list") => &["filter", "maxResults", "orderBy", "pageToken", OF_GCLOUD],
        ("globalAddresses", "setLabels")
        | ("globalOperations" | "regionOperations", "delete")
        | (_, "get" | "wait") => &[],
        (_, _) => &["requestId"],
    }
}

/// What only one kind has.
fn more_of_compute(kind: &str, method: &str) -> &'static [&'static str] {
    match (kind, method) {
        ("subnetworks", "aggregatedList" | "list" | "get") => &["views"],
        ("subnetworks", "patch") => &["drainTimeoutSeconds"],
        (_, _) => &[],
    }
}

fn of_run(kind: &str, method: &str) -> &'static [&'static str] {
    match (kind, method) {
        ("operations", "list") => OPERATIONS,
        (_, "list") => &["pageSize", "pageToken", "showDeleted"],
        ("services", "create") => &["serviceId", "validateOnly"],
        ("services", "patch") => &[
            "allowMissing",
            "forceNewRevision",
            "updateMask",
            "validateOnly",
        ],
        ("jobs", "create") => &["jobId", "validateOnly"],
        ("jobs", "patch") => &["allowMissing", "validateOnly"],
        ("services" | "jobs" | "revisions", "delete") => &["etag", "validateOnly"],
        (_, _) => &[],
    }
}

fn of_vpc_access(kind: &str, method: &str) -> &'static [&'static str] {
    match (kind, method) {
        ("operations", "list") => OPERATIONS,
        (_, "list") => &["pageSize", "pageToken"],
        (_, "create") => &["connectorId"],
        (_, "patch") => &["updateMask"],
        (_, _) => &[],
    }
}

fn of_knative(method: &str) -> &'static [&'static str] {
    match method {
        "list" => &[
            "continue",
            "fieldSelector",
            "includeUninitialized",
            "labelSelector",
            "limit",
            "resourceVersion",
            "watch",
        ],
        "create" | "replaceService" | "replaceJob" => &["dryRun"],
        "delete" => &["apiVersion", "dryRun", "kind", "propagationPolicy"],
        "getIamPolicy" => &["options.requestedPolicyVersion"],
        _ => &[],
    }
}

const OPERATIONS: &[&str] = &["filter", "pageSize", "pageToken", "returnPartialSuccess"];

/// What a parameter holds: a name means the same wherever it is taken.
pub(crate) fn kind(name: &str) -> Kind {
    match name {
        "allowMissing"
        | "forceNewRevision"
        | "includeAllScopes"
        | "includeUninitialized"
        | "prettyPrint"
        | "returnPartialSuccess"
        | "showDeleted"
        | "validateOnly"
        | "watch" => Kind::Flag,
        "maxResults" => Kind::Uint32,
        "drainTimeoutSeconds" | "limit" | "options.requestedPolicyVersion" | "pageSize" => {
            Kind::Int32
        }
        "serviceProjectNumber" => Kind::Int64,
        "$.xgafv" => Kind::Choice(&["1", "2"]),
        "alt" => Kind::Choice(&["json", "media", "proto"]),
        "views" => Kind::Choice(&["DEFAULT", "WITH_UTILIZATION"]),
        "updateMask" => Kind::Mask,
        _ => Kind::Text,
    }
}

/// May it be there more than once?
pub(crate) fn is_list(name: &str) -> bool {
    name == "views"
}

impl Kind {
    fn fits(self, value: &str) -> bool {
        match self {
            Kind::Text => true,
            Kind::Flag => ["true", "false"]
                .iter()
                .any(|it| value.eq_ignore_ascii_case(it)),
            Kind::Int32 => value.parse::<i32>().is_ok(),
            Kind::Uint32 => value.parse::<u32>().is_ok(),
            Kind::Int64 => value.parse::<i64>().is_ok(),
            Kind::Choice(words) => words.contains(&value),
            // An empty text is none.
            Kind::Mask => ["", "*"].contains(&value) || value.split(',').all(is_path),
        }
    }

    /// As Google's errors about values call it.
    fn name(self) -> &'static str {
        match self {
            Kind::Text => "TYPE_STRING",
            Kind::Mask => "type.googleapis.com/google.protobuf.FieldMask",
            Kind::Flag => "TYPE_BOOL",
            Kind::Int32 => "TYPE_INT32",
            Kind::Uint32 => "TYPE_UINT32",
            Kind::Int64 => "TYPE_INT64",
            Kind::Choice(_) => "TYPE_ENUM",
        }
    }
}

fn is_path(path: &str) -> bool {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = |name: &str| !name.is_empty() && name.chars().all(of_a_name);
    path.split('.').all(is_name)
}

/// Refuses a call that has a parameter which its method does not take, or a value that the parameter does not.
pub(crate) fn check(rules: &RuleBook, call: &Call) -> Result<(), Refusal> {
    let api = call.resource.api;
    let own = || of(api, call.route.operation).chain(of_every_method(api));
    let taken = |name: &str| is_of_the_system(name) || own().any(|it| it == name);
    let mut names = call.query.iter().map(|(name, _)| name.as_str());
    let unknown = names.find(|name| !taken(name));
    rules.refuse_if(&UNKNOWN, unknown.is_some(), || {
        let name = unknown.unwrap_or_default();
        let text = format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. \
             Field '{name}' could not be found in request message."
        );
        match api {
            Api::Compute => ErrorAnswer::invalid(text),
            Api::Run | Api::VpcAccess | Api::Knative => {
                ErrorAnswer::code(Code::InvalidArgument, text).violating("")
            }
        }
    })?;
    check_values(rules, call, taken)?;
    check_repetition(rules, call, taken)
}

fn check_values(
    rules: &RuleBook,
    call: &Call,
    taken: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let wrong = |(name, value): &&(String, String)| taken(name) && !kind(name).fits(value);
    let wrong = call.query.iter().find(wrong);
    rules.refuse_if(&WRONG_TYPE, wrong.is_some(), || {
        let (name, value) = wrong.map_or(("", ""), |(name, value)| (name, value));
        let type_name = kind(name).name();
        match call.resource.api {
            Api::Compute => {
                ErrorAnswer::invalid_field(name, value, &format!("Expected {type_name}."))
            }
            Api::Run | Api::VpcAccess | Api::Knative => {
                let text = format!("Invalid value at '{name}' ({type_name}), \"{value}\"");
                ErrorAnswer::code(Code::InvalidArgument, text).violating(name)
            }
        }
    })
}

/// Refuses a parameter that is there twice, unless it is a list. What is said of those of the system nobody knows.
fn check_repetition(
    rules: &RuleBook,
    call: &Call,
    taken: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let again = call
        .query
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| {
            let once = taken(name) && !is_of_the_system(name) && !is_list(name);
            once && !seen.insert(*name)
        });
    rules.refuse_if(&WRONG_TYPE, again.is_some(), || {
        let name = again.unwrap_or_default();
        let text = format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Proto field is not repeating, cannot start list."
        );
        match call.resource.api {
            Api::Compute => ErrorAnswer::invalid(text),
            Api::Run | Api::VpcAccess | Api::Knative => {
                ErrorAnswer::code(Code::InvalidArgument, text).violating(name)
            }
        }
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::Value;

    use super::{UNKNOWN, WRONG_TYPE};
    use crate::testing::{Bench, Provocation};

    pub(crate) fn provocations() -> Vec<Provocation> {
        let asking = |rule, url: &'static str| {
            Provocation::new(rule, move |bench| bench.ask("GET", url, Value::Null))
        };
        let asked = |url| asking(&UNKNOWN, url);
        vec![
            // Cloud Run's word for Compute's `maxResults`, and the other way round.
            asked("/compute/v1/projects/p/global/networks?pageSize=1"),
            asked("/v2/projects/p/locations/us-east1/services?maxResults=1"),
            asked("/v1/projects/p/locations/us-east1/connectors?maxResults=1"),
            asked("/apis/serving.knative.dev/v1/namespaces/p/services?pageSize=1"),
            asking(
                &WRONG_TYPE,
                "/compute/v1/projects/p/global/networks?maxResults=many",
            ),
            asking(
                &WRONG_TYPE,
                "/v2/projects/p/locations/us-east1/services?showDeleted=maybe",
            ),
            asking(
                &WRONG_TYPE,
                "/compute/v1/projects/p/global/networks?maxResults=1&maxResults=2",
            ),
            asking(
                &WRONG_TYPE,
                "/v1/projects/p/locations/us-east1/connectors?pageSize=1&pageSize=1",
            ),
        ]
    }

    #[test]
    fn only_a_list_may_be_there_twice() {
        let mut bench = Bench::new();
        let subnetworks = "/compute/v1/projects/p/regions/us-east1/subnetworks";
        for (query, status) in [
            ("views=DEFAULT&views=WITH_UTILIZATION", 200),
            ("views=DEFAULT&views=SOME", 400),
            ("filter=name=a&filter=name=a", 400),
            ("alt=json&alt=json", 400),
            ("$fields=a&$fields=b", 200),
        ] {
            let url = format!("{subnetworks}?{query}");
            assert_eq!(bench.status("GET", &url, Value::Null), status, "{query}");
        }
    }
}
