//! Slips of the keyboard that must never look like a wish.

use serde_json::json;

use super::{Desk, LINK};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_group_is_misspelled_is_not_pruned() {
    let desk = Desk::new("slip_group").await;
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    desk.write(
        "link.yaml",
        &LINK.replace("privatelink.dev", "privatelinks.dev"),
    );
    desk.cloud.reset_requests().await.unwrap();
    let answer = desk.run("apply --yes --prune link.yaml").await;
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
    let told = "help: write `apiVersion: privatelink.dev/v1alpha1`";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);
    // What is somebody else's is not taken for a slip.
    desk.write(
        "theirs.yaml",
        &LINK.replace("privatelink.dev", "privatelink.io"),
    );
    desk.write("link.yaml", LINK);
    assert_eq!(desk.run("apply --yes --prune .").await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_declarations_without_a_line_between_them_are_told_what_is_missing() {
    let desk = Desk::new("slip_boundary").await;
    desk.write("link.yaml", &format!("{LINK}{LINK}"));
    let answer = desk.run("validate link.yaml").await;
    assert_eq!(answer.code, 1);
    let told = "keep one of them, or put `---` between two documents";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_anything_is_left_to_undo_is_not_said_where_nothing_could_be_read() {
    let desk = Desk::new("slip_unread").await;
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    desk.fault(json!({
        "match": { "operation": "*" },
        "effect": { "preset": "permissionDenied" },
    }))
    .await;
    let answer = desk.run("destroy --yes link.yaml").await;
    assert_eq!(answer.code, 1);
    let last = "Whether anything is left to undo cannot be said: see the errors above.\n";
    assert!(answer.stdout.ends_with(last), "{}", answer.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_google_does_not_show_may_be_a_slip_in_the_declaration() {
    let desk = Desk::new("slip_region").await;
    desk.write("link.yaml", &LINK.replace("europe-west1", "europe-west99"));
    let answer = desk.run("plan link.yaml").await;
    assert_eq!(answer.code, 1);
    let told = "help: correct `spec.region` where it is declared";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);
}
