//! Rules that no exercise can show anything about, and why that is.

/// A rule and the reason.
pub struct Unprobed {
    /// The rule's id.
    pub rule: &'static str,
    /// Why nothing provokes it.
    pub why: &'static str,
}

/// All of them.
pub const UNPROBED: &[Unprobed] = &[
    Unprobed {
        rule: "compute.address.delete.serverless",
        why: "Cloud Run would have to hold an address, and it keeps it and the subnetwork for up to two hours after \
              the service has gone",
    },
    Unprobed {
        rule: "run.service.vpc-access.default.subnetwork",
        why: "a service with a network interface of its own holds an address, and keeps it and the subnetwork for up \
              to two hours after it has gone",
    },
    Unprobed {
        rule: "run.service.vpc-access.default.network",
        why: "a service with a network interface of its own holds an address, and keeps it and the subnetwork for up \
              to two hours after it has gone",
    },
    Unprobed {
        rule: "compute.firewall.default.network",
        why: "a firewall rule without a network lands in the project's own network `default`, which is not the run's",
    },
    Unprobed {
        rule: "run.v1.region.all",
        why: "the answer would have what the project keeps in all of its regions, and that is no business of a recording",
    },
    Unprobed {
        rule: "run.operation.list.filter",
        why: "the answer would have what others did in the project, and that is no business of a recording",
    },
    Unprobed {
        rule: "run.operation.list.filter.unknown",
        why: "if it is not refused, the answer has what others did in the project, and that is no business of a recording",
    },
    Unprobed {
        rule: "rpc.operation.list.partial",
        why: "if it is not refused, the answer has what others did in the project, and that is no business of a recording",
    },
    Unprobed {
        rule: "list.page.cap",
        why: "it takes more than five hundred things of one kind, which is more than most quotas allow",
    },
    Unprobed {
        rule: "compute.network.switch.operation-type",
        why: "a network that leaves auto mode keeps a subnetwork in each region, which would all have to be cleaned up",
    },
    Unprobed {
        rule: "request.body.malformed",
        why: "an exercise's request has a JSON body, and so has its recording",
    },
    Unprobed {
        rule: "rpc.operation.overtaken",
        why: "a deletion would have to come in the minutes that a revision takes to fail, and nothing says how long \
              that is or that a deletion is let in then",
    },
    Unprobed {
        rule: "batch.multipart",
        why: "an exercise sends one request at a time, as a recording wants it",
    },
    Unprobed {
        rule: "batch.calls.limit",
        why: "an exercise sends one request at a time, as a recording wants it",
    },
    Unprobed {
        rule: "batch.part",
        why: "an exercise sends one request at a time, as a recording wants it",
    },
    Unprobed {
        rule: "run.service.uri.long-label",
        why: "the longest name (49), a hyphen and a project number of today (12 digits) make 62 characters, and it \
              takes 64",
    },
];
