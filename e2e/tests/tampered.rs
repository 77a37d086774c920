//! For every managed field of every kind: somebody changes it, `drift` names exactly it, the repair writes only it,
//! and the next turn is silent. Which fields there are, the kinds say; a field without a way to tamper fails here.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use privatelink_core::kinds::{Kind, managed_fields};
use privatelink_e2e::cloud::Cloud;
use privatelink_e2e::privatelink::Privatelink;
use privatelink_e2e::scenario::{Scenario, merge};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_privatelink");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/scenarios/every-field");
const APPLY: &[&str] = &["apply", "--yes", "-o", "json", "declare.yaml"];
const DRIFT: &[&str] = &["drift", "-o", "json", "declare.yaml"];

/// How somebody changes one field, and which fields `drift` then names.
struct Tampering {
    /// What is sent to the emulator.
    request: Request,
    /// The fields that differ afterwards: the one, unless Google ties others to it.
    named: &'static [&'static str],
    /// The operation that repairs it, and no other may write.
    repair: &'static str,
}

enum Request {
    /// Over REST, as anybody with rights would.
    Rest(&'static str, String, Value),
    /// Where the API refuses that change: straight in the state, as an older release or a failed update leaves it.
    State(Value),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_with_any_managed_field_is_named_repaired_and_then_silent() {
    let scenario = Scenario::read(Path::new(FOLDER)).unwrap();
    let mut fields = 0;
    for kind in Kind::ALL {
        for field in managed_fields(kind) {
            let cloud = Cloud::start().await.unwrap();
            cloud.put_state(&scenario.live).await.unwrap();
            let privatelink = Privatelink::new(BINARY, &cloud.url(), FOLDER);
            let applied = privatelink.run(APPLY).await.unwrap();
            assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
            tamper_and_repair(&cloud, &privatelink, kind, field).await;
            fields += 1;
        }
    }
    println!("{fields} managed fields");
}

async fn tamper_and_repair(cloud: &Cloud, privatelink: &Privatelink, kind: Kind, field: &str) {
    let what = format!("{kind} {field}");
    let tampering = tampering(cloud, kind, field);
    match tampering.request {
        Request::Rest(method, path, body) => drop(cloud.send(method, &path, &body).await.unwrap()),
        Request::State(patch) => {
            let mut state = cloud.state();
            merge(&mut state, &patch);
            cloud.put_state(&state).await.unwrap();
        }
    }
    let drift = privatelink.run(DRIFT).await.unwrap().json();
    let named: Vec<(&str, &str)> = drift["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["drift"].is_string() || step["action"] != "nothing")
        .flat_map(|step| {
            let changes = step["changes"].as_array().unwrap().iter();
            changes.map(|change| {
                (
                    step["kind"].as_str().unwrap(),
                    change["field"].as_str().unwrap(),
                )
            })
        })
        .collect();
    let expected: Vec<(&str, &str)> = tampering
        .named
        .iter()
        .map(|field| (kind.name(), *field))
        .collect();
    assert_eq!(named, expected, "{what}: drift names {drift:#}");

    cloud.reset_requests().await.unwrap();
    let repaired = privatelink.run(APPLY).await.unwrap();
    assert_eq!(
        repaired.code, 0,
        "{what}: {}{}",
        repaired.stdout, repaired.stderr
    );
    let requests = cloud.requests().await.unwrap();
    assert_eq!(requests["writes"], 1, "{what}: {requests}");
    assert_eq!(
        requests["byOperation"][tampering.repair], 1,
        "{what}: {requests}"
    );

    cloud.reset_requests().await.unwrap();
    assert_eq!(privatelink.run(APPLY).await.unwrap().code, 0);
    assert_eq!(
        cloud.writes().await.unwrap(),
        0,
        "{what}: the next turn is not silent"
    );
}

/// The one object of this kind that the scenario's apply made.
fn made(cloud: &Cloud, api: &str, collection: &str) -> (String, Value) {
    let state = cloud.state();
    let objects = state[api].as_object().unwrap();
    let (path, object) = objects
        .iter()
        .find(|(path, _)| path.contains(collection) && path.contains("/pl-"))
        .unwrap();
    (path.clone(), object.clone())
}

const ORDERS: &str = "projects/acme-prod/locations/europe-west1/services/orders";
const BILLING: &str = "projects/acme-prod/locations/europe-west1/services/billing";
const PATCH_SERVICE: &str = "run.projects.locations.services.patch";

fn tampering(cloud: &Cloud, kind: Kind, field: &str) -> Tampering {
    match (kind, field) {
        (Kind::Subnetwork, "privateIpGoogleAccess") => {
            // While a public NAT serves the range Google refuses to switch it off, so it happens in the state.
            let (path, _) = made(cloud, "compute", "/subnetworks/");
            let switched_off = json!({"compute": {path: {"privateIpGoogleAccess": false}}});
            Tampering {
                request: Request::State(switched_off),
                named: &["privateIpGoogleAccess"],
                repair: "compute.subnetworks.setPrivateIpGoogleAccess",
            }
        }
        (Kind::Nat, _) => nat(cloud, field),
        (Kind::Connector, _) => connector(cloud, field),
        (Kind::ServiceEgress, "template.vpcAccess.egress") => {
            let mut access = cloud.state()["run"][ORDERS]["template"]["vpcAccess"].clone();
            access["egress"] = json!("PRIVATE_RANGES_ONLY");
            service(
                ORDERS,
                "template.vpcAccess",
                json!({"template": {"vpcAccess": access}}),
                &["template.vpcAccess.egress"],
            )
        }
        (Kind::ServiceEgress, "template.vpcAccess.connector") => {
            let other = "projects/acme-prod/locations/europe-west1/connectors/other";
            let access = json!({"connector": other, "egress": "ALL_TRAFFIC"});
            service(
                ORDERS,
                "template.vpcAccess",
                json!({"template": {"vpcAccess": access}}),
                &["template.vpcAccess.connector"],
            )
        }
        (Kind::ServiceEgress, "annotations[privatelink.dev/egress]") => service(
            ORDERS,
            "annotations",
            json!({"annotations": {}}),
            &["annotations[privatelink.dev/egress]"],
        ),
        (Kind::ServiceIngress, "ingress") => service(
            BILLING,
            "ingress",
            json!({"ingress": "INGRESS_TRAFFIC_ALL"}),
            &["ingress"],
        ),
        (Kind::ServiceIngress, "annotations[privatelink.dev/ingress]") => service(
            BILLING,
            "annotations",
            json!({"annotations": {}}),
            &["annotations[privatelink.dev/ingress]"],
        ),
        (kind, field) => panic!("nobody knows how to tamper with {field} of {kind}: say it here"),
    }
}

fn service(path: &str, mask: &str, body: Value, named: &'static [&'static str]) -> Tampering {
    Tampering {
        request: Request::Rest("PATCH", format!("/v2/{path}?updateMask={mask}"), body),
        named,
        repair: PATCH_SERVICE,
    }
}

fn connector(cloud: &Cloud, field: &str) -> Tampering {
    let (path, _) = made(cloud, "vpcaccess", "/connectors/");
    let repair = "vpcaccess.projects.locations.connectors.patch";
    match field {
        "machineType" => Tampering {
            request: Request::Rest(
                "PATCH",
                format!("/v1/{path}?updateMask=machineType"),
                json!({"machineType": "f1-micro"}),
            ),
            named: &["machineType"],
            repair,
        },
        // A connector never shrinks over REST, and what has grown cannot be shrunk by the repair either.
        "minInstances" => Tampering {
            request: Request::State(json!({"vpcaccess": {path: {"minInstances": 2}}})),
            named: &["minInstances"],
            repair,
        },
        "maxInstances" => Tampering {
            request: Request::State(json!({"vpcaccess": {path: {"maxInstances": 4}}})),
            named: &["maxInstances"],
            repair,
        },
        other => panic!("nobody knows how to tamper with {other} of a connector: say it here"),
    }
}

fn nat(cloud: &Cloud, field: &str) -> Tampering {
    let (path, router) = made(cloud, "compute", "/routers/");
    let mut entry = router["nats"][0].clone();
    let named: &'static [&'static str] = match field {
        "natIpAllocateOption" => {
            entry["natIpAllocateOption"] = json!("AUTO_ONLY");
            entry["natIps"] = json!([]);
            &["natIpAllocateOption", "natIps"]
        }
        "natIps" => {
            entry["natIps"] = json!(["projects/acme-prod/regions/europe-west1/addresses/spare"]);
            &["natIps"]
        }
        "sourceSubnetworkIpRangesToNat" => {
            entry["sourceSubnetworkIpRangesToNat"] = json!("ALL_SUBNETWORKS_ALL_IP_RANGES");
            entry["subnetworks"] = json!([]);
            &["sourceSubnetworkIpRangesToNat", "subnetworks"]
        }
        "subnetworks" => {
            entry["subnetworks"][0]["sourceIpRangesToNat"] = json!(["PRIMARY_IP_RANGE"]);
            &["subnetworks"]
        }
        "minPortsPerVm" => {
            entry["minPortsPerVm"] = json!(64);
            &["minPortsPerVm"]
        }
        other => panic!("nobody knows how to tamper with {other} of a NAT: say it here"),
    };
    Tampering {
        request: Request::Rest(
            "PATCH",
            format!("/compute/v1/{path}"),
            json!({"nats": [entry]}),
        ),
        named,
        repair: "compute.routers.patch",
    }
}
