//! A Cloud Run service in the core's own words.

use std::sync::Arc;

use google_cloud_run_v2::model;
use google_cloud_run_v2::model::condition::State;
use google_cloud_run_v2::model::vpc_access::{NetworkInterface, VpcEgress};
use google_cloud_run_v2::model::{IngressTraffic, TrafficTargetAllocationType};
use privatelink_core::kinds::{Attachment, IngressSetting, Service, Traffic, VpcAccess};
use privatelink_core::link::Routing;
use serde_json::Value;

use crate::references::{self, Place, Unmapped, network, regional, short};
use crate::words;

pub(crate) fn service(found: model::Service, place: Place<'_>) -> Result<Service, Unmapped> {
    let template = found.template.as_ref();
    let access = template.and_then(|template| template.vpc_access.as_ref());
    Ok(Service {
        id: references::service(&found.name, place)?,
        vpc_access: access
            .map(|access| vpc_access(access, place))
            .transpose()?
            .flatten(),
        ambient: template.is_some_and(is_ambient),
        ingress: ingress(&found.ingress),
        traffic: found.traffic.iter().map(traffic).collect(),
        latest_ready: revision_name(&found.latest_ready_revision),
        latest_created: revision_name(&found.latest_created_revision),
        reconciling: is_reconciling(&found),
        failed: failed(&found),
        default_uri_disabled: found.default_uri_disabled,
        uri: Some(found.uri.as_str())
            .filter(|uri| !uri.is_empty())
            .map(Arc::from),
        etag: Arc::from(found.etag.as_str()),
        annotations: found.annotations.into_iter().collect(),
    })
}

fn revision_name(full: &str) -> Option<Arc<str>> {
    Some(short(full))
        .filter(|name| !name.is_empty())
        .map(Arc::from)
}

/// Google says it in three ways (`docs/reference/google-cloud.md#run-reconciling`).
fn is_reconciling(found: &model::Service) -> bool {
    let behind = found.observed_generation != 0 && found.observed_generation != found.generation;
    let state = found
        .terminal_condition
        .as_ref()
        .map(|condition| &condition.state);
    found.reconciling
        || behind
        || matches!(
            state,
            Some(State::ConditionPending | State::ConditionReconciling)
        )
}

fn failed(found: &model::Service) -> Option<String> {
    let condition = found
        .terminal_condition
        .as_ref()
        .filter(|condition| condition.state == State::ConditionFailed)?;
    let said = words::neutral(&condition.message);
    Some(if said.is_empty() {
        "the last change did not succeed".to_owned()
    } else {
        said
    })
}

fn ingress(found: &IngressTraffic) -> IngressSetting {
    match found {
        // Absent means Google's default.
        IngressTraffic::All | IngressTraffic::Unspecified => IngressSetting::All,
        IngressTraffic::InternalOnly => IngressSetting::Internal,
        IngressTraffic::InternalLoadBalancer => IngressSetting::InternalAndCloudLoadBalancing,
        IngressTraffic::None => IngressSetting::None,
        // `UnknownValue`, and whatever comes: the SDK's enum is open.
        _ => IngressSetting::Unknown,
    }
}

fn traffic(found: &model::TrafficTarget) -> Traffic {
    let latest = found.r#type == TrafficTargetAllocationType::Latest || found.revision.is_empty();
    Traffic {
        revision: if latest {
            None
        } else {
            revision_name(&found.revision)
        },
        percent: u32::try_from(found.percent).unwrap_or_default(),
        tag: Some(found.tag.clone()).filter(|tag| !tag.is_empty()),
    }
}

/// The field is newer than the SDK, which keeps it without giving access to it.
fn is_ambient(template: &model::RevisionTemplate) -> bool {
    let template = serde_json::to_value(template).unwrap_or_default();
    !matches!(
        template.get("ambientNetworking"),
        None | Some(Value::Null | Value::Bool(false))
    )
}

/// `None` when the traffic does not enter a VPC.
pub(crate) fn vpc_access(
    found: &model::VpcAccess,
    place: Place<'_>,
) -> Result<Option<VpcAccess>, Unmapped> {
    let attachment = if found.connector.is_empty() {
        let Some(interface) = found.network_interfaces.first() else {
            return Ok(None);
        };
        direct(interface, place)?
    } else {
        Attachment::Connector(regional(&found.connector, "connectors", place)?)
    };
    let routing = match &found.egress {
        VpcEgress::AllTraffic => Routing::AllTraffic,
        // `PrivateRangesOnly`, or absent, which means the same. The SDK's enum is open, and what we do not know
        // never counts as all traffic.
        _ => Routing::PrivateRangesOnly,
    };
    Ok(Some(VpcAccess {
        attachment,
        routing,
    }))
}

fn direct(found: &NetworkInterface, place: Place<'_>) -> Result<Attachment, Unmapped> {
    let path = |text: &str| {
        text.find("projects/")
            .map_or(text, |start| &text[start..])
            .to_owned()
    };
    Ok(Attachment::Direct {
        network: Some(found.network.as_str())
            .filter(|text| !text.is_empty())
            .map(|text| network(text, place.project))
            .transpose()?,
        subnetwork: Some(found.subnetwork.as_str())
            .filter(|text| !text.is_empty())
            .map(path),
        tags: found.tags.clone(),
    })
}

#[cfg(test)]
mod tests {
    // Bodies are written in place and used once.
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
    use serde_json::json;

    use super::*;
    use crate::references::tests::{at, project, region};

    const NAME: &str = "projects/acme-prod/locations/europe-west1/services/orders";

    fn read(change: Value) -> Service {
        let mut body = json!({
            "name": NAME, "uid": "u", "generation": "3", "observedGeneration": "3", "etag": "\"CMvx\"",
            "ingress": "INGRESS_TRAFFIC_ALL", "launchStage": "GA",
            "template": {"timeout": "300s", "maxInstanceRequestConcurrency": 80, "containers": [{"image": "i"}]},
            "traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}],
            "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"},
            "latestReadyRevision": format!("{NAME}/revisions/orders-00003-abc"),
            "latestCreatedRevision": format!("{NAME}/revisions/orders-00003-abc"),
            "uri": "https://orders-123456789012.europe-west1.run.app",
        });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let (project, region) = (project(), region());
        service(
            serde_json::from_value(body).unwrap(),
            Place {
                project: &project,
                region: &region,
            },
        )
        .unwrap()
    }

    fn access(body: Value) -> Option<VpcAccess> {
        read(json!({"template": {"vpcAccess": body}})).vpc_access
    }

    #[test]
    fn a_service_at_rest_serves_by_its_template() {
        let found = read(json!({}));
        assert_eq!(found.id.to_string(), NAME);
        assert!(found.template_serves() && !found.reconciling && !found.ambient);
        assert_eq!(
            (found.vpc_access, found.ingress),
            (None, IngressSetting::All)
        );
        assert_eq!(found.latest_ready.as_deref(), Some("orders-00003-abc"));
    }

    #[test]
    fn a_connector_may_be_named_shortly_fully_or_by_project_number() {
        for text in [
            "c",
            "projects/acme-prod/locations/europe-west1/connectors/c",
            "projects/123456789012/locations/europe-west1/connectors/c",
        ] {
            let found = access(json!({"connector": text, "egress": "ALL_TRAFFIC"})).unwrap();
            assert_eq!(
                (found.connector(), found.routing),
                (Some(&at("c")), Routing::AllTraffic),
                "{text}"
            );
        }
    }

    #[test]
    fn without_a_word_about_egress_only_private_ranges_enter_the_network() {
        for body in [
            json!({"connector": "c"}),
            json!({"connector": "c", "egress": "SOMETHING_NEW"}),
            json!({"connector": "c", "egress": 2}),
        ] {
            assert_eq!(access(body).unwrap().routing, Routing::PrivateRangesOnly);
        }
        assert_eq!(access(json!({"egress": "ALL_TRAFFIC"})), None);
    }

    #[test]
    fn a_direct_interface_keeps_what_was_named() {
        let found =
            access(json!({"networkInterfaces": [{"subnetwork": "a", "tags": ["t"]}]})).unwrap();
        let subnetwork = Some("a".to_owned());
        assert_eq!(
            found.attachment,
            Attachment::Direct {
                network: None,
                subnetwork,
                tags: vec!["t".into()]
            }
        );
        let found = access(
            json!({"networkInterfaces": [{"network": "projects/acme-host/global/networks/n"}]}),
        )
        .unwrap();
        let network = Some(network("projects/acme-host/global/networks/n", &project()).unwrap());
        assert_eq!(
            found.attachment,
            Attachment::Direct {
                network,
                subnetwork: None,
                tags: Vec::new()
            }
        );
    }

    #[test]
    fn ingress_is_read_as_words_and_as_numbers_and_new_settings_are_unknown() {
        for (found, setting) in [
            (
                json!("INGRESS_TRAFFIC_INTERNAL_ONLY"),
                IngressSetting::Internal,
            ),
            (
                json!("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"),
                IngressSetting::InternalAndCloudLoadBalancing,
            ),
            (json!("INGRESS_TRAFFIC_NONE"), IngressSetting::None),
            (json!(1), IngressSetting::All),
            (json!("SOMETHING_NEW"), IngressSetting::Unknown),
            (json!(99), IngressSetting::Unknown),
        ] {
            assert_eq!(read(json!({"ingress": found})).ingress, setting);
        }
    }

    #[test]
    fn pinned_and_tagged_traffic_is_kept() {
        let found = read(json!({"traffic": [
            {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "orders-00001-abc", "percent": 100},
            {"type": 1, "tag": "next"},
        ]}));
        let revisions: Vec<Option<&str>> = found
            .traffic
            .iter()
            .map(|line| line.revision.as_deref())
            .collect();
        assert_eq!(revisions, [Some("orders-00001-abc"), None]);
        assert_eq!(found.traffic[1].tag.as_deref(), Some("next"));
        assert!(!found.template_serves());
    }

    #[test]
    fn a_service_in_motion_or_failed_says_so() {
        assert!(read(json!({"reconciling": true})).reconciling);
        assert!(read(json!({"observedGeneration": "2"})).reconciling);
        assert!(read(json!({"terminalCondition": {"state": "CONDITION_PENDING"}})).reconciling);
        let found = read(
            json!({"terminalCondition": {"state": "CONDITION_FAILED", "message": "no image"}}),
        );
        assert_eq!(
            (found.reconciling, found.failed.as_deref()),
            (false, Some("no image"))
        );
    }

    #[test]
    fn ambient_networking_is_seen_although_the_sdk_does_not_know_it() {
        assert!(read(json!({"template": {"ambientNetworking": {}}})).ambient);
        assert!(!read(json!({"template": {"ambientNetworking": false}})).ambient);
    }

    #[test]
    fn a_disabled_default_url_leaves_no_address() {
        let found = read(json!({"defaultUriDisabled": true, "uri": ""}));
        assert!(found.default_uri_disabled && found.uri.is_none());
    }
}
