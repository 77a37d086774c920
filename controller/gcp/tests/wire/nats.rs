//! NAT entries: ours among those of others.

use std::collections::BTreeSet;
use std::time::Duration;

use privatelink_core::cloud::{CloudErrorKind, Write};
use privatelink_core::codes::Code;
use privatelink_core::kinds::{Id, Live, LiveNat, Nat, NatAddresses, NatRef, RegionalRef};
use reqwest::Method;
use serde_json::{Value, json};

use crate::place::{Place, at, furnished};

const ROUTER: &str = "projects/acme-prod/regions/europe-west1/routers/r";

pub(crate) fn ours() -> Nat {
    Nat {
        id: NatRef {
            router: at("r"),
            name: "ours".parse().unwrap(),
        },
        addresses: NatAddresses::Auto,
        subnetworks: BTreeSet::from([at("a")]),
        min_ports_per_vm: None,
    }
}

fn named(name: &str, subnetwork: RegionalRef) -> Nat {
    Nat {
        id: NatRef {
            router: at("r"),
            name: name.parse().unwrap(),
        },
        subnetworks: BTreeSet::from([subnetwork]),
        ..ours()
    }
}

/// Two more subnetworks that no NAT serves.
async fn add_subnetworks(place: &Place) {
    for name in ["c", "d"] {
        let path = format!("projects/acme-prod/regions/europe-west1/subnetworks/{name}");
        let network = "projects/acme-prod/global/networks/prod";
        let range = if name == "c" {
            "10.8.2.0/28"
        } else {
            "10.8.3.0/28"
        };
        let body = json!({"name": name, "network": network, "ipCidrRange": range});
        place
            .send(
                Method::POST,
                &format!("/compute/v1/{}", path.rsplit_once('/').unwrap().0),
                &body,
            )
            .await;
    }
}

async fn entries(place: &Place) -> Vec<LiveNat> {
    match place.get(Id::Router(at("r"))).await {
        Some(Live::Router(router)) => router.nats,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_entry_comes_changes_and_goes_beside_somebody_s() {
    let place = Place::with(furnished()).await;
    let theirs = place.stored("compute", ROUTER)["nats"][0].clone();
    place.write(Write::PutNat(ours())).await.unwrap();
    let manual = NatAddresses::Manual(BTreeSet::from(["ip".parse().unwrap()]));
    let changed = Nat {
        addresses: manual.clone(),
        min_ports_per_vm: Some(128),
        ..ours()
    };
    place.write(Write::PutNat(changed)).await.unwrap();
    let found = entries(&place).await;
    let found = found
        .iter()
        .find(|entry| entry.name.as_str() == "ours")
        .unwrap();
    assert_eq!(
        (&found.addresses, found.min_ports_per_vm),
        (&manual, Some(128))
    );
    place.write(Write::PutNat(ours())).await.unwrap();
    place.write(Write::DeleteNat(ours().id)).await.unwrap();
    assert_eq!(place.stored("compute", ROUTER)["nats"], json!([theirs]));
    insta::assert_snapshot!("nat_writes", place.log().await);
}

#[tokio::test]
async fn the_last_entry_of_a_router_can_go() {
    let place = Place::with(furnished()).await;
    let theirs = NatRef {
        router: at("r"),
        name: "theirs".parse().unwrap(),
    };
    place.write(Write::DeleteNat(theirs)).await.unwrap();
    assert!(entries(&place).await.is_empty());
}

#[tokio::test]
async fn what_is_as_wished_is_not_written_again() {
    let place = Place::with(furnished()).await;
    place.write(Write::PutNat(ours())).await.unwrap();
    place.log().await;
    place.write(Write::PutNat(ours())).await.unwrap();
    place
        .write(Write::DeleteNat(NatRef {
            router: at("r"),
            name: "other".parse().unwrap(),
        }))
        .await
        .unwrap();
    assert!(!place.log().await.contains("PATCH"));
}

#[tokio::test]
async fn writes_to_one_router_wait_for_each_other() {
    let place = Place::slow(furnished(), Duration::from_millis(20)).await;
    add_subnetworks(&place).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    let (one, two, three) = tokio::join!(
        place.write(Write::PutNat(named("one", at("a")))),
        place.write(Write::PutNat(named("two", at("c")))),
        place.write(Write::PutNat(named("three", at("d")))),
    );
    assert_eq!((one, two, three), (Ok(None), Ok(None), Ok(None)));
    let names: BTreeSet<String> = entries(&place)
        .await
        .iter()
        .map(|entry| entry.name.to_string())
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["one", "theirs", "three", "two"].map(str::to_owned))
    );
}

#[tokio::test]
async fn a_subnetwork_changes_to_another_entry_of_the_router_in_one_patch() {
    let place = Place::with(furnished()).await;
    add_subnetworks(&place).await;
    place.write(Write::PutNat(ours())).await.unwrap();
    let mut second = named("second", at("a"));
    second.min_ports_per_vm = Some(256);
    let alone = place.write(Write::PutNat(second.clone())).await;
    assert!(alone.is_err(), "a subnetwork was put into two entries");
    let together = Write::PutNats(named("ours", at("c")), vec![second]);
    place.write(together.clone()).await.unwrap();
    let listed: Vec<(String, Vec<RegionalRef>)> = entries(&place)
        .await
        .iter()
        .map(|nat| (nat.name.to_string(), nat.listed().cloned().collect()))
        .collect();
    assert!(
        listed.contains(&("ours".to_owned(), vec![at("c")])),
        "{listed:?}"
    );
    assert!(
        listed.contains(&("second".to_owned(), vec![at("a")])),
        "{listed:?}"
    );
    assert!(place.log().await.contains("PATCH"));
    // The log begins anew with every look at it.
    place.write(together).await.unwrap();
    let log = place.log().await;
    assert!(
        !log.contains("PATCH"),
        "what is done was written again: {log}"
    );
}

/// Lets somebody write the list while our own PATCH is under way.
async fn meanwhile(place: &Place, nats: Value) {
    let path = format!("/compute/v1/{ROUTER}");
    // Our PATCH has arrived when the router shows our entry.
    loop {
        let router = place.send(Method::GET, &path, &json!(null)).await;
        if router["nats"].to_string().contains("\"ours\"") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    place
        .send(Method::PATCH, &path, &json!({"nats": nats}))
        .await;
}

#[tokio::test]
async fn a_lost_update_is_found_and_names_the_entry() {
    for (nats, code, lost) in [
        (
            "theirs alone",
            Code::ChangedMeanwhile,
            "our change of 'ours' was lost",
        ),
        ("ours alone", Code::UpdateLost, "'theirs'"),
    ] {
        let place = Place::with(furnished()).await;
        let theirs = place.stored("compute", ROUTER)["nats"][0].clone();
        let ours_alone = json!([{
            "name": "ours", "natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
            "subnetworks": [{"name": at("a").compute("subnetworks"), "sourceIpRangesToNat": ["ALL_IP_RANGES"]}],
        }]);
        let written = if nats == "ours alone" {
            ours_alone
        } else {
            json!([theirs])
        };
        // Our second look comes late enough for somebody to write before it.
        let slow = json!([{"match": {"operation": "compute.routers.patch"}, "nth": 1, "times": 1, "effect": {"latency": "1ms"}},
            {"match": {"operation": "compute.regionOperations.get"}, "effect": {"latency": "200ms"}}]);
        place.faults(slow).await;
        place
            .send(Method::PUT, "/emulator/rules", &json!({"off": []}))
            .await;
        let (result, ()) = tokio::join!(
            place.write(Write::PutNat(ours())),
            meanwhile(&place, written)
        );
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind, error.code),
            (CloudErrorKind::Conflict, code),
            "{error:?}"
        );
        assert!(error.message.contains(lost), "{error}");
    }
}

/// What somebody does between our read and our write: one more entry, for a subnetwork that is made here.
async fn somebody_s_entry(place: &Place) -> Value {
    let network = "projects/acme-prod/global/networks/prod";
    let body = json!({"name": "c", "network": network, "ipCidrRange": "10.8.2.0/28"});
    let path = "/compute/v1/projects/acme-prod/regions/europe-west1/subnetworks";
    place.send(Method::POST, path, &body).await;
    // As Google would print it, with its own defaults.
    let subnetwork = format!(
        "https://www.googleapis.com/compute/v1/{}",
        at("c").compute("subnetworks")
    );
    let entry = json!({
        "name": "between", "type": "PUBLIC", "endpointTypes": ["ENDPOINT_TYPE_VM"], "autoNetworkTier": "PREMIUM",
        "effectiveTcpTimeWaitTimeoutSec": 120,
        "natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": [{"name": subnetwork, "sourceIpRangesToNat": ["ALL_IP_RANGES"]}],
    });
    json!({"otherWriter": {"append": {"nats": [entry]}}})
}

#[tokio::test]
async fn an_entry_written_between_our_read_and_our_write_is_lost_and_told() {
    let place = Place::with(furnished()).await;
    let effect = somebody_s_entry(&place).await;
    let between =
        json!([{"match": {"operation": "compute.routers.patch"}, "nth": 1, "effect": effect}]);
    place.faults(between).await;
    let error = place.write(Write::PutNat(ours())).await.unwrap_err();
    assert_eq!(error.code, Code::UpdateLost);
    // Google keeps no name of what was lost; who wrote, and what is there now, tell them what to write again.
    let told = "the entries are now theirs, ours";
    assert!(
        error.message.contains("user@example.com, operation-") && error.message.contains(told),
        "{error}"
    );
    // Ours is there, so nothing is left to do.
    assert_eq!(place.write(Write::PutNat(ours())).await, Ok(None));

    // Between our look at the operations and our PATCH it is seen, and the list is read again.
    let read = json!([{"match": {"operation": "compute.routers.get"}, "nth": 1, "effect": effect}]);
    place.faults(read).await;
    assert_eq!(place.write(Write::DeleteNat(ours().id)).await, Ok(None));
    let names: BTreeSet<String> = entries(&place)
        .await
        .iter()
        .map(|entry| entry.name.to_string())
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["between", "theirs"].map(str::to_owned))
    );
}

#[tokio::test]
async fn a_router_that_is_gone_is_a_conflict_and_takes_its_entries_with_it() {
    let place = Place::with(json!({})).await;
    let error = place.write(Write::PutNat(ours())).await.unwrap_err();
    assert_eq!(error.kind, CloudErrorKind::Conflict);
    assert_eq!(place.write(Write::DeleteNat(ours().id)).await, Ok(None));
}

#[tokio::test]
async fn after_a_lost_reply_the_list_is_read_again_before_it_is_written_again() {
    let place = Place::with(furnished()).await;
    place
        .faults(json!([{"match": {"operation": "compute.routers.patch"}, "times": 1, "effect": {"reset": "after"}}]))
        .await;
    assert_eq!(place.write(Write::PutNat(ours())).await, Ok(None));
    let log = place.log().await;
    let patches = log.lines().filter(|line| line.contains("PATCH")).count();
    assert_eq!(patches, 1, "{log}");
}

#[tokio::test]
async fn what_is_overwritten_is_told_although_the_reply_to_our_write_was_lost() {
    let place = Place::with(furnished()).await;
    let between = somebody_s_entry(&place).await;
    let patch = json!({"operation": "compute.routers.patch"});
    let both = json!([
        {"match": patch, "nth": 1, "effect": between},
        {"match": patch, "nth": 1, "effect": {"reset": "after"}},
    ]);
    place.faults(both).await;
    let error = place.write(Write::PutNat(ours())).await.unwrap_err();
    assert_eq!(error.code, Code::UpdateLost);
    let told = "the entries are now theirs, ours";
    assert!(error.message.contains(told), "{error}");
    let log = place.log().await;
    assert_eq!(log.matches("PATCH").count(), 1, "{log}");
}
