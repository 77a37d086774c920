//! For every managed field of every kind: somebody changes it, `drift` names exactly it, the repair writes only it, so
//! that everything is as it was, and the next turn is silent. Which fields there are, the kinds say; a field without a
//! way to tamper fails here.

#![allow(clippy::unwrap_used, clippy::panic)]

mod tampered {
    pub(crate) mod ways;
}

use std::path::Path;

use privatelink_core::kinds::{Kind, managed_fields};
use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_e2e::scenario::{Scenario, merge};
use privatelink_e2e::state::{differences, settled};
use serde_json::{Value, json};
use tampered::ways::{End, RECORDS, Request, Tampering, tamperings, wants_no_nat};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/every-field");

/// A cloud in which the scenario's declaration was applied.
struct Applied {
    cloud: Cloud,
    privatelink: Privatelink,
    /// The file of the declaration.
    declaration: String,
}

impl Applied {
    async fn new(kind: Kind) -> Self {
        let declaration = if wants_no_nat(kind) {
            without_nat()
        } else {
            "declare.yaml".to_owned()
        };
        let cloud = Cloud::start().await.unwrap();
        let scenario = Scenario::read(Path::new(FOLDER)).unwrap();
        cloud.put_state(&scenario.live).await.unwrap();
        let privatelink = Privatelink::new(BINARY, &cloud.url(), FOLDER);
        let applied = Self {
            cloud,
            privatelink,
            declaration,
        };
        let answer = applied.apply().await;
        assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
        applied
    }

    async fn apply(&self) -> Answer {
        let arguments = ["apply", "--yes", "-o", "json", &self.declaration];
        self.privatelink.run(&arguments).await.unwrap()
    }

    async fn drift(&self) -> Answer {
        let arguments = [
            "drift",
            "--detailed-exitcode",
            "-o",
            "json",
            &self.declaration,
        ];
        self.privatelink.run(&arguments).await.unwrap()
    }

    async fn tamper(&self, request: &Request) {
        match request {
            Request::Rest(method, path, body) => {
                self.cloud.send(method, path, body).await.unwrap();
            }
            Request::State(patch) => {
                let mut state = self.cloud.state();
                merge(&mut state, patch);
                self.cloud.put_state(&state).await.unwrap();
            }
        }
    }
}

/// The same declaration for a source that gives the internet up, in a file of its own.
fn without_nat() -> String {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("declare.yaml")).unwrap();
    let mut declaration: Value = privatelink_e2e::scenario::yaml(&text).unwrap();
    declaration["spec"]["internet"] = json!({"none": {}});
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tampered-without-nat.json");
    std::fs::write(&path, declaration.to_string()).unwrap();
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_with_any_managed_field_is_named_repaired_and_then_silent() {
    let (mut fields, mut ways, mut wrong) = (0, 0, Vec::new());
    for kind in Kind::ALL {
        for field in managed_fields(kind) {
            let count = tamperings(&Applied::new(kind).await.cloud, kind, field).len();
            for number in 0..count {
                let applied = Applied::new(kind).await;
                let tampering = tamperings(&applied.cloud, kind, field).remove(number);
                if let Err(what) = tamper_and_repair(&applied, kind, field, &tampering).await {
                    wrong.push(format!("{kind} {field}, {}: {what}", tampering.how));
                }
                ways += 1;
            }
            fields += 1;
        }
    }
    println!("{fields} managed fields, tampered with in {ways} ways");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is wrong, if anything is.
async fn tamper_and_repair(
    applied: &Applied,
    kind: Kind,
    field: &str,
    tampering: &Tampering,
) -> Result<(), String> {
    let before = applied.cloud.state();
    applied.tamper(&tampering.request).await;
    let wanted = as_repaired(&before, &applied.cloud.state());
    let answer = applied.drift().await;
    let (named, exit, repair) = match tampering.end {
        End::Named(fields, repair) => (fields, 2, Some(repair)),
        End::Unapplied(repair) => (&[][..], 0, Some(repair)),
        End::Told(_) => (&[][..], 0, None),
    };
    let found = named_by(&answer.json());
    let expected: Vec<(String, String)> = named
        .iter()
        .map(|field| (kind.name().to_owned(), (*field).to_owned()))
        .collect();
    same("what drift names", &found, &expected)?;
    same("the exit code of drift", &answer.code, &exit)?;
    if let End::Told(code) = tampering.end {
        told(&answer.json(), field, code)?;
    }
    repair_once(applied, repair, &wanted).await
}

/// One write of this method, if any, makes it so, and then there is nothing left to do.
async fn repair_once(
    applied: &Applied,
    repair: Option<&str>,
    wanted: &Value,
) -> Result<(), String> {
    applied.cloud.reset_requests().await.unwrap();
    let repaired = applied.apply().await;
    same("the exit code of apply", &repaired.code, &0)?;
    let requests = applied.cloud.requests().await.unwrap();
    same(
        "writes",
        &requests["writes"],
        &Value::from(u8::from(repair.is_some())),
    )?;
    if let Some(repair) = repair {
        same(repair, &requests["byOperation"][repair], &Value::from(1))?;
        let different = differences(wanted, &settled(&applied.cloud.state()));
        same("what is not as it was", &different, &Vec::new())?;
    }

    applied.cloud.reset_requests().await.unwrap();
    same(
        "the exit code of the next turn",
        &applied.apply().await.code,
        &0,
    )?;
    let writes = applied.cloud.writes().await.unwrap();
    same("writes of the next turn", &writes, &0)
}

/// What a repair comes to: everything as it was, but for what every write moves. Whoever removes a record removes the
/// memory of what was there before the link, so that the record that is written anew does not know it.
fn as_repaired(before: &Value, tampered: &Value) -> Value {
    let mut wanted = settled(before);
    for (service, key) in RECORDS {
        if tampered["run"][service]["annotations"][key].is_string() {
            continue;
        }
        let record = &mut wanted["run"][service]["annotations"][key];
        let mut anew: Value = serde_json::from_str(record.as_str().unwrap()).unwrap();
        anew["former"] = json!("Unknown");
        *record = json!(anew.to_string());
    }
    wanted
}

/// Kind and field of every change that `drift` calls drift.
fn named_by(report: &Value) -> Vec<(String, String)> {
    let mut named = Vec::new();
    for step in report["steps"].as_array().unwrap() {
        if !step["drift"].is_string() {
            continue;
        }
        for change in step["changes"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            named.push((text(&step["kind"]), text(&change["field"])));
        }
    }
    named
}

/// Does a step say under this code how the field differs?
fn told(report: &Value, field: &str, code: &str) -> Result<(), String> {
    let mut steps = report["steps"].as_array().unwrap().iter();
    let says = |step: &Value| {
        let mut changes = step["changes"].as_array().unwrap().iter();
        step["code"] == code && changes.any(|change| change["field"] == field)
    };
    if steps.any(says) {
        return Ok(());
    }
    Err(format!("no step says {field} under {code}: {report:#}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what}: {found:?} instead of {wanted:?}"))
}
