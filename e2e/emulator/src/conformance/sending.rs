//! Sends a request until it has an answer, and waits for what it began.

use std::time::Duration;

use serde_json::Value;

use crate::conformance::ledger::Certainty;
use crate::conformance::session::Session;
use crate::conformance::thing::Thing;
use crate::conformance::verdict::answered;
use crate::conformance::wire::{Reply, Request};

/// How often a request is sent at most.
const ATTEMPTS: u32 = 6;
/// How long an operation is waited for. A connector takes minutes.
const OPERATION: Duration = Duration::from_mins(20);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(10);

/// Why something did not get as far as an answer that could be judged.
pub(super) type Trouble = String;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) reply: Reply,
    /// An earlier answer to the same request was lost.
    pub(super) repeated: bool,
    /// It was not the first attempt.
    pub(super) late: bool,
}

/// Whether an answer with this status may be another one next time.
fn may_pass(status: u16) -> bool {
    status == 429 || status >= 500
}

/// Where to ask for the operation that an answer shows to be running.
fn operation(request: &Request, reply: &Reply) -> Option<String> {
    if reply.status != 200 || request.method == "GET" || is_done(&reply.body) {
        return None;
    }
    if reply.body["kind"] == "compute#operation" {
        let link = reply.body["selfLink"].as_str()?;
        let path = &link[link.find("/compute/")?..];
        return Some(format!("https://compute.googleapis.com{path}"));
    }
    let name = reply.body["name"]
        .as_str()
        .filter(|name| name.contains("/operations/"))?;
    // The host, and the version after it.
    let base: Vec<&str> = request.url.split('/').take(4).collect();
    Some(format!("{}/{name}", base.join("/")))
}

fn is_done(operation: &Value) -> bool {
    operation["done"] == true || operation["status"] == "DONE"
}

impl Session<'_> {
    /// Sends a request until there is an answer that will not be another one next time, and notes what it
    /// makes before that.
    pub(super) async fn send(&self, request: &Request, at_once: bool) -> Result<Answer, Trouble> {
        let made = (request.method == "POST")
            .then(|| Thing::made_by(&request.url, &request.body))
            .flatten();
        let is_new = made
            .as_ref()
            .is_some_and(|thing| self.ledger().add(thing.clone(), Certainty::Sent));
        let mut repeated = false;
        let mut pause = Duration::from_secs(1);
        for attempt in 1..=ATTEMPTS {
            let why = match self.wire.send(request).await {
                Ok(reply) if !may_pass(reply.status) => {
                    let refused = (400..500).contains(&reply.status);
                    if let Some(thing) = made.filter(|_| refused && is_new && !repeated) {
                        self.ledger().remove(&thing);
                    }
                    if !(repeated && refused) {
                        self.record(request, &reply, at_once);
                    }
                    let late = attempt > 1;
                    return Ok(Answer {
                        reply,
                        repeated,
                        late,
                    });
                }
                Ok(reply) => {
                    // A 429 was not even begun.
                    repeated |= reply.status != 429 && request.method != "GET";
                    answered(reply.status, &reply.body)
                }
                Err(error) => {
                    repeated |= request.method != "GET";
                    error.to_string()
                }
            };
            if attempt == ATTEMPTS {
                return Err(why);
            }
            self.wire.pause(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
        Err("it was not sent".to_owned())
    }

    /// Waits for the operation that an answer shows to have begun, if it does, and gives the end of it.
    pub(super) async fn finish(&self, request: &Request, reply: &Reply) -> Result<Value, Trouble> {
        let made = (request.method == "POST" && reply.status == 200)
            .then(|| Thing::made_by(&request.url, &request.body))
            .flatten();
        let Some(url) = operation(request, reply) else {
            if let Some(thing) = made {
                self.ledger().ended(&thing);
            }
            return Ok(reply.body.clone());
        };
        let look = Request {
            method: "GET",
            url,
            body: Value::Null,
        };
        let (mut waited, mut pause) = (Duration::ZERO, Duration::from_secs(1));
        while waited < OPERATION {
            let reply = self.look(&look).await?;
            if is_done(&reply.body) {
                self.record(&look, &reply, false);
                if let Some(thing) = made {
                    self.ledger().ended(&thing);
                }
                if request.method == "DELETE"
                    && reply.body["error"].is_null()
                    && let Some(thing) = Thing::at(&request.url)
                {
                    self.ledger().remove(&thing);
                }
                return Ok(reply.body);
            }
            if reply.status != 200 {
                return Err(format!(
                    "{}: {}",
                    look.url,
                    answered(reply.status, &reply.body)
                ));
            }
            self.wire.pause(pause).await;
            waited += pause;
            pause = (pause * 2).min(LONGEST);
        }
        Err(format!(
            "{} did not end within {} minutes",
            look.url,
            OPERATION.as_secs() / 60
        ))
    }

    /// Asks for something without recording it.
    pub(super) async fn look(&self, request: &Request) -> Result<Reply, Trouble> {
        let mut pause = Duration::from_secs(1);
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            match self.wire.send(request).await {
                Ok(reply) if !may_pass(reply.status) => return Ok(reply),
                Ok(reply) => why = answered(reply.status, &reply.body),
                Err(error) => why = error.to_string(),
            }
            self.wire.pause(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
        Err(format!("{} {}: {why}", request.method, request.url))
    }
}
