//! Where Cloud Run jobs have to be read before a plan can be believed: near every connector of ours that it deletes, and
//! near every one on a range that it takes the internet or Google's addresses from.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::{Scope, Write};
use crate::codes::Code;
use crate::context::Context;
use crate::kinds::{Id, LiveNat, RegionalRef};
use crate::plan::Step;
use crate::world::jobs::list_of;

/// The lists that nobody has asked for yet. A policy may hold the writes back: that they would be made is told all the
/// same, and has to be true.
pub(super) fn unasked(context: &Context<'_>, steps: &BTreeMap<Id, Step>) -> Vec<Scope> {
    let writes = || steps.values().filter_map(|step| step.write.as_ref());
    // What changes from one entry to another is served all the time.
    let puts = writes().flat_map(Write::puts);
    let served: BTreeSet<&RegionalRef> = puts.flat_map(|nat| &nat.subnetworks).collect();
    // One in ERROR carries nobody.
    let deletes = steps
        .values()
        .filter(|step| step.code != Some(Code::ConnectorReplaced));
    let gone = deletes.filter_map(|step| match &step.write {
        Some(Write::DeleteConnector(id)) => Some(id),
        _ => None,
    });
    let cut = writes().flat_map(|write| ranges_cut(context, write));
    let cut = cut.filter(|id| !served.contains(id));
    let behind = cut.flat_map(|id| context.uses.connectors_on(id));
    let behind = behind.map(|live| &live.id);
    let behind = behind.filter(|id| context.ours.made(id.name.as_str()));
    let lists: BTreeSet<Scope> = gone.chain(behind).map(list_of).collect();
    let asked = context.world.readings();
    lists
        .into_iter()
        .filter(|it| !asked.contains_key(it))
        .collect()
}

/// The ranges that a write takes a NAT or Private Google Access from, unless another write of the plan serves them.
fn ranges_cut<'a>(context: &Context<'a>, write: &'a Write) -> Vec<&'a RegionalRef> {
    let listed = |id| {
        context
            .world
            .nat(id)
            .present()
            .into_iter()
            .flat_map(LiveNat::listed)
    };
    match write {
        Write::DeleteNat(id) => listed(id).collect(),
        Write::PutNat(_) | Write::PutNats(..) => {
            write.puts().flat_map(|nat| listed(&nat.id)).collect()
        }
        Write::SetPrivateGoogleAccess(id, false) => vec![id],
        Write::SetPrivateGoogleAccess(_, true)
        | Write::CreateSubnetwork(..)
        | Write::DeleteSubnetwork(_)
        | Write::CreateAddress(..)
        | Write::DeleteAddress(_)
        | Write::CreateRouter(..)
        | Write::DeleteRouter(_)
        | Write::CreateConnector(_)
        | Write::UpdateConnector(_)
        | Write::DeleteConnector(_)
        | Write::PatchService(_) => Vec::new(),
    }
}
