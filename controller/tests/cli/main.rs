//! The binary as scripts and people meet it: documents, exit codes, prompts, signals.

#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod documents;
mod emulator;
mod exit_codes;
mod log;
mod memory;
mod options;
mod processes;
mod prompts;
mod pseudo_terminal;
mod rates;
mod secrets;
mod sets;
mod slips;
mod storms;
mod terminal;
mod timeouts;
mod too_much;
mod traffic;
mod unwritable;
mod verdicts;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::{Answer, Privatelink};
use privatelink_emulator::Options;
use serde_json::{Map, Value, json};

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
    async fn slow(name: &str, operation_latency: Duration) -> Self {
        let options = Options {
            operation_latency,
            ..Options::default()
        };
        Self::with(name, options).await
    }

    /// The same with an emulator of these options.
    async fn with(name: &str, options: Options) -> Self {
        let folder = folder(name);
        fs::write(folder.join("link.yaml"), LINK).unwrap();
        let cloud = Cloud::start_as(options).await.unwrap();
        cloud.put_state(&two_services()).await.unwrap();
        let privatelink = Privatelink::new(BINARY, &cloud.url(), &folder);
        Self {
            cloud,
            folder,
            privatelink,
        }
    }

    /// So many projects, each with two services, a network and a link between them in `links.yaml`; every other one is
    /// in another region.
    async fn many(name: &str, projects: usize, options: Options) -> Self {
        let desk = Self::with(name, options).await;
        let (mut run, mut compute, mut links) = (Map::new(), Map::new(), Vec::new());
        for number in 0..projects {
            let project = format!("acme-prod-{number}");
            let region = ["europe-west1", "us-east1"][number % 2];
            for service in ["orders", "billing"] {
                let path = format!("projects/{project}/locations/{region}/services/{service}");
                run.insert(path, json!({}));
            }
            let network = format!("projects/{project}/global/networks/prod");
            compute.insert(network, json!({}));
            let link = LINK
                .replace("acme-prod", &project)
                .replace("europe-west1", region);
            links.push(link.replace("orders-to-billing", &format!("link-{number}")));
        }
        desk.write("links.yaml", &links.join("---\n"));
        let state = json!({ "run": run, "compute": compute });
        desk.cloud.put_state(&state).await.unwrap();
        desk
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
