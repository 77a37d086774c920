//! What plans, drift and the end of a turn say last, and what `--quiet` leaves of it.

use super::{Desk, LINK};

fn last(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default()
}

/// A second link, from the service `other`, of which nothing exists.
fn missing() -> String {
    LINK.replace("orders", "other").replace("10.8.0", "10.9.0")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_cannot_be_decided_takes_nothing_from_what_is_said_of_the_others() {
    let desk = Desk::new("verdict_missing").await;
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    desk.write("other.yaml", &missing());
    let left_out = "1 link could not be decided: see the errors above.\n";
    let found = desk.run("drift .").await;
    assert_eq!(found.code, 1);
    assert!(
        found
            .stdout
            .contains(&format!("No drift in 1 link; {left_out}")),
        "{}",
        found.stdout
    );
    desk.open_ingress().await;
    let found = desk.run("drift .").await;
    assert!(
        found
            .stdout
            .contains(&format!("Drift: 1 exposed. {left_out}")),
        "{}",
        found.stdout
    );
    let found = desk.run("drift other.yaml").await;
    assert_eq!(
        (found.code, &*found.stdout),
        (
            1,
            "Whether anything drifted cannot be said: see the errors above.\n"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_speaks_of_what_was_applied_where_something_never_was() {
    let desk = Desk::new("verdict_never_applied").await;
    let found = desk.run("drift link.yaml").await;
    let line = "No drift from what is on record as applied.\n";
    assert!(found.stdout.starts_with(line), "{}", found.stdout);
    let never = "were never applied, and one link has no path that works: `privatelink plan` shows more, also what somebody changed there.\n";
    assert!(found.stdout.contains(never), "{}", found.stdout);
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    let found = desk.run("drift link.yaml").await;
    let line = "No drift: everything is as it was applied.\n";
    assert_eq!((found.code, &*found.stdout), (0, line));
    desk.cloud
        .send("DELETE", super::BILLING, &serde_json::Value::Null)
        .await
        .unwrap();
    let found = desk.run("drift link.yaml").await;
    let line = "Whether anything drifted cannot be said: see the errors above.\n";
    assert_eq!((found.code, last(&found.stdout)), (1, line.trim_end()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_link_is_not_said_to_be_as_it_is_declared() {
    let desk = Desk::new("verdict_suspended").await;
    let suspended = format!("{}  policy: {{suspend: true}}\n", missing());
    desk.write("other.yaml", &suspended);
    for command in ["plan", "drift", "apply --yes"] {
        let found = desk.run(&format!("{command} other.yaml")).await;
        assert_eq!(
            (found.code, &*found.stdout),
            (0, "Nothing was looked at: 1 link is suspended.\n"),
            "{command}"
        );
    }
    let planned = desk.run("plan .").await;
    assert!(
        last(&planned.stdout).ends_with(" 1 link is suspended and was not looked at."),
        "{}",
        planned.stdout
    );
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    for (command, start) in [("plan", "No changes for"), ("drift", "No drift in")] {
        let found = desk.run(&format!("{command} .")).await;
        let line = format!("{start} 1 link; 1 link is suspended and was not looked at.\n");
        assert_eq!((found.code, found.stdout), (0, line), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_what_is_not_there_says_whose_was_looked_for() {
    let desk = Desk::new("verdict_undo").await;
    let nothing = |set: &str| {
        format!(
            "Nothing to undo: nothing of this link was found for the owner privatelink and the set {set}.\n"
        )
    };
    let undone = desk.run("destroy --yes link.yaml").await;
    assert_eq!((undone.code, undone.stdout), (0, nothing("default")));
    assert_eq!(undone.stderr, "");
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    desk.cloud.reset_requests().await.unwrap();
    let undone = desk.run("destroy --yes --set typo link.yaml").await;
    assert_eq!((undone.code, undone.stdout), (0, nothing("typo")));
    assert!(
        undone.stderr.contains("warning[PL0184]")
            && undone
                .stderr
                .contains("remembers it for the owner privatelink and the set default"),
        "{}",
        undone.stderr
    );
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
    let undone = desk.run("destroy --yes link.yaml").await;
    assert_eq!(undone.code, 0);
    assert!(!undone.stderr.contains("PL0184"), "{}", undone.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_says_only_what_is_wrong() {
    let desk = Desk::new("quiet").await;
    let silent = async |line: &str, code: i32| {
        let answer = desk.run(line).await;
        let said = (answer.code, &*answer.stdout, &*answer.stderr);
        assert_eq!(said, (code, "", ""), "{line}");
    };
    silent("validate -q link.yaml", 0).await;
    silent("plan -q link.yaml", 0).await;
    silent("plan -q --detailed-exitcode link.yaml", 2).await;
    silent("drift -q link.yaml", 0).await;
    silent("apply -q --yes link.yaml", 0).await;
    silent("apply -q --yes link.yaml", 0).await;
    silent("plan -q link.yaml", 0).await;
    desk.open_ingress().await;
    let drift = desk.run("drift -q link.yaml").await;
    assert!(drift.stdout.starts_with("Exposed"), "{}", drift.stdout);
    silent("apply -q --yes link.yaml", 0).await;
    // A document that was asked for is given.
    let document = desk.run("plan -q -o json link.yaml").await;
    assert_eq!(document.json()["summary"]["create"], 0);
    desk.write("other.yaml", &missing());
    for command in ["plan -q", "apply -q --yes"] {
        let wrong = desk.run(&format!("{command} .")).await;
        assert_eq!(wrong.code, 1);
        assert!(wrong.stderr.contains("error["), "{}", wrong.stderr);
        assert!(
            wrong.stdout.contains("! ") || wrong.stdout.contains("refuse "),
            "{command}: {}",
            wrong.stdout
        );
        assert!(
            !wrong.stdout.contains("orders-to-billing"),
            "{command}: {}",
            wrong.stdout
        );
    }
    let wrong = desk.run("drift -q .").await;
    assert_eq!((wrong.code, &*wrong.stdout), (1, ""));
    silent("destroy -q --yes link.yaml", 0).await;
    silent("destroy -q --yes link.yaml", 0).await;
}
