//! An emulated Google Cloud of one's own for each test, and bare HTTP to it: what a person with curl would do.

use std::collections::BTreeMap;
use std::time::Duration;

use privatelink_emulator::discovery::Held;
use privatelink_emulator::{Emulator, Options};
use serde_json::{Value, json};

/// What went wrong while talking to the emulator.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// It did not start.
    #[error("the emulator did not start")]
    Start(#[source] std::io::Error),
    /// A request did not get an answer.
    #[error("{method} {path} got no answer")]
    Send {
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The answer was a refusal.
    #[error("{method} {path} answered {status}: {body}")]
    Refused {
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// The status.
        status: u16,
        /// The body.
        body: Value,
    },
}

/// A client for bare HTTP.
pub fn http() -> reqwest::Client {
    // It wants a provider for TLS even where it speaks plain HTTP. A second installation is refused, which is
    // fine: one is there.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// A running emulator and a client for it.
#[derive(Debug)]
pub struct Cloud {
    emulator: Emulator,
    http: reqwest::Client,
    /// Everything that is sent to it and that it answers is as Google describes it, or the test fails.
    held: Held,
}

impl Cloud {
    /// Starts one on a port of the kernel's choice.
    pub async fn start() -> Result<Self, CloudError> {
        Self::start_with(Duration::ZERO).await
    }

    /// Starts one whose operations take a while.
    pub async fn start_with(operation_latency: Duration) -> Result<Self, CloudError> {
        Self::start_as(Options {
            operation_latency,
            ..Options::default()
        })
        .await
    }

    /// Starts one with these options.
    pub async fn start_as(mut options: Options) -> Result<Self, CloudError> {
        let held = Held::new();
        options.observers.extend(held.observers());
        let emulator = Emulator::start(options).await.map_err(CloudError::Start)?;
        Ok(Self {
            emulator,
            http: http(),
            held,
        })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        self.emulator.url()
    }

    /// What holds the exchanges to Google's description.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// What was not as Google describes it, for tests that mean it; it is then forgiven.
    pub fn take_violations(&self) -> Vec<String> {
        self.held.take_violations()
    }

    /// Its whole state.
    pub fn state(&self) -> Value {
        self.emulator.state()
    }

    /// Replaces its whole state.
    pub async fn put_state(&self, state: &Value) -> Result<(), CloudError> {
        self.send("PUT", "/emulator/state", state).await.map(drop)
    }

    /// Sends one request; an answer that is not 2xx is an error.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, CloudError> {
        let (status, answer) = self.try_send(method, path, body).await?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        Err(CloudError::Refused {
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            body: answer,
        })
    }

    /// Sends one request and returns whatever came back.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value), CloudError> {
        let wrap = |source| CloudError::Send {
            method: method.to_owned(),
            path: path.to_owned(),
            source,
        };
        let verb = reqwest::Method::from_bytes(method.as_bytes()).unwrap_or(reqwest::Method::GET);
        let mut request = self.http.request(verb, format!("{}{path}", self.url()));
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(wrap)?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(wrap)?;
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    }

    /// How many requests there were since the last reset, as the emulator counts them.
    pub async fn requests(&self) -> Result<Value, CloudError> {
        self.send("GET", "/emulator/requests", &Value::Null).await
    }

    /// Forgets the requests so far.
    pub async fn reset_requests(&self) -> Result<(), CloudError> {
        self.send("POST", "/emulator/requests:reset", &json!({}))
            .await
            .map(drop)
    }

    /// How often each operation was asked for since the last reset.
    pub async fn operations(&self) -> Result<BTreeMap<String, u64>, CloudError> {
        let counts = self.requests().await?["byOperation"].take();
        Ok(serde_json::from_value(counts).unwrap_or_default())
    }

    /// Orders misbehaviour in place of what was ordered before.
    pub async fn order(&self, faults: &[Value]) -> Result<(), CloudError> {
        self.send("PUT", "/emulator/faults", &json!(faults))
            .await
            .map(drop)
    }

    /// How often the fault that was ordered last has struck.
    pub async fn struck(&self) -> Result<u64, CloudError> {
        self.struck_of(1).await
    }

    /// How often those faults have struck that were ordered last, so many of them.
    pub async fn struck_of(&self, last: usize) -> Result<u64, CloudError> {
        let faults = self.send("GET", "/emulator/faults", &Value::Null).await?;
        let faults = faults.as_array().into_iter().flatten();
        let struck = faults.rev().take(last).map(|fault| &fault["struck"]);
        Ok(struck.filter_map(Value::as_u64).sum())
    }

    /// How many of them wrote.
    pub async fn writes(&self) -> Result<u64, CloudError> {
        Ok(self.requests().await?["writes"]
            .as_u64()
            .unwrap_or(u64::MAX))
    }
}
