//! Links for whose sake a destination may stay open, although they take no part in the turn.

use privatelink_core::fake::State;
use privatelink_core::kinds::IngressSetting;
use privatelink_core::link::{Ingress, Link};
use privatelink_core::report::Report;
use privatelink_core::standing::Standing;

use crate::works::works;

/// Is the destination of a link still open to all, and leads another declared link there whose path does not work?
pub(super) fn waits(state: &State, link: &Link, links: &[Link], report: &Report) -> bool {
    let open = state.services.get(&link.destination);
    let open = open.is_some_and(|it| it.ingress == IngressSetting::All);
    let closes = link.ingress.is_some_and(|wished| wished != Ingress::All);
    let left_alone = |other: &Link| {
        let mut told = report.links.iter();
        let told = told.find(|told| told.name == other.name);
        told.is_some_and(|told| told.standing == Standing::Suspended)
    };
    let mut others = links.iter().filter(|other| left_alone(other));
    let other = others.any(|other| other.destination == link.destination && !works(state, other));
    open && closes && other
}
