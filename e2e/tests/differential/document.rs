//! The simulation's state as the emulator's state document, and what both show made comparable.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::fake::State;
use privatelink_core::kinds::network::Mode;
use privatelink_core::kinds::service_egress::google_egress;
use privatelink_core::kinds::service_ingress::google_ingress;
use privatelink_core::kinds::{
    Attachment, ConnectorState, Job, LiveConnector, LiveNat, LiveRouter, NatAddresses, NatSources,
    NextHop, RegionalRef, Revision, Service, Traffic, VpcAccess,
};
use privatelink_core::names::Mark;
use serde_json::{Map, Value, json};

use crate::universe::UNIVERSE;

/// A route that says nothing about the internet: with it in the document the emulator adds no default route.
pub(crate) const NARROW: &str = "narrow";

/// What every container runs.
pub(crate) const IMAGE: &str = "europe-docker.pkg.dev/acme-prod/apps/any:1";

/// States that a document cannot hold are left out: connectors in the middle of something move on by themselves.
pub(crate) fn can_be_told(state: &State) -> bool {
    let settled = |connector: &LiveConnector| {
        matches!(
            connector.state,
            ConnectorState::Ready | ConnectorState::Error
        )
    };
    state.connectors.values().all(settled)
        && state
            .subnetworks
            .values()
            .all(|subnetwork| subnetwork.cidr.is_some())
        && state.services.values().all(|service| !service.reconciling)
}

/// The document.
pub(crate) fn of(state: &State) -> Value {
    let (mut compute, mut run, mut vpcaccess) = (Map::new(), Map::new(), Map::new());
    for network in state.networks.values() {
        compute.insert(
            network.id.to_string(),
            json!({"autoCreateSubnetworks": network.mode == Mode::Auto}),
        );
        let path = format!(
            "projects/{}/global/routes/{NARROW}-{}",
            network.id.project, network.id.name
        );
        compute.insert(path, json!({"network": network.id.to_string(), "destRange": "10.255.255.240/28", "nextHopIp": "10.255.255.1"}));
    }
    for route in &state.routes {
        let mut body = json!({
            "network": route.network.to_string(),
            "destRange": route.destination.to_string(),
            "priority": route.priority,
            "tags": route.tags,
        });
        match &route.next_hop {
            NextHop::DefaultInternetGateway => {
                body["nextHopGateway"] = json!(format!(
                    "projects/{}/global/gateways/default-internet-gateway",
                    route.id.project
                ));
            }
            NextHop::Other(hop) => body["nextHopIp"] = json!(hop),
        }
        compute.insert(
            format!(
                "projects/{}/global/routes/{}",
                route.id.project, route.id.name
            ),
            body,
        );
    }
    for subnetwork in state.subnetworks.values() {
        let mut body = json!({
            "network": subnetwork.network.to_string(),
            "ipCidrRange": subnetwork.cidr.unwrap().to_string(),
            "privateIpGoogleAccess": subnetwork.private_google_access,
        });
        describe(&mut body, subnetwork.mark.as_ref());
        compute.insert(subnetwork.id.compute("subnetworks"), body);
    }
    for (number, (path, network)) in dangling(state).into_iter().enumerate() {
        let range = format!("10.254.{number}.0/24");
        compute.insert(path, json!({"network": network, "ipCidrRange": range}));
    }
    for (number, address) in state.addresses.values().enumerate() {
        let kind = if address.external {
            "EXTERNAL"
        } else {
            "INTERNAL"
        };
        let mut body = json!({"addressType": kind, "address": format!("203.0.113.{number}")});
        describe(&mut body, address.mark.as_ref());
        compute.insert(address.id.compute("addresses"), body);
    }
    for router in state.routers.values() {
        compute.insert(router.id.compute("routers"), router_body(router));
    }
    for connector in state.connectors.values() {
        vpcaccess.insert(
            connector.id.location("connectors"),
            connector_body(connector),
        );
    }
    for service in state.services.values() {
        run.insert(service.id.to_string(), service_body(service));
    }
    for revision in state.revisions.values() {
        run.insert(
            format!("{}/revisions/{}", revision.id.service, revision.id.name),
            revision_body(revision),
        );
    }
    for job in state.jobs.values() {
        run.insert(job.id.location("jobs"), job_body(job));
    }
    json!({"compute": compute, "run": run, "vpcaccess": vpcaccess})
}

/// The document in which a whole history begins: with everything that somebody may speak of later.
pub(crate) fn at_the_beginning(state: &State) -> Value {
    let mut document = of(state);
    let mut spoken_of = Vec::new();
    for network in state.networks.keys() {
        for region in [&UNIVERSE.guests[0].region, &UNIVERSE.guests[1].region] {
            for name in SPOKEN_OF {
                spoken_of.push((network, region, name));
            }
        }
    }
    for (number, (network, region, name)) in spoken_of.into_iter().enumerate() {
        let path = format!(
            "projects/{}/regions/{region}/subnetworks/{name}",
            network.project
        );
        let range = format!("10.253.{number}.0/24");
        let subnetwork = &mut document["compute"][path];
        if subnetwork.is_null() {
            *subnetwork = json!({"network": network.to_string(), "ipCidrRange": range});
        }
    }
    document
}

/// Subnetworks that the simulation only speaks of. Google's own references always lead somewhere.
fn dangling(state: &State) -> BTreeMap<String, String> {
    let mut spoken_of = BTreeMap::new();
    for router in state.routers.values() {
        for id in router.nats.iter().flat_map(LiveNat::listed) {
            if !state.subnetworks.contains_key(id) {
                spoken_of.insert(id.compute("subnetworks"), router.network.to_string());
            }
        }
    }
    let templates = state
        .services
        .values()
        .map(|service| (&service.id, &service.vpc_access));
    let revisions = state
        .revisions
        .values()
        .map(|revision| (&revision.id.service, &revision.vpc_access));
    for (service, live) in templates.chain(revisions) {
        let Some(VpcAccess {
            attachment:
                Attachment::Direct {
                    network: Some(network),
                    subnetwork: Some(name),
                    ..
                },
            ..
        }) = live
        else {
            continue;
        };
        let path = if name.contains('/') {
            name.clone()
        } else {
            format!(
                "projects/{}/regions/{}/subnetworks/{name}",
                service.project, service.region
            )
        };
        spoken_of.insert(path, network.to_string());
    }
    spoken_of
}

/// Names of subnetworks that only [`dangling`] puts there.
pub(crate) const SPOKEN_OF: [&str; 3] = ["nowhere", "yonder", "direct"];

fn describe(body: &mut Value, mark: Option<&Mark>) {
    if let Some(mark) = mark {
        body["description"] = json!(mark.to_string());
    }
}

fn router_body(router: &LiveRouter) -> Value {
    let mut body = json!({"network": router.network.to_string()});
    describe(&mut body, router.mark.as_ref());
    if !router.nats.is_empty() {
        body["nats"] = router
            .nats
            .iter()
            .map(|nat| nat_body(router, nat))
            .collect();
    }
    body
}

pub(crate) fn nat_body(router: &LiveRouter, nat: &LiveNat) -> Value {
    let mut body = json!({"name": nat.name, "type": if nat.public { "PUBLIC" } else { "PRIVATE" }});
    match &nat.addresses {
        NatAddresses::Auto => body["natIpAllocateOption"] = json!("AUTO_ONLY"),
        NatAddresses::Manual(names) => {
            let path = |name| {
                RegionalRef {
                    name,
                    ..router.id.clone()
                }
                .compute("addresses")
            };
            body["natIpAllocateOption"] = json!("MANUAL_ONLY");
            body["natIps"] = names.iter().cloned().map(path).collect();
        }
    }
    body["sourceSubnetworkIpRangesToNat"] = json!(match &nat.sources {
        NatSources::AllRanges => "ALL_SUBNETWORKS_ALL_IP_RANGES",
        NatSources::AllPrimaryRanges => "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES",
        NatSources::Listed(_) => "LIST_OF_SUBNETWORKS",
    });
    if let NatSources::Listed(listed) = &nat.sources
        && !listed.is_empty()
    {
        let entry = |(id, ranges): (&RegionalRef, &BTreeSet<String>)| json!({"name": id.compute("subnetworks"), "sourceIpRangesToNat": ranges});
        body["subnetworks"] = listed.iter().map(entry).collect();
    }
    if let Some(ports) = nat.min_ports_per_vm {
        body["minPortsPerVm"] = json!(ports);
    }
    body
}

fn connector_body(connector: &LiveConnector) -> Value {
    let state = match connector.state {
        ConnectorState::Ready => "READY",
        ConnectorState::Creating => "CREATING",
        ConnectorState::Updating => "UPDATING",
        ConnectorState::Deleting => "DELETING",
        ConnectorState::Error => "ERROR",
        ConnectorState::Unknown => "STATE_UNSPECIFIED",
    };
    let mut body = json!({
        "machineType": connector.machine_type,
        "minInstances": connector.min_instances,
        "maxInstances": connector.max_instances,
        "state": state,
    });
    if let Some(subnetwork) = &connector.subnetwork {
        body["subnet"] = json!({"name": subnetwork.name, "projectId": subnetwork.project});
    }
    if let Some(hidden) = &connector.hidden {
        body["network"] = json!(hidden.network);
        if let Some(cidr) = hidden.cidr {
            body["ipCidrRange"] = json!(cidr.to_string());
        }
    }
    body
}

pub(crate) fn access(access: &VpcAccess) -> Value {
    let egress = google_egress(access.routing);
    match &access.attachment {
        Attachment::Connector(connector) => {
            json!({"connector": connector.location("connectors"), "egress": egress})
        }
        Attachment::Direct {
            network,
            subnetwork,
            tags,
        } => {
            let mut interface = json!({});
            if let Some(network) = network {
                interface["network"] = json!(network.to_string());
            }
            if let Some(subnetwork) = subnetwork {
                interface["subnetwork"] = json!(subnetwork);
            }
            if !tags.is_empty() {
                interface["tags"] = json!(tags);
            }
            json!({"networkInterfaces": [interface], "egress": egress})
        }
    }
}

pub(crate) fn job_body(job: &Job) -> Value {
    let mut task = json!({"containers": [{"image": IMAGE}]});
    if let Some(live) = &job.vpc_access {
        task["vpcAccess"] = access(live);
    }
    json!({"template": {"template": task}})
}

fn service_body(service: &Service) -> Value {
    let revision = |name: &str| json!(format!("{}/revisions/{name}", service.id));
    let mut template = json!({"containers": [{"image": IMAGE}]});
    if let Some(live) = &service.vpc_access {
        template["vpcAccess"] = access(live);
    }
    if service.ambient {
        template["ambientNetworking"] = json!({"enabled": true});
    }
    let mut body = json!({
        "etag": service.etag,
        "annotations": service.annotations,
        "ingress": google_ingress(service.ingress),
        "template": template,
        "defaultUriDisabled": service.default_uri_disabled,
    });
    if service.annotations.is_empty() {
        body.as_object_mut().unwrap().remove("annotations");
    }
    if !service.traffic.is_empty() {
        body["traffic"] = traffic(&service.traffic);
    }
    if let Some(name) = &service.latest_ready {
        body["latestReadyRevision"] = revision(name);
    }
    if let Some(name) = &service.latest_created {
        body["latestCreatedRevision"] = revision(name);
    }
    if let Some(why) = &service.failed {
        body["terminalCondition"] =
            json!({"type": "Ready", "state": "CONDITION_FAILED", "message": why});
    }
    body
}

pub(crate) fn traffic(lines: &[Traffic]) -> Value {
    let target = |line: &Traffic| {
        let mut target = json!({"percent": line.percent});
        target["type"] = json!(match &line.revision {
            None => "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST",
            Some(_) => "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
        });
        if let Some(revision) = &line.revision {
            target["revision"] = json!(revision);
        }
        if let Some(tag) = &line.tag {
            target["tag"] = json!(tag);
        }
        target
    };
    lines.iter().map(target).collect()
}

fn revision_body(revision: &Revision) -> Value {
    let mut body = json!({"service": revision.id.service.name, "containers": [{"image": IMAGE}]});
    if let Some(live) = &revision.vpc_access {
        body["vpcAccess"] = access(live);
    }
    if let Some(why) = &revision.not_ready {
        body["conditions"] =
            json!([{"type": "Ready", "state": "CONDITION_FAILED", "message": why}]);
    }
    body
}
