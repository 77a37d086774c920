//! Options do what they say, whether they are given on the command line or as variables.

use std::collections::BTreeSet;

use privatelink_e2e::privatelink::Answer;

use super::Desk;
use super::traffic::asked;

/// Runs a line with a variable, if there is one.
async fn run(desk: &Desk, line: &str, variable: Option<(&str, &str)>) -> Answer {
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = desk.privatelink.command(&words);
    command.envs(variable);
    let answer = Answer::of(&mut command).await.unwrap();
    assert_eq!(
        answer.code, 0,
        "{line} {variable:?}: {}{}",
        answer.stdout, answer.stderr
    );
    answer
}

/// Who made things, by their own account.
fn owners(desk: &Desk) -> BTreeSet<String> {
    let state = desk.cloud.state();
    let compute = state["compute"].as_object().unwrap().values();
    let descriptions = compute.filter_map(|thing| thing["description"].as_str());
    let words = descriptions.flat_map(str::split_whitespace);
    let marks = words.filter_map(|word| word.strip_prefix("owner="));
    let run = state["run"].as_object().unwrap().values();
    let annotations =
        run.filter_map(|service| service["annotations"]["privatelink.dev/egress"].as_str());
    let records = annotations.map(|text| {
        let record: serde_json::Value = serde_json::from_str(text).unwrap();
        record["owner"].as_str().unwrap().to_owned()
    });
    marks.map(str::to_owned).chain(records).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_whoever_is_named() {
    let desk = Desk::new("owner").await;
    for (line, variable, owner) in [
        ("--owner network-team", None, "network-team"),
        ("-q", Some(("PRIVATELINK_OWNER", "shop-team")), "shop-team"),
        // The command line wins.
        (
            "--owner network-team",
            Some(("PRIVATELINK_OWNER", "shop-team")),
            "network-team",
        ),
        ("-q", None, "privatelink"),
    ] {
        run(&desk, &format!("apply --yes {line} link.yaml"), variable).await;
        assert_eq!(
            owners(&desk),
            BTreeSet::from([owner.to_owned()]),
            "{line} {variable:?}"
        );
        // To anybody else these are things of others.
        desk.cloud.reset_requests().await.unwrap();
        run(&desk, "destroy --yes --owner nobody link.yaml", None).await;
        assert_eq!(desk.cloud.writes().await.unwrap(), 0);
        run(&desk, &format!("destroy --yes {line} link.yaml"), variable).await;
        assert_eq!(owners(&desk), BTreeSet::new(), "{line} {variable:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_project_of_the_scope_is_looked_at() {
    let desk = Desk::new("scope").await;
    let both = ["acme-one", "acme-prod", "acme-two"];
    for (line, variable, projects) in [
        ("plan --scope acme-one,acme-two link.yaml", None, &both[..]),
        (
            "plan --scope acme-one --scope acme-two link.yaml",
            None,
            &both,
        ),
        (
            "plan link.yaml",
            Some(("PRIVATELINK_SCOPE", "acme-one,acme-two")),
            &both,
        ),
        ("plan link.yaml", None, &["acme-prod"]),
    ] {
        desk.cloud.reset_requests().await.unwrap();
        run(&desk, line, variable).await;
        let log = asked(&desk.cloud).await;
        // A region of Cloud Run is looked at where a declaration, or something of ours, is in it.
        let calls = log.iter().filter(|call| call.budget.api == "compute");
        let looked_at: BTreeSet<&str> = calls.map(|call| &*call.budget.project).collect();
        let wanted: BTreeSet<&str> = projects.iter().copied().collect();
        assert_eq!(looked_at, wanted, "{line} {variable:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_prunes_like_the_option_and_says_no_as_well() {
    let desk = Desk::new("prune").await;
    run(&desk, "apply --yes link.yaml", None).await;
    desk.write("none.yaml", "");
    let line = "apply --yes --allow-empty --scope acme-prod -o json none.yaml";
    for said in [None, Some(("PRIVATELINK_PRUNE", "false"))] {
        desk.cloud.reset_requests().await.unwrap();
        run(&desk, line, said).await;
        assert_eq!(desk.cloud.writes().await.unwrap(), 0, "{said:?}");
    }
    let answer = run(&desk, line, Some(("PRIVATELINK_PRUNE", "true"))).await;
    assert_eq!(answer.json()["summary"]["delete"], 4, "{}", answer.stdout);
    assert_eq!(owners(&desk), BTreeSet::new());
    desk.cloud.reset_requests().await.unwrap();
    run(&desk, line, Some(("PRIVATELINK_PRUNE", "true"))).await;
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}

#[test]
fn emulator_env_points_at_the_address_of_the_command_line_whatever_the_environment_says() {
    let exported = |line: &str, variables: &[(&str, &str)]| {
        let mut command = std::process::Command::new(super::BINARY);
        command.args(["emulator", "env", "privatelink"]);
        command.args(line.split_whitespace()).env_clear();
        command.envs(variables.iter().copied());
        let answer = Answer::from(command.output().unwrap());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let said = answer.stdout.lines().find(|it| it.contains("ENDPOINT="));
        said.unwrap().rsplit("//").next().unwrap().to_owned()
    };
    let endpoint = ("PRIVATELINK_ENDPOINT", "http://127.0.0.1:1111");
    let listen = ("PRIVATELINK_LISTEN", "127.0.0.1:2222");
    let typed = "--listen 127.0.0.1:9999";
    assert_eq!(exported(typed, &[endpoint, listen]), "127.0.0.1:9999");
    let both = format!("{typed} --endpoint http://127.0.0.1:8888");
    assert_eq!(exported(&both, &[endpoint, listen]), "127.0.0.1:8888");
    assert_eq!(exported("", &[endpoint, listen]), "127.0.0.1:1111");
    assert_eq!(exported("", &[listen]), "127.0.0.1:2222");
    // Port 0 is the kernel's choice, which nobody knows here.
    let unknown = exported("--listen 127.0.0.1:0", &[endpoint]);
    assert_eq!(unknown, "127.0.0.1:1111");
    let before = ["emulator", "--listen", "127.0.0.1:9999", "env"];
    let mut command = std::process::Command::new(super::BINARY);
    command.args(before).env_clear().envs([endpoint]);
    let answer = Answer::from(command.output().unwrap());
    assert!(
        answer.stdout.contains("127.0.0.1:9999"),
        "{}",
        answer.stdout
    );
}
