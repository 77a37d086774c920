//! Secrets are planted wherever one could come from; then every command runs, well and badly, in every format and
//! with all that it can log, and no output may hold one of them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use privatelink_e2e::privatelink::Answer;
use privatelink_e2e::untold::SIGNS;
use serde_json::{Value, json};

use super::{BINARY, Desk, folder, two_services};

/// In every secret, and in nothing else.
const PLANTED: &str = "PLANTED";
const ACCESS: &str = "ya29.PLANTED-access-0123456789";
const REFRESH: &str = "1//PLANTED-refresh-0123456789";
const CLIENT: &str = "GOCSPX-PLANTED-client-0123456789";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nPLANTEDkey0123456789\n-----END PRIVATE KEY-----\n";

#[track_caller]
fn clean(what: &str, answer: &Answer) {
    let Answer {
        code,
        stdout,
        stderr,
    } = answer;
    for text in [stdout, stderr] {
        if let Some(at) = text.find(PLANTED) {
            let from = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let line = text[from..].lines().next().unwrap_or_default();
            panic!("{what} (exit {code}) tells a secret: {line}");
        }
    }
}

/// Things of others that hold secrets, beside what the link is about.
fn secretive() -> Value {
    let run = "projects/acme-prod/locations/europe-west1/services";
    let compute = "projects/acme-prod/regions/europe-west1";
    let mut state = two_services();
    for service in ["orders", "billing", "other"] {
        state["run"][format!("{run}/{service}")] = json!({
            "annotations": { "team.example/key": format!("{PLANTED}-annotation") },
            "labels": { "team": "a" },
            "template": {
                "annotations": { "team.example/key": format!("{PLANTED}-annotation") },
                "containers": [{
                    "image": "europe-docker.pkg.dev/acme-prod/apps/a:1",
                    "env": [{ "name": "PASSWORD", "value": format!("{PLANTED}-environment") }],
                    "args": [format!("--password={PLANTED}-argument")],
                }],
            },
        });
    }
    state["compute"][format!("{compute}/routers/theirs")] = json!({
        "network": "projects/acme-prod/global/networks/prod",
        "description": format!("{PLANTED}-description"),
        "nats": [{
            "name": "theirs", "natIpAllocateOption": "AUTO_ONLY",
            "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
            "subnetworks": [{
                "name": format!("{compute}/subnetworks/theirs"), "sourceIpRangesToNat": ["ALL_IP_RANGES"],
            }],
        }],
    });
    state["compute"][format!("{compute}/subnetworks/theirs")] = json!({
        "network": "projects/acme-prod/global/networks/prod", "ipCidrRange": "10.99.0.0/24",
        "description": format!("{PLANTED}-description"),
    });
    state
}

/// Every command in every format, with everything that it can log.
async fn everything(desk: &Desk, what: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for format in ["text", "json", "yaml"] {
        for line in [
            "validate link.yaml",
            "plan link.yaml",
            "apply --yes link.yaml",
            "drift link.yaml",
            "plan --prune link.yaml",
            "destroy --yes link.yaml",
        ] {
            let line = format!("{line} -vv -o {format}");
            let answer = desk.run(&line).await;
            clean(&format!("{what}: {line}"), &answer);
            answers.push(answer);
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn what_services_and_networks_of_others_hold_is_not_told() {
    let desk = Desk::new("secrets_live").await;
    desk.cloud.put_state(&secretive()).await.unwrap();
    let answers = everything(&desk, "all is well").await;
    assert!(answers.iter().all(|answer| answer.code == 0), "{answers:?}");
    assert!(
        answers[1]
            .stderr
            .contains("run.projects.locations.services.list")
    );
    let mut traced = desk.privatelink.command(&["plan", "link.yaml"]);
    let traced = Answer::of(traced.env("RUST_LOG", "trace")).await.unwrap();
    clean("plan with RUST_LOG=trace", &traced);
    assert!(traced.stderr.contains("TRACE"), "{}", traced.stderr);
    // It was there to be told, and none of it was lost.
    let state = desk.cloud.state().to_string();
    for kind in ["annotation", "environment", "argument", "description"] {
        assert!(state.contains(&format!("{PLANTED}-{kind}")), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_cloud_repeats_in_an_error_is_not_told() {
    let desk = Desk::new("secrets_errors").await;
    desk.cloud.put_state(&secretive()).await.unwrap();
    let words = format!("Request had invalid credentials: Bearer {ACCESS}, {REFRESH}; {KEY}");
    let refused = |operation: &str, effect: Value| json!({ "match": { "operation": operation }, "effect": effect });
    let answered = json!({ "status": 401, "reason": "UNAUTHENTICATED", "message": words });
    let page =
        json!({ "body": format!("<html>token={ACCESS} {{\"refresh_token\":\"{REFRESH}\"}}") });
    let ended = json!({ "operationError": { "code": 9, "message": words } });
    for fault in [
        refused("run.*", answered.clone()),
        refused("compute.*", answered),
        refused("run.*", page.clone()),
        refused("compute.*", page),
        refused("run.*.patch", ended),
    ] {
        desk.fault(fault.clone()).await;
        let answers = everything(&desk, &fault.to_string()).await;
        assert!(
            answers.iter().any(|answer| answer.code != 0),
            "{fault} struck nothing"
        );
    }
}

/// The other commands, and the files that they write.
#[tokio::test(flavor = "multi_thread")]
async fn neither_the_demo_nor_conformance_nor_a_recording_tells_a_secret() {
    let desk = Desk::new("secrets_recorded").await;
    desk.cloud.put_state(&secretive()).await.unwrap();
    let words = format!("Request had invalid credentials: Bearer {ACCESS}, {REFRESH}; {KEY}");
    let refused = |operation: &str, effect: Value| json!({ "match": { "operation": operation }, "effect": effect });
    let answered = |status: u16| json!({ "status": status, "message": words });
    let ended = json!({ "operationError": { "code": 9, "message": words } });
    // Whether it is told that something was taken out, and whether it is recorded: what says nothing about a rule is not.
    for (number, (fault, told, recorded)) in [
        (refused("*", json!({ "latency": "0s" })), false, false),
        (
            refused("compute.routers.insert", answered(401)),
            true,
            false,
        ),
        (refused("compute.routers.insert", answered(400)), true, true),
        (refused("compute.networks.insert", ended), true, true),
    ]
    .into_iter()
    .enumerate()
    {
        desk.fault(fault.clone()).await;
        let line = format!(
            "conformance --project acme-prod --region europe-west1 --yes -vv --only compute.router,compute.network \
             --recording {number}.har"
        );
        let answer = desk.run(&line).await;
        clean(&format!("{fault}: {line}"), &answer);
        assert_eq!(answer.stdout.contains("[token]"), told, "{fault}");
        let recording = fs::read_to_string(desk.folder.join(format!("{number}.har"))).unwrap();
        assert_eq!(recording.contains("[token]"), recorded, "{fault}");
        let recording = Answer {
            stdout: recording,
            ..answer
        };
        clean(&format!("{fault}: the recording"), &recording);
    }
    clean("demo", &desk.run("demo -vv").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_an_address_is_not_told() {
    let desk = Desk::new("secrets_addresses").await;
    let secret = format!("me:{PLANTED}@");
    let own = desk.cloud.url().replace("http://", "");
    for (variable, value) in [
        ("PRIVATELINK_ENDPOINT", format!("http://{secret}{own}")),
        (
            "PRIVATELINK_ENDPOINT",
            format!("https://{secret}127.0.0.1:9"),
        ),
        ("PRIVATELINK_ENDPOINT", format!("ftp://{secret}127.0.0.1:9")),
        (
            "PRIVATELINK_ENDPOINT",
            format!("http://{secret}127.0.0.1:99999"),
        ),
        ("PRIVATELINK_ENDPOINT", format!("{secret}127.0.0.1:9/@")),
        (
            "PRIVATELINK_ENDPOINT",
            format!("http://127.0.0.1:9/?key={PLANTED}"),
        ),
        ("HTTP_PROXY", format!("http://{secret}127.0.0.1:9")),
        ("ALL_PROXY", format!("http://{secret}127.0.0.1:9")),
        ("HTTP_PROXY", format!("{secret}:::")),
    ] {
        for arguments in [
            ["plan", "-vv", "link.yaml"],
            ["apply", "--yes", "link.yaml"],
        ] {
            let mut command = desk.privatelink.command(&arguments);
            let answer = Answer::of(command.env(variable, &value)).await.unwrap();
            clean(&format!("{variable}={value}"), &answer);
            assert_eq!(answer.code, 1, "{variable}={value}: {}", answer.stderr);
        }
    }
}

/// Answers every request with this, until the process ends; the address it listens on.
fn server(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let mut stream = stream;
            let mut head = [0; 8192];
            let _ = stream.read(&mut head);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.as_bytes());
        }
    });
    address
}

/// A run with these credentials that reaches nothing but this machine: Google's names are asked of a proxy that
/// leads nowhere.
async fn with_credentials(folder: &Path, credentials: &str) -> Vec<(String, Answer)> {
    let file = folder.join("credentials.json");
    fs::write(&file, credentials).unwrap();
    let repeated = format!("no way for Bearer {ACCESS} with {REFRESH}");
    let proxy = server("407 Proxy Authentication Required", repeated);
    let mut answers = Vec::new();
    for endpoint in [None, Some("https://127.0.0.1:9")] {
        for format in ["text", "json"] {
            let mut command = tokio::process::Command::new(BINARY);
            command
                .args(["plan", "-vv", "-o", format, "link.yaml"])
                .current_dir(folder)
                .env_clear()
                .env("GOOGLE_APPLICATION_CREDENTIALS", &file)
                .env("HTTPS_PROXY", format!("http://me:{PLANTED}@{proxy}"))
                .env("NO_PROXY", "127.0.0.1")
                .env("RUST_LOG", "trace")
                .stdin(std::process::Stdio::null());
            if let Some(endpoint) = endpoint {
                command.env("PRIVATELINK_ENDPOINT", endpoint);
            }
            let answer = Answer::of(&mut command).await.unwrap();
            answers.push((format!("endpoint {endpoint:?}, {format}"), answer));
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_not_told_whether_they_work_or_not() {
    let folder = folder("secrets_credentials");
    fs::write(folder.join("link.yaml"), super::LINK).unwrap();
    let good = server(
        "200 OK",
        json!({ "access_token": ACCESS, "expires_in": 3600, "token_type": "Bearer" }).to_string(),
    );
    let repeating = server(
        "400 Bad Request",
        json!({ "error": "invalid_grant", "error_description": format!("{REFRESH} of {CLIENT} was revoked") }).to_string(),
    );
    let page = server("400 Bad Request", format!("<html>{REFRESH} {CLIENT}"));
    let user = |server: &str| {
        json!({
            "type": "authorized_user", "client_id": "id", "client_secret": CLIENT, "refresh_token": REFRESH,
            "token_uri": format!("http://{server}/token"),
        })
        .to_string()
    };
    let account = json!({
        "type": "service_account", "project_id": "acme-prod", "private_key_id": format!("{PLANTED}id"),
        "private_key": KEY, "client_email": "a@acme-prod.iam.gserviceaccount.com",
        "token_uri": format!("http://{good}/token"),
    })
    .to_string();
    let half = account[..account.len() - 30].to_owned();
    let wrong_type = json!({ "type": CLIENT, "refresh_token": REFRESH }).to_string();
    let wrong_shape =
        json!({ "type": "authorized_user", "refresh_token": [REFRESH], "client_secret": CLIENT })
            .to_string();
    for (what, credentials) in [
        ("a token that works", user(&good)),
        ("a server that repeats", user(&repeating)),
        ("a page", user(&page)),
        ("a key that is none", account),
        ("half a file", half),
        ("an unknown type", wrong_type),
        ("a wrong shape", wrong_shape),
    ] {
        for (how, answer) in with_credentials(&folder, &credentials).await {
            clean(&format!("{what}, {how}"), &answer);
            assert_eq!(answer.code, 1, "{what}, {how}: {}", answer.stderr);
            assert!(
                answer.stderr.contains("PL0"),
                "{what}, {how}: {}",
                answer.stderr
            );
        }
    }
}

/// Every run of the tests could read these credentials, so the signs have to know each secret in them.
#[test]
fn what_is_planted_for_every_run_is_known_by_a_sign() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../e2e/planted.json");
    let planted: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    for name in ["client_secret", "refresh_token"] {
        let secret = planted[name].as_str().unwrap();
        assert!(SIGNS.iter().any(|sign| secret.contains(sign)), "{name}");
    }
}

/// What is kept in the repository holds nothing that looks like a secret, and nothing of what tests plant.
#[test]
fn no_golden_looks_like_it_holds_a_secret() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // Credentials of nobody, which every run of the tests could read.
            if path.ends_with("e2e/planted.json") {
                continue;
            }
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                walk(&path, found);
            }
            let kept = ["txt", "snap", "yaml", "json", "md", "log", "har", "toml"];
            if path
                .extension()
                .is_none_or(|ending| !kept.contains(&&*ending.to_string_lossy()))
            {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            for sign in SIGNS
                .into_iter()
                .chain(["\"refresh_token\"", "\"private_key\""])
            {
                if text.contains(sign) {
                    found.push(format!("{}: {sign}", path.display()));
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        &mut found,
    );
    assert!(found.is_empty(), "{found:#?}");
}
