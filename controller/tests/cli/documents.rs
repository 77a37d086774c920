//! What is printed: the documents that others script against, and the texts that people read.

use privatelink_e2e::privatelink::Answer;
use serde_json::Value;

use super::{BINARY, Desk};

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_one_document_with_everything_that_was_promised() {
    let desk = Desk::new("plan-document").await;
    let answer = desk.run("plan -o json link.yaml").await;
    let plan = answer.json();
    for promised in [
        "apiVersion",
        "scope",
        "summary",
        "steps",
        "links",
        "diagnostics",
    ] {
        assert!(keys(&plan).contains(&promised), "{promised}");
    }
    assert_eq!(
        keys(&plan["summary"]),
        ["create", "delete", "nothing", "refuse", "update", "wait"]
    );
    for promised in ["id", "kind", "action", "why", "changes", "after"] {
        assert!(keys(&plan["steps"][0]).contains(&promised), "{promised}");
    }
    insta::assert_snapshot!("plan", answer.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_and_drift_answer_with_the_same_document_and_what_came_of_it() {
    let desk = Desk::new("apply-document").await;
    let applied = desk.run("apply --yes -o json link.yaml").await;
    insta::assert_snapshot!("apply", applied.stdout);
    desk.open_ingress().await;
    let drift = desk.run("drift -o json link.yaml").await.json();
    let drifted: Vec<&Value> = drift["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| !step["drift"].is_null())
        .collect();
    insta::assert_json_snapshot!("drift", drifted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_printed_even_when_nothing_is_valid() {
    let desk = Desk::new("invalid-document").await;
    desk.write(
        "link.yaml",
        "kind: PrivateLink\napiVersion: privatelink.dev/v1alpha1\nmetadata: {name: a}\nspec: {}\n",
    );
    for command in ["validate", "plan", "apply --yes", "drift", "destroy --yes"] {
        let answer = desk.run(&format!("{command} -o json link.yaml")).await;
        let document = answer.json();
        assert_eq!(answer.code, 1, "{command}: {}", answer.stderr);
        assert_eq!(document["steps"], serde_json::json!([]), "{command}");
        assert_eq!(document["links"][0]["state"], "Invalid", "{command}");
        assert_eq!(document["diagnostics"][0]["severity"], "error", "{command}");
    }
}

/// What no look at the cloud is needed for is found before a change is merged.
#[tokio::test(flavor = "multi_thread")]
async fn links_that_contradict_each_other_are_found_offline() {
    let desk = Desk::new("contradiction").await;
    let other = super::LINK
        .replace("name: orders-to-billing", "name: second")
        .replace("10.8.0.0/28", "10.9.0.0/28");
    desk.write("two.yaml", &format!("{}---\n{other}", super::LINK));
    let answer = desk.run("validate two.yaml").await;
    assert_eq!(answer.stdout, "0 declarations are valid, 2 not.\n");
    assert_eq!(answer.code, 1);
    let told = answer.stderr.matches("error[PL0103]").count();
    assert_eq!(told, 1, "{}", answer.stderr);
    let document = desk.run("validate -o json two.yaml").await.json();
    for link in document["links"].as_array().unwrap() {
        assert_eq!(link["state"], "Conflicting", "{link}");
    }
    // One that takes no part contradicts nobody.
    let suspended = format!("{other}  policy: {{suspend: true}}\n");
    desk.write("two.yaml", &format!("{}---\n{suspended}", super::LINK));
    let answer = desk.run("validate two.yaml").await;
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
}

/// A wrong path would be green for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_declares_nothing_is_an_error_unless_that_is_meant() {
    let desk = Desk::new("nothing").await;
    std::fs::create_dir(desk.folder.join("empty")).unwrap();
    for command in ["validate", "plan", "apply --yes", "drift", "destroy --yes"] {
        let answer = desk.run(&format!("{command} empty")).await;
        assert_eq!(answer.code, 1, "{command}");
        assert!(answer.stderr.contains("error[PL0015]"), "{command}");
    }
    for command in ["plan", "apply --yes"] {
        let answer = desk.run(&format!("{command} --allow-empty empty")).await;
        assert_eq!(answer.code, 0, "{command}");
        assert!(answer.stderr.contains("warning[PL0015]"), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn yaml_and_json_say_the_same() {
    let desk = Desk::new("yaml").await;
    let json = desk.run("plan --json link.yaml").await.json();
    let yaml = desk.run("plan -o yaml link.yaml").await.stdout;
    let yaml: Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(yaml, json);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_what_will_be_done_and_why() {
    let desk = Desk::new("plan-text").await;
    let answer = desk.run("plan link.yaml").await;
    insta::assert_snapshot!("plan-text", answer.stdout);
    assert!(!answer.stdout.contains('\u{1b}'));
    desk.run("apply --yes link.yaml").await;
    assert_eq!(
        desk.run("plan link.yaml").await.stdout,
        "No changes. Everything is as it is declared.\n"
    );
    assert_eq!(
        desk.run("drift link.yaml").await.stdout,
        "No drift: everything is as it was applied.\n"
    );
    desk.open_ingress().await;
    insta::assert_snapshot!("drift-text", desk.run("drift link.yaml").await.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_shown_where_it_is() {
    let desk = Desk::new("mistake").await;
    desk.write(
        "link.yaml",
        &super::LINK.replace("10.8.0.0/28", "10.8.0.0/24"),
    );
    let answer = desk.run("validate link.yaml").await;
    assert_eq!(answer.stdout, "0 declarations are valid, 1 not.\n");
    insta::assert_snapshot!("mistake", answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn declarations_come_from_standard_input_too() {
    use std::process::Stdio;
    use tokio::io::AsyncWriteExt as _;
    let desk = Desk::new("stdin").await;
    let piped = async |arguments: &[&str], text: &str| {
        let mut command = desk.privatelink.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).await.unwrap();
        drop(stdin);
        Answer::at_the_end_of(child).await.unwrap()
    };
    let plan = piped(&["plan", "-o", "json", "-"], super::LINK).await;
    let plan = plan.json();
    assert_eq!(plan["links"][0]["name"], "payments/orders-to-billing");
    let wrong = super::LINK.replace("/28", "/24");
    let said = piped(&["validate", "-"], &wrong).await.stderr;
    assert!(said.contains("--> <stdin>:11:56"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_cloud_is_printed_without_one() {
    let desk = Desk::new("offline").await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = desk.run(&format!("completion {shell}")).await;
        assert!(
            script.code == 0 && script.stdout.contains("privatelink"),
            "{shell}"
        );
    }
    assert!(
        desk.run("crd")
            .await
            .stdout
            .contains("kind: CustomResourceDefinition")
    );
    assert!(
        desk.run("codes PL0012")
            .await
            .stdout
            .starts_with("# PL0012: ")
    );
    assert!(desk.run("codes").await.stdout.lines().count() > 50);
    let unknown = desk.run("codes PL9999").await;
    let lists = "there is no code `PL9999`; `privatelink codes` lists them all";
    assert!(unknown.stderr.contains(lists), "{}", unknown.stderr);
    let codes = desk.run("codes -o json").await.json();
    assert_eq!(codes[0]["code"], "PL0001");
    assert_eq!(desk.cloud.requests().await.unwrap()["total"], 0);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(BINARY)
        .arg("crd")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
