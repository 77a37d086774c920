//! The fixed shape of the benchmark, scaled by its number of links.
//!
//! 10 projects by 4 regions; two services per link; sources with 1, 3 and 10 links in turn, each destination its
//! own; 400 connectors at 10,000 links and never fewer than one per project and region with a source; 5 % of all
//! services with traffic pinned to a revision. Somebody else's are, per project and region, a router and, for every
//! four connectors of ours, rounded up, a connector with its subnetwork: three beside ten at 10,000 links, one beside
//! one at 1,000. Theirs is also every service that no link names.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

const PROJECTS: usize = 10;
const REGIONS: [&str; 4] = ["europe-west1", "europe-west4", "us-central1", "us-east1"];
const CELLS: usize = PROJECTS * REGIONS.len();

/// Links per source, in turn.
const FAN_OUT: [usize; 3] = [1, 3, 10];

/// One service in so many has pinned traffic.
const PINNED: usize = 20;

pub(super) struct Shape {
    links: Vec<Link>,
    connectors_per_cell: usize,
    /// Services that no link names.
    idle: usize,
}

struct Link {
    cell: usize,
    source: usize,
    destination: usize,
}

impl Shape {
    pub(super) fn new(size: usize) -> Self {
        let mut links = Vec::with_capacity(size);
        let mut source = 0;
        while links.len() < size {
            for _ in 0..FAN_OUT[source % FAN_OUT.len()].min(size - links.len()) {
                links.push(Link {
                    cell: source % CELLS,
                    source,
                    destination: links.len(),
                });
            }
            source += 1;
        }
        let named = source + size;
        let idle = (2 * size).saturating_sub(named);
        Self {
            links,
            connectors_per_cell: (size / 25 / CELLS).max(1),
            idle,
        }
    }

    /// How many services there are.
    pub(super) fn services(&self) -> usize {
        let sources = self.links.last().map_or(0, |link| link.source + 1);
        self.links.len() + sources + self.idle
    }

    /// Writes the declarations, a file per project and region.
    pub(super) fn declare(&self, folder: &Path) {
        let mut files = vec![String::new(); CELLS];
        for link in &self.links {
            let Link {
                cell,
                source,
                destination,
            } = link;
            let connector = source / CELLS % self.connectors_per_cell;
            let range = range(
                8,
                cell % REGIONS.len() * self.connectors_per_cell + connector,
            );
            let _ = write!(
                files[*cell],
                "---\napiVersion: privatelink.dev/v1alpha1\nkind: PrivateLink\nmetadata: {{name: link-{destination}}}\n\
                 spec:\n  projectId: {}\n  region: {}\n  source: {{service: {{name: source-{source}}}}}\n  \
                 destination: {{service: {{name: destination-{destination}}}, ingress: Internal}}\n  \
                 network: {{name: prod}}\n  \
                 egress: {{connector: {{managed: {{subnetwork: {{managed: {{cidr: {range}}}}}}}}}}}\n",
                project(*cell),
                region(*cell),
            );
        }
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        for (cell, text) in files
            .into_iter()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
        {
            fs::write(folder.join(format!("{cell:02}.yaml")), text).unwrap();
        }
    }

    /// The state before anything is applied.
    pub(super) fn state(&self) -> Value {
        let (mut run, mut compute, mut connectors) = (Map::new(), Map::new(), Map::new());
        for link in &self.links {
            for name in [
                format!("source-{}", link.source),
                format!("destination-{}", link.destination),
            ] {
                run.insert(service(link.cell, &name), json!({}));
            }
        }
        for idle in 0..self.idle {
            run.insert(service(idle % CELLS, &format!("idle-{idle}")), json!({}));
        }
        for cell in 0..CELLS {
            let (project, region) = (project(cell), region(cell));
            compute.insert(
                format!("projects/{project}/global/networks/prod"),
                json!({}),
            );
            // One of somebody else's for every four of ours, rounded up.
            for foreign in 0..self.connectors_per_cell.div_ceil(4) {
                let range = range(64, cell % REGIONS.len() * 64 + foreign);
                let regional = format!("projects/{project}/regions/{region}");
                let network = format!("projects/{project}/global/networks/prod");
                let subnetwork = json!({ "network": network, "ipCidrRange": range });
                compute.insert(
                    format!("{regional}/subnetworks/foreign-{foreign}"),
                    subnetwork,
                );
                let connector = json!({ "subnet": { "name": format!("foreign-{foreign}") }, "maxInstances": 3 });
                connectors.insert(
                    format!("projects/{project}/locations/{region}/connectors/foreign-{foreign}"),
                    connector,
                );
            }
            let router = json!({ "network": format!("projects/{project}/global/networks/prod") });
            compute.insert(
                format!("projects/{project}/regions/{region}/routers/foreign"),
                router,
            );
        }
        json!({ "run": run, "compute": compute, "vpcaccess": connectors })
    }

    /// A state of this shape with one service in twenty pinned to the revision that it serves with now.
    pub(super) fn pinned(mut state: Value) -> Value {
        let Some(run) = state["run"].as_object_mut() else {
            panic!("a state without services")
        };
        let services = run
            .iter_mut()
            .filter(|(path, _)| !path.contains("/revisions/"));
        for (_, service) in services.step_by(PINNED) {
            let latest = service["latestReadyRevision"].as_str().unwrap_or_default();
            let revision = latest.rsplit('/').next().unwrap_or_default().to_owned();
            service["traffic"] = json!([{ "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": revision, "percent": 100 }]);
        }
        state
    }
}

fn project(cell: usize) -> String {
    format!("bench-{:02}", cell / REGIONS.len())
}

fn region(cell: usize) -> &'static str {
    REGIONS[cell % REGIONS.len()]
}

fn service(cell: usize, name: &str) -> String {
    format!(
        "projects/{}/locations/{}/services/{name}",
        project(cell),
        region(cell)
    )
}

/// The nth /28 of a /10 or smaller that begins with 10.`second`.
fn range(second: usize, nth: usize) -> String {
    format!(
        "10.{}.{}.{}/28",
        second + nth / 4096,
        nth / 16 % 256,
        nth % 16 * 16
    )
}
