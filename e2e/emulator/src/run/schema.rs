//! The fields of Cloud Run's messages, as its API describes them. What we keep without looking into it
//! is `Any`.

use crate::fields::{Field, Fields};

const LAUNCH_STAGE: Field = Field::Choice(&[
    ("LAUNCH_STAGE_UNSPECIFIED", 0),
    ("EARLY_ACCESS", 1),
    ("ALPHA", 2),
    ("BETA", 3),
    ("GA", 4),
    ("DEPRECATED", 5),
    ("UNIMPLEMENTED", 6),
    ("PRELAUNCH", 7),
]);

const INGRESS: Field = Field::Choice(&[
    ("INGRESS_TRAFFIC_UNSPECIFIED", 0),
    ("INGRESS_TRAFFIC_ALL", 1),
    ("INGRESS_TRAFFIC_INTERNAL_ONLY", 2),
    ("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", 3),
    ("INGRESS_TRAFFIC_NONE", 4),
]);

const EGRESS: Field = Field::Choice(&[
    ("VPC_EGRESS_UNSPECIFIED", 0),
    ("ALL_TRAFFIC", 1),
    ("PRIVATE_RANGES_ONLY", 2),
]);

const EXECUTION_ENVIRONMENT: Field = Field::Choice(&[
    ("EXECUTION_ENVIRONMENT_UNSPECIFIED", 0),
    ("EXECUTION_ENVIRONMENT_GEN1", 1),
    ("EXECUTION_ENVIRONMENT_GEN2", 2),
]);

const REVOCATION: Field = Field::Choice(&[
    ("ENCRYPTION_KEY_REVOCATION_ACTION_UNSPECIFIED", 0),
    ("PREVENT_NEW", 1),
    ("SHUTDOWN", 2),
]);

const ALLOCATION: Field = Field::Choice(&[
    ("TRAFFIC_TARGET_ALLOCATION_TYPE_UNSPECIFIED", 0),
    ("TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", 1),
    ("TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", 2),
]);

const SERVICE_SCALING: Fields = &[
    ("manualInstanceCount", Field::Int),
    ("maxInstanceCount", Field::Int),
    ("minInstanceCount", Field::Int),
    ("scalingMode", Field::Any),
];

const TRAFFIC: Fields = &[
    ("percent", Field::Int),
    ("revision", Field::Text),
    ("tag", Field::Text),
    ("type", ALLOCATION),
];

const BINARY_AUTHORIZATION: Fields = &[
    ("breakglassJustification", Field::Text),
    ("policy", Field::Text),
    ("useDefault", Field::Bool),
];

/// `Service`.
pub(super) const SERVICE: Fields = &[
    ("annotations", Field::Labels),
    ("binaryAuthorization", Field::Object(BINARY_AUTHORIZATION)),
    ("buildConfig", Field::Any),
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
    ("functionalType", Field::Any),
    ("generation", Field::Output),
    ("iapEnabled", Field::Bool),
    ("ingress", INGRESS),
    ("invokerIamDisabled", Field::Bool),
    ("labels", Field::Labels),
    ("lastModifier", Field::Output),
    ("latestCreatedRevision", Field::Output),
    ("latestReadyRevision", Field::Output),
    ("launchStage", LAUNCH_STAGE),
    ("multiRegionSettings", Field::Any),
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
    ("egress", EGRESS),
    ("networkInterfaces", Field::List(INTERFACE)),
];

const REVISION_SCALING: Fields = &[
    ("concurrencyUtilization", Field::Real),
    ("cpuUtilization", Field::Real),
    ("maxInstanceCount", Field::Int),
    ("minInstanceCount", Field::Int),
];

/// `RevisionTemplate`.
const TEMPLATE: Fields = &[
    ("ambientNetworking", Field::Any),
    ("annotations", Field::Labels),
    ("client", Field::Text),
    ("clientVersion", Field::Text),
    ("containers", Field::List(CONTAINER)),
    ("encryptionKey", Field::Text),
    ("encryptionKeyRevocationAction", REVOCATION),
    ("encryptionKeyShutdownDuration", Field::Text),
    ("executionEnvironment", EXECUTION_ENVIRONMENT),
    ("gpuZonalRedundancyDisabled", Field::Bool),
    ("healthCheckDisabled", Field::Bool),
    ("labels", Field::Labels),
    ("maxInstanceRequestConcurrency", Field::Int),
    ("nodeSelector", Field::Any),
    ("revision", Field::Text),
    ("sandboxes", Field::Any),
    ("scaling", Field::Object(REVISION_SCALING)),
    ("serviceAccount", Field::Text),
    ("serviceMesh", Field::Any),
    ("sessionAffinity", Field::Bool),
    ("timeout", Field::Text),
    ("volumes", Field::Any),
    ("vpcAccess", Field::Object(VPC_ACCESS)),
    ("workloadIdentityConfig", Field::Any),
];

const ENVIRONMENT: Fields = &[
    ("name", Field::Text),
    ("value", Field::Text),
    ("valueSource", Field::Any),
];

const PORT: Fields = &[("containerPort", Field::Int), ("name", Field::Text)];

const RESOURCES: Fields = &[
    ("cpuIdle", Field::Bool),
    ("limits", Field::Labels),
    ("startupCpuBoost", Field::Bool),
];

const PROBE: Fields = &[
    ("failureThreshold", Field::Int),
    ("grpc", Field::Any),
    ("httpGet", Field::Any),
    ("initialDelaySeconds", Field::Int),
    ("periodSeconds", Field::Int),
    ("tcpSocket", Field::Any),
    ("timeoutSeconds", Field::Int),
];

const CONTAINER: Fields = &[
    ("args", Field::Texts),
    ("baseImageUri", Field::Text),
    ("buildConfig", Field::Any),
    ("buildInfo", Field::Output),
    ("command", Field::Texts),
    ("dependsOn", Field::Texts),
    ("env", Field::List(ENVIRONMENT)),
    ("image", Field::Text),
    ("livenessProbe", Field::Object(PROBE)),
    ("name", Field::Text),
    ("ports", Field::List(PORT)),
    ("readinessProbe", Field::Object(PROBE)),
    ("resources", Field::Object(RESOURCES)),
    ("sandboxLauncher", Field::Bool),
    ("sourceCode", Field::Any),
    ("startupProbe", Field::Object(PROBE)),
    ("volumeMounts", Field::Any),
    ("workingDir", Field::Text),
];

/// `Revision`: nobody sends one, but state documents have them.
pub(super) const REVISION: Fields = &[
    ("ambientNetworking", Field::Any),
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
    ("encryptionKeyShutdownDuration", Field::Text),
    ("etag", Field::Output),
    ("executionEnvironment", EXECUTION_ENVIRONMENT),
    ("expireTime", Field::Output),
    ("generation", Field::Output),
    ("gpuZonalRedundancyDisabled", Field::Bool),
    ("healthCheckDisabled", Field::Bool),
    ("labels", Field::Labels),
    ("launchStage", LAUNCH_STAGE),
    ("logUri", Field::Output),
    ("maxInstanceRequestConcurrency", Field::Int),
    ("name", Field::Output),
    ("nodeSelector", Field::Any),
    ("observedGeneration", Field::Output),
    ("reconciling", Field::Output),
    ("sandboxes", Field::Any),
    ("satisfiesPzs", Field::Output),
    ("scaling", Field::Object(REVISION_SCALING)),
    ("scalingStatus", Field::Output),
    ("service", Field::Output),
    ("serviceAccount", Field::Text),
    ("serviceMesh", Field::Any),
    ("sessionAffinity", Field::Bool),
    ("timeout", Field::Text),
    ("uid", Field::Output),
    ("updateTime", Field::Output),
    ("volumes", Field::Any),
    ("vpcAccess", Field::Object(VPC_ACCESS)),
    ("workloadIdentityConfig", Field::Any),
];

const TASK: Fields = &[
    ("containers", Field::List(CONTAINER)),
    ("encryptionKey", Field::Text),
    ("executionEnvironment", EXECUTION_ENVIRONMENT),
    ("gpuZonalRedundancyDisabled", Field::Bool),
    ("maxRetries", Field::Int),
    ("nodeSelector", Field::Any),
    ("sandboxes", Field::Any),
    ("serviceAccount", Field::Text),
    ("timeout", Field::Text),
    ("volumes", Field::Any),
    ("vpcAccess", Field::Object(VPC_ACCESS)),
    ("workloadIdentityConfig", Field::Any),
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
    ("functionalType", Field::Any),
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
