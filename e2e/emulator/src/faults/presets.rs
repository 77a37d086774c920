//! Failures by name, in the words and the envelope that each API uses for them.

use serde_json::{Value, json};

use crate::call::{Api, Fate};
use crate::compute::project_of;
use crate::faults::disturbance;
use crate::identity;
use crate::operations::Failure;
use crate::refusal::ErrorAnswer;

/// A failure that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preset {
    ApiDisabled,
    PermissionDenied,
    RateLimitExceeded,
    TooManyRequests,
    QuotaExceeded,
    InternalError,
    Unavailable,
    ConnectorError,
}

/// What a request is, as far as a failure speaks of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) api: Api,
    /// Such as `compute.routers.patch`.
    pub(crate) operation: &'a str,
    /// The URL's path.
    pub(crate) path: &'a str,
}

impl Preset {
    pub(crate) const ALL: [(&'static str, Preset); 8] = [
        ("apiDisabled", Preset::ApiDisabled),
        ("permissionDenied", Preset::PermissionDenied),
        ("rateLimitExceeded", Preset::RateLimitExceeded),
        ("tooManyRequests", Preset::TooManyRequests),
        ("quotaExceeded", Preset::QuotaExceeded),
        ("internalError", Preset::InternalError),
        ("unavailable", Preset::Unavailable),
        ("connectorError", Preset::ConnectorError),
    ];

    pub(crate) fn named(name: &str) -> Option<Preset> {
        let found = Preset::ALL.iter().find(|(word, _)| *word == name);
        found.map(|(_, preset)| *preset)
    }

    /// The error; `None` for a failure that only the operation comes to.
    pub(crate) fn error(self, request: Request<'_>) -> Option<ErrorAnswer> {
        Some(match self {
            Preset::ApiDisabled => api_disabled(request),
            Preset::PermissionDenied => permission_denied(request),
            Preset::RateLimitExceeded => rate_limit(request, 403),
            Preset::TooManyRequests => rate_limit(request, 429),
            Preset::QuotaExceeded => quota(request),
            Preset::InternalError => plain(request, 500, "Internal error encountered."),
            Preset::Unavailable => plain(request, 503, "The service is currently unavailable."),
            Preset::ConnectorError => return None,
        })
    }

    /// Whether a request of this method can come to it.
    pub(crate) fn finds_work(self, method: &str) -> bool {
        let of_any = self.fate() == Fate::AsItComes;
        of_any
            || disturbance::kind(method) == "connectors" && disturbance::begins_an_operation(method)
    }

    pub(crate) fn fate(self) -> Fate {
        match self {
            Preset::ConnectorError => Fate::Fails(Failure {
                reason: String::new(),
                number: 13,
                breaks: true,
                message:
                    "Operation failed: VPC Access connector failed to get healthy. Please check \
                          GCE quotas, logs and org policies and recreate."
                        .to_owned(),
            }),
            Preset::ApiDisabled
            | Preset::PermissionDenied
            | Preset::RateLimitExceeded
            | Preset::TooManyRequests
            | Preset::QuotaExceeded
            | Preset::InternalError
            | Preset::Unavailable => Fate::AsItComes,
        }
    }
}

impl Request<'_> {
    fn service(&self) -> (&'static str, &'static str) {
        match self.api {
            Api::Compute => ("compute.googleapis.com", "Compute Engine API"),
            Api::Run | Api::Knative => ("run.googleapis.com", "Cloud Run Admin API"),
            Api::VpcAccess => ("vpcaccess.googleapis.com", "Serverless VPC Access API"),
        }
    }

    fn path_in_project(&self) -> &str {
        let start = ["projects/", "namespaces/"]
            .iter()
            .find_map(|word| self.path.find(word));
        start.map_or(self.path, |start| &self.path[start..])
    }

    fn project_number(&self) -> String {
        identity::project_number(project_of(self.path_in_project()))
    }

    /// The permission that the method asks for: `compute.routers.update` for `compute.routers.patch`.
    fn permission(&self) -> String {
        let (before, method) = self.operation.rsplit_once('.').unwrap_or_default();
        let verb = match method {
            "insert" => "create",
            "patch" | "replaceService" | "replaceJob" => "update",
            "aggregatedList" => "list",
            "wait" => "get",
            other => other,
        };
        let resource = before.rsplit('.').next().unwrap_or_default();
        let api = match self.api {
            Api::Compute => "compute",
            Api::Run | Api::Knative => "run",
            Api::VpcAccess => "vpcaccess",
        };
        format!("{api}.{resource}.{verb}")
    }
}

/// A whole body: Compute's old list of errors stands beside the newer status and details.
fn error(
    request: Request<'_>,
    status: u16,
    code: &'static str,
    old: &Value,
    message: &str,
    details: &Value,
) -> ErrorAnswer {
    let mut body = json!({ "code": status, "message": message, "status": code });
    if request.api == Api::Compute {
        let mut entry = old.clone();
        entry["message"] = json!(message);
        body["errors"] = json!([entry]);
    }
    if !details.is_null() {
        body["details"] = details.clone();
    }
    let mut answer = ErrorAnswer::new(status, code, message);
    answer.whole = Some(Box::new(json!({ "error": body })));
    answer
}

fn info(reason: &str, metadata: &Value) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": metadata,
    })
}

fn api_disabled(request: Request<'_>) -> ErrorAnswer {
    let (service, name) = request.service();
    let number = request.project_number();
    let url = format!(
        "https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    );
    let message = format!(
        "{name} has not been used in project {number} before or it is disabled. Enable it by visiting \
         {url} then retry. If you enabled this API recently, wait a few minutes for the action to \
         propagate to our systems and retry."
    );
    let help = json!({
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{ "description": "Google developers console API activation", "url": url }],
    });
    let consumer = format!("projects/{number}");
    let disabled = info(
        "SERVICE_DISABLED",
        &json!({ "consumer": consumer, "service": service }),
    );
    let old = json!({
        "domain": "usageLimits", "reason": "accessNotConfigured", "extendedHelp": "https://console.developers.google.com",
    });
    let details = json!([help, disabled]);
    error(request, 403, "PERMISSION_DENIED", &old, &message, &details)
}

fn permission_denied(request: Request<'_>) -> ErrorAnswer {
    let permission = request.permission();
    let resource = request.path_in_project();
    if request.api == Api::Compute {
        let message = format!("Required '{permission}' permission for '{resource}'");
        return ErrorAnswer::new(403, "forbidden", message);
    }
    let message =
        format!("Permission '{permission}' denied on resource '{resource}' (or it may not exist).");
    let metadata = json!({ "permission": permission, "resource": resource });
    let details = json!([info("IAM_PERMISSION_DENIED", &metadata)]);
    error(
        request,
        403,
        "PERMISSION_DENIED",
        &json!({}),
        &message,
        &details,
    )
}

/// Compute says it with 403, the others with 429, whatever was asked for.
fn rate_limit(request: Request<'_>, status: u16) -> ErrorAnswer {
    let (service, _) = request.service();
    let number = request.project_number();
    let (status, code) = match (request.api, status) {
        (Api::Compute, 403) => (403, "PERMISSION_DENIED"),
        (Api::Compute | Api::Run | Api::VpcAccess | Api::Knative, _) => (429, "RESOURCE_EXHAUSTED"),
    };
    let message = format!(
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service '{service}' \
         for consumer 'project_number:{number}'."
    );
    let consumer = format!("projects/{number}");
    let metadata =
        json!({ "consumer": consumer, "quota_limit": "QueriesPerMinute", "service": service });
    let details = json!([info("RATE_LIMIT_EXCEEDED", &metadata)]);
    let old = json!({ "domain": "usageLimits", "reason": "rateLimitExceeded" });
    error(request, status, code, &old, &message, &details)
}

fn quota(request: Request<'_>) -> ErrorAnswer {
    let before = request
        .operation
        .rsplit_once('.')
        .map_or("", |(before, _)| before);
    let things = before.rsplit('.').next().unwrap_or_default().to_uppercase();
    match request.api {
        Api::Compute => {
            let message = format!("Quota '{things}' exceeded.  Limit: 0.0 globally.");
            ErrorAnswer::new(403, "quotaExceeded", message)
        }
        Api::Run | Api::VpcAccess | Api::Knative => {
            let message = format!("Quota exceeded for {things} per project per region.");
            let details = json!([info("QUOTA_EXCEEDED", &json!({ "quota_metric": things }))]);
            error(
                request,
                429,
                "RESOURCE_EXHAUSTED",
                &json!({}),
                &message,
                &details,
            )
        }
    }
}

fn plain(request: Request<'_>, status: u16, message: &str) -> ErrorAnswer {
    let reason = match (request.api, status) {
        (Api::Compute, _) => "backendError",
        (Api::Run | Api::VpcAccess | Api::Knative, 503) => "UNAVAILABLE",
        (Api::Run | Api::VpcAccess | Api::Knative, _) => "INTERNAL",
    };
    ErrorAnswer::new(status, reason, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Preset, Request};
    use crate::call::Api;

    const ROUTERS: Request<'_> = Request {
        api: Api::Compute,
        operation: "compute.routers.patch",
        path: "/compute/v1/projects/p/regions/us-east1/routers/r",
    };
    const SERVICES: Request<'_> = Request {
        api: Api::Run,
        operation: "run.projects.locations.services.patch",
        path: "/v2/projects/p/locations/us-east1/services/s",
    };

    #[test]
    fn each_api_says_in_its_own_way_that_it_is_disabled() {
        let compute = Preset::ApiDisabled
            .error(ROUTERS)
            .unwrap()
            .body(Api::Compute);
        assert_eq!(
            compute["error"]["errors"][0]["reason"],
            "accessNotConfigured"
        );
        let run = Preset::ApiDisabled.error(SERVICES).unwrap().body(Api::Run);
        assert_eq!(run["error"]["details"][1]["reason"], "SERVICE_DISABLED");
        assert_eq!(run["error"].get("errors"), None);
    }

    #[test]
    fn a_missing_permission_is_named() {
        let compute = Preset::PermissionDenied.error(ROUTERS).unwrap();
        let text = "Required 'compute.routers.update' permission for 'projects/p/regions/us-east1/routers/r'";
        assert_eq!(compute.message, text);
        let run = Preset::PermissionDenied.error(SERVICES).unwrap();
        assert!(
            run.message.contains("'run.services.update'"),
            "{}",
            run.message
        );
    }

    /// One verb of a permission for several methods, or one that Google has for the method alone.
    #[test]
    fn no_permission_is_called_as_only_a_method_is() {
        const VERBS: [&str; 10] = [
            "create",
            "delete",
            "expandIpCidrRange",
            "get",
            "getIamPolicy",
            "list",
            "setLabels",
            "setPrivateIpGoogleAccess",
            "switchToCustomMode",
            "update",
        ];
        for operation in crate::resources::operations() {
            let permission = Request {
                operation,
                ..ROUTERS
            }
            .permission();
            let verb = permission.rsplit('.').next().unwrap();
            assert!(VERBS.contains(&verb), "{operation}: {permission}");
        }
    }

    #[test]
    fn compute_limits_the_rate_with_403_and_the_others_with_429() {
        assert_eq!(Preset::RateLimitExceeded.error(ROUTERS).unwrap().http, 403);
        assert_eq!(Preset::RateLimitExceeded.error(SERVICES).unwrap().http, 429);
    }
}
