//! What stays for the sake of Cloud Run jobs of others. Nothing of ours leads a job away from a connector.

use crate::codes::Code;
use crate::context::Context;
use crate::kinds::{Id, RegionalRef};
use crate::plan::Step;
use crate::plan::removal::first_few;
use crate::world::Jobs;

/// What to do about the jobs for whose sake something stays.
const MOVE_THEM: &str =
    "deploy every such job with another connector or with Direct VPC egress, and run again";

/// The wait of a connector that jobs use.
pub(super) fn connector_stays(context: &Context<'_>, connector: &RegionalRef) -> Option<Step> {
    Some(match context.world.jobs_through(connector)? {
        Jobs::Unreadable(why) => unreadable(why),
        Jobs::Here(jobs) => {
            let why = told(&jobs, "still uses it", "still use it");
            Step::wait(Code::UsedByService, why).help(MOVE_THEM)
        }
    })
}

/// The wait of a NAT entry that serves jobs which leave from one of these subnetworks through a connector of ours.
pub(super) fn nat_stays<'s>(
    context: &Context<'_>,
    subnetworks: impl IntoIterator<Item = &'s RegionalRef>,
) -> Option<Step> {
    let subnetworks = subnetworks.into_iter();
    let connectors = subnetworks.flat_map(|id| context.uses.connectors_on(id));
    let mut made = connectors.filter(|live| context.ours.made(live.id.name.as_str()));
    made.find_map(|live| {
        let why = match context.world.jobs_out_through(&live.id)? {
            Jobs::Unreadable(why) => return Some(unreadable(why)),
            Jobs::Here(jobs) => told(&jobs, "leaves through it", "leave through it"),
        };
        Some(helped(
            context,
            &live.id,
            Step::wait(Code::LeftForOthers, why),
        ))
    })
}

/// The wait of an adopted subnetwork from which jobs leave through a connector of ours: it does not get back yet what it
/// had.
pub(super) fn access_stays(context: &Context<'_>, subnetwork: &RegionalRef) -> Option<Step> {
    let connectors = context.uses.connectors_on(subnetwork).iter();
    let mut made = connectors.filter(|live| context.ours.made(live.id.name.as_str()));
    made.find_map(|live| {
        let why = match context.world.jobs_through(&live.id)? {
            Jobs::Unreadable(why) => return Some(unreadable(why)),
            Jobs::Here(jobs) => told(&jobs, "goes this way", "go this way"),
        };
        let why = format!("adopted, and {why}: Private Google Access stays on for now");
        Some(helped(
            context,
            &live.id,
            Step::wait(Code::LeftForOthers, why),
        ))
    })
}

/// What to do is told of the connector, where that is to go.
fn helped(context: &Context<'_>, connector: &RegionalRef, stays: Step) -> Step {
    if context.unwanted(&Id::Connector(connector.clone())) {
        stays
    } else {
        stays.help(MOVE_THEM)
    }
}

fn unreadable(why: &str) -> Step {
    let why = format!("which jobs leave through it could not be read: {why}");
    Step::wait(Code::ScopeUnreadable, why)
}

fn told(jobs: &[&RegionalRef], one: &str, more: &str) -> String {
    let names: Vec<String> = jobs.iter().map(|job| job.location("jobs")).collect();
    match names.as_slice() {
        [name] => format!("the job {name} {one}"),
        names => format!("the jobs {} {more}", first_few(names)),
    }
}
