//! The binary as scripts and people meet it: documents, exit codes, prompts, signals.

#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod documents;
mod emulator;
mod exit_codes;
mod memory;
mod processes;
mod prompts;
mod secrets;
mod terminal;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::{Answer, Privatelink};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");

const LINK: &str = "\
apiVersion: privatelink.dev/v1alpha1
kind: PrivateLink
metadata: {name: orders-to-billing, namespace: payments}
spec:
  projectId: acme-prod
  region: europe-west1
  source: {service: {name: orders}}
  destination: {service: {name: billing}, ingress: Internal}
  network: {name: prod}
  egress:
    connector: {managed: {subnetwork: {managed: {cidr: 10.8.0.0/28}}}}
";

const BILLING: &str = "/v2/projects/acme-prod/locations/europe-west1/services/billing";

/// An emulated cloud with two services and a network, a folder with one link, and the binary in it.
struct Desk {
    cloud: Cloud,
    folder: PathBuf,
    privatelink: Privatelink,
}

impl Desk {
    /// `name` is the folder's; each test has its own.
    async fn new(name: &str) -> Self {
        Self::slow(name, Duration::ZERO).await
    }

    /// The same with operations that take a while.
    async fn slow(name: &str, latency: Duration) -> Self {
        let folder = folder(name);
        fs::write(folder.join("link.yaml"), LINK).unwrap();
        let cloud = Cloud::start_with(latency).await.unwrap();
        cloud.put_state(&two_services()).await.unwrap();
        let privatelink = Privatelink::new(BINARY, &cloud.url(), &folder);
        Self {
            cloud,
            folder,
            privatelink,
        }
    }

    async fn run(&self, line: &str) -> Answer {
        let words: Vec<&str> = line.split(' ').collect();
        self.privatelink.run(&words).await.unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.join(file), text).unwrap();
    }

    async fn fault(&self, fault: Value) {
        self.cloud
            .send("PUT", "/emulator/faults", &json!([fault]))
            .await
            .unwrap();
    }

    async fn open_ingress(&self) {
        let open = json!({ "ingress": "INGRESS_TRAFFIC_ALL" });
        self.cloud
            .send("PATCH", &format!("{BILLING}?updateMask=ingress"), &open)
            .await
            .unwrap();
    }
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("cli")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn two_services() -> Value {
    let services = "projects/acme-prod/locations/europe-west1/services";
    json!({
        "run": { format!("{services}/orders"): {}, format!("{services}/billing"): {} },
        "compute": { "projects/acme-prod/global/networks/prod": {} },
    })
}

/// Asks a process to stop.
fn terminate(process: u32) {
    assert!(
        Command::new("kill")
            .args(["-TERM", &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}
