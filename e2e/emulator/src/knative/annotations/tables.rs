//! Which annotation stands for which field.

/// How an annotation's text and a field's value belong together.
pub(super) enum Shape {
    Text,
    Flag,
    Number,
    Json,
    Words(&'static [(&'static str, &'static str)]),
}

/// One annotation and the field of version 2 that it stands for.
pub(in crate::knative) struct Annotation {
    pub(super) key: &'static str,
    /// A JSON pointer.
    pub(super) field: &'static str,
    pub(super) shape: Shape,
    /// The value that is not worth an annotation.
    pub(super) unsaid: &'static str,
}

const fn of(key: &'static str, field: &'static str, shape: Shape) -> Annotation {
    Annotation {
        key,
        field,
        shape,
        unsaid: "",
    }
}

const ENVIRONMENTS: Shape = Shape::Words(&[
    ("gen1", "EXECUTION_ENVIRONMENT_GEN1"),
    ("gen2", "EXECUTION_ENVIRONMENT_GEN2"),
]);

const EGRESS: Shape = Shape::Words(&[
    ("all-traffic", "ALL_TRAFFIC"),
    ("private-ranges-only", "PRIVATE_RANGES_ONLY"),
    // As it was called first.
    ("all", "ALL_TRAFFIC"),
]);

/// What a service's annotations say of the service.
pub(in crate::knative) const SERVICE: &[Annotation] = &[
    of("run.googleapis.com/client-name", "/client", Shape::Text),
    of(
        "run.googleapis.com/client-version",
        "/clientVersion",
        Shape::Text,
    ),
    of(
        "run.googleapis.com/custom-audiences",
        "/customAudiences",
        Shape::Json,
    ),
    of(
        "run.googleapis.com/default-url-disabled",
        "/defaultUriDisabled",
        Shape::Flag,
    ),
    of(
        "run.googleapis.com/description",
        "/description",
        Shape::Text,
    ),
    of("run.googleapis.com/iap-enabled", "/iapEnabled", Shape::Flag),
    of(
        "run.googleapis.com/ingress",
        "/ingress",
        Shape::Words(&[
            ("all", "INGRESS_TRAFFIC_ALL"),
            ("internal", "INGRESS_TRAFFIC_INTERNAL_ONLY"),
            (
                "internal-and-cloud-load-balancing",
                "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            ),
            ("none", "INGRESS_TRAFFIC_NONE"),
        ]),
    ),
    of(
        "run.googleapis.com/invoker-iam-disabled",
        "/invokerIamDisabled",
        Shape::Flag,
    ),
    Annotation {
        unsaid: "GA",
        ..of(
            "run.googleapis.com/launch-stage",
            "/launchStage",
            Shape::Text,
        )
    },
    of(
        "run.googleapis.com/manualInstanceCount",
        "/scaling/manualInstanceCount",
        Shape::Number,
    ),
    of(
        "run.googleapis.com/maxScale",
        "/scaling/maxInstanceCount",
        Shape::Number,
    ),
    of(
        "run.googleapis.com/minScale",
        "/scaling/minInstanceCount",
        Shape::Number,
    ),
    of(
        "run.googleapis.com/scalingMode",
        "/scaling/scalingMode",
        Shape::Words(&[("automatic", "AUTOMATIC"), ("manual", "MANUAL")]),
    ),
];

/// What a template's annotations say of its revisions.
pub(in crate::knative) const TEMPLATE: &[Annotation] = &[
    of(
        "autoscaling.knative.dev/maxScale",
        "/scaling/maxInstanceCount",
        Shape::Number,
    ),
    of(
        "autoscaling.knative.dev/minScale",
        "/scaling/minInstanceCount",
        Shape::Number,
    ),
    of("run.googleapis.com/client-name", "/client", Shape::Text),
    of(
        "run.googleapis.com/client-version",
        "/clientVersion",
        Shape::Text,
    ),
    Annotation {
        unsaid: "true",
        ..of(
            "run.googleapis.com/cpu-throttling",
            "/containers/0/resources/cpuIdle",
            Shape::Flag,
        )
    },
    of(
        "run.googleapis.com/encryption-key",
        "/encryptionKey",
        Shape::Text,
    ),
    of(
        "run.googleapis.com/execution-environment",
        "/executionEnvironment",
        ENVIRONMENTS,
    ),
    of(
        "run.googleapis.com/gpu-zonal-redundancy-disabled",
        "/gpuZonalRedundancyDisabled",
        Shape::Flag,
    ),
    of(
        "run.googleapis.com/health-check-disabled",
        "/healthCheckDisabled",
        Shape::Flag,
    ),
    of(
        "run.googleapis.com/network-interfaces",
        "/vpcAccess/networkInterfaces",
        Shape::Json,
    ),
    of(
        "run.googleapis.com/sessionAffinity",
        "/sessionAffinity",
        Shape::Flag,
    ),
    of(
        "run.googleapis.com/startup-cpu-boost",
        "/containers/0/resources/startupCpuBoost",
        Shape::Flag,
    ),
    of(
        "run.googleapis.com/vpc-access-connector",
        "/vpcAccess/connector",
        Shape::Text,
    ),
    of(
        "run.googleapis.com/vpc-access-egress",
        "/vpcAccess/egress",
        EGRESS,
    ),
];

/// What a job's annotations say of the job.
pub(in crate::knative) const JOB: &[Annotation] = &[
    of("run.googleapis.com/client-name", "/client", Shape::Text),
    of(
        "run.googleapis.com/client-version",
        "/clientVersion",
        Shape::Text,
    ),
    Annotation {
        unsaid: "GA",
        ..of(
            "run.googleapis.com/launch-stage",
            "/launchStage",
            Shape::Text,
        )
    },
];

/// What the annotations of a job's template say of its executions, and of their tasks.
pub(in crate::knative) const EXECUTION: &[Annotation] = &[
    of("run.googleapis.com/client-name", "/client", Shape::Text),
    of(
        "run.googleapis.com/client-version",
        "/clientVersion",
        Shape::Text,
    ),
    of(
        "run.googleapis.com/encryption-key",
        "/template/encryptionKey",
        Shape::Text,
    ),
    of(
        "run.googleapis.com/execution-environment",
        "/template/executionEnvironment",
        ENVIRONMENTS,
    ),
    of(
        "run.googleapis.com/gpu-zonal-redundancy-disabled",
        "/template/gpuZonalRedundancyDisabled",
        Shape::Flag,
    ),
    of(
        "run.googleapis.com/network-interfaces",
        "/template/vpcAccess/networkInterfaces",
        Shape::Json,
    ),
    of(
        "run.googleapis.com/vpc-access-connector",
        "/template/vpcAccess/connector",
        Shape::Text,
    ),
    of(
        "run.googleapis.com/vpc-access-egress",
        "/template/vpcAccess/egress",
        EGRESS,
    ),
];
