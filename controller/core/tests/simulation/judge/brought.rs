//! Which ways out of services are there because of us: followed through a history write by write, because no record
//! tells of them once it is gone.

use super::*;
use privatelink_core::link::ServiceRef;

/// The ways that links of ours made services go, for as long as anything goes that way.
#[derive(Clone, Default)]
pub(crate) struct Brought {
    ways: BTreeSet<(ServiceRef, VpcAccess)>,
    /// Services that had a record of ours when somebody last looked.
    recorded: BTreeSet<ServiceRef>,
    /// Services whose record others took away: nobody can know any more that we sent them there.
    forgotten: BTreeSet<ServiceRef>,
}

impl Brought {
    /// Does this service go this way because of a link of ours, and can that be known?
    pub(super) fn by_us(&self, service: &ServiceRef, access: &VpcAccess) -> bool {
        !self.forgotten.contains(service) && self.ways.contains(&(service.clone(), access.clone()))
    }

    /// Follows a write. `start` is what there was when the turn began, if the turn saw all of it as it was.
    pub(crate) fn follow(&mut self, entry: &Entry, start: Option<&State>) {
        let Write::PatchService(patch) = &entry.write else {
            return;
        };
        let id = &patch.service;
        let record = entry.after.services.get(id).and_then(ours);
        let Some(record) = record.filter(|record| !record.links.is_empty()) else {
            return;
        };
        let template = |state: &State| state.services.get(id)?.vpc_access.clone();
        let access = template(&entry.after);
        if access != template(&entry.before) {
            self.forgotten.remove(id);
            self.ways.extend(access.map(|access| (id.clone(), access)));
        } else if start.is_some_and(|start| tells(start, id, &record)) {
            self.forgotten.remove(id);
        }
    }

    /// Others have acted since somebody last looked.
    pub(crate) fn others_acted(&mut self, state: &State) {
        let lost = |id: &&ServiceRef| state.services.get(*id).and_then(ours).is_none();
        let lost: Vec<ServiceRef> = self.recorded.iter().filter(lost).cloned().collect();
        self.forgotten.extend(lost);
        self.look(state);
    }

    /// Forgets what nothing goes by any more.
    pub(crate) fn look(&mut self, state: &State) {
        self.ways.retain(|(id, access)| goes(state, id, access));
        let recorded = state
            .services
            .values()
            .filter(|service| ours(service).is_some());
        self.recorded = recorded.map(|service| service.id.clone()).collect();
    }
}

fn ours(service: &Service) -> Option<EgressAnnotation> {
    egress_memory(service).filter(|memory| memory.installation == UNIVERSE.ours)
}

fn goes(state: &State, id: &ServiceRef, access: &VpcAccess) -> bool {
    let Some(service) = state.services.get(id) else {
        return false;
    };
    let serving = state.serving(service).into_iter();
    let mut all = serving
        .filter_map(|revision| revision.vpc_access.as_ref())
        .chain(&service.vpc_access);
    all.any(|other| other == access)
}

/// Does something tell that a service without a record had one: a destination that remembers a link of it, and a NAT of
/// ours where it leaves?
fn tells(state: &State, id: &ServiceRef, record: &EgressAnnotation) -> bool {
    let without = |service: &&Service| ours(service).is_none();
    let service = state.services.get(id).filter(without);
    let access = service.and_then(|service| service.vpc_access.as_ref());
    let subnetwork = access.and_then(|access| carried_by(state, access));
    let served = subnetwork.and_then(|id| state.nat_serving(&id));
    let by_us = served.is_some_and(|(_, nat)| made(nat.name.as_str()));
    let mut links = record.links.iter();
    by_us
        && links.any(|(name, link)| {
            let mut services = state.services.values();
            let to = services.find(|service| service.id.to_string() == link.to);
            let memory = to.and_then(ingress_memory);
            memory.is_some_and(|memory| {
                memory.installation == UNIVERSE.ours && memory.links.contains(name)
            })
        })
}
