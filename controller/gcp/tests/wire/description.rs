//! Every call that the adapters can make, held to Google's description of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use privatelink_core::cloud::{ServicePatch, Write};
use privatelink_core::kinds::{
    Attachment, Id, Live, Nat, NatAddresses, NatRef, RevisionRef, Router, Service, Subnetwork,
    VpcAccess,
};
use privatelink_core::link::Routing;

use crate::lists::every_scope;
use crate::place::{Place, at, furnished, mark, network, service};
use crate::writes::connector;

/// Calls, by the last word of their names: rights and hosts are named in the code in the same way.
const VERBS: [&str; 8] = [
    "aggregatedList",
    "create",
    "delete",
    "get",
    "insert",
    "list",
    "patch",
    "setPrivateIpGoogleAccess",
];

/// The calls that the code of the adapters names, as in `"compute.routers.patch"`.
fn named() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut named = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let calls = text.split('"').filter(|word| {
            let api = ["compute.", "run.projects.", "vpcaccess.projects."];
            api.iter().any(|api| word.starts_with(api))
                && word
                    .rsplit('.')
                    .next()
                    .is_some_and(|verb| VERBS.contains(&verb))
        });
        named.extend(calls.map(str::to_owned));
    }
    named
}

async fn orders(place: &Place) -> Service {
    match place.get(Id::ServiceEgress(service("orders"))).await {
        Some(Live::Service(found)) => found,
        other => panic!("{other:?}"),
    }
}

async fn read_everything(place: &Place) {
    for scope in every_scope() {
        for live in place.list(scope).await.unwrap().items {
            let id = match live {
                Live::Network(found) => Id::Network(found.id),
                Live::Subnetwork(found) => Id::Subnetwork(found.id),
                Live::Route(found) => Id::Route(found.id),
                Live::Address(found) => Id::Address(found.id),
                Live::Router(found) => Id::Router(found.id),
                Live::Connector(found) => Id::Connector(found.id),
                Live::Service(found) => Id::ServiceIngress(found.id),
                Live::Revision(found) => Id::Revision(found.id),
                Live::Job(_) => continue,
            };
            place.get(id).await.unwrap();
        }
    }
    let revision = RevisionRef {
        service: service("orders"),
        name: orders(place).await.latest_created.unwrap(),
    };
    place.get(Id::Revision(revision)).await.unwrap();
}

fn writes() -> Vec<Write> {
    let subnetwork = Subnetwork {
        id: at("new"),
        network: network(),
        cidr: "10.9.0.0/28".parse().unwrap(),
    };
    let router = Router {
        id: at("new"),
        network: network(),
    };
    let nat = Nat {
        id: NatRef {
            router: at("new"),
            name: "ours".parse().unwrap(),
        },
        addresses: NatAddresses::Manual(BTreeSet::from(["new".parse().unwrap()])),
        subnetworks: BTreeSet::from([at("new")]),
        min_ports_per_vm: Some(128),
    };
    vec![
        Write::CreateSubnetwork(subnetwork, mark()),
        Write::CreateConnector(connector("new", "new", 3)),
        Write::UpdateConnector(connector("new", "new", 5)),
        Write::CreateAddress(at("new"), mark()),
        Write::CreateRouter(router, mark()),
        Write::PutNat(nat.clone()),
        Write::DeleteNat(nat.id),
        Write::DeleteRouter(at("new")),
        Write::DeleteAddress(at("new")),
        Write::DeleteConnector(at("new")),
        Write::SetPrivateGoogleAccess(at("new"), false),
        Write::DeleteSubnetwork(at("new")),
    ]
}

#[tokio::test]
async fn every_call_is_as_google_describes_it() {
    let place = Place::slow(furnished(), Duration::from_millis(20)).await;
    read_everything(&place).await;
    for write in writes() {
        place.write(write).await.unwrap();
    }
    let found = orders(&place).await;
    let attach = ServicePatch {
        service: service("orders"),
        etag: found.etag,
        annotations: BTreeMap::from([("privatelink.dev/egress".to_owned(), "{}".to_owned())]),
        vpc_access: Some(Some(VpcAccess {
            attachment: Attachment::Connector(at("c")),
            routing: Routing::AllTraffic,
        })),
        ingress: None,
    };
    place.write(Write::PatchService(attach)).await.unwrap();

    let calls = place.google.calls();
    let made: BTreeSet<String> = calls.keys().map(|call| (*call).to_owned()).collect();
    assert_eq!(made, named(), "this test makes every call that there is");
    // Without the documents it was said that nothing is held to them.
    if let Some(checked) = place.held.methods() {
        let unchecked: Vec<&String> = made.difference(&checked).collect();
        assert!(unchecked.is_empty(), "{unchecked:?}");
    }
}
