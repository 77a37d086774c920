//! A process that differs from ours in one place.

use std::collections::BTreeSet;

use crate::cloud::Cloud;
use crate::decide::{Orders, Wishes};
use crate::ids::ProjectId;
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
