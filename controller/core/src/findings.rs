//! What a decision has to say: what could not be read, and what is refused.

mod field;
pub(crate) mod lost;
pub(crate) mod waiting;

use std::collections::BTreeSet;

use crate::cloud::Scope;
use crate::codes::Code;
use crate::context::Context;
use crate::decide::{Orders, Wishes};
use crate::diagnostic::{Diagnostic, Origin, Severity};
use crate::ids::LinkName;
use crate::kinds::Id;
use crate::link::Reconcile;
use crate::names::Installation;
use crate::path::Verdict;
use crate::path::remedy::remedy;
use crate::plan::{Action, Plan};
use crate::world::World;

/// One diagnostic per list or region that could not be read, however many links depend on it.
pub(crate) fn unreadable(world: &World) -> Vec<Diagnostic> {
    let failed = world.readings().iter().filter_map(|(scope, reading)| {
        let error = reading.as_ref().err()?;
        let origin = Origin::Cloud {
            id: scope.project().to_string(),
        };
        let message = naming(&scope.to_string(), &error.message, || {
            format!("the {scope} could not be read")
        });
        let diagnostic = Diagnostic::new(error.code, origin, message).severity(Severity::Error);
        let help = [error.help.clone(), led_there(world, scope)];
        let help: Vec<String> = help.into_iter().flatten().collect();
        Some(if help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(help.join("; "))
        })
    });
    let unreachable = world.unreachable().iter().map(|((scope, region), why)| {
        let origin = Origin::Cloud {
            id: scope.project().to_string(),
        };
        let message = format!("the {scope} could not be read in {region}: {why}");
        Diagnostic::new(Code::ScopeUnreadable, origin, message)
            .help("run again later; nothing in that region is touched until it can be read")
    });
    failed.chain(unreachable).collect()
}

/// Which source's record alone led to a list.
fn led_there(world: &World, scope: &Scope) -> Option<String> {
    let project = scope.project();
    let network = matches!(
        scope,
        Scope::Subnetworks(_) | Scope::Routers(_) | Scope::Addresses(_)
    );
    if !network || world.is_told_of_networks(project) {
        return None;
    }
    let (source, _) = world.memories().find(|(_, memory)| {
        let record = memory.egress.this();
        record.is_some_and(|record| record.networks.contains(project))
    })?;
    Some(format!(
        "the annotation privatelink.dev/egress on {source} says that its links have or left things there"
    ))
}

/// One diagnostic per refused step and link. What could not be read has been said per list.
pub(crate) fn refusals(plan: &Plan, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (id, step) in &plan.steps {
        let warns = matches!(
            step.code,
            Some(Code::FormerValueUnknown | Code::ConnectorReplaced)
        );
        let refused = step.action == Action::Refuse && step.code != Some(Code::ScopeUnreadable);
        let larger = step.stays_larger();
        let kept = step.action == Action::Nothing && step.code == Some(Code::OwnedByAnother);
        let Some(code) = step.code.filter(|_| refused || warns || larger || kept) else {
            continue;
        };
        let severity = if larger || kept {
            Severity::Info
        } else {
            code.severity()
        };
        let message = format!("{} {}: {}", id.kind(), id.short(), step.why);
        let with_help = |diagnostic: Diagnostic| match &step.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        };
        let mut said = false;
        for link in step.links.iter().filter_map(|name| context.link(name)) {
            let mut diagnostic = Diagnostic::new(code, link.origin.clone(), message.clone())
                .severity(severity)
                .link(&link.name);
            diagnostic.field = field::of(link, id, code).map(str::to_owned);
            diagnostics.push(with_help(diagnostic));
            said = true;
        }
        if !said {
            diagnostics.push(with_help(Diagnostic::new(
                code,
                Origin::Cloud { id: id.to_string() },
                message,
            )));
        }
    }
    diagnostics
}

/// The links of which something is refused.
fn refused(plan: &Plan) -> BTreeSet<&LinkName> {
    let steps = plan.steps.values();
    steps
        .filter(|step| step.action == Action::Refuse)
        .flat_map(|step| &step.links)
        .collect()
}

/// Links that shall be undone and that their source remembers for another owner or set: nothing is undone of those.
pub(crate) fn undone_by_others(world: &World, wishes: &Wishes, orders: &Orders) -> Vec<Diagnostic> {
    let undone = wishes.links.iter();
    let undone = undone.filter(|link| orders.destroy.contains(&link.name));
    let others = undone.filter_map(|link| {
        let memory = world.memory(&link.source).egress.this()?;
        let others = memory.installation != orders.ours;
        let remembered = others && memory.links.contains_key(&link.name.to_string());
        let Installation { owner, set } = &memory.installation;
        remembered.then(|| {
            let message = format!(
                "{} is not undone: its source {} remembers it for the owner {owner} and the set {set}",
                link.name, link.source.name
            );
            Diagnostic::new(Code::OwnedByAnother, link.origin.clone(), message)
                .severity(Severity::Warning)
                .link(&link.name)
                .help(memory.installation.run_as(&orders.ours))
        })
    });
    others.collect()
}

/// What an error says, after what was being done unless the error says that itself.
pub(crate) fn naming(thing: &str, said: &str, doing: impl FnOnce() -> String) -> String {
    if said.contains(thing) {
        said.to_owned()
    } else {
        format!("{}: {said}", doing())
    }
}

/// Links for which there is nothing to do, and whose path does not work all the same: a route, a pinned revision or
/// the destination itself is somebody else's to mend.
pub(crate) fn broken_paths(plan: &Plan, context: &Context<'_>) -> Vec<Diagnostic> {
    let refused = refused(plan);
    let has_work: BTreeSet<&LinkName> = plan
        .steps
        .iter()
        .filter(|(id, step)| match step.action {
            Action::Nothing => step.code == Some(Code::PolicyHeldBack),
            // The last thing on the path: whatever is wrong before it is another matter, and told together with it.
            Action::Refuse => !matches!(id, Id::ServiceIngress(_)),
            Action::Wait => step.code != Some(Code::IngressHeld) || plan.writes(),
            Action::Create | Action::Update | Action::Delete => true,
        })
        .flat_map(|(_, step)| &step.links)
        .chain(waiting::told_as_held(plan))
        .collect();
    let idle = context
        .traces
        .iter()
        .filter(|(name, _)| !has_work.contains(name));
    idle.filter_map(|(name, trace)| {
        let hop = trace.root_cause()?;
        let other_matter = hop.verdict == Verdict::Fail && !hop.is_far_end();
        if refused.contains(name) && !other_matter {
            return None;
        }
        let link = context
            .link(name)
            .filter(|link| link.policy.reconcile == Reconcile::Enforce)?;
        let (place, found) = (hop.name, &hop.found);
        let message = if hop.verdict == Verdict::Unknown {
            format!("nobody can tell whether the path works at its {place}: {found}")
        } else {
            format!("the path does not work at its {place}: {found}")
        };
        let code = hop.code.unwrap_or(Code::PathUnknown);
        let mut diagnostic = Diagnostic::new(code, link.origin.clone(), message)
            .link(name)
            .severity(Severity::Warning);
        diagnostic.field = field::of_hop(code).map(str::to_owned);
        diagnostic.help = remedy(code).map(Into::into);
        Some(diagnostic)
    })
    .collect()
}
