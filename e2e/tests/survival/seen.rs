//! The emulator's world as the real adapters see it, in the core's in-memory cloud.

use std::collections::BTreeSet;

use privatelink_core::cloud::{Cloud as _, Scope};
use privatelink_core::fake::State;
use privatelink_core::ids::{ProjectId, Region};
use privatelink_core::kinds::{Id, Live, RevisionRef};
use privatelink_core::link::ServiceRef;
use privatelink_e2e::cloud::Cloud;
use privatelink_gcp::Google;

/// Lists everything that is there, and reads every revision.
pub(crate) async fn state(cloud: &Cloud, google: &Google) -> State {
    let paths = Paths::of(cloud);
    let mut state = State {
        serial: 1,
        ..State::default()
    };
    for scope in paths.scopes() {
        for live in google.list(&scope).await.unwrap().items {
            put(&mut state, live);
        }
    }
    for id in &paths.revisions {
        if let Some(live) = google.get(&Id::Revision(id.clone())).await.unwrap() {
            put(&mut state, live);
        }
    }
    state
}

fn put(state: &mut State, live: Live) {
    match live {
        Live::Network(live) => drop(state.networks.insert(live.id.clone(), live)),
        Live::Route(live) => state.routes.push(live),
        Live::Subnetwork(live) => drop(state.subnetworks.insert(live.id.clone(), live)),
        Live::Address(live) => drop(state.addresses.insert(live.id.clone(), live)),
        Live::Router(live) => drop(state.routers.insert(live.id.clone(), live)),
        Live::Connector(live) => drop(state.connectors.insert(live.id.clone(), live)),
        Live::Service(live) => drop(state.services.insert(live.id.clone(), live)),
        Live::Revision(live) => drop(state.revisions.insert(live.id.clone(), live)),
        Live::Job(live) => drop(state.jobs.insert(live.id.clone(), live)),
    }
}

/// Where something is, by the paths of the emulator's document.
struct Paths {
    projects: BTreeSet<ProjectId>,
    regions: BTreeSet<Region>,
    revisions: BTreeSet<RevisionRef>,
}

impl Paths {
    fn of(cloud: &Cloud) -> Self {
        let mut paths = Self {
            projects: BTreeSet::new(),
            regions: BTreeSet::new(),
            revisions: BTreeSet::new(),
        };
        let document = cloud.state();
        for api in ["compute", "run", "vpcaccess"] {
            let objects = document[api].as_object();
            for path in objects.into_iter().flat_map(|objects| objects.keys()) {
                paths.add(path);
            }
        }
        paths
    }

    fn add(&mut self, path: &str) {
        let words: Vec<&str> = path.split('/').collect();
        if let ["projects", project, ..] = words.as_slice() {
            self.projects.insert(project.parse().unwrap());
        }
        if let [_, _, "regions" | "locations", region, ..] = words.as_slice() {
            self.regions.insert(region.parse().unwrap());
        }
        if let [
            _,
            project,
            _,
            region,
            "services",
            service,
            "revisions",
            name,
        ] = words.as_slice()
        {
            let service = ServiceRef {
                project: project.parse().unwrap(),
                region: region.parse().unwrap(),
                name: service.parse().unwrap(),
            };
            let name = (*name).into();
            self.revisions.insert(RevisionRef { service, name });
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        let mut scopes = Vec::new();
        for project in &self.projects {
            scopes.extend([
                Scope::Networks(project.clone()),
                Scope::Routes(project.clone()),
                Scope::Subnetworks(project.clone()),
                Scope::Addresses(project.clone()),
                Scope::Routers(project.clone()),
            ]);
            for region in &self.regions {
                scopes.push(Scope::Connectors(project.clone(), region.clone()));
                scopes.push(Scope::Services(project.clone(), region.clone()));
                scopes.push(Scope::Jobs(project.clone(), region.clone()));
            }
        }
        scopes
    }
}
