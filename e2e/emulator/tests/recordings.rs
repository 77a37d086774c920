//! The emulator held to recorded traffic of the real services. The recordings are not part of this
//! repository: `PRIVATELINK_RECORDINGS` names their folder, or they are beside the checkout.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use privatelink_emulator::discovery::{Held, Strictness, pinned};
use privatelink_emulator::replay::{Excuse, Line, Recording, Replayer, Table, Verdict};
use privatelink_emulator::{Exchange, Provenance, Reply, rules};

const FOLDER: &str = "PRIVATELINK_RECORDINGS";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files with the recordings, or `None`, having said so, where there are none.
fn recorded() -> Option<Vec<PathBuf>> {
    let named = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty());
    let folder = named
        .clone()
        .map_or_else(|| root().join("../shared/recordings"), PathBuf::from);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        assert!(
            named.is_none() || std::env::var("CI").as_deref() != Ok("true"),
            "{FOLDER} names {}, where there are no recordings",
            folder.display()
        );
        // Not by a macro, whose output is kept back for tests that pass.
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        let said = format!("{test} skipped: no recordings; set {FOLDER}\n");
        drop(std::io::stderr().write_all(said.as_bytes()));
        return None;
    }
    Some(files)
}

fn recordings() -> Option<Vec<Recording>> {
    let files = recorded()?;
    let read = |path: &PathBuf| Recording::read(path).unwrap_or_else(|error| panic!("{error}"));
    Some(files.iter().flat_map(read).collect())
}

/// Differences that are none of the emulator's.
fn excuses() -> Vec<Excuse> {
    let excuse = |recording: &str, operation: &str, field: &str, why: &str| Excuse {
        recording: recording.to_owned(),
        operation: operation.to_owned(),
        field: field.to_owned(),
        why: why.to_owned(),
    };
    vec![
        excuse(
            "real-compute-router.log",
            "compute.networks.get",
            "routingConfig",
            "the default network of that project shows none; every network that a recording makes has one",
        ),
        excuse(
            "real-compute-subnetwork.log",
            "compute.networks.get",
            "routingConfig.bgpBestPathSelectionMode",
            "the recording is of 2024; those of 2026 have this field",
        ),
    ]
}

fn play(replayer: &Replayer, recordings: &[Recording]) -> Vec<Line> {
    recordings
        .iter()
        .flat_map(|recording| replayer.play(recording))
        .collect()
}

fn usual() -> Replayer {
    Replayer {
        rules_off: Vec::new(),
        excuses: excuses(),
    }
}

#[test]
fn every_recorded_exchange_is_answered_as_it_was() {
    let Some(recordings) = recordings() else {
        return;
    };
    let lines = play(&usual(), &recordings);
    for line in &lines {
        println!("{line}");
    }
    println!("\n{}", Table::of(&lines));
    let failing: Vec<String> = lines
        .iter()
        .filter(|line| match &line.verdict {
            Verdict::Agrees | Verdict::Excused(_) => false,
            Verdict::Skipped(why) => !UNPLAYED.contains(&why.as_str()),
            Verdict::Differs(_) | Verdict::Unprepared(_) => true,
        })
        .map(ToString::to_string)
        .collect();
    assert!(failing.is_empty(), "{}", failing.join("\n"));
}

/// Why requests of the recordings are not played. What is served can get out of a recording's reach by no other way
/// than through this list.
const UNPLAYED: [&str; 17] = [
    "the emulator serves no cloudfunctions.functions",
    "the emulator serves no cloudfunctions.operations",
    "the emulator serves no compute.backendBuckets",
    "the emulator serves no compute.backendServices",
    "the emulator serves no compute.firewallPolicies",
    "the emulator serves no compute.forwardingRules",
    "the emulator serves no compute.healthChecks",
    "the emulator serves no compute.instances",
    "the emulator serves no compute.networkEndpointGroups",
    "the emulator serves no compute.sslCertificates",
    "the emulator serves no compute.targetHttpsProxies",
    "the emulator serves no compute.targetTcpProxies",
    "the emulator serves no compute.urlMaps",
    "the emulator serves no hypercomputecluster.clusters",
    "the emulator serves no networkconnectivity.internalRanges",
    "the emulator serves no servicenetworking.connections",
    "the recording client gave up; Google did not answer",
];

#[test]
fn a_default_that_is_taken_out_is_found_by_its_field() {
    let Some(recordings) = recordings() else {
        return;
    };
    for (rule, field) in [
        (
            "compute.network.default.firewall-policy-order",
            "networkFirewallPolicyEnforcementOrder",
        ),
        ("compute.subnetwork.default.stack-type", "stackType"),
        (
            "compute.nat.default.endpoint-types",
            "nats[0].endpointTypes",
        ),
        (
            "run.job.probe.default.period",
            "template.template.containers[0].startupProbe.periodSeconds",
        ),
        ("rpc.enum.numbers", "terminalCondition.state"),
    ] {
        let replayer = Replayer {
            rules_off: vec![rule.to_owned()],
            ..usual()
        };
        let named: BTreeSet<String> = play(&replayer, &recordings)
            .into_iter()
            .filter_map(|line| match line.verdict {
                Verdict::Differs(differences) => Some(differences),
                Verdict::Agrees
                | Verdict::Excused(_)
                | Verdict::Skipped(_)
                | Verdict::Unprepared(_) => None,
            })
            .flatten()
            .map(|difference| difference.field)
            .collect();
        assert!(named.contains(field), "without {rule}: {named:?}");
    }
}

/// Rules that no replay can miss, each with words of a recording that show it.
const QUOTED: [(&str, &str); 1] = [
    // Only of kinds that are not served here.
    (
        "compute.field.required",
        "\"message\": \"Required field 'resource.fingerprint' not specified\", \"reason\": \"required\"",
    ),
];

/// What is said to be recorded is in a recording: without the rule one of them differs, or its words stand there.
#[test]
fn without_a_recorded_rule_a_recording_differs() {
    let both = recorded().and_then(|files| Some((files, recordings()?)));
    let Some((files, recordings)) = both else {
        return;
    };
    let texts: Vec<String> = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let differs = |rule: &str| {
        let replayer = Replayer {
            rules_off: vec![rule.to_owned()],
            ..usual()
        };
        recordings
            .iter()
            .flat_map(|recording| replayer.play(recording))
            .any(|line| matches!(line.verdict, Verdict::Differs(_)))
    };
    let mut unseen = Vec::new();
    for rule in rules().filter(|rule| rule.provenance == Provenance::Recorded) {
        let quoted = QUOTED.iter().find(|(id, _)| *id == rule.id);
        match (differs(rule.id), quoted) {
            (true, None) => {}
            (false, Some((_, words))) if texts.iter().any(|text| text.contains(words)) => {}
            (false, None | Some(_)) => unseen.push(rule.id),
            (true, Some(_)) => panic!("{} needs no quotation", rule.id),
        }
    }
    assert_eq!(unseen, [""; 0], "in no recording");
}

#[test]
fn every_excuse_and_every_reason_not_to_play_is_needed() {
    let Some(recordings) = recordings() else {
        return;
    };
    let lines = play(&usual(), &recordings);
    let used: BTreeSet<&str> = lines
        .iter()
        .flat_map(|line| match &line.verdict {
            Verdict::Excused(excused) => excused.iter().map(|(_, why)| why.as_str()).collect(),
            Verdict::Skipped(why) => vec![why.as_str()],
            Verdict::Agrees | Verdict::Differs(_) | Verdict::Unprepared(_) => Vec::new(),
        })
        .collect();
    for excuse in excuses() {
        assert!(used.contains(excuse.why.as_str()), "{excuse:?}");
    }
    for why in UNPLAYED {
        assert!(used.contains(why), "{why}");
    }
}

const REFRESH: &str = "UPDATE=1 cargo test -p privatelink-emulator --test recordings";

/// Holds what stands between two comments of a page to `wanted`, or writes it.
fn is_fresh(page: &str, wanted: &str) {
    const FROM: &str = "<!-- recordings: written by the replay -->\n";
    const TO: &str = "<!-- /recordings -->";
    let file = root().join(page);
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text
        .split_once(FROM)
        .unwrap_or_else(|| panic!("{page} lacks {FROM}"));
    let (_, after) = rest
        .split_once(TO)
        .unwrap_or_else(|| panic!("{page} lacks {TO}"));
    let fresh = format!("{before}{FROM}{wanted}{TO}{after}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &fresh).unwrap();
    } else {
        assert!(
            text == fresh,
            "{page} is stale; refresh it with `{REFRESH}`"
        );
    }
}

#[test]
fn the_pages_quote_what_the_replay_came_to() {
    let Some(recordings) = recordings() else {
        return;
    };
    let table = Table::of(&play(&usual(), &recordings));
    is_fresh("docs/reference/emulator.md", &table.to_string());
    is_fresh("README.md", &format!("  {}.\n  ", table.totals()));
}

/// Every value of a recording that was not made anonymous is bound as a placeholder is.
#[test]
fn a_har_with_its_own_names_is_replayed() {
    let link = "https://www.googleapis.com/compute/v1/projects/mine/global";
    let operation = |status: &str, progress: u8| {
        serde_json::json!({
            "kind": "compute#operation", "id": "7000000000000000001", "name": "operation-1-2-3",
            "operationType": "insert", "targetLink": format!("{link}/networks/n"),
            "targetId": "7000000000000000002", "status": status, "user": "me@example.org",
            "progress": progress, "insertTime": "2026-01-01T00:00:00.000-07:00",
            "startTime": "2026-01-01T00:00:00.000-07:00",
            "selfLink": format!("{link}/operations/operation-1-2-3"),
        })
    };
    let mut done = operation("DONE", 100);
    done["endTime"] = serde_json::json!("2026-01-01T00:00:01.000-07:00");
    let base = "https://compute.googleapis.com/compute/v1/projects/mine/global";
    let entry = |method: &str, url: String, sent: serde_json::Value, body: &serde_json::Value| {
        serde_json::json!({
            "request": { "method": method, "url": url, "postData": { "text": sent.to_string() } },
            "response": { "status": 200, "content": { "text": body.to_string() } },
        })
    };
    let network = serde_json::json!({ "name": "n", "autoCreateSubnetworks": false });
    let har = serde_json::json!({ "log": { "entries": [
        entry("POST", format!("{base}/networks"), network, &operation("RUNNING", 0)),
        entry("GET", format!("{base}/operations/operation-1-2-3"), serde_json::Value::Null, &done),
    ] } });
    // Some programs put a byte order mark before it.
    for text in [har.to_string(), format!("\u{feff}{har}")] {
        let recordings = Recording::parse("mine.har", &text).unwrap();
        assert_eq!(recordings[0].exchanges.len(), 2);
        for line in Replayer::default().play(&recordings[0]) {
            assert_eq!(line.verdict, Verdict::Agrees, "{line}");
        }
    }
}

/// What the check against Google's description says of the real services has to be nothing: it asks for no more than
/// they keep to themselves. Values that were made anonymous are in no format.
#[test]
fn the_description_says_nothing_against_the_real_services() {
    let Some(recordings) = recordings() else {
        return;
    };
    let Ok(description) = pinned() else {
        return drop(Held::new().observers());
    };
    let lines = play(&usual(), &recordings);
    let served: BTreeSet<&str> = lines.iter().filter_map(|line| line.operation).collect();
    let (mut checked, mut found) = (0, Vec::new());
    for exchange in recordings.iter().flat_map(|it| &it.exchanges) {
        let Some(answer) = exchange.answer.as_ref().filter(|_| !exchange.partial) else {
            continue;
        };
        let url = exchange.url.replace("/compute/beta/", "/compute/v1/");
        let target = url.split_once("://").map_or(&*url, |(_, rest)| rest);
        let target = &target[target.find('/').unwrap()..];
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Some(&exchange.request).filter(|body| !body.is_null());
        let request = request.map(ToString::to_string).unwrap_or_default();
        let exchange = Exchange {
            operation: None,
            method: &exchange.method,
            path,
            query,
            user_agent: "",
            request: request.as_bytes(),
            reply: Reply::Sent(exchange.status, answer),
        };
        let outcome = description.check(&exchange, Strictness::AcceptedOnly);
        let method = outcome.method.unwrap_or_default();
        if served.contains(method.as_str()) {
            checked += 1;
            found.extend(outcome.violations);
        }
    }
    found.retain(|violation| !violation.value.to_string().contains("${"));
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{told:#?}");
    assert!(checked > 80, "{checked}");
    println!("{checked} recorded exchanges are as Google describes them");
}
