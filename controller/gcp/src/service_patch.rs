//! A patch of a Cloud Run service as Google takes it.
//!
//! The SDK leaves what is empty out of the body. That is no loss here: under the mask, a field that is not
//! in the body is cleared, `annotations` and `vpcAccess` included
//! (`docs/reference/google-cloud.md#run-update-mask`).

use google_cloud_run_v2::model;
use google_cloud_run_v2::model::IngressTraffic;
use google_cloud_run_v2::model::vpc_access::{NetworkInterface, VpcEgress};
use google_cloud_wkt::FieldMask;
use privatelink_core::cloud::ServicePatch;
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::{Attachment, IngressSetting, Service, VpcAccess};
use privatelink_core::link::Routing;

use crate::failure::{Failure, Nature};

/// Does the service hold what the patch was to write?
pub(crate) fn holds(found: &Service, patch: &ServicePatch) -> bool {
    found.annotations == patch.annotations
        && patch
            .vpc_access
            .as_ref()
            .is_none_or(|wanted| &found.vpc_access == wanted)
        && patch.ingress.is_none_or(|wanted| found.ingress == wanted)
}

/// The fields that the patch is about. `template.revision` is cleared with every change of the template,
/// because a name that stays makes Google refuse the change.
pub(crate) fn mask(patch: &ServicePatch) -> FieldMask {
    let mut paths = Vec::new();
    if patch.vpc_access.is_some() {
        paths.extend(["template.vpc_access", "template.revision"]);
    }
    if patch.ingress.is_some() {
        paths.push("ingress");
    }
    paths.push("annotations");
    FieldMask::default().set_paths(paths)
}

pub(crate) fn body(patch: &ServicePatch) -> Result<model::Service, Failure> {
    let mut body = model::Service::new()
        .set_name(patch.service.to_string())
        .set_etag(&*patch.etag)
        .set_annotations(patch.annotations.clone());
    if let Some(ingress) = patch.ingress {
        body = body.set_ingress(google_ingress(ingress)?);
    }
    if let Some(wanted) = &patch.vpc_access {
        let access = wanted
            .as_ref()
            .map(|access| google_vpc_access(access, &patch.service.project));
        body = body.set_template(model::RevisionTemplate::new().set_or_clear_vpc_access(access));
    }
    Ok(body)
}

fn google_ingress(setting: IngressSetting) -> Result<IngressTraffic, Failure> {
    Ok(match setting {
        IngressSetting::None => IngressTraffic::None,
        IngressSetting::Internal => IngressTraffic::InternalOnly,
        IngressSetting::InternalAndCloudLoadBalancing => IngressTraffic::InternalLoadBalancer,
        IngressSetting::All => IngressTraffic::All,
        IngressSetting::Unknown => {
            return Err(Failure::new(
                Nature::NotSent,
                "an ingress setting that this release does not know",
            ));
        }
    })
}

fn google_vpc_access(access: &VpcAccess, project: &ProjectId) -> model::VpcAccess {
    let egress = match access.routing {
        Routing::AllTraffic => VpcEgress::AllTraffic,
        Routing::PrivateRangesOnly => VpcEgress::PrivateRangesOnly,
    };
    let body = model::VpcAccess::new().set_egress(egress);
    match &access.attachment {
        Attachment::Connector(id) => body.set_connector(id.location("connectors")),
        Attachment::Direct {
            network,
            subnetwork,
            tags,
        } => {
            // In the service's own project people write the short name, and Google keeps what is written.
            let network = network.as_ref().map(|network| {
                if &network.project == project {
                    network.name.to_string()
                } else {
                    network.to_string()
                }
            });
            let interface = NetworkInterface::new()
                .set_network(network.unwrap_or_default())
                .set_subnetwork(subnetwork.clone().unwrap_or_default())
                .set_tags(tags);
            body.set_network_interfaces([interface])
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use privatelink_core::link::{NetworkRef, ServiceRef};
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::{at, project, region};

    fn patch() -> ServicePatch {
        ServicePatch {
            service: ServiceRef {
                project: project(),
                region: region(),
                name: "orders".parse().unwrap(),
            },
            etag: "\"abc\"".into(),
            annotations: BTreeMap::new(),
            vpc_access: None,
            ingress: None,
        }
    }

    fn sent(patch: &ServicePatch) -> (Value, Value) {
        (
            serde_json::to_value(mask(patch)).unwrap(),
            serde_json::to_value(body(patch).unwrap()).unwrap(),
        )
    }

    const NAME: &str = "projects/acme-prod/locations/europe-west1/services/orders";

    #[test]
    fn egress_travels_with_its_mask_and_clears_the_revision_name() {
        let access = VpcAccess {
            attachment: Attachment::Connector(at("c")),
            routing: Routing::AllTraffic,
        };
        let annotations = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let (mask, body) = sent(&ServicePatch {
            vpc_access: Some(Some(access)),
            annotations,
            ..patch()
        });
        assert_eq!(
            mask,
            json!("template.vpcAccess,template.revision,annotations")
        );
        let access = json!({"connector": at("c").location("connectors"), "egress": 1});
        let wanted = json!({"name": NAME, "etag": "\"abc\"", "annotations": {"team": "a"}, "template": {"vpcAccess": access}});
        assert_eq!(body, wanted);
    }

    #[test]
    fn clearing_is_absence_under_the_mask() {
        let (mask, body) = sent(&ServicePatch {
            vpc_access: Some(None),
            ..patch()
        });
        assert_eq!(
            mask,
            json!("template.vpcAccess,template.revision,annotations")
        );
        assert_eq!(
            body,
            json!({"name": NAME, "etag": "\"abc\"", "template": {}})
        );
    }

    #[test]
    fn ingress_travels_alone() {
        let (mask, body) = sent(&ServicePatch {
            ingress: Some(IngressSetting::Internal),
            ..patch()
        });
        assert_eq!(mask, json!("ingress,annotations"));
        assert_eq!(body, json!({"name": NAME, "etag": "\"abc\"", "ingress": 2}));
    }

    #[test]
    fn a_setting_that_we_do_not_know_is_never_written() {
        assert!(
            body(&ServicePatch {
                ingress: Some(IngressSetting::Unknown),
                ..patch()
            })
            .is_err()
        );
    }

    #[test]
    fn a_direct_interface_is_given_back_with_short_names_in_its_own_project() {
        let network = NetworkRef {
            project: project(),
            name: "prod".parse().unwrap(),
        };
        let attachment = Attachment::Direct {
            network: Some(network),
            subnetwork: Some("a".into()),
            tags: vec!["t".into()],
        };
        let access = google_vpc_access(
            &VpcAccess {
                attachment,
                routing: Routing::PrivateRangesOnly,
            },
            &project(),
        );
        let interface = json!({"network": "prod", "subnetwork": "a", "tags": ["t"]});
        assert_eq!(
            serde_json::to_value(access).unwrap(),
            json!({"egress": 2, "networkInterfaces": [interface]})
        );
    }
}
