//! An emulator and a client of it, for the tests over HTTP.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "each test file is a crate of its own")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use privatelink_emulator::discovery::Held;
use privatelink_emulator::{Emulator, Options};
use reqwest::{Client, Method};
use serde_json::{Value, json};

pub const NETWORKS: &str = "/compute/v1/projects/p/global/networks";
pub const ROUTERS: &str = "/compute/v1/projects/p/regions/europe-west1/routers";
pub const SERVICES: &str = "/v2/projects/p/locations/europe-west1/services";

pub struct Bench {
    pub emulator: Emulator,
    pub client: Client,
    pub held: Held,
}

pub async fn bench(latency: Duration) -> Bench {
    with(Options {
        operation_latency: latency,
        ..Options::default()
    })
    .await
}

pub async fn with(mut options: Options) -> Bench {
    // Other crates of the workspace may give the client TLS, which then wants a provider; a second
    // installation is refused, and may be.
    drop(rustls::crypto::ring::default_provider().install_default());
    let held = Held::new();
    options.observers = held.observers();
    let emulator = Emulator::start(options).await.unwrap();
    Bench {
        emulator,
        client: Client::builder().no_proxy().build().unwrap(),
        held,
    }
}

impl Bench {
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> reqwest::Result<(u16, String)> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.emulator.url()));
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, response.text().await?))
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let (status, text) = self.try_send(method, path, body).await.unwrap();
        (status, serde_json::from_str(&text).unwrap())
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, Value::Null).await.1
    }

    pub async fn faults(&self, faults: Value) {
        let (status, body) = self.send(Method::PUT, "/emulator/faults", faults).await;
        assert_eq!(status, 200, "{body}");
    }

    /// Makes networks.
    pub async fn with_networks(&self, names: &[&str]) {
        for name in names {
            let network = json!({ "name": name, "autoCreateSubnetworks": false });
            let (status, _) = self.send(Method::POST, NETWORKS, network).await;
            assert_eq!(status, 200);
        }
    }

    /// What the server answers to these bytes, until it hangs up.
    pub fn raw(&self, request: &str) -> String {
        let address = self.emulator.url().replace("http://", "");
        let mut stream = TcpStream::connect(address).unwrap();
        // Longer than any answer takes: a server that waits for more than it was sent fails the test.
        let patience = Some(Duration::from_mins(1));
        stream.set_read_timeout(patience).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// A service with nothing but an image.
pub fn service() -> Value {
    json!({ "template": { "containers": [{ "image": "us-docker.pkg.dev/cloudrun/container/hello" }] } })
}
