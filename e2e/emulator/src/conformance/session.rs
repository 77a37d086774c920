//! One run of exercises: sends, waits, notes what was made, and judges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::conformance::cleanup::BETWEEN;
use crate::conformance::course::Course;
use crate::conformance::exercise::{Exercise, Step};
use crate::conformance::fixture::Fixture;
use crate::conformance::hindrance::hinders;
use crate::conformance::ledger::Ledger;
use crate::conformance::names::Place;
use crate::conformance::sending::Trouble;
use crate::conformance::tape::Tape;
use crate::conformance::thing::{Thing, touches_only};
use crate::conformance::verdict::{Mismatch, Verdict, answered, mismatch};
use crate::conformance::wire::{Reply, Request, Wire};

/// A run. What it knows stays when a future of it is dropped.
pub struct Session<'a> {
    pub(super) wire: &'a dyn Wire,
    pub(super) place: Place,
    ledger: Mutex<Ledger>,
    tape: Mutex<Tape>,
    verdicts: Mutex<BTreeMap<&'static str, Verdict>>,
    fixtures: Mutex<BTreeSet<Fixture>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Session<'a> {
    /// A run that has done nothing yet.
    pub fn new(wire: &'a dyn Wire, place: Place) -> Session<'a> {
        Session {
            wire,
            place,
            ledger: Mutex::default(),
            tape: Mutex::default(),
            verdicts: Mutex::default(),
            fixtures: Mutex::default(),
        }
    }

    /// What was found out so far, by rule.
    pub fn verdicts(&self) -> BTreeMap<&'static str, Verdict> {
        lock(&self.verdicts).clone()
    }

    /// Notes for rules about which nothing was found out why that is.
    pub fn leave_out<'r>(&self, rules: impl IntoIterator<Item = &'r &'static str>, why: &str) {
        let mut verdicts = lock(&self.verdicts);
        for rule in rules {
            verdicts
                .entry(rule)
                .or_insert_with(|| Verdict::NotTried(why.to_owned()));
        }
    }

    /// What was sent and answered so far.
    pub fn tape(&self) -> Tape {
        lock(&self.tape).clone()
    }

    pub(super) fn tape_of_run(&self) -> MutexGuard<'_, Tape> {
        lock(&self.tape)
    }

    pub(super) fn record(&self, request: &Request, reply: &Reply, at_once: bool) {
        self.tape_of_run().record(request, reply, at_once);
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// Runs one exercise and deletes what it made, save for what others need too.
    pub async fn run(&self, exercise: &Exercise) {
        for fixture in exercise.needs {
            if lock(&self.fixtures).contains(fixture) {
                continue;
            }
            let mut course = Course::default();
            for step in fixture.steps() {
                if let Err(why) = self.step(&mut course, &step).await {
                    let why = format!("{} could not be made: {why}", fixture.title());
                    return self.leave_out(&exercise.rules(), &why);
                }
            }
            lock(&self.fixtures).insert(*fixture);
        }
        let mark = self.ledger().mark();
        let mut course = Course::default();
        for (at, step) in exercise.steps.iter().enumerate() {
            if let Err(why) = self.step(&mut course, step).await {
                self.leave_rest(exercise.steps.iter().skip(at), &why);
                break;
            }
        }
        // Nothing follows that it could be in the way of.
        let _ = self.settle(&mut course).await;
        self.delete_since(mark, BETWEEN).await;
    }

    /// Notes why what these steps were to show was not tried. A rule about which only the rest of an exercise could tell
    /// everything does not agree.
    fn leave_rest<'s>(&self, steps: impl Iterator<Item = &'s Step>, why: &str) {
        for claim in steps.flat_map(|step| &step.claims) {
            self.note(claim.rule, Verdict::NotTried(why.to_owned()));
        }
    }

    /// Takes one step and judges it. An error means that the steps after it make no sense.
    async fn step(&self, course: &mut Course, step: &Step) -> Result<(), Trouble> {
        if !step.at_once {
            self.settle(course).await?;
        }
        let request = course.request(&self.place, step);
        let said = format!("{} {}", request.method, request.url);
        let prefix = self.place.prefix();
        if !touches_only(&prefix, request.method, &request.url, &request.body) {
            return Err(format!(
                "{said} was not sent: it writes to what is not the run's own"
            ));
        }
        let result = self.result(course, step, &request).await;
        self.judge(course, step, &said, &result);
        match result {
            Err(why) if step.is_counted_on() => Err(why),
            Ok(result) if result.leads_nowhere(step) => {
                Err(format!("{said}: {}", answered(result.status, &result.body)))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What came of a step's request: its answer, or what the operation that it began ended in.
    async fn result(
        &self,
        course: &mut Course,
        step: &Step,
        request: &Request,
    ) -> Result<Outcome, Trouble> {
        let said = format!("{} {}", request.method, request.url);
        let expected = course.expected(&self.place, step);
        let sent = self.send(request, step.at_once, &expected).await;
        if step.at_once {
            course.clock(sent.as_ref());
        }
        let answer = sent.map_err(|why| format!("{said}: {why}"))?;
        let Reply { status, body } = answer.reply.clone();
        if answer.repeated
            && status == 409
            && let Some(thing) = Thing::made_by(&request.url, &request.body)
        {
            self.until_made(&thing).await?;
            self.ledger().ended(&thing);
        }
        course.keep(step, &body);
        let body = if step.at_once {
            course.running.push((request.clone(), answer.reply));
            body
        } else {
            self.finish(request, &answer.reply, &expected).await?
        };
        let hindered = hinders(&expected, status, &body);
        // The refusal may be about the first success of the same request.
        let repeated = answer.repeated && status != 200;
        let late = step.at_once && (answer.late || course.late);
        Ok(Outcome {
            status,
            body,
            hindered,
            repeated,
            late,
        })
    }

    fn judge(&self, course: &Course, step: &Step, said: &str, result: &Result<Outcome, Trouble>) {
        for claim in &step.claims {
            let verdict = match result {
                Err(why) => Verdict::NotTried(why.clone()),
                Ok(result) if result.hindered => {
                    let answer = answered(result.status, &result.body);
                    Verdict::NotTried(format!("{said}: {answer}"))
                }
                Ok(result) if result.repeated => {
                    Verdict::NotTried(format!("{said}: the answer to it was lost"))
                }
                Ok(result) if result.late => {
                    Verdict::NotTried(format!("{said}: the answer came too late to show it"))
                }
                Ok(result) => {
                    let expect = course.expect(&self.place, &claim.expect);
                    match mismatch(&expect, result.status, &result.body) {
                        None => Verdict::Agrees,
                        Some((field, expected, got)) => Verdict::Differs(vec![Mismatch {
                            request: said.to_owned(),
                            field,
                            expected,
                            got,
                        }]),
                    }
                }
            };
            self.note(claim.rule, verdict);
        }
    }

    /// Adds to what was found out about a rule.
    fn note(&self, rule: &'static str, verdict: Verdict) {
        let mut verdicts = lock(&self.verdicts);
        let verdict = match verdicts.remove(rule) {
            Some(known) => known.and(verdict),
            None => verdict,
        };
        verdicts.insert(rule, verdict);
    }

    /// Waits for what was not waited for. An error means that something did not come to be for a reason that says nothing
    /// about a rule; any other that went wrong, its own answer has shown or a later one will.
    async fn settle(&self, course: &mut Course) -> Result<(), Trouble> {
        let mut settled = Ok(());
        course.late = false;
        for (request, reply) in std::mem::take(&mut course.running) {
            let ended = self.finish(&request, &reply, &[]).await.and_then(|end| {
                if reply.status == 200 && hinders(&[], reply.status, &end) {
                    let (Request { method, url, .. }, end) = (&request, answered(200, &end));
                    return Err(format!("{method} {url}: {end}"));
                }
                Ok(())
            });
            settled = settled.and(ended);
        }
        settled
    }
}

/// What came of a request.
struct Outcome {
    status: u16,
    body: Value,
    /// It says nothing about a rule.
    hindered: bool,
    /// It is a refusal, and an earlier answer to the same request was lost.
    repeated: bool,
    /// It was to be sent at once, and only a later attempt was answered.
    late: bool,
}

impl Outcome {
    /// Whether the steps after this one make no sense with it.
    fn leads_nowhere(&self, step: &Step) -> bool {
        // What there is said to be already, the same request has made, and it was waited for.
        let there_already = self.repeated && self.status == 409 && step.method == "POST";
        let failed = self.status != 200 || !self.body["error"].is_null();
        let unknown = self.hindered || self.repeated;
        !there_already && (failed && step.needed || unknown && step.is_counted_on())
    }
}
