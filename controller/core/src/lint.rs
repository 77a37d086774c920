//! The plan's own safety check. It knows nothing of how steps were decided, only what may never be in a plan, and
//! turns what it finds into a refusal. A finding is a bug of ours, caught before it reaches the cloud.

use std::collections::BTreeSet;

use crate::cloud::Write;
use crate::codes::Code;
use crate::kinds::{Id, VpcAccess};
use crate::names::Installation;
use crate::plan::{Action, Plan, Step};
use crate::world::{Seen, World};

/// One rule: `Some` says what is wrong with a step.
type Rule = fn(&Plan, &Id, &Step, &World, &Installation) -> Option<String>;

/// All rules. A new one is one more function in this list.
const RULES: &[Rule] = &[
    writes_match_actions,
    deletes_only_ours,
    writes_only_ours,
    connectors_in_use_stay,
    order_is_sound,
    annotations_stay,
];

/// Checks a plan; steps that break a rule are refused, and told as every refusal is.
pub fn check(plan: &mut Plan, world: &World, ours: &Installation) {
    let mut findings: Vec<(Id, String)> = Vec::new();
    for (id, step) in &plan.steps {
        let found = RULES
            .iter()
            .find_map(|rule| rule(plan, id, step, world, ours));
        findings.extend(found.map(|finding| (id.clone(), finding)));
    }
    for (id, finding) in findings {
        if let Some(step) = plan.steps.remove(&id) {
            let refused = step.held_back(Action::Refuse, Code::PlanUnsafe, finding);
            plan.steps.insert(id, refused);
        }
    }
}

fn writes_match_actions(
    _: &Plan,
    id: &Id,
    step: &Step,
    _: &World,
    _: &Installation,
) -> Option<String> {
    match (&step.write, step.action.writes()) {
        (Some(write), true) if write.id().lock() == id.lock() => None,
        (Some(_), true) => Some("its write is about something else".to_owned()),
        (None, false) => None,
        (Some(_), false) => Some("it does not act, and still would write".to_owned()),
        (None, true) => Some("it acts, and nothing says how".to_owned()),
    }
}

/// Nothing is deleted without our mark.
fn deletes_only_ours(
    _: &Plan,
    id: &Id,
    step: &Step,
    world: &World,
    ours: &Installation,
) -> Option<String> {
    if step.action != Action::Delete {
        return None;
    }
    let marked = match id {
        Id::Subnetwork(id) => world
            .subnetwork(id)
            .present()
            .and_then(|live| live.mark.clone()),
        Id::Address(id) => world
            .address(id)
            .present()
            .and_then(|live| live.mark.clone()),
        Id::Router(id) => world
            .router(id)
            .present()
            .and_then(|live| live.mark.clone()),
        Id::Nat(id) => {
            return (!ours.made(id.name.as_str())).then(|| "it is not ours to delete".to_owned());
        }
        Id::Connector(id) => {
            return (!ours.made(id.name.as_str())).then(|| "it is not ours to delete".to_owned());
        }
        Id::Network(_)
        | Id::Route(_)
        | Id::Revision(_)
        | Id::ServiceEgress(_)
        | Id::ServiceIngress(_) => None,
    };
    match marked {
        Some(mark) if mark.installation == *ours => None,
        Some(_) | None => {
            Some("it does not carry our mark, so it is not ours to delete".to_owned())
        }
    }
}

/// Nothing is made without our mark, and no connector and no NAT entry is written whose name is not one of ours. A
/// subnetwork and a service may be somebody's who consents: what they consent to is not seen here.
fn writes_only_ours(
    _: &Plan,
    _: &Id,
    step: &Step,
    _: &World,
    ours: &Installation,
) -> Option<String> {
    let named = match step.write.as_ref()? {
        Write::CreateSubnetwork(_, mark)
        | Write::CreateAddress(_, mark)
        | Write::CreateRouter(_, mark) => {
            let marked = mark.installation == *ours;
            return (!marked).then(|| "what it makes would not carry our mark".to_owned());
        }
        Write::CreateConnector(connector) | Write::UpdateConnector(connector) => {
            ours.made(connector.id.name.as_str())
        }
        Write::PutNat(nat) => ours.made(nat.id.name.as_str()),
        Write::PutNats(nat, others) => std::iter::once(nat)
            .chain(others)
            .all(|nat| ours.made(nat.id.name.as_str())),
        Write::SetPrivateGoogleAccess(..)
        | Write::DeleteSubnetwork(_)
        | Write::DeleteAddress(_)
        | Write::DeleteRouter(_)
        | Write::DeleteNat(_)
        | Write::DeleteConnector(_)
        | Write::PatchService(_) => true,
    };
    (!named).then(|| "it is not ours to write".to_owned())
}

/// A connector that carries a live service's traffic is deleted only after that service left, or when it is in ERROR.
fn connectors_in_use_stay(
    plan: &Plan,
    id: &Id,
    step: &Step,
    world: &World,
    _: &Installation,
) -> Option<String> {
    let (Id::Connector(connector), Action::Delete) = (id, step.action) else {
        return None;
    };
    let live = world.connector(connector).present()?;
    if live.state == crate::kinds::ConnectorState::Error {
        return None;
    }
    let template_uses = |service: &&crate::kinds::Service| {
        service.vpc_access.as_ref().and_then(VpcAccess::connector) == Some(connector)
    };
    let stays = world.services().filter(template_uses).find(|service| {
        let detach = Id::ServiceEgress(service.id.clone());
        !step.after.contains(&detach)
            || !plan
                .steps
                .get(&detach)
                .is_some_and(|step| step.action.writes())
    });
    stays.map(|service| format!("{} still sends its traffic through it", service.id))
}

/// Steps come after steps that are in the plan and write, and never after themselves.
fn order_is_sound(
    plan: &Plan,
    id: &Id,
    step: &Step,
    _: &World,
    _: &Installation,
) -> Option<String> {
    if !step.action.writes() {
        return None;
    }
    let missing = step
        .after
        .iter()
        .find(|id| !plan.steps.get(*id).is_some_and(|step| step.action.writes()));
    if let Some(missing) = missing {
        return Some(format!("it comes after {missing}, which is not done"));
    }
    let mut seen = BTreeSet::new();
    let mut to_visit: Vec<&Id> = step.after.iter().collect();
    while let Some(next) = to_visit.pop() {
        if next == id {
            return Some("it comes after itself".to_owned());
        }
        if seen.insert(next) {
            to_visit.extend(
                plan.steps
                    .get(next)
                    .into_iter()
                    .flat_map(|step| &step.after),
            );
        }
    }
    None
}

/// Other people's annotations go back as they were.
fn annotations_stay(
    _: &Plan,
    _: &Id,
    step: &Step,
    world: &World,
    _: &Installation,
) -> Option<String> {
    let Some(Write::PatchService(patch)) = &step.write else {
        return None;
    };
    let Seen::Present(service) = world.service(&patch.service) else {
        return Some("the service that it patches was not read".to_owned());
    };
    let foreign =
        |annotations: &std::collections::BTreeMap<String, String>| -> Vec<(String, String)> {
            annotations
                .iter()
                .filter(|(key, _)| !key.starts_with("privatelink.dev/"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
    (foreign(&patch.annotations) != foreign(&service.annotations))
        .then(|| "it would change other people's annotations".to_owned())
}
