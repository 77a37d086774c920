//! What jobs of others have by a connector of ours stays with them.

use super::*;

/// No NAT goes from which a job has the internet.
pub(super) fn keep_the_internet(before: &State, after: &State) -> Verdict {
    for job in before.jobs.values() {
        let access = job
            .vpc_access
            .iter()
            .filter(|access| through_ours(access) && access.routing == Routing::AllTraffic);
        let lost = access
            .filter_map(|access| carried_by(before, access))
            .find(|it| before.nat_serving(it).is_some() && after.nat_serving(it).is_none());
        if let Some(subnetwork) = lost {
            let (name, on) = (&job.id.name, &subnetwork.name);
            return broken(format!("the job {name} lost the internet on {on}"));
        }
    }
    Ok(())
}

/// Google's addresses are taken from no range from which a job leaves through a connector of ours.
pub(super) fn keep_their_way(before: &State, write: &Write) -> Verdict {
    let Write::SetPrivateGoogleAccess(id, false) = write else {
        return Ok(());
    };
    let accesses = before
        .jobs
        .values()
        .filter_map(|job| job.vpc_access.as_ref());
    let mut ours = accesses.filter(|access| through_ours(access));
    if ours.any(|access| carried_by(before, access).as_ref() == Some(id)) {
        return broken(format!("a job lost Google's addresses on {}", id.name));
    }
    Ok(())
}

fn through_ours(access: &VpcAccess) -> bool {
    let connector = access.connector();
    connector.is_some_and(|connector| made(connector.name.as_str()))
}
