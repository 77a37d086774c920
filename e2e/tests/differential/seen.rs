//! What the lists of either cloud show, made comparable.

use std::collections::BTreeSet;

use privatelink_core::cloud::Scope;
use privatelink_core::fake::State;
use privatelink_core::kinds::{Live, Service, Traffic};

use crate::document::{NARROW, SPOKEN_OF};

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
        scopes.insert(Scope::Jobs(service.project.clone(), service.region.clone()));
    }
    scopes
}

/// Are the newest revisions compared by their names?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revisions {
    /// Both go by the same names.
    Named,
    /// Either made its own up: whether the newest one is ready is all that can be compared.
    MadeUp,
}

/// What a list shows, without what either cloud makes up: versions, URLs and words.
pub(crate) fn seen(items: Vec<Live>, revisions: Revisions) -> BTreeSet<String> {
    items
        .into_iter()
        .filter(|live| !matches!(live, Live::Subnetwork(live) if SPOKEN_OF.contains(&live.id.name.as_str())))
        .filter(|live| !matches!(live, Live::Route(route) if route.id.name.as_str().starts_with(NARROW)))
        .map(|live| match live {
            Live::Service(service) => shown(service, revisions),
            other => format!("{other:?}"),
        })
        .collect()
}

fn shown(service: Service, revisions: Revisions) -> String {
    let settled = service.latest_ready == service.latest_created;
    let failed = service.failed.is_some();
    let newest = match revisions {
        Revisions::Named => format!("{:?} {:?}, ", service.latest_ready, service.latest_created),
        Revisions::MadeUp => String::new(),
    };
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
    format!("{newest}settled {settled}, failed {failed}, {plain:?}")
}
