//! One service made to reach another privately, by hand, and everything undone again: the resources of
//! all three APIs hold on to each other as Google's do.
#![allow(clippy::unwrap_used, clippy::panic)]

use privatelink_emulator::discovery::Held;
use privatelink_emulator::{Emulator, Options};
use reqwest::{Client, Method};
use serde_json::{Value, json};

const COMPUTE: &str = "/compute/v1/projects/p/regions/europe-west1";
const RUN: &str = "/v2/projects/p/locations/europe-west1/services";
const VPC_ACCESS: &str = "/v1/projects/p/locations/europe-west1/connectors";

struct Cloud {
    emulator: Emulator,
    client: Client,
    /// Fails the test if anything is not as Google describes it.
    _held: Held,
}

impl Cloud {
    async fn with(document: Value) -> Cloud {
        // See `http.rs`.
        drop(rustls::crypto::ring::default_provider().install_default());
        let held = Held::new();
        let options = Options {
            observers: held.observers(),
            ..Options::default()
        };
        let emulator = Emulator::start(options).await.unwrap();
        emulator.put_state(&document).unwrap();
        Cloud {
            emulator,
            client: Client::builder().no_proxy().build().unwrap(),
            _held: held,
        }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.emulator.url());
        let request = self.client.request(method, url).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Sends a mutation and gives its ended operation, or the error.
    async fn change(&self, method: Method, path: &str, body: Value) -> Value {
        let begun = self.send(method, path, body).await;
        let operation = match (begun["selfLink"].as_str(), begun["name"].as_str()) {
            (Some(link), _) => link.replace("https://www.googleapis.com", ""),
            (None, Some(name)) if path.starts_with("/v2") => format!("/v2/{name}"),
            (None, Some(name)) => format!("/v1/{name}"),
            (None, None) => return begun,
        };
        self.send(Method::GET, &operation, Value::Null).await
    }

    async fn done(&self, method: Method, path: &str, body: Value) {
        let ended = self.change(method, path, body).await;
        assert_eq!(ended.get("error"), None, "{path}: {ended}");
    }

    async fn refused(&self, method: Method, path: &str, body: Value, with: &str) {
        let ended = self.change(method, path, body).await;
        let text = ended["error"].to_string();
        assert!(
            text.contains(with),
            "{path} should be refused with {with}, but: {ended}"
        );
    }
}

fn plain() -> Value {
    json!({
        "compute": { "projects/p/global/networks/prod": {} },
        "run": {
            "projects/p/locations/europe-west1/services/orders": {},
            "projects/p/locations/europe-west1/services/billing": {},
        },
    })
}

/// The document without what may differ after a service was changed and changed back.
fn essence(mut document: Value) -> Value {
    let run = document["run"].as_object_mut().unwrap();
    run.retain(|path, _| !path.contains("/revisions/"));
    for (_, service) in run {
        let volatile = [
            "generation",
            "observedGeneration",
            "etag",
            "updateTime",
            "latestCreatedRevision",
            "latestReadyRevision",
            "conditions",
            "terminalCondition",
        ];
        let fields = service.as_object_mut().unwrap();
        fields.retain(|field, _| !volatile.contains(&field.as_str()));
    }
    document
}

async fn build(cloud: &Cloud) {
    let subnetwork = json!({
        "name": "link", "network": "projects/p/global/networks/prod", "ipCidrRange": "10.8.0.0/28",
        "privateIpGoogleAccess": true, "description": "ours",
    });
    cloud
        .done(Method::POST, &format!("{COMPUTE}/subnetworks"), subnetwork)
        .await;
    let router = json!({ "name": "router", "network": "projects/p/global/networks/prod" });
    cloud
        .done(Method::POST, &format!("{COMPUTE}/routers"), router)
        .await;
    let nat = json!({ "nats": [{
        "name": "nat", "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": [{
            "name": "projects/p/regions/europe-west1/subnetworks/link",
            "sourceIpRangesToNat": ["ALL_IP_RANGES"],
        }],
    }] });
    cloud
        .done(Method::PATCH, &format!("{COMPUTE}/routers/router"), nat)
        .await;
    let connector = json!({ "subnet": { "name": "link" }, "minInstances": 2, "maxInstances": 3 });
    cloud
        .done(
            Method::POST,
            &format!("{VPC_ACCESS}?connectorId=link"),
            connector,
        )
        .await;
    let egress = json!({ "template": { "vpcAccess": {
        "connector": "projects/p/locations/europe-west1/connectors/link", "egress": 1,
    } } });
    let mask = "updateMask=template.vpcAccess,template.revision";
    cloud
        .done(Method::PATCH, &format!("{RUN}/orders?{mask}"), egress)
        .await;
    let internal = json!({ "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY" });
    cloud
        .done(
            Method::PATCH,
            &format!("{RUN}/billing?updateMask=ingress"),
            internal,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_built_and_undone_leaves_no_trace() {
    let cloud = Cloud::with(plain()).await;
    let before = cloud.emulator.state();
    build(&cloud).await;
    let connector = cloud
        .send(Method::GET, &format!("{VPC_ACCESS}/link"), Value::Null)
        .await;
    assert_eq!(
        (&connector["state"], &connector["network"]),
        (&json!("READY"), &json!("prod"))
    );
    let networks = cloud
        .send(
            Method::GET,
            "/compute/v1/projects/p/aggregated/subnetworks",
            Value::Null,
        )
        .await;
    let listed = &networks["items"]["regions/europe-west1"]["subnetworks"][0];
    assert_eq!(listed["privateIpGoogleAccess"], true);
    let state = cloud.emulator.state();
    cloud.emulator.put_state(&state).unwrap();
    assert_eq!(cloud.emulator.state(), state);

    let open = json!({ "ingress": "INGRESS_TRAFFIC_ALL" });
    cloud
        .done(
            Method::PATCH,
            &format!("{RUN}/billing?updateMask=ingress"),
            open,
        )
        .await;
    let mask = "updateMask=template.vpcAccess,template.revision";
    cloud
        .done(Method::PATCH, &format!("{RUN}/orders?{mask}"), json!({}))
        .await;
    cloud
        .done(Method::DELETE, &format!("{VPC_ACCESS}/link"), Value::Null)
        .await;
    cloud
        .done(
            Method::PATCH,
            &format!("{COMPUTE}/routers/router"),
            json!({ "nats": [] }),
        )
        .await;
    cloud
        .done(
            Method::DELETE,
            &format!("{COMPUTE}/routers/router"),
            Value::Null,
        )
        .await;
    cloud
        .done(
            Method::DELETE,
            &format!("{COMPUTE}/subnetworks/link"),
            Value::Null,
        )
        .await;
    assert_eq!(essence(cloud.emulator.state()), essence(before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wrong_order_is_refused() {
    let cloud = Cloud::with(plain()).await;
    build(&cloud).await;
    let subnetwork = format!("{COMPUTE}/subnetworks/link");
    let network = "/compute/v1/projects/p/global/networks/prod";
    cloud
        .refused(
            Method::DELETE,
            network,
            Value::Null,
            "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE",
        )
        .await;
    cloud
        .refused(
            Method::DELETE,
            &subnetwork,
            Value::Null,
            "already being used by",
        )
        .await;
    let off = json!({ "privateIpGoogleAccess": false });
    let set = format!("{subnetwork}/setPrivateIpGoogleAccess");
    cloud.refused(Method::POST, &set, off, "").await;
    let overlapping = json!({ "network": "prod", "ipCidrRange": "10.8.0.0/28", "maxInstances": 3 });
    let text = "It conflicts with an existing subnetwork";
    cloud
        .refused(
            Method::POST,
            &format!("{VPC_ACCESS}?connectorId=other"),
            overlapping,
            text,
        )
        .await;
    cloud
        .done(Method::DELETE, &format!("{VPC_ACCESS}/link"), Value::Null)
        .await;
    let orders = cloud
        .send(Method::GET, &format!("{RUN}/orders"), Value::Null)
        .await;
    assert_eq!(orders["terminalCondition"]["state"], "CONDITION_SUCCEEDED");
    let slower = json!({ "template": { "timeout": "60s" } });
    let patch = format!("{RUN}/orders?updateMask=template.timeout");
    cloud
        .refused(
            Method::PATCH,
            &patch,
            slower,
            "does not exist, or Cloud Run does not have permission",
        )
        .await;
}
