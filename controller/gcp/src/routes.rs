//! Routes: read. Only IPv4 ones are kept.

use google_cloud_compute_v1::model;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use privatelink_core::cloud::{CloudError, Listing};
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::{Live, NextHop, Route, RouteRef};

use crate::Google;
use crate::attempt::{Api, Call};
use crate::lists::{COMPUTE_PAGE, PageToken, refuse_partial, refuse_unsaid, warning};
use crate::references::{Unmapped, named, network, own_name, range, short};

impl Google {
    pub(crate) async fn list_routes(&self, project: &ProjectId) -> Result<Listing, CloudError> {
        let doing = format!("list the routes of {project}");
        let call = Call::read(Api::Compute, "compute.routes.list", project, None, doing);
        let (mut listing, mut token) = (Listing::default(), PageToken::start(self.max_list_items));
        loop {
            let page = self
                .ask(&call, || {
                    let request = self
                        .clients
                        .routes
                        .list()
                        .with_user_agent(&*self.user_agent);
                    request
                        .set_project(project.as_str())
                        .set_max_results(COMPUTE_PAGE)
                        .set_page_token(token.text())
                        .send()
                })
                .await?;
            let next = token
                .count(page.items.len())
                .and_then(|()| read(page, &mut listing, project))
                .and_then(|next| token.advance(next));
            if !next.map_err(|why| call.unparsable(&why))? {
                return Ok(listing);
            }
        }
    }

    pub(crate) async fn get_route(&self, id: &RouteRef) -> Result<Option<Route>, CloudError> {
        let doing = format!("read projects/{}/global/routes/{}", id.project, id.name);
        let call = Call::read(Api::Compute, "compute.routes.get", &id.project, None, doing);
        let found = self
            .ask_if_there(&call, || {
                let request = self.clients.routes.get().with_user_agent(&*self.user_agent);
                request
                    .set_project(id.project.as_str())
                    .set_route(id.name.as_str())
                    .send()
            })
            .await?;
        let found = found.map(|found| route(&found, &id.project)).transpose();
        Ok(found.map_err(|why| call.unparsable(&why))?.flatten())
    }
}

fn read(
    page: model::RouteList,
    listing: &mut Listing,
    project: &ProjectId,
) -> Result<Option<String>, Unmapped> {
    refuse_unsaid(page.kind.as_ref())?;
    refuse_partial(warning!(page.warning))?;
    for item in &page.items {
        listing.items.extend(route(item, project)?.map(Live::Route));
    }
    Ok(page.next_page_token)
}

/// Google's priority when none was asked for.
const DEFAULT_PRIORITY: u32 = 1000;

/// `None` for IPv6 routes.
fn route(found: &model::Route, project: &ProjectId) -> Result<Option<Route>, Unmapped> {
    let name = own_name(found.name.as_ref(), "route")?;
    let missing = |field| Unmapped::Missing(format!("route {name}"), field);
    let destination = found
        .dest_range
        .as_deref()
        .ok_or_else(|| missing("destRange"))?;
    if destination.contains(':') {
        return Ok(None);
    }
    Ok(Some(Route {
        id: RouteRef {
            project: project.clone(),
            name: named(name, "route")?,
        },
        network: network(
            found.network.as_deref().ok_or_else(|| missing("network"))?,
            project,
        )?,
        destination: range(destination)?,
        next_hop: next_hop(found),
        priority: found.priority.unwrap_or(DEFAULT_PRIORITY),
        tags: found.tags.clone(),
    }))
}

fn next_hop(found: &model::Route) -> NextHop {
    match found.next_hop_gateway.as_deref() {
        Some(gateway) if short(gateway) == "default-internet-gateway" => {
            return NextHop::DefaultInternetGateway;
        }
        Some(_) | None => {}
    }
    let hops = [
        &found.next_hop_gateway,
        &found.next_hop_instance,
        &found.next_hop_ip,
        &found.next_hop_ilb,
        &found.next_hop_vpn_tunnel,
        &found.next_hop_interconnect_attachment,
        &found.next_hop_peering,
        &found.next_hop_hub,
        &found.next_hop_network,
    ];
    let said = hops.into_iter().flatten().next();
    NextHop::Other(said.map_or_else(|| "unknown".to_owned(), |hop| crate::words::neutral(hop)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::references::tests::project;

    fn read(mut body: Value, hop: &str, value: &str) -> Option<Route> {
        body[hop] = json!(value);
        route(&serde_json::from_value(body).unwrap(), &project()).unwrap()
    }

    fn body(destination: &str) -> Value {
        let network =
            "https://www.googleapis.com/compute/v1/projects/acme-prod/global/networks/prod";
        json!({"name": "default-route-1", "network": network, "destRange": destination, "priority": 1000})
    }

    #[test]
    fn the_default_internet_gateway_is_recognised_in_any_project() {
        let gateway = "https://www.googleapis.com/compute/v1/projects/acme-prod/global/gateways/default-internet-gateway";
        let route = read(body("0.0.0.0/0"), "nextHopGateway", gateway).unwrap();
        assert_eq!(route.next_hop, NextHop::DefaultInternetGateway);
        assert_eq!(
            route.network.to_string(),
            "projects/acme-prod/global/networks/prod"
        );
    }

    #[test]
    fn any_other_next_hop_is_kept_as_google_prints_it() {
        for hop in [
            "nextHopIp",
            "nextHopVpnTunnel",
            "nextHopIlb",
            "nextHopInstance",
            "nextHopPeering",
        ] {
            assert_eq!(
                read(body("0.0.0.0/1"), hop, "x").unwrap().next_hop,
                NextHop::Other("x".into())
            );
        }
    }

    #[test]
    fn ipv6_routes_are_left_out() {
        assert_eq!(read(body("::/0"), "nextHopGateway", "g"), None);
    }
}
