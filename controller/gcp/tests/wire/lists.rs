//! Every list and every get.

use privatelink_core::cloud::{CloudErrorKind as Kind, Scope};
use privatelink_core::kinds::{
    ConnectorState, Id, IngressSetting, Live, NatRef, NextHop, RevisionRef,
};
use serde_json::{Value, json};

use crate::place::{Place, at, furnished, mark, network, project, region, service};

pub(crate) fn every_scope() -> impl Iterator<Item = Scope> {
    std::iter::successors(Some(Scope::Networks(project())), next)
}

/// Each sort of list leads to another one, so that a new sort does not compile before it has its place.
fn next(scope: &Scope) -> Option<Scope> {
    match scope {
        Scope::Networks(_) => Some(Scope::Routes(project())),
        Scope::Routes(_) => Some(Scope::Subnetworks(project())),
        Scope::Subnetworks(_) => Some(Scope::Addresses(project())),
        Scope::Addresses(_) => Some(Scope::Routers(project())),
        Scope::Routers(_) => Some(Scope::Connectors(project(), region())),
        Scope::Connectors(..) => Some(Scope::Services(project(), region())),
        Scope::Services(..) => Some(Scope::Jobs(project(), region())),
        Scope::Jobs(..) => None,
    }
}

#[tokio::test]
async fn every_kind_is_listed_and_read_in_the_core_s_own_words() {
    let place = Place::with(furnished()).await;
    let mut found = Vec::new();
    for scope in every_scope() {
        let listing = place.list(scope).await.unwrap();
        assert!(listing.unreadable.is_empty(), "{listing:?}");
        found.extend(listing.items);
    }
    for live in &found {
        let id = match live {
            Live::Network(found) => Id::Network(found.id.clone()),
            Live::Subnetwork(found) => Id::Subnetwork(found.id.clone()),
            Live::Route(found) => Id::Route(found.id.clone()),
            Live::Address(found) => Id::Address(found.id.clone()),
            Live::Router(found) => Id::Router(found.id.clone()),
            Live::Connector(found) => Id::Connector(found.id.clone()),
            Live::Service(found) => Id::ServiceEgress(found.id.clone()),
            Live::Revision(found) => Id::Revision(found.id.clone()),
            // Only listed.
            Live::Job(_) => continue,
        };
        assert_eq!(place.get(id).await.as_ref(), Some(live));
    }
    // What the emulator makes up is its own business.
    let filters = [
        ("default-route-[0-9a-f]+", "default-route-ID"),
        ("\"etag\": .*", "\"etag\": \"ETAG\","),
        ("-00001-[a-z0-9]+", "-00001-xyz"),
    ];
    insta::with_settings!({filters => filters}, { insta::assert_json_snapshot!("furnished", found) });
}

#[tokio::test]
async fn a_list_of_which_a_page_is_lost_is_whole_or_an_error() {
    let place = Place::with(furnished()).await;
    let lose = |times: Value| json!([{"times": times, "effect": {"losePage": {"size": 0}}}]);
    for scope in every_scope() {
        place.faults(json!([])).await;
        let whole = place.list(scope.clone()).await.unwrap();
        assert!(!whole.items.is_empty(), "{scope}");
        place.faults(lose(json!(1))).await;
        assert_eq!(place.list(scope.clone()).await.unwrap(), whole, "{scope}");
        place.faults(lose(Value::Null)).await;
        let error = place.list(scope.clone()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Transient, "{scope}: {error:?}");
    }
}

#[tokio::test]
async fn what_matters_is_read() {
    let place = Place::with(furnished()).await;
    let Some(Live::Subnetwork(subnetwork)) = place.get(Id::Subnetwork(at("a"))).await else {
        panic!()
    };
    assert_eq!(
        (subnetwork.network, subnetwork.mark),
        (network(), Some(mark()))
    );
    let Some(Live::Connector(connector)) = place.get(Id::Connector(at("c"))).await else {
        panic!()
    };
    assert_eq!(
        (connector.subnetwork, connector.state),
        (Some(at("a")), ConnectorState::Ready)
    );
    let Some(Live::Service(found)) = place.get(Id::ServiceIngress(service("billing"))).await else {
        panic!()
    };
    assert_eq!(found.ingress, IngressSetting::All);
    assert!(found.template_serves() && found.vpc_access.is_none() && found.uri.is_some());
    let routes = place.list(Scope::Routes(project())).await.unwrap();
    assert!(routes.items.iter().any(|live| {
        matches!(live, Live::Route(route) if route.next_hop == NextHop::DefaultInternetGateway)
    }));
    let revision = RevisionRef {
        service: service("orders"),
        name: found.latest_ready.unwrap(),
    };
    assert_eq!(
        place.get(Id::Revision(revision)).await,
        None,
        "a revision of another service"
    );
}

#[tokio::test]
async fn a_revision_is_read_by_name() {
    let place = Place::with(furnished()).await;
    let Some(Live::Service(found)) = place.get(Id::ServiceEgress(service("orders"))).await else {
        panic!()
    };
    let id = RevisionRef {
        service: service("orders"),
        name: found.latest_created.unwrap(),
    };
    let Some(Live::Revision(revision)) = place.get(Id::Revision(id.clone())).await else {
        panic!()
    };
    assert_eq!(
        (revision.id, revision.not_ready, revision.vpc_access),
        (id, None, None)
    );
}

#[tokio::test]
async fn what_is_not_there_is_nothing() {
    let place = Place::with(json!({})).await;
    for id in [
        Id::Network(network()),
        Id::Subnetwork(at("a")),
        Id::Address(at("a")),
        Id::Router(at("a")),
        Id::Nat(NatRef {
            router: at("a"),
            name: "n".parse().unwrap(),
        }),
        Id::Connector(at("a")),
        Id::ServiceEgress(service("a")),
    ] {
        assert_eq!(place.get(id).await, None);
    }
    for scope in every_scope() {
        assert!(place.list(scope).await.unwrap().items.is_empty());
    }
}

#[tokio::test]
async fn all_pages_are_read_and_counted() {
    let location = "projects/acme-prod/locations/europe-west1";
    let services: serde_json::Map<String, Value> = (0..250)
        .map(|n| (format!("{location}/services/s{n}"), json!({})))
        .collect();
    let routers: serde_json::Map<String, Value> = (0..1001)
        .map(|n| {
            (
                format!("projects/acme-prod/regions/europe-west1/addresses/a{n}"),
                json!({}),
            )
        })
        .collect();
    let place = Place::with(json!({"run": services, "compute": routers})).await;
    assert_eq!(
        place
            .list(Scope::Services(project(), region()))
            .await
            .unwrap()
            .items
            .len(),
        250
    );
    assert_eq!(
        place
            .list(Scope::Addresses(project()))
            .await
            .unwrap()
            .items
            .len(),
        1001
    );
    let calls = place.google.calls();
    assert_eq!(calls["run.projects.locations.services.list"], 3);
    assert_eq!(calls["compute.addresses.aggregatedList"], 3);
}

#[tokio::test]
async fn the_requests_of_the_lists_are_these() {
    let place = Place::with(json!({})).await;
    for scope in every_scope() {
        place.list(scope).await.unwrap();
    }
    insta::assert_snapshot!("lists", place.log().await);
}
