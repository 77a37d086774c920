//! Somebody else who acts in the middle of our turn. What they do never changes where our turns have to end.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_core::fake::{LOST_ENTRY, State};
use privatelink_core::kinds::service_egress::ANNOTATION as EGRESS;
use privatelink_core::kinds::service_ingress::ANNOTATION as INGRESS;
use privatelink_core::kinds::{
    Attachment, ConnectorState, IngressSetting, LiveNat, NatAddresses, NatSources, RegionalRef,
    VpcAccess,
};
use privatelink_core::link::{Link, Routing, ServiceRef};

/// A note that teams leave on their services.
pub(crate) const NOTE: &str = "team.example/note";

/// What our next turn repairs when somebody changes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repaired {
    pub(crate) links: Vec<Link>,
    pub(crate) connectors: BTreeSet<RegionalRef>,
}

impl Repaired {
    /// These links are ready, and this is what there is then.
    pub(crate) fn of(links: Vec<Link>, state: &State) -> Self {
        let access = |link: &Link| state.services.get(&link.source)?.vpc_access.clone();
        let connector = |link: &Link| access(link)?.connector().cloned();
        let ours = |id: &RegionalRef| id.name.as_str().starts_with("pl-");
        let connectors = links.iter().filter_map(connector).filter(ours).collect();
        Self { links, connectors }
    }
}

/// Who acts, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Other {
    /// Every team deploys its service again, as it is, and leaves a note: a new version and a new revision.
    Deploys,
    /// The network team adds an entry to every router, ours too.
    AddsNat,
    /// Somebody gives our connectors of the links that are ready another machine type. A connector has no version, so
    /// that nothing tells our write of it.
    Resizes,
    /// Somebody opens every destination and narrows the routing of every source of the links that are ready.
    Undoes,
}

impl Other {
    /// Does it.
    pub(crate) fn act(self, state: &mut State, repaired: &Repaired) {
        match self {
            Self::Deploys => deploy(state),
            Self::AddsNat => add_nat(state),
            Self::Resizes => resize(state, &repaired.connectors),
            Self::Undoes => undo(state, &repaired.links),
        }
    }

    /// Takes back what would stand in the way of the same end.
    pub(crate) fn leave(self, state: &mut State) {
        match self {
            Self::AddsNat => {
                for router in state.routers.values_mut() {
                    router.nats.retain(|nat| nat.name.as_str() != LOST_ENTRY);
                }
            }
            Self::Deploys | Self::Resizes | Self::Undoes => {}
        }
    }
}

fn deploy(state: &mut State) {
    let services: Vec<ServiceRef> = state.services.keys().cloned().collect();
    for id in services {
        let Some(service) = state.services.get_mut(&id) else {
            continue;
        };
        service
            .annotations
            .insert(NOTE.to_owned(), "deployed".to_owned());
        let access = service.vpc_access.clone();
        let rolled_out = service.failed.is_none() && !service.reconciling;
        // A team sees that its revision does not start, and waits.
        if rolled_out && starts(state, access.as_ref()) {
            state.deploy(&id, access, None);
        }
        state.touch(&id);
    }
}

fn starts(state: &State, access: Option<&VpcAccess>) -> bool {
    let connector = access.and_then(VpcAccess::connector);
    connector.is_none_or(|id| {
        let live = state.connectors.get(id);
        live.is_some_and(|live| live.state == ConnectorState::Ready)
    })
}

/// Lists a subnetwork of theirs that nothing of ours is about.
fn add_nat(state: &mut State) {
    for router in state.routers.values_mut() {
        if router
            .nats
            .iter()
            .any(|nat| nat.name.as_str() == LOST_ENTRY)
        {
            continue;
        }
        let mut theirs = router.id.clone();
        theirs.name = "somebodys-subnetwork".parse().unwrap();
        router.nats.push(LiveNat {
            name: LOST_ENTRY.parse().unwrap(),
            public: true,
            addresses: NatAddresses::Auto,
            sources: NatSources::Listed(BTreeMap::from([(
                theirs,
                BTreeSet::from(["ALL_IP_RANGES".to_owned()]),
            )])),
            min_ports_per_vm: None,
        });
    }
}

/// Another machine type than any link declares in the scenarios.
const OTHER_TYPE: &str = "f1-micro";

fn resize(state: &mut State, connectors: &BTreeSet<RegionalRef>) {
    for id in connectors {
        if let Some(live) = state.connectors.get_mut(id)
            && live.state == ConnectorState::Ready
        {
            OTHER_TYPE.clone_into(&mut live.machine_type);
        }
    }
}

fn undo(state: &mut State, ready: &[Link]) {
    for link in ready {
        if link.ingress.is_some()
            && let Some(service) = state.services.get_mut(&link.destination)
            && service.annotations.contains_key(INGRESS)
        {
            service.ingress = IngressSetting::All;
            state.touch(&link.destination);
        }
        let Some(service) = state.services.get(&link.source) else {
            continue;
        };
        if let Some(VpcAccess {
            attachment: Attachment::Connector(_),
            ..
        }) = &service.vpc_access
            && service.annotations.contains_key(EGRESS)
            && starts(state, service.vpc_access.as_ref())
        {
            let mut access = service.vpc_access.clone();
            if let Some(access) = &mut access {
                access.routing = Routing::PrivateRangesOnly;
            }
            state.deploy(&link.source, access, None);
            state.touch(&link.source);
        }
    }
}
