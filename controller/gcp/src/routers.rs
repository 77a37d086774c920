//! Cloud Routers: read with all of their NAT entries, made, deleted. Writing entries is [`crate::nats`].

use std::collections::{BTreeMap, BTreeSet};

use google_cloud_compute_v1::model;
use google_cloud_compute_v1::model::router_nat::{
    EndpointTypes, NatIpAllocateOption, SourceSubnetworkIpRangesToNat, Type,
};
use google_cloud_gax::options::RequestOptionsBuilder as _;
use privatelink_core::cloud::{CloudError, Listing};
use privatelink_core::ids::{ProjectId, ResourceName};
use privatelink_core::kinds::{
    Live, LiveNat, LiveRouter, NatAddresses, NatSources, RegionalRef, Router,
};
use privatelink_core::names::Mark;
use uuid::Uuid;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::lists::{Aggregated, COMPUTE_PAGE, PageToken};
use crate::references::{Place, Unmapped, here, named, network, own_name, regional, short};

impl Google {
    pub(crate) async fn list_routers(&self, project: &ProjectId) -> Result<Listing, CloudError> {
        let doing = format!("list the routers of {project}");
        let call = Call::read(
            Api::Compute,
            "compute.routers.aggregatedList",
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
                        .routers
                        .aggregated_list()
                        .with_user_agent(&*self.user_agent);
                    request
                        .set_project(project.as_str())
                        .set_max_results(COMPUTE_PAGE)
                        .set_page_token(token.text())
                        .send()
                })
                .await?;
            let map = |item: &model::Router, place: Place<'_>| {
                router(item, place).map(|found| found.map(Live::Router))
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

    pub(crate) async fn get_router(
        &self,
        id: &RegionalRef,
    ) -> Result<Option<LiveRouter>, CloudError> {
        let doing = format!("read {}", id.compute("routers"));
        let call = Call::read(
            Api::Compute,
            "compute.routers.get",
            &id.project,
            Some(&id.region),
            doing,
        );
        let found = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .routers
                    .get()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request.set_router(id.name.as_str()).send()
            })
            .await?;
        let place = Place {
            project: &id.project,
            region: &id.region,
        };
        let found = found.map(|found| router(&found, place)).transpose();
        Ok(found.map_err(|why| call.unparsable(&why))?.flatten())
    }

    pub(crate) async fn create_router(
        &self,
        wanted: &Router,
        mark: &Mark,
    ) -> Result<(), CloudError> {
        let id = &wanted.id;
        let doing = format!("create {}", id.compute("routers"));
        let call = Call::write(
            Api::Compute,
            "compute.routers.insert",
            &id.project,
            &id.region,
            doing,
        );
        let body = model::Router::new()
            .set_name(id.name.as_str())
            .set_description(mark.to_string())
            .set_network(wanted.network.to_string());
        let request_id = Uuid::new_v4().to_string();
        let sent = self
            .attempts
            .attempt(&call, || {
                let request = self
                    .clients
                    .routers
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
                let get = || self.get_router(id);
                self.name_is_taken(&call, &failure, get, |found| {
                    found.network == wanted.network && found.mark.as_ref() == Some(mark)
                })
                .await
            }
            Err(failure) => Err(call.error(&failure)),
        }
    }

    pub(crate) async fn delete_router(&self, id: &RegionalRef) -> Result<(), CloudError> {
        let doing = format!("delete {}", id.compute("routers"));
        let call = Call::write(
            Api::Compute,
            "compute.routers.delete",
            &id.project,
            &id.region,
            doing,
        );
        let request_id = Uuid::new_v4().to_string();
        let operation = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .routers
                    .delete()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_project(id.project.as_str())
                    .set_region(id.region.as_str());
                request
                    .set_router(id.name.as_str())
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

/// `None` for routers of a Network Connectivity Center gateway, which serve no network and carry no NAT.
fn router(found: &model::Router, place: Place<'_>) -> Result<Option<LiveRouter>, Unmapped> {
    let name = own_name(found.name.as_ref(), "router")?;
    let Some(of) = found.network.as_deref() else {
        return match found.ncc_gateway {
            Some(_) => Ok(None),
            None => Err(Unmapped::Missing(format!("router {name}"), "network")),
        };
    };
    Ok(Some(LiveRouter {
        id: here(name, place)?,
        network: network(of, place.project)?,
        mark: found
            .description
            .as_deref()
            .and_then(|text| text.parse().ok()),
        nats: found
            .nats
            .iter()
            .map(|entry| nat(entry, place))
            .collect::<Result<_, _>>()?,
        has_peers: !(found.interfaces.is_empty() && found.bgp_peers.is_empty()),
    }))
}

/// One entry of a router's list.
pub(crate) fn nat(found: &model::RouterNat, place: Place<'_>) -> Result<LiveNat, Unmapped> {
    Ok(LiveNat {
        name: named(own_name(found.name.as_ref(), "NAT entry")?, "NAT entry")?,
        public: matches!(&found.r#type, None | Some(Type::Public)) && serves_machines(found),
        addresses: addresses(found)?,
        sources: sources(found, place)?,
        min_ports_per_vm: found
            .min_ports_per_vm
            .and_then(|ports| u32::try_from(ports).ok()),
    })
}

/// Connectors and Direct VPC interfaces leave as virtual machines do; an entry for proxies gives them nothing
/// (`docs/reference/google-cloud.md#nat-endpoints`).
fn serves_machines(found: &model::RouterNat) -> bool {
    let types = &found.endpoint_types;
    types.is_empty() || types.contains(&EndpointTypes::EndpointTypeVm)
}

fn addresses(found: &model::RouterNat) -> Result<NatAddresses, Unmapped> {
    let automatic = match &found.nat_ip_allocate_option {
        Some(NatIpAllocateOption::AutoOnly) => true,
        Some(NatIpAllocateOption::ManualOnly) => false,
        // Private NAT has no such option, and the SDK's enum is open.
        Some(_) | None => found.nat_ips.is_empty(),
    };
    if automatic {
        return Ok(NatAddresses::Auto);
    }
    let names: Result<BTreeSet<ResourceName>, _> = found
        .nat_ips
        .iter()
        .map(|link| named(short(link), "address"))
        .collect();
    names.map(NatAddresses::Manual)
}

fn sources(found: &model::RouterNat, place: Place<'_>) -> Result<NatSources, Unmapped> {
    match &found.source_subnetwork_ip_ranges_to_nat {
        Some(SourceSubnetworkIpRangesToNat::AllSubnetworksAllIpRanges) => {
            return Ok(NatSources::AllRanges);
        }
        Some(SourceSubnetworkIpRangesToNat::AllSubnetworksAllPrimaryIpRanges) => {
            return Ok(NatSources::AllPrimaryRanges);
        }
        // The SDK's enum is open: an option that we do not know serves what it lists, as far as we know.
        Some(_) | None => {}
    }
    let mut listed: BTreeMap<RegionalRef, BTreeSet<String>> = BTreeMap::new();
    for entry in &found.subnetworks {
        let name = own_name(entry.name.as_ref(), "subnetwork of a NAT entry")?;
        let ranges = entry
            .source_ip_ranges_to_nat
            .iter()
            .filter_map(|range| range.name())
            .map(str::to_owned);
        listed
            .entry(regional(name, "subnetworks", place)?)
            .or_default()
            .extend(ranges);
    }
    Ok(NatSources::Listed(listed))
}

#[cfg(test)]
mod tests;
