//! Calls as bare HTTP: a socket, a request line, a body, and what comes back.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::call::{Api, Verb};
use crate::discovery::Held;
use crate::engine::{Answer, Engine};
use crate::refusal::ErrorAnswer;
use crate::resources;
use crate::server::{self, Server};

/// A server on loopback that lends its place to one engine after the other.
pub(super) struct Wire {
    server: Arc<Server>,
    address: SocketAddr,
    sent: Cell<usize>,
    pub(super) held: Held,
    _stop: watch::Sender<bool>,
    _runtime: Runtime,
}

impl Wire {
    pub(super) fn new() -> Wire {
        let held = Held::new();
        let server = Server::new(Duration::ZERO, 1.0, None, held.observers());
        let server = Arc::new(server);
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        runtime.spawn(server::serve(Arc::clone(&server), listener, stopped));
        Wire {
            server,
            address,
            sent: Cell::new(0),
            held,
            _stop: stop,
            _runtime: runtime,
        }
    }

    /// How many requests went over.
    pub(super) fn sent(&self) -> usize {
        self.sent.get()
    }

    /// Puts a call to an engine; `url` is a path, or absolute.
    pub(super) fn call(
        &self,
        engine: &mut Engine,
        method: &str,
        url: &str,
        text: &str,
    ) -> (Api, Answer) {
        std::mem::swap(engine, &mut *self.server.engine());
        let (status, rule, answer) = self.exchange(method, url, "application/json", text);
        std::mem::swap(engine, &mut *self.server.engine());
        let answer: Value =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        let path = match url.strip_prefix("http://") {
            Some(rest) => &rest[rest.find('/').unwrap()..],
            None => url,
        };
        let path = path.split('?').next().unwrap();
        let found = resources::find(Verb::parse(method).unwrap(), path);
        let api = found
            .unwrap_or_else(|| panic!("no method {method} {url}"))
            .resource
            .api;
        if status == 200 {
            return (api, Ok(answer));
        }
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        let mut error = ErrorAnswer::new(status, "", message);
        error.whole = Some(Box::new(answer));
        let refusal = match resources::rules().find(|it| it.id == rule) {
            Some(rule) => error.told(rule.id),
            None => error.unserved(),
        };
        (api, Err(refusal))
    }

    /// Puts a batch to an engine: how many parts its answer has, or the error.
    pub(super) fn batch(&self, engine: &mut Engine, kind: &str, text: &str) -> Value {
        std::mem::swap(engine, &mut *self.server.engine());
        let (status, _, answer) = self.exchange("POST", "/batch/compute/v1", kind, text);
        std::mem::swap(engine, &mut *self.server.engine());
        if status != 200 {
            return serde_json::from_str(&answer).unwrap();
        }
        json!(answer.matches("Content-Type: application/http\r\n").count())
    }

    /// The status, the rule that is named in the head, and the body.
    fn exchange(&self, method: &str, url: &str, kind: &str, text: &str) -> (u16, String, String) {
        self.sent.set(self.sent() + 1);
        let target: String = url.chars().map(encoded).collect();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{text}",
            self.address,
            text.len(),
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let rule = head
            .lines()
            .find_map(|line| line.strip_prefix("x-emulator-rule: "));
        (status, rule.unwrap_or_default().to_owned(), body.to_owned())
    }
}

/// What a request line cannot hold, in percent-encoding.
fn encoded(c: char) -> String {
    if c.is_ascii_graphic() && !"\"<>+".contains(c) {
        return c.to_string();
    }
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).bytes();
    let escapes: Vec<String> = bytes.map(|byte| format!("%{byte:02X}")).collect();
    escapes.concat()
}
