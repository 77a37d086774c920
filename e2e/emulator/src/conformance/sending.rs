//! Sends a request until it has an answer, and waits for what it began.

use std::time::Duration;

use serde_json::Value;

use crate::conformance::exercise::Expect;
use crate::conformance::hindrance::{asks_to_wait, hinders};
use crate::conformance::ledger::Certainty;
use crate::conformance::session::Session;
use crate::conformance::thing::Thing;
use crate::conformance::verdict::answered;
use crate::conformance::wire::{Reply, Request};

/// How often a request is sent at most whose answer may be another one next time.
const ATTEMPTS: u32 = 6;
/// How often it is sent at most when Google asks to wait, about five minutes: quotas of requests are filled up again each
/// minute.
const WAITS: u32 = 35;
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

/// Whether an answer may be another one next time.
fn may_pass(reply: &Reply) -> bool {
    reply.status >= 500 || asks_to_wait(reply)
}

/// How often something was tried in vain.
#[derive(Default)]
struct Tries {
    failed: u32,
    waited: u32,
}

impl Tries {
    /// How long to pause before the next try, if there is one.
    fn after(&mut self, asked_to_wait: bool) -> Option<Duration> {
        if asked_to_wait {
            self.waited += 1;
        } else {
            self.failed += 1;
        }
        let pause = Duration::from_secs(2_u64.saturating_pow(self.failed + self.waited - 1));
        (self.failed < ATTEMPTS && self.waited < WAITS).then_some(pause.min(LONGEST))
    }

    fn is_first(&self) -> bool {
        self.failed + self.waited == 0
    }
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
    /// makes before that. What `hinders` what is expected is not recorded: the emulator would answer otherwise, and be
    /// right.
    pub(super) async fn send(
        &self,
        request: &Request,
        at_once: bool,
        expected: &[Expect],
    ) -> Result<Answer, Trouble> {
        let made = (request.method == "POST")
            .then(|| Thing::made_by(&request.url, &request.body))
            .flatten();
        let is_new = made
            .as_ref()
            .is_some_and(|thing| self.ledger().add(thing.clone(), Certainty::Sent));
        let (mut repeated, mut tries) = (false, Tries::default());
        loop {
            let (why, asked_to_wait) = match self.wire.send(request).await {
                Ok(reply) if !may_pass(&reply) => {
                    let refused = (400..500).contains(&reply.status);
                    if let Some(thing) = made.filter(|_| refused && is_new && !repeated) {
                        self.ledger().remove(&thing);
                    }
                    let in_doubt = repeated && refused;
                    if !in_doubt && !hinders(expected, reply.status, &reply.body) {
                        self.record(request, &reply, at_once);
                    }
                    let late = !tries.is_first();
                    return Ok(Answer {
                        reply,
                        repeated,
                        late,
                    });
                }
                Ok(reply) => (answered(reply.status, &reply.body), asks_to_wait(&reply)),
                Err(error) => (error.to_string(), false),
            };
            repeated |= !asked_to_wait && request.method != "GET";
            let Some(pause) = tries.after(asked_to_wait) else {
                return Err(why);
            };
            self.wire.pause(pause).await;
        }
    }

    /// Waits for the operation that an answer shows to have begun, if it does, and gives the end of it. If that `hinders`
    /// what is expected, nothing came of it, and the recording goes back to before it began.
    pub(super) async fn finish(
        &self,
        request: &Request,
        reply: &Reply,
        expected: &[Expect],
    ) -> Result<Value, Trouble> {
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
        let ended = |reply: &Reply| is_done(&reply.body);
        let end = self.look_until(&look, ended, 200).await?;
        if hinders(expected, end.status, &end.body) {
            self.tape_of_run().take_back((request, reply));
        } else {
            let mut tape = self.tape_of_run();
            tape.record_end((request, reply), &look, &end);
        }
        if let Some(thing) = made {
            self.ledger().ended(&thing);
        }
        if request.method == "DELETE"
            && end.body["error"].is_null()
            && let Some(thing) = Thing::at(&request.url)
        {
            self.ledger().remove(&thing);
        }
        Ok(end.body)
    }

    /// Waits for a thing that is there behind an answer that was lost: what makes it may still be at work.
    pub(super) async fn until_made(&self, thing: &Thing) -> Result<(), Trouble> {
        let look = Request {
            method: "GET",
            url: self.place.url(thing),
            body: Value::Null,
        };
        let is_made = |reply: &Reply| {
            let at_work = ["CREATING", "UPDATING"]
                .contains(&reply.body["state"].as_str().unwrap_or_default());
            reply.status == 200 && !at_work && reply.body["reconciling"] != true
        };
        // Compute shows it only when it is made.
        self.look_until(&look, is_made, 404).await.map(drop)
    }

    /// Looks until an answer is as it is to be; meanwhile its status is 200, or this one.
    async fn look_until(
        &self,
        look: &Request,
        is_so: impl Fn(&Reply) -> bool,
        meanwhile: u16,
    ) -> Result<Reply, Trouble> {
        let (mut waited, mut pause) = (Duration::ZERO, Duration::from_secs(1));
        while waited < OPERATION {
            let reply = self.look(look).await?;
            if is_so(&reply) {
                return Ok(reply);
            }
            if reply.status != 200 && reply.status != meanwhile {
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
            "{} was not done within {} minutes",
            look.url,
            OPERATION.as_secs() / 60
        ))
    }

    /// Asks for something without recording it.
    pub(super) async fn look(&self, request: &Request) -> Result<Reply, Trouble> {
        let mut tries = Tries::default();
        loop {
            let (why, asked_to_wait) = match self.wire.send(request).await {
                Ok(reply) if !may_pass(&reply) => return Ok(reply),
                Ok(reply) => (answered(reply.status, &reply.body), asks_to_wait(&reply)),
                Err(error) => (error.to_string(), false),
            };
            let Some(pause) = tries.after(asked_to_wait) else {
                return Err(format!("{} {}: {why}", request.method, request.url));
            };
            self.wire.pause(pause).await;
        }
    }
}
