//! Where the demo plays: an emulator with two services and a network, and the requests of somebody else.

use std::path::Path;
use std::time::Duration;

use privatelink_emulator::{self as emulator, Emulator};
use privatelink_gcp::{self as gcp, Google};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::DemoError;

/// Long enough to watch, short enough not to wait.
const LATENCY: Duration = Duration::from_millis(150);

const COMPUTE: &str = "compute/v1/projects/acme-prod/regions/europe-west1";
const RUN: &str = "v2/projects/acme-prod/locations/europe-west1";

/// A running emulator and a bare HTTP client.
pub(super) struct Stage {
    emulator: Emulator,
    client: Client,
}

/// How many requests there were.
pub(super) struct Requests {
    pub(super) total: u64,
    pub(super) writes: u64,
}

impl Stage {
    /// Starts the emulator with two services and a network, and connects to it.
    pub(super) async fn build(record: Option<&Path>) -> Result<(Self, Google), DemoError> {
        let options = emulator::Options {
            operation_latency: LATENCY,
            record: record.map(Path::to_owned),
            ..emulator::Options::default()
        };
        let emulator = Emulator::start(options).await.map_err(DemoError::Start)?;
        let services = "projects/acme-prod/locations/europe-west1/services";
        let state = json!({
            "run": { format!("{services}/orders"): {}, format!("{services}/billing"): {} },
            "compute": { "projects/acme-prod/global/networks/prod": {} },
        });
        emulator.put_state(&state).map_err(DemoError::Start)?;
        let options = gcp::Options {
            endpoint: Some(emulator.url()),
            ..gcp::Options::default()
        };
        // The connection comes first: it installs the provider of TLS, without which no client can be made.
        let google = gcp::connect(options).await.map_err(DemoError::Connect)?;
        Ok((
            Self {
                emulator,
                client: Client::new(),
            },
            google,
        ))
    }

    fn url(&self) -> String {
        self.emulator.url()
    }

    /// Everything that exists, without what changes whenever anything is written: versions, revisions, times.
    pub(super) fn state(&self) -> Value {
        let mut state = self.emulator.state();
        forget_versions(&mut state);
        state
    }

    pub(super) async fn close(self) {
        self.emulator.shutdown().await;
    }

    /// How many requests there were since the last time this was asked.
    pub(super) async fn requests(&self) -> Result<Requests, DemoError> {
        let counts = self
            .send(Method::GET, "emulator/requests", &Value::Null)
            .await?;
        self.send(Method::POST, "emulator/requests:reset", &Value::Null)
            .await?;
        let count = |name: &str| counts[name].as_u64().unwrap_or_default();
        Ok(Requests {
            total: count("total"),
            writes: count("writes"),
        })
    }

    /// Somebody opens the destination to the internet.
    pub(super) async fn open_ingress(&self) -> Result<(), DemoError> {
        let path = format!("{RUN}/services/billing?updateMask=ingress");
        self.write(
            Method::PATCH,
            &path,
            &json!({ "ingress": "INGRESS_TRAFFIC_ALL" }),
        )
        .await
    }

    /// Somebody lets only private ranges through the connector.
    pub(super) async fn narrow_routing(&self) -> Result<(), DemoError> {
        let service = self
            .send(Method::GET, &format!("{RUN}/services/orders"), &Value::Null)
            .await?;
        let connector = &service["template"]["vpcAccess"]["connector"];
        let access = json!({ "connector": connector, "egress": "PRIVATE_RANGES_ONLY" });
        let path = format!("{RUN}/services/orders?updateMask=template.vpcAccess");
        self.write(
            Method::PATCH,
            &path,
            &json!({ "template": { "vpcAccess": access } }),
        )
        .await
    }

    /// Somebody tidies up: the NAT entry goes, and then Private Google Access, which it kept on until then.
    pub(super) async fn tidy_up(&self) -> Result<(), DemoError> {
        let router = self.only("routers").await?;
        self.write(
            Method::PATCH,
            &format!("{COMPUTE}/routers/{router}"),
            &json!({ "nats": [] }),
        )
        .await?;
        let subnetwork = self.only("subnetworks").await?;
        let path = format!("{COMPUTE}/subnetworks/{subnetwork}/setPrivateIpGoogleAccess");
        self.write(
            Method::POST,
            &path,
            &json!({ "privateIpGoogleAccess": false }),
        )
        .await
    }

    async fn only(&self, collection: &'static str) -> Result<String, DemoError> {
        let list = self
            .send(
                Method::GET,
                &format!("{COMPUTE}/{collection}"),
                &Value::Null,
            )
            .await?;
        list["items"][0]["name"]
            .as_str()
            .map(str::to_owned)
            .ok_or(DemoError::Missing(collection))
    }

    /// Sends a write and waits for its operation.
    async fn write(&self, method: Method, path: &str, body: &Value) -> Result<(), DemoError> {
        let mut operation = self.send(method, path, body).await?;
        let name = operation["name"].as_str().unwrap_or_default().to_owned();
        let place = if path.starts_with(COMPUTE) {
            format!("{COMPUTE}/operations/{name}")
        } else {
            format!("v2/{name}")
        };
        while operation["done"] != true && operation["status"] != "DONE" {
            tokio::time::sleep(LATENCY / 3).await;
            operation = self.send(Method::GET, &place, &Value::Null).await?;
        }
        match &operation["error"] {
            Value::Null => Ok(()),
            error => Err(DemoError::Refused(path.to_owned(), error.to_string())),
        }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, DemoError> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}/{path}", self.url()));
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(DemoError::Request)?;
        let status = answer.status();
        let value: Value = answer.json().await.map_err(DemoError::Request)?;
        if status.is_success() {
            return Ok(value);
        }
        let message = value["error"]["message"]
            .as_str()
            .unwrap_or("no reason given")
            .to_owned();
        Err(DemoError::Refused(format!("{method} {path}"), message))
    }
}

/// Fields that tell versions apart and no configurations.
const VERSIONS: [&str; 10] = [
    "conditions",
    "createTime",
    "etag",
    "fingerprint",
    "generation",
    "latestCreatedRevision",
    "latestReadyRevision",
    "observedGeneration",
    "terminalCondition",
    "updateTime",
];

fn forget_versions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !VERSIONS.contains(&name.as_str()) && !name.contains("/revisions/")
            });
            fields.values_mut().for_each(forget_versions);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_versions),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_forgotten_and_configurations_are_not() {
        let mut state = json!({ "run": {
            "projects/p/locations/r/services/s": { "etag": "1", "ingress": "INGRESS_TRAFFIC_ALL" },
            "projects/p/locations/r/services/s/revisions/s-00001-abc": {},
        } });
        forget_versions(&mut state);
        let kept = json!({ "run": { "projects/p/locations/r/services/s": { "ingress": "INGRESS_TRAFFIC_ALL" } } });
        assert_eq!(state, kept);
    }
}
