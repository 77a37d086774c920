//! The fields of Cloud Run's messages, as its API describes them.

mod containers;
mod volumes;

use crate::enums;
use crate::fields::{Field, Fields};

use containers::{CONTAINER, SANDBOXES};
use volumes::VOLUME;

const LAUNCH_STAGE: Field = Field::Choice(enums::LAUNCH_STAGE);
const FUNCTIONAL_TYPE: Field = Field::Choice(enums::FUNCTIONAL_TYPE);
const EXECUTION_ENVIRONMENT: Field = Field::Choice(enums::EXECUTION_ENVIRONMENT);
const REVOCATION: Field = Field::Choice(enums::REVOCATION);

const SERVICE_SCALING: Fields = &[
    ("manualInstanceCount", Field::Int),
    ("maxInstanceCount", Field::Int),
    ("minInstanceCount", Field::Int),
    ("scalingMode", Field::Choice(enums::SCALING_MODE)),
];

const TRAFFIC: Fields = &[
    ("percent", Field::Int),
    ("revision", Field::Text),
    ("tag", Field::Text),
    ("type", Field::Choice(enums::ALLOCATION)),
];

const BINARY_AUTHORIZATION: Fields = &[
    ("breakglassJustification", Field::Text),
    ("policy", Field::Text),
    ("useDefault", Field::Bool),
];

const BUILD: Fields = &[
    ("baseImage", Field::Text),
    ("enableAutomaticUpdates", Field::Bool),
    ("environmentVariables", Field::Labels),
    ("functionTarget", Field::Text),
    ("imageUri", Field::Text),
    ("name", Field::Output),
    ("serviceAccount", Field::Text),
    ("sourceLocation", Field::Text),
    ("workerPool", Field::Text),
];

const MULTI_REGION: Fields = &[("multiRegionId", Field::Text), ("regions", Field::Texts)];

/// `Service`.
pub(super) const SERVICE: Fields = &[
    ("annotations", Field::Labels),
    ("binaryAuthorization", Field::Object(BINARY_AUTHORIZATION)),
    ("buildConfig", Field::Object(BUILD)),
    ("client", Field::Text),
    ("clientVersion", Field::Text),
    ("conditions", Field::Output),
    ("createTime", Field::Output),
    ("creator", Field::Output),
    ("customAudiences", Field::Texts),
    ("defaultUriDisabled", Field::Bool),
    ("deleteTime", Field::Output),
    ("description", Field::Text),
    ("etag", Field::Text),
    ("expireTime", Field::Output),
    ("functionalType", FUNCTIONAL_TYPE),
    ("generation", Field::Output),
    ("iapEnabled", Field::Bool),
    ("ingress", Field::Choice(enums::INGRESS)),
    ("invokerIamDisabled", Field::Bool),
    ("labels", Field::Labels),
    ("lastModifier", Field::Output),
    ("latestCreatedRevision", Field::Output),
    ("latestReadyRevision", Field::Output),
    ("launchStage", LAUNCH_STAGE),
    ("multiRegionSettings", Field::Object(MULTI_REGION)),
    ("name", Field::Output),
    ("observedGeneration", Field::Output),
    ("reconciling", Field::Output),
    ("satisfiesPzs", Field::Output),
    ("scaling", Field::Object(SERVICE_SCALING)),
    ("sshEnabled", Field::Bool),
    ("template", Field::Object(TEMPLATE)),
    ("terminalCondition", Field::Output),
    ("threatDetectionEnabled", Field::Output),
    ("traffic", Field::List(TRAFFIC)),
    ("trafficStatuses", Field::Output),
    ("uid", Field::Output),
    ("updateTime", Field::Output),
    ("uri", Field::Output),
    ("urls", Field::Output),
];

const INTERFACE: Fields = &[
    ("network", Field::Text),
    ("subnetwork", Field::Text),
    ("tags", Field::Texts),
];

const VPC_ACCESS: Fields = &[
    ("connector", Field::Text),
    ("egress", Field::Choice(enums::EGRESS)),
    ("networkInterfaces", Field::List(INTERFACE)),
];

const REVISION_SCALING: Fields = &[
    ("concurrencyUtilization", Field::Real),
    ("cpuUtilization", Field::Real),
    ("maxInstanceCount", Field::Int),
    ("minInstanceCount", Field::Int),
];

const AMBIENT_NETWORKING: Fields = &[
    ("ambientScope", Field::Choice(enums::AMBIENT_SCOPE)),
    ("enabled", Field::Bool),
];

const NODE_SELECTOR: Fields = &[("accelerator", Field::Text)];

const SERVICE_MESH: Fields = &[("mesh", Field::Text)];

const WORKLOAD_IDENTITY: Fields = &[
    ("identity", Field::Text),
    ("identityCertificateEnabled", Field::Bool),
    ("identityType", Field::Choice(enums::IDENTITY_TYPE)),
];

/// `RevisionTemplate`.
const TEMPLATE: Fields = &[
    ("ambientNetworking", Field::Object(AMBIENT_NETWORKING)),
    ("annotations", Field::Labels),
    ("client", Field::Text),
    ("clientVersion", Field::Text),
    ("containers", Field::List(CONTAINER)),
    ("encryptionKey", Field::Text),
    ("encryptionKeyRevocationAction", REVOCATION),
    ("encryptionKeyShutdownDuration", Field::Duration),
    ("executionEnvironment", EXECUTION_ENVIRONMENT),
    ("gpuZonalRedundancyDisabled", Field::Bool),
    ("healthCheckDisabled", Field::Bool),
    ("labels", Field::Labels),
    ("maxInstanceRequestConcurrency", Field::Int),
    ("nodeSelector", Field::Object(NODE_SELECTOR)),
    ("revision", Field::Text),
    ("sandboxes", Field::Object(SANDBOXES)),
    ("scaling", Field::Object(REVISION_SCALING)),
    ("serviceAccount", Field::Text),
    ("serviceMesh", Field::Object(SERVICE_MESH)),
    ("sessionAffinity", Field::Bool),
    ("timeout", Field::Duration),
    ("volumes", Field::List(VOLUME)),
    ("vpcAccess", Field::Object(VPC_ACCESS)),
    ("workloadIdentityConfig", Field::Object(WORKLOAD_IDENTITY)),
];

/// `Revision`: nobody sends one, but state documents have them.
pub(super) const REVISION: Fields = &[
    ("ambientNetworking", Field::Object(AMBIENT_NETWORKING)),
    ("annotations", Field::Labels),
    ("client", Field::Text),
    ("clientVersion", Field::Text),
    ("conditions", Field::Output),
    ("containerStatuses", Field::Output),
    ("containers", Field::List(CONTAINER)),
    ("createTime", Field::Output),
    ("creator", Field::Output),
    ("deleteTime", Field::Output),
    ("encryptionKey", Field::Text),
    ("encryptionKeyRevocationAction", REVOCATION),
    ("encryptionKeyShutdownDuration", Field::Duration),
    ("etag", Field::Output),
    ("executionEnvironment", EXECUTION_ENVIRONMENT),
    ("expireTime", Field::Output),
    ("generation", Field::Output),
    ("gpuZonalRedundancyDisabled", Field::Bool),
    ("labels", Field::Labels),
    ("launchStage", LAUNCH_STAGE),
    ("logUri", Field::Output),
    ("maxInstanceRequestConcurrency", Field::Int),
    ("name", Field::Output),
    ("nodeSelector", Field::Object(NODE_SELECTOR)),
    ("observedGeneration", Field::Output),
    ("reconciling", Field::Output),
    ("sandboxes", Field::Object(SANDBOXES)),
    ("satisfiesPzs", Field::Output),
    ("scaling", Field::Object(REVISION_SCALING)),
    ("scalingStatus", Field::Output),
    ("service", Field::Output),
    ("serviceAccount", Field::Text),
    ("serviceMesh", Field::Object(SERVICE_MESH)),
    ("sessionAffinity", Field::Bool),
    ("timeout", Field::Duration),
    ("uid", Field::Output),
    ("updateTime", Field::Output),
    ("volumes", Field::List(VOLUME)),
    ("vpcAccess", Field::Object(VPC_ACCESS)),
    ("workloadIdentityConfig", Field::Object(WORKLOAD_IDENTITY)),
];

const TASK: Fields = &[
    ("containers", Field::List(CONTAINER)),
    ("encryptionKey", Field::Text),
    ("executionEnvironment", EXECUTION_ENVIRONMENT),
    ("gpuZonalRedundancyDisabled", Field::Bool),
    ("maxRetries", Field::Int),
    ("nodeSelector", Field::Object(NODE_SELECTOR)),
    ("sandboxes", Field::Object(SANDBOXES)),
    ("serviceAccount", Field::Text),
    ("timeout", Field::Duration),
    ("volumes", Field::List(VOLUME)),
    ("vpcAccess", Field::Object(VPC_ACCESS)),
    ("workloadIdentityConfig", Field::Object(WORKLOAD_IDENTITY)),
];

const EXECUTION: Fields = &[
    ("annotations", Field::Labels),
    ("client", Field::Text),
    ("clientVersion", Field::Text),
    ("delayExecution", Field::Bool),
    ("labels", Field::Labels),
    ("parallelism", Field::Int),
    ("taskCount", Field::Int),
    ("template", Field::Object(TASK)),
];

/// `Job`.
pub(super) const JOB: Fields = &[
    ("annotations", Field::Labels),
    ("binaryAuthorization", Field::Object(BINARY_AUTHORIZATION)),
    ("client", Field::Text),
    ("clientVersion", Field::Text),
    ("conditions", Field::Output),
    ("createTime", Field::Output),
    ("creator", Field::Output),
    ("deleteTime", Field::Output),
    ("etag", Field::Text),
    ("executionCount", Field::Output),
    ("expireTime", Field::Output),
    ("functionalType", FUNCTIONAL_TYPE),
    ("generation", Field::Output),
    ("labels", Field::Labels),
    ("lastModifier", Field::Output),
    ("latestCreatedExecution", Field::Output),
    ("launchStage", LAUNCH_STAGE),
    ("name", Field::Output),
    ("observedGeneration", Field::Output),
    ("reconciling", Field::Output),
    ("runExecutionToken", Field::Text),
    ("satisfiesPzs", Field::Output),
    ("startExecutionToken", Field::Text),
    ("template", Field::Object(EXECUTION)),
    ("terminalCondition", Field::Output),
    ("uid", Field::Output),
    ("updateTime", Field::Output),
];
