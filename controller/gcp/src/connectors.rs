//! Serverless VPC Access connectors: read, made, grown, deleted. Growing is raw, because the SDK has no
//! `connectors.patch` (`docs/reference/google-cloud.md#connector-update`).

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_longrunning::model::Operation;
use google_cloud_vpcaccess_v1::model;
use privatelink_core::cloud::{CloudError, CloudErrorKind, Listing};
use privatelink_core::codes::Code;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::{Connector, ConnectorState, Live, LiveConnector, RegionalRef};
use reqwest::Method;
use tokio::time::Instant;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::connector_mapping::{body, connector, patch};
use crate::failure::{Failure, Nature};
use crate::operations::{CONNECTOR, wait};
use crate::references::Place;

impl Google {
    pub(crate) async fn list_connectors(
        &self,
        project: &ProjectId,
        region: &Region,
    ) -> Result<Listing, CloudError> {
        let operation = "vpcaccess.projects.locations.connectors.list";
        let doing = format!("list the connectors of {project} in {region}");
        let call = Call::read(Api::VpcAccess, operation, project, Some(region), doing);
        let path = format!("/v1/projects/{project}/locations/{region}/connectors");
        let split =
            |page: model::ListConnectorsResponse| Ok((page.connectors, page.next_page_token));
        let map = |found| {
            Ok(Live::Connector(connector(
                &found,
                Place { project, region },
            )?))
        };
        self.all_pages(&call, &path, split, map).await
    }

    pub(crate) async fn get_connector(
        &self,
        id: &RegionalRef,
    ) -> Result<Option<LiveConnector>, CloudError> {
        let operation = "vpcaccess.projects.locations.connectors.get";
        let doing = format!("read {}", id.location("connectors"));
        let call = Call::read(
            Api::VpcAccess,
            operation,
            &id.project,
            Some(&id.region),
            doing,
        );
        self.look_at_connector(&call, id).await
    }

    pub(crate) async fn create_connector(&self, wanted: &Connector) -> Result<(), CloudError> {
        let id = &wanted.id;
        let operation = "vpcaccess.projects.locations.connectors.create";
        let doing = format!("create {}", id.location("connectors"));
        let call = Call::write(Api::VpcAccess, operation, &id.project, &id.region, doing);
        let parent = format!("projects/{}/locations/{}", id.project, id.region);
        let sent = self
            .attempts
            .attempt(&call, || {
                let request = self
                    .clients
                    .connectors
                    .create_connector()
                    .with_user_agent(&*self.user_agent);
                let request = request
                    .set_parent(&parent)
                    .set_connector_id(id.name.as_str());
                request.set_connector(body(wanted)).send()
            })
            .await;
        self.finish_connector(&call, sent, wanted).await
    }

    pub(crate) async fn update_connector(&self, wanted: &Connector) -> Result<(), CloudError> {
        let id = &wanted.id;
        let operation = "vpcaccess.projects.locations.connectors.patch";
        let doing = format!("change {}", id.location("connectors"));
        let call = Call::write(Api::VpcAccess, operation, &id.project, &id.region, doing);
        let look = call.on_the_way("vpcaccess.projects.locations.connectors.get");
        let Some(live) = self.look_at_connector(&look, id).await? else {
            return Err(call.conflict(Code::ChangedMeanwhile, "it is no longer there"));
        };
        let Some((mask, body)) = patch(wanted, &live) else {
            return self.await_ready(&call, wanted).await;
        };
        let path = format!("/v1/{}", id.location("connectors"));
        let query = [("updateMask", mask.as_str())];
        let sent = self
            .attempts
            .attempt(&call, || {
                self.raw.send(
                    Api::VpcAccess,
                    Method::PATCH,
                    &path,
                    &query,
                    Some(body.clone()),
                )
            })
            .await
            .and_then(|answer| {
                serde_json::from_str(&answer)
                    .map_err(|error| Failure::new(Nature::Unparsable, &error.to_string()))
            });
        self.finish_connector(&call, sent, wanted).await
    }

    pub(crate) async fn delete_connector(&self, id: &RegionalRef) -> Result<(), CloudError> {
        let operation = "vpcaccess.projects.locations.connectors.delete";
        let doing = format!("delete {}", id.location("connectors"));
        let call = Call::write(Api::VpcAccess, operation, &id.project, &id.region, doing);
        let name = id.location("connectors");
        let operation = self
            .ask_if_there(&call, || {
                let request = self
                    .clients
                    .connectors
                    .delete_connector()
                    .with_user_agent(&*self.user_agent);
                request.set_name(&name).send()
            })
            .await?;
        let Some(operation) = operation else {
            return Ok(());
        };
        match self.finish_connector_operation(&call, operation).await? {
            Err(failure) if failure.status() != Some(404) => Err(call.error(&failure)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn look_at_connector(
        &self,
        call: &Call<'_>,
        id: &RegionalRef,
    ) -> Result<Option<LiveConnector>, CloudError> {
        let name = id.location("connectors");
        let found = self
            .ask_if_there(call, || {
                self.clients
                    .connectors
                    .get_connector()
                    .with_user_agent(&*self.user_agent)
                    .set_name(&name)
                    .send()
            })
            .await?;
        let place = Place {
            project: &id.project,
            region: &id.region,
        };
        found
            .map(|found| connector(&found, place))
            .transpose()
            .map_err(|why| call.unparsable(&why))
    }

    /// Waits for the operation of a create or a patch, and until the connector is as wanted and READY. When
    /// the reply to an earlier attempt was lost, "there already" or "busy" may be about our own write: then
    /// what is there decides.
    async fn finish_connector(
        &self,
        call: &Call<'_>,
        sent: Result<Operation, Failure>,
        wanted: &Connector,
    ) -> Result<(), CloudError> {
        match sent {
            Ok(operation) => {
                self.finish_connector_operation(call, operation)
                    .await?
                    .map_err(|failure| call.error(&failure))?;
            }
            Err(failure) if failure.after_lost_reply && failure.is_already_there() => {}
            Err(failure) => return Err(call.error(&failure)),
        }
        self.await_ready(call, wanted).await
    }

    async fn finish_connector_operation(
        &self,
        call: &Call<'_>,
        operation: Operation,
    ) -> Result<Result<(), Failure>, CloudError> {
        let look = "vpcaccess.projects.locations.operations.get";
        let get = |name: String| {
            self.clients
                .connectors
                .get_operation()
                .with_user_agent(&*self.user_agent)
                .set_name(name)
                .send()
        };
        let end = self
            .finish_long_running(call, look, operation, CONNECTOR, get)
            .await?;
        Ok(end.map(drop))
    }

    async fn await_ready(&self, call: &Call<'_>, wanted: &Connector) -> Result<(), CloudError> {
        let look = call.on_the_way("vpcaccess.projects.locations.connectors.get");
        let end = Instant::now() + self.attempts.patience.scaled_wait(CONNECTOR);
        for pause in self.attempts.patience.polls() {
            let live = self.look_at_connector(&look, &wanted.id).await?;
            match live.as_ref().map(|live| live.state) {
                None => return Err(call.conflict(Code::ChangedMeanwhile, "it is no longer there")),
                Some(ConnectorState::Ready) => {
                    let same = live.is_some_and(|live| {
                        live.subnetwork.as_ref() == Some(&wanted.subnetwork)
                            && wanted.diff(&live).is_empty()
                    });
                    let changed = "somebody else made or changed it at the same time";
                    return same
                        .then_some(())
                        .ok_or_else(|| call.conflict(Code::ChangedMeanwhile, changed));
                }
                Some(ConnectorState::Error | ConnectorState::Deleting) => {
                    let message = format!(
                        "cannot {}: the connector ended in a state that carries no traffic",
                        call.doing
                    );
                    return Err(CloudError::new(
                        CloudErrorKind::Invalid,
                        Code::ConnectorFailed,
                        message,
                    )
                    .help("run again: a connector in the state ERROR is deleted and made again"));
                }
                Some(
                    ConnectorState::Creating | ConnectorState::Updating | ConnectorState::Unknown,
                ) => {}
            }
            wait(call, pause, end, CONNECTOR).await?;
        }
        Err(call.overdue(CONNECTOR.as_secs() / 60))
    }
}
