//! How somebody changes each field, over REST where the API lets them, and what comes of it.

use privatelink_core::kinds::Kind;
use privatelink_e2e::cloud::Cloud;
use serde_json::{Value, json};

/// One way in which somebody changes a field.
pub(crate) struct Tampering {
    /// What they do, in a word.
    pub(crate) how: &'static str,
    pub(crate) request: Request,
    pub(crate) end: End,
}

pub(crate) enum Request {
    /// Over REST, as anybody with rights would.
    Rest(&'static str, String, Value),
    /// Where the API refuses that change: straight in the state, as an older release or a failed update leaves it.
    State(Value),
}

/// What comes of it.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// `drift` names these fields: the one, unless Google ties others to it. The repair is one call of this method.
    Named(&'static [&'static str], &'static str),
    /// The digest of the declaration went along, so that it counts as not applied: no drift, and one call of this method
    /// writes it anew.
    Unapplied(&'static str),
    /// Nobody can take it back, so it is no drift; the step says so under this code.
    Told(&'static str),
}

const ORDERS: &str = "projects/acme-prod/locations/europe-west1/services/orders";
const BILLING: &str = "projects/acme-prod/locations/europe-west1/services/billing";
const OTHER: &str = "projects/acme-prod/locations/europe-west1/connectors/other";
const EGRESS_RECORD: &str = "privatelink.dev/egress";
const INGRESS_RECORD: &str = "privatelink.dev/ingress";
/// The records on the two services, by the keys of their annotations.
pub(crate) const RECORDS: [(&str, &str); 2] = [(ORDERS, EGRESS_RECORD), (BILLING, INGRESS_RECORD)];
const PATCH_SERVICE: &str = "run.projects.locations.services.patch";
const PATCH_CONNECTOR: &str = "vpcaccess.projects.locations.connectors.patch";

/// Must the link go without a NAT for this? While a public NAT serves a range, Google refuses to switch its Private
/// Google Access off.
pub(crate) fn wants_no_nat(kind: Kind) -> bool {
    kind == Kind::Subnetwork
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

pub(crate) fn tamperings(cloud: &Cloud, kind: Kind, field: &str) -> Vec<Tampering> {
    match (kind, field) {
        (Kind::Subnetwork, "privateIpGoogleAccess") => {
            let (path, _) = made(cloud, "compute", "/subnetworks/");
            vec![Tampering {
                how: "switched off",
                request: Request::Rest(
                    "POST",
                    format!("/compute/v1/{path}/setPrivateIpGoogleAccess"),
                    json!({"privateIpGoogleAccess": false}),
                ),
                end: End::Named(
                    &["privateIpGoogleAccess"],
                    "compute.subnetworks.setPrivateIpGoogleAccess",
                ),
            }]
        }
        (Kind::Subnetwork, "ipCidrRange") => {
            let (path, _) = made(cloud, "compute", "/subnetworks/");
            vec![Tampering {
                how: "expanded",
                request: Request::Rest(
                    "POST",
                    format!("/compute/v1/{path}/expandIpCidrRange"),
                    json!({"ipCidrRange": "10.8.0.0/27"}),
                ),
                end: End::Told("PL0166"),
            }]
        }
        (Kind::Nat, _) => nat(cloud, field),
        (Kind::Connector, _) => connector(cloud, field),
        (Kind::ServiceEgress, _) => egress(cloud, field),
        (Kind::ServiceIngress, _) => ingress(cloud, field),
        (kind, field) => panic!("nobody knows how to tamper with {field} of {kind}: say it here"),
    }
}

fn service(how: &'static str, path: &str, mask: &str, body: Value, end: End) -> Tampering {
    Tampering {
        how,
        request: Request::Rest("PATCH", format!("/v2/{path}?updateMask={mask}"), body),
        end,
    }
}

/// The annotations of a service, with another word in one of our records.
fn edited(cloud: &Cloud, path: &str, key: &str, wrote: &Value) -> Value {
    let mut annotations = cloud.state()["run"][path]["annotations"].clone();
    let mut record: Value = serde_json::from_str(annotations[key].as_str().unwrap()).unwrap();
    record["wrote"] = wrote.clone();
    annotations[key] = json!(record.to_string());
    json!({"annotations": annotations})
}

fn egress(cloud: &Cloud, field: &str) -> Vec<Tampering> {
    let access = |access: Value| json!({"template": {"vpcAccess": access}});
    let mut ours = cloud.state()["run"][ORDERS]["template"]["vpcAccess"].clone();
    let mask = "template.vpcAccess";
    let tamper =
        |how, body, fields| service(how, ORDERS, mask, body, End::Named(fields, PATCH_SERVICE));
    match field {
        "template.vpcAccess.egress" => {
            ours["egress"] = json!("PRIVATE_RANGES_ONLY");
            vec![tamper(
                "narrowed",
                access(ours),
                &["template.vpcAccess.egress"],
            )]
        }
        "template.vpcAccess.connector" => {
            let other = json!({"connector": OTHER, "egress": "ALL_TRAFFIC"});
            vec![
                tamper("another", access(other), &["template.vpcAccess.connector"]),
                tamper(
                    "none",
                    json!({"template": {}}),
                    &["template.vpcAccess.connector", "template.vpcAccess.egress"],
                ),
            ]
        }
        "template.vpcAccess.networkInterfaces" => {
            let interface = json!({
                "network": "projects/acme-prod/global/networks/prod",
                "subnetwork": "projects/acme-prod/regions/europe-west1/subnetworks/other",
            });
            let direct = json!({"networkInterfaces": [interface], "egress": "ALL_TRAFFIC"});
            let both = &[
                "template.vpcAccess.connector",
                "template.vpcAccess.networkInterfaces",
            ];
            vec![tamper("in place of the connector", access(direct), both)]
        }
        "annotations[privatelink.dev/egress]" => {
            let edited = edited(cloud, ORDERS, EGRESS_RECORD, &Value::Null);
            let named = End::Named(&["annotations[privatelink.dev/egress]"], PATCH_SERVICE);
            let gone = json!({"annotations": {}});
            vec![
                service("edited", ORDERS, "annotations", edited, named),
                service(
                    "removed",
                    ORDERS,
                    "annotations",
                    gone,
                    End::Unapplied(PATCH_SERVICE),
                ),
            ]
        }
        other => panic!("nobody knows how to tamper with {other} of a source: say it here"),
    }
}

fn ingress(cloud: &Cloud, field: &str) -> Vec<Tampering> {
    match field {
        "ingress" => {
            let end = End::Named(&["ingress"], PATCH_SERVICE);
            let to = |setting: &str| json!({"ingress": setting});
            let opened = to("INGRESS_TRAFFIC_ALL");
            let tightened = to("INGRESS_TRAFFIC_INTERNAL_ONLY");
            vec![
                service("opened", BILLING, "ingress", opened, end),
                service("tightened", BILLING, "ingress", tightened, end),
            ]
        }
        "annotations[privatelink.dev/ingress]" => {
            let edited = edited(cloud, BILLING, INGRESS_RECORD, &json!("All"));
            let end = End::Named(&["annotations[privatelink.dev/ingress]"], PATCH_SERVICE);
            let gone = json!({"annotations": {}});
            vec![
                service("edited", BILLING, "annotations", edited, end),
                service("removed", BILLING, "annotations", gone, end),
            ]
        }
        other => panic!("nobody knows how to tamper with {other} of a destination: say it here"),
    }
}

fn connector(cloud: &Cloud, field: &str) -> Vec<Tampering> {
    let (path, _) = made(cloud, "vpcaccess", "/connectors/");
    let rest = |how, end, body| Tampering {
        how,
        request: Request::Rest("PATCH", format!("/v1/{path}?updateMask={field}"), body),
        end,
    };
    // A connector never shrinks over REST, so that fewer machines than declared are put into the state. What has
    // grown over REST the repair cannot shrink either: that is told and left.
    let shrunk = |body: Value, named| Tampering {
        how: "shrunk",
        request: Request::State(json!({"vpcaccess": {path.clone(): body}})),
        end: End::Named(named, PATCH_CONNECTOR),
    };
    let grown = End::Told("PL0172");
    match field {
        "machineType" => {
            let end = End::Named(&["machineType"], PATCH_CONNECTOR);
            vec![rest("another", end, json!({"machineType": "f1-micro"}))]
        }
        "minInstances" => vec![
            rest("grown", grown, json!({"minInstances": 4})),
            shrunk(json!({"minInstances": 2}), &["minInstances"]),
        ],
        "maxInstances" => vec![
            rest("grown", grown, json!({"maxInstances": 7})),
            shrunk(json!({"maxInstances": 4}), &["maxInstances"]),
        ],
        other => panic!("nobody knows how to tamper with {other} of a connector: say it here"),
    }
}

fn nat(cloud: &Cloud, field: &str) -> Vec<Tampering> {
    let (path, router) = made(cloud, "compute", "/routers/");
    let tamper = |how, named, change: &dyn Fn(&mut Value)| {
        let mut entry = router["nats"][0].clone();
        change(&mut entry);
        Tampering {
            how,
            request: Request::Rest(
                "PATCH",
                format!("/compute/v1/{path}"),
                json!({"nats": [entry]}),
            ),
            end: End::Named(named, "compute.routers.patch"),
        }
    };
    match field {
        "natIpAllocateOption" => {
            let both = &["natIpAllocateOption", "natIps"];
            vec![tamper("automatic", both, &|entry| {
                entry["natIpAllocateOption"] = json!("AUTO_ONLY");
                entry["natIps"] = json!([]);
            })]
        }
        "natIps" => vec![tamper("another", &["natIps"], &|entry| {
            entry["natIps"] = json!(["projects/acme-prod/regions/europe-west1/addresses/spare"]);
        })],
        "sourceSubnetworkIpRangesToNat" => {
            let both = &["sourceSubnetworkIpRangesToNat", "subnetworks"];
            vec![tamper("every range", both, &|entry| {
                entry["sourceSubnetworkIpRangesToNat"] = json!("ALL_SUBNETWORKS_ALL_IP_RANGES");
                entry["subnetworks"] = json!([]);
            })]
        }
        "subnetworks" => vec![
            tamper("fewer ranges", &["subnetworks"], &|entry| {
                entry["subnetworks"][0]["sourceIpRangesToNat"] = json!(["PRIMARY_IP_RANGE"]);
            }),
            tamper("one more", &["subnetworks"], &|entry| {
                let more = json!({
                    "name": "projects/acme-prod/regions/europe-west1/subnetworks/other",
                    "sourceIpRangesToNat": ["ALL_IP_RANGES"],
                });
                entry["subnetworks"].as_array_mut().unwrap().push(more);
            }),
        ],
        "minPortsPerVm" => vec![tamper("fewer", &["minPortsPerVm"], &|entry| {
            entry["minPortsPerVm"] = json!(64);
        })],
        other => panic!("nobody knows how to tamper with {other} of a NAT: say it here"),
    }
}
