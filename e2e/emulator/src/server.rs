//! HTTP: a request becomes a call, an answer becomes a reply.

pub(crate) mod files;

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{self, ConnectInfo, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::call::{Api, Call, Verb};
use crate::callers::Part;
use crate::clock::{self, Clock};
use crate::document::{self, DocumentError};
use crate::engine::{Answer, Engine};
use crate::exchange::{Exchange, Observer, Reply};
use crate::faults::disturbance::is_about_an_object;
use crate::faults::{self, FaultError, Faults, Verdict, When, skew};
use crate::journal::{Asked, Journal};
use crate::refusal::ErrorAnswer;
use crate::request::{self, Request, no_tunnel};
use crate::resources;
use crate::wire::{Cord, Wires};
use crate::{batch, callers, control, pages, reply};

/// How often a waiting request looks whether its operation is done.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often the state file is written while there are changes.
const SAVE_EVERY: Duration = Duration::from_millis(500);

/// What the requests of one emulator share.
#[derive(Debug)]
pub(crate) struct Server {
    engine: Mutex<Engine>,
    journal: Mutex<Journal>,
    faults: Mutex<Faults>,
    file: Option<PathBuf>,
    observers: Vec<Observer>,
    /// What every wait is multiplied by.
    scale: f64,
    /// How many changes the state file holds.
    saved: AtomicU64,
}

/// No lock is held across a panic that leaves half a change behind, so a poisoned one is still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    pub(crate) fn new(
        latency: Duration,
        scale: f64,
        file: Option<PathBuf>,
        observers: Vec<Observer>,
    ) -> Server {
        Server {
            engine: Mutex::new(Engine::new(Clock::System, clock::scaled(latency, scale))),
            journal: Mutex::default(),
            faults: Mutex::default(),
            file,
            observers,
            scale,
            saved: AtomicU64::new(0),
        }
    }

    fn tell(&self, exchange: &Exchange<'_>) {
        for observer in &self.observers {
            observer.tell(exchange);
        }
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        lock(&self.engine)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Reads a list of faults, to be put in force.
    pub(crate) fn read_faults(&self, list: &Value) -> Result<Faults, FaultError> {
        Faults::parse(list, self.scale)
    }

    /// Puts faults in force, in place of those before; what those held goes on.
    pub(crate) fn put_faults(&self, faults: Faults) {
        *self.faults() = faults;
        self.engine().release();
    }

    pub(crate) fn state(&self) -> Value {
        document::get(&mut self.engine())
    }

    pub(crate) fn put_state(&self, document: &Value) -> Result<(), DocumentError> {
        document::put(&mut self.engine(), document)
    }
}

/// Serves until told to stop, or until nobody is left to tell.
pub(crate) async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
) {
    let router = Router::new().fallback(handle).with_state(server);
    let service = router.into_make_service_with_connect_info::<Cord>();
    let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
    let result = axum::serve(Wires(listener), service)
        .with_graceful_shutdown(stop)
        .await;
    if let Err(error) = result {
        eprintln!("the emulator stopped: {error}");
    }
}

/// Writes the state file now and then.
pub(crate) async fn save_changes(server: Arc<Server>, mut stopped: watch::Receiver<bool>) {
    while tokio::time::timeout(SAVE_EVERY, stopped.wait_for(|stopped| *stopped))
        .await
        .is_err()
    {
        server.save();
    }
}

async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    request: extract::Request,
) -> Response {
    let (head, body) = request.into_parts();
    let part = Part::of(head.uri.path());
    // Before the body, which a stranger could make long. A tunnel is refused below, in words for a proxy's client.
    if head.method != Method::CONNECT
        && let Err(stranger) = callers::check(part, &head)
    {
        return reply::own(403, &stranger.to_string());
    }
    let Ok(bytes) = to_bytes(body, part.longest_body()).await else {
        return reply::own(413, "Request too large.");
    };
    if part == Part::Control {
        return control::answer(&server, &head, &bytes);
    }
    if batch::is_batch(&head) {
        return batch::answer(&server, &cord, &head, &bytes).await;
    }
    respond(&server, &cord, &head, &bytes).await
}

/// Answers one request to one of Google's APIs.
pub(crate) async fn respond(server: &Server, cord: &Cord, head: &Parts, bytes: &[u8]) -> Response {
    let path = head.uri.path();
    let method = head.method.as_str();
    let query = head.uri.query().unwrap_or_default();
    let body = request::parse(bytes);
    let logged = body.as_ref().cloned().unwrap_or_default();
    let asked = |operation: &str, is_write| {
        let asked = Asked {
            method,
            path,
            query,
            operation,
            body: &logged,
            is_write,
        };
        server.journal().asked(&asked)
    };
    if head.method == Method::CONNECT {
        let number = asked("unknown", true);
        server.journal().replied(number, 501);
        return no_tunnel(head);
    }
    let mut request = Request {
        head,
        bytes,
        operation: None,
    };
    let Some(found) = Verb::parse(method).and_then(|verb| resources::find(verb, path)) else {
        let number = asked("unknown", method != "GET");
        server.journal().replied(number, 404);
        let text = format!("The emulator serves no method {method} {path}");
        let refusal = ErrorAnswer::new(404, "notFound", text).unserved();
        let body = refusal.body(Api::Compute);
        server.tell(&request.with(Reply::Sent(404, &body)));
        return reply::refused(&refusal, &body);
    };
    let api = found.resource.api;
    let body = request::body(&server.engine(), &found, body);
    let mut call = request::call(found, callers::addressed(head), query, Value::Null);
    let operation = call.route.operation;
    let number = asked(operation, !call.is_read());
    let asked = faults::Request {
        api,
        operation,
        path,
    };
    let has_object = || is_about_an_object(&mut server.engine(), &call);
    let mut verdict = server.faults().judge(method, asked, has_object);
    if let Some(token) = call.page_token() {
        verdict.truncate |= server.faults().loses(path, token) || verdict.lose_page;
    }
    tokio::time::sleep(verdict.latency).await;
    let answer = match body {
        Err(refusal) => Err(refusal),
        Ok(body) => {
            call.body = body;
            perform(server, &mut call, &verdict).await
        }
    };
    // A strike at a page after the first has lost that one.
    if verdict.lose_page
        && !verdict.truncate
        && let Some(token) = answer.as_ref().ok().and_then(pages::next)
    {
        server.faults().doom(path, token);
    }
    request.operation = Some(operation);
    finish(server, cord, api, request, number, verdict, answer)
}

/// Puts the call to the engine, as far as the faults let it get there.
async fn perform(server: &Server, call: &mut Call, verdict: &Verdict) -> Answer {
    if let Some(refusal) = &verdict.error {
        return Err(refusal.clone());
    }
    if verdict.reset == Some(When::Before) {
        return Ok(Value::Null);
    }
    call.fate = verdict.fate.clone();
    call.disturbance = verdict.disturbance.clone();
    let patience = clock::scaled(patience(call), server.scale);
    let begun = Instant::now();
    loop {
        let answer = server.engine().answer(call);
        // Without the rule about it, an operation that does not exist has nothing, and is not waited for.
        let waiting = begun.elapsed() < patience
            && answer.as_ref().is_ok_and(|body| {
                body["done"] != true && body["status"] != "DONE" && body.get("name").is_some()
            });
        if !waiting {
            return answer.map(|body| server.engine().as_asked(call, body));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How long a `wait` waits; zero for everything else.
fn patience(call: &Call) -> Duration {
    if call.route.operation.rsplit('.').next() != Some("wait") {
        return Duration::ZERO;
    }
    let longest = Duration::from_mins(2);
    let asked = call.body["timeout"].as_str().and_then(faults::duration);
    asked.map_or(longest, |asked| asked.min(longest))
}

fn finish(
    server: &Server,
    cord: &Cord,
    api: Api,
    request: Request<'_>,
    number: u64,
    verdict: Verdict,
    answer: Answer,
) -> Response {
    if verdict.reset.is_some() && verdict.error.is_none() {
        server.tell(&request.with(Reply::Lost));
        cord.reset();
        return reply::own(500, "The connection was cut.");
    }
    let (mut response, body) = match answer {
        Ok(mut body) => {
            if let Some(by) = verdict.skew {
                skew::shift(&mut body, by);
            }
            (reply::done(&body), body)
        }
        Err(refusal) => {
            let body = refusal.body(api);
            (reply::refused(&refusal, &body), body)
        }
    };
    if let Some(by) = verdict.skew {
        skew::date(&mut response, by);
    }
    let status = response.status().as_u16();
    server.journal().replied(number, status);
    server.tell(&request.with(match &verdict.body {
        Some(text) => Reply::Garbled(status, text),
        None if verdict.truncate => Reply::Truncated(status, &body),
        None => Reply::Sent(status, &body),
    }));
    if let Some(body) = verdict.body {
        *response.body_mut() = Body::from(body);
    }
    if verdict.truncate {
        cord.cut_within_body();
    }
    response
}
