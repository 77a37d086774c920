//! What waits although nothing is left to do about it now: every link that is held up says why.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Origin, Severity};
use crate::findings::{field, refused};
use crate::ids::LinkName;
use crate::kinds::{ConnectorState, Id};
use crate::link::Link;
use crate::path::Hop;
use crate::path::remedy::remedy;
use crate::plan::{Action, Plan, Step};

/// What somebody has to act about, and what to do: once for each thing that waits.
pub(crate) fn stuck(plan: &Plan, context: &Context<'_>) -> Vec<Diagnostic> {
    if plan.writes() {
        return Vec::new();
    }
    let mut diagnostics = Vec::new();
    let refused = refused(plan);
    for (id, step) in &plan.steps {
        if step.action != Action::Wait || is_said_already(step, &refused) {
            continue;
        }
        if step.code == Some(Code::UsedByService) && used_by_refused(plan, context, id) {
            continue;
        }
        let cause = cause(step, context).and_then(|hop| hop.code);
        let code = match step.code {
            Some(Code::IngressHeld) => cause.unwrap_or(Code::IngressHeld),
            Some(code @ (Code::UsedByService | Code::TrafficPinned)) => code,
            Some(code @ (Code::ScopeUnreadable | Code::LeftForOthers)) if step.help.is_some() => {
                code
            }
            Some(_) | None => continue,
        };
        let link = affected(step, &refused, context);
        let field = match step.code {
            Some(Code::IngressHeld) => field::of_hop(code),
            Some(_) | None => link.and_then(|link| field::of(link, id, code)),
        };
        let mut diagnostic = about(id, step, code, link);
        diagnostic.field = field.map(str::to_owned);
        let remedy = || remedy(code).map(Into::into);
        diagnostic.help = step.help.clone().or_else(remedy);
        diagnostics.push(diagnostic);
    }
    diagnostics
}

/// What is refused has been said, and is why the rest of the same links waits.
fn is_said_already(step: &Step, refused: &BTreeSet<&LinkName>) -> bool {
    !step.links.is_empty() && step.links.iter().all(|link| refused.contains(link))
}

/// The link that is told of a step: the one whose path is the reason, if the step is for it too, or else the first that
/// has nothing else to say.
fn affected<'a>(
    step: &Step,
    refused: &BTreeSet<&LinkName>,
    context: &Context<'a>,
) -> Option<&'a Link> {
    let whose = step.held_by.iter().filter(|it| step.links.contains(*it));
    let mut links = whose.chain(&step.links).filter(|it| !refused.contains(it));
    links.find_map(|name| context.link(name))
}

fn about(id: &Id, step: &Step, code: Code, link: Option<&Link>) -> Diagnostic {
    let message = format!("{} {}: {}", id.kind(), id.short(), step.why);
    let origin = link.map_or(Origin::Cloud { id: id.to_string() }, |link| {
        link.origin.clone()
    });
    let mut diagnostic = Diagnostic::new(code, origin, message).severity(Severity::Warning);
    diagnostic.link = link.map(|link| link.name.clone());
    diagnostic
}

/// What is wrong with the path of the link that a step waits for.
fn cause<'a>(step: &Step, context: &'a Context<'_>) -> Option<&'a Hop> {
    let whose = step.held_by.as_ref()?;
    context.traces.get(whose)?.root_cause()
}

/// The links whose path is told of as the reason why their destination is not closed yet: one of each destination.
pub(super) fn told_as_held(plan: &Plan) -> impl Iterator<Item = &LinkName> {
    let steps = plan.steps.values();
    steps.filter_map(|step| step.held_by.as_ref().filter(|it| step.links.contains(*it)))
}

/// Is a connector still there because a service that uses it is not let go? That has been said of the service.
fn used_by_refused(plan: &Plan, context: &Context<'_>, id: &Id) -> bool {
    let Id::Connector(connector) = id else {
        return false;
    };
    let users = context.uses.services().get(connector);
    let steps = users.into_iter().flatten();
    let mut steps = steps.filter_map(|user| plan.steps.get(&Id::ServiceEgress(user.clone())));
    steps.any(|step| match step.action {
        Action::Refuse => true,
        Action::Wait => step.code == Some(Code::ScopeUnreadable),
        Action::Nothing | Action::Create | Action::Update | Action::Delete => false,
    })
}

/// Links that wait for what is refused, or kept as it is, for the sake of another link, and of which nothing has been
/// said so far. What Google is at work on is over by itself.
pub(crate) fn untold(plan: &Plan, context: &Context<'_>, told: &[Diagnostic]) -> Vec<Diagnostic> {
    if plan.writes() {
        return Vec::new();
    }
    let told = told.iter().filter(|found| found.severity != Severity::Info);
    let mut told: BTreeSet<&LinkName> = told.filter_map(|found| found.link.as_ref()).collect();
    // What could not be read is told once for each list.
    told.extend(refused(plan));
    let mut first: BTreeMap<&LinkName, (&Id, &Step)> = BTreeMap::new();
    let mut over_soon: BTreeSet<&LinkName> = BTreeSet::new();
    let waiting = |step: &Step| step.action == Action::Wait && step.code == Some(Code::Waiting);
    for (id, step) in plan.steps.iter().filter(|(_, step)| waiting(step)) {
        if is_worked_on(context, id) {
            over_soon.extend(&step.links);
        }
        for link in &step.links {
            first.entry(link).or_insert((id, step));
        }
    }
    let untold = first.into_iter().filter(|(name, _)| {
        context.is_enforced(name) && !told.contains(name) && !over_soon.contains(name)
    });
    untold
        .map(|(name, (id, step))| {
            about(id, step, Code::Waiting, context.link(name)).help(IS_TOLD_OF_ANOTHER)
        })
        .collect()
}

const IS_TOLD_OF_ANOTHER: &str =
    "mend what is told of the other link or of the thing that it waits for, and run again";

/// Is this a connector at which somebody is at work?
fn is_worked_on(context: &Context<'_>, id: &Id) -> bool {
    let Id::Connector(id) = id else {
        return false;
    };
    let live = context.world.connector(id).present();
    live.is_some_and(|live| match live.state {
        ConnectorState::Creating
        | ConnectorState::Updating
        | ConnectorState::Deleting
        | ConnectorState::Unknown => true,
        ConnectorState::Ready | ConnectorState::Error => false,
    })
}
