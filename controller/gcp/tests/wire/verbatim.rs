//! Requests that go out as they are.

use privatelink_gcp::{Answered, Verbatim};
use serde_json::{Value, json};

use crate::place::Place;

async fn send(place: &Place, method: &str, url: &str, body: &str) -> Result<Answered, String> {
    let request = Verbatim {
        project: &"acme-prod".parse().unwrap(),
        region: &"europe-west1".parse().unwrap(),
        method,
        url,
        body,
    };
    let answered = place.google.send_verbatim(request).await;
    answered.map_err(|error| error.message)
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_nothing_is_tried_again() {
    let place = Place::with(json!({})).await;
    place
        .faults(json!([{ "effect": { "preset": "unavailable" } }]))
        .await;
    let networks = "https://compute.googleapis.com/compute/v1/projects/acme-prod/global/networks";
    let body = r#"{"name":"n","autoCreateSubnetworks":false}"#;
    let answered = send(&place, "POST", networks, body).await.unwrap();
    assert_eq!(answered.status, 503);
    assert_eq!(place.log().await.lines().count(), 1);
    place.faults(json!([])).await;
    assert_eq!(
        send(&place, "POST", networks, body).await.unwrap().status,
        200
    );
    let with_query = format!("{networks}?filter=name%20%3D%20n");
    let listed = send(&place, "GET", &with_query, "").await.unwrap();
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    assert_eq!(listed["items"][0]["name"], "n");
}

#[tokio::test]
async fn a_stand_in_is_told_the_host_and_others_are_not_asked() {
    let service = "projects/acme-prod/locations/europe-west1/services/orders";
    let place = Place::with(json!({ "run": { service: {} } })).await;
    let path = "apis/serving.knative.dev/v1/namespaces/acme-prod/services/orders";
    let there = format!("https://europe-west1-run.googleapis.com/{path}");
    assert_eq!(send(&place, "GET", &there, "").await.unwrap().status, 200);
    let elsewhere = format!("https://us-west1-run.googleapis.com/{path}");
    assert_eq!(
        send(&place, "GET", &elsewhere, "").await.unwrap().status,
        404
    );
    place.log().await;
    for url in [
        "https://example.com/x",
        "http://run.googleapis.com/x",
        "https://run.googleapis.com:1/x",
    ] {
        let refused = send(&place, "GET", url, "").await.unwrap_err();
        assert!(
            refused.contains("no request to an API of Google"),
            "{refused}"
        );
    }
    assert_eq!(place.log().await, "");
}
