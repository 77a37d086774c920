//! Exit codes: 1 if anything was invalid, refused or unreadable; else 6 if a write failed; else 5 if something is
//! pending; else 0; and 2 for changes and drift when asked.

use privatelink_e2e::privatelink::Answer;
use serde_json::json;

use super::Desk;

/// Why a subnetwork cannot go, in Google's words.
const USED: &str = "The subnetwork resource is already being used by 'projects/acme-prod/regions/europe-west1/addresses/serverless-ipv4-1'";

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_drift_show_in_the_exit_code_only_when_asked() {
    let desk = Desk::new("detailed").await;
    assert_eq!(desk.run("plan link.yaml").await.code, 0);
    assert_eq!(desk.run("plan --detailed-exitcode link.yaml").await.code, 2);
    assert_eq!(
        desk.run("drift --detailed-exitcode link.yaml").await.code,
        0
    );
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    assert_eq!(desk.run("plan --detailed-exitcode link.yaml").await.code, 0);
    desk.open_ingress().await;
    assert_eq!(desk.run("drift link.yaml").await.code, 0);
    assert_eq!(
        desk.run("drift --detailed-exitcode link.yaml").await.code,
        2
    );
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    assert_eq!(
        desk.run("drift --detailed-exitcode link.yaml").await.code,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn destroy_gives_everything_back_and_then_has_nothing_to_do() {
    let desk = Desk::new("destroy").await;
    desk.run("apply --yes link.yaml").await;
    let destroyed = desk.run("destroy --yes -o json link.yaml").await;
    assert_eq!(destroyed.code, 0, "{}", destroyed.stderr);
    assert_eq!(destroyed.json()["links"][0]["state"], "Released");
    desk.cloud.reset_requests().await.unwrap();
    assert_eq!(desk.run("destroy --yes link.yaml").await.code, 0);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_on_the_command_line_is_1_and_never_2() {
    let desk = Desk::new("usage").await;
    for line in [
        "",
        "aply link.yaml",
        "plan",
        "plan --detailed-exitcode",
        "plan --policy wild link.yaml",
        "codes PL9999",
    ] {
        let answer = desk.run(line).await;
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (1, ""),
            "{line}: {}",
            answer.stderr
        );
    }
    assert_eq!(desk.run("--help").await.code, 0);
    assert_eq!(desk.run("--version").await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_endpoint_is_refused_and_is_not_google() {
    let desk = Desk::new("empty_endpoint").await;
    let mut by_variable = desk.privatelink.command(&["plan", "link.yaml"]);
    by_variable.env("PRIVATELINK_ENDPOINT", "");
    let mut by_option =
        desk.privatelink
            .command(&["apply", "--yes", "--endpoint", "", "link.yaml"]);
    by_option.env_remove("PRIVATELINK_ENDPOINT");
    for mut command in [by_variable, by_option] {
        let Answer {
            code, stderr: said, ..
        } = Answer::of(&mut command).await.unwrap();
        assert_eq!(code, 1, "{said}");
        assert!(
            said.contains("'--endpoint <URL>': an endpoint is an address"),
            "{said}"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_utf8_is_named_and_files_may_be_called_anything() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let desk = Desk::new("not_utf8").await;
    let file = OsStr::from_bytes(b"l\xffnk.yaml");
    let broken = super::LINK.replace("name: prod}", "name: Prod}");
    std::fs::write(desk.folder.join(file), broken).unwrap();
    let answer = desk
        .privatelink
        .run(&[OsStr::new("validate"), file])
        .await
        .unwrap();
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("l\u{fffd}nk.yaml:9:19") && answer.stderr.contains("`Prod`"),
        "{}",
        answer.stderr
    );
    let set = OsStr::from_bytes(b"s\xfft");
    let words = [OsStr::new("plan"), OsStr::new("--set"), set, file];
    let mut command = desk.privatelink.command(&words);
    command.env("PRIVATELINK_OWNER", set);
    let Answer {
        code, stderr: said, ..
    } = Answer::of(&mut command).await.unwrap();
    assert_eq!(code, 1);
    assert!(
        said.contains("error: argument 3, `s\u{fffd}t`, is not UTF-8"),
        "{said}"
    );
    assert!(
        said.contains("error: the variable PRIVATELINK_OWNER is not UTF-8"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_invalid_is_1_and_the_other_links_are_applied() {
    let desk = Desk::new("invalid").await;
    let other = super::LINK
        .replace("orders-to-billing", "other")
        .replace("/28", "/29");
    desk.write(
        "other.yaml",
        &other.replace("name: orders}", "name: other}"),
    );
    let answer = desk.run("apply --yes -o json .").await;
    assert_eq!(answer.code, 1);
    let report = answer.json();
    assert_eq!(report["links"][0]["state"], "Ready", "{report:#}");
    assert_eq!(report["links"][1]["state"], "Invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_unreadable_is_1() {
    let desk = Desk::new("unreadable").await;
    let service = super::LINK.replace("name: orders}", "name: nowhere}");
    desk.write("nowhere.yaml", &service);
    assert_eq!(desk.run("plan nowhere.yaml").await.code, 1);
    assert_eq!(desk.run("plan no-such-file.yaml").await.code, 1);
    let denied = json!({ "status": 403, "reason": "forbidden", "message": "Permission denied" });
    desk.fault(
        json!({ "match": { "operation": "compute.routers.aggregatedList" }, "effect": denied }),
    )
    .await;
    let answer = desk.run("plan -o json link.yaml").await;
    assert_eq!(answer.code, 1);
    assert_eq!(
        answer.json()["scope"]["unreadable"],
        json!(["routers of acme-prod"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_is_6() {
    let desk = Desk::new("write-fails").await;
    let refused = json!({ "status": 400, "message": "Not like this." });
    let operation = "vpcaccess.projects.locations.connectors.create";
    desk.fault(json!({ "match": { "operation": operation }, "effect": refused }))
        .await;
    let answer = desk.run("apply --yes -o json link.yaml").await;
    assert_eq!(answer.code, 6, "{}", answer.stdout);
    assert_eq!(answer.json()["links"][0]["state"], "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_invalid_or_refused_is_1_also_beside_a_write_that_fails() {
    for (name, destination, range, state) in [
        ("wrong-beside-failed", "orders", "10.9.0.0/29", "Invalid"),
        ("missing-beside-failed", "nowhere", "10.9.0.0/28", "Refused"),
    ] {
        let desk = Desk::new(name).await;
        let other = super::LINK
            .replace("orders-to-billing", "other")
            .replace("{service: {name: orders}}", "{service: {name: billing}}")
            .replace(
                "{service: {name: billing}, ",
                &format!("{{service: {{name: {destination}}}, "),
            )
            .replace("10.8.0.0/28", range);
        desk.write("other.yaml", &other);
        let refused = json!({ "status": 400, "message": "Not like this." });
        let operation = "vpcaccess.projects.locations.connectors.create";
        desk.fault(json!({ "match": { "operation": operation }, "effect": refused }))
            .await;
        let answer = desk.run("apply --yes -o json .").await;
        let report = answer.json();
        let states = [0, 1].map(|link| report["links"][link]["state"].as_str());
        assert_eq!(states, [Some("Failed"), Some(state)], "{report:#}");
        assert_eq!(answer.code, 1, "{report:#}");
    }
}

/// Nothing is left to do here, and nothing of ours would help: the default route of the network leads elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_only_somebody_else_can_mend_is_5() {
    let desk = Desk::new("mended-elsewhere").await;
    assert_eq!(desk.run("apply --yes link.yaml").await.code, 0);
    let mut state = desk.cloud.state();
    state["compute"]["projects/acme-prod/global/routes/to-vpn"] = json!({
        "network": "projects/acme-prod/global/networks/prod",
        "destRange": "0.0.0.0/0", "priority": 900, "nextHopIp": "10.0.0.9",
    });
    desk.cloud.put_state(&state).await.unwrap();
    desk.cloud.reset_requests().await.unwrap();
    let answer = desk.run("apply --yes link.yaml").await;
    assert_eq!(answer.code, 5, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(desk.cloud.writes().await.unwrap(), 0);
    let told = "warning[PL0205]: the path does not work at its route: route to-vpn sends everything to 10.0.0.9\n";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_its_time_is_5() {
    let desk = Desk::new("pending").await;
    desk.run("apply --yes link.yaml").await;
    let held = json!({
        "status": 400,
        "reason": "resourceInUseByAnotherResource",
        "message": USED,
    });
    desk.fault(json!({ "match": { "operation": "compute.subnetworks.delete" }, "effect": held }))
        .await;
    let answer = desk.run("destroy --yes link.yaml").await;
    assert_eq!(answer.code, 5, "{}{}", answer.stdout, answer.stderr);
    let state = desk.cloud.state();
    let mut left = state["compute"].as_object().unwrap().keys();
    let subnetwork = left.find(|path| path.contains("/subnetworks/")).unwrap();
    let told = format!(
        "info[PL0169]: cannot delete {subnetwork}: it is still in use ({USED})\n\
         --> {subnetwork}\n \
         = help: nothing to do: Google gives the addresses back within hours, and a later run goes on\n"
    );
    assert!(answer.stderr.contains(&told), "{}", answer.stderr);
    assert!(
        answer.stdout.contains(&format!("({USED}) (PL0169)\n"))
            && answer.stdout.contains(", 1 pending in "),
        "{}",
        answer.stdout
    );
    desk.cloud
        .send("DELETE", "/emulator/faults", &serde_json::Value::Null)
        .await
        .unwrap();
    assert_eq!(desk.run("destroy --yes link.yaml").await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_credentials_and_unusable_endpoints_are_findings_in_the_document() {
    let desk = Desk::new("credentials").await;
    let mut command = desk
        .privatelink
        .command(&["plan", "-o", "json", "link.yaml"]);
    command
        .env_remove("PRIVATELINK_ENDPOINT")
        .env("GOOGLE_APPLICATION_CREDENTIALS", "no-such-key.json");
    let answer = Answer::of(&mut command).await.unwrap();
    assert_eq!(answer.code, 1);
    let document = answer.json();
    assert_eq!(document["diagnostics"][0]["code"], "PL0300", "{document:#}");
    let answer = desk
        .run("plan -o json --endpoint http://example.com link.yaml")
        .await;
    assert_eq!(
        (answer.code, &answer.json()["diagnostics"][0]["code"]),
        (1, &json!("PL0321"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_credentials_is_told_what_is_missing_and_what_to_do() {
    // The server of tokens that Google's machines have: here nobody listens, for which this system has its own words.
    let nobody = "127.0.0.1:1";
    let refused = std::net::TcpStream::connect(nobody).unwrap_err();
    let no_token = format!("no access token could be had ({refused})");
    let desk = Desk::new("no_credentials").await;
    for (variable, value, missing) in [
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "no-such-key.json",
            "could not find or open the credentials file no-such-key.json. This file name was found in the \
             `GOOGLE_APPLICATION_CREDENTIALS` environment variable. Verify this environment variable points to a valid file.",
        ),
        ("GCE_METADATA_HOST", nobody, &*no_token),
    ] {
        let mut command = desk.privatelink.command(&["plan", "link.yaml"]);
        // Nor is there a home, where `gcloud` would have left some.
        command
            .env_remove("PRIVATELINK_ENDPOINT")
            .env_remove("GOOGLE_APPLICATION_CREDENTIALS")
            .env(variable, value);
        let answer = Answer::of(&mut command).await.unwrap();
        let told = format!(
            "error[PL0300]: no Google Cloud credentials can be used: {missing}\n\
             --> command line\n \
             = help: run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file; \
             to try it without Google Cloud, run `privatelink demo`\n\n"
        );
        assert_eq!(
            (answer.code, &*answer.stdout, &*answer.stderr),
            (1, "Nothing was decided: see the errors above.\n", &*told)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_says_that_all_is_well_when_nothing_was_decided() {
    let desk = Desk::new("undecided").await;
    let undecided = "Nothing was decided: see the errors above.\n";
    let incomparable = "Whether anything drifted cannot be said: see the errors above.\n";
    desk.write("wrong.yaml", &super::LINK.replace("/28", "/24"));
    desk.write("empty.yaml", "");
    for (line, said) in [
        ("plan wrong.yaml", undecided),
        ("drift wrong.yaml", incomparable),
        ("apply --yes wrong.yaml", undecided),
        ("plan --endpoint http://example.com link.yaml", undecided),
        ("apply --yes --prune --allow-empty empty.yaml", undecided),
    ] {
        let answer = desk.run(line).await;
        assert_eq!((answer.code, &*answer.stdout), (1, said), "{line}");
    }
    let pruned = desk
        .run("apply --yes --prune --allow-empty empty.yaml")
        .await;
    assert!(pruned.stderr.contains("--scope"), "{}", pruned.stderr);
    let held = desk.run("plan --policy report-only link.yaml").await;
    assert!(
        held.stdout.contains("steps are held back.") && held.stdout.contains("would create it"),
        "{}",
        held.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_document_is_counted() {
    let desk = Desk::new("counted").await;
    let wrong = super::LINK.replace("/28", "/24");
    desk.write(
        "wrong.yaml",
        &format!("{wrong}---\n{wrong}---\n{{\n---\nkind: PrivateLink\n"),
    );
    let answer = desk.run("validate wrong.yaml").await;
    assert_eq!(answer.stdout, "0 declarations are valid, 4 not.\n");
}
