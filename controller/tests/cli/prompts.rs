//! Nothing is written without a yes.

use privatelink_e2e::privatelink::Answer;

use super::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_apply_and_destroy_need_to_be_told_yes() {
    let desk = Desk::new("no-terminal").await;
    let answer = desk.run("apply link.yaml").await;
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains("add --yes"), "{}", answer.stderr);
    assert!(
        answer.stdout.contains("Plan: ") && answer.stdout.ends_with("Nothing was done.\n"),
        "{}",
        answer.stdout
    );
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
    desk.run("apply --yes link.yaml").await;
    desk.cloud.reset_requests().await.unwrap();
    assert_eq!(desk.run("destroy --no-input link.yaml").await.code, 1);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_plan_and_writes_nothing_also_with_a_yes() {
    let desk = Desk::new("dry-run").await;
    let plan = desk.run("plan link.yaml").await;
    let rehearsed = desk.run("apply --yes --dry-run link.yaml").await;
    assert_eq!(
        (rehearsed.code, rehearsed.stdout),
        (plan.code, plan.stdout),
        "it is what plan shows"
    );
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
    desk.run("apply --yes link.yaml").await;
    desk.cloud.reset_requests().await.unwrap();
    let rehearsed = desk.run("destroy --dry-run link.yaml").await;
    assert_eq!(rehearsed.code, 0, "{}", rehearsed.stderr);
    assert!(
        rehearsed
            .stdout
            .contains("Plan: 0 to create, 2 to update, 4 to delete."),
        "{}",
        rehearsed.stdout
    );
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_to_be_done_nobody_is_asked() {
    let desk = Desk::new("nothing-to-ask").await;
    desk.run("apply --yes link.yaml").await;
    let answer = desk.run("apply link.yaml").await;
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (0, "No changes. Everything is as it is declared.\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_variable_is_as_good_as_an_option() {
    let desk = Desk::new("environment").await;
    let mut command = desk.privatelink.command(&["apply", "link.yaml"]);
    command
        .env("PRIVATELINK_YES", "true")
        .env("PRIVATELINK_OUTPUT", "json");
    let answer = Answer::of(&mut command).await.unwrap();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.json().is_object(), "{}", answer.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_hold_back_what_they_say() {
    let desk = Desk::new("policies").await;
    let answer = desk.run("apply --yes --policy report-only link.yaml").await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
    desk.run("apply --yes link.yaml").await;
    desk.write("link.yaml", "");
    desk.cloud.reset_requests().await.unwrap();
    desk.run("apply --yes --prune --scope acme-prod link.yaml")
        .await;
    assert_eq!(
        desk.cloud.writes().await.unwrap(),
        0,
        "an empty source removes nothing"
    );
    let answer = desk
        .run("apply --yes --prune --allow-empty --scope acme-prod -o json link.yaml")
        .await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.json()["summary"]["delete"].as_u64() > Some(0));
}
