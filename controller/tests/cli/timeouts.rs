//! `--timeout`: a run ends in time, cleanly, and says what is pending.

use serde_json::{Value, json};

use super::Desk;

fn codes(report: &Value) -> Vec<&str> {
    let found = report["diagnostics"].as_array().unwrap().iter();
    found.map(|found| found["code"].as_str().unwrap()).collect()
}

/// Google takes so long to answer that the run's time is over.
fn hangs(operation: &str) -> Value {
    json!({ "match": { "operation": operation }, "effect": { "latency": "10m" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_when_the_time_is_up_is_pending_and_the_next_run_does_it() {
    let desk = Desk::new("time-up").await;
    let connector = "vpcaccess.projects.locations.connectors.create";
    desk.fault(hangs(connector)).await;
    let answer = desk.run("apply --yes -o json --timeout 6s link.yaml").await;
    assert_eq!(answer.code, 5, "{}{}", answer.stdout, answer.stderr);
    assert!(
        answer.stderr.contains("the time was up: waiting"),
        "{}",
        answer.stderr
    );
    let report = answer.json();
    assert_eq!(report["links"][0]["state"], "Changed", "{report:#}");
    assert!(
        codes(&report).iter().all(|code| *code == "PL0323"),
        "{report:#}"
    );
    let said = report["diagnostics"].to_string();
    assert!(
        said.contains("it was under way when the time was up, and may yet happen"),
        "{said}"
    );
    assert!(said.contains("steps are pending"), "{said}");
    let created = report["steps"].as_array().unwrap().iter();
    let done = created.filter(|step| step["outcome"] == "done").count();
    assert!(done >= 2, "subnetwork and router were made: {report:#}");
    // The connector's request was given up with the process, so it is sent anew.
    let clear = desk.cloud.send("DELETE", "/emulator/faults", &Value::Null);
    clear.await.unwrap();
    let answer = desk.run("apply --yes -o json --timeout 5m link.yaml").await;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    desk.cloud.reset_requests().await.unwrap();
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_take_too_long_are_unreadable_and_nothing_is_written() {
    let desk = Desk::new("time-up-reading").await;
    desk.fault(hangs("compute.routers.aggregatedList")).await;
    for line in [
        "plan -o json --timeout 4s link.yaml",
        "drift -o json --timeout 4s link.yaml",
        "apply --yes -o json --timeout 4s link.yaml",
        "destroy --yes -o json --timeout 4s link.yaml",
    ] {
        let answer = desk.run(line).await;
        assert_eq!(answer.code, 1, "{line}: {}{}", answer.stdout, answer.stderr);
        let report = answer.json();
        let unreadable = report["scope"]["unreadable"].to_string();
        assert!(
            unreadable.contains("routers of acme-prod"),
            "{line}: {unreadable}"
        );
        assert!(codes(&report).contains(&"PL0323"), "{line}: {report:#}");
        let said = report["diagnostics"].to_string();
        assert!(
            said.contains("it was not read, because the time was up"),
            "{said}"
        );
    }
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_quick_enough_does_not_notice() {
    let desk = Desk::new("time-enough").await;
    let answer = desk
        .run("apply --yes -o json --timeout 10m link.yaml")
        .await;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let answer = desk.run("apply --timeout soon link.yaml").await;
    assert!(
        answer.code == 1 && answer.stderr.contains("a duration is written like"),
        "{}",
        answer.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_time_is_up_before_it_looked_again_is_pending_whatever_it_did() {
    let desk = Desk::new("time-up-looking").await;
    desk.write("empty.yaml", "");
    for line in [
        "apply --yes --prune --allow-empty --scope acme-prod -o json --timeout 5s empty.yaml",
        "destroy --yes -o json --timeout 5s link.yaml",
    ] {
        assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
        let mut again = hangs("run.projects.locations.services.list");
        again["nth"] = json!(2);
        desk.fault(again).await;
        let answer = desk.run(line).await;
        assert_eq!(answer.code, 5, "{line}: {}{}", answer.stdout, answer.stderr);
        let report = answer.json();
        assert!(codes(&report).contains(&"PL0323"), "{line}: {report:#}");
        let done = report["steps"].as_array().unwrap().iter();
        let done = done.filter(|step| step["outcome"] == "done").count();
        assert!(
            done >= 2,
            "both services got back what they had: {report:#}"
        );
        for link in report["links"].as_array().unwrap() {
            assert_eq!(link["standing"], "Released", "{line}: {report:#}");
            assert_eq!(link["state"], "Releasing", "{line}: {report:#}");
        }
        let clear = desk.cloud.send("DELETE", "/emulator/faults", &Value::Null);
        clear.await.unwrap();
        let rest = "apply --yes --prune --allow-empty --scope acme-prod empty.yaml";
        assert_eq!(desk.run(rest).await.code, 0);
    }
}
