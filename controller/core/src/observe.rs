//! Observing: which lists a turn needs, and reading them into a [`World`].
//!
//! By list, per project, region and kind, never one read per link: the number of calls grows with projects,
//! regions, kinds and pages. Revisions are the exception, read one by one and only where traffic or a tag names
//! one (`docs/reference/google-cloud.md#pinned-traffic`).

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};

use crate::cloud::{Cloud, Scope};
use crate::ids::{ProjectId, Region};
use crate::kinds::{Id, LiveRouter, RevisionRef, Service};
use crate::link::{Addresses, ConnectorChoice, Egress, Internet, Link, ServiceRef};
use crate::names::Installation;
use crate::path;
use crate::world::{Told, World};

/// Lists that are waited for at once. How many requests are on their way is the adapter's concern, which also keeps
/// each project to its rate; a project that waits must not take the place of one that could go on.
const CONCURRENT_READS: usize = 256;

/// The projects that one record may lead to: whoever may edit a service may write a record, and each costs three lists. A
/// source is in one network at a time, and a few may be left from before.
const PROJECTS_OF_A_RECORD: usize = 16;

/// Where a turn looks: what the declarations name, and what the user adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Territory {
    /// Projects whose networks are looked at.
    pub network_projects: BTreeSet<ProjectId>,
    /// Projects that something of ours led to: what is left there is all that matters, and no path leads through them.
    pub led_to: BTreeSet<ProjectId>,
    /// Projects with services and connectors.
    pub service_projects: BTreeSet<ProjectId>,
    /// Project and region pairs whose services are read.
    pub services: BTreeSet<(ProjectId, Region)>,
    /// Project and region pairs whose connectors are read.
    pub connectors: BTreeSet<(ProjectId, Region)>,
    /// Does any link use manual NAT addresses, or may some be left over?
    pub addresses: bool,
    /// The services that links name: only theirs and our own revisions are worth a read each.
    pub named: BTreeSet<ServiceRef>,
    /// Destinations that are reached from a network of another project: how they are attached decides whether they admit.
    pub attached: BTreeSet<ServiceRef>,
}

impl Territory {
    /// What these declarations name, and the projects of `--scope`.
    ///
    /// Addresses are looked at when a link names some, and whenever something may have to be removed.
    pub fn new<'a>(
        links: impl Iterator<Item = &'a Link>,
        extra: &BTreeSet<ProjectId>,
        prune: bool,
    ) -> Self {
        let mut territory = Self {
            addresses: prune,
            ..Self::default()
        };
        for project in extra {
            territory.network_projects.insert(project.clone());
            territory.service_projects.insert(project.clone());
        }
        for link in links {
            territory.add(link);
        }
        territory
    }

    fn add(&mut self, link: &Link) {
        self.network_projects.insert(link.network.project.clone());
        for service in [&link.source, &link.destination] {
            self.add_service(service);
        }
        let connector_project = match &link.egress {
            Egress::Connector(ConnectorChoice::Existing(connector)) => &connector.project,
            Egress::Connector(ConnectorChoice::Managed { .. }) => &link.source.project,
        };
        self.connectors
            .insert((connector_project.clone(), link.region.clone()));
        if link.network.project != link.destination.project {
            self.attached.insert(link.destination.clone());
            for project in [&link.destination.project, &link.network.project] {
                let place = (project.clone(), link.destination.region.clone());
                self.connectors.insert(place);
            }
        }
        if let Internet::Nat(nat) = &link.internet {
            self.addresses |= matches!(nat.addresses, Addresses::Manual(_));
        }
    }

    fn add_service(&mut self, service: &ServiceRef) {
        self.service_projects.insert(service.project.clone());
        self.services
            .insert((service.project.clone(), service.region.clone()));
        self.named.insert(service.clone());
    }

    fn project_scopes(&self) -> Vec<Scope> {
        let told = self.network_projects.iter();
        let all = || told.clone().chain(&self.led_to).cloned();
        // Project after project, so that all of them get along from the start.
        let mut scopes: Vec<Scope> = told.clone().cloned().map(Scope::Networks).collect();
        scopes.extend(told.clone().cloned().map(Scope::Routes));
        scopes.extend(all().map(Scope::Subnetworks));
        scopes.extend(all().map(Scope::Routers));
        if self.addresses {
            scopes.extend(all().map(Scope::Addresses));
        }
        scopes
    }

    fn regional_scopes(&self) -> Vec<Scope> {
        let services = self
            .services
            .iter()
            .map(|(project, region)| Scope::Services(project.clone(), region.clone()));
        let connectors = self
            .connectors
            .iter()
            .map(|(project, region)| Scope::Connectors(project.clone(), region.clone()));
        services.chain(connectors).collect()
    }

    /// Adds every region in which an aggregated list shows our mark, for all projects with services, and the projects
    /// that the marks name.
    fn follow_marks(&mut self, world: &World, ours: &Installation) {
        let mut regions: BTreeSet<Region> = BTreeSet::new();
        let subnetworks = world
            .subnetworks()
            .map(|live| (&live.mark, &live.id.region));
        let routers = world.routers().map(|live| (&live.mark, &live.id.region));
        for (mark, region) in subnetworks.chain(routers) {
            if let Some(mark) = mark.as_ref().filter(|mark| mark.installation == *ours) {
                regions.insert(region.clone());
                self.service_projects.extend(mark.connector.clone());
            }
        }
        let named =
            |router: &&LiveRouter| router.nats.iter().any(|nat| ours.made(nat.name.as_str()));
        let others = world.routers().filter(named);
        regions.extend(others.map(|router| router.id.region.clone()));
        for region in regions {
            for project in &self.service_projects {
                self.services.insert((project.clone(), region.clone()));
                self.connectors.insert((project.clone(), region.clone()));
            }
        }
    }

    /// Adds the projects of the subnetworks that our connectors are on, and those that records of ours lead to: what is
    /// there is ours too, and nothing else may lead there.
    fn follow_networks(&mut self, world: &World, ours: &Installation) {
        let made = world
            .connectors()
            .filter(|live| ours.made(live.id.name.as_str()));
        let on = made.filter_map(|live| live.subnetwork.as_ref());
        self.led_to.extend(on.map(|id| id.project.clone()));
        let records = world
            .memories()
            .filter_map(|(_, memory)| memory.egress.this());
        let records = records.filter(|memory| memory.installation == *ours);
        let led_to = records.flat_map(|memory| memory.networks.iter().take(PROJECTS_OF_A_RECORD));
        self.led_to.extend(led_to.cloned());
        let told = &self.network_projects;
        self.led_to.retain(|project| !told.contains(project));
    }

    /// Adds the destinations that our annotations remember, so that links gone from their source are found whole.
    fn follow_memories(&mut self, world: &World, ours: &Installation) {
        let remembered: Vec<ServiceRef> = world
            .memories()
            .filter_map(|(_, memory)| memory.egress.this())
            .filter(|memory| memory.installation == *ours)
            .flat_map(|memory| memory.links.values())
            .filter_map(|link| crate::hold::service_of_path(&link.to))
            .collect();
        for service in remembered {
            self.services.insert((service.project, service.region));
        }
    }
}

/// Reads the world: first what one list shows for all regions, then region by region, then single revisions.
pub async fn observe(cloud: &dyn Cloud, territory: &Territory, ours: &Installation) -> World {
    let mut world = World::default();
    let mut territory = territory.clone();
    let networks = territory.network_projects.clone();
    let services = territory.services.clone();
    read(cloud, &mut world, territory.project_scopes()).await;
    territory.follow_marks(&world, ours);
    let found = territory.services.clone();
    read(cloud, &mut world, territory.regional_scopes()).await;
    world.tell(Told {
        networks,
        services,
        found,
    });
    // One step further, and no more: what is there leads nowhere else.
    territory.follow_networks(&world, ours);
    territory.follow_memories(&world, ours);
    read(cloud, &mut world, territory.project_scopes()).await;
    read(cloud, &mut world, territory.regional_scopes()).await;
    read_revisions(cloud, &mut world, &territory, ours).await;
    let beyond = subnetworks_beyond(&world, &territory.attached);
    read(cloud, world.beyond(), beyond).await;
    world
}

/// The lists that tell only in which network the connectors of these destinations are. What is on them is nobody's
/// concern otherwise, also where it is ours: what leads to it is not known here.
fn subnetworks_beyond(world: &World, destinations: &BTreeSet<ServiceRef>) -> Vec<Scope> {
    let services = destinations
        .iter()
        .filter_map(|id| world.service(id).present());
    let connectors = services.flat_map(|service| path::connectors_of(service, world));
    let on = connectors.filter_map(|id| world.connector(id).present()?.subnetwork.as_ref());
    let scopes: BTreeSet<Scope> = on
        .map(|id| Scope::Subnetworks(id.project.clone()))
        .collect();
    let unread = |scope: &Scope| !world.readings().contains_key(scope);
    scopes.into_iter().filter(unread).collect()
}

/// Reads these lists too, unless they were read already.
pub async fn read(cloud: &dyn Cloud, world: &mut World, scopes: Vec<Scope>) {
    let missing: Vec<Scope> = scopes
        .into_iter()
        .filter(|scope| !world.readings().contains_key(scope))
        .collect();
    let mut answers = stream::iter(missing)
        .map(|scope| async move {
            let answer = cloud.list(&scope).await;
            (scope, answer)
        })
        .buffer_unordered(CONCURRENT_READS);
    while let Some((scope, answer)) = answers.next().await {
        world.record(scope, answer);
    }
}

/// Revisions of the services that matter: those that carry our annotation or a wish, those that hold one of our
/// connectors, and those whose newest revision does not serve (the one before it may hold one of ours), as far as
/// their template does not tell how they serve.
async fn read_revisions(
    cloud: &dyn Cloud,
    world: &mut World,
    territory: &Territory,
    ours: &Installation,
) {
    let wanted: Vec<RevisionRef> = world
        .services()
        .filter(|service| !service.template_serves())
        .filter(|service| {
            let unsettled = service.latest_ready != service.latest_created;
            let concerns = || crate::hold::concerns(service, world, ours);
            let named = territory.named.contains(&service.id);
            unsettled || named || concerns() || calls_a_source(service, world, ours)
        })
        .flat_map(Service::serving_revisions)
        .collect();
    revisions(cloud, world, wanted).await;
}

/// Does a link, of whatever set, lead from this service to a source of ours? That one stays attached for its sake.
fn calls_a_source(service: &Service, world: &World, ours: &Installation) -> bool {
    let is_source = |id: ServiceRef| {
        let memory = world.memory(&id).egress.this();
        memory.is_some_and(|memory| memory.installation == *ours)
    };
    let memory = world.memory(&service.id).egress.this();
    let mut links = memory.into_iter().flat_map(|memory| memory.links.values());
    links.any(|link| crate::hold::service_of_path(&link.to).is_some_and(is_source))
}

/// Reads these revisions too.
pub async fn revisions(cloud: &dyn Cloud, world: &mut World, wanted: Vec<RevisionRef>) {
    let mut answers = stream::iter(wanted)
        .map(|id| async move {
            let answer = cloud.get(&Id::Revision(id.clone())).await;
            (id, answer)
        })
        .buffer_unordered(CONCURRENT_READS);
    let mut read = Vec::new();
    while let Some(answer) = answers.next().await {
        read.push(answer);
    }
    drop(answers);
    for (id, answer) in read {
        world.record_revision(id, answer);
    }
}
