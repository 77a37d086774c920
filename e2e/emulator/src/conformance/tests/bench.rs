//! A wire to an emulator in this process, whose time passes when somebody waits for it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::call::{Call, Verb};
use crate::clock::{self, Clock};
use crate::conformance::{NoAnswer, Place, Reply, Request, Sending, Wire};
use crate::discovery::Held;
use crate::document;
use crate::engine::{Answer, Engine};
use crate::exchange::{self, Exchange};
use crate::faults::{self, Faults, When};
use crate::resources;

/// How long operations take; longer than the shortest pause.
const LATENCY: Duration = Duration::from_millis(1500);

pub(crate) fn place() -> Place {
    Place {
        project: "acme-prod".to_owned(),
        region: "europe-west1".to_owned(),
        suffix: "ab12".to_owned(),
    }
}

/// What a future comes to that never really waits.
pub(crate) fn finished<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

pub(super) struct Bench {
    engine: RefCell<Engine>,
    faults: RefCell<Faults>,
    /// How often each operation was asked for.
    asked: RefCell<BTreeMap<&'static str, usize>>,
    /// Holds what is sent and answered to Google's description, as long as every rule is on.
    held: RefCell<Option<Held>>,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let start: Timestamp = "2026-05-04T10:00:00Z".parse().unwrap();
        Bench {
            engine: RefCell::new(Engine::new(Clock::Stopped(start), LATENCY)),
            faults: RefCell::default(),
            asked: RefCell::default(),
            held: RefCell::new(Some(Held::new())),
        }
    }

    /// One that misbehaves to order.
    pub(super) fn on_a_bad_day(faults: &Value) -> Bench {
        let bench = Bench::new();
        *bench.faults.borrow_mut() = Faults::parse(faults, 1.0).unwrap();
        bench
    }

    pub(super) fn asked(&self) -> BTreeMap<&'static str, usize> {
        self.asked.borrow().clone()
    }

    pub(super) fn switch_off(&self, rule: &str) {
        self.held.borrow_mut().take();
        self.engine.borrow_mut().rules.switch_off([rule.to_owned()]);
    }

    pub(super) fn reach(&self) -> BTreeSet<(&'static str, &'static str)> {
        self.engine.borrow().rules.reach()
    }

    pub(super) fn state(&self) -> Value {
        document::get(&mut self.engine.borrow_mut())
    }

    fn answer(&self, request: &Request) -> Result<Reply, NoAnswer> {
        let (_, rest) = request.url.split_once("://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let decoded = |text: &str| resources::decode(text).unwrap();
        let sent = query;
        let query = sent.split('&').filter_map(|pair| pair.split_once('='));
        let query = query
            .map(|(key, value)| (decoded(key), decoded(value)))
            .collect();
        let verb = Verb::parse(request.method).unwrap();
        let found =
            resources::find(verb, path).unwrap_or_else(|| unreachable!("no method {request:?}"));
        let api = found.resource.api;
        let operation = found.route.operation;
        *self.asked.borrow_mut().entry(operation).or_default() += 1;
        let mut call = found.into_call(host.to_owned(), query, request.body.clone());
        let asked = faults::Request {
            api,
            operation,
            path,
        };
        let reply = match self.disturbed(request.method, asked, &mut call)? {
            Ok(body) => Reply { status: 200, body },
            Err(refusal) => Reply {
                status: refusal.error.http,
                body: refusal.body(api),
            },
        };
        let text = Some(&request.body).filter(|body| !body.is_null());
        let text = text.map(Value::to_string).unwrap_or_default();
        let exchange = Exchange {
            operation: Some(operation),
            method: request.method,
            path,
            query: sent,
            user_agent: "",
            request: text.as_bytes(),
            reply: exchange::Reply::Sent(reply.status, &reply.body),
        };
        if let Some(held) = &*self.held.borrow() {
            held.check(&exchange);
        }
        Ok(reply)
    }

    /// What the engine answers, as far as the faults let a call get there and its answer back.
    fn disturbed(
        &self,
        method: &str,
        asked: faults::Request<'_>,
        call: &mut Call,
    ) -> Result<Answer, NoAnswer> {
        let verdict = self.faults.borrow_mut().judge(method, asked, || true);
        if let Some(refusal) = verdict.error {
            return Ok(Err(refusal));
        }
        let lost = || NoAnswer("the connection was cut".to_owned());
        if verdict.reset == Some(When::Before) {
            return Err(lost());
        }
        call.fate = verdict.fate;
        let answer = self.engine.borrow_mut().answer_as_asked(call);
        if verdict.reset == Some(When::After) {
            return Err(lost());
        }
        Ok(answer)
    }
}

impl Wire for Bench {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a, Result<Reply, NoAnswer>> {
        Box::pin(async move { self.answer(request) })
    }

    fn pause(&self, time: Duration) -> Sending<'_, ()> {
        Box::pin(async move {
            let mut engine = self.engine.borrow_mut();
            engine.clock = Clock::Stopped(clock::later(engine.clock.now(), time));
        })
    }
}
