//! Steps for external addresses: reserved when nobody did, and given back when no NAT sends from them.

use std::collections::BTreeSet;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::kinds::{Id, LiveRouter, NatAddresses, NatRef, RegionalRef};
use crate::plan::Step;
use crate::plan::nodes::mark;
use crate::world::Seen;

pub(super) fn address(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Step {
    match context.world.address(id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let why = "the NAT sends from this address, which is not reserved yet";
            Step::create(why, Write::CreateAddress(id.clone(), mark(context, node)))
        }
        Seen::Present(live) if !live.external => Step::refuse(
            Code::AddressInUse,
            "a NAT sends from external addresses, and this one is internal",
        ),
        Seen::Present(_) => Step::nothing("the address is reserved"),
    }
}

pub(super) fn remove_address(
    context: &Context<'_>,
    id: &RegionalRef,
    routers: &[LiveRouter],
) -> Option<Step> {
    if !context.unwanted(&Id::Address(id.clone())) {
        return None;
    }
    if let Some(why) = context.routers_unread(id) {
        let why = format!("which NAT uses it could not be read: {why}");
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    let mut after = BTreeSet::new();
    for router in routers
        .iter()
        .filter(|r| r.id.project == id.project && r.id.region == id.region)
    {
        for nat in &router.nats {
            let uses =
                matches!(&nat.addresses, NatAddresses::Manual(names) if names.contains(&id.name));
            let entry = Id::Nat(NatRef {
                router: router.id.clone(),
                name: nat.name.clone(),
            });
            let goes = context.steps.get(&entry).is_some_and(|step| match &step.write {
                Some(Write::DeleteNat(_)) => true,
                Some(Write::PutNat(wanted)) => {
                    !matches!(&wanted.addresses, NatAddresses::Manual(names) if names.contains(&id.name))
                }
                _ => false,
            });
            match (uses, goes) {
                (false, _) => {}
                (true, true) => drop(after.insert(entry)),
                (true, false) => {
                    return Some(Step::wait(
                        Code::LeftForOthers,
                        format!("NAT {} still uses it", nat.name),
                    ));
                }
            }
        }
    }
    Some(
        Step::delete(
            "no link wants it any more",
            Write::DeleteAddress(id.clone()),
        )
        .after(after),
    )
}
