//! What rests on nobody using a thing any more, or on nothing being left somewhere, is done only when two looks in a row
//! say so.
//!
//! Google deletes a connector under the services that use it, and takes a NAT away from a range that traffic leaves
//! from: only the lists of services and jobs tell who uses them, and nothing in them tells how old they are. A subnetwork or a
//! router needs no second look, because Google itself refuses to delete one that is in use.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::{ServicePatch, Write};
use crate::kinds::service_egress::{ANNOTATION, EgressAnnotation};
use crate::kinds::{Id, LiveNat, NatRef, RegionalRef};
use crate::plan::Plan;
use crate::world::World;

/// Takes out of the plan what this look is the first to call unused, with everything that comes after it. `before` is
/// what the look before this one called so, and becomes what this one does. Answers whether another look is needed.
pub(crate) fn confirm(plan: &mut Plan, world: &World, before: &mut BTreeMap<Id, Write>) -> bool {
    let writes = || {
        plan.steps
            .iter()
            .filter_map(|(id, step)| Some((id, step.write.as_ref()?)))
    };
    // What changes from one entry to another is served all the time.
    let puts = writes().flat_map(|(_, write)| write.puts());
    let served: BTreeSet<&RegionalRef> = puts.flat_map(|nat| &nat.subnetworks).collect();
    let unused = writes().filter(|(_, write)| takes_away(write, world, &served));
    let unused: BTreeMap<Id, Write> = unused
        .map(|(id, write)| (id.clone(), write.clone()))
        .collect();
    let once = unused.iter();
    let once = once.filter(|(id, write)| before.get(*id) != Some(*write));
    let once: BTreeSet<Id> = once.map(|(id, _)| id.clone()).collect();
    *before = unused;
    if !once.is_empty() {
        *plan = plan.without(&once);
    }
    !once.is_empty()
}

/// Would a service that the list did not show lose its way by this write, or would nothing lead any more to what a list
/// did not show?
fn takes_away(write: &Write, world: &World, served: &BTreeSet<&RegionalRef>) -> bool {
    match write {
        Write::DeleteConnector(_)
        | Write::DeleteNat(_)
        | Write::SetPrivateGoogleAccess(_, false) => true,
        Write::PatchService(patch) => leads_less_far(patch, world),
        write => ranges_cut(write, world).any(|id| !served.contains(id)),
    }
}

/// The ranges from which a write takes a NAT or Private Google Access, unless another write of the plan serves them.
pub(crate) fn ranges_cut<'a>(
    write: &'a Write,
    world: &'a World,
) -> impl Iterator<Item = &'a RegionalRef> {
    let (nats, range): (Vec<&NatRef>, Option<&RegionalRef>) = match write {
        Write::DeleteNat(id) => (vec![id], None),
        Write::PutNat(_) | Write::PutNats(..) => (write.puts().map(|nat| &nat.id).collect(), None),
        Write::SetPrivateGoogleAccess(id, false) => (Vec::new(), Some(id)),
        Write::CreateSubnetwork(..)
        | Write::SetPrivateGoogleAccess(_, true)
        | Write::DeleteSubnetwork(_)
        | Write::CreateAddress(..)
        | Write::DeleteAddress(_)
        | Write::CreateRouter(..)
        | Write::DeleteRouter(_)
        | Write::CreateConnector(_)
        | Write::UpdateConnector(_)
        | Write::DeleteConnector(_)
        | Write::PatchService(_) => (Vec::new(), None),
    };
    let live = nats.into_iter().filter_map(|id| world.nat(id).present());
    live.flat_map(LiveNat::listed).chain(range)
}

/// Does a source's record lead to fewer projects by this? A list that lost a page would hide what is left there.
fn leads_less_far(patch: &ServicePatch, world: &World) -> bool {
    let record = patch.annotations.get(ANNOTATION);
    let record = record.and_then(|text| serde_json::from_str::<EgressAnnotation>(text).ok());
    let will = record.map(|record| record.networks).unwrap_or_default();
    let was = world.memory(&patch.service).egress.this();
    was.is_some_and(|was| !was.networks.is_subset(&will))
}
