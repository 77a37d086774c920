//! Long-running operations: what was begun, when it takes effect, and how it ended.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Api, Fate};
use crate::clock;
use crate::engine::Engine;
use crate::refusal::Code;

/// How many ended operations are remembered; Google forgets them after days.
const REMEMBERED: usize = 20_000;

/// Why an operation failed, in the terms of both kinds of API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// Compute's code, such as `RESOURCE_IN_USE_BY_ANOTHER_RESOURCE`.
    pub(crate) reason: String,
    /// The canonical code of the other APIs, such as 3.
    pub(crate) number: i64,
    /// Whether what it was about is of no use after it, as a connector in `ERROR`.
    pub(crate) breaks: bool,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn compute(reason: &str, message: impl Into<String>) -> Failure {
        let number = Code::FailedPrecondition.number();
        Failure {
            reason: reason.to_owned(),
            number,
            breaks: false,
            message: message.into(),
        }
    }

    pub(crate) fn code(code: Code, message: impl Into<String>) -> Failure {
        Failure {
            reason: String::new(),
            number: code.number(),
            breaks: false,
            message: message.into(),
        }
    }
}

/// What an operation came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The metadata from now on, where the API shows the resource in it.
    pub(crate) metadata: Option<Value>,
    /// The response; Compute's operations have none.
    pub(crate) result: Result<Value, Failure>,
}

impl Outcome {
    pub(crate) fn done() -> Outcome {
        Outcome {
            metadata: None,
            result: Ok(Value::Null),
        }
    }

    pub(crate) fn failed(failure: Failure) -> Outcome {
        Outcome {
            metadata: None,
            result: Err(failure),
        }
    }
}

/// What happens when an operation's time has come. The failure, if there is one, was ordered by a
/// fault: the effect then undoes what the request had prepared, and fails with it.
pub(crate) type Effect = Box<dyn FnOnce(&mut Engine, Option<Failure>) -> Outcome + Send>;

/// An operation about to begin.
pub(crate) struct Beginning {
    pub(crate) api: Api,
    /// Its path: `projects/p/regions/r/operations/o`.
    pub(crate) path: String,
    /// The resource that it changes; until it is done, nobody else may.
    pub(crate) target: String,
    /// What a read of it answers while it runs.
    pub(crate) body: Value,
    pub(crate) effect: Effect,
}

struct Operation {
    api: Api,
    target: String,
    body: Value,
    effect: Option<Effect>,
    imposed: Option<Failure>,
    /// True once its record was deleted while it ran: it still takes effect, and nobody sees it.
    forgotten: bool,
}

#[derive(Default)]
pub(crate) struct Operations {
    all: BTreeMap<String, Operation>,
    /// What is still to take effect, soonest first; the number keeps the order of one instant.
    due: BTreeSet<(Timestamp, u64, String)>,
    /// What will not end as long as the fault that holds it is in force.
    held: Vec<String>,
    ended: VecDeque<String>,
    /// The resources that an operation is at work on, and how many are.
    busy: BTreeMap<(Api, String), usize>,
    begun: u64,
}

impl fmt::Debug for Operations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Operations")
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

impl Operations {
    pub(crate) fn get(&self, api: Api, path: &str) -> Option<&Value> {
        self.all
            .get(path)
            .filter(|operation| operation.api == api && !operation.forgotten)
            .map(|operation| &operation.body)
    }

    /// The operations directly below `prefix`, which ends in `/`.
    pub(crate) fn list<'a>(
        &'a self,
        api: Api,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.all
            .range(prefix.to_owned()..)
            .take_while(move |(path, _)| path.starts_with(prefix))
            .filter(move |(path, operation)| {
                operation.api == api
                    && !operation.forgotten
                    && after.is_none_or(|after| path.as_str() > after)
            })
            .map(|(path, operation)| (path.as_str(), &operation.body))
    }

    /// Deletes the record of an operation. One that runs is not cancelled: what it does is still done.
    pub(crate) fn forget(&mut self, path: &str) {
        let running = self.all.get_mut(path).filter(|it| it.effect.is_some());
        match running {
            Some(operation) => operation.forgotten = true,
            None => drop(self.all.remove(path)),
        }
    }

    /// True while an operation is at work on a resource.
    pub(crate) fn is_busy(&self, api: Api, target: &str) -> bool {
        self.busy.contains_key(&(api, target.to_owned()))
    }

    pub(crate) fn begin(&mut self, beginning: Beginning, fate: &Fate, due: Timestamp) -> Value {
        let Beginning {
            api,
            path,
            target,
            body,
            effect,
        } = beginning;
        self.begun += 1;
        let imposed = match fate {
            Fate::Fails(failure) => Some(failure.clone()),
            Fate::AsItComes | Fate::NeverEnds => None,
        };
        if *fate == Fate::NeverEnds {
            self.held.push(path.clone());
        } else {
            self.due.insert((due, self.begun, path.clone()));
        }
        *self.busy.entry((api, target.clone())).or_default() += 1;
        let effect = Some(effect);
        self.all.insert(
            path,
            Operation {
                api,
                target,
                body: body.clone(),
                effect,
                imposed,
                forgotten: false,
            },
        );
        body
    }

    /// Lets go on what a fault held: it takes effect at the next look.
    pub(crate) fn release(&mut self, now: Timestamp) {
        for path in std::mem::take(&mut self.held) {
            self.begun += 1;
            self.due.insert((now, self.begun, path));
        }
    }

    /// The path and the effect of an operation whose time has come by `now`.
    fn take_due(&mut self, now: Timestamp) -> Option<(String, Effect, Option<Failure>)> {
        while self.due.first().is_some_and(|(due, _, _)| *due <= now) {
            let (_, _, path) = self.due.pop_first()?;
            let taken = self.all.get_mut(&path).and_then(|operation| {
                operation
                    .effect
                    .take()
                    .map(|effect| (effect, operation.imposed.take()))
            });
            if let Some((effect, imposed)) = taken {
                return Some((path, effect, imposed));
            }
        }
        None
    }

    fn end(&mut self, path: &str, outcome: Outcome, now: Timestamp) {
        let Some(operation) = self.all.get_mut(path) else {
            return;
        };
        let target = (operation.api, std::mem::take(&mut operation.target));
        match operation.api {
            Api::Compute => end_compute(&mut operation.body, outcome, now),
            Api::Run | Api::VpcAccess | Api::Knative => end_rpc(&mut operation.body, outcome, now),
        }
        match self.busy.get_mut(&target) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(self.busy.remove(&target)),
        }
        if operation.forgotten {
            self.all.remove(path);
            return;
        }
        self.ended.push_back(path.to_owned());
        if self.ended.len() > REMEMBERED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

fn end_compute(body: &mut Value, outcome: Outcome, now: Timestamp) {
    body["status"] = json!("DONE");
    body["progress"] = json!(100);
    body["endTime"] = json!(clock::compute_time(now));
    if let Err(failure) = outcome.result {
        body["error"] = json!({
            "errors": [{ "code": failure.reason, "message": failure.message }],
        });
        body["httpErrorMessage"] = json!("BAD REQUEST");
        body["httpErrorStatusCode"] = json!(400);
    }
}

fn end_rpc(body: &mut Value, outcome: Outcome, now: Timestamp) {
    body["done"] = json!(true);
    if let Some(metadata) = outcome.metadata {
        body["metadata"] = metadata;
    } else if body["metadata"].get("target").is_some() {
        body["metadata"]["endTime"] = json!(clock::utc_time(now));
    }
    match outcome.result {
        Ok(response) => body["response"] = response,
        Err(failure) => {
            body["error"] = json!({ "code": failure.number, "message": failure.message });
        }
    }
}

/// Lets every operation whose time has come take effect.
pub(crate) fn settle(engine: &mut Engine, now: Timestamp) {
    while let Some((path, effect, imposed)) = engine.operations.take_due(now) {
        engine.changes += 1;
        let outcome = effect(engine, imposed);
        engine.operations.end(&path, outcome, now);
    }
}
