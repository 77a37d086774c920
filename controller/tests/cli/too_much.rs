//! More than a run is ready to read.

use serde_json::{Value, json};

use super::{Desk, LINK, two_services};

/// Project `acme-prod` as ever, and `acme-full` with the same and thirty more routes.
async fn desk(name: &str) -> Desk {
    let desk = Desk::new(name).await;
    let full: Value =
        serde_json::from_str(&two_services().to_string().replace("acme-prod", "acme-full"))
            .unwrap();
    let mut state = two_services();
    for api in ["run", "compute"] {
        let more = full[api].as_object().unwrap().clone();
        state[api].as_object_mut().unwrap().extend(more);
    }
    let default = json!({
        "network": "projects/acme-full/global/networks/prod",
        "destRange": "0.0.0.0/0",
        "nextHopGateway": "projects/acme-full/global/gateways/default-internet-gateway",
    });
    state["compute"]["projects/acme-full/global/routes/default"] = default;
    for number in 0..30 {
        let route = json!({
            "network": "projects/acme-full/global/networks/prod",
            "destRange": format!("192.168.{number}.0/24"),
            "nextHopGateway": "projects/acme-full/global/gateways/default-internet-gateway",
        });
        state["compute"][format!("projects/acme-full/global/routes/r{number}")] = route;
    }
    desk.cloud.put_state(&state).await.unwrap();
    let full = LINK
        .replace("acme-prod", "acme-full")
        .replace("orders-to-billing", "in-full");
    desk.write("full.yaml", &full);
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_too_long_is_unreadable_and_the_other_links_are_applied() {
    let desk = desk("too-much").await;
    let answer = desk.run("apply --yes -o json --max-list-items 20 .").await;
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report = answer.json();
    assert_eq!(
        report["scope"]["unreadable"],
        json!(["routes of acme-full"]),
        "{report:#}"
    );
    let found = report["diagnostics"].as_array().unwrap().iter();
    let found = found.filter(|found| found["code"] == "PL0324");
    let message = "cannot list the routes of acme-full: it has more than 20 items";
    let said: Vec<&str> = found
        .filter_map(|found| found["message"].as_str())
        .collect();
    assert!(said.len() == 1 && said[0].ends_with(message), "{report:#}");
    let states: Vec<(&Value, &Value)> = report["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| (&link["name"], &link["state"]))
        .collect();
    let ready: Vec<&&Value> = states
        .iter()
        .filter(|(_, state)| *state == "Ready")
        .map(|(name, _)| name)
        .collect();
    assert_eq!(ready.len(), 1, "{states:?}");
    assert!(
        ready[0].to_string().contains("orders-to-billing"),
        "{states:?}"
    );
    // What is enough for all of it lets all of it be applied.
    let answer = desk.run("apply --yes -o json .").await;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    desk.cloud.reset_requests().await.unwrap();
    assert_eq!(desk.run("apply --yes .").await.code, 0);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}
