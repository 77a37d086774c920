//! Cloud Run services: read, and patched. A service belongs to its team: a patch names the fields it is
//! about in its mask, carries the etag of what was read, and holds nothing else
//! (`docs/reference/google-cloud.md#run-update-mask`).
//!
//! The SDK leaves what is empty out of the body. That is no loss here: under the mask, a field that is not in
//! the body is cleared, `annotations` and `vpcAccess` included.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_run_v2::model;
use google_cloud_run_v2::model::IngressTraffic;
use google_cloud_run_v2::model::vpc_access::{NetworkInterface, VpcEgress};
use google_cloud_wkt::FieldMask;
use privatelink_core::cloud::{CloudError, Listing, ServicePatch};
use privatelink_core::codes::Code;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::{Attachment, IngressSetting, Live, Service, VpcAccess};
use privatelink_core::link::{Routing, ServiceRef};
use tokio::time::Instant;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::backoff::poll_pauses;
use crate::failure::{Failure, Nature};
use crate::lists::{PAGE, PageToken};
use crate::operations::{SHORT, wait};
use crate::references::{Place, Unmapped};
use crate::service_mapping::service;

pub(crate) use crate::service_mapping::vpc_access;

impl Google {
    pub(crate) async fn list_services(&self, project: &ProjectId, region: &Region) -> Result<Listing, CloudError> {
        let operation = "run.projects.locations.services.list";
        let doing = format!("list the services of {project} in {region}");
        let call = Call::read(Api::Run, operation, project, Some(region), doing);
        let parent = format!("projects/{project}/locations/{region}");
        let (mut listing, mut token) = (Listing::default(), PageToken::default());
        loop {
            let page = self
                .ask(&call, || {
                    let request = self.clients.services.list_services().with_user_agent(&*self.user_agent);
                    request.set_parent(&parent).set_page_size(PAGE).set_page_token(token.text()).send()
                })
                .await?;
            let next = read(page, &mut listing, Place { project, region }).and_then(|next| token.advance(Some(next)));
            if !next.map_err(|why| call.unparsable(&why))? {
                return Ok(listing);
            }
        }
    }

    pub(crate) async fn get_service(&self, id: &ServiceRef) -> Result<Option<Service>, CloudError> {
        let operation = "run.projects.locations.services.get";
        let call = Call::read(Api::Run, operation, &id.project, Some(&id.region), format!("read {id}"));
        self.look_at_service(&call, id).await
    }

    pub(crate) async fn patch_service(&self, patch: &ServicePatch) -> Result<Service, CloudError> {
        let id = &patch.service;
        let operation = "run.projects.locations.services.patch";
        let call = Call::write(Api::Run, operation, &id.project, &id.region, format!("change {id}"));
        let body = body(patch).map_err(|failure| call.error(&failure))?;
        let sent = self
            .attempts
            .attempt(&call, || {
                let request = self.clients.services.update_service().with_user_agent(&*self.user_agent);
                request.set_service(body.clone()).set_update_mask(mask(patch)).send()
            })
            .await;
        let operation = match sent {
            Ok(operation) => operation,
            // The etag may have moved because our own first attempt was carried out.
            Err(failure) if failure.after_lost_reply && failure.is_already_there() => {
                let found = self.settled(&call, id).await?;
                return if holds(&found, patch) { Ok(found) } else { Err(call.error(&failure)) };
            }
            Err(failure) => return Err(call.error(&failure)),
        };
        let get = |name: String| {
            self.clients.services.get_operation().with_user_agent(&*self.user_agent).set_name(name).send()
        };
        let look = "run.projects.locations.operations.get";
        match self.finish_long_running(&call, look, operation, SHORT, get).await? {
            // The operation's own copy may be older than its end, and its etag with it.
            Ok(_) => self.settled(&call, id).await,
            Err(failure) => Err(failed(&call, &failure, patch)),
        }
    }

    /// The service, once Google has stopped working on it.
    async fn settled(&self, call: &Call<'_>, id: &ServiceRef) -> Result<Service, CloudError> {
        let look = call.on_the_way("run.projects.locations.services.get");
        let end = Instant::now() + SHORT;
        for pause in poll_pauses() {
            match self.look_at_service(&look, id).await? {
                Some(found) if !found.reconciling => return Ok(found),
                Some(_) => wait(call, pause, end, SHORT).await?,
                None => return Err(call.conflict(Code::ChangedMeanwhile, "it is no longer there")),
            }
        }
        Err(call.overdue(SHORT.as_secs() / 60))
    }

    async fn look_at_service(&self, call: &Call<'_>, id: &ServiceRef) -> Result<Option<Service>, CloudError> {
        let name = id.to_string();
        let found = self
            .ask_if_there(call, || {
                self.clients.services.get_service().with_user_agent(&*self.user_agent).set_name(&name).send()
            })
            .await?;
        let place = Place { project: &id.project, region: &id.region };
        found.map(|found| service(found, place)).transpose().map_err(|why| call.unparsable(&why))
    }
}

fn read(page: model::ListServicesResponse, listing: &mut Listing, place: Place<'_>) -> Result<String, Unmapped> {
    if !page.unreachable.is_empty() {
        return Err(Unmapped::Partial(crate::words::neutral(&page.unreachable.join(", "))));
    }
    for item in page.services {
        listing.items.push(Live::Service(service(item, place)?));
    }
    Ok(page.next_page_token)
}

/// Does the service hold what the patch was to write?
fn holds(found: &Service, patch: &ServicePatch) -> bool {
    found.annotations == patch.annotations
        && patch.vpc_access.as_ref().is_none_or(|wanted| &found.vpc_access == wanted)
        && patch.ingress.is_none_or(|wanted| found.ingress == wanted)
}

/// A patch of the template makes a revision; when nothing more particular is known, that is what failed.
fn failed(call: &Call<'_>, failure: &Failure, patch: &ServicePatch) -> CloudError {
    let mut error = call.error(failure);
    if error.code == Code::OperationFailed && patch.vpc_access.is_some() {
        error.code = Code::RevisionFailed;
        error.help = Some("requests still go to the revision before it; look at the new revision's logs".to_owned());
    }
    error
}

/// The fields that the patch is about. `template.revision` is cleared with every change of the template,
/// because a name that stays makes Google refuse the change.
fn mask(patch: &ServicePatch) -> FieldMask {
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

fn body(patch: &ServicePatch) -> Result<model::Service, Failure> {
    let mut body = model::Service::new()
        .set_name(patch.service.to_string())
        .set_etag(&*patch.etag)
        .set_annotations(patch.annotations.clone());
    if let Some(ingress) = patch.ingress {
        body = body.set_ingress(google_ingress(ingress)?);
    }
    if let Some(wanted) = &patch.vpc_access {
        let access = wanted.as_ref().map(|access| google_vpc_access(access, &patch.service.project));
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
            return Err(Failure::new(Nature::NotSent, "an ingress setting that this release does not know"));
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
        Attachment::Direct { network, subnetwork, tags } => {
            // In the service's own project people write the short name, and Google keeps what is written.
            let network = network.as_ref().map(|network| {
                if &network.project == project { network.name.to_string() } else { network.to_string() }
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

    use privatelink_core::link::NetworkRef;
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::{at, project, region};

    fn patch() -> ServicePatch {
        ServicePatch {
            service: ServiceRef { project: project(), region: region(), name: "orders".parse().unwrap() },
            etag: "\"abc\"".into(),
            annotations: BTreeMap::new(),
            vpc_access: None,
            ingress: None,
        }
    }

    fn sent(patch: &ServicePatch) -> (Value, Value) {
        (serde_json::to_value(mask(patch)).unwrap(), serde_json::to_value(body(patch).unwrap()).unwrap())
    }

    const NAME: &str = "projects/acme-prod/locations/europe-west1/services/orders";

    #[test]
    fn egress_travels_with_its_mask_and_clears_the_revision_name() {
        let access = VpcAccess { attachment: Attachment::Connector(at("c")), routing: Routing::AllTraffic };
        let annotations = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let (mask, body) = sent(&ServicePatch { vpc_access: Some(Some(access)), annotations, ..patch() });
        assert_eq!(mask, json!("template.vpcAccess,template.revision,annotations"));
        let access = json!({"connector": at("c").location("connectors"), "egress": 1});
        let wanted = json!({"name": NAME, "etag": "\"abc\"", "annotations": {"team": "a"}, "template": {"vpcAccess": access}});
        assert_eq!(body, wanted);
    }

    #[test]
    fn clearing_is_absence_under_the_mask() {
        let (mask, body) = sent(&ServicePatch { vpc_access: Some(None), ..patch() });
        assert_eq!(mask, json!("template.vpcAccess,template.revision,annotations"));
        assert_eq!(body, json!({"name": NAME, "etag": "\"abc\"", "template": {}}));
    }

    #[test]
    fn ingress_travels_alone() {
        let (mask, body) = sent(&ServicePatch { ingress: Some(IngressSetting::Internal), ..patch() });
        assert_eq!(mask, json!("ingress,annotations"));
        assert_eq!(body, json!({"name": NAME, "etag": "\"abc\"", "ingress": 2}));
    }

    #[test]
    fn a_setting_that_we_do_not_know_is_never_written() {
        assert!(body(&ServicePatch { ingress: Some(IngressSetting::Unknown), ..patch() }).is_err());
    }

    #[test]
    fn a_direct_interface_is_given_back_with_short_names_in_its_own_project() {
        let network = NetworkRef { project: project(), name: "prod".parse().unwrap() };
        let attachment = Attachment::Direct { network: Some(network), subnetwork: Some("a".into()), tags: vec!["t".into()] };
        let access = google_vpc_access(&VpcAccess { attachment, routing: Routing::PrivateRangesOnly }, &project());
        let interface = json!({"network": "prod", "subnetwork": "a", "tags": ["t"]});
        assert_eq!(serde_json::to_value(access).unwrap(), json!({"egress": 2, "networkInterfaces": [interface]}));
    }
}
