//! Texts of others that want to steer the terminal, fake a line or turn what is read around: in declarations, in
//! names and descriptions of the cloud, in its errors. Whatever the command and the format, nothing of it arrives.
//! Every run is one with colours: without, all escapes are stripped in the end, and the tests would see none.

use privatelink_e2e::privatelink::Answer;
use serde_json::{Value, json};

use super::{Desk, LINK, two_services};

/// Screens and titles; a colour that is none of ours and hides what follows; a link of OSC 8; C1; marks of direction; line ends, NUL, delete; a line that
/// looks like ours.
const NASTY: &str = "x\u{1b}[2J\u{1b}[8mhidden\u{1b}]8;;http://evil.example\u{7}y\u{1b}\\\u{9b}31m\u{202e}\u{2066}\u{200f}\u{85}\u{2028}\r\n\u{7f}\nerror[PL0001]: faked";

/// The text without the colours that we give it: bold, dim, the italics of the log, the sixteen, and the end of them.
fn without_our_colours(text: &str) -> String {
    let ours = |colour: &str| match colour.parse::<u8>() {
        Ok(number) => matches!(number, 0..=3 | 30..=37 | 90..=97),
        Err(_) => false,
    };
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((colours, rest)) if colours.split(';').all(ours) => plain.push_str(rest),
            Some(_) | None => plain.extend(["\u{1b}[", part]),
        }
    }
    plain
}

/// Is there a character that a terminal acts upon, or a line that is not ours?
#[track_caller]
fn harmless(what: &str, answer: &Answer) {
    for text in [&answer.stdout, &answer.stderr] {
        let plain = without_our_colours(text);
        let bad = plain.chars().find(|c| {
            let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            turns || c.is_control() && *c != '\n' && *c != '\t'
        });
        assert_eq!(bad, None, "{what}: {text:?}");
        let faked = plain
            .lines()
            .find(|line| line.trim_start().starts_with("error[PL0001]: faked"));
        assert_eq!(faked, None, "{what}: {text}");
    }
}

/// Runs it as on a terminal, where colours stay.
async fn in_colour(desk: &Desk, words: &[&str]) -> Answer {
    let mut command = desk.privatelink.command(words);
    command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    Answer::of(&mut command).await.unwrap()
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
            let words: Vec<&str> = line.split(' ').collect();
            let answer = in_colour(desk, &words).await;
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
    let coloured =
        |answer: &Answer| format!("{}{}", answer.stdout, answer.stderr).contains("\u{1b}[");
    assert!(answers.iter().any(coloured), "{what}: nothing has colours");
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
    let asked = in_colour(&desk, &["codes", argument]).await;
    harmless("codes", &asked);
    let missing = in_colour(&desk, &["plan", "nowhere\u{1b}[2J\u{202e}.yaml"]).await;
    harmless("a path", &missing);
    let option = in_colour(&desk, &["plan", "--set", argument, "link.yaml"]).await;
    harmless("an option", &option);
}

/// `conformance` with these options, in both formats; each says something of what was planted.
async fn conformance(desk: &Desk, what: &str, options: &[&str]) {
    for format in ["text", "json"] {
        let recording = format!("{}-{format}.har", what.replace(' ', "-"));
        let mut words = vec![
            "conformance",
            "--project",
            "acme-prod",
            "--yes",
            "-o",
            format,
        ];
        words.extend(["--region", "europe-west1", "--recording", &recording]);
        words.extend(options);
        let answer = in_colour(desk, &words).await;
        harmless(&format!("{what}: {}", words.join(" ")), &answer);
        let told = answer.stdout + &answer.stderr;
        assert!(told.contains("hidden"), "{what} struck nothing: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_conformance_is_answered_steers_nothing() {
    let desk = Desk::new("terminal_conformance").await;
    let refused = json!({ "status": 403, "reason": "PERMISSION_DENIED", "message": NASTY });
    let ended = json!({ "operationError": { "code": 9, "message": NASTY } });
    let routes = ["--only", "compute.route"];
    let clean_up = ["--clean-up", "ab12"];
    // A thing that an earlier run left, and another whose suffix is none; none has a slash in its name.
    let nasty = NASTY.replace('/', "");
    let items = json!([
        { "name": format!("pl-conformance-ab12{nasty}") }, { "name": format!("pl-conformance-{nasty}") },
    ]);
    let list = |items: &Value| json!({ "body": json!({ "items": items }).to_string() });
    let networks = |verb: &str| format!("compute.networks.{verb}");
    for (what, faults, options) in [
        (
            "a list",
            vec![(networks("list"), refused.clone())],
            vec![&routes[..], &clean_up],
        ),
        (
            "a success",
            vec![("compute.routes.insert".to_owned(), refused.clone())],
            vec![&routes],
        ),
        (
            "a network",
            vec![(networks("insert"), ended)],
            vec![&routes],
        ),
        (
            "a delete",
            vec![(networks("delete"), refused.clone())],
            vec![&routes],
        ),
        (
            "names",
            vec![
                (networks("list"), list(&items)),
                (networks("delete"), refused),
            ],
            vec![&routes, &clean_up],
        ),
    ] {
        let fault =
            |(operation, effect)| json!({ "match": { "operation": operation }, "effect": effect });
        let faults: Vec<Value> = faults.into_iter().map(fault).collect();
        for (number, options) in options.into_iter().enumerate() {
            let sent = desk
                .cloud
                .send("PUT", "/emulator/faults", &json!(faults))
                .await;
            sent.unwrap();
            conformance(&desk, &format!("{what} {number}"), options).await;
        }
        desk.cloud.put_state(&two_services()).await.unwrap();
    }
    // Google would not have such names, and what the backslash makes of such a path is no method.
    let nowhere = "an unknown method, path = \"DELETE /compute/v1/projects/acme-prod/global/networks/pl-conformance-ab12x";
    let mut violations = desk.cloud.take_violations();
    violations.retain(|told| !told.starts_with(nowhere));
    assert_eq!(violations, [""; 0]);
    let listed = in_colour(&desk, &["conformance", "--list"]).await;
    harmless("conformance --list", &listed);
    assert!(listed.stdout.contains("\u{1b}[1m"), "{}", listed.stdout);
}
