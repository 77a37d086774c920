//! The fields of Knative's messages that are served. Volumes are not among them: version 2 keeps those
//! that a service has.

use crate::fields::{Field, Fields};

const META: Fields = &[
    ("annotations", Field::Labels),
    ("clusterName", Field::Output),
    ("creationTimestamp", Field::Output),
    ("deletionTimestamp", Field::Output),
    ("finalizers", Field::Output),
    ("generateName", Field::Output),
    ("generation", Field::Output),
    ("labels", Field::Labels),
    ("name", Field::Text),
    ("namespace", Field::Text),
    ("ownerReferences", Field::Output),
    ("resourceVersion", Field::Text),
    ("selfLink", Field::Output),
    ("uid", Field::Output),
];

/// `Job`.
pub(super) const JOB: Fields = &[
    ("apiVersion", Field::Text),
    ("kind", Field::Text),
    ("metadata", Field::Object(META)),
    (
        "spec",
        Field::Object(&[
            ("runExecutionToken", Field::Text),
            ("startExecutionToken", Field::Text),
            ("template", Field::Object(EXECUTION_TEMPLATE)),
        ]),
    ),
    ("status", Field::Output),
];

const EXECUTION_TEMPLATE: Fields = &[
    ("metadata", Field::Object(META)),
    (
        "spec",
        Field::Object(&[
            ("delayExecution", Field::Bool),
            ("parallelism", Field::Int),
            ("taskCount", Field::Int),
            ("template", Field::Object(&[("spec", Field::Object(TASK))])),
        ]),
    ),
];

const TASK: Fields = &[
    ("containers", Field::List(CONTAINER)),
    ("maxRetries", Field::Int),
    ("nodeSelector", Field::Labels),
    ("serviceAccountName", Field::Text),
    ("timeoutSeconds", Field::Long),
];

/// `Service`.
pub(super) const SERVICE: Fields = &[
    ("apiVersion", Field::Text),
    ("kind", Field::Text),
    ("metadata", Field::Object(META)),
    ("spec", Field::Object(SPEC)),
    ("status", Field::Output),
];

const SPEC: Fields = &[
    ("template", Field::Object(TEMPLATE)),
    ("traffic", Field::List(TRAFFIC)),
];

const TRAFFIC: Fields = &[
    ("configurationName", Field::Output),
    ("latestRevision", Field::Bool),
    ("percent", Field::Int),
    ("revisionName", Field::Text),
    ("tag", Field::Text),
    ("url", Field::Output),
];

const TEMPLATE: Fields = &[
    ("metadata", Field::Object(META)),
    ("spec", Field::Object(REVISION_SPEC)),
];

const REVISION_SPEC: Fields = &[
    ("containerConcurrency", Field::Int),
    ("containers", Field::List(CONTAINER)),
    ("nodeSelector", Field::Labels),
    ("serviceAccountName", Field::Text),
    ("timeoutSeconds", Field::Int),
];

const ENVIRONMENT: Fields = &[
    ("name", Field::Text),
    ("value", Field::Text),
    (
        "valueFrom",
        Field::Object(&[("secretKeyRef", Field::Object(SECRET_KEY))]),
    ),
];

const SECRET_KEY: Fields = &[("key", Field::Text), ("name", Field::Text)];

const PORT: Fields = &[
    ("containerPort", Field::Int),
    ("name", Field::Text),
    ("protocol", Field::Output),
];

const GRPC: Fields = &[("port", Field::Int), ("service", Field::Text)];

const HEADER: Fields = &[("name", Field::Text), ("value", Field::Text)];

const HTTP_GET: Fields = &[
    ("host", Field::Text),
    ("httpHeaders", Field::List(HEADER)),
    ("path", Field::Text),
    ("port", Field::Int),
    ("scheme", Field::Text),
];

const TCP_SOCKET: Fields = &[("host", Field::Text), ("port", Field::Int)];

const PROBE: Fields = &[
    ("failureThreshold", Field::Int),
    ("grpc", Field::Object(GRPC)),
    ("httpGet", Field::Object(HTTP_GET)),
    ("initialDelaySeconds", Field::Int),
    ("periodSeconds", Field::Int),
    ("successThreshold", Field::Output),
    ("tcpSocket", Field::Object(TCP_SOCKET)),
    ("timeoutSeconds", Field::Int),
];

const CONTAINER: Fields = &[
    ("args", Field::Texts),
    ("command", Field::Texts),
    ("env", Field::List(ENVIRONMENT)),
    ("image", Field::Text),
    ("livenessProbe", Field::Object(PROBE)),
    ("name", Field::Text),
    ("ports", Field::List(PORT)),
    ("readinessProbe", Field::Object(PROBE)),
    ("resources", Field::Object(&[("limits", Field::Labels)])),
    ("startupProbe", Field::Object(PROBE)),
    ("workingDir", Field::Text),
];
