//! A connector in the core's own words and in Google's, and the body of a patch.

use google_cloud_vpcaccess_v1::model;
use google_cloud_vpcaccess_v1::model::connector::{State, Subnet};
use privatelink_core::kinds::{Connector, ConnectorState, HiddenSubnetwork, LiveConnector};
use serde_json::json;

use crate::references::{Place, Unmapped, here, named, range, short};

pub(crate) fn body(wanted: &Connector) -> model::Connector {
    let Connector {
        id: _,
        subnetwork,
        machine_type,
        instances,
    } = wanted;
    model::Connector::new()
        .set_subnet(
            Subnet::new()
                .set_name(subnetwork.name.as_str())
                .set_project_id(subnetwork.project.as_str()),
        )
        .set_machine_type(machine_type.to_string())
        .set_min_instances(i32::from(instances.min))
        .set_max_instances(i32::from(instances.max))
}

/// Mask and body of the change; `None` when there is nothing to change. Limits go together
/// (`docs/reference/google-cloud.md#connector-update`).
pub(crate) fn patch(wanted: &Connector, live: &LiveConnector) -> Option<(String, String)> {
    let changes = wanted.diff(live);
    let (mut mask, mut body) = (Vec::new(), serde_json::Map::new());
    if changes.iter().any(|change| change.field == "machineType") {
        mask.push("machineType");
        body.insert(
            "machineType".to_owned(),
            json!(wanted.machine_type.to_string()),
        );
    }
    if changes
        .iter()
        .any(|change| change.field == "minInstances" || change.field == "maxInstances")
    {
        mask.extend(["minInstances", "maxInstances"]);
        body.insert("minInstances".to_owned(), json!(wanted.instances.min));
        body.insert("maxInstances".to_owned(), json!(wanted.instances.max));
    }
    (!mask.is_empty()).then(|| (mask.join(","), json!(body).to_string()))
}

/// Google's machine type when none was asked for.
const DEFAULT_MACHINE_TYPE: &str = "e2-micro";

pub(crate) fn connector(
    found: &model::Connector,
    place: Place<'_>,
) -> Result<LiveConnector, Unmapped> {
    let subnet = found
        .subnet
        .as_ref()
        .filter(|subnet| !subnet.name.is_empty());
    let subnetwork = subnet
        .map(|subnet| {
            let elsewhere =
                !subnet.project_id.is_empty() && subnet.project_id != place.project.as_str();
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
        .then(|| {
            Ok(HiddenSubnetwork {
                network: short(&found.network).to_owned(),
                cidr: cidr.map(range).transpose()?,
            })
        })
        .transpose()?;
    let machine_type = if found.machine_type.is_empty() {
        DEFAULT_MACHINE_TYPE
    } else {
        &found.machine_type
    };
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
        // `Unspecified`, `UnknownValue`, and whatever comes: the SDK's enum is open.
        _ => ConnectorState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    // Bodies are written in place and used once.
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
    use privatelink_core::link::{Instances, MachineType};
    use serde_json::Value;

    use super::*;
    use crate::references::tests::{at, project, region};

    fn live(body: Value) -> LiveConnector {
        let (project, region) = (project(), region());
        connector(
            &serde_json::from_value(body).unwrap(),
            Place {
                project: &project,
                region: &region,
            },
        )
        .unwrap()
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
        Connector {
            id: at("c"),
            subnetwork: at("a"),
            machine_type: MachineType::E2Micro,
            instances,
        }
    }

    #[test]
    fn a_connector_as_wanted_has_nothing_to_patch() {
        let live = live(body_of(json!("READY")));
        assert_eq!(
            (&live.id, live.subnetwork.as_ref(), live.state),
            (&at("c"), Some(&at("a")), ConnectorState::Ready)
        );
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
        assert_eq!(
            live(body.clone()).subnetwork.unwrap().project.as_str(),
            "acme-host"
        );
        body["subnet"] = json!({"name": "a"});
        assert_eq!(live(body).subnetwork.unwrap(), at("a"));
    }

    #[test]
    fn a_connector_made_from_a_range_has_a_hidden_subnetwork() {
        let name = "projects/acme-prod/locations/europe-west1/connectors/c";
        let live = live(json!({"name": name, "network": "default", "ipCidrRange": "10.9.0.0/28"}));
        let hidden = HiddenSubnetwork {
            network: "default".into(),
            cidr: Some("10.9.0.0/28".parse().unwrap()),
        };
        assert_eq!((live.subnetwork, live.hidden), (None, Some(hidden)));
    }

    #[test]
    fn both_limits_are_sent_when_one_changes_and_the_machine_type_only_when_it_does() {
        let mut grown = wanted();
        grown.instances.max = 5;
        let live = live(body_of(json!("READY")));
        let (mask, body) = patch(&grown, &live).unwrap();
        assert_eq!(
            (mask.as_str(), body.as_str()),
            (
                "minInstances,maxInstances",
                r#"{"maxInstances":5,"minInstances":2}"#
            )
        );
        let other = Connector {
            machine_type: MachineType::E2Standard4,
            ..wanted()
        };
        assert_eq!(patch(&other, &live).unwrap().0, "machineType");
    }

    #[test]
    fn a_connector_is_always_made_on_an_explicit_subnetwork() {
        let sent = serde_json::to_value(body(&wanted())).unwrap();
        let subnet = json!({"name": "a", "projectId": "acme-prod"});
        assert_eq!(
            sent,
            json!({"subnet": subnet, "machineType": "e2-micro", "minInstances": 2, "maxInstances": 3})
        );
    }
}
