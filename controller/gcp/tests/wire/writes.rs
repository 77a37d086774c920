//! Every write, what it sent, and what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use privatelink_core::cloud::{ServicePatch, Write};
use privatelink_core::kinds::{
    Attachment, Connector, Id, IngressSetting, Live, Router, Service, Subnetwork, VpcAccess,
};
use privatelink_core::link::{Instances, MachineType, Routing};
use serde_json::json;

use crate::place::{Place, at, furnished, mark, network, service};

pub(crate) fn connector(name: &str, subnetwork: &str, max: u8) -> Connector {
    let instances = Instances { min: 2, max };
    Connector {
        id: at(name),
        subnetwork: at(subnetwork),
        machine_type: MachineType::E2Micro,
        instances,
    }
}

/// Without the router, whose NAT entry holds the subnetwork.
fn unfurnished() -> serde_json::Value {
    let mut state = furnished();
    state["compute"]
        .as_object_mut()
        .unwrap()
        .remove("projects/acme-prod/regions/europe-west1/routers/r");
    state
}

async fn read(place: &Place, name: &str) -> Service {
    match place.get(Id::ServiceEgress(service(name))).await {
        Some(Live::Service(found)) => found,
        other => panic!("{other:?}"),
    }
}

/// What was sent, but for looks at operations, of which there are as many as the clock has it. Versions are other ones
/// each time; the emulator refuses one that is not the current one.
async fn sent(place: &Place) -> String {
    let log = place.log().await;
    let lines = log.lines().filter(|line| !line.contains("/operations/"));
    let without_version = |line: &str| match line.split_once(r#""etag":"\""#) {
        Some((before, rest)) => {
            let (_, after) = rest.split_once(r#"\"""#).unwrap();
            format!(r#"{before}"etag":"..."{after}"#)
        }
        None => line.to_owned(),
    };
    lines.map(without_version).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn compute_objects_are_made_and_deleted() {
    let place = Place::slow(furnished(), Duration::from_millis(20)).await;
    let subnetwork = Subnetwork {
        id: at("new"),
        network: network(),
        cidr: "10.9.0.0/28".parse().unwrap(),
    };
    let router = Router {
        id: at("new"),
        network: network(),
    };
    for write in [
        Write::CreateSubnetwork(subnetwork, mark()),
        Write::SetPrivateGoogleAccess(at("new"), false),
        Write::CreateAddress(at("new"), mark()),
        Write::CreateRouter(router, mark()),
    ] {
        assert_eq!(place.write(write).await, Ok(None));
    }
    let Some(Live::Subnetwork(found)) = place.get(Id::Subnetwork(at("new"))).await else {
        panic!()
    };
    assert_eq!(
        (found.private_google_access, found.mark),
        (false, Some(mark()))
    );
    let Some(Live::Address(found)) = place.get(Id::Address(at("new"))).await else {
        panic!()
    };
    assert!(found.external && found.mark == Some(mark()));
    let Some(Live::Router(found)) = place.get(Id::Router(at("new"))).await else {
        panic!()
    };
    assert!(found.nats.is_empty() && found.mark == Some(mark()));
    for write in [
        Write::DeleteRouter(at("new")),
        Write::DeleteAddress(at("new")),
        Write::DeleteSubnetwork(at("new")),
    ] {
        assert_eq!(place.write(write.clone()).await, Ok(None));
        assert_eq!(
            place.write(write).await,
            Ok(None),
            "a delete of what is gone is success"
        );
    }
    assert_eq!(place.get(Id::Router(at("new"))).await, None);
    insta::assert_snapshot!("compute_writes", sent(&place).await);
}

#[tokio::test]
async fn a_connector_is_made_grown_and_deleted() {
    let place = Place::slow(unfurnished(), Duration::from_millis(20)).await;
    assert_eq!(
        place
            .write(Write::CreateConnector(connector("new", "b", 3)))
            .await,
        Ok(None)
    );
    assert_eq!(
        place
            .write(Write::UpdateConnector(connector("new", "b", 5)))
            .await,
        Ok(None)
    );
    let Some(Live::Connector(found)) = place.get(Id::Connector(at("new"))).await else {
        panic!()
    };
    assert_eq!((found.max_instances, found.subnetwork), (5, Some(at("b"))));
    let before = place.google.calls()["vpcaccess.projects.locations.connectors.patch"];
    assert_eq!(
        place
            .write(Write::UpdateConnector(connector("new", "b", 5)))
            .await,
        Ok(None)
    );
    assert_eq!(
        place.google.calls()["vpcaccess.projects.locations.connectors.patch"],
        before
    );
    assert_eq!(
        place.write(Write::DeleteConnector(at("new"))).await,
        Ok(None)
    );
    assert_eq!(
        place.write(Write::DeleteConnector(at("new"))).await,
        Ok(None)
    );
    assert_eq!(place.get(Id::Connector(at("new"))).await, None);
    insta::assert_snapshot!("connector_writes", sent(&place).await);
}

#[tokio::test]
async fn egress_is_attached_and_detached_and_nothing_else_changes() {
    let place = Place::slow(furnished(), Duration::from_millis(20)).await;
    let path = service("orders").to_string();
    let before = place.stored("run", &path);
    let found = read(&place, "orders").await;
    let access = VpcAccess {
        attachment: Attachment::Connector(at("c")),
        routing: Routing::AllTraffic,
    };
    let mut annotations = found.annotations.clone();
    annotations.insert("privatelink.dev/egress".to_owned(), "{}".to_owned());
    let attach = ServicePatch {
        service: service("orders"),
        etag: found.etag,
        annotations,
        vpc_access: Some(Some(access.clone())),
        ingress: None,
    };
    let Ok(Some(Live::Service(attached))) = place.write(Write::PatchService(attach.clone())).await
    else {
        panic!()
    };
    assert_eq!(
        (&attached.vpc_access, &attached.annotations),
        (&Some(access), &attach.annotations)
    );
    assert!(attached.template_serves());
    let detach = ServicePatch {
        etag: attached.etag,
        annotations: BTreeMap::from([("team".to_owned(), "orders".to_owned())]),
        vpc_access: Some(None),
        ..attach
    };
    let Ok(Some(Live::Service(detached))) = place.write(Write::PatchService(detach)).await else {
        panic!()
    };
    assert_eq!(detached.vpc_access, None);
    insta::assert_snapshot!("egress_writes", sent(&place).await);
    let after = place.stored("run", &path);
    for field in [
        "annotations",
        "template",
        "traffic",
        "ingress",
        "scaling",
        "uri",
        "labels",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[tokio::test]
async fn ingress_is_changed_without_a_new_revision_and_the_last_annotation_can_go() {
    let place = Place::with(furnished()).await;
    let found = read(&place, "orders").await;
    let revision = found.latest_created.clone();
    let patch = ServicePatch {
        service: service("orders"),
        etag: found.etag,
        annotations: BTreeMap::new(),
        vpc_access: None,
        ingress: Some(IngressSetting::Internal),
    };
    let Ok(Some(Live::Service(found))) = place.write(Write::PatchService(patch)).await else {
        panic!()
    };
    assert_eq!(
        (found.ingress, found.latest_created),
        (IngressSetting::Internal, revision)
    );
    assert!(found.annotations.is_empty(), "{:?}", found.annotations);
    insta::assert_snapshot!("ingress_writes", sent(&place).await);
}

#[tokio::test]
async fn a_direct_interface_can_be_given_back() {
    let mut state = furnished();
    let interface = json!({"network": "prod", "subnetwork": "b", "tags": ["orders"]});
    let path = service("orders").to_string();
    state["run"][&path]["template"]["vpcAccess"] =
        json!({"networkInterfaces": [interface], "egress": "ALL_TRAFFIC"});
    let place = Place::with(state).await;
    let before = place.stored("run", &path)["template"]["vpcAccess"].clone();
    let found = read(&place, "orders").await;
    let former = found.vpc_access.clone();
    let connector = VpcAccess {
        attachment: Attachment::Connector(at("c")),
        routing: Routing::AllTraffic,
    };
    let patch = ServicePatch {
        service: service("orders"),
        etag: found.etag,
        annotations: found.annotations,
        vpc_access: Some(Some(connector)),
        ingress: None,
    };
    let Ok(Some(Live::Service(found))) = place.write(Write::PatchService(patch.clone())).await
    else {
        panic!()
    };
    let back = ServicePatch {
        etag: found.etag,
        vpc_access: Some(former),
        ..patch
    };
    place.write(Write::PatchService(back)).await.unwrap();
    assert_eq!(place.stored("run", &path)["template"]["vpcAccess"], before);
}
