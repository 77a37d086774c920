//! Parameters that the emulator takes, as Google does, and that have no effect on it. A test holds that to be so, and
//! every other parameter to have one; the documentation quotes the table.

/// Parameters that have no effect.
pub(crate) struct Unheeded {
    /// The names of the methods that take them, where `*` stands for any text.
    pub(crate) methods: &'static str,
    pub(crate) parameters: &'static [&'static str],
    /// Why that is, or what is missed.
    pub(crate) why: &'static str,
}

/// All of them.
pub(crate) const UNHEEDED: &[Unheeded] = &[
    Unheeded {
        methods: "*",
        parameters: &["access_token", "key", "oauth_token"],
        why: "nobody is asked for credentials",
    },
    Unheeded {
        methods: "*",
        parameters: &["quotaUser", "userIp"],
        why: "there are no quotas, but for those that a fault orders",
    },
    Unheeded {
        methods: "*",
        parameters: &["alt", "callback", "prettyPrint", "$.xgafv"],
        why: "every answer is JSON, in one line and not in a call of JavaScript, and errors have one form",
    },
    Unheeded {
        methods: "*",
        parameters: &["uploadType", "upload_protocol"],
        why: "nothing is uploaded",
    },
    Unheeded {
        methods: "compute.*.aggregatedList",
        parameters: &["includeAllScopes"],
        why: "the scopes of a list are those in which its kind can be; there are no zones",
    },
    Unheeded {
        methods: "compute.*",
        parameters: &["returnPartialSuccess"],
        why: "where a fault makes a scope unreachable, the others are always answered",
    },
    Unheeded {
        methods: "compute.*.aggregatedList",
        parameters: &["serviceProjectNumber"],
        why: "no project is another one's service project",
    },
    Unheeded {
        methods: "compute.subnetworks.*",
        parameters: &["views"],
        why: "how much of a subnetwork is used is not counted",
    },
    Unheeded {
        methods: "compute.subnetworks.patch",
        parameters: &["drainTimeoutSeconds"],
        why: "proxy-only subnetworks do not change their roles",
    },
    Unheeded {
        methods: "run.*.list",
        parameters: &["showDeleted"],
        why: "what was deleted is gone, where Google can show it for a while",
    },
    Unheeded {
        methods: "vpcaccess.*.operations.list",
        parameters: &["filter"],
        why: "Google does not describe what it may say",
    },
    Unheeded {
        methods: "run.*",
        parameters: &[
            "apiVersion",
            "fieldSelector",
            "includeUninitialized",
            "kind",
            "propagationPolicy",
            "resourceVersion",
            "watch",
        ],
        why: "Cloud Run has no use for them either, says Google",
    },
];
