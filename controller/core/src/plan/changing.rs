//! What a plan waits for that gets ready without us.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::kinds::Id;
use crate::plan::{Action, Plan};

/// What steps wait for that gets ready without us: connectors in the making, services being rolled out.
pub(crate) fn changing(plan: &Plan, context: &Context<'_>) -> BTreeSet<Id> {
    let mut changing = BTreeSet::new();
    for (id, step) in plan
        .steps
        .iter()
        .filter(|(_, step)| step.action == Action::Wait)
    {
        if let Id::Connector(connector) = id {
            let live = context.world.connector(connector).present();
            if live.is_some_and(|live| live.state.is_changing()) {
                changing.insert(id.clone());
            }
            // A service that is just leaving it: an earlier run may have ended before that was done.
            let users = context.uses.services().get(connector);
            let leaving = users.into_iter().flatten().filter(|user| {
                let user = context.world.service(user).present();
                user.is_some_and(|user| user.reconciling && !user.leaves_through(connector))
            });
            changing.extend(leaving.cloned().map(Id::ServiceEgress));
        }
        for link in step.links.iter().filter_map(|name| context.link(name)) {
            let source = context.world.service(&link.source).present();
            if source.is_some_and(|source| source.reconciling) {
                changing.insert(Id::ServiceEgress(link.source.clone()));
            }
            // Somebody else may be changing the connector that a path is proven on.
            let connector = source.and_then(|source| source.vpc_access.as_ref()?.connector());
            let live = connector.and_then(|id| context.world.connector(id).present());
            changing.extend(
                live.filter(|live| live.state.is_changing())
                    .map(|live| Id::Connector(live.id.clone())),
            );
        }
    }
    changing
}
