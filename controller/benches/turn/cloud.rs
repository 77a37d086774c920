//! The emulator as a process of its own, and plain HTTP to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The binary under measurement, built by the same `cargo bench`.
pub(super) const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

pub(super) struct Emulator {
    process: Child,
    url: String,
}

impl Emulator {
    /// Starts it on a port of the kernel's choice.
    pub(super) fn start() -> Self {
        let mut process = Command::new(BINARY)
            .arg("emulator")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim_end()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self { process, url }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn state(&self) -> Value {
        self.send("GET", "state", &Value::Null)
    }

    /// What was asked since the last [`Self::forget_requests`].
    pub(super) fn requests(&self) -> Value {
        self.send("GET", "requests", &Value::Null)
    }

    pub(super) fn forget_requests(&self) {
        self.send("POST", "requests:reset", &Value::Null);
    }

    pub(super) fn put_state(&self, state: &Value) {
        let answer = self.send("PUT", "state", state);
        assert!(answer["error"].is_null(), "{answer}");
    }

    /// One request on a connection of its own. The answer is whole when the emulator hangs up.
    fn send(&self, method: &str, what: &str, body: &Value) -> Value {
        let address = self.url.strip_prefix("http://").unwrap();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json";
        write!(
            stream,
            "{method} /emulator/{what} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_default()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
