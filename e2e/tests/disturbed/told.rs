//! What each failure looks like to the person at the terminal: the text, the exit code, how often the request was
//! sent. One golden per fault, in `e2e/tests/disturbed/told/`; `UPDATE_GOLDEN=1` writes them anew.

use std::collections::BTreeSet;
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

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/plain");
const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/tests/disturbed/told");

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Plan,
    Apply,
    Drift,
    Destroy,
}

impl Command {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Plan => &["plan", "declare.yaml"],
            Self::Apply => &["apply", "--yes", "declare.yaml"],
            Self::Drift => &["drift", "declare.yaml"],
            Self::Destroy => &["destroy", "--yes", "declare.yaml"],
        }
    }

    /// Is there something to look at, or to undo, only when the link has been applied?
    fn comes_later(self) -> bool {
        match self {
            Self::Plan | Self::Apply => false,
            Self::Drift | Self::Destroy => true,
        }
    }
}

/// For whom something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Whatever goes wrong.
    Every,
    /// The faults that are told in words of their own: somebody has to be given a right, Google fails, nobody knows what
    /// became of it.
    Telling,
    /// And what comes of an operation, or of somebody else's write.
    Particular,
}

const ROUTERS: &str = "compute.routers.aggregatedList";
const SERVICES: &str = "run.projects.locations.services.list";
const CONNECTORS: &str = "vpcaccess.projects.locations.connectors.list";
const SERVICE: &str = "run.projects.locations.services.patch";

/// A read and a write of each API, and a read of each command. Refusals look alike wherever they strike, so that most
/// are shown at two places only.
const SHOWN: [(Command, &str, For); 12] = [
    (Command::Apply, ROUTERS, For::Every),
    (Command::Apply, SERVICES, For::Telling),
    (Command::Apply, CONNECTORS, For::Telling),
    (Command::Apply, "compute.routers.insert", For::Particular),
    (Command::Apply, "compute.routers.patch", For::Particular),
    (
        Command::Apply,
        "vpcaccess.projects.locations.connectors.create",
        For::Particular,
    ),
    (Command::Apply, SERVICE, For::Every),
    (Command::Plan, ROUTERS, For::Telling),
    (Command::Drift, SERVICES, For::Telling),
    (Command::Drift, CONNECTORS, For::Telling),
    (Command::Destroy, ROUTERS, For::Telling),
    (
        Command::Destroy,
        "vpcaccess.projects.locations.connectors.delete",
        For::Particular,
    ),
];

/// How often a fault strikes: for good, unless the program waits until it is over.
fn times(fault: Fault) -> Option<u64> {
    match fault {
        Fault::RateLimitExceeded
        | Fault::TooManyRequests
        | Fault::RetryAfter
        | Fault::OtherWriter
        // The first list comes before anything is written.
        | Fault::StaleListSeconds => Some(2),
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
        .chain(compare(WAITED_OUT, &waited))
        .chain(strays())
        .collect()
}

/// The golden of an operation that never ends, when nobody interrupts the run.
const WAITED_OUT: &str = "operation-never-waited-out";

/// Goldens that no fault has: of one that was renamed, say.
fn strays() -> Vec<String> {
    let known: BTreeSet<PathBuf> = Fault::ALL
        .map(Fault::name)
        .into_iter()
        .chain([WAITED_OUT])
        .map(file)
        .collect();
    let files = std::fs::read_dir(GOLDENS).unwrap();
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| !known.contains(path))
        .map(|path| format!("{} is no fault's golden", path.display()))
        .collect()
}

/// Where an operation does not end for as long as we wait, which is where it takes minutes.
const SLOW: [&str; 2] = ["vpcaccess.projects.locations.connectors.create", SERVICE];

/// How much faster time runs meanwhile: twenty minutes are twelve seconds.
const FASTER: [&str; 5] = ["apply", "--yes", "--time-scale", "0.01", "declare.yaml"];

/// An operation that never ends, when nobody interrupts the run.
async fn waited_out() -> String {
    let scenario = Scenario::read(Path::new(FOLDER)).unwrap();
    let live = &scenario.live;
    let told = SLOW.map(|operation| async move {
        let cloud = Cloud::start().await.unwrap();
        cloud.put_state(live).await.unwrap();
        let effect = json!({"operationNever": true});
        let order = json!({"match": {"operation": operation}, "effect": effect});
        cloud.order(&[order]).await.unwrap();
        let (shown, code) = shown(&cloud, &FASTER, false).await;
        let shown = shown.replace(&plan_of(&shown).unwrap(), THE_PLAN);
        format!(
            "## operation-never at {operation}, every time, and nobody interrupts\n\n$ privatelink {}\n{shown}\nexit {code}\n\n",
            FASTER.join(" ")
        )
    });
    futures::future::join_all(told).await.concat()
}

fn file(name: &str) -> PathBuf {
    Path::new(GOLDENS).join(name).with_extension("txt")
}

fn compare(name: &str, told: &str) -> Option<String> {
    let path = file(name);
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

/// What stands for the plan of a run that nothing disturbs.
const THE_PLAN: &str = "[the plan as it always is]\n";

/// What a fault is told as, wherever it is shown.
async fn golden(fault: Fault) -> String {
    let cloud = Cloud::start().await.unwrap();
    let live = Scenario::read(Path::new(FOLDER)).unwrap().live;
    cloud.put_state(&live).await.unwrap();
    shown(&cloud, Command::Apply.arguments(), false).await;
    let applied = cloud.state();
    let mut text = String::new();
    for (command, operation, whom) in SHOWN {
        if fault.left_out(operation).is_none() && is_shown(fault, operation, whom) {
            let before = if command.comes_later() {
                &applied
            } else {
                &live
            };
            text += &section(&cloud, before, fault, command, operation).await;
        }
    }
    text
}

/// What one command tells when a fault strikes one operation.
async fn section(
    cloud: &Cloud,
    before: &Value,
    fault: Fault,
    command: Command,
    operation: &str,
) -> String {
    cloud.order(&[]).await.unwrap();
    cloud.put_state(before).await.unwrap();
    let (usual, _) = shown(cloud, command.arguments(), false).await;
    cloud.put_state(before).await.unwrap();
    let mut order = json!({"match": {"operation": operation}, "effect": fault.effect(operation)});
    let mut often = "every time".to_owned();
    if let Some(times) = times(fault) {
        order["times"] = json!(times);
        often = format!("{times} times");
    }
    cloud.order(&[order]).await.unwrap();
    cloud.reset_requests().await.unwrap();
    let interrupted = fault == Fault::OperationNever;
    let (told, code) = shown(cloud, command.arguments(), interrupted).await;
    let operations = cloud.operations().await.unwrap();
    // Nothing disturbs the list of networks, and every look at the world reads it once.
    let (sent, looks) = (operations[operation], operations["compute.networks.list"]);
    let told = match plan_of(&usual) {
        Some(plan) => told.replace(&plan, THE_PLAN),
        None => told,
    };
    let sent = match sent {
        1 => "once".to_owned(),
        _ => format!("{sent} times"),
    };
    format!(
        "## {} at {operation}, {often}\n\n$ privatelink {}\n{told}\nexit {code}; sent {sent}, in {looks} looks at the world\n\n",
        fault.name(),
        command.arguments().join(" "),
    )
}

/// The plan at the beginning of what was printed, to its last line; a command that makes none prints none.
fn plan_of(text: &str) -> Option<String> {
    let last = text.find("\nPlan: ")? + 1;
    let end = last + text[last..].find('\n')? + 1;
    Some(text[..end].to_owned())
}

/// Is what this fault comes to shown at an operation that is for these?
fn is_shown(fault: Fault, operation: &str, whom: For) -> bool {
    let particular = matches!(fault, Fault::OperationError | Fault::OtherWriter);
    let telling = matches!(
        fault,
        Fault::PermissionDenied | Fault::Unavailable | Fault::ResetAfter
    );
    match (fault, whom) {
        // When the last write is struck, all others are done: what is told is the same each time.
        (Fault::OperationNever, _) => operation == SERVICE,
        // Only a connector can end so.
        (Fault::ConnectorError, _) | (_, For::Every) => true,
        (_, For::Telling) => telling,
        (_, For::Particular) => telling || particular,
    }
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

/// Times, versions and the names of operations are other ones each time, and systems number errors as they like; steps end in any order.
fn steady(text: &str) -> String {
    let volatile = [
        (r"\b\d+\.\d s\b", "0.1 s"),
        (r#"'"[^']*"'"#, "'ETAG'"),
        (r"operation-[0-9a-f-]+", "OPERATION"),
        (r"-(\d{5})-[a-z]{3}\b", "-$1-xyz"),
        (r"os error \d+", "os error N"),
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
