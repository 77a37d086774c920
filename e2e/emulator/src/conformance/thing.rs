//! What the exercises make: which kinds there are, in what order they go, and whose they are.

use serde_json::Value;

/// A kind of thing that is made. The order is that in which they are deleted: what uses comes before what
/// is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A Cloud Run service.
    Service,
    /// A Cloud Run job.
    Job,
    /// A Serverless VPC Access connector.
    Connector,
    /// A firewall rule.
    Firewall,
    /// A route.
    Route,
    /// A Cloud Router, with its NATs.
    Router,
    /// A reserved address.
    Address,
    /// A subnetwork.
    Subnetwork,
    /// A network.
    Network,
}

impl Kind {
    /// Every kind, in the order of deletion.
    pub(crate) const ALL: [Kind; 9] = [
        Kind::Service,
        Kind::Job,
        Kind::Connector,
        Kind::Firewall,
        Kind::Route,
        Kind::Router,
        Kind::Address,
        Kind::Subnetwork,
        Kind::Network,
    ];

    /// The collection, as exercises write it.
    pub(crate) fn collection(self) -> &'static str {
        match self {
            Kind::Service => "run:services",
            Kind::Job => "run:jobs",
            Kind::Connector => "vpcaccess:connectors",
            Kind::Firewall => "compute:global/firewalls",
            Kind::Route => "compute:global/routes",
            Kind::Router => "compute:regions/{region}/routers",
            Kind::Address => "compute:regions/{region}/addresses",
            Kind::Subnetwork => "compute:regions/{region}/subnetworks",
            Kind::Network => "compute:global/networks",
        }
    }

    /// The kind that a collection of this name holds.
    fn of(collection: &str) -> Option<Kind> {
        let own = |kind: &Kind| kind.collection().rsplit(['/', ':']).next() == Some(collection);
        Kind::ALL.into_iter().find(own)
    }

    /// The field of a list's answer that holds the things.
    pub(crate) fn items(self) -> &'static str {
        match self {
            Kind::Service => "services",
            Kind::Job => "jobs",
            Kind::Connector => "connectors",
            Kind::Firewall
            | Kind::Route
            | Kind::Router
            | Kind::Address
            | Kind::Subnetwork
            | Kind::Network => "items",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Service => "service",
            Kind::Job => "job",
            Kind::Connector => "connector",
            Kind::Firewall => "firewall rule",
            Kind::Route => "route",
            Kind::Router => "router",
            Kind::Address => "address",
            Kind::Subnetwork => "subnetwork",
            Kind::Network => "network",
        }
    }

    /// The group of gcloud's commands, and whether they want a region.
    fn gcloud(self) -> (&'static str, bool) {
        match self {
            Kind::Service => ("run services", true),
            Kind::Job => ("run jobs", true),
            Kind::Connector => ("compute networks vpc-access connectors", true),
            Kind::Firewall => ("compute firewall-rules", false),
            Kind::Route => ("compute routes", false),
            Kind::Router => ("compute routers", true),
            Kind::Address => ("compute addresses", true),
            Kind::Subnetwork => ("compute networks subnets", true),
            Kind::Network => ("compute networks", false),
        }
    }
}

/// One thing that was made, or may have been.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// Its name, without the path.
    pub name: String,
}

impl Thing {
    /// What a person types to delete it.
    pub fn deletion(&self, project: &str, region: &str) -> String {
        let (group, regional) = self.kind.gcloud();
        let place = if regional {
            format!(" --region={region}")
        } else {
            String::new()
        };
        format!(
            "gcloud {group} delete {} --project={project}{place} --quiet",
            self.name
        )
    }

    /// The thing that a POST to this URL makes; `None` for a method of something that is there.
    pub(crate) fn made_by(url: &str, body: &Value) -> Option<Thing> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let kind = Kind::of(path.rsplit('/').next()?)?;
        let in_query = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| ["serviceId", "jobId", "connectorId"].contains(key))
            .map(|(_, value)| value);
        let in_body = || {
            body["name"]
                .as_str()
                .or_else(|| body["metadata"]["name"].as_str())
        };
        let name = in_query.or_else(in_body)?.to_owned();
        Some(Thing { kind, name })
    }

    /// The thing that a URL ends in.
    pub(crate) fn at(url: &str) -> Option<Thing> {
        let path = url.split('?').next()?;
        let (parent, name) = path.rsplit_once('/')?;
        let kind = Kind::of(parent.rsplit('/').next()?)?;
        Some(Thing {
            kind,
            name: name.to_owned(),
        })
    }
}

/// Whether a request leaves everything alone whose name does not begin with `prefix`.
pub(crate) fn touches_only(prefix: &str, method: &str, url: &str, body: &Value) -> bool {
    if method == "GET" {
        return true;
    }
    if method == "POST"
        && let Some(thing) = Thing::made_by(url, body)
    {
        return thing.name.starts_with(prefix);
    }
    let path = url.split('?').next().unwrap_or(url);
    // The thing itself, or the one that a custom method is called on.
    path.rsplit('/').take(2).any(|segment| segment.starts_with(prefix))
        // A revision belongs to its service.
        || path.contains(&format!("/services/{prefix}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Kind, Thing, touches_only};

    #[test]
    fn what_a_request_makes_is_known_before_it_is_sent() {
        let network = Thing::made_by(
            "https://h/compute/v1/projects/p/global/networks?requestId=7",
            &json!({ "name": "x-1" }),
        );
        assert_eq!(
            network,
            Some(Thing {
                kind: Kind::Network,
                name: "x-1".to_owned()
            })
        );
        let service = Thing::made_by(
            "https://h/v2/projects/p/locations/l/services?serviceId=x",
            &json!({}),
        );
        assert_eq!(
            service,
            Some(Thing {
                kind: Kind::Service,
                name: "x".to_owned()
            })
        );
        let own_method =
            "https://h/compute/v1/projects/p/regions/r/subnetworks/x/expandIpCidrRange";
        assert_eq!(Thing::made_by(own_method, &json!({ "name": "y" })), None);
    }

    #[test]
    fn nothing_of_others_may_be_written_to() {
        let networks = "https://h/compute/v1/projects/p/global/networks";
        let ours = |method: &str, url: &str, name: &str| {
            touches_only("x-", method, url, &json!({ "name": name }))
        };
        assert!(ours("GET", &format!("{networks}/theirs"), ""));
        assert!(ours("POST", networks, "x-1") && !ours("POST", networks, "theirs"));
        assert!(ours("DELETE", &format!("{networks}/x-1"), ""));
        assert!(!ours("DELETE", &format!("{networks}/theirs"), "x-1"));
        assert!(ours(
            "POST",
            &format!("{networks}/x-1/switchToCustomMode"),
            ""
        ));
        assert!(!ours("PATCH", &format!("{networks}/theirs?x=x-1"), "x-1"));
    }

    #[test]
    fn a_person_is_told_the_exact_command() {
        let thing = Thing {
            kind: Kind::Subnetwork,
            name: "x-s".to_owned(),
        };
        assert_eq!(
            thing.deletion("acme", "europe-west1"),
            "gcloud compute networks subnets delete x-s --project=acme --region=europe-west1 --quiet"
        );
    }
}
