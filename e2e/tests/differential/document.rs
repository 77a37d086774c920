//! The simulation's state as the emulator's state document, and what both show made comparable.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::cloud::Scope;
use privatelink_core::fake::State;
use privatelink_core::kinds::service_egress::google_egress;
use privatelink_core::kinds::service_ingress::google_ingress;
use privatelink_core::kinds::{
    Attachment, ConnectorState, Live, LiveConnector, LiveNat, LiveRouter, NatAddresses, NatSources,
    NextHop, RegionalRef, Revision, Service, Traffic, VpcAccess,
};
use privatelink_core::names::Mark;
use serde_json::{Map, Value, json};

/// A route that says nothing about the internet: with it in the document the emulator adds no default route.
const NARROW: &str = "narrow";

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
            json!({"autoCreateSubnetworks": network.auto_mode}),
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
    json!({"compute": compute, "run": run, "vpcaccess": vpcaccess})
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
        let path = format!(
            "projects/{}/regions/{}/subnetworks/{name}",
            network.project, service.region
        );
        spoken_of.insert(path, network.to_string());
    }
    spoken_of
}

/// Names of subnetworks that only [`dangling`] puts there.
const SPOKEN_OF: [&str; 2] = ["nowhere", "direct"];

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

fn nat_body(router: &LiveRouter, nat: &LiveNat) -> Value {
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

fn access(access: &VpcAccess) -> Value {
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

fn service_body(service: &Service) -> Value {
    let revision = |name: &str| json!(format!("{}/revisions/{name}", service.id));
    let mut template =
        json!({"containers": [{"image": "europe-docker.pkg.dev/acme-prod/apps/any:1"}]});
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
        let target = |traffic: &Traffic| {
            let mut target = json!({"percent": traffic.percent});
            target["type"] = json!(match &traffic.revision {
                None => "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST",
                Some(_) => "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
            });
            if let Some(revision) = &traffic.revision {
                target["revision"] = json!(revision);
            }
            if let Some(tag) = &traffic.tag {
                target["tag"] = json!(tag);
            }
            target
        };
        body["traffic"] = service.traffic.iter().map(target).collect();
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

fn revision_body(revision: &Revision) -> Value {
    let mut body = json!({"service": revision.id.service.name, "containers": [{"image": "europe-docker.pkg.dev/acme-prod/apps/any:1"}]});
    if let Some(live) = &revision.vpc_access {
        body["vpcAccess"] = access(live);
    }
    if let Some(why) = &revision.not_ready {
        body["conditions"] =
            json!([{"type": "Ready", "state": "CONDITION_FAILED", "message": why}]);
    }
    body
}

/// Every list that shows something of this state.
pub(crate) fn scopes(state: &State) -> BTreeSet<Scope> {
    let mut scopes = BTreeSet::new();
    for network in state.networks.keys() {
        let project = &network.project;
        scopes.extend([
            Scope::Networks(project.clone()),
            Scope::Routes(project.clone()),
            Scope::Subnetworks(project.clone()),
            Scope::Addresses(project.clone()),
            Scope::Routers(project.clone()),
        ]);
    }
    for service in state.services.keys() {
        scopes.insert(Scope::Services(
            service.project.clone(),
            service.region.clone(),
        ));
        scopes.insert(Scope::Connectors(
            service.project.clone(),
            service.region.clone(),
        ));
    }
    scopes
}

/// What a list shows, without what either cloud makes up: versions, revision names, URLs and words.
pub(crate) fn seen(items: Vec<Live>) -> BTreeSet<String> {
    items
        .into_iter()
        .filter(|live| !matches!(live, Live::Subnetwork(live) if SPOKEN_OF.contains(&live.id.name.as_str())))
        .filter(|live| !matches!(live, Live::Route(route) if route.id.name.as_str().starts_with(NARROW)))
        .map(|live| match live {
            Live::Service(service) => {
                let settled = service.latest_ready == service.latest_created;
                let failed = service.failed.is_some();
                let latest = |traffic: &Traffic| traffic.revision.is_none() && traffic.tag.is_none();
                let traffic = match service.traffic.as_slice() {
                    // Google writes its default down.
                    [only] if latest(only) => Vec::new(),
                    _ => service.traffic,
                };
                let plain = Service {
                    etag: "".into(),
                    uri: None,
                    latest_ready: None,
                    latest_created: None,
                    failed: None,
                    reconciling: false,
                    traffic,
                    ..service
                };
                format!("settled {settled}, failed {failed}, {plain:?}")
            }
            other => format!("{other:?}"),
        })
        .collect()
}
