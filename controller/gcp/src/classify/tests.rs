//! Bodies as Google's APIs print them, and what becomes of them.
#![allow(clippy::unwrap_used)]

use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Status;
use privatelink_core::ids::{ProjectId, Region};
use serde_json::{Value, json};

use super::*;
use crate::references::tests::{project, region};

fn call<'a>(api: Api, project: &'a ProjectId, region: &'a Region) -> Call<'a> {
    Call::write(api, "x.y.z", project, region, "change it".to_owned())
}

fn answered(api: Api, status: u16, body: &Value) -> CloudError {
    let bytes = body.to_string().into_bytes().into();
    let error = match Status::try_from(&bytes) {
        Ok(said) => Error::service_with_http_metadata(said, Some(status), None),
        Err(_) => Error::http(status, reqwest::header::HeaderMap::new(), bytes),
    };
    call(api, &project(), &region()).error(&error.into())
}

/// Compute's older form: reasons in a list of errors, no status in words.
fn compute(status: u16, reason: &str, message: &str) -> CloudError {
    let errors = json!([{"message": message, "domain": "global", "reason": reason}]);
    answered(
        Api::Compute,
        status,
        &json!({"error": {"code": status, "message": message, "errors": errors}}),
    )
}

/// The form of the other APIs, and of Compute since it sends details.
fn rpc(api: Api, status: u16, word: &str, message: &str, info: &Value) -> CloudError {
    let mut info = info.clone();
    let details = info.as_object_mut().map_or_else(Vec::new, |fields| {
        fields.insert(
            "@type".into(),
            json!("type.googleapis.com/google.rpc.ErrorInfo"),
        );
        vec![json!(fields)]
    });
    let error = json!({"code": status, "message": message, "status": word, "details": details});
    answered(api, status, &json!({"error": error}))
}

fn operation(code: &str, message: &str, status: Option<u16>) -> CloudError {
    let errors = json!({"errors": [{"code": code, "message": message}]});
    let body = json!({"status": "DONE", "error": errors, "httpErrorStatusCode": status});
    let failure = Failure::of_compute_operation(&serde_json::from_value(body).unwrap()).unwrap();
    call(Api::Compute, &project(), &region()).error(&failure)
}

fn long_running(api: Api, code: i32, message: &str) -> CloudError {
    let status = Status::default().set_code(code).set_message(message);
    call(api, &project(), &region()).error(&Failure::of_operation(&status))
}

#[track_caller]
fn is(error: &CloudError, kind: Kind, code: Code) {
    assert_eq!((error.kind, error.code), (kind, code), "{error:?}");
    assert!(error.help.is_some());
    assert!(!error.message.contains('\n'));
}

#[test]
fn an_api_that_is_not_enabled_says_how_to_enable_it() {
    let message = "Cloud Run Admin API has not been used in project 123 before or it is disabled.";
    let info = json!({"reason": "SERVICE_DISABLED", "domain": "googleapis.com", "metadata": {"service": "run.googleapis.com"}});
    let error = rpc(Api::Run, 403, "PERMISSION_DENIED", message, &info);
    is(&error, Kind::Disabled, Code::ApiDisabled);
    assert!(
        error
            .help
            .unwrap()
            .contains("gcloud services enable run.googleapis.com --project acme-prod")
    );
    let error = compute(
        403,
        "accessNotConfigured",
        "Access Not Configured. Compute Engine API is disabled.",
    );
    is(&error, Kind::Disabled, Code::ApiDisabled);
}

#[test]
fn a_missing_permission_is_named() {
    let message = "Required 'compute.routers.list' permission for 'projects/acme-prod'";
    let error = compute(403, "forbidden", message);
    is(&error, Kind::Denied, Code::PermissionDenied);
    assert!(error.message.contains("compute.routers.list"), "{error}");
    let info =
        json!({"reason": "IAM_PERMISSION_DENIED", "metadata": {"permission": "run.services.list"}});
    let error = rpc(
        Api::Run,
        403,
        "PERMISSION_DENIED",
        "The caller does not have permission",
        &info,
    );
    is(&error, Kind::Denied, Code::PermissionDenied);
    assert!(error.message.contains("run.services.list"), "{error}");
    let error = rpc(
        Api::VpcAccess,
        403,
        "PERMISSION_DENIED",
        "The caller does not have permission",
        &json!(null),
    );
    is(&error, Kind::Denied, Code::PermissionDenied);
}

#[test]
fn act_as_names_the_service_account() {
    let account = "123-compute@developer.gserviceaccount.com";
    let message = format!(
        "Permission 'iam.serviceaccounts.actAs' denied on service account {account} (or it may not exist)."
    );
    let error = rpc(Api::Run, 403, "PERMISSION_DENIED", &message, &json!(null));
    is(&error, Kind::Denied, Code::ActAsMissing);
    assert!(error.message.contains(account), "{error}");
}

#[test]
fn the_rights_on_a_shared_network_are_told_from_other_rights() {
    let message = "Required 'compute.subnetworks.use' permission for 'projects/acme-host/regions/europe-west1/subnetworks/a'";
    is(
        &compute(403, "forbidden", message),
        Kind::Denied,
        Code::NetworkUserMissing,
    );
    let message = "Operation failed: Google APIs Service Agent (123@cloudservices.gserviceaccount.com) needs editor role in the project.";
    is(
        &long_running(Api::VpcAccess, 7, message),
        Kind::Denied,
        Code::NetworkUserMissing,
    );
}

#[test]
fn an_image_that_cannot_be_read_is_told_from_other_rights() {
    let message =
        "Google Cloud Run Service Agent must have permission to read the image, eu.gcr.io/p/i.";
    is(
        &rpc(Api::Run, 403, "PERMISSION_DENIED", message, &json!(null)),
        Kind::Denied,
        Code::ImageUnreadable,
    );
}

#[test]
fn an_organisation_policy_is_named() {
    let message =
        "Constraint constraints/compute.restrictCloudNATUsage violated for projects/acme-prod.";
    let error = compute(412, "conditionNotMet", message);
    is(&error, Kind::Denied, Code::OrganisationPolicy);
    assert!(
        error
            .message
            .contains("constraints/compute.restrictCloudNATUsage"),
        "{error}"
    );
    let message =
        "spec.ingress does not comply with organization policy (constraints/run.allowedIngress).";
    is(
        &rpc(Api::Run, 400, "FAILED_PRECONDITION", message, &json!(null)),
        Kind::Denied,
        Code::OrganisationPolicy,
    );
}

#[test]
fn a_project_that_cannot_be_seen_is_never_an_empty_project() {
    let message = "Project 'acme-prod' not found or permission denied.";
    is(
        &answered(
            Api::Compute,
            403,
            &json!({"error": {"code": 403, "message": message}}),
        ),
        Kind::Denied,
        Code::ProjectMissing,
    );
    let message = "The resource 'projects/acme-prod' was not found";
    is(
        &compute(404, "notFound", message),
        Kind::Denied,
        Code::ProjectMissing,
    );
    let gone = Failure::new(Nature::Refused(404), message);
    assert!(!gone.is_missing());
    assert!(Failure::new(Nature::Refused(404), "The connector is not found.").is_missing());
}

#[test]
fn rates_and_quotas_are_told_apart() {
    let rate = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'.";
    is(
        &compute(403, "rateLimitExceeded", rate),
        Kind::Transient,
        Code::RateLimited,
    );
    is(
        &compute(403, "userRateLimitExceeded", "slow down"),
        Kind::Transient,
        Code::RateLimited,
    );
    let info = json!({"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit": "WritePerMinutePerProjectRegion"}});
    is(
        &rpc(Api::Run, 429, "RESOURCE_EXHAUSTED", rate, &info),
        Kind::Transient,
        Code::RateLimited,
    );
    let info = json!({"reason": "INSUFFICIENT_TOKENS"});
    is(
        &rpc(Api::Run, 429, "RESOURCE_EXHAUSTED", "Quota exceeded", &info),
        Kind::Transient,
        Code::RateLimited,
    );
    let info = json!({"reason": "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED"});
    is(
        &rpc(Api::Compute, 403, "PERMISSION_DENIED", "too many", &info),
        Kind::Transient,
        Code::RateLimited,
    );
    let things = "Quota 'ROUTERS' exceeded.  Limit: 20.0 globally.";
    is(
        &compute(403, "quotaExceeded", things),
        Kind::Quota,
        Code::QuotaExceeded,
    );
    is(
        &operation("QUOTA_EXCEEDED", things, Some(403)),
        Kind::Quota,
        Code::QuotaExceeded,
    );
    is(
        &long_running(Api::VpcAccess, 8, "no more connectors"),
        Kind::Quota,
        Code::QuotaExceeded,
    );
}

#[test]
fn in_use_is_known_in_both_forms_and_draining_is_told_apart() {
    let message =
        "The router resource 'projects/p/regions/r/routers/x' is already being used by 'y'";
    is(
        &compute(400, "resourceInUseByAnotherResource", message),
        Kind::InUse,
        Code::InUse,
    );
    is(
        &operation("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", message, Some(400)),
        Kind::InUse,
        Code::InUse,
    );
    let message = "The subnetwork resource 'projects/p/regions/r/subnetworks/s' is already being used by \
                   'projects/p/regions/r/addresses/serverless-ipv4-1234'";
    is(
        &compute(400, "resourceInUseByAnotherResource", message),
        Kind::InUse,
        Code::Draining,
    );
}

#[test]
fn what_changed_meanwhile_is_a_conflict() {
    is(
        &compute(409, "alreadyExists", "The resource 'x' already exists"),
        Kind::Conflict,
        Code::ChangedMeanwhile,
    );
    is(
        &compute(412, "conditionNotMet", "Invalid fingerprint."),
        Kind::Conflict,
        Code::ChangedMeanwhile,
    );
    is(
        &compute(
            404,
            "notFound",
            "The resource 'projects/p/regions/r/routers/x' was not found",
        ),
        Kind::Conflict,
        Code::ChangedMeanwhile,
    );
    let message =
        "Conflict for resource 'orders': version '1' was specified but current version is '2'.";
    is(
        &rpc(Api::Run, 409, "ABORTED", message, &json!(null)),
        Kind::Conflict,
        Code::ChangedMeanwhile,
    );
    is(
        &compute(400, "resourceNotReady", "The resource 'x' is not ready"),
        Kind::Transient,
        Code::ChangedMeanwhile,
    );
}

#[test]
fn a_range_that_is_taken_is_known_by_its_words() {
    let message = "Operation failed: Invalid IP CIDR range was provided. It conflicts with an existing subnetwork. \
                   Please delete the connector manually.";
    is(
        &long_running(Api::VpcAccess, 3, message),
        Kind::Invalid,
        Code::RangeTaken,
    );
    let message = "Invalid IPCidrRange: 10.8.0.0/28 conflicts with existing subnetwork 'a' in region 'europe-west1'.";
    is(
        &operation("INVALID_USAGE", message, Some(400)),
        Kind::Invalid,
        Code::RangeTaken,
    );
    let message = "Operation failed: VPC Access connector failed to get healthy";
    is(
        &long_running(Api::VpcAccess, 13, message),
        Kind::Invalid,
        Code::ConnectorFailed,
    );
}

#[test]
fn everything_else_goes_by_its_status() {
    is(
        &compute(400, "invalid", "Invalid value for field 'resource.nats[0]'"),
        Kind::Invalid,
        Code::RequestRefused,
    );
    is(
        &compute(401, "authError", "Invalid Credentials"),
        Kind::Denied,
        Code::CredentialsRejected,
    );
    is(
        &compute(503, "backendError", "Internal error"),
        Kind::Transient,
        Code::ServerFailed,
    );
    is(
        &operation("INTERNAL_ERROR", "Internal error", Some(500)),
        Kind::Transient,
        Code::OperationFailed,
    );
    is(
        &operation("SOMETHING", "no", None),
        Kind::Invalid,
        Code::OperationFailed,
    );
    is(
        &long_running(Api::Run, 3, "Image 'x' not found."),
        Kind::Invalid,
        Code::OperationFailed,
    );
}

#[test]
fn a_page_that_some_proxy_sent_is_not_repeated() {
    let error = Error::http(
        502,
        reqwest::header::HeaderMap::new(),
        "<html>Bad\u{1b}[31m</html>".into(),
    );
    let error = call(Api::Run, &project(), &region()).error(&error.into());
    is(&error, Kind::Transient, Code::ServerFailed);
    assert!(!error.message.contains('<'), "{error}");
}

#[test]
fn an_answer_that_cannot_be_read_is_never_taken_for_a_refusal() {
    let error = call(Api::Compute, &project(), &region()).unparsable(&Unmapped::PageRepeated);
    is(&error, Kind::Transient, Code::AnswerUnparsable);
}

#[test]
fn violations_of_single_fields_are_said() {
    let detail = json!({
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": "service.template.vpc_access.connector", "description": "one and only one"}],
    });
    let error = json!({"code": 400, "message": "Bad request", "status": "INVALID_ARGUMENT", "details": [detail]});
    let error = answered(Api::Run, 400, &json!({"error": error}));
    assert!(
        error
            .message
            .contains("service.template.vpc_access.connector: one and only one"),
        "{error}"
    );
}
