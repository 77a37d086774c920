//! The emulated cloud without its wires: one value that a call is put to and that answers it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::call::{Api, Call};
use crate::clock::{self, Clock};
use crate::enums;
use crate::faults::disturbance::{self, Staleness};
use crate::identity;
use crate::operations::{self, Beginning, Operations};
use crate::parameters;
use crate::partial;
use crate::refusal::{Code, ErrorAnswer, Refusal};
use crate::rules::{Rule, RuleBook};
use crate::store::{Mark, Present, Store};

/// The body of a 200, or an error.
pub(crate) type Answer = Result<Value, Refusal>;

pub(crate) static PROJECT_INVALID: Rule = Rule::guessed(
    "project.invalid",
    "text unrecorded; looser than Google, which asks for six characters",
    "A project id has lower-case letters, digits and hyphens, or is a project number.",
);
pub(crate) static PROJECT_DENIED: Rule = Rule::recorded(
    "project.denied",
    "docs/reference/google-cloud.md#project-missing-or-denied",
    "A project that does not exist, or that the caller may not use, is answered with 403.",
);
pub(crate) static REQUEST_REPLAY: Rule = Rule::documented(
    "compute.request.replay",
    "docs/reference/google-cloud.md#request-id",
    "A mutation with the requestId of an earlier one answers with that one's operation again.",
);
pub(crate) static REQUEST_OPERATION: Rule = Rule::documented(
    "compute.request.operation",
    "docs/reference/google-cloud.md#request-id",
    "The operation of a mutation with a requestId has it as clientOperationId.",
);
pub(crate) static REQUEST_ID_INVALID: Rule = Rule::documented(
    "compute.request.id.invalid",
    "docs/reference/google-cloud.md#request-id",
    "A requestId is a UUID other than zero.",
);

/// The rules that no resource file owns.
pub(crate) static RULES: &[&Rule] = &[
    &PROJECT_INVALID,
    &PROJECT_DENIED,
    &REQUEST_REPLAY,
    &REQUEST_OPERATION,
    &REQUEST_ID_INVALID,
];

#[derive(Debug, Default)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) operations: Operations,
    pub(crate) rules: RuleBook,
    pub(crate) clock: Clock,
    /// How long an operation takes.
    pub(crate) latency: Duration,
    /// If not empty, the only projects there are: `{"number": "...", "denied": true}`.
    pub(crate) projects: BTreeMap<String, Value>,
    /// Grows with every change that the state document may show.
    pub(crate) changes: u64,
    /// How many mutating requests there were.
    writes: u64,
    /// Counts what was made, so that what is made anew gets new identifiers.
    sequence: u64,
    /// Mutations that carried a requestId, and the operation each of them began.
    replays: BTreeMap<String, String>,
}

impl Engine {
    pub(crate) fn new(clock: Clock, latency: Duration) -> Engine {
        Engine {
            clock,
            latency,
            ..Engine::default()
        }
    }

    /// Answers one call.
    pub(crate) fn answer(&mut self, call: &Call) -> Answer {
        self.settle();
        let before = self.rules.look_for(call.route.operation);
        let answer = self.decide(call);
        self.rules.look_for(before);
        answer
    }

    fn decide(&mut self, call: &Call) -> Answer {
        parameters::check(&self.rules, call)?;
        partial::check(&self.rules, call)?;
        self.check_project(call)?;
        if let Some(replay) = self.replay(call)? {
            return Ok(replay);
        }
        self.changes += u64::from(!call.is_read());
        self.writes += u64::from(!call.is_read());
        self.mark();
        let answer = self.handle(call)?;
        if let (Some(key), Some(name)) = (replay_key(call), answer["name"].as_str())
            && answer["kind"] == "compute#operation"
        {
            let scope = compute_scope(&call.path);
            self.replays
                .insert(key, format!("{scope}/operations/{name}"));
        }
        Ok(answer)
    }

    /// Puts a call to its handler, disturbed as the faults will have it.
    fn handle(&mut self, call: &Call) -> Answer {
        if !call.is_read() {
            disturbance::write_between(self, call);
        }
        let staleness = call.disturbance.staleness;
        let present = staleness
            .filter(|_| disturbance::has_a_past(call.route.operation))
            .map(|staleness| self.go_back(staleness));
        let answer = (call.route.handler)(self, call);
        if let Some(present) = present {
            self.store.come_back(present);
        }
        if call.is_read() {
            disturbance::write_between(self, call);
        }
        answer
    }

    fn go_back(&mut self, staleness: Staleness) -> Present {
        match staleness {
            Staleness::Time(by) => {
                let now = self.clock.now();
                self.store.go_back(|mark| clock::later(mark.time, by) > now)
            }
            Staleness::Writes(count) => {
                let writes = self.writes;
                self.store
                    .go_back(|mark| mark.writes.saturating_add(count) > writes)
            }
        }
    }

    fn mark(&mut self) {
        self.store.mark(Mark {
            time: self.clock.now(),
            writes: self.writes,
        });
    }

    /// As [`Engine::answer`], and [as asked](Engine::as_asked).
    pub(crate) fn answer_as_asked(&mut self, call: &Call) -> Answer {
        let answer = self.answer(call)?;
        Ok(self.as_asked(call, answer))
    }

    /// An answer with the enums written as the caller asked for them, and with the fields that it selects.
    pub(crate) fn as_asked(&self, call: &Call, mut answer: Value) -> Value {
        let before = self.rules.look_for(call.route.operation);
        if enums::asked_for(call) && self.rule(&enums::NUMBERS, true) {
            enums::to_numbers(&mut answer);
        }
        let answer = partial::of(&self.rules, call, answer);
        self.rules.look_for(before);
        answer
    }

    /// Lets the operations whose time has come take effect.
    pub(crate) fn settle(&mut self) {
        let now = self.clock.now();
        self.mark();
        operations::settle(self, now);
    }

    /// Lets every operation that will ever end take effect now.
    pub(crate) fn settle_all(&mut self) {
        operations::settle(self, jiff::Timestamp::MAX);
    }

    /// Lets operations go on that a fault held.
    pub(crate) fn release(&mut self) {
        let now = self.clock.now();
        self.operations.release(now);
    }

    pub(crate) fn begin(&mut self, call: &Call, mut beginning: Beginning) -> Value {
        let (method, effect) = (call.route.operation, beginning.effect);
        beginning.effect = Box::new(move |engine, imposed| {
            let before = engine.rules.look_for(method);
            let outcome = effect(engine, imposed);
            engine.rules.look_for(before);
            outcome
        });
        let due = clock::later(self.clock.now(), self.latency);
        self.operations.begin(beginning, &call.fate, due)
    }

    /// A number that was never given before; for identifiers of what is being made.
    pub(crate) fn next(&mut self) -> String {
        self.sequence += 1;
        self.sequence.to_string()
    }

    /// See [`RuleBook::applies`].
    #[cfg_attr(test, track_caller)]
    pub(crate) fn rule(&self, rule: &'static Rule, condition: bool) -> bool {
        self.rules.applies(rule, condition)
    }

    /// See [`RuleBook::refuse_if`].
    #[cfg_attr(test, track_caller)]
    pub(crate) fn refuse_if(
        &self,
        rule: &'static Rule,
        condition: bool,
        error: impl FnOnce() -> ErrorAnswer,
    ) -> Result<(), Refusal> {
        self.rules.refuse_if(rule, condition, error)
    }

    pub(crate) fn project_number(&self, project: &str) -> String {
        self.projects
            .get(project)
            .and_then(|project| project["number"].as_str())
            .map_or_else(|| identity::project_number(project), str::to_owned)
    }

    /// Begins again with nothing.
    pub(crate) fn clear(&mut self) {
        self.changes += 1;
        self.store = Store::default();
        self.operations = Operations::default();
        self.projects.clear();
        self.replays.clear();
    }

    fn check_project(&self, call: &Call) -> Result<(), Refusal> {
        let project = call.parameter("project");
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-:.".contains(c);
        let invalid = project.is_empty() || !project.chars().all(valid);
        let api = call.resource.api;
        self.refuse_if(&PROJECT_INVALID, invalid, || match api {
            Api::Compute => ErrorAnswer::invalid(format!("Invalid value for project: {project}")),
            Api::Run | Api::VpcAccess | Api::Knative => ErrorAnswer::code(
                Code::InvalidArgument,
                format!("Invalid project: '{project}'"),
            ),
        })?;
        let named =
            |(id, _): &(&String, &Value)| *id == project || self.project_number(id) == project;
        let entry = self.projects.iter().find(named).map(|(_, entry)| entry);
        let denied = (!self.projects.is_empty() && entry.is_none())
            || entry.is_some_and(|entry| entry["denied"] == true);
        self.refuse_if(&PROJECT_DENIED, denied, || match api {
            Api::Compute => {
                let text = format!("Project '{project}' not found or permission denied.");
                ErrorAnswer::new(403, "", text)
            }
            Api::Run | Api::VpcAccess | Api::Knative => ErrorAnswer::code(
                Code::PermissionDenied,
                "The caller does not have permission",
            ),
        })
    }

    fn replay(&self, call: &Call) -> Result<Option<Value>, Refusal> {
        let Some(key) = replay_key(call) else {
            return Ok(None);
        };
        let request = call.query("requestId").unwrap_or_default();
        let digits: Vec<char> = request.chars().filter(|c| *c != '-').collect();
        let invalid = digits.len() != 32
            || !digits.iter().all(char::is_ascii_hexdigit)
            || digits.iter().all(|c| *c == '0');
        self.refuse_if(&REQUEST_ID_INVALID, invalid, || {
            ErrorAnswer::invalid_field("requestId", request, "Must be a valid UUID.")
        })?;
        let operation = self
            .replays
            .get(&key)
            .and_then(|path| self.operations.get(Api::Compute, path))
            .cloned();
        Ok(operation.filter(|_| self.rule(&REQUEST_REPLAY, true)))
    }
}

/// What makes two Compute mutations the same one, if the call carries a requestId.
fn replay_key(call: &Call) -> Option<String> {
    let request = call.query("requestId")?;
    let mutation = call.resource.api == Api::Compute && !call.is_read();
    mutation.then(|| format!("{} {} {request}", call.route.operation, call.path))
}

/// `projects/p/global` or `projects/p/regions/r`, of a Compute path.
pub(crate) fn compute_scope(path: &str) -> String {
    let mut segments = path.split('/');
    let segments: Vec<_> = match segments.clone().nth(2) {
        Some("regions") => segments.by_ref().take(4).collect(),
        Some(_) | None => segments.by_ref().take(3).collect(),
    };
    segments.join("/")
}
