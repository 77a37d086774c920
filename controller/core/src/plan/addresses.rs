//! Steps for external addresses: reserved when nobody did, and given back when no NAT sends from them.

use std::collections::BTreeSet;

use crate::cloud::Write;
use crate::codes::Code;
use crate::context::Context;
use crate::graph::Node;
use crate::kinds::{Id, NatAddresses, RegionalRef};
use crate::plan::Step;
use crate::plan::nodes::mark;
use crate::uses::entry_id;
use crate::world::Seen;

pub(super) fn address(context: &Context<'_>, node: &Node, id: &RegionalRef) -> Step {
    match context.world.address(id) {
        Seen::Unreadable(why) => Step::unreadable(why),
        Seen::Absent => {
            let why = "the NAT sends from this address, which is not reserved yet";
            Step::create(
                why,
                Write::CreateAddress(id.clone(), mark(context, node, &id.project)),
            )
        }
        Seen::Present(live) if !live.external => Step::refuse(
            Code::AddressInUse,
            "a NAT sends from external addresses, and this one is internal",
        ),
        Seen::Present(_) => Step::nothing("the address is reserved"),
    }
}

pub(super) fn remove_address(context: &Context<'_>, id: &RegionalRef) -> Option<Step> {
    if !context.unwanted(&Id::Address(id.clone())) {
        return None;
    }
    if let Some(why) = context.routers_unread(id) {
        let why = format!("which NAT uses it could not be read: {why}");
        return Some(Step::wait(Code::ScopeUnreadable, why));
    }
    let mut after = BTreeSet::new();
    for user in context.uses.sending(id) {
        let entry = Id::Nat(entry_id(*user));
        let goes = context.steps.get(&entry).is_some_and(|step| match &step.write {
            Some(Write::DeleteNat(_)) => true,
            Some(write) => write.puts_as(&entry_id(*user)).is_some_and(|wanted| {
                !matches!(&wanted.addresses, NatAddresses::Manual(names) if names.contains(&id.name))
            }),
            None => false,
        });
        if !goes {
            let why = format!("NAT {} still uses it", user.1.name);
            return Some(Step::wait(Code::LeftForOthers, why));
        }
        after.insert(entry);
    }
    Some(
        Step::delete(
            "no link wants it any more",
            Write::DeleteAddress(id.clone()),
        )
        .after(after),
    )
}
