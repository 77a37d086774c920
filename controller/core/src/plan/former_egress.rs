//! What a source's egress is given back when its links are undone, field by field.

use crate::hold;
use crate::kinds::service_egress::{EgressAnnotation, Former, VpcAccessMemory};
use crate::kinds::{Attachment, VpcAccess};
use crate::link::NetworkRef;

/// What of a source's egress somebody changed after us. It is theirs now; on undo only fields are given back that still
/// hold what we wrote.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nothing of it.
    Nothing,
    /// Which traffic goes the way that we sent it.
    Routing,
    /// The way itself, and with it which traffic goes there.
    Way,
}

impl Kept {
    pub(super) fn by_others(
        live: Option<&VpcAccessMemory>,
        wrote: Option<&VpcAccessMemory>,
    ) -> Self {
        let way = |access: Option<&VpcAccessMemory>| {
            access.map(|access| (access.connector.clone(), access.direct.clone()))
        };
        if live == wrote {
            Self::Nothing
        } else if way(live) == way(wrote) {
            Self::Routing
        } else {
            Self::Way
        }
    }
}

/// How a source leaves again; nothing is no way into a network.
pub(super) struct GivenBack(pub(super) Option<VpcAccess>);

/// What a source's egress becomes when its links are undone. `None` where it stays as it is.
pub(super) fn given_back(
    memory: &EgressAnnotation,
    live: Option<&VpcAccessMemory>,
    kept: Kept,
) -> Option<GivenBack> {
    let Former::Value(former) = &memory.former else {
        return None;
    };
    let rerouted = |former: VpcAccessMemory| VpcAccessMemory {
        egress: live.map_or(former.egress, |live| live.egress),
        ..former
    };
    let former = match kept {
        Kept::Nothing => former.clone(),
        Kept::Routing => former.clone().map(rerouted),
        Kept::Way => return None,
    };
    (live != former.as_ref()).then(|| GivenBack(former.as_ref().and_then(vpc_access)))
}

pub(crate) fn vpc_access(memory: &VpcAccessMemory) -> Option<VpcAccess> {
    let attachment = match (&memory.connector, &memory.direct) {
        (Some(path), _) => Attachment::Connector(hold::connector_of_path(path)?),
        (None, Some(direct)) => Attachment::Direct {
            network: direct.network.as_deref().and_then(network_of_path),
            subnetwork: direct.subnetwork.clone(),
            tags: direct.tags.clone(),
        },
        (None, None) => return None,
    };
    Some(VpcAccess {
        attachment,
        routing: memory.egress,
    })
}

fn network_of_path(path: &str) -> Option<NetworkRef> {
    let (project, name) = path
        .strip_prefix("projects/")?
        .split_once("/global/networks/")?;
    Some(NetworkRef {
        project: project.parse().ok()?,
        name: name.parse().ok()?,
    })
}
