//! What a source reaches by links that take no part, of another file or suspended: it is not led away from that.

use std::collections::BTreeMap;

use crate::codes::Code;
use crate::context::Context;
use crate::decide::wanted_access;
use crate::diagnostic::{Diagnostic, Severity};
use crate::hold;
use crate::ids::LinkName;
use crate::kinds::service_egress::LinkMemory;
use crate::link::{Deletion, Link};
use crate::path::{self, Verdict};

/// Links that would lead their source to a network that such a link's destination does not admit.
pub(super) fn left_behind(
    context: &Context<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<LinkName, String> {
    let mut blocked = BTreeMap::new();
    for (name, link) in &context.links {
        let Some((code, found)) = lost(context, link) else {
            continue;
        };
        let message = format!("{} is not moved onto this path: {found}", link.source.name);
        let diagnostic = Diagnostic::new(code, link.origin.clone(), message.clone());
        let diagnostic = diagnostic.severity(Severity::Error).link(name);
        diagnostics.push(diagnostic.field("spec.network.name").help(help(code)));
        blocked.insert((*name).clone(), message);
    }
    blocked
}

fn help(code: Code) -> &'static str {
    match code {
        Code::ScopeUnreadable => "run again when it can be read",
        _ => FIRST,
    }
}

const FIRST: &str =
    "undo that link first, or attach its destination to the network that this one leads to";

/// What the source of a link would lose on the way that this link wishes for.
fn lost(context: &Context<'_>, link: &Link) -> Option<(Code, String)> {
    let world = context.world;
    let source = world.service(&link.source).present()?;
    let wanted = wanted_access(&context.graph, link)?;
    if source.vpc_access.as_ref() == Some(&wanted) {
        return None;
    }
    let before = match path::attached_network(source.vpc_access.as_ref(), world) {
        Ok(Some(network)) if network != link.network => Some(network),
        Ok(_) | Err((Verdict::Fail, _, _)) => return None,
        Err(_) => None,
    };
    let record = world.memory(&link.source).egress.this();
    let record = record.filter(|record| record.installation == *context.ours)?;
    // Where an abandoned link goes now is its team's matter, and one without a digest was never led into a network.
    let relies = |(name, memory): &(&String, &LinkMemory)| {
        context.keeps(name)
            && memory.deletion != Some(Deletion::Abandon)
            && !memory.digest.is_empty()
    };
    let mut others = record.links.iter().filter(relies);
    others.find_map(|(other, memory)| {
        let destination = hold::service_of_path(&memory.to)?;
        let (code, why) =
            path::not_admitted_any_more(&destination, before.as_ref(), &link.network, world)?;
        let reached = &destination.name;
        Some((code, format!("it reaches {reached} by {other}, which takes no part in this run, and would be cut off from it: {why}")))
    })
}
