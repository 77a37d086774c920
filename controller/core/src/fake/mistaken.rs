//! A process that differs from ours in one place.

use std::collections::BTreeSet;

use crate::cloud::Cloud;
use crate::decide::{Decision, Orders, Wishes, decide_with};
use crate::ids::ProjectId;
use crate::kinds::Id;
use crate::plan::Plan;
use crate::report::Report;
use crate::turn::turn_with;
use crate::world::World;

/// A turn of a process that makes a mistake in every plan that was decided, before its second look: what a simulation has
/// to find. With one that changes nothing it is ours.
pub async fn mistaken_turn(
    cloud: &dyn Cloud,
    wishes: &Wishes,
    orders: &Orders,
    extra: &BTreeSet<ProjectId>,
    mistake: &(dyn Fn(&mut Plan, &World) + Sync),
) -> Report {
    turn_with(cloud, wishes, orders, extra, &|_| (), mistake).await
}

/// What comes of one pass whose planner makes a mistake: what its own safety check has to catch.
pub fn mistaken_decision(
    wishes: &Wishes,
    orders: &Orders,
    world: &World,
    in_hand: &BTreeSet<Id>,
    mistake: &dyn Fn(&mut Plan),
) -> Decision {
    decide_with(wishes, orders, world, in_hand, mistake)
}
