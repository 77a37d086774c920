//! Subnetworks: read, made, deleted; Private Google Access is switched with a call of its own
//! (`docs/reference/google-cloud.md#private-google-access`).

use google_cloud_compute_v1::model;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use privatelink_core::cloud::{CloudError, Listing};
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::{Live, LiveSubnetwork, RegionalRef, Subnetwork};
use privatelink_core::names::Mark;
use uuid::Uuid;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::lists::{Aggregated, COMPUTE_PAGE, PageToken};
use crate::references::{Place, Unmapped, here, network, own_name, range};

impl Google {
    pub(crate) async fn list_subnetworks(
        &self,
        project: &ProjectId,
    ) -> Result<Listing, CloudError> {
        let doing = format!("list the subnetworks of {project}");
        let call = Call::read(
            Api::Compute,
            "compute.subnetworks.aggregatedList",
            project,
            None,
            doing,
        );
        let (mut listing, mut token) = (Listing::default(), PageToken::start(self.max_list_items));
        loop {
            let page = self
                .ask(&call, || {
                    let request = self
                        .clients
                        .subnetworks
                        .aggregated_list()
                        .with_user_agent(&*self.user_agent);
                    request
                        .set_project(project.as_str())
                        .set_max_results(COMPUTE_PAGE)
                        .set_page_token(token.text())
                        .send()
                })
                .await?;
            let map = |item: &model::Subnetwork, place: Place<'_>| {
                subnetwork(item, place).map(|found| Some(Live::Subnetwork(found)))
            };
            let page = Aggregated::from(page);
            let next = token
                .count(page.len())
                .and_then(|()| page.read(&mut listing, project, map))
                .and_then(|next| token.advance(next));
            if !next.map_err(|why| call.unparsable(&why))? {
                return Ok(listing);
            }
        }
    }

    pub(crate) async fn get_subnetwork(
        &self,
        id: &RegionalRef,
    ) -> Result<Option<LiveSubnetwork>, CloudError> {
        let doing = format!("read {}", id.compute("subnetworks"));
        let call = Call::read(
            Api::Compute,
            "compute.subnetworks.get",
            &id.project,
            Some(&id.region),
            doing,
        );
        let found = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .subnetworks
                    .get()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request.set_subnetwork(id.name.as_str()).send()
            })
            .await?;
        let place = Place {
            project: &id.project,
            region: &id.region,
        };
        found
            .map(|found| subnetwork(&found, place))
            .transpose()
            .map_err(|why| call.unparsable(&why))
    }

    pub(crate) async fn create_subnetwork(
        &self,
        wanted: &Subnetwork,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let id = &wanted.id;
        let doing = format!("create {}", id.compute("subnetworks"));
        let call = Call::write(
            Api::Compute,
            "compute.subnetworks.insert",
            &id.project,
            &id.region,
            doing,
        );
        let (body, request_id) = (body(wanted, mark), Uuid::new_v4().to_string());
        let sent = self
            .attempts
            .attempt(&call, || {
                let request = self
                    .clients
                    .subnetworks
                    .insert()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request
                    .set_request_id(&request_id)
                    .set_body(body.clone())
                    .send()
            })
            .await;
        match sent {
            Ok(operation) => {
                self.finish_compute(&call, operation, (&id.project, &id.region))
                    .await
            }
            Err(failure) if failure.is_already_there() => {
                let made = LiveSubnetwork {
                    id: id.clone(),
                    network: wanted.network.clone(),
                    cidr: Some(wanted.cidr),
                    private_google_access: true,
                    mark: Some(mark.clone()),
                };
                let get = || self.get_subnetwork(id);
                self.name_is_taken(&call, &failure, get, |found| *found == made)
                    .await
            }
            Err(failure) => Err(call.error(&failure)),
        }
    }

    pub(crate) async fn set_private_google_access(
        &self,
        id: &RegionalRef,
        on: bool,
    ) -> Result<(), CloudError> {
        let switch = if on { "on" } else { "off" };
        let doing = format!(
            "switch Private Google Access {switch} on {}",
            id.compute("subnetworks")
        );
        let operation = "compute.subnetworks.setPrivateIpGoogleAccess";
        let call = Call::write(Api::Compute, operation, &id.project, &id.region, doing);
        let request_id = Uuid::new_v4().to_string();
        let operation = self
            .ask(&call, || {
                let body = model::SubnetworksSetPrivateIpGoogleAccessRequest::new()
                    .set_private_ip_google_access(on);
                let request = self
                    .clients
                    .subnetworks
                    .set_private_ip_google_access()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request
                    .set_subnetwork(id.name.as_str())
                    .set_request_id(&request_id)
                    .set_body(body)
                    .send()
            })
            .await?;
        self.finish_compute(&call, operation, (&id.project, &id.region))
            .await
    }

    pub(crate) async fn delete_subnetwork(&self, id: &RegionalRef) -> Result<(), CloudError> {
        let doing = format!("delete {}", id.compute("subnetworks"));
        let call = Call::write(
            Api::Compute,
            "compute.subnetworks.delete",
            &id.project,
            &id.region,
            doing,
        );
        let request_id = Uuid::new_v4().to_string();
        let operation = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .subnetworks
                    .delete()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request
                    .set_subnetwork(id.name.as_str())
                    .set_request_id(&request_id)
                    .send()
            })
            .await?;
        match operation {
            Some(operation) => {
                self.finish_compute(&call, operation, (&id.project, &id.region))
                    .await
            }
            None => Ok(()),
        }
    }
}

/// The description can be set by the create alone, so the mark is there from the first moment or never.
fn body(wanted: &Subnetwork, mark: &Mark) -> model::Subnetwork {
    model::Subnetwork::new()
        .set_name(wanted.id.name.as_str())
        .set_description(mark.to_string())
        .set_network(wanted.network.to_string())
        .set_ip_cidr_range(wanted.cidr.to_string())
        .set_private_ip_google_access(true)
}

pub(crate) fn subnetwork(
    found: &model::Subnetwork,
    place: Place<'_>,
) -> Result<LiveSubnetwork, Unmapped> {
    let name = own_name(found.name.as_ref(), "subnetwork")?;
    let missing = |field| Unmapped::Missing(format!("subnetwork {name}"), field);
    Ok(LiveSubnetwork {
        id: here(name, place)?,
        network: network(
            found.network.as_deref().ok_or_else(|| missing("network"))?,
            place.project,
        )?,
        cidr: found
            .ip_cidr_range
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(range)
            .transpose()?,
        private_google_access: found.private_ip_google_access == Some(true),
        mark: found
            .description
            .as_deref()
            .and_then(|text| text.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    // Bodies are written in place and used once.
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::{at, project, region};

    fn read(change: Value) -> LiveSubnetwork {
        // As Google answers, server-filled fields included.
        let mut body = json!({
            "kind": "compute#subnetwork", "id": "7712", "name": "a", "ipCidrRange": "10.8.0.0/28",
            "network": "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/prod",
            "region": "https://www.googleapis.com/compute/v1/projects/acme-prod/regions/europe-west1",
            "fingerprint": "qYvGXB6ac9I=", "gatewayAddress": "10.8.0.1", "purpose": "PRIVATE",
            "stackType": "IPV4_ONLY", "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
            "privateIpGoogleAccess": false, "allowSubnetCidrRoutesOverlap": false, "enableFlowLogs": false,
        });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let (project, region) = (project(), region());
        let place = Place {
            project: &project,
            region: &region,
        };
        subnetwork(&serde_json::from_value(body).unwrap(), place).unwrap()
    }

    #[test]
    fn only_what_matters_is_kept() {
        let found = read(json!({"privateIpGoogleAccess": true}));
        assert_eq!(found.id, at("a"));
        assert_eq!(
            found.network.to_string(),
            "projects/acme-prod/global/networks/prod"
        );
        assert_eq!(found.cidr.unwrap().to_string(), "10.8.0.0/28");
        assert!(found.private_google_access && found.mark.is_none());
    }

    #[test]
    fn a_mark_is_found_in_the_description_and_nothing_else_is_one() {
        let mark = "privatelink.dev/v1 owner=acme set=payments link=payments/orders-to-billing";
        assert_eq!(
            read(json!({"description": mark})).mark.unwrap().to_string(),
            mark
        );
        assert_eq!(read(json!({"description": "made by hand"})).mark, None);
    }

    #[test]
    fn a_subnetwork_without_ipv4_has_no_range() {
        assert_eq!(read(json!({"ipCidrRange": null})).cidr, None);
    }

    #[test]
    fn what_we_send_is_what_we_read_back() {
        let mark: Mark = "privatelink.dev/v1 owner=acme set=payments link=payments/x"
            .parse()
            .unwrap();
        let wanted = Subnetwork {
            id: at("a"),
            network: network("prod", &project()).unwrap(),
            cidr: "10.8.0.0/28".parse().unwrap(),
        };
        let sent = serde_json::to_value(body(&wanted, &mark)).unwrap();
        assert_eq!(
            sent,
            json!({
                "name": "a", "description": mark.to_string(), "ipCidrRange": "10.8.0.0/28",
                "network": "projects/acme-prod/global/networks/prod", "privateIpGoogleAccess": true,
            })
        );
        let found = read(sent);
        assert_eq!(
            (found.id, found.network, found.mark),
            (wanted.id, wanted.network, Some(mark))
        );
    }
}
