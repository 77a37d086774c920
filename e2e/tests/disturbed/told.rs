//! What each failure looks like to the person at the terminal: the text, the exit code, how often the request was
//! sent. One golden per fault, in `e2e/tests/disturbed/told/`; `UPDATE_GOLDEN=1` writes them anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt as _;
use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_e2e::scenario::Scenario;
use regex::Regex;
use serde_json::{Value, json};

use crate::BINARY;
use crate::faults::Fault;
use crate::operations::Sort;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/plain");
const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/tests/disturbed/told");
const APPLY: [&str; 3] = ["apply", "--yes", "declare.yaml"];

/// A read and a write of each sort of API, as far as the fault is for them.
const SHOWN: [&str; 5] = [
    "compute.routers.aggregatedList",
    "compute.routers.insert",
    "compute.routers.patch",
    "vpcaccess.projects.locations.connectors.create",
    "run.projects.locations.services.patch",
];

/// How often a fault strikes: for good, unless the program waits until it is over.
fn times(fault: Fault) -> Option<u64> {
    match fault {
        Fault::RateLimitExceeded
        | Fault::TooManyRequests
        | Fault::RetryAfter
        | Fault::OtherWriter => Some(2),
        Fault::ApiDisabled
        | Fault::PermissionDenied
        | Fault::QuotaExceeded
        | Fault::InternalError
        | Fault::Unavailable
        | Fault::Refused
        | Fault::Latency
        | Fault::ResetBefore
        | Fault::ResetAfter
        | Fault::Truncate
        | Fault::Body
        | Fault::ClockSkew
        | Fault::OperationError
        | Fault::OperationNever
        | Fault::ConnectorError
        | Fault::Unreachable
        | Fault::StaleList
        | Fault::LosePage => None,
    }
}

/// Compares every fault's golden with what is told today; the differences.
pub(crate) async fn differences() -> Vec<String> {
    let told = futures::stream::iter(Fault::ALL)
        .map(|fault| tokio::spawn(async move { compare(fault.name(), &golden(fault).await) }))
        .buffer_unordered(4);
    let (told, waited) = futures::join!(
        told.filter_map(|told| async move { told.unwrap() })
            .collect::<Vec<_>>(),
        waited_out()
    );
    told.into_iter()
        .chain(compare("operation-never-waited-out", &waited))
        .collect()
}

/// Where an operation does not end for as long as we wait, which is where it takes minutes.
const WAITED_OUT: [&str; 2] = [
    "vpcaccess.projects.locations.connectors.create",
    "run.projects.locations.services.patch",
];

/// How much faster time runs meanwhile: twenty minutes are twelve seconds.
const FASTER: [&str; 5] = ["apply", "--yes", "--time-scale", "0.01", "declare.yaml"];

/// An operation that never ends, when nobody interrupts the run.
async fn waited_out() -> String {
    let scenario = Scenario::read(Path::new(FOLDER)).unwrap();
    let live = &scenario.live;
    let told = WAITED_OUT.map(|operation| async move {
        let cloud = Cloud::start().await.unwrap();
        cloud.put_state(live).await.unwrap();
        let effect = json!({"operationNever": true});
        let order = json!({"match": {"operation": operation}, "effect": effect});
        cloud.order(&[order]).await.unwrap();
        let (shown, code) = shown(&cloud, &FASTER, false).await;
        let shown = shown.replace(&plan_of(&shown), "[the plan as it always is]\n");
        format!(
            "## operation-never at {operation}, every time, and nobody interrupts\n\n$ privatelink {}\n{shown}\nexit {code}\n\n",
            FASTER.join(" ")
        )
    });
    futures::future::join_all(told).await.concat()
}

fn compare(name: &str, told: &str) -> Option<String> {
    let path: PathBuf = Path::new(GOLDENS).join(name).with_extension("txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(GOLDENS).unwrap();
        std::fs::write(&path, told).unwrap();
        return None;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let same = golden == told;
    (!same).then(|| {
        format!(
            "{} differs from its golden; now it is:\n{told}",
            path.display()
        )
    })
}

async fn golden(fault: Fault) -> String {
    let cloud = Cloud::start().await.unwrap();
    let scenario = Scenario::read(Path::new(FOLDER)).unwrap();
    let often = match times(fault) {
        Some(times) => format!("{times} times"),
        None => "every time".to_owned(),
    };
    cloud.put_state(&scenario.live).await.unwrap();
    let usual = plan_of(&shown(&cloud, &APPLY, false).await.0);
    let mut text = String::new();
    for operation in SHOWN {
        if fault.left_out(operation).is_some() || too_much_of_the_same(fault, operation) {
            continue;
        }
        cloud.put_state(&scenario.live).await.unwrap();
        let mut order =
            json!({"match": {"operation": operation}, "effect": fault.effect(operation)});
        if let Some(times) = times(fault) {
            order["times"] = json!(times);
        }
        cloud.order(&[order]).await.unwrap();
        cloud.reset_requests().await.unwrap();
        let interrupted = fault == Fault::OperationNever;
        let (shown, code) = shown(&cloud, &APPLY, interrupted).await;
        let operations = cloud.operations().await.unwrap();
        // Nothing disturbs the list of networks, and every look at the world reads it once.
        let (sent, looks) = (operations[operation], operations["compute.networks.list"]);
        cloud.order(&[]).await.unwrap();
        let shown = shown.replace(&usual, "[the plan as it always is]\n");
        let _ = write!(
            text,
            "## {} at {operation}, {often}\n\n$ privatelink {}\n{shown}\nexit {code}; sent {}, in {looks} looks at the world\n\n",
            fault.name(),
            APPLY.join(" "),
            if sent == 1 {
                "once".to_owned()
            } else {
                format!("{sent} times")
            },
        );
    }
    text
}

/// The plan at the beginning of what was printed, to its last line.
fn plan_of(text: &str) -> String {
    let last = text.find("\nPlan: ").unwrap() + 1;
    let end = last + text[last..].find('\n').unwrap() + 1;
    text[..end].to_owned()
}

/// Refusals look alike wherever they strike; two places are enough.
fn too_much_of_the_same(fault: Fault, operation: &str) -> bool {
    let particular = matches!(fault, Fault::OperationError | Fault::OtherWriter);
    let representative = matches!(
        operation,
        "compute.routers.aggregatedList" | "run.projects.locations.services.patch"
    );
    // When the last write is struck, all others are done: what is told is the same each time.
    if fault == Fault::OperationNever {
        return operation != "run.projects.locations.services.patch";
    }
    let only = Sort::of(operation) == Sort::Create && fault == Fault::ConnectorError;
    !(particular || representative || only)
}

/// Standard output and standard error as they come on one terminal, without what differs from run to run.
async fn shown(cloud: &Cloud, run: &[&str], interrupted: bool) -> (String, i32) {
    let privatelink = Privatelink::new("/bin/sh", &cloud.url(), FOLDER);
    let mut arguments = vec!["-c", "exec \"$0\" \"$@\" 2>&1", BINARY];
    arguments.extend(run);
    let child = privatelink
        .command(&arguments)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    if interrupted {
        while cloud.struck().await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let process = child.id().unwrap().to_string();
        std::process::Command::new("kill")
            .args(["-INT", &process])
            .status()
            .unwrap();
    }
    let answer = Answer::at_the_end_of(child).await.unwrap();
    (steady(&answer.stdout), answer.code)
}

/// Times, versions and the names of operations are other ones each time; steps end in any order.
fn steady(text: &str) -> String {
    let volatile = [
        (r"\b\d+\.\d s\b", "0.1 s"),
        (r#"'"[^']*"'"#, "'ETAG'"),
        (r"operation-[0-9a-f-]+", "OPERATION"),
        (r"-(\d{5})-[a-z]{3}\b", "-$1-xyz"),
    ];
    let mut text = text.to_owned();
    for (pattern, with) in volatile {
        text = Regex::new(pattern)
            .unwrap()
            .replace_all(&text, with)
            .into_owned();
    }
    let step =
        Regex::new(r"^  \S+ (Subnetwork|Address|Router|Nat|Connector|Service\w+) \S+  \S").unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    for group in lines.chunk_by_mut(|a, b| step.is_match(a) && step.is_match(b)) {
        if step.is_match(group[0]) {
            group.sort_unstable();
        }
    }
    lines.join("\n")
}

/// Every effect and preset that the reference shows is one of our faults.
pub(crate) fn known_from_the_reference(reference: &str) -> Vec<String> {
    let ours: Vec<Value> = Fault::ALL
        .iter()
        .map(|fault| fault.effect("compute.routers.patch"))
        .collect();
    let shown = reference
        .split("```json")
        .skip(1)
        .filter_map(|block| serde_json::from_str::<Value>(block.split("```").next()?).ok())
        .flat_map(|list| list.as_array().cloned().unwrap_or_default())
        .map(|fault| fault["effect"].clone())
        .filter(Value::is_object);
    let same = |ours: &Value, shown: &Value| {
        let keys = |effect: &Value| {
            effect
                .as_object()
                .map(|fields| fields.keys().next().cloned())
        };
        ours["preset"] == shown["preset"]
            && (keys(ours) == keys(shown) || ours.get("preset").is_some())
    };
    let unknown = shown.filter(|shown| {
        let status = shown.get("status").is_some();
        !status && !ours.iter().any(|ours| same(ours, shown))
    });
    unknown.map(|effect| effect.to_string()).collect()
}
