//! What runs, and how it is built and probed.

use crate::fields::{Field, Fields};

const VALUE_SOURCE: Fields = &[(
    "secretKeyRef",
    Field::Object(&[("secret", Field::Text), ("version", Field::Text)]),
)];

const ENVIRONMENT: Fields = &[
    ("name", Field::Text),
    ("value", Field::Text),
    ("valueSource", Field::Object(VALUE_SOURCE)),
];

const PORT: Fields = &[("containerPort", Field::Int), ("name", Field::Text)];

const RESOURCES: Fields = &[
    ("cpuIdle", Field::Bool),
    ("limits", Field::Labels),
    ("startupCpuBoost", Field::Bool),
];

const GRPC: Fields = &[("port", Field::Int), ("service", Field::Text)];

const HEADER: Fields = &[("name", Field::Text), ("value", Field::Text)];

const HTTP_GET: Fields = &[
    ("httpHeaders", Field::List(HEADER)),
    ("path", Field::Text),
    ("port", Field::Int),
];

const TCP_SOCKET: Fields = &[("port", Field::Int)];

const PROBE: Fields = &[
    ("failureThreshold", Field::Int),
    ("grpc", Field::Object(GRPC)),
    ("httpGet", Field::Object(HTTP_GET)),
    ("initialDelaySeconds", Field::Int),
    ("periodSeconds", Field::Int),
    ("tcpSocket", Field::Object(TCP_SOCKET)),
    ("timeoutSeconds", Field::Int),
];

const BUILDPACKS: Fields = &[
    ("buildBaseImageUri", Field::Text),
    ("cacheImageUri", Field::Text),
    ("environmentVariables", Field::Labels),
];

const CLOUD_BUILD_WORKER: Fields = &[("machineType", Field::Text), ("workerPool", Field::Text)];

const WORKER: Fields = &[(
    "cloudBuildWorkerConfiguration",
    Field::Object(CLOUD_BUILD_WORKER),
)];

/// `BuildConfiguration`.
const BUILD: Fields = &[
    ("buildpacksBuild", Field::Object(BUILDPACKS)),
    ("dockerBuild", Field::Object(&[])),
    ("imageRepositoryUri", Field::Text),
    ("serviceAccount", Field::Text),
    ("tags", Field::Texts),
    ("workerConfiguration", Field::Object(WORKER)),
];

const CLOUD_STORAGE: Fields = &[
    ("bucket", Field::Text),
    ("generation", Field::Long),
    ("object", Field::Text),
];

const SOURCE_FILE: Fields = &[("content", Field::Text), ("filename", Field::Text)];

const INLINED: Fields = &[("sources", Field::List(SOURCE_FILE))];

const SOURCE_CODE: Fields = &[
    ("cloudStorageSource", Field::Object(CLOUD_STORAGE)),
    ("inlinedSource", Field::Object(INLINED)),
];

const VOLUME_MOUNT: Fields = &[
    ("mountPath", Field::Text),
    ("name", Field::Text),
    ("subPath", Field::Text),
];

/// `Container`.
pub(super) const CONTAINER: Fields = &[
    ("args", Field::Texts),
    ("baseImageUri", Field::Text),
    ("buildConfig", Field::Object(BUILD)),
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
    ("sourceCode", Field::Object(SOURCE_CODE)),
    ("startupProbe", Field::Object(PROBE)),
    ("volumeMounts", Field::List(VOLUME_MOUNT)),
    ("workingDir", Field::Text),
];

const SANDBOX: Fields = &[
    ("args", Field::Texts),
    ("command", Field::Texts),
    ("env", Field::List(ENVIRONMENT)),
    ("image", Field::Text),
    ("name", Field::Text),
    ("volumeMounts", Field::List(VOLUME_MOUNT)),
    ("workingDir", Field::Text),
];

/// `SandboxConfiguration`.
pub(super) const SANDBOXES: Fields = &[("templates", Field::List(SANDBOX))];
