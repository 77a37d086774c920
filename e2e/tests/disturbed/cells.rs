//! One cell: an act is disturbed once by one fault, and then played again.

use std::fmt;
use std::time::Duration;

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::news::{advice, diagnostics, news};
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_e2e::recovery::{Expectation, is_undisturbed, recovers, run, sound};
use privatelink_e2e::rehearsal::{Act, faults, strike};
use serde_json::{Value, json};

use crate::BINARY;
use crate::faults::Fault;
use crate::meddling::{self, REDEPLOYED};

/// One fault at the nth request of one operation in one act.
#[derive(Debug, Clone)]
pub(crate) struct Cell<'a> {
    pub(crate) act: &'a Act,
    pub(crate) operation: &'a str,
    pub(crate) nth: u64,
    pub(crate) fault: Fault,
}

/// How an act came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The disturbed run itself came to the end of an undisturbed one.
    SameRun,
    /// It said what went wrong, and the next run came there.
    NextRun,
    /// Somebody else's NAT entry was overwritten, and the run said so: the one thing that can be lost, because
    /// a router has no version.
    LostAndTold,
    /// The run ended before the request that was to be struck; how often it polls, say, varies.
    NotStruck,
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            act,
            operation,
            nth,
            fault,
        } = self;
        write!(
            out,
            "{} at {operation} number {nth} of {}",
            fault.name(),
            act.title()
        )
    }
}

impl Cell<'_> {
    pub(crate) async fn play(&self, cloud: &Cloud) -> Result<Outcome, String> {
        self.try_play(cloud)
            .await
            .map_err(|wrong| format!("{self}: {wrong}"))
    }

    /// What is there before: whoever puts a NAT entry into a router has a subnetwork for it.
    fn before(&self) -> Value {
        if self.fault == Fault::OtherWriter && self.operation.starts_with("compute.routers.") {
            return meddling::with_free_subnetworks(self.act);
        }
        self.act.before.clone()
    }

    fn strikes(&self) -> Vec<Value> {
        match self.fault {
            Fault::OtherWriter => meddling::strikes(self.act, self.operation, self.nth),
            fault => vec![strike(
                self.operation,
                self.nth,
                &fault.effect(self.operation),
            )],
        }
    }

    async fn try_play(&self, cloud: &Cloud) -> Result<Outcome, String> {
        let act = self.act;
        let privatelink = Privatelink::new(BINARY, &cloud.url(), &act.folder);
        let text = |error: privatelink_e2e::cloud::CloudError| error.to_string();
        cloud.put_state(&self.before()).await.map_err(text)?;
        let strikes = self.strikes();
        cloud.order(&faults(act, &strikes)).await.map_err(text)?;
        cloud.reset_requests().await.map_err(text)?;
        let first = self.disturb(cloud, &privatelink).await;
        let first = first.map_err(|wrong| format!("the disturbed run: {wrong}"))?;
        if cloud.struck_of(strikes.len()).await.map_err(text)? == 0 {
            return Ok(Outcome::NotStruck);
        }
        if !act.verb.writes() && cloud.writes().await.map_err(text)? > 0 {
            return Err("a run that only reads has written".to_owned());
        }
        let expectation = Expectation {
            others: &act.before,
            disregard: meddling::disregard(act),
        };
        let through = is_undisturbed(cloud, act, &first, expectation);
        if let (Err(wrong), 0) = (&through, first.code) {
            return Err(format!("the disturbed run ends with 0, but {wrong}"));
        }
        if through.is_err() {
            self.is_told(&first)?;
        }
        let lost = self.operation == "compute.routers.patch"
            && self.fault == Fault::OtherWriter
            && meddling::count(&cloud.state()) == 0;
        // A write failed, unless something is invalid or refused besides: that comes first.
        let code = if act.exit == 1 { 1 } else { 6 };
        if lost && !(first.code == code && tells_the_loss(&first)) {
            return Err(format!(
                "somebody's NAT entry was lost without a word:\n{}",
                first.stdout
            ));
        }
        if self.fault == Fault::OperationError {
            redeployed(cloud, &privatelink, act, &first).await?;
        }
        let meddled = meddling::count(&cloud.state());
        recovers(cloud, &privatelink, act, expectation).await?;
        let left = meddling::count(&cloud.state());
        if left < meddled {
            return Err(format!(
                "of {meddled} changes by somebody else {left} are left"
            ));
        }
        Ok(match through {
            _ if lost => Outcome::LostAndTold,
            Ok(()) => Outcome::SameRun,
            Err(_) => Outcome::NextRun,
        })
    }
}

impl Cell<'_> {
    /// The run that is disturbed. One that would wait minutes for an operation to end is interrupted by its user as soon
    /// as that has begun; what it says when nobody does is in the golden `operation-never-waited-out`.
    async fn disturb(&self, cloud: &Cloud, privatelink: &Privatelink) -> Result<Answer, String> {
        if self.fault != Fault::OperationNever {
            return run(privatelink, self.act).await;
        }
        let mut child = privatelink
            .command(&self.act.arguments)
            .spawn()
            .map_err(|error| error.to_string())?;
        while cloud.struck().await.map_err(|error| error.to_string())? == 0 {
            if child
                .try_wait()
                .map_err(|error| error.to_string())?
                .is_some()
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if let Some(process) = child.id() {
            let told = std::process::Command::new("kill")
                .args(["-INT", &process.to_string()])
                .status();
            told.map_err(|error| error.to_string())?;
        }
        let answer = Answer::at_the_end_of(child).await;
        sound(answer.map_err(|error| error.to_string())?)
    }

    /// A run that did not come to its end says so, with what to do: in an error that the same command does not tell when
    /// nothing disturbs it, or that is about what was struck.
    fn is_told(&self, answer: &Answer) -> Result<(), String> {
        let report = answer.json();
        let usual: Vec<Value> = diagnostics(&self.act.report).cloned().collect();
        let mut new = news(&report, &usual);
        let mut about = advice(&report).filter(|it| is_about(it, self.operation));
        let is_error = |told: &Value| told["severity"] == "error";
        if new.any(is_error) || about.any(is_error) || self.waits_for_a_list(&report) {
            return Ok(());
        }
        Err(format!(
            "exit {}, and nothing says what went wrong and what to do but what is said anyway:\n{}\n{}",
            answer.code, answer.stdout, answer.stderr
        ))
    }

    /// That a list is behind can be seen in nothing: no call failed. What is not in the last one waits, and its step says
    /// so, with a page that says what to do.
    fn waits_for_a_list(&self, report: &Value) -> bool {
        let behind = matches!(self.fault, Fault::StaleList | Fault::StaleListSeconds);
        let steps = report["steps"].as_array().into_iter().flatten();
        let usual = self.act.report["steps"].as_array();
        let mut new = steps.filter(|step| usual.is_none_or(|usual| !usual.contains(step)));
        behind && new.any(|step| step["action"] == "wait" && step["code"].is_string())
    }
}

/// Cloud Run does not try a revision again that failed: that is for the service's team, who deploy it again. Until
/// then a run says so and leaves it alone.
async fn redeployed(
    cloud: &Cloud,
    privatelink: &Privatelink,
    act: &Act,
    first: &Answer,
) -> Result<(), String> {
    let state = cloud.state();
    let services = state["run"].as_object().into_iter().flatten();
    let failed =
        services.filter(|(_, service)| service["terminalCondition"]["reason"] == "REVISION_FAILED");
    for (path, _) in failed {
        let text = |error: privatelink_e2e::cloud::CloudError| error.to_string();
        cloud.order(&act.faults).await.map_err(text)?;
        let waiting = run(privatelink, act).await?;
        // What is undone leaves its connector to the revision that serves on, and says that instead: PL0188 where the
        // connector is ours, PL0212 where it is somebody's and the NAT behind it is ours.
        let pinned = format!("{path}#egress");
        let report = waiting.json();
        let told = advice(&report).any(|it| {
            let code = &it["code"];
            code == "PL0176" || code == "PL0188" || (code == "PL0212" && it["origin"] == *pinned)
        });
        // Where the scenario ends otherwise by itself, that is the exit code: something is invalid as well, or this run
        // is the first to deploy what cannot start.
        let ended = waiting.code == 5 || (waiting.code == act.exit && act.exit != 0);
        let given_back = has(first, "PL0176")
            && [&act.after, &state]
                .iter()
                .all(|it| is_given_back(it, path));
        if !(ended && told || waiting.code == 0 && given_back) {
            return Err(format!(
                "a revision failed, and the next run says:\n{}",
                waiting.stdout
            ));
        }
        let body = json!({"template": {"annotations": {REDEPLOYED: "yes"}}});
        let path = format!("/v2/{path}?updateMask=template.annotations");
        cloud.send("PATCH", &path, &body).await.map_err(text)?;
    }
    Ok(())
}

/// Is a service as if we had never been there? It carries no record of ours, and there is no connector of ours that
/// its former revision could use. Nobody can tell then that we had to do with its failed revision.
fn is_given_back(state: &Value, path: &str) -> bool {
    let record = |key: &String| key.starts_with("privatelink.dev/");
    let annotations = state["run"][path]["annotations"].as_object();
    let recorded = annotations.is_some_and(|all| all.keys().any(record));
    let connectors = state["vpcaccess"].as_object();
    let made = connectors.is_some_and(|all| all.keys().any(|it| it.contains("/connectors/pl-")));
    !recorded && !made
}

/// Does a diagnostic tell that requests of this sort failed? Where the scenario itself lets them fail, a disturbed run
/// may have nothing else to say than an undisturbed one.
fn is_about(told: &Value, operation: &str) -> bool {
    let text = |field: &str| told[field].as_str().unwrap_or_default();
    let of_google = text("code").starts_with("PL03") || text("code") == "PL0167";
    let collection = operation.rsplit('.').nth(1);
    of_google && collection.is_some_and(|it| text("message").contains(it))
}

/// Does the run tell of this, with what to do?
fn has(answer: &Answer, code: &str) -> bool {
    let report = answer.json();
    advice(&report).any(|it| it["code"] == code)
}

/// Does the run tell that somebody's NAT entry was overwritten, who wrote it, in which operation, and what is there now?
/// Its name is told by nobody: no read of ours has seen it, and Google's record of operations does not hold it.
fn tells_the_loss(answer: &Answer) -> bool {
    let report = answer.json();
    let words = ["(user@example.com, operation-", "the entries are now "];
    has(answer, "PL0311")
        && diagnostics(&report).any(|it| {
            let message = it["message"].as_str().unwrap_or_default();
            it["code"] == "PL0311" && words.iter().all(|word| message.contains(word))
        })
}
