//! What reads and writes make of a refusal whose status means different things.

use privatelink_core::cloud::{CloudErrorKind as Kind, Scope, Write};
use privatelink_core::codes::Code;
use privatelink_core::ids::Region;
use serde_json::{Value, json};

use crate::place::{Place, at, furnished, project, region};

const RUN: &str = "run.projects.locations.services.list";
const VPC_ACCESS: &str = "vpcaccess.projects.locations.connectors.list";
const DELETE: &str = "vpcaccess.projects.locations.connectors.delete";

async fn refusing(operation: &str, times: u32, effect: Value) -> Place {
    let place = Place::with(furnished()).await;
    let fault = json!([{"match": {"operation": operation}, "times": times, "effect": effect}]);
    place.faults(fault).await;
    place
}

#[tokio::test]
async fn too_many_requests_is_tried_again_by_every_api() {
    for (operation, scope) in [
        (RUN, Scope::Services(project(), region())),
        (VPC_ACCESS, Scope::Connectors(project(), region())),
    ] {
        let place = refusing(operation, 1, json!({"status": 429})).await;
        assert!(place.list(scope).await.is_ok(), "{operation}");
        assert_eq!(place.google.calls()[operation], 2, "{operation}");
    }
    let place = refusing(DELETE, 1, json!({"status": 429})).await;
    let _ = place.write(Write::DeleteConnector(at("a"))).await;
    assert_eq!(place.google.calls()[DELETE], 2);
}

#[tokio::test]
async fn a_list_that_is_not_found_says_what_to_check() {
    let place = refusing(RUN, 1, json!({"status": 404})).await;
    let scope = Scope::Services(project(), region());
    let error = place.list(scope).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (Kind::Invalid, Code::RequestRefused)
    );
    assert!(error.message.contains("not found"), "{error:?}");
    assert_eq!(
        error.help.as_deref(),
        Some("check --endpoint, the project and the region")
    );
}

#[tokio::test]
async fn a_mistyped_region_is_thought_of() {
    let place = Place::with(furnished()).await;
    let mistyped: Region = "europe-wst1".parse().unwrap();
    for scope in [
        Scope::Services(project(), mistyped.clone()),
        Scope::Connectors(project(), mistyped.clone()),
    ] {
        let error = place.list(scope).await.unwrap_err();
        assert!(
            error.message.contains("or the region does not exist"),
            "{error:?}"
        );
    }
}
