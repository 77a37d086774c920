//! An emulator with something in it, and a connection to it.

use std::time::Duration;

use privatelink_core::cloud::{Cloud as _, CloudError, Listing, Scope, Write};
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::{Id, Live, RegionalRef};
use privatelink_core::link::{NetworkRef, ServiceRef};
use privatelink_core::names::Mark;
use privatelink_emulator::Emulator;
use privatelink_emulator::discovery::Held;
use privatelink_gcp::{Google, Options, connect};
use reqwest::Method;
use serde_json::{Value, json};

/// An emulator and a connection to it.
pub(crate) struct Place {
    pub(crate) emulator: Emulator,
    pub(crate) google: Google,
    http: reqwest::Client,
    pub(crate) held: Held,
}

impl Place {
    /// Starts with the state document; operations take no time.
    pub(crate) async fn with(state: Value) -> Self {
        Self::slow(state, Duration::ZERO).await
    }

    /// Starts with the state document; operations take that long.
    pub(crate) async fn slow(state: Value, operation_latency: Duration) -> Self {
        let held = Held::new();
        let options = privatelink_emulator::Options {
            operation_latency,
            observers: held.observers(),
            ..Default::default()
        };
        let emulator = Emulator::start(options).await.unwrap();
        emulator.put_state(&state).unwrap();
        let google = connect(Options {
            endpoint: Some(emulator.url()),
            ..Options::default()
        });
        let google = google.await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            emulator,
            google,
            http,
            held,
        }
    }

    /// Sends a request beside the adapter, as somebody else would.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self
            .http
            .request(method, format!("{}{path}", self.emulator.url()))
            .json(body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn faults(&self, faults: Value) {
        self.send(Method::PUT, "/emulator/faults", &faults).await;
    }

    /// The requests since the start or the last call, one per line: method, path, query and body, without
    /// what the SDK adds to every query, and with request ids and names of operations made alike.
    pub(crate) async fn log(&self) -> String {
        let log = self
            .send(Method::GET, "/emulator/requests/log", &json!(null))
            .await;
        self.send(Method::POST, "/emulator/requests:reset", &json!(null))
            .await;
        let lines: Vec<String> = log.as_array().unwrap().iter().map(line).collect();
        lines.join("\n")
    }

    pub(crate) async fn list(&self, scope: Scope) -> Result<Listing, CloudError> {
        self.google.list(&scope).await
    }

    pub(crate) async fn get(&self, id: Id) -> Option<Live> {
        self.google.get(&id).await.unwrap()
    }

    pub(crate) async fn write(&self, write: Write) -> Result<Option<Live>, CloudError> {
        self.google.write(&write).await
    }

    /// An object of the state document.
    pub(crate) fn stored(&self, api: &str, path: &str) -> Value {
        self.emulator.state()[api][path].clone()
    }
}

fn line(entry: &Value) -> String {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    let query = text("query")
        .split('&')
        .filter(|pair| !pair.starts_with("%24") && !pair.starts_with('$'));
    let query = query.map(|pair| {
        if pair.starts_with("requestId=") {
            "requestId=ID"
        } else {
            pair
        }
    });
    let query: Vec<&str> = query.filter(|pair| !pair.is_empty()).collect();
    let (method, status) = (text("method"), &entry["status"]);
    let path = match text("path").split_once("/operations/") {
        Some((scope, _)) => format!("{scope}/operations/OPERATION"),
        None => text("path").to_owned(),
    };
    let body = Some(&entry["body"])
        .filter(|body| !body.is_null())
        .map(|body| format!(" {body}"));
    format!(
        "{status} {method} {path}?{}{}",
        query.join("&"),
        body.unwrap_or_default()
    )
}

pub(crate) fn project() -> ProjectId {
    "acme-prod".parse().unwrap()
}

pub(crate) fn region() -> Region {
    "europe-west1".parse().unwrap()
}

pub(crate) fn at(name: &str) -> RegionalRef {
    RegionalRef {
        project: project(),
        region: region(),
        name: name.parse().unwrap(),
    }
}

pub(crate) fn network() -> NetworkRef {
    NetworkRef {
        project: project(),
        name: "prod".parse().unwrap(),
    }
}

pub(crate) fn service(name: &str) -> ServiceRef {
    ServiceRef {
        project: project(),
        region: region(),
        name: name.parse().unwrap(),
    }
}

pub(crate) fn mark() -> Mark {
    "privatelink.dev/v1 owner=acme set=payments link=payments/orders-to-billing"
        .parse()
        .unwrap()
}

/// A project with a network, a subnetwork, an address, a router with somebody's entry, a connector and a
/// service.
pub(crate) fn furnished() -> Value {
    let regional = "projects/acme-prod/regions/europe-west1";
    let location = "projects/acme-prod/locations/europe-west1";
    let theirs = json!({
        "name": "theirs", "natIpAllocateOption": "AUTO_ONLY", "icmpIdleTimeoutSec": 30,
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": [{"name": format!("{regional}/subnetworks/b"), "sourceIpRangesToNat": ["ALL_IP_RANGES"]}],
    });
    json!({
        "compute": {
            "projects/acme-prod/global/networks/prod": {"autoCreateSubnetworks": false},
            format!("{regional}/subnetworks/a"): {
                "network": "projects/acme-prod/global/networks/prod", "ipCidrRange": "10.8.0.0/28",
                "description": mark().to_string(),
            },
            format!("{regional}/subnetworks/b"): {
                "network": "projects/acme-prod/global/networks/prod", "ipCidrRange": "10.8.1.0/28",
            },
            format!("{regional}/addresses/ip"): {},
            format!("{regional}/routers/r"): {
                "network": "projects/acme-prod/global/networks/prod", "nats": [theirs],
            },
        },
        "vpcaccess": {
            format!("{location}/connectors/c"): {
                "subnet": {"name": "a"}, "machineType": "e2-micro", "minInstances": 2, "maxInstances": 3,
            },
        },
        "run": {
            format!("{location}/services/orders"): {
                "annotations": {"team": "orders"},
                "template": {"containers": [{"image": "europe-docker.pkg.dev/acme-prod/app/orders"}]},
            },
            format!("{location}/services/billing"): {},
            format!("{location}/jobs/nightly"): {
                "template": {"template": {
                    "containers": [{"image": "europe-docker.pkg.dev/acme-prod/app/nightly"}],
                    "vpcAccess": {"connector": format!("{location}/connectors/c"), "egress": "ALL_TRAFFIC"},
                }},
            },
        },
    })
}
