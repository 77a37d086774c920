//! A Cloud Run service as it is, and its revisions. The service belongs to its team: we manage two aspects
//! of it, [`super::service_egress`] and [`super::service_ingress`], and nothing else may change by a byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kinds::RegionalRef;
use crate::link::{Ingress, NetworkRef, Routing, ServiceRef};

/// A live service: the fields that we manage, and those that say whether traffic really takes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Which one.
    pub id: ServiceRef,
    /// Google's version of the object; a write that sends it fails when somebody wrote since.
    pub etag: Arc<str>,
    /// All of them: a write of ours sends the others back as they were.
    pub annotations: BTreeMap<String, String>,
    /// The setting in force.
    pub ingress: IngressSetting,
    /// How the template's traffic leaves; `None` when it does not enter a VPC.
    pub vpc_access: Option<VpcAccess>,
    /// Where requests go. Empty stands for Google's default, all to the latest revision.
    pub traffic: Vec<Traffic>,
    /// The revision that serves when traffic goes to the latest.
    pub latest_ready: Option<Arc<str>>,
    /// The newest revision, ready or not.
    pub latest_created: Option<Arc<str>>,
    /// Google is still working on the last write.
    pub reconciling: bool,
    /// Why the last write did not work out, in Google's words.
    pub failed: Option<String>,
    /// The run.app URL is switched off, so only load balancers reach the service.
    pub default_uri_disabled: bool,
    /// The URL that callers use, when it has one.
    pub uri: Option<Arc<str>>,
    /// Envoy intercepts what leaves, which nobody has measured together with Private Google Access.
    pub ambient: bool,
}

/// One line of a service's traffic split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// The revision by name; `None` means the latest ready one.
    pub revision: Option<Arc<str>>,
    /// Share of the requests, 0 to 100.
    pub percent: u32,
    /// A name under which the revision is reached directly.
    pub tag: Option<String>,
}

/// Google's ingress settings, including those that no declaration can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IngressSetting {
    /// Nothing is admitted.
    None,
    /// Only what counts as internal.
    Internal,
    /// That, and external Application Load Balancers.
    InternalAndCloudLoadBalancing,
    /// Everything. Google's default.
    All,
    /// Something that this release does not know.
    Unknown,
}

impl From<Ingress> for IngressSetting {
    fn from(ingress: Ingress) -> Self {
        match ingress {
            Ingress::Internal => Self::Internal,
            Ingress::InternalAndCloudLoadBalancing => Self::InternalAndCloudLoadBalancing,
            Ingress::All => Self::All,
        }
    }
}

/// How a revision's traffic enters a VPC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct VpcAccess {
    /// By what.
    pub attachment: Attachment,
    /// Which traffic.
    pub routing: Routing,
}

/// What carries a revision's traffic into a VPC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Attachment {
    /// A Serverless VPC Access connector.
    Connector(RegionalRef),
    /// An interface of the instance itself.
    Direct {
        /// The network, when it was named.
        network: Option<NetworkRef>,
        /// The subnetwork, when it was named.
        subnetwork: Option<String>,
        /// Network tags of the instances.
        tags: Vec<String>,
    },
}

impl VpcAccess {
    /// The connector, if it goes through one.
    pub fn connector(&self) -> Option<&RegionalRef> {
        match &self.attachment {
            Attachment::Connector(id) => Some(id),
            Attachment::Direct { .. } => None,
        }
    }
}

/// Identity of a revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RevisionRef {
    /// Its service.
    pub service: ServiceRef,
    /// Its name.
    pub name: Arc<str>,
}

/// A live revision. Read one by one, and only when traffic or a tag names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Which one.
    pub id: RevisionRef,
    /// How its traffic leaves.
    pub vpc_access: Option<VpcAccess>,
    /// `None` when it serves; otherwise why it does not, in Google's words.
    pub not_ready: Option<String>,
}

impl Service {
    /// Does what is deployed now leave through this connector?
    pub fn leaves_through(&self, connector: &RegionalRef) -> bool {
        let access = self.vpc_access.as_ref();
        access.and_then(VpcAccess::connector) == Some(connector)
    }

    /// Does all traffic go to the newest revision, and is that one ready? Then the template tells how
    /// requests are served, and no revision has to be read (`docs/reference/google-cloud.md#pinned-traffic`).
    pub fn template_serves(&self) -> bool {
        let named = self
            .traffic
            .iter()
            .any(|traffic| traffic.revision.is_some());
        !named
            && !self.reconciling
            && self.failed.is_none()
            && self.latest_ready == self.latest_created
    }

    /// Does any traffic, or a tag, go to whichever revision is the newest?
    pub fn serves_newest(&self) -> bool {
        let mut traffic = self.traffic.iter();
        let asked = |it: &Traffic| it.percent > 0 || it.tag.is_some();
        self.traffic.is_empty() || traffic.any(|it| it.revision.is_none() && asked(it))
    }

    /// Does traffic or a tag ask for this revision by its name?
    pub fn names(&self, revision: &str) -> bool {
        let mut targets = self.traffic.iter();
        targets.any(|traffic| traffic.revision.as_deref() == Some(revision))
    }

    /// The revisions that requests reach, by traffic or by tag, when the template does not tell.
    pub fn serving_revisions(&self) -> Vec<RevisionRef> {
        if self.template_serves() {
            return Vec::new();
        }
        let mut names: Vec<Arc<str>> = self
            .traffic
            .iter()
            .filter_map(|traffic| traffic.revision.clone())
            .collect();
        let latest = self.traffic.is_empty()
            || self
                .traffic
                .iter()
                .any(|traffic| traffic.revision.is_none());
        if latest {
            names.extend(self.latest_ready.clone());
        }
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|name| RevisionRef {
                service: self.id.clone(),
                name,
            })
            .collect()
    }
}
