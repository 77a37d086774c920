//! Serverless VPC Access connectors: read, made, grown, deleted. Growing is raw, because the SDK has no
//! `connectors.patch` (`docs/reference/google-cloud.md#connector-update`).

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_longrunning::model::Operation;
use google_cloud_vpcaccess_v1::model;
use google_cloud_vpcaccess_v1::model::connector::{State, Subnet};
use privatelink_core::cloud::{CloudError, CloudErrorKind, Listing};
use privatelink_core::codes::Code;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::{Connector, ConnectorState, HiddenSubnetwork, Live, LiveConnector, RegionalRef};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::Google;
use crate::attempt::{Api, Call};
use crate::backoff::poll_pauses;
use crate::failure::{Failure, Nature};
use crate::lists::{PAGE, PageToken};
use crate::operations::{CONNECTOR, wait};
use crate::references::{Place, Unmapped, here, named, range, short};

impl Google {
    pub(crate) async fn list_connectors(&self, project: &ProjectId, region: &Region) -> Result<Listing, CloudError> {
        let operation = "vpcaccess.projects.locations.connectors.list";
        let doing = format!("list the connectors of {project} in {region}");
        let call = Call::read(Api::VpcAccess, operation, project, Some(region), doing);
        let parent = format!("projects/{project}/locations/{region}");
        let (mut listing, mut token) = (Listing::default(), PageToken::default());
        loop {
            let page = self
                .ask(&call, || {
                    let request = self.clients.connectors.list_connectors().with_user_agent(&*self.user_agent);
                    request.set_parent(&parent).set_page_size(PAGE).set_page_token(token.text()).send()
                })
                .await?;
            let place = Place { project, region };
            let next = read(page, &mut listing, place).and_then(|next| token.advance(Some(next)));
            if !next.map_err(|why| call.unparsable(&why))? {
                return Ok(listing);
            }
        }
    }

    pub(crate) async fn get_connector(&self, id: &RegionalRef) -> Result<Option<LiveConnector>, CloudError> {
        let operation = "vpcaccess.projects.locations.connectors.get";
        let doing = format!("read {}", id.location("connectors"));
        let call = Call::read(Api::VpcAccess, operation, &id.project, Some(&id.region), doing);
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
                let request = self.clients.connectors.create_connector().with_user_agent(&*self.user_agent);
                let request = request.set_parent(&parent).set_connector_id(id.name.as_str());
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
            .attempt(&call, || self.raw.send(Api::VpcAccess, Method::PATCH, &path, &query, Some(body.clone())))
            .await
            .and_then(|answer| {
                serde_json::from_str(&answer).map_err(|error| Failure::new(Nature::Unparsable, &error.to_string()))
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
                let request = self.clients.connectors.delete_connector().with_user_agent(&*self.user_agent);
                request.set_name(&name).send()
            })
            .await?;
        let Some(operation) = operation else { return Ok(()) };
        match self.finish_connector_operation(&call, operation).await? {
            Err(failure) if failure.status() != Some(404) => Err(call.error(&failure)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn look_at_connector(&self, call: &Call<'_>, id: &RegionalRef) -> Result<Option<LiveConnector>, CloudError> {
        let name = id.location("connectors");
        let found = self
            .ask_if_there(call, || {
                self.clients.connectors.get_connector().with_user_agent(&*self.user_agent).set_name(&name).send()
            })
            .await?;
        let place = Place { project: &id.project, region: &id.region };
        found.map(|found| connector(&found, place)).transpose().map_err(|why| call.unparsable(&why))
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
                self.finish_connector_operation(call, operation).await?.map_err(|failure| call.error(&failure))?;
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
            self.clients.connectors.get_operation().with_user_agent(&*self.user_agent).set_name(name).send()
        };
        let end = self.finish_long_running(call, look, operation, CONNECTOR, get).await?;
        Ok(end.map(drop))
    }

    async fn await_ready(&self, call: &Call<'_>, wanted: &Connector) -> Result<(), CloudError> {
        let look = call.on_the_way("vpcaccess.projects.locations.connectors.get");
        let end = Instant::now() + CONNECTOR;
        for pause in poll_pauses() {
            let live = self.look_at_connector(&look, &wanted.id).await?;
            match live.as_ref().map(|live| live.state) {
                None => return Err(call.conflict(Code::ChangedMeanwhile, "it is no longer there")),
                Some(ConnectorState::Ready) => {
                    let same = live.is_some_and(|live| {
                        live.subnetwork.as_ref() == Some(&wanted.subnetwork) && wanted.diff(&live).is_empty()
                    });
                    let changed = "somebody else made or changed it at the same time";
                    return same.then_some(()).ok_or_else(|| call.conflict(Code::ChangedMeanwhile, changed));
                }
                Some(ConnectorState::Error | ConnectorState::Deleting) => {
                    let message = format!("cannot {}: the connector ended in a state that carries no traffic", call.doing);
                    return Err(CloudError::new(CloudErrorKind::Invalid, Code::ConnectorFailed, message)
                        .help("run again: a connector in the state ERROR is deleted and made again"));
                }
                Some(ConnectorState::Creating | ConnectorState::Updating | ConnectorState::Unknown) => {}
            }
            wait(call, pause, end, CONNECTOR).await?;
        }
        Err(call.overdue(CONNECTOR.as_secs() / 60))
    }
}

fn body(wanted: &Connector) -> model::Connector {
    let Connector { id: _, subnetwork, machine_type, instances } = wanted;
    model::Connector::new()
        .set_subnet(Subnet::new().set_name(subnetwork.name.as_str()).set_project_id(subnetwork.project.as_str()))
        .set_machine_type(machine_type.to_string())
        .set_min_instances(i32::from(instances.min))
        .set_max_instances(i32::from(instances.max))
}

/// Mask and body of the change; `None` when there is nothing to change. Limits go together
/// (`docs/reference/google-cloud.md#connector-update`).
fn patch(wanted: &Connector, live: &LiveConnector) -> Option<(String, String)> {
    let changes = wanted.diff(live);
    let (mut mask, mut body) = (Vec::new(), serde_json::Map::new());
    if changes.iter().any(|change| change.field == "machineType") {
        mask.push("machineType");
        body.insert("machineType".to_owned(), json!(wanted.machine_type.to_string()));
    }
    if changes.iter().any(|change| change.field == "minInstances" || change.field == "maxInstances") {
        mask.extend(["minInstances", "maxInstances"]);
        body.insert("minInstances".to_owned(), json!(wanted.instances.min));
        body.insert("maxInstances".to_owned(), json!(wanted.instances.max));
    }
    (!mask.is_empty()).then(|| (mask.join(","), json!(body).to_string()))
}

fn read(page: model::ListConnectorsResponse, listing: &mut Listing, place: Place<'_>) -> Result<String, Unmapped> {
    for item in &page.connectors {
        listing.items.push(Live::Connector(connector(item, place)?));
    }
    Ok(page.next_page_token)
}

/// Google's machine type when none was asked for.
const DEFAULT_MACHINE_TYPE: &str = "e2-micro";

fn connector(found: &model::Connector, place: Place<'_>) -> Result<LiveConnector, Unmapped> {
    let subnet = found.subnet.as_ref().filter(|subnet| !subnet.name.is_empty());
    let subnetwork = subnet
        .map(|subnet| {
            let elsewhere = !subnet.project_id.is_empty() && subnet.project_id != place.project.as_str();
            let numbered = subnet.project_id.bytes().all(|b| b.is_ascii_digit());
            let mut id = here(short(&subnet.name), place)?;
            if elsewhere && !numbered {
                id.project = named(&subnet.project_id, "project")?;
            }
            Ok(id)
        })
        .transpose()?;
    let has_hidden = subnetwork.is_none() && !found.network.is_empty();
    let cidr = Some(found.ip_cidr_range.as_str()).filter(|text| !text.is_empty());
    let hidden = has_hidden
        .then(|| Ok(HiddenSubnetwork { network: short(&found.network).to_owned(), cidr: cidr.map(range).transpose()? }))
        .transpose()?;
    let machine_type = if found.machine_type.is_empty() { DEFAULT_MACHINE_TYPE } else { &found.machine_type };
    Ok(LiveConnector {
        id: here(short(&found.name), place)?,
        subnetwork,
        hidden,
        machine_type: machine_type.to_owned(),
        min_instances: u32::try_from(found.min_instances).unwrap_or_default(),
        max_instances: u32::try_from(found.max_instances).unwrap_or_default(),
        state: state(&found.state),
    })
}

fn state(found: &State) -> ConnectorState {
    match found {
        State::Ready => ConnectorState::Ready,
        State::Creating => ConnectorState::Creating,
        State::Updating => ConnectorState::Updating,
        State::Deleting => ConnectorState::Deleting,
        State::Error => ConnectorState::Error,
        State::Unspecified | State::UnknownValue(_) => ConnectorState::Unknown,
        // The SDK's enum is open.
        _ => ConnectorState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use privatelink_core::link::{Instances, MachineType};
    use serde_json::Value;

    use super::*;
    use crate::references::tests::{at, project, region};

    fn live(body: Value) -> LiveConnector {
        let (project, region) = (project(), region());
        connector(&serde_json::from_value(body).unwrap(), Place { project: &project, region: &region }).unwrap()
    }

    fn body_of(state: Value) -> Value {
        json!({
            "name": "projects/acme-prod/locations/europe-west1/connectors/c", "state": state,
            "subnet": {"name": "a", "projectId": "acme-prod"}, "machineType": "e2-micro",
            "minInstances": 2, "maxInstances": 3, "minThroughput": 200, "maxThroughput": 300,
        })
    }

    fn wanted() -> Connector {
        let instances = Instances { min: 2, max: 3 };
        Connector { id: at("c"), subnetwork: at("a"), machine_type: MachineType::E2Micro, instances }
    }

    #[test]
    fn a_connector_as_wanted_has_nothing_to_patch() {
        let live = live(body_of(json!("READY")));
        assert_eq!((&live.id, live.subnetwork.as_ref(), live.state), (&at("c"), Some(&at("a")), ConnectorState::Ready));
        assert_eq!(patch(&wanted(), &live), None);
    }

    #[test]
    fn states_are_read_as_words_and_as_numbers_and_new_ones_are_unknown() {
        for (found, state) in [
            (json!("CREATING"), ConnectorState::Creating),
            (json!("UPDATING"), ConnectorState::Updating),
            (json!("DELETING"), ConnectorState::Deleting),
            (json!("ERROR"), ConnectorState::Error),
            (json!(1), ConnectorState::Ready),
            (json!("SOMETHING_NEW"), ConnectorState::Unknown),
        ] {
            assert_eq!(live(body_of(found)).state, state);
        }
    }

    #[test]
    fn a_subnetwork_may_be_in_another_project_and_its_project_may_be_left_out() {
        let mut body = body_of(json!("READY"));
        body["subnet"] = json!({"name": "a", "projectId": "acme-host"});
        assert_eq!(live(body.clone()).subnetwork.unwrap().project.as_str(), "acme-host");
        body["subnet"] = json!({"name": "a"});
        assert_eq!(live(body).subnetwork.unwrap(), at("a"));
    }

    #[test]
    fn a_connector_made_from_a_range_has_a_hidden_subnetwork() {
        let name = "projects/acme-prod/locations/europe-west1/connectors/c";
        let live = live(json!({"name": name, "network": "default", "ipCidrRange": "10.9.0.0/28"}));
        let hidden = HiddenSubnetwork { network: "default".into(), cidr: Some("10.9.0.0/28".parse().unwrap()) };
        assert_eq!((live.subnetwork, live.hidden), (None, Some(hidden)));
    }

    #[test]
    fn both_limits_are_sent_when_one_changes_and_the_machine_type_only_when_it_does() {
        let mut grown = wanted();
        grown.instances.max = 5;
        let live = live(body_of(json!("READY")));
        let (mask, body) = patch(&grown, &live).unwrap();
        assert_eq!((mask.as_str(), body.as_str()), ("minInstances,maxInstances", r#"{"maxInstances":5,"minInstances":2}"#));
        let other = Connector { machine_type: MachineType::E2Standard4, ..wanted() };
        assert_eq!(patch(&other, &live).unwrap().0, "machineType");
    }

    #[test]
    fn a_connector_is_always_made_on_an_explicit_subnetwork() {
        let sent = serde_json::to_value(body(&wanted())).unwrap();
        let subnet = json!({"name": "a", "projectId": "acme-prod"});
        assert_eq!(sent, json!({"subnet": subnet, "machineType": "e2-micro", "minInstances": 2, "maxInstances": 3}));
    }
}
