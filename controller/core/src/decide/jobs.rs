//! Where Cloud Run jobs have to be read before a plan can be believed: near every connector of ours that it deletes, and
//! near every one on a range that it takes the internet or Google's addresses from.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::{Scope, Write};
use crate::codes::Code;
use crate::context::Context;
use crate::kinds::{Id, RegionalRef};
use crate::plan::Step;
use crate::second_look::ranges_cut;
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
    let cut = writes().flat_map(|write| ranges_cut(write, context.world));
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
