//! A declaration that the schema accepts becomes a [`Link`]: names parsed, defaults filled in.

// A finding is made once per mistake and moved once.
#![allow(clippy::result_large_err)]

use std::collections::BTreeSet;
use std::str::FromStr;

use ipnet::Ipv4Net;
use privatelink_crds as crds;

use crate::codes::Code;
use crate::declare::Declared;
use crate::diagnostic::Diagnostic;
use crate::ids::{NameError, ProjectId, Region};
use crate::link::{
    Access, Addresses, Adoption, AdoptionKind, ConnectorChoice, ConnectorRef, Deletion, Egress,
    Ingress, Instances, Internet, Link, LinkPolicy, MachineType, NatChoice, NetworkRef, Reconcile,
    Routing, ServiceRef, SubnetworkChoice, Wish,
};

/// The link, or the one thing that the schema should have refused.
pub(super) fn link(declared: &Declared) -> Result<Link, Diagnostic> {
    let reader = Reader { declared };
    let spec = &declared.spec;
    let project: ProjectId = reader.name(&spec.project_id, "spec.projectId")?;
    let region: Region = reader.name(&spec.region, "spec.region")?;
    let Some(service) = &spec.source.service else {
        return Err(reader.missing("spec.source.service"));
    };
    let source = reader.service(service, &project, &region, "spec.source.service")?;
    let destination = reader.service(
        &spec.destination.service,
        &project,
        &region,
        "spec.destination.service",
    )?;
    let network = NetworkRef {
        project: reader.name_or(
            spec.network.project_id.as_deref(),
            &project,
            "spec.network.projectId",
        )?,
        name: reader.name(&spec.network.name, "spec.network.name")?,
    };
    let egress = reader.egress(&spec.egress, &source)?;
    let routing = spec.egress.routing.map_or(Routing::AllTraffic, routing);
    let internet = reader.internet(spec.internet.as_ref(), routing)?;
    let access = reader.access(&spec.access)?;
    let ingress = ingress(spec.destination.ingress);
    let adopt = reader.adoptions(&spec.adopt, &source, &destination, &network)?;
    let digest = Wish {
        source: &source,
        destination: &destination,
        ingress,
        network: &network,
        egress: &egress,
        routing,
        access,
        internet: &internet,
        adopt: &adopt,
    }
    .digest();
    Ok(Link {
        name: declared.name.clone(),
        origin: declared.origin.clone(),
        project,
        // A connector must be in the region of the service that uses it
        // (docs/reference/google-cloud.md#connector-region).
        region: source.region.clone(),
        source,
        destination,
        ingress,
        network,
        egress,
        routing,
        access,
        internet,
        adopt,
        policy: policy(&spec.policy),
        digest,
    })
}

struct Reader<'a> {
    declared: &'a Declared,
}

impl Reader<'_> {
    fn name<T: FromStr<Err = NameError>>(&self, text: &str, field: &str) -> Result<T, Diagnostic> {
        text.parse().map_err(|error: NameError| {
            self.finding(Code::NameInvalid, field, error.to_string())
                .help(error.rule())
        })
    }

    fn name_or<T: FromStr<Err = NameError> + Clone>(
        &self,
        text: Option<&str>,
        default: &T,
        field: &str,
    ) -> Result<T, Diagnostic> {
        text.map_or_else(|| Ok(default.clone()), |text| self.name(text, field))
    }

    fn service(
        &self,
        service: &crds::Service,
        project: &ProjectId,
        region: &Region,
        field: &str,
    ) -> Result<ServiceRef, Diagnostic> {
        let crds::Service {
            name,
            project_id,
            region: own_region,
        } = service;
        Ok(ServiceRef {
            project: self.name_or(
                project_id.as_deref(),
                project,
                &format!("{field}.projectId"),
            )?,
            region: self.name_or(own_region.as_deref(), region, &format!("{field}.region"))?,
            name: self.name(name, &format!("{field}.name"))?,
        })
    }

    fn egress(&self, egress: &crds::Egress, source: &ServiceRef) -> Result<Egress, Diagnostic> {
        let field = "spec.egress.connector";
        let connector = egress
            .connector
            .as_ref()
            .ok_or_else(|| self.missing(field))?;
        let choice = match (&connector.managed, &connector.existing) {
            (Some(managed), None) => self.managed_connector(managed)?,
            (None, Some(crds::ExistingConnector { name, project_id })) => {
                let field = "spec.egress.connector.existing";
                ConnectorChoice::Existing(ConnectorRef {
                    project: self.name_or(
                        project_id.as_deref(),
                        &source.project,
                        &format!("{field}.projectId"),
                    )?,
                    region: source.region.clone(),
                    name: self.name(name, &format!("{field}.name"))?,
                })
            }
            (None, None) | (Some(_), Some(_)) => return Err(self.missing(field)),
        };
        Ok(Egress::Connector(choice))
    }

    fn managed_connector(
        &self,
        managed: &crds::ManagedConnector,
    ) -> Result<ConnectorChoice, Diagnostic> {
        let crds::ManagedConnector {
            subnetwork,
            machine_type,
            min_instances,
            max_instances,
        } = managed;
        let field = "spec.egress.connector.managed.subnetwork";
        let subnetwork = match (&subnetwork.managed, &subnetwork.existing) {
            (Some(crds::ManagedSubnetwork { cidr }), None) => {
                let field = format!("{field}.managed.cidr");
                let cidr = cidr.parse::<Ipv4Net>().map_err(|error| {
                    let message = format!("`{cidr}` is not an IPv4 range: {error}");
                    self.finding(Code::RangeInvalid, &field, message)
                })?;
                SubnetworkChoice::Managed { cidr }
            }
            (None, Some(crds::ExistingSubnetwork { name })) => SubnetworkChoice::Existing {
                name: self.name(name, &format!("{field}.existing.name"))?,
            },
            (None, None) | (Some(_), Some(_)) => return Err(self.missing(field)),
        };
        let count = |count: i32| u8::try_from(count).unwrap_or(u8::MAX);
        Ok(ConnectorChoice::Managed {
            subnetwork,
            machine_type: match machine_type {
                crds::MachineType::F1Micro => MachineType::F1Micro,
                crds::MachineType::E2Micro => MachineType::E2Micro,
                crds::MachineType::E2Standard4 => MachineType::E2Standard4,
            },
            instances: Instances {
                min: count(*min_instances),
                max: count(*max_instances),
            },
        })
    }

    /// Left out, the source keeps the internet that it had: all its traffic enters the network, so
    /// it needs a NAT; otherwise nothing changes for it.
    fn internet(
        &self,
        internet: Option<&crds::Internet>,
        routing: Routing,
    ) -> Result<Internet, Diagnostic> {
        let Some(crds::Internet {
            nat,
            existing,
            none,
        }) = internet
        else {
            return match routing {
                Routing::AllTraffic => self.nat(&crds::Nat::default()),
                Routing::PrivateRangesOnly => Ok(Internet::None),
            };
        };
        match (nat, existing, none) {
            (Some(nat), None, None) => self.nat(nat),
            (None, Some(crds::ExistingInternet {}), None) => Ok(Internet::Existing),
            (None, None, Some(crds::NoInternet {})) => Ok(Internet::None),
            (_, _, _) => Err(self.missing("spec.internet")),
        }
    }

    fn nat(&self, nat: &crds::Nat) -> Result<Internet, Diagnostic> {
        let crds::Nat {
            addresses,
            min_ports_per_vm,
            router,
        } = nat;
        let addresses = match (&addresses.auto, &addresses.manual) {
            (Some(crds::AutoAddresses {}), None) => Addresses::Auto,
            (None, Some(crds::ManualAddresses { names })) => {
                let field = "spec.internet.nat.addresses.manual.names";
                let names: Result<BTreeSet<_>, _> =
                    names.iter().map(|name| self.name(name, field)).collect();
                Addresses::Manual(names?)
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err(self.missing("spec.internet.nat.addresses"));
            }
        };
        let router = router
            .as_deref()
            .map(|name| self.name(name, "spec.internet.nat.router"));
        Ok(Internet::Nat(NatChoice {
            addresses,
            min_ports_per_vm: min_ports_per_vm.and_then(|ports| u32::try_from(ports).ok()),
            router: router.transpose()?,
        }))
    }

    fn access(&self, access: &crds::Access) -> Result<Access, Diagnostic> {
        let crds::Access {
            private_google_access,
        } = access;
        match private_google_access {
            Some(crds::PrivateGoogleAccess {}) => Ok(Access::PrivateGoogleAccess),
            None => Err(self.missing("spec.access")),
        }
    }

    fn adoptions(
        &self,
        adopt: &[crds::Adoption],
        source: &ServiceRef,
        destination: &ServiceRef,
        network: &NetworkRef,
    ) -> Result<BTreeSet<Adoption>, Diagnostic> {
        let mut adoptions = BTreeSet::new();
        for (
            index,
            crds::Adoption {
                kind,
                name,
                project_id,
                region,
            },
        ) in adopt.iter().enumerate()
        {
            let field = format!("spec.adopt[{index}]");
            let (kind, default_project, default_region) = match kind {
                crds::AdoptionKind::ServiceEgress => {
                    (AdoptionKind::ServiceEgress, &source.project, &source.region)
                }
                crds::AdoptionKind::ServiceIngress => (
                    AdoptionKind::ServiceIngress,
                    &destination.project,
                    &destination.region,
                ),
                crds::AdoptionKind::Subnetwork => {
                    (AdoptionKind::Subnetwork, &network.project, &source.region)
                }
            };
            adoptions.insert(Adoption {
                kind,
                project: self.name_or(
                    project_id.as_deref(),
                    default_project,
                    &format!("{field}.projectId"),
                )?,
                region: self.name_or(
                    region.as_deref(),
                    default_region,
                    &format!("{field}.region"),
                )?,
                name: self.name(name, &format!("{field}.name"))?,
            });
        }
        Ok(adoptions)
    }

    fn missing(&self, field: &str) -> Diagnostic {
        let message = format!("`{field}` must set exactly one choice");
        self.finding(Code::NotExactlyOne, field, message)
    }

    fn finding(&self, code: Code, field: &str, message: String) -> Diagnostic {
        Diagnostic::new(code, self.declared.origin.clone(), message)
            .link(&self.declared.name)
            .field(field)
    }
}

fn routing(routing: crds::Routing) -> Routing {
    match routing {
        crds::Routing::AllTraffic => Routing::AllTraffic,
        crds::Routing::PrivateRangesOnly => Routing::PrivateRangesOnly,
    }
}

fn ingress(ingress: crds::Ingress) -> Option<Ingress> {
    match ingress {
        crds::Ingress::Internal => Some(Ingress::Internal),
        crds::Ingress::InternalAndCloudLoadBalancing => {
            Some(Ingress::InternalAndCloudLoadBalancing)
        }
        crds::Ingress::All => Some(Ingress::All),
        crds::Ingress::Unmanaged => None,
    }
}

fn policy(policy: &crds::Policy) -> LinkPolicy {
    let crds::Policy {
        reconcile,
        deletion,
        suspend,
    } = *policy;
    LinkPolicy {
        reconcile: match reconcile {
            crds::Reconcile::Enforce => Reconcile::Enforce,
            crds::Reconcile::Report => Reconcile::Report,
        },
        deletion: match deletion {
            crds::Deletion::Restore => Deletion::Restore,
            crds::Deletion::Abandon => Deletion::Abandon,
            crds::Deletion::Protect => Deletion::Protect,
        },
        suspend,
    }
}
