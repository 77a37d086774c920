//! Answers that fail: tried again where that is worth it, one clear sentence otherwise.

use std::collections::BTreeMap;

use privatelink_core::cloud::{CloudErrorKind as Kind, Scope, ServicePatch, Write};
use privatelink_core::codes::Code;
use privatelink_core::kinds::{Connector, Id, IngressSetting, Live, Router, Subnetwork};
use privatelink_core::link::{Instances, MachineType};
use privatelink_gcp::{ConnectError, Options, connect};
use serde_json::{Value, json};

use crate::place::{Place, at, furnished, mark, network, project, region, service};

fn once(operation: &str, effect: &Value) -> Value {
    json!([{"match": {"operation": operation}, "times": 1, "effect": effect}])
}

fn always(operation: &str, effect: &Value) -> Value {
    json!([{"match": {"operation": operation}, "effect": effect}])
}

fn subnetwork() -> Subnetwork {
    Subnetwork {
        id: at("new"),
        network: network(),
        cidr: "10.9.0.0/28".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_list_survives_what_passes() {
    for effect in [
        json!({"status": 503}),
        json!({"status": 429, "retryAfter": 0}),
        json!({"reset": "before"}),
    ] {
        let place = Place::with(furnished()).await;
        place.faults(once("compute.networks.list", &effect)).await;
        assert_eq!(
            place
                .list(Scope::Networks(project()))
                .await
                .unwrap()
                .items
                .len(),
            1,
            "{effect}"
        );
        assert_eq!(place.google.calls()["compute.networks.list"], 2, "{effect}");
    }
}

#[tokio::test]
async fn compute_s_403_for_a_rate_is_tried_again_and_one_for_a_right_is_not() {
    let place = Place::with(furnished()).await;
    place
        .faults(once(
            "compute.routes.list",
            &json!({"status": 403, "reason": "rateLimitExceeded"}),
        ))
        .await;
    assert!(place.list(Scope::Routes(project())).await.is_ok());
    place
        .faults(always("compute.routes.list", &json!({"status": 403})))
        .await;
    let error = place.list(Scope::Routes(project())).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::Denied, Code::PermissionDenied),
        "{error:?}"
    );
    assert_eq!(place.google.calls()["compute.routes.list"], 3);
}

#[tokio::test]
async fn what_does_not_pass_is_given_up_after_five_attempts() {
    let place = Place::with(furnished()).await;
    place
        .faults(always(
            "run.projects.locations.services.list",
            &json!({"status": 500}),
        ))
        .await;
    let error = place
        .list(Scope::Services(project(), region()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::Transient, Code::ServerFailed),
        "{error:?}"
    );
    assert_eq!(
        place.google.calls()["run.projects.locations.services.list"],
        5
    );
}

#[tokio::test]
async fn an_answer_that_does_not_parse_is_an_error_and_never_an_empty_list() {
    for effect in [json!({"truncate": true}), json!({"body": "not JSON"})] {
        let place = Place::with(furnished()).await;
        place
            .faults(always("compute.subnetworks.aggregatedList", &effect))
            .await;
        let error = place.list(Scope::Subnetworks(project())).await.unwrap_err();
        let expected = [Code::AnswerUnparsable, Code::Unreachable];
        assert!(
            error.kind == Kind::Transient && expected.contains(&error.code),
            "{effect} {error:?}"
        );
    }
}

#[tokio::test]
async fn a_region_that_is_unreachable_is_named() {
    let place = Place::with(furnished()).await;
    place
        .faults(always(
            "compute.routers.aggregatedList",
            &json!({"unreachable": "regions/europe-west1"}),
        ))
        .await;
    let listing = place.list(Scope::Routers(project())).await.unwrap();
    assert!(listing.unreadable.contains_key(&region()), "{listing:?}");
}

#[tokio::test]
async fn a_create_whose_reply_was_lost_is_a_success() {
    let place = Place::with(furnished()).await;
    place
        .faults(once("compute.*.insert", &json!({"reset": "after"})))
        .await;
    assert_eq!(
        place
            .write(Write::CreateSubnetwork(subnetwork(), mark()))
            .await,
        Ok(None)
    );
    place
        .faults(once("compute.*.insert", &json!({"reset": "after"})))
        .await;
    let router = Router {
        id: at("new"),
        network: network(),
    };
    assert_eq!(
        place.write(Write::CreateRouter(router, mark())).await,
        Ok(None)
    );
    place
        .faults(once("compute.*.insert", &json!({"reset": "after"})))
        .await;
    assert_eq!(
        place.write(Write::CreateAddress(at("new"), mark())).await,
        Ok(None)
    );
    let log = place.log().await;
    assert_eq!(
        log.lines()
            .filter(|line| line.contains("POST /compute/"))
            .count(),
        6,
        "{log}"
    );
}

#[tokio::test]
async fn a_connector_whose_create_reply_was_lost_is_recognised() {
    let place = Place::with(furnished()).await;
    place
        .write(Write::CreateSubnetwork(subnetwork(), mark()))
        .await
        .unwrap();
    place
        .faults(once(
            "vpcaccess.projects.locations.connectors.create",
            &json!({"reset": "after"}),
        ))
        .await;
    let instances = Instances { min: 2, max: 3 };
    let wanted = Connector {
        id: at("mine"),
        subnetwork: at("new"),
        machine_type: MachineType::E2Micro,
        instances,
    };
    assert_eq!(
        place.write(Write::CreateConnector(wanted.clone())).await,
        Ok(None)
    );
    let error = place
        .write(Write::CreateConnector(wanted))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        Kind::Conflict,
        "without a lost reply it is somebody's: {error:?}"
    );
}

#[tokio::test]
async fn a_patch_whose_reply_was_lost_is_recognised_and_one_with_an_old_etag_is_a_conflict() {
    let place = Place::with(furnished()).await;
    let Some(Live::Service(found)) = place.get(Id::ServiceIngress(service("billing"))).await else {
        panic!()
    };
    let patch = ServicePatch {
        service: service("billing"),
        etag: found.etag,
        annotations: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        vpc_access: None,
        ingress: Some(IngressSetting::Internal),
    };
    place
        .faults(once(
            "run.projects.locations.services.patch",
            &json!({"reset": "after"}),
        ))
        .await;
    let Ok(Some(Live::Service(after))) = place.write(Write::PatchService(patch.clone())).await
    else {
        panic!()
    };
    assert_eq!(
        (after.ingress, &after.annotations),
        (IngressSetting::Internal, &patch.annotations)
    );
    let error = place.write(Write::PatchService(patch)).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::Conflict, Code::ChangedMeanwhile),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_in_use_says_so() {
    let place = Place::with(furnished()).await;
    let error = place
        .write(Write::DeleteSubnetwork(at("a")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::InUse, Code::InUse),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_operation_that_ends_in_an_error_is_an_error_of_the_write() {
    let place = Place::with(furnished()).await;
    let effect = json!({"operationError": {"code": "QUOTA_EXCEEDED", "message": "Quota 'SUBNETWORKS' exceeded."}});
    place
        .faults(always("compute.subnetworks.insert", &effect))
        .await;
    let error = place
        .write(Write::CreateSubnetwork(subnetwork(), mark()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::Quota, Code::QuotaExceeded),
        "{error:?}"
    );
    assert_eq!(place.get(Id::Subnetwork(at("new"))).await, None);
}

#[tokio::test]
async fn a_range_that_is_taken_says_so() {
    let place = Place::with(furnished()).await;
    let taken = Subnetwork {
        cidr: "10.8.0.0/28".parse().unwrap(),
        ..subnetwork()
    };
    let error = place
        .write(Write::CreateSubnetwork(taken, mark()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::Invalid, Code::RangeTaken),
        "{error:?}"
    );
}

#[tokio::test]
async fn nobody_there_is_said_quickly() {
    let place = Place::with(json!({})).await;
    let url = place.emulator.url();
    place.emulator.shutdown().await;
    let google = connect(Options {
        endpoint: Some(url),
        ..Options::default()
    })
    .await
    .unwrap();
    let start = std::time::Instant::now();
    let error = privatelink_core::cloud::Cloud::list(&google, &Scope::Networks(project()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::Transient, Code::Unreachable),
        "{error:?}"
    );
    assert!(start.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn an_endpoint_that_would_show_credentials_is_refused() {
    let options = Options {
        endpoint: Some("http://10.0.0.1:80".to_owned()),
        ..Options::default()
    };
    let error = connect(options).await.err().unwrap();
    assert!(matches!(error, ConnectError::Endpoint(_)));
    assert_eq!(error.code(), Code::EndpointInvalid);
}

/// Connects in a process of its own, because credentials come from the environment of the process.
fn connect_elsewhere(variables: &[(&str, &str)]) -> String {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "errors::says_how_connecting_went",
        "--ignored",
        "--nocapture",
    ]);
    for name in [
        "GOOGLE_APPLICATION_CREDENTIALS",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env_remove(name);
    }
    let child = child
        .env("HOME", "/nonexistent")
        .envs(variables.iter().copied());
    String::from_utf8(child.output().unwrap().stdout).unwrap()
}

#[tokio::test]
#[ignore = "run by the tests below, in a process of its own"]
async fn says_how_connecting_went() {
    let endpoint = std::env::var("TEST_ENDPOINT").ok();
    let start = std::time::Instant::now();
    match connect(Options {
        endpoint,
        ..Options::default()
    })
    .await
    {
        Ok(_) => println!("connected"),
        Err(error) => println!(
            "[{}] {error} ({} s)",
            error.code(),
            start.elapsed().as_secs()
        ),
    }
}

#[test]
fn credentials_that_are_not_there_are_one_sentence() {
    let said = connect_elsewhere(&[("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/key.json")]);
    assert!(
        said.contains("[PL0300] no Google Cloud credentials can be used")
            && said.contains("key.json"),
        "{said}"
    );
    let said = connect_elsewhere(&[("GCE_METADATA_HOST", "127.0.0.1:1")]);
    assert!(said.contains("[PL0300]"), "{said}");
    assert!(
        (0..=6).any(|seconds| said.contains(&format!("({seconds} s)"))),
        "{said}"
    );
}

#[test]
fn a_proxy_between_here_and_here_is_named() {
    let endpoint = ("TEST_ENDPOINT", "http://127.0.0.1:9");
    let said = connect_elsewhere(&[
        endpoint,
        ("http_proxy", "http://127.0.0.1:1"),
        ("NO_PROXY", ""),
    ]);
    assert!(said.contains("[PL0321] http_proxy would send"), "{said}");
    assert!(connect_elsewhere(&[endpoint]).contains("connected"));
}
