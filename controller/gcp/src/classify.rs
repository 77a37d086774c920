//! What a failure means: its kind drives what is done, its code what the user reads, its help what they do.
//! Decided here, once, by status and reason in both of Google's spellings, and by words only where Google
//! gives nothing else (`docs/reference/google-cloud.md#error-reasons`).

use privatelink_core::cloud::{CloudError, CloudErrorKind as Kind};
use privatelink_core::codes::Code;

use crate::attempt::{Access, Api, Call};
use crate::failure::{Failure, Nature};
use crate::references::Unmapped;
use crate::words;

impl Call<'_> {
    /// The error of this call.
    pub(crate) fn error(&self, failure: &Failure) -> CloudError {
        let finding = unanswered(self, failure)
            .or_else(|| held_by_settings(self, failure))
            .or_else(|| held_by_rights(self, failure))
            .or_else(|| held_by_state(self, failure))
            .unwrap_or_else(|| by_status(self, failure));
        let message = format!("cannot {}: {}", self.doing, finding.sentence);
        CloudError {
            kind: finding.kind,
            code: finding.code,
            message,
            help: Some(finding.help),
        }
    }

    /// An answer that does not mean what the API promises, or a list that is too long.
    pub(crate) fn unparsable(&self, why: &Unmapped) -> CloudError {
        self.error(&Failure::from(why))
    }

    /// An operation that goes on longer than we wait.
    pub(crate) fn overdue(&self, minutes: u64) -> CloudError {
        let message = format!(
            "cannot {}: it did not end within {minutes} minutes",
            self.doing
        );
        CloudError::new(Kind::Transient, Code::DeadlineExceeded, message)
            .help("Google goes on with it; run again later, which picks up whatever came of it")
    }

    /// Somebody else's change to a router is overwritten, by us or by a third.
    pub(crate) fn update_lost(&self, sentence: &str) -> CloudError {
        let message = format!("cannot {} without loss: {sentence}", self.doing);
        CloudError::new(Kind::Conflict, Code::UpdateLost, message)
            .help("tell them to look at their NAT entries, and to write again what is missing")
    }

    /// The world changed while we were at it.
    pub(crate) fn conflict(&self, code: Code, sentence: &str) -> CloudError {
        CloudError::new(
            Kind::Conflict,
            code,
            format!("cannot {}: {sentence}", self.doing),
        )
        .help("run again: the next run reads everything anew and decides on what it finds")
    }
}

struct Finding {
    kind: Kind,
    code: Code,
    sentence: String,
    help: String,
}

fn finding(
    kind: Kind,
    code: Code,
    sentence: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    Finding {
        kind,
        code,
        sentence: sentence.into(),
        help: help.into(),
    }
}

/// Google said nothing, or nothing that can be understood.
fn unanswered(call: &Call<'_>, failure: &Failure) -> Option<Finding> {
    let (said, api) = (&failure.message, call.api.title());
    Some(match failure.nature {
        Nature::Refused(_) | Nature::Operation(_) => return None,
        Nature::Unreachable => finding(
            Kind::Transient,
            Code::Unreachable,
            format!("the {api} cannot be reached ({said})"),
            "check the network, the proxy settings and --endpoint",
        ),
        Nature::TimedOut => finding(
            Kind::Transient,
            Code::ServerFailed,
            format!("the {api} did not answer ({said})"),
            "run again later",
        ),
        // What was asked may have been done, so this is never taken for a refusal.
        Nature::Unparsable => finding(
            Kind::Transient,
            Code::AnswerUnparsable,
            format!("the answer of the {api} could not be understood ({said})"),
            "run again; if it stays, something between here and Google changes answers, or this release is too old",
        ),
        Nature::TooLong => finding(
            Kind::Invalid,
            Code::ListTooLong,
            said,
            "if that many belong there, raise --max-list-items; it bounds the memory of a run",
        ),
        Nature::Credentials => finding(
            Kind::Denied,
            Code::CredentialsRejected,
            format!("no access token could be had ({said})"),
            "run `gcloud auth application-default login` again, or check the service account, and start anew",
        ),
        Nature::NotSent => finding(
            Kind::Invalid,
            Code::RequestRefused,
            format!("the request could not be made ({said})"),
            "check the names in the declaration",
        ),
    })
}

/// A setting of the project or organisation stands in the way.
fn held_by_settings(call: &Call<'_>, failure: &Failure) -> Option<Finding> {
    let said = &failure.message;
    let disabled = failure.has_reason("SERVICE_DISABLED")
        || failure.has_reason("accessNotConfigured")
        || (failure.says("has not been used in project") && failure.says("disabled"));
    if disabled {
        let service = failure
            .facts
            .get("service")
            .map_or(call.api.service(), String::as_str);
        return Some(finding(
            Kind::Disabled,
            Code::ApiDisabled,
            format!(
                "the {} ({service}) is not enabled in project {}",
                call.api.title(),
                call.project
            ),
            format!(
                "run `gcloud services enable {service} --project {}` and wait a minute",
                call.project
            ),
        ));
    }
    if failure.is_rate_limit() {
        return Some(finding(
            Kind::Transient,
            Code::RateLimited,
            format!("Google Cloud asks to slow down ({said})"),
            "run again in a minute; if it happens often, ask for a higher rate quota or run less often",
        ));
    }
    if failure.is_quota() {
        return Some(finding(
            Kind::Quota,
            Code::QuotaExceeded,
            format!("a quota of project {} is used up ({said})", call.project),
            "free what is no longer needed, or ask for more under IAM & Admin > Quotas",
        ));
    }
    let constraint = words::constraint(said);
    if constraint.is_some() || failure.says("organization policy") || failure.says("org policy") {
        let name = constraint.unwrap_or("an organisation policy");
        return Some(finding(
            Kind::Denied,
            Code::OrganisationPolicy,
            format!("{name} forbids it ({said})"),
            format!(
                "ask whoever administers the organisation for an exception to {name}, or declare what it allows"
            ),
        ));
    }
    None
}

/// Somebody has to be given a right.
fn held_by_rights(call: &Call<'_>, failure: &Failure) -> Option<Finding> {
    let said = &failure.message;
    if failure.says("iam.serviceaccounts.actas") {
        let account =
            words::service_account(said).unwrap_or("the service's runtime service account");
        return Some(finding(
            Kind::Denied,
            Code::ActAsMissing,
            format!("the permission iam.serviceAccounts.actAs on {account} is missing"),
            format!(
                "grant roles/iam.serviceAccountUser on {account} to the identity that runs privatelink"
            ),
        ));
    }
    let shared_network = failure.says("compute.subnetworks.use")
        || failure.says("compute.networks.use")
        || failure.says("compute.networkUser")
        || failure.says("Google APIs Service Agent")
        || failure
            .facts
            .get("permission")
            .is_some_and(|p| p == "compute.subnetworks.use" || p == "compute.networks.use");
    if shared_network {
        let who = match call.api {
            Api::VpcAccess => {
                "the VPC Access service agent (service-NUMBER@gcp-sa-vpcaccess.iam.gserviceaccount.com) \
                 and the Google APIs service agent (NUMBER@cloudservices.gserviceaccount.com) of the connector's project"
            }
            Api::Compute | Api::Run => {
                "the identity that runs privatelink and the service agents of the project"
            }
        };
        return Some(finding(
            Kind::Denied,
            Code::NetworkUserMissing,
            format!("the permission to use the network's subnetwork is missing ({said})"),
            format!("grant roles/compute.networkUser on the subnetwork or its project to {who}"),
        ));
    }
    let image = failure.says("permission to read the image")
        || failure.says("artifactregistry.repositories.downloadArtifacts");
    if image {
        return Some(finding(
            Kind::Denied,
            Code::ImageUnreadable,
            format!("the service's image cannot be read ({said})"),
            "grant roles/artifactregistry.reader on the image's repository to the identity that runs privatelink",
        ));
    }
    if failure.is_missing_project() {
        return Some(finding(
            Kind::Denied,
            Code::ProjectMissing,
            format!("project {} does not exist or cannot be seen", call.project),
            "check the project's id, and that the identity that runs privatelink has a role in it",
        ));
    }
    None
}

/// What is there stands in the way.
fn held_by_state(call: &Call<'_>, failure: &Failure) -> Option<Finding> {
    let said = &failure.message;
    if failure.is_in_use() {
        // Cloud Run keeps its addresses in a subnetwork for an hour or two after the service has gone.
        let draining = failure.says("serverless-ipv4");
        let (code, help) = if draining {
            (
                Code::Draining,
                "nothing to do: Google gives the addresses back within hours, and a later run goes on",
            )
        } else {
            (
                Code::InUse,
                "take it out of use, or keep it; a later run goes on when it is free",
            )
        };
        return Some(finding(
            Kind::InUse,
            code,
            format!("it is still in use ({said})"),
            help,
        ));
    }
    if failure.is_busy() {
        return Some(finding(
            Kind::Transient,
            Code::ChangedMeanwhile,
            format!("it is still being changed ({said})"),
            "run again in a minute",
        ));
    }
    if failure.says("conflicts with an existing subnetwork")
        || failure.says("conflicts with existing subnetwork")
    {
        return Some(finding(
            Kind::Invalid,
            Code::RangeTaken,
            format!("the range overlaps one that is live ({said})"),
            "declare a /28 that is free in this network",
        ));
    }
    if call.api == Api::VpcAccess && failure.says("failed to get healthy") {
        return Some(finding(
            Kind::Invalid,
            Code::ConnectorFailed,
            format!("the connector did not get healthy ({said})"),
            "check that firewall rules admit 35.199.224.0/19 and the health checks' ranges to the connector; \
             in a Shared VPC they have to be made by hand. The next run makes it again",
        ));
    }
    None
}

/// Nothing in particular was recognised.
fn by_status(call: &Call<'_>, failure: &Failure) -> Finding {
    let said = &failure.message;
    let operation = matches!(failure.nature, Nature::Operation(_));
    match failure.status().unwrap_or(500) {
        401 => finding(
            Kind::Denied,
            Code::CredentialsRejected,
            format!("Google Cloud rejected the credentials ({said})"),
            "run `gcloud auth application-default login` again, or check the service account",
        ),
        403 => missing_permission(call, failure),
        404 if call.access == Access::Read => finding(
            Kind::Invalid,
            Code::RequestRefused,
            format!("not found{} ({said})", or_no_region(call, failure)),
            "check --endpoint, the project and the region",
        ),
        404 | 409 | 412 => finding(
            Kind::Conflict,
            Code::ChangedMeanwhile,
            format!("it is no longer as it was when this was decided ({said})"),
            "run again: the next run reads everything anew and decides on what it finds",
        ),
        500.. if operation => finding(
            Kind::Transient,
            Code::OperationFailed,
            format!("the operation ended with an error of the server ({said})"),
            "run again later",
        ),
        500.. => finding(
            Kind::Transient,
            Code::ServerFailed,
            format!("the {} failed ({said})", call.api.title()),
            "run again later; Google's status page is https://status.cloud.google.com",
        ),
        _ if operation => finding(
            Kind::Invalid,
            Code::OperationFailed,
            format!("the operation ended with an error ({said})"),
            "correct what Google names and run again",
        ),
        _ => finding(
            Kind::Invalid,
            Code::RequestRefused,
            format!("Google Cloud refuses it ({said})"),
            "correct what Google names and run again",
        ),
    }
}

fn missing_permission(call: &Call<'_>, failure: &Failure) -> Finding {
    let named = failure
        .facts
        .get("permission")
        .map(String::as_str)
        .or_else(|| words::permission(&failure.message));
    let (sentence, help) = match named {
        Some(permission) => (
            format!(
                "the permission {permission} is missing in project {}{}",
                call.project,
                or_no_region(call, failure)
            ),
            format!(
                "grant a role that contains {permission} to the identity that runs privatelink"
            ),
        ),
        None => (
            format!(
                "a permission is missing in project {}{} ({})",
                call.project,
                or_no_region(call, failure),
                failure.message
            ),
            if or_no_region(call, failure).is_empty() {
                "grant the roles that the manual lists to the identity that runs privatelink"
            } else {
                "correct `spec.region` where it is declared, or grant the roles that the manual lists to the identity that runs privatelink"
            }
            .to_owned(),
        ),
    };
    finding(Kind::Denied, Code::PermissionDenied, sentence, help)
}

/// Google does not tell a region that does not exist from one that we may not see.
fn or_no_region(call: &Call<'_>, failure: &Failure) -> &'static str {
    match call.region {
        Some(region) if words::names_region(&failure.message, region.as_str()) => {
            ", or the region does not exist"
        }
        Some(_) | None => "",
    }
}

#[cfg(test)]
mod tests;
