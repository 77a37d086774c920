//! Regional addresses: read, reserved, given back.

use google_cloud_compute_v1::model;
use google_cloud_compute_v1::model::address::{AddressType, IpVersion};
use google_cloud_gax::options::RequestOptionsBuilder as _;
use privatelink_core::cloud::{CloudError, Listing};
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::{Live, LiveAddress, RegionalRef};
use privatelink_core::names::Mark;
use uuid::Uuid;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::lists::{Aggregated, COMPUTE_PAGE, PageToken};
use crate::references::{Place, Unmapped, here, own_name};

impl Google {
    pub(crate) async fn list_addresses(&self, project: &ProjectId) -> Result<Listing, CloudError> {
        let doing = format!("list the addresses of {project}");
        let call = Call::read(
            Api::Compute,
            "compute.addresses.aggregatedList",
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
                        .addresses
                        .aggregated_list()
                        .with_user_agent(&*self.user_agent);
                    request
                        .set_project(project.as_str())
                        .set_max_results(COMPUTE_PAGE)
                        .set_page_token(token.text())
                        .send()
                })
                .await?;
            let map = |item: &model::Address, place: Place<'_>| {
                address(item, place).map(|found| Some(Live::Address(found)))
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

    pub(crate) async fn get_address(
        &self,
        id: &RegionalRef,
    ) -> Result<Option<LiveAddress>, CloudError> {
        let doing = format!("read {}", id.compute("addresses"));
        let call = Call::read(
            Api::Compute,
            "compute.addresses.get",
            &id.project,
            Some(&id.region),
            doing,
        );
        let found = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .addresses
                    .get()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request.set_address(id.name.as_str()).send()
            })
            .await?;
        let place = Place {
            project: &id.project,
            region: &id.region,
        };
        found
            .map(|found| address(&found, place))
            .transpose()
            .map_err(|why| call.unparsable(&why))
    }

    pub(crate) async fn create_address(
        &self,
        id: &RegionalRef,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let doing = format!("reserve {}", id.compute("addresses"));
        let call = Call::write(
            Api::Compute,
            "compute.addresses.insert",
            &id.project,
            &id.region,
            doing,
        );
        let body = model::Address::new()
            .set_name(id.name.as_str())
            .set_description(mark.to_string())
            .set_address_type(AddressType::External);
        let request_id = Uuid::new_v4().to_string();
        let sent = self
            .attempts
            .attempt(&call, || {
                let request = self
                    .clients
                    .addresses
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
                let made = LiveAddress {
                    id: id.clone(),
                    external: true,
                    mark: Some(mark.clone()),
                };
                let get = || self.get_address(id);
                self.name_is_taken(&call, &failure, get, |found| *found == made)
                    .await
            }
            Err(failure) => Err(call.error(&failure)),
        }
    }

    pub(crate) async fn delete_address(&self, id: &RegionalRef) -> Result<(), CloudError> {
        let doing = format!("give back {}", id.compute("addresses"));
        let call = Call::write(
            Api::Compute,
            "compute.addresses.delete",
            &id.project,
            &id.region,
            doing,
        );
        let request_id = Uuid::new_v4().to_string();
        let operation = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .addresses
                    .delete()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request
                    .set_address(id.name.as_str())
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

fn address(found: &model::Address, place: Place<'_>) -> Result<LiveAddress, Unmapped> {
    let external = match &found.address_type {
        Some(AddressType::External | AddressType::UnspecifiedType) | None => true,
        // `Internal`. The SDK's enum is open, and what is not known to be external is not offered to a NAT.
        Some(_) => false,
    };
    Ok(LiveAddress {
        id: here(own_name(found.name.as_ref(), "address")?, place)?,
        external: external && found.ip_version != Some(IpVersion::Ipv6),
        mark: found
            .description
            .as_deref()
            .and_then(|text| text.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::{at, project, region};

    fn external(body: Value) -> bool {
        let (project, region) = (project(), region());
        let found = address(
            &serde_json::from_value(body).unwrap(),
            Place {
                project: &project,
                region: &region,
            },
        );
        let found = found.unwrap();
        assert_eq!(found.id, at("ip"));
        found.external
    }

    #[test]
    fn a_nat_can_send_from_external_ipv4_addresses_only() {
        assert!(external(json!({"name": "ip"})));
        assert!(external(
            json!({"name": "ip", "addressType": "EXTERNAL", "networkTier": "PREMIUM", "description": ""})
        ));
        assert!(!external(
            json!({"name": "ip", "addressType": "INTERNAL", "purpose": "GCE_ENDPOINT"})
        ));
        assert!(!external(
            json!({"name": "ip", "addressType": "EXTERNAL", "ipVersion": "IPV6"})
        ));
        assert!(!external(
            json!({"name": "ip", "addressType": "SOMETHING_NEW"})
        ));
    }
}
