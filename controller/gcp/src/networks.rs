//! VPC networks: read.

use google_cloud_compute_v1::model;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use privatelink_core::cloud::{CloudError, Listing};
use privatelink_core::ids::ProjectId;
use privatelink_core::kinds::network::Mode;
use privatelink_core::kinds::{Live, Network};
use privatelink_core::link::NetworkRef;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::lists::{COMPUTE_PAGE, PageToken, refuse_partial, refuse_unsaid, warning};
use crate::references::{Unmapped, named, own_name};

impl Google {
    pub(crate) async fn list_networks(&self, project: &ProjectId) -> Result<Listing, CloudError> {
        let doing = format!("list the networks of {project}");
        let call = Call::read(Api::Compute, "compute.networks.list", project, None, doing);
        let (mut listing, mut token) = (Listing::default(), PageToken::start(self.max_list_items));
        loop {
            let page = self
                .ask(&call, || {
                    let request = self
                        .clients
                        .networks
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

    pub(crate) async fn get_network(&self, id: &NetworkRef) -> Result<Option<Network>, CloudError> {
        let call = Call::read(
            Api::Compute,
            "compute.networks.get",
            &id.project,
            None,
            format!("read {id}"),
        );
        let found = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .networks
                    .get()
                    .with_user_agent(&*self.user_agent);
                request
                    .set_project(id.project.as_str())
                    .set_network(id.name.as_str())
                    .send()
            })
            .await?;
        found
            .map(|found| network(&found, &id.project))
            .transpose()
            .map_err(|why| call.unparsable(&why))
    }
}

fn read(
    page: model::NetworkList,
    listing: &mut Listing,
    project: &ProjectId,
) -> Result<Option<String>, Unmapped> {
    refuse_unsaid(page.kind.as_ref())?;
    refuse_partial(warning!(page.warning))?;
    for item in &page.items {
        listing.items.push(Live::Network(network(item, project)?));
    }
    Ok(page.next_page_token)
}

#[expect(
    deprecated,
    reason = "networks of that kind are no longer made, and those that are there have nothing else to be known by"
)]
fn network(found: &model::Network, project: &ProjectId) -> Result<Network, Unmapped> {
    Ok(Network {
        id: NetworkRef {
            project: project.clone(),
            name: named(own_name(found.name.as_ref(), "network")?, "network")?,
        },
        mode: match (found.auto_create_subnetworks, &found.i_pv_4_range) {
            (Some(true), _) => Mode::Auto,
            // It alone has a range of its own.
            (None, Some(_)) => Mode::Legacy,
            (Some(false) | None, _) => Mode::Custom,
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::references::tests::project;

    #[test]
    fn modes_are_told_apart() {
        for (creates, range, mode) in [
            (json!(true), json!(null), Mode::Auto),
            (json!(false), json!(null), Mode::Custom),
            (json!(null), json!(null), Mode::Custom),
            (json!(null), json!("10.240.0.0/16"), Mode::Legacy),
        ] {
            let body = json!({"kind": "compute#network", "name": "prod", "autoCreateSubnetworks": creates, "IPv4Range": range, "mtu": 1460});
            let found = network(&serde_json::from_value(body).unwrap(), &project()).unwrap();
            assert_eq!(found.mode, mode);
            assert_eq!(
                found.id.to_string(),
                "projects/acme-prod/global/networks/prod"
            );
        }
    }
}
