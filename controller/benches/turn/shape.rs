//! The fixed shape of the benchmark, scaled by its number of links.
//!
//! 10 projects by 4 regions; two services per link; sources with 1, 3 and 10 links in turn, each destination its
//! own; 400 connectors of ours at 10,000 links and never fewer than one per project and region with a source; 5 % of
//! all services with traffic pinned to a revision.
//!
//! Of connectors, their subnetworks, routers and NAT entries one in five is somebody else's, beside the four of ours,
//! spread evenly over the projects and regions with a source: 100, 100, 10 and 10 at 10,000 links. Their NAT entries
//! stand in routers of ours, each with an address of its own, once everything is applied.
//!
//! Two kinds cannot have that share. Ten links with these fan-outs name twelve services, and there shall be twenty, so
//! that 39 % of all are somebody else's. And no link asks for addresses, so that all there are belong to others; the
//! same goes for networks and routes, which are only read.

use std::collections::BTreeSet;
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

/// One thing in so many is somebody else's.
const FOREIGN: usize = 5;

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
            let connector = self.nth(link);
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
            compute.insert(network(cell), json!({}));
        }
        let places = self.places();
        let (foreign_connectors, foreign_routers) = (foreign(self.connectors()), foreign(places));
        for cell in 0..places {
            let (project, region) = (project(cell), region(cell));
            let regional = format!("projects/{project}/regions/{region}");
            for number in 0..share(foreign_connectors, cell, places) {
                let range = range(64, cell % REGIONS.len() * 64 + number);
                let subnetwork = json!({ "network": network(cell), "ipCidrRange": range });
                compute.insert(
                    format!("{regional}/subnetworks/foreign-{number}"),
                    subnetwork,
                );
                let connector =
                    json!({ "subnet": { "name": format!("foreign-{number}") }, "maxInstances": 3 });
                connectors.insert(
                    format!("projects/{project}/locations/{region}/connectors/foreign-{number}"),
                    connector,
                );
            }
            for _ in 0..share(foreign_routers, cell, places) {
                let router = json!({ "network": network(cell) });
                compute.insert(format!("{regional}/routers/foreign"), router);
            }
        }
        json!({ "run": run, "compute": compute, "vpcaccess": connectors })
    }

    /// How many projects and regions have a source: the first ones.
    fn places(&self) -> usize {
        let last = self.links.iter().map(|link| link.cell + 1);
        last.max().unwrap_or_default()
    }

    /// How many connectors are made for the links.
    fn connectors(&self) -> usize {
        let wanted = self.links.iter().map(|link| (link.cell, self.nth(link)));
        wanted.collect::<BTreeSet<_>>().len()
    }

    /// Which of the connectors of its project and region a link's source has.
    fn nth(&self, link: &Link) -> usize {
        link.source / CELLS % self.connectors_per_cell
    }

    /// A state of this shape with one NAT entry in five somebody else's, in routers of ours that have a subnetwork of
    /// others beside them.
    pub(super) fn shared(mut state: Value) -> Value {
        let Some(compute) = state["compute"].as_object_mut() else {
            panic!("a state without networks")
        };
        let ours = compute
            .iter()
            .filter(|(path, _)| path.contains("/routers/pl-"));
        let entries = ours.clone().map(|(_, router)| router["nats"].as_array());
        let entries: usize = entries.map(|nats| nats.map_or(0, Vec::len)).sum();
        let beside = |router: &str| {
            let (regional, _) = router.split_once("/routers/")?;
            let subnetwork = format!("{regional}/subnetworks/foreign-0");
            let there = compute.contains_key(&subnetwork);
            there.then(|| (format!("{regional}/addresses/foreign"), subnetwork))
        };
        let places: Vec<(String, (String, String))> = ours
            .filter_map(|(router, _)| Some((router.clone(), beside(router)?)))
            .collect();
        let count = places.len();
        for (number, (router, (address, subnetwork))) in places.into_iter().enumerate() {
            if share(foreign(entries), number, count) == 0 {
                continue;
            }
            let entry = json!({
                "name": "foreign", "natIpAllocateOption": "MANUAL_ONLY", "natIps": [address],
                "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
                "subnetworks": [{ "name": subnetwork, "sourceIpRangesToNat": ["ALL_IP_RANGES"] }],
            });
            compute.insert(address, json!({}));
            if let Some(entries) = compute[&router]["nats"].as_array_mut() {
                entries.push(entry);
            }
        }
        state
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

/// So many of others beside so many of ours.
fn foreign(ours: usize) -> usize {
    ours / (FOREIGN - 1)
}

/// How many of a total fall to one of so many places when it is spread over them evenly.
fn share(total: usize, place: usize, places: usize) -> usize {
    (place + 1) * total / places - place * total / places
}

fn network(cell: usize) -> String {
    format!("projects/{}/global/networks/prod", project(cell))
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
