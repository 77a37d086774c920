//! What the in-memory cloud makes of a write that goes wrong, where the emulator once made something else of it.

use privatelink_core::cloud::{CloudErrorKind, ServicePatch, Write};
use privatelink_core::fake::{Fault, State};
use privatelink_core::kinds::{Attachment, Connector, ConnectorState, LiveSubnetwork, VpcAccess};
use privatelink_core::link::{Instances, MachineType, Routing};

use crate::rng::Rng;
use crate::universe::{UNIVERSE, team, world};

#[test]
fn a_rollout_that_fails_makes_one_revision_and_the_one_before_serves_on() {
    let mut state = world(&mut Rng::new(1), true);
    let id = &UNIVERSE.services[0];
    let (before, revisions) = (state.services[id].clone(), state.revisions.len());
    let through = VpcAccess {
        attachment: Attachment::Connector(team("team-conn")),
        routing: Routing::AllTraffic,
    };
    let write = Write::PatchService(ServicePatch {
        service: id.clone(),
        etag: before.etag.clone(),
        annotations: before.annotations.clone(),
        vpc_access: Some(Some(through.clone())),
        ingress: None,
    });
    let told = state.carry_out(&write, Some(Fault::Fails)).unwrap_err();
    assert_eq!(told.kind, CloudErrorKind::Invalid);
    let after = &state.services[id];
    assert_eq!(state.revisions.len(), revisions + 1);
    assert_eq!(after.latest_ready, before.latest_ready);
    assert_ne!(after.latest_created, before.latest_created);
    assert_eq!(after.vpc_access, Some(through));
    let serving = state.serving(after);
    assert!(serving.iter().all(|revision| revision.vpc_access.is_none()));
}

#[test]
fn a_connector_that_could_not_be_made_keeps_its_name_in_error() {
    let mut state = State::default();
    let subnetwork = LiveSubnetwork {
        id: team("free"),
        network: UNIVERSE.main.clone(),
        cidr: Some("10.9.1.0/28".parse().unwrap()),
        private_google_access: true,
        mark: None,
    };
    state.subnetworks.insert(subnetwork.id.clone(), subnetwork);
    let write = Write::CreateConnector(Connector {
        id: team("new"),
        subnetwork: team("free"),
        machine_type: MachineType::E2Micro,
        instances: Instances { min: 2, max: 3 },
    });
    let told = state.carry_out(&write, Some(Fault::Fails)).unwrap_err();
    assert_eq!(told.kind, CloudErrorKind::Invalid);
    assert_eq!(state.connectors[&team("new")].state, ConnectorState::Error);
    let told = state.carry_out(&write, None).unwrap_err();
    assert_eq!(told.kind, CloudErrorKind::Conflict);
}
