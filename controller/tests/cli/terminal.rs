//! Texts of others that want to steer the terminal, fake a line or turn what is read around: in declarations, in
//! names and descriptions of the cloud, in its errors. Whatever the command and the format, nothing of it arrives.

use privatelink_e2e::privatelink::Answer;
use serde_json::{Value, json};

use super::{Desk, LINK, two_services};

/// Colours, screens and titles; a link of OSC 8; C1; marks of direction; line ends, NUL, delete; a line that
/// looks like ours.
const NASTY: &str = "x\u{1b}[2J\u{1b}]8;;http://evil.example\u{7}y\u{1b}\\\u{9b}31m\u{202e}\u{2066}\u{200f}\u{85}\u{2028}\r\n\u{7f}\nerror[PL0001]: faked";

/// Is there a character that a terminal acts upon, or a line that is not ours?
#[track_caller]
fn harmless(what: &str, answer: &Answer) {
    for text in [&answer.stdout, &answer.stderr] {
        let bad = text.chars().find(|c| {
            let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            turns || c.is_control() && *c != '\n' && *c != '\t'
        });
        assert_eq!(bad, None, "{what}: {text:?}");
        let faked = text
            .lines()
            .find(|line| line.trim_start().starts_with("error[PL0001]: faked"));
        assert_eq!(faked, None, "{what}: {text}");
    }
}

async fn everything(desk: &Desk, what: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for format in ["text", "json", "yaml"] {
        for line in [
            "validate link.yaml",
            "plan -vv link.yaml",
            "apply --yes link.yaml",
            "drift link.yaml",
            "destroy --yes link.yaml",
        ] {
            let line = format!("{line} -o {format}");
            let answer = desk.run(&line).await;
            harmless(&format!("{what}: {line}"), &answer);
            match format {
                "json" => assert!(
                    answer.json().is_object(),
                    "{what}: {line}: {}",
                    answer.stdout
                ),
                "yaml" => {
                    let read: Result<Value, String> =
                        privatelink_e2e::scenario::yaml(&answer.stdout);
                    assert!(
                        read.is_ok_and(|it| it.is_object()),
                        "{what}: {line}: {}",
                        answer.stdout
                    );
                }
                _ => {}
            }
            answers.push(answer);
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_cloud_steer_nothing() {
    let desk = Desk::new("terminal_errors").await;
    let refused = json!({ "status": 400, "reason": "INVALID_ARGUMENT", "message": NASTY });
    let ended = json!({ "operationError": { "code": 9, "message": NASTY } });
    for (operation, effect) in [
        ("run.*", refused.clone()),
        ("compute.*", refused.clone()),
        ("compute.routers.*", refused),
        ("run.*.patch", ended.clone()),
        ("vpcaccess.*.create", ended),
        ("run.*", json!({ "body": NASTY })),
    ] {
        desk.fault(json!({ "match": { "operation": operation }, "effect": effect }))
            .await;
        let answers = everything(&desk, operation).await;
        assert!(answers.iter().any(|answer| answer.code != 0), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_call_and_describe_things_steers_nothing() {
    let desk = Desk::new("terminal_names").await;
    let run = "projects/acme-prod/locations/europe-west1/services";
    let compute = "projects/acme-prod/regions/europe-west1";
    let network = "projects/acme-prod/global/networks/prod";
    // The names that ours will have, taken by somebody whose description speaks to the terminal.
    let plan = desk.run("plan -o json link.yaml").await.json();
    let named = |kind: &str| {
        let steps = plan["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["kind"] == kind).unwrap();
        step["id"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let mut state = two_services();
    let annotations = json!({ "privatelink.dev/egress": NASTY, "privatelink.dev/ingress": format!("{{\"v\":1,\"owner\":{}}}", json!(NASTY)) });
    state["run"][format!("{run}/orders")] = json!({ "annotations": annotations });
    state["run"][format!("{run}/billing")] =
        json!({ "annotations": annotations, "description": NASTY });
    state["compute"][format!("{compute}/routers/{}", named("Router"))] = json!({
        "network": network, "description": format!("privatelink.dev/v1 owner=a set=b link={NASTY}"),
    });
    state["compute"][format!("{compute}/subnetworks/{}", named("Subnetwork"))] = json!({
        "network": network, "ipCidrRange": "10.8.0.0/28", "description": NASTY,
    });
    desk.cloud.put_state(&state).await.unwrap();
    let answers = everything(&desk, "names").await;
    assert!(answers.iter().any(|answer| answer.code == 1));
    let refused = answers
        .iter()
        .any(|answer| answer.stderr.contains("PL0151"));
    assert!(refused, "{}", answers[1].stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn declarations_steer_nothing() {
    let desk = Desk::new("terminal_declarations").await;
    let nasty = json!(NASTY).to_string();
    for (what, from) in [
        ("a name", "orders-to-billing"),
        ("a namespace", "payments"),
        ("a service", "{name: orders}"),
        ("a value", "acme-prod"),
        ("an ingress", "Internal"),
        ("a field", "region"),
        ("a range", "10.8.0.0/28"),
        ("a kind", "PrivateLink"),
        ("a version", "privatelink.dev/v1alpha1"),
    ] {
        let text = LINK.replacen(from, &nasty, 1);
        assert_ne!(text, LINK);
        desk.write("link.yaml", &text);
        let answers = everything(&desk, what).await;
        assert!(answers.iter().any(|answer| answer.code == 1), "{what}");
    }
    // Not even as raw bytes, which YAML mostly refuses.
    desk.write("link.yaml", &LINK.replacen("acme-prod", NASTY, 1));
    everything(&desk, "raw").await;
    // An argument may have lines of its own: the user wrote it.
    let argument = NASTY.split('\n').next().unwrap();
    let asked = desk.privatelink.run(&["codes", argument]).await.unwrap();
    harmless("codes", &asked);
    let missing = desk
        .privatelink
        .run(&["plan", "nowhere\u{1b}[2J\u{202e}.yaml"])
        .await
        .unwrap();
    harmless("a path", &missing);
    let option = desk
        .privatelink
        .run(&["plan", "--set", argument, "link.yaml"])
        .await
        .unwrap();
    harmless("an option", &option);
}
