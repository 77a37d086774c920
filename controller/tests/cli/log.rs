//! What `-vv` says of each call, and of all of them.

use std::collections::BTreeMap;

use privatelink_e2e::privatelink::Answer;
use serde_json::json;

use super::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_logged_with_its_end_and_nothing_of_what_was_said() {
    let desk = Desk::new("log").await;
    // A secret of the service, which is in every answer about it, and one in the words of a refusal.
    let services = "projects/acme-prod/locations/europe-west1/services";
    let container =
        json!({ "image": "i", "env": [{ "name": "KEY", "value": "PLANTED-of-orders" }] });
    let state = json!({
        "run": { format!("{services}/orders"): { "template": { "containers": [container] } }, format!("{services}/billing"): {} },
        "compute": { "projects/acme-prod/global/networks/prod": {} },
    });
    desk.cloud.put_state(&state).await.unwrap();
    let unavailable = json!({ "status": 503, "message": "Bearer ya29.PLANTED-of-google" });
    desk.fault(json!({ "match": { "operation": "compute.networks.list" }, "nth": 1, "effect": unavailable })).await;
    let answer = desk.run("apply -vv --yes -o json link.yaml").await;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let lines: Vec<&str> = answer
        .stderr
        .lines()
        .filter(|line| line.contains("called"))
        .collect();
    let total = desk.cloud.requests().await.unwrap()["total"]
        .as_u64()
        .unwrap();
    assert_eq!(lines.len() as u64, total, "{}", answer.stderr);
    for line in &lines {
        for word in [
            "operation=",
            "project=acme-prod",
            "status=",
            "attempt=",
            "milliseconds=",
        ] {
            assert!(line.contains(word), "no {word} in {line}");
        }
    }
    let listed: Vec<&&str> = lines
        .iter()
        .filter(|line| line.contains("compute.networks.list"))
        .collect();
    assert!(listed[0].contains("status=503 attempt=1"), "{listed:?}");
    assert!(listed[1].contains("status=ok attempt=2"), "{listed:?}");
    for secret in ["PLANTED-of-orders", "PLANTED-of-google", "ya29", "Bearer"] {
        assert!(!answer.stderr.contains(secret), "{secret}");
    }
    let quiet = desk.run("apply --yes -o json link.yaml").await;
    assert!(!quiet.stderr.contains("called"), "{}", quiet.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_colours_where_nothing_else_has() {
    let desk = Desk::new("log_colours").await;
    for (line, variables) in [
        ("plan -vv link.yaml", &[][..]),
        ("plan -vv --no-color link.yaml", &[("CLICOLOR_FORCE", "1")]),
        (
            "plan -vv link.yaml",
            &[("CLICOLOR_FORCE", "1"), ("PRIVATELINK_NO_COLOR", "true")],
        ),
        ("plan link.yaml", &[("RUST_LOG", "trace")]),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = desk.privatelink.command(&words);
        command
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied());
        let said = Answer::of(&mut command).await.unwrap().stderr;
        assert!(said.contains("called"), "{line}: {said}");
        assert!(!said.contains('\u{1b}'), "{line} {variables:?}: {said}");
    }
    let mut command = desk.privatelink.command(&["plan", "-vv", "link.yaml"]);
    command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    let said = Answer::of(&mut command).await.unwrap().stderr;
    assert!(said.contains('\u{1b}'), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_ends_with_the_number_of_requests_of_each_method() {
    let desk = Desk::new("log_numbers").await;
    desk.fault(json!({ "match": { "operation": "compute.networks.list" }, "nth": 1, "effect": { "status": 503 } })).await;
    for line in [
        "plan -vv link.yaml",
        "apply -vv --yes link.yaml",
        "drift -vv -o json link.yaml",
        "destroy -vv --yes --quiet link.yaml",
    ] {
        desk.cloud.reset_requests().await.unwrap();
        let answer = desk.run(line).await;
        assert_eq!(answer.code, 0, "{line}: {}", answer.stderr);
        let told: BTreeMap<String, u64> = answer.stderr.lines().filter_map(number).collect();
        let wanted = if line.contains("--quiet") {
            BTreeMap::new()
        } else {
            desk.cloud.operations().await.unwrap()
        };
        assert_eq!(told, wanted, "{line}: {}", answer.stderr);
    }
    let answer = desk.run("plan -v link.yaml").await;
    assert_eq!(answer.stderr.lines().find_map(number), None);
}

/// The method and the number of `... requests in all operation="compute.networks.list" count=2`.
fn number(line: &str) -> Option<(String, u64)> {
    let (_, told) = line.split_once("requests in all ")?;
    let (_, operation) = told.split_once("operation=\"")?;
    let (operation, _) = operation.split_once('"')?;
    let (_, count) = told.split_once("count=")?;
    Some((operation.to_owned(), count.trim().parse().unwrap()))
}
