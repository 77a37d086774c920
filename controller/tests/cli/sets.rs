//! Two sets that wish for the same.

use super::{Desk, LINK};

#[tokio::test(flavor = "multi_thread")]
async fn what_another_set_keeps_as_wished_is_told() {
    let desk = Desk::new("two_sets").await;
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    let state = desk.cloud.state();
    let path = state["vpcaccess"].as_object().unwrap().keys().next();
    let connector = path.unwrap().rsplit('/').next().unwrap().to_owned();
    let managed = "{managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}";
    let twin = LINK
        .replace("orders-to-billing", "twin")
        .replace(managed, &format!("{{existing: {{name: {connector}}}}}"));
    desk.write("twin.yaml", &twin);
    let answer = desk.run("apply --yes --set twins twin.yaml").await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for kept in ["ServiceEgress orders", "ServiceIngress billing"] {
        let told = format!(
            "info[PL0184]: {kept}: owner privatelink, set default keeps it, and it is as wished"
        );
        assert!(answer.stderr.contains(&told), "{}", answer.stderr);
    }
    // Nobody is told of what nobody keeps any more.
    assert_eq!(desk.run("destroy --yes link.yaml").await.code, 0);
    let answer = desk.run("plan --set twins twin.yaml").await;
    assert_eq!(answer.code, 1);
    assert!(!answer.stderr.contains("PL0184"), "{}", answer.stderr);
}
