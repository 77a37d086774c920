//! A wire to an emulator in this process, whose time passes when somebody waits for it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::call::Verb;
use crate::clock::{self, Clock};
use crate::conformance::{NoAnswer, Place, Reply, Request, Sending, Wire};
use crate::discovery::Held;
use crate::document;
use crate::engine::Engine;
use crate::exchange::{self, Exchange};
use crate::resources;

/// How long operations take; longer than the shortest pause.
const LATENCY: Duration = Duration::from_millis(1500);

pub(super) fn place() -> Place {
    Place {
        project: "acme-prod".to_owned(),
        region: "europe-west1".to_owned(),
        suffix: "ab12".to_owned(),
    }
}

/// What a future comes to that never really waits.
pub(super) fn finished<T>(future: impl Future<Output = T>) -> T {
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
    /// Holds what is sent and answered to Google's description, as long as every rule is on.
    held: RefCell<Option<Held>>,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let start: Timestamp = "2026-05-04T10:00:00Z".parse().unwrap();
        Bench {
            engine: RefCell::new(Engine::new(Clock::Stopped(start), LATENCY)),
            held: RefCell::new(Some(Held::new())),
        }
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

    pub(super) fn answer(&self, request: &Request) -> Reply {
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
        let call = found.into_call(host.to_owned(), query, request.body.clone());
        let reply = match self.engine.borrow_mut().answer_as_asked(&call) {
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
        reply
    }
}

impl Wire for Bench {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a, Result<Reply, NoAnswer>> {
        Box::pin(async move { Ok(self.answer(request)) })
    }

    fn pause(&self, time: Duration) -> Sending<'_, ()> {
        Box::pin(async move {
            let mut engine = self.engine.borrow_mut();
            engine.clock = Clock::Stopped(clock::later(engine.clock.now(), time));
        })
    }
}
